/* control_people.c — invented people for the probes: invited like anybody, made older than they are, and erased with their tenant. */
#include <stdio.h>
#include <string.h>

#include "access/authorise.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "promises/control_int.h"
#include "records/records.h"
#include "store/destruction.h"
#include "store/people.h"
#include "store/register.h"

/* Any purpose that the charter declares will do. */
static json_t *a_purpose(const struct charter *c) {
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    for (size_t i = 0; i < n; i++)
        if (kinds[i].used_for_count > 0)
            return json_pack("[s]", kinds[i].used_for[0].in[LANG_EN]);
    return json_pack("[s]", "probe");
}

static enum code authorise_guest(struct service *s, int64_t tenant, const char *role, const struct uuid *account, struct err *reterr) {
    const struct registrar r = { .store = service_store(s), .keeper = service_keeper(s), .charter = service_charter(s), .tenant = tenant };
    int64_t number;
    char until[40];
    time_format(clock_now() + 30 * USEC_PER_DAY, until, sizeof until);
    until[10] = 0;
    json_t *purposes = a_purpose(service_charter(s));
    const struct authorise_wish w = { .account = *account, .name = "Proba", .post = role, .scope = "probe", .purposes = purposes, .until = until };
    enum code code = authorise_make(&r, &w, &(struct actor){ .name = NULL }, &number, reterr);
    json_decref(purposes);
    return code;
}

enum code probe_account(struct service *s, struct people *p, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant;
    char email[64], link[TOKEN_TEXT], id[UUID_TEXT];
    uint64_t random;
    struct uuid account;
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code != OK)
        return code;
    crypto_random(&random, sizeof random);
    snprintf(email, sizeof email, "z%016llx@probe.example", (unsigned long long)random);
    json_t *levels = json_object_get(in, "levels"), *own = json_object_get(in, "own");
    const struct member_wish w = { .tenant = tenant, .role = json_string_value(json_object_get(in, "role")), .levels = json_is_object(levels) ? levels : NULL, .own = json_is_array(own) ? own : NULL };
    if (w.role == NULL)
        return err_set(reterr, E_INVALID, "role is missing");
    code = member_invite(p, &w, email, "Proba", LANG_EN, "sejf", link, &account, reterr);
    if (code == OK && charter_authorised_only(service_charter(s)) && !json_is_false(json_object_get(in, "authorised")))
        code = authorise_guest(s, tenant, w.role, &account, reterr);
    if (code == OK)
        *ret = json_pack("{s:s,s:s,s:s}", "account", uuid_format(&account, id), "email", email, "link", link);
    explicit_bzero(link, sizeof link);
    return code;
}

static enum code member_authorise(struct service *s, int64_t tenant, const struct uuid *account, struct err *reterr) {
    struct registrar r = { service_store(s), service_keeper(s), service_charter(s), tenant };
    const struct kind *kinds;
    char until[32];
    int64_t number;
    size_t n = charter_kinds(service_charter(s), &kinds);
    json_t *purposes = json_array();
    for (size_t i = 0; i < n && json_array_size(purposes) == 0; i++)
        if (kinds[i].used_for_count > 0)
            json_array_append_new(purposes, json_string(kinds[i].used_for[0].in[LANG_EN]));
    struct authorise_wish w = { .account = *account, .name = "Probe", .post = "probe", .scope = "records of the probe", .purposes = purposes,
                                .until = registrar_date(&r, clock_now() + 7 * USEC_PER_DAY, until, sizeof until) };
    enum code code = charter_authorised_only(service_charter(s)) ? authorise_make(&r, &w, &(struct actor){ .name = "sejf" }, &number, reterr) : OK;
    json_decref(purposes);
    return code;
}

/* As if the link was taken. */
struct waking { struct uuid account; int64_t tenant; };
static enum code account_wake(struct txn *t, void *arg, struct err *reterr) {
    const struct waking *w = arg;
    struct account_row row;
    struct member_row member;
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an account");
    enum code code = account_get(txn_sql(t), &w->account, &row, arena, reterr);
    if (code == OK)
        code = member_get(txn_sql(t), w->tenant, &w->account, &member, arena, reterr);
    if (code != OK)
        return code;
    row.state = ACCOUNT_ACTIVE;
    member.suspended = 0;
    code = account_set(t, &row, reterr);
    return code == OK ? member_put(t, &member, reterr) : code;
}

enum code probe_member(struct service *s, struct people *p, json_t *in, json_t **ret, struct err *reterr) {
    char token[TOKEN_TEXT];
    int64_t number;
    struct waking w = { .tenant = 0 };
    json_t *made = NULL;
    enum code code = probe_tenant(s, in, &w.tenant, reterr);
    if (code == OK)
        code = probe_account(s, p, in, &made, reterr);
    if (code == OK && !uuid_parse(json_string_value(json_object_get(made, "account")) ?: "", &w.account))
        code = err_set(reterr, E_INTERNAL, "an account without an id");
    json_decref(made);
    if (code == OK)
        code = store_write(service_store(s), 0, account_wake, &w, reterr);
    if (code == OK)
        code = member_authorise(s, w.tenant, &w.account, reterr);
    const struct token_wish token_of = { .tenant = w.tenant, .role = json_string_value(json_object_get(in, "role")), .label = "probe", .expires = clock_now() + USEC_PER_HOUR, .loopback_only = true,
                                  .subject_kind = -1, .account = w.account };
    if (code == OK)
        code = access_token_make(s, &token_of, token, &number, reterr);
    if (code == OK)
        *ret = json_pack("{s:s}", "token", token);
    explicit_bzero(token, sizeof token);
    return code;
}

