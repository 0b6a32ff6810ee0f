/* probes_levels.c — what narrows a role: levels of an account, windows of the operator's staff, purposes. */
#include <stdio.h>
#include <string.h>
#include <threads.h>

#include "base/time.h"
#include "promises/probes.h"

static void path_to(struct env *e, int kind, const char *id, char *ret, size_t room) {
    snprintf(ret, room, "/v1/%s/%s%s%s", env_service(e), charter_kind_at(env_charter(e), kind)->name, id[0] != 0 ? "/" : "", id);
}

static enum code status_of(struct env *e, const char *method, int kind, const char *id, const char *token, json_t *body /* stolen */, int *ret, struct err *reterr) {
    char path[320];
    AUTO(answer_done) struct answer a = { 0 };
    path_to(e, kind, id, path, sizeof path);
    enum code code = env_call(e, &(struct call){ .method = method, .path = path, .token = token, .body = body, .headers = { body != NULL && id[0] != 0 ? "If-Match: *" : NULL } }, &a, reterr);
    json_decref(body);
    if (code == OK)
        *ret = a.status;
    return code;
}

/* ---- levels */
/* A new value for the first field that takes one: a change of nothing would be no change. */
static json_t *a_change(struct env *e, int kind) {
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].type == T_TEXT || k->fields[i].type == T_NAME) {
            json_t *v = canary_value(e, &k->fields[i]);
            if (v != NULL)
                return json_pack("{s:{s:o}}", "fields", k->fields[i].name, v);
        }
    return NULL;
}

/* Two records that have levels, and one that comes under each of them, where some kind does. */
struct levelled { int kind, under; const struct canary *mine, *other, *below, *beside; };

static int kind_under(const struct charter *c, int kind) {
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    for (size_t i = 0; i < n; i++) {
        struct level_way way = charter_level(c, (int)i);
        if ((int)i != kind && way.kind == kind && ((way.up == 1 && way.field < 0) || (way.up == 0 && way.field >= 0)))
            return (int)i;
    }
    return -1;
}

static enum code levelled_make(struct env *e, int kind, struct levelled *ret, struct err *reterr) {
    const struct charter *c = env_charter(e);
    *ret = (struct levelled){ .kind = kind, .under = kind_under(c, kind) };
    enum code code = canary_make(e, 0, kind, true, &ret->mine, reterr);
    if (code == OK)
        code = canary_make(e, 0, kind, true, &ret->other, reterr);
    if (code != OK || ret->under < 0)
        return code;
    struct level_way way = charter_level(c, ret->under);
    const char *link = way.field >= 0 ? charter_kind_at(c, ret->under)->fields[way.field].name : charter_kind_at(c, kind)->name;
    code = canary_with(e, 0, ret->under, link, ret->mine->id, &ret->below, reterr);
    return code == OK ? canary_with(e, 0, ret->under, link, ret->other->id, &ret->beside, reterr) : code;
}

static enum code member_token(struct env *e, const struct levelled *l, const char *all, const char *level, char ret[128], struct err *reterr) {
    char name[192];
    json_t *made = NULL, *levels = json_pack("{s:s}", "all", all);
    snprintf(name, sizeof name, "%s/%s", charter_kind_at(env_charter(e), l->kind)->name, l->mine->id);
    if (level != NULL)
        json_object_set_new(levels, name, json_string(level));
    enum code code = env_control(e, "probe_member", json_pack("{s:I,s:s,s:o}", "tenant", (json_int_t)env_tenant(e, 0), "role", env_own_role(e), "levels", levels), &made, reterr);
    if (code == OK)
        snprintf(ret, 128, "%s", json_string_value(json_object_get(made, "token")) ?: "");
    json_decref(made);
    return code;
}

/* What an account of these levels is answered. want: of the record that is named, and of the other one; 0: not tried. */
struct level_case { const char *all, *level; int read_mine, read_other, change_mine, change_other; };

static enum code level_list(struct env *e, const struct levelled *l, const struct level_case *one, const char *token, bool *ret_fine, struct err *reterr) {
    char path[320];
    AUTO(answer_done) struct answer a = { 0 };
    path_to(e, l->kind, "", path, sizeof path);
    snprintf(path + strlen(path), sizeof path - strlen(path), "?limit=1000");
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path, .token = token }, &a, reterr);
    if (code == OK)
        *ret_fine = (strstr(buf_str(&a.body), l->mine->id) != NULL) == (one->read_mine == 200) && (strstr(buf_str(&a.body), l->other->id) != NULL) == (one->read_other == 200);
    return code;
}

