/* probes_register.c — nobody comes in without an authorisation, and each stands in the register. */
#include <stdio.h>
#include <string.h>
#include <threads.h>

#include "base/time.h"
#include "promises/probes.h"

#define NOT_ASKED "the charter asks for no authorisations"

/* One who is signed in with the first tenant: its cookie, and the token that calls by cookie carry. */
struct signed_in { char account[UUID_TEXT], cookie[128], csrf[96], tenant[48]; };

/* wish: {role, authorised} of a new one, or {account} (stolen). *ret_in: was it let in? */
static enum code person_enter(struct env *e, json_t *wish, struct signed_in *ret, bool *ret_in, struct err *reterr) {
    json_t *got = NULL;
    json_object_set_new(wish, "tenant", json_integer(env_tenant(e, 0)));
    enum code code = env_control(e, "probe_session", wish, &got, reterr);
    const char *account = json_string_value(json_object_get(got, "account")), *secret = json_string_value(json_object_get(got, "secret")),
               *csrf = json_string_value(json_object_get(got, "csrf"));
    *ret_in = secret != NULL && csrf != NULL;
    if (code == OK && (account == NULL || (!*ret_in && !json_is_true(json_object_get(got, "refused")))))
        code = err_set(reterr, E_INTERNAL, "an invented person came without its session");
    if (code == OK) {
        snprintf(ret->account, sizeof ret->account, "%s", account);
        snprintf(ret->cookie, sizeof ret->cookie, "Cookie: __Host-sejf=%s", secret != NULL ? secret : "");
        snprintf(ret->csrf, sizeof ret->csrf, "Sejf-Csrf: %s", csrf != NULL ? csrf : "");
        snprintf(ret->tenant, sizeof ret->tenant, "Sejf-Tenant: %lld", (long long)env_tenant(e, 0));
    }
    json_decref(got);
    return code;
}

/* A list of the first kind of the charter, as that person. */
static enum code person_asks(struct env *e, const struct signed_in *p, int *ret, struct err *reterr) {
    char path[256];
    const struct kind *kinds;
    AUTO(answer_done) struct answer a = { 0 };
    (void)charter_kinds(env_charter(e), &kinds);
    snprintf(path, sizeof path, "/v1/%s/%s?limit=1", env_service(e), kinds[0].name);
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path, .role = "", .headers = { p->cookie, p->tenant } }, &a, reterr);
    *ret = a.status;
    return code;
}

static enum code authorise(struct env *e, const struct signed_in *p, int64_t *ret, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_authorise", json_pack("{s:I,s:s}", "tenant", (json_int_t)env_tenant(e, 0), "account", p->account), &got, reterr);
    *ret = json_integer_value(json_object_get(got, "number"));
    json_decref(got);
    return code;
}

static enum code withdraw(struct env *e, int64_t number, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_withdraw", json_pack("{s:I,s:I}", "tenant", (json_int_t)env_tenant(e, 0), "number", (json_int_t)number), &got, reterr);
    json_decref(got);
    return code;
}

enum code probe_authorised(struct env *e, struct verdict_line *v, struct err *reterr) {
    struct signed_in p;
    bool without = false, with = false;
    int then = 0, after = 0;
    int64_t number = 0;
    if (!charter_authorised_only(env_charter(e)))
        return SAY(v, true, NOT_ASKED);
    enum code code = person_enter(e, json_pack("{s:s,s:b}", "role", env_own_role(e), "authorised", 0), &p, &without, reterr);
    if (code != OK)
        return code;
    if (without)
        return SAY(v, false, "an account without an authorisation came in");
    code = authorise(e, &p, &number, reterr);
    if (code == OK)
        code = person_enter(e, json_pack("{s:s}", "account", p.account), &p, &with, reterr);
    if (code == OK && with)
        code = person_asks(e, &p, &then, reterr);
    if (code == OK)
        code = withdraw(e, number, reterr);
    if (code == OK) {
        thrd_sleep(&(struct timespec){ .tv_sec = 1, .tv_nsec = 100000000 }, NULL);
        code = person_asks(e, &p, &after, reterr);
    }
    if (code != OK)
        return code;
    if (!with || then != 200)
        return SAY(v, false, "an account with an authorisation was %s (%d)", with ? "let in and not served" : "not let in", then);
    if (after != 401)
        return SAY(v, false, "a second after its authorisation was withdrawn an account was answered %d", after);
    return SAY(v, true, "an account without an authorisation was refused, let in with one, and refused within a second after it was withdrawn");
}

