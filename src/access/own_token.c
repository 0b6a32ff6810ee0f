/* own_token.c — API tokens that people make for themselves: never more than the person may, as long as it may. */
#include <string.h>

#include "access/addresses.h"
#include "access/bearer.h"
#include "access/signin.h"
#include "base/jsontext.h"
#include "base/mem.h"
#include "base/text.h"

#define NAME_LONGEST 80u
#define SCOPE_MAX ((size_t)64 << 10)

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for a token"); }

/* The membership that the token will speak for. */
static enum code membership_of(struct people *p, const struct uuid *account, int64_t tenant, struct arena *arena, struct membership *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct memberships m;
    enum code code = store_view(p->store, 0, &v, reterr);
    if (code == OK)
        code = memberships_read(p, view_sql(v), account, arena, &m, reterr);
    if (code != OK)
        return code;
    for (size_t i = 0; i < m.count; i++)
        if (m.list[i].row.tenant == tenant && m.list[i].service != NULL && m.list[i].person >= 0) {
            *ret = m.list[i];
            return OK;
        }
    return err_field(reterr, E_FIELDS, "/tenant", "a token is for a tenant of which you are a member");
}

enum code own_token_make(struct people *p, const struct session *s, const struct own_token *w, char ret[TOKEN_TEXT], int64_t *ret_number, struct err *reterr) {
    PRE(p != NULL && s != NULL && w != NULL && ret != NULL && ret_number != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(4 << 20);
    AUTO(buf_done) struct buf scope = BUF(SCOPE_MAX);
    struct membership m = { .person = -1 };
    const char *addresses = NULL;
    if (s->step != STEP_WHOLE)
        return err_field(reterr, E_SIGN_IN, "step", "signing in is not finished");
    if (!s->elevated)
        return err_set(reterr, E_CONFIRM, "sign in again before this: it is more than ten minutes ago");
    if (arena == NULL)
        return no_memory(reterr);
    if (w->name == NULL || w->name[0] == 0 || strlen(w->name) > NAME_LONGEST || strchr(w->name, '@') != NULL)
        return err_field(reterr, E_FIELDS, "/name", "a token has a name of at most %u bytes that says what it is for, without an address of anybody", NAME_LONGEST);
    if (w->expires != 0 && w->expires <= clock_now())
        return err_field(reterr, E_FIELDS, "/expires", "this lies in the past: such a token would never work");
    usec_t until = USEC_NEVER;
    enum code code = membership_of(p, &s->account, w->tenant, arena, &m, reterr);
    if (code == OK)                            /* a token opens no more than the session does that makes it */
        code = role_satisfied(m.service, m.person, s->factors, reterr);
    if (code == OK)
        code = authorised(m.service, w->tenant, m.person, &s->account, &until, reterr);
    if (code == OK)
        code = addresses_read(w->addresses, arena, &addresses, reterr);
    if (code != OK)
        return code;
    if (w->scope != NULL)
        json_text_add(&scope, w->scope);
    if (scope.failed)                          /* without it the token would open everything */
        return no_memory(reterr);
    struct token_wish wish = { .tenant = w->tenant, .role = m.row.role, .label = w->name, .scope = w->scope != NULL ? buf_str(&scope) : NULL, .expires = w->expires, .subject_kind = -1,
                               .account = s->account, .addresses = addresses };
    return access_token_make(m.service, &wish, ret, ret_number, reterr);
}

struct listing { json_t *list; bool failed; };
static json_t *time_or_null(usec_t t) {
    char text[40];
    return t <= 0 || t == USEC_NEVER ? json_null() : json_string(time_format(t, text, sizeof text));
}

static json_t *addresses_json(const char *text) {
    json_t *list = text[0] == 0 ? json_null() : json_array();
    for (const char *p = text; *p != 0;) {
        size_t len = strcspn(p, " ");
        json_array_append_new(list, json_stringn(p, len));
        p += len;
        p += strspn(p, " ");
    }
    return list;
}

static bool take_token(const struct token_row *r, void *arg) {
    struct listing *l = arg;
    if (r->revoked != 0)
        return true;
    json_t *scope = json_loads(r->scope, 0, NULL);
    json_t *one = json_pack("{s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o}", "number", (json_int_t)r->number, "tenant", (json_int_t)r->tenant, "name", r->label,
                            "scope", json_object_size(scope) > 0 ? json_incref(scope) : json_null(), "addresses", addresses_json(r->addresses), "made", time_or_null(r->made),
                            "expires", time_or_null(r->expires), "used", time_or_null(r->used));
    json_decref(scope);
    l->failed = one == NULL || json_array_append_new(l->list, one) != 0;
    return !l->failed;
}

enum code own_tokens(struct people *p, const struct session *s, json_t **ret, struct err *reterr) {
    PRE(p != NULL && s != NULL && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    struct listing l = { json_array(), false };
    enum code code = l.list == NULL ? no_memory(reterr) : store_view(p->store, 0, &v, reterr);
    if (code == OK)
        code = tokens_of_account(view_sql(v), &s->account, take_token, &l, reterr);
    if (code == OK && l.failed)
        code = no_memory(reterr);
    if (code == OK)
        *ret = l.list;
    else
        json_decref(l.list);
    return code;
}

struct wanted { int64_t number, tenant; bool found; };
static bool is_wanted(const struct token_row *r, void *arg) {
    struct wanted *w = arg;
    w->found = w->found || (r->number == w->number && r->revoked == 0);
    if (r->number == w->number)
        w->tenant = r->tenant;
    return !w->found;
}

enum code own_token_revoke(struct people *p, const struct session *s, int64_t number, struct err *reterr) {
    PRE(p != NULL && s != NULL && reterr != NULL);
    struct wanted w = { .number = number };
    {
        AUTO(view_end) struct view *v = NULL;
        enum code code = store_view(p->store, 0, &v, reterr);
        if (code == OK)
            code = tokens_of_account(view_sql(v), &s->account, is_wanted, &w, reterr);
        if (code != OK)
            return code;
    }
    if (!w.found)
        return err_set(reterr, E_NOT_FOUND, "you have no such token in force");
    enum code code = token_revoke(p->store, w.tenant, number, reterr);
    access_forget();
    return code;
}