static enum code level_try(struct env *e, const struct levelled *l, const struct level_case *one, struct verdict_line *v, bool *ret_fine, struct err *reterr) {
    const struct { const char *method; int kind; const char *id; int want; } tries[] = {
        { "GET", l->kind, l->mine->id, one->read_mine }, { "GET", l->kind, l->other->id, one->read_other },
        { "GET", l->under, l->below == NULL ? NULL : l->below->id, one->read_mine }, { "GET", l->under, l->beside == NULL ? NULL : l->beside->id, one->read_other },
        { "PATCH", l->kind, l->mine->id, one->change_mine }, { "PATCH", l->kind, l->other->id, one->change_other },
    };
    char token[128] = "";
    enum code code = member_token(e, l, one->all, one->level, token, reterr);
    for (size_t i = 0; i < ARRAY_LEN(tries) && code == OK; i++) {
        json_t *body = tries[i].method[0] == 'P' ? a_change(e, tries[i].kind) : NULL;
        int status = 0;
        if (tries[i].id == NULL || (tries[i].method[0] == 'P' && body == NULL))
            continue;
        code = status_of(e, tries[i].method, tries[i].kind, tries[i].id, token, body, &status, reterr);
        if (code != OK || status == tries[i].want)
            continue;
        *ret_fine = false;
        return SAY(v, false, "with %s for all%s%s, %s of %s %s answered %d instead of %d", one->all, one->level == NULL ? "" : " and this one for one record: ", one->level == NULL ? "" : one->level,
                   tries[i].method, i % 2 == 0 ? "that record's" : "another", charter_kind_at(env_charter(e), tries[i].kind)->name, status, tries[i].want);
    }
    *ret_fine = true;
    if (code == OK)
        code = level_list(e, l, one, token, ret_fine, reterr);
    return code == OK && !*ret_fine ? SAY(v, false, "a list does not show what the levels of its reader open") : code;
}

enum code probe_levels(struct env *e, struct verdict_line *v, struct err *reterr) {
    static const struct level_case cases[] = {
        { "none", "write", 200, 404, 200, 404 }, { "none", "read", 200, 404, 422, 404 }, { "read", "write", 200, 200, 200, 422 }, { "write", "none", 404, 200, 404, 200 }, { "read", NULL, 200, 200, 422, 422 },
    };
    const int *kinds;
    size_t n = charter_levels(env_charter(e), &kinds), tried = 0;
    enum code code = OK;
    if (n == 0)
        return SAY(v, true, "the charter gives nothing at levels");
    for (size_t i = 0; i < n && code == OK; i++) {
        struct levelled l;
        code = levelled_make(e, kinds[i], &l, reterr);
        for (size_t k = 0; k < ARRAY_LEN(cases) && code == OK; k++) {
            bool fine = true;
            code = level_try(e, &l, &cases[k], v, &fine, reterr);
            if (code == OK && !fine)
                return OK;
            tried++;
        }
    }
    return code != OK ? code : SAY(v, true, "%zu account%s with levels read, listed and changed what these open, and nothing else", tried, ENDS(tried));
}

/* ---- windows */
static bool shows_personal(const struct kind *k, const json_t *record) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].level != L_PLAIN && json_object_get(json_object_get(record, "fields"), k->fields[i].name) != NULL)
            return true;
    return false;
}

static enum code support_sees(struct env *e, const struct canary *c, bool *ret, struct err *reterr) {
    char path[320];
    AUTO(answer_done) struct answer a = { 0 };
    path_to(e, c->kind, c->id, path, sizeof path);
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path, .role = "support" }, &a, reterr);
    if (code == OK)
        *ret = a.status == 200 && shows_personal(charter_kind_at(env_charter(e), c->kind), a.json);
    return code;
}

/* What was opened or closed is known everywhere within a second; a busy machine has longer. */
#define PATIENCE (30 * USEC_PER_SEC)
static enum code support_waits(struct env *e, const struct canary *c, bool want, bool *ret, struct err *reterr) {
    usec_t end = clock_steady() + PATIENCE;
    enum code code = OK;
    do {
        code = support_sees(e, c, ret, reterr);
        if (code == OK && *ret != want)
            thrd_sleep(&(struct timespec){ .tv_nsec = 100 * 1000 * 1000 }, NULL);
    } while (code == OK && *ret != want && clock_steady() < end);
    return code;
}

static enum code support_writes(struct env *e, const struct canary *c, int *ret, struct err *reterr) {
    json_t *body = a_change(e, c->kind);
    *ret = 404;
    return body == NULL ? OK : status_of(e, "PATCH", c->kind, c->id, env_token(e, 0, "support"), body, ret, reterr);
}