/* ---- the register */

static enum code register_post(struct env *e, const struct signed_in *by, const struct signed_in *whom, const char *scope, json_t *purposes /* stolen */, const char *until,
                               struct answer *ret, struct err *reterr) {
    char path[128];
    json_t *body = json_pack("{s:s,s:s,s:s,s:o,s:s}", "account", whom->account, "post", "probe", "scope", scope, "purposes", purposes, "until", until);
    snprintf(path, sizeof path, "/v1/tenants/%lld/authorisations", (long long)env_tenant(e, 0));
    enum code code = env_call(e, &(struct call){ .method = "POST", .path = path, .role = "", .body = body, .headers = { by->cookie, by->csrf } }, ret, reterr);
    json_decref(body);
    return code;
}

static json_t *a_purpose(struct env *e) {
    const struct kind *kinds;
    size_t n = charter_kinds(env_charter(e), &kinds);
    for (size_t i = 0; i < n; i++)
        for (int l = 0; kinds[i].used_for_count > 0 && l < LANG_COUNT; l++)
            if (kinds[i].used_for[0].in[l] != NULL)
                return json_pack("[s]", kinds[i].used_for[0].in[l]);
    return json_pack("[s]", "probing");
}

/* Without a scope, without a purpose, without an end; and one's own. *ret names what was taken, or NULL. */
static enum code empty_taken(struct env *e, const struct signed_in *owner, const struct signed_in *other, const char *until, const char **ret, struct err *reterr) {
    const struct { const char *what, *scope; bool purpose; const char *until; const struct signed_in *whom; int status; } rows[] = {
        { "without a scope", " ", true, until, other, 422 }, { "without a purpose", "all", false, until, other, 422 }, { "without an end", "all", true, "", other, 422 },
        { "of oneself", "all", true, until, owner, 403 },
    };
    *ret = NULL;
    for (size_t i = 0; i < ARRAY_LEN(rows) && *ret == NULL; i++) {
        AUTO(answer_done) struct answer a = { 0 };
        enum code code = register_post(e, owner, rows[i].whom, rows[i].scope, rows[i].purpose ? a_purpose(e) : json_array(), rows[i].until, &a, reterr);
        if (code != OK)
            return code;
        if (a.status != rows[i].status)
            *ret = rows[i].what;
    }
    return OK;
}

static bool entry_whole(const json_t *entry, const char *account, const char *until) {
    static const char *const texts[] = { "text", "name", "post", "scope", "made", "from" };
    const char *whose = json_string_value(json_object_get(entry, "account")), *end = json_string_value(json_object_get(entry, "until"));
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (json_string_length(json_object_get(entry, texts[i])) == 0)
            return false;
    return whose != NULL && strcmp(whose, account) == 0 && end != NULL && strcmp(end, until) == 0 && json_array_size(json_object_get(entry, "purposes")) == 1 &&
           json_is_object(json_object_get(entry, "granted_by"));
}

/* What was given stands there with all that belongs to it, numbers one after another, and still when it was withdrawn. */
static enum code register_read(struct env *e, const struct signed_in *owner, const struct signed_in *other, const char *until, int64_t number, bool *ret, struct err *reterr) {
    char path[128];
    size_t i;
    json_t *entry;
    AUTO(answer_done) struct answer a = { 0 };
    snprintf(path, sizeof path, "/v1/tenants/%lld/authorisations", (long long)env_tenant(e, 0));
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path, .role = "", .headers = { owner->cookie } }, &a, reterr);
    const json_t *items = json_object_get(a.json, "items");
    *ret = a.status == 200 && (int64_t)json_array_size(items) == number && entry_whole(json_array_get(items, (size_t)number - 1), other->account, until);
    json_array_foreach(items, i, entry)
        *ret = *ret && json_integer_value(json_object_get(entry, "number")) == (json_int_t)i + 1;
    return code;
}

