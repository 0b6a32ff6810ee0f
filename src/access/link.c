/* link.c — one-time links: an invitation, or a new password. Whoever has one is taken for whom it was made; it works once, and ends. */
#include <stdio.h>
#include <string.h>

#include "access/signin.h"
#include "base/mem.h"
#include "base/text.h"

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for a link"); }
static enum code no_link(struct err *reterr) { return err_set(reterr, E_NOT_FOUND, "this link was used already, or it is over: ask for a new one"); }

static enum code link_find(struct people *p, const char *secret, struct link_row *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    uint8_t hash[HASH_SIZE];
    struct err e;
    if (!secret_hash(LINK_PREFIX, secret, hash))
        return no_link(reterr);
    enum code code = store_view(p->store, 0, &v, reterr);
    if (code != OK)
        return code;
    code = one_time_get(view_sql(v), hash, ret, &e);
    if (code == E_NOT_FOUND || (code == OK && (ret->until <= clock_now() || ret->ran_until <= store_ran(p->store))))
        return no_link(reterr);
    if (code != OK)
        *reterr = e;
    return code;
}

struct putting { struct link_row row; };
static enum code reset_put(struct txn *t, void *arg, struct err *reterr) { return one_time_put(t, &((struct putting *)arg)->row, reterr); }