static enum code window_open_close(struct env *e, const struct canary *c, struct verdict_line *v, struct err *reterr) {
    json_t *made = NULL, *gone = NULL;
    bool sees = false, still = true;
    int written = 0;
    enum code code = env_control(e, "probe_window", json_pack("{s:I}", "tenant", (json_int_t)env_tenant(e, 0)), &made, reterr);
    json_int_t number = json_integer_value(json_object_get(made, "number"));
    json_decref(made);
    if (code == OK)
        code = support_waits(e, c, true, &sees, reterr);
    if (code == OK)
        code = support_writes(e, c, &written, reterr);
    if (code == OK)
        code = env_control(e, "probe_window", json_pack("{s:I,s:I}", "tenant", (json_int_t)env_tenant(e, 0), "close", number), &gone, reterr);
    json_decref(gone);
    if (code == OK)
        code = support_waits(e, c, false, &still, reterr);
    if (code != OK)
        return code;
    if (!sees || still || written < 400)
        return SAY(v, false, "%s", !sees ? "support sees nothing through a window that the tenant opened" : still ? "support still sees personal fields after the window was closed" : "support could change a record through a window");
    return SAY(v, true, "support sees no personal field, all of them while the tenant's window is open, changes nothing in it, and sees none after it");
}

enum code probe_window(struct env *e, struct verdict_line *v, struct err *reterr) {
    static const struct span never;
    const struct span most = charter_window_most(env_charter(e));
    const struct canary *c = NULL;
    int kind = env_personal_kind(e);
    bool sees = false;
    if (kind < 0 || env_token(e, 0, "support") == NULL)
        return SAY(v, true, "the charter has nothing personal to show, or nobody who supports");
    enum code code = canary_make(e, 0, kind, true, &c, reterr);
    if (code == OK)
        code = support_sees(e, c, &sees, reterr);
    if (code != OK)
        return code;
    if (sees)
        return SAY(v, false, "support sees personal fields of %s without a window", charter_kind_at(env_charter(e), kind)->name);
    return memcmp(&most, &never, sizeof never) == 0 ? SAY(v, true, "support sees no personal field, and the charter lets no window be opened") : window_open_close(e, c, v, reterr);
}

/* ---- purposes */
/* The last purpose of a kind that its tenant reads: not the one that would be taken without a word. */
static int kind_with_purpose(const struct charter *c) {
    const struct kind *kinds;
    const struct grant *sees;
    size_t n = charter_kinds(c, &kinds), m = charter_sees(c, &sees);
    int best = -1;
    for (size_t i = 0; i < n; i++)
        for (size_t g = 0; g < m && kinds[i].used_for_count > 0 && kinds[i].personal; g++)
            if (sees[g].person == charter_tenant(c) && sees[g].kind == (int)i && (best < 0 || kinds[i].used_for_count > kinds[best].used_for_count))
                best = (int)i;
    return best;
}

static enum code read_for(struct env *e, const struct canary *c, const char *purpose, int *ret, struct err *reterr) {
    char path[320], header[512];
    AUTO(answer_done) struct answer a = { 0 };
    path_to(e, c->kind, c->id, path, sizeof path);
    snprintf(header, sizeof header, "Sejf-Purpose: %s", purpose);
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path, .headers = { header } }, &a, reterr);
    if (code == OK)
        *ret = a.status;
    return code;
}

/* Does the tenant's list of reads say for what the record was read? */
static enum code purpose_noted(struct env *e, const struct canary *c, const char *purpose, bool *ret, struct err *reterr) {
    char path[320];
    usec_t end = clock_steady() + PATIENCE;
    enum code code = OK;
    snprintf(path, sizeof path, "/v1/tenants/%lld/reads?record=%s/%s", (long long)env_tenant(e, 0), charter_kind_at(env_charter(e), c->kind)->name, c->id);
    *ret = false;
    while (code == OK && !*ret && clock_steady() < end) {
        AUTO(answer_done) struct answer a = { 0 };
        code = env_call(e, &(struct call){ .method = "GET", .path = path }, &a, reterr);
        *ret = code == OK && a.status == 200 && strstr(buf_str(&a.body), purpose) != NULL;
        if (code == OK && !*ret)
            thrd_sleep(&(struct timespec){ .tv_nsec = 200 * 1000 * 1000 }, NULL);
    }
    return code;
}

enum code probe_purpose(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct canary *c = NULL;
    int kind = kind_with_purpose(env_charter(e)), other = 0, named = 0;
    bool noted = false;
    if (kind < 0)
        return SAY(v, true, "no personal kind that the tenant reads declares a purpose");
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    const char *purpose = k->used_for[k->used_for_count - 1].in[LANG_EN];
    enum code code = canary_make(e, 0, kind, true, &c, reterr);
    if (code == OK)
        code = read_for(e, c, "a purpose that nobody declared", &other, reterr);
    if (code == OK)
        code = read_for(e, c, purpose, &named, reterr);
    if (code == OK && (other != 403 || named != 200))
        return SAY(v, false, "reading %s for a purpose that is not declared answered %d, for one that is %d", k->name, other, named);
    if (code == OK)
        code = purpose_noted(e, c, purpose, &noted, reterr);
    if (code != OK)
        return code;
    return SAY(v, noted, noted ? "reading %s for another purpose is refused; for a declared one it works, and the purpose is noted" : "the purpose of reading %s is not noted", k->name);
}