/* The member of the probe tenant whom the verb names. */
static enum code account_arg(struct service *s, struct people *p, json_t *in, struct uuid *ret, struct err *reterr) {
    int64_t tenant;
    json_t *list = NULL, *one;
    size_t i;
    const char *text = json_string_value(json_object_get(in, "account"));
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code == OK)
        code = members_list(p, tenant, &list, reterr);
    bool found = false;
    json_array_foreach(list, i, one) {
        const char *id = json_string_value(json_object_get(one, "account"));
        found |= id != NULL && text != NULL && strcmp(id, text) == 0;
    }
    json_decref(list);
    if (code == OK && (!found || !uuid_parse(text, ret)))
        return err_set(reterr, E_INVALID, "account must be a member of the probes' tenant");
    return code;
}

struct aging { struct service *service; struct uuid account; usec_t by; bool made; };

static enum code password_age(struct txn *t, void *arg, struct err *reterr) {
    struct aging *a = arg;
    struct account_row row;
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an account");
    enum code code = account_get(txn_sql(t), &a->account, &row, arena, reterr);
    if (code != OK)
        return code;
    row.password -= a->by;
    return account_set(t, &row, reterr);
}

enum code probe_password_age(struct service *s, struct people *p, json_t *in, json_t **ret, struct err *reterr) {
    struct aging a = { .service = s, .by = (usec_t)json_integer_value(json_object_get(in, "days")) * USEC_PER_DAY };
    enum code code = account_arg(s, p, in, &a.account, reterr);
    if (code == OK)
        code = store_write(service_store(s), 0, password_age, &a, reterr);
    if (code == OK)
        *ret = json_object();
    return code;
}

#define SESSIONS_MOST 16u
struct found { struct session_row list[SESSIONS_MOST]; char agents[SESSIONS_MOST][64]; size_t count; };
static bool session_add(const struct session_row *r, void *arg) {
    struct found *f = arg;
    f->list[f->count] = *r;
    snprintf(f->agents[f->count], sizeof f->agents[0], "%s", r->agent == NULL ? "" : r->agent);
    f->list[f->count].agent = f->agents[f->count];
    return ++f->count < SESSIONS_MOST;
}

static enum code session_age(struct txn *t, void *arg, struct err *reterr) {
    const struct aging *a = arg;
    struct found found = { .count = 0 };
    enum code code = sessions_of(txn_sql(t), &a->account, session_add, &found, reterr);
    for (size_t i = 0; i < found.count && code == OK; i++) {
        struct session_row *r = &found.list[i];
        if (a->made) {                        /* used just now, begun long ago */
            r->made -= a->by;
            r->ran -= a->by;
        } else {
            r->used -= a->by;
            r->used_ran -= a->by;
        }
        code = session_turn(t, r->hash, r, reterr);
    }
    return code;
}

enum code probe_session_age(struct service *s, struct people *p, json_t *in, json_t **ret, struct err *reterr) {
    const char *what = json_string_value(json_object_get(in, "what"));
    struct aging a = { .service = s, .by = (usec_t)json_integer_value(json_object_get(in, "seconds")) * USEC_PER_SEC, .made = what != NULL && strcmp(what, "made") == 0 };
    enum code code = account_arg(s, p, in, &a.account, reterr);
    if (code == OK)
        code = store_write(service_store(s), 0, session_age, &a, reterr);
    if (code == OK)
        *ret = json_object();
    return code;
}

/* ---- the end */

struct leaver { struct uuid account; };
static enum code leave(struct txn *t, void *arg, struct err *reterr) {
    const struct leaver *l = arg;
    return member_drop(t, txn_tenant(t), &l->account, reterr);
}

/* Without asking whether it is the last owner: the tenant goes, too. An account that somebody made a member elsewhere stays. */
static enum code person_end(struct people *p, struct store *store, int64_t tenant, const char *id, struct err *reterr) {
    struct leaver l;
    json_t *rest = NULL;
    if (id == NULL || !uuid_parse(id, &l.account))
        return err_set(reterr, E_INTERNAL, "a member of the probes' tenant has no id");
    enum code code = store_write(store, tenant, leave, &l, reterr);
    if (code == OK)
        code = members_of(p, &l.account, &rest, reterr);
    if (code == OK && json_array_size(rest) == 0)
        code = account_erase(p, &l.account, "sejf", reterr);
    json_decref(rest);
    return code;
}

static enum code registers_end(struct txn *t, void *arg UNUSED, struct err *reterr) {
    enum code code = registers_drop(t, reterr);
    return code == OK ? destructions_drop(t, reterr) : code;
}

enum code probe_people_end(struct people *p, struct store *store, int64_t tenant, struct err *reterr) {
    json_t *list = NULL, *one;
    size_t i;
    enum code code = members_list(p, tenant, &list, reterr);
    json_array_foreach(list, i, one)
        if (code == OK)
            code = person_end(p, store, tenant, json_string_value(json_object_get(one, "account")), reterr);
    json_decref(list);
    return code != OK ? code : store_write(store, tenant, registers_end, NULL, reterr);
}