enum code account_reset(struct people *p, const struct uuid *id, const char *by, char ret_link[TOKEN_TEXT], struct err *reterr) {
    PRE(p != NULL && id != NULL && by != NULL && ret_link != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    struct putting put;
    char link[TOKEN_TEXT], text[UUID_TEXT];
    if (arena == NULL)
        return no_memory(reterr);
    enum code code = account_open(p, id, &a, arena, reterr);
    if (code != OK)
        return code;
    one_time_link(p, LINK_RESET, id, 0, link, &put.row);
    json_t *what = json_pack("{s:s}", "account", uuid_format(id, text));
    struct account_edit e = { .a = &a, .verb = "account_reset", .by = by, .what = what, .more = reset_put, .arg = &put };
    code = account_save(p, &e, reterr);
    json_decref(what);
    if (code == OK)
        memcpy(ret_link, link, sizeof link);
    crypto_wipe(link, sizeof link);
    return code;
}

static enum code tenant_name(struct people *p, int64_t tenant, struct arena *arena, char *ret, size_t room, struct err *reterr) {
    struct tenant_row t;
    if (tenant == 0)
        return OK;
    enum code code = tenant_get(p->store, tenant, &t, arena, reterr);
    if (code == OK && t.closed != 0)
        return no_link(reterr);
    if (code == OK)
        snprintf(ret, room, "%s", t.name);
    return code;
}

enum code link_look(struct people *p, const char *secret, struct link_info *ret, struct err *reterr) {
    PRE(p != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    struct link_row row;
    struct person_of who;
    struct member_row member = { .role = "" };
    if (arena == NULL)
        return no_memory(reterr);
    enum code code = link_find(p, secret, &row, reterr);
    if (code == OK)
        code = account_read(p, &row.account, &who, reterr);
    if (code == OK && row.purpose == LINK_INVITE) {
        AUTO(view_end) struct view *v = NULL;
        code = store_view(p->store, 0, &v, reterr);
        if (code == OK)
            code = member_get(view_sql(v), row.tenant, &row.account, &member, arena, reterr);
    }
    if (code != OK)
        return code == E_NOT_FOUND ? no_link(reterr) : code;
    struct link_info info = { .reset = row.purpose == LINK_RESET, .has_password = who.password != 0 || who.passkeys > 0, .account = row.account, .tenant = row.tenant, .lang = who.lang, .until = row.until };
    if (!info.has_password || info.reset)      /* an account's name is no business of whoever was given, or made, an invitation to its address */
        snprintf(info.name, sizeof info.name, "%s", who.name);
    snprintf(info.email, sizeof info.email, "%s", who.email);
    snprintf(info.role, sizeof info.role, "%s", member.role);
    crypto_wipe(&who, sizeof who);
    code = tenant_name(p, row.tenant, arena, info.tenant_name, sizeof info.tenant_name, reterr);
    if (code == OK)
        *ret = info;
    return code;
}

/* ---- taking one */
struct taking { struct link_row row; int64_t ended; };
static enum code take_write(struct txn *t, void *arg, struct err *reterr) {
    struct taking *k = arg;
    enum code code = one_time_take(t, k->row.hash, reterr);
    if (code == OK)
        code = sessions_drop(t, &k->row.account, 0, &k->ended, reterr);
    if (code == OK)                            /* what somebody else may have set up: tokens, and a provider's identity */
        code = tokens_end(t, &k->row.account, -1, reterr);
    if (code == OK)
        code = claim_drop(t, ACCOUNT_CLAIM_KIND, IDENTITY_CLAIM_RULE, &k->row.account, reterr);
    return code;
}

static enum code accept_in(struct people *p, const struct visitor *v, const struct link_row *row, struct account *a, const char *name, const char *password, enum lang lang, struct err *reterr) {
    struct taking k = { .row = *row };
    char clean[PERSON_NAME], by[80], id[UUID_TEXT];
    bool renamed = false;
    enum code code = OK;
    snprintf(by, sizeof by, "account %s", uuid_format(&a->row.id, id));
    if (name != NULL && name[0] != 0) {
        code = name_read(name, clean, reterr);
        renamed = code == OK && strcmp(clean, json_string_value(json_object_get(a->profile, "name")) ?: "") != 0;
        if (renamed && json_object_set_new(a->profile, "name", json_string(clean)) != 0)
            return no_memory(reterr);
    }
    if (code == OK)
        code = password_put(p, v, a, password, lang, reterr);
    if (code != OK)
        return code;
    if (row->purpose == LINK_RESET && json_object_get(a->secret, "identity") != NULL && json_object_del(a->secret, "identity") != 0)
        return no_memory(reterr);
    /* A suspended account stays so: its new password opens nothing. */
    a->row.state = a->row.state == ACCOUNT_INVITED ? ACCOUNT_ACTIVE : a->row.state;
    json_t *what = json_pack("{s:s}", "account", id);
    unsigned parts = PART_SECRET | (renamed ? PART_PROFILE : 0);
    struct account_edit e = { .a = a, .seal = parts, .fresh = parts, .verb = "password_changed", .by = by, .what = what, .more = row->purpose == LINK_RESET ? take_write : NULL, .arg = &k };
    code = account_save(p, &e, reterr);
    json_decref(what);
    /* an invitation is taken with the membership, in that tenant's write; if this is cut between, the person
     * has an account, signs in, and joins by the same link */
    if (code == OK && row->purpose == LINK_INVITE)
        code = member_join(p, row, by, reterr);
    access_forget();
    return code;
}

enum code link_accept(struct people *p, const struct visitor *v, const char *link, const char *name, const char *password, enum lang lang,
                      char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr) {
    PRE(p != NULL && v != NULL && password != NULL && ret_secret != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    struct link_row row;
    if (arena == NULL)
        return no_memory(reterr);
    enum code code = link_find(p, link, &row, reterr);
    if (code == OK)
        code = account_open(p, &row.account, &a, arena, reterr);
    if (code != OK)
        return code == E_NOT_FOUND ? no_link(reterr) : code;
    if (row.purpose == LINK_INVITE && a.row.password != 0)
        return err_set(reterr, E_CONFLICT, "you have an account already: sign in, and open the link again");
    code = accept_in(p, v, &row, &a, name, password, lang, reterr);
    if (code == E_STALE)
        return err_set(reterr, E_BUSY, "the account was changed at the same time: try again");
    if (code != OK)
        return code == E_NOT_FOUND ? no_link(reterr) : code;
    return session_make(p, v, &a, FACTOR_PASSWORD, NULL, NULL, ret_secret, ret, reterr);
}

enum code link_join(struct people *p, const struct session *s, const char *link, struct err *reterr) {
    PRE(p != NULL && s != NULL && reterr != NULL);
    struct link_row row;
    char by[80], id[UUID_TEXT];
    enum code code = link_find(p, link, &row, reterr);
    if (code != OK)
        return code;
    if (s->step != STEP_WHOLE)
        return err_field(reterr, E_SIGN_IN, "step", "signing in is not finished");
    if (row.purpose != LINK_INVITE || uuid_compare(&row.account, &s->account) != 0)
        return err_set(reterr, E_NOT_FOUND, "this link was made for another person");
    snprintf(by, sizeof by, "account %s", uuid_format(&s->account, id));
    return member_join(p, &row, by, reterr);
}