/* On paper and as a table: the whole register, and the entry as a page to sign. *ret names what did not come, or NULL. */
static enum code papers_come(struct env *e, const struct signed_in *owner, int64_t number, const char **ret, struct err *reterr) {
    const struct { const char *tail, *begins, *what; bool one; } rows[] = {
        { ".pdf", "%PDF-", "the register on paper", false }, { ".csv", "\xEF\xBB\xBF", "the register as a table", false }, { ".pdf", "%PDF-", "a page to sign", true },
    };
    *ret = NULL;
    for (size_t i = 0; i < ARRAY_LEN(rows) && *ret == NULL; i++) {
        char path[160], one[32] = "";
        AUTO(answer_done) struct answer a = { 0 };
        if (rows[i].one)
            snprintf(one, sizeof one, "/%lld", (long long)number);
        snprintf(path, sizeof path, "/v1/tenants/%lld/authorisations%s%s", (long long)env_tenant(e, 0), one, rows[i].tail);
        enum code code = env_call(e, &(struct call){ .method = "GET", .path = path, .role = "", .headers = { owner->cookie } }, &a, reterr);
        if (code != OK)
            return code;
        if (a.status != 200 || strncmp(buf_str(&a.body), rows[i].begins, strlen(rows[i].begins)) != 0)
            *ret = rows[i].what;
    }
    return OK;
}

enum code probe_register(struct env *e, struct verdict_line *v, struct err *reterr) {
    struct signed_in owner, other;
    struct civil tomorrow = zone_civil(charter_zone(env_charter(e)), clock_now() + 2 * USEC_PER_DAY);
    char until[16];
    const char *taken = NULL;
    int64_t number = 0;
    bool whole = false;
    if (!charter_authorised_only(env_charter(e)))
        return SAY(v, true, NOT_ASKED);
    bool owner_in = false, other_in = false;
    enum code code = person_enter(e, json_pack("{s:s}", "role", env_own_role(e)), &owner, &owner_in, reterr);
    if (code == OK)
        code = person_enter(e, json_pack("{s:s}", "role", env_own_role(e)), &other, &other_in, reterr);
    if (code == OK && !(owner_in && other_in))
        code = err_set(reterr, E_BROKEN, "people with an authorisation were not let in");
    date_format(&tomorrow, until, sizeof until);
    if (code == OK)
        code = empty_taken(e, &owner, &other, until, &taken, reterr);
    if (code != OK)
        return code;
    if (taken != NULL)
        return SAY(v, false, "an authorisation %s was not refused", taken);
    AUTO(answer_done) struct answer a = { 0 };
    code = register_post(e, &owner, &other, "the records of a probe", a_purpose(e), until, &a, reterr);
    number = json_integer_value(json_object_get(a.json, "number"));
    if (code == OK && a.status != 201)
        return SAY(v, false, "an authorisation with all that belongs to it was answered %d", a.status);
    if (code == OK)
        code = withdraw(e, number, reterr);
    if (code == OK)
        code = register_read(e, &owner, &other, until, number, &whole, reterr);
    if (code == OK)
        code = papers_come(e, &owner, number, &taken, reterr);
    if (code != OK)
        return code;
    if (taken != NULL)
        return SAY(v, false, "%s does not come", taken);
    return whole ? SAY(v, true, "refused without scope, purpose or end and for oneself; given, withdrawn and still in the register, on paper too, with all that belongs to it")
                 : SAY(v, false, "the register does not show what was given, with all that belongs to it and without gaps");
}
