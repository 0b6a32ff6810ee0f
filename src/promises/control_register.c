/* control_register.c — for the probe of authorisations: an invented person of a probe tenant who is signed in, and entries in the tenant's
 * register. The person takes its invitation like anybody; the session is one of somebody whom a provider knows, with every factor there is,
 * since factors are other probes' matter. */
#include <string.h>

#include "access/authorise.h"
#include "access/session.h"
#include "base/text.h"
#include "promises/control_int.h"
#include "store/people.h"
#include "store/register.h"
#include "store/request.h"

#define FACTORS_ALL (FACTOR_PROVIDER | FACTOR_PROVIDER_SECOND | FACTOR_PASSKEY)

/* Comes in, or {account, refused: true} where it may not. */
static enum code enter(struct people *p, const struct uuid *account, json_t **ret, struct err *reterr) {
    char secret[SESSION_TEXT], id[UUID_TEXT];
    struct session session;
    const struct visitor v = { .address = "::1", .agent = "probe" };
    enum code code = session_person(p, &v, account, FACTORS_ALL, secret, &session, reterr);
    if (code == OK)
        *ret = json_pack("{s:s,s:s,s:s}", "account", uuid_format(account, id), "secret", secret, "csrf", session.csrf);
    else if (code == E_SIGN_IN)
        *ret = json_pack("{s:s,s:b}", "account", uuid_format(account, id), "refused", 1);
    crypto_wipe(secret, sizeof secret);
    return code == E_SIGN_IN ? OK : code;
}

/* A new person takes its invitation, with a password that nobody learns. Where a password alone makes a session whole, that may be refused, too. */
static enum code accept(struct people *p, const char *link, struct err *reterr) {
    char password[BASE64URL_ROOM(33)], secret[SESSION_TEXT];
    uint8_t random[33];
    struct session session;
    const struct visitor v = { .address = "::1", .agent = "probe" };
    crypto_random(random, sizeof random);
    base64url_text(random, sizeof random, password);
    enum code code = link_accept(p, &v, link, NULL, password, LANG_EN, secret, &session, reterr);
    crypto_wipe(password, sizeof password);
    crypto_wipe(secret, sizeof secret);
    return code == E_SIGN_IN ? OK : code;
}

static enum code member_known(struct service *s, int64_t tenant, const char *text, struct uuid *ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    AUTO(view_end) struct view *v = NULL;
    struct member_row row;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an invented person");
    if (!uuid_parse(text, ret))
        return err_set(reterr, E_INVALID, "account is no id");
    enum code code = store_view(service_store(s), tenant, &v, reterr);
    return code == OK ? member_get(view_sql(v), tenant, ret, &row, arena, reterr) : code;
}

/* {tenant, role, …} as probe_account, or {tenant, account} of one who was made before. */
enum code probe_session(struct service *s, struct people *p, json_t *in, json_t **ret, struct err *reterr) {
    json_t *made = NULL;
    int64_t tenant;
    struct uuid account;
    const char *known = json_string_value(json_object_get(in, "account"));
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code == OK && known != NULL)
        code = member_known(s, tenant, known, &account, reterr);
    else if (code == OK)
        code = probe_account(s, p, in, &made, reterr);
    const char *link = json_string_value(json_object_get(made, "link")), *id = json_string_value(json_object_get(made, "account"));
    if (code == OK && known == NULL)
        code = link == NULL || id == NULL || !uuid_parse(id, &account) ? err_set(reterr, E_INTERNAL, "an invented person came without its link") : accept(p, link, reterr);
    json_decref(made);
    return code == OK ? enter(p, &account, ret, reterr) : code;
}

/* A purpose that the charter declares, or one that nobody does. */
static json_t *purposes_of(const struct charter *c) {
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    for (size_t i = 0; i < n; i++)
        for (int l = 0; kinds[i].used_for_count > 0 && l < LANG_COUNT; l++)
            if (kinds[i].used_for[0].in[l] != NULL)
                return json_pack("[s]", kinds[i].used_for[0].in[l]);
    return json_pack("[s]", "probing");
}

static struct registrar registrar_of(struct service *s, int64_t tenant) { return (struct registrar){ service_store(s), service_keeper(s), service_charter(s), tenant }; }

/* {tenant, account} -> {number}: as the operator does it for a first owner. */
enum code probe_authorise(struct service *s, struct people *p UNUSED, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant, number = 0;
    char until[16];
    const char *account = json_string_value(json_object_get(in, "account"));
    const struct actor by = { .name = NULL };
    struct authorise_wish w = { .name = "Proba", .post = "probe", .scope = "the records of a probe" };
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code == OK && (account == NULL || !uuid_parse(account, &w.account)))
        code = err_set(reterr, E_INVALID, "account is missing");
    if (code != OK)
        return code;
    const struct registrar r = registrar_of(s, tenant);
    json_t *purposes = purposes_of(r.charter);
    w.purposes = purposes;
    w.until = registrar_date(&r, clock_now() + USEC_PER_DAY, until, sizeof until);
    code = authorise_make(&r, &w, &by, &number, reterr);
    json_decref(purposes);
    if (code == OK)
        *ret = json_pack("{s:I}", "number", (json_int_t)number);
    return code;
}

/* {tenant, number} -> {} */
enum code probe_withdraw(struct service *s, struct people *p UNUSED, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant;
    const struct actor by = { .name = NULL };
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code != OK)
        return code;
    const struct registrar r = registrar_of(s, tenant);
    code = authorise_withdraw(&r, json_integer_value(json_object_get(in, "number")), "the probe is over", &by, reterr);
    if (code == OK)
        *ret = json_object();
    return code;
}

static enum code drop(struct txn *t, void *arg UNUSED, struct err *reterr) {
    enum code code = registers_drop(t, reterr);
    return code == OK ? requests_drop(t, reterr) : code;
}

enum code probe_registers_end(struct store *store, int64_t tenant, struct err *reterr) { return store_write(store, tenant, drop, NULL, reterr); }
