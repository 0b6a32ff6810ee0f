/* probes_access.c — who reaches what: other tenants, roles, relations, tokens. */
#include <stdio.h>
#include <string.h>
#include <threads.h>

#include "base/time.h"
#include "promises/probes.h"

static void path_of(struct env *e, const struct canary *c, char *ret, size_t room) {
    snprintf(ret, room, "/v1/%s/%s/%s", env_service(e), charter_kind_at(env_charter(e), c->kind)->name, c->id);
}

static void path_kind(struct env *e, int kind, const char *tail, char *ret, size_t room) {
    snprintf(ret, room, "/v1/%s/%s%s", env_service(e), charter_kind_at(env_charter(e), kind)->name, tail);
}

/* The canary of most probes: the most personal kind. */
static enum code personal_canary(struct env *e, int side, const struct canary **ret, struct err *reterr) {
    int kind = env_personal_kind(e);
    if (kind < 0)
        return err_set(reterr, E_BROKEN, "the charter holds no personal kind to try this on");
    return canary_make(e, side, kind, false, ret, reterr);
}

static enum code list_has(struct env *e, int side, int kind, const char *id, bool *ret, struct err *reterr) {
    char path[256];
    AUTO(answer_done) struct answer a = { 0 };
    path_kind(e, kind, "?limit=1000", path, sizeof path);
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path, .side = side }, &a, reterr);
    if (code == OK)
        *ret = strstr(buf_str(&a.body), id) != NULL;
    return code;
}

static enum code search_has(struct env *e, int side, const struct canary *c, bool *ret_has, bool *ret_tried, struct err *reterr) {
    const struct kind *k = charter_kind_at(env_charter(e), c->kind);
    char path[256];
    *ret_has = *ret_tried = false;
    path_kind(e, c->kind, "/search", path, sizeof path);
    for (size_t i = 0; i < k->field_count; i++) {
        if ((k->fields[i].found & FIND_EXACT) == 0 || k->fields[i].level == L_PLAIN)
            continue;
        AUTO(answer_done) struct answer a = { 0 };
        json_t *body = json_pack("{s:{s:O}}", "where", k->fields[i].name, json_object_get(c->fields, k->fields[i].name));
        enum code code = env_call(e, &(struct call){ .method = "POST", .path = path, .side = side, .body = body }, &a, reterr);
        json_decref(body);
        if (code != OK)
            return code;
        *ret_tried = true;
        *ret_has |= a.status == 200 && strstr(buf_str(&a.body), c->id) != NULL;
    }
    return OK;
}

/* Through the export, which reads by a way of its own. */
static enum code export_has(struct env *e, int side, const struct canary *c, bool *ret, struct err *reterr) {
    char path[256];
    AUTO(answer_done) struct answer a = { 0 };
    json_t *body = json_object();
    path_kind(e, c->kind, "/export", path, sizeof path);
    enum code code = env_call(e, &(struct call){ .method = "POST", .path = path, .side = side, .body = body }, &a, reterr);
    json_decref(body);
    if (code == OK)
        *ret = strstr(buf_str(&a.body), c->id) != NULL;
    return code;
}

enum code probe_wall(struct env *e, struct verdict_line *v, struct err *reterr) {
    static const char *const methods[] = { "GET", "PATCH", "DELETE" };
    const struct canary *c = NULL;
    char path[256];
    bool listed = false, found = false, tried = false, own = false, exported = false;
    enum code code = personal_canary(e, 0, &c, reterr);
    if (code == OK)
        code = list_has(e, 0, c->kind, c->id, &own, reterr);
    if (code != OK)
        return code;
    if (!own)
        return SAY(v, false, "the record does not show for its own tenant");
    path_of(e, c, path, sizeof path);
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        AUTO(answer_done) struct answer a = { 0 };
        json_t *body = i == 1 ? json_pack("{s:{}}", "fields") : NULL;
        code = env_call(e, &(struct call){ .method = methods[i], .path = path, .side = 1, .body = body }, &a, reterr);
        json_decref(body);
        if (code != OK)
            return code;
        if (a.status != 404)
            return SAY(v, false, "%s of another tenant's record answered %d instead of 404", methods[i], a.status);
    }
    code = list_has(e, 1, c->kind, c->id, &listed, reterr);
    if (code == OK)
        code = search_has(e, 1, c, &found, &tried, reterr);
    if (code == OK)
        code = export_has(e, 1, c, &exported, reterr);
    if (code != OK)
        return code;
    if (listed || found || exported)
        return SAY(v, false, "another tenant's record shows in a%s", listed ? " list" : found ? " search" : "n export");
    return SAY(v, true, "GET, PATCH, DELETE answer 404; list, search and export do not show it");
}

#define WAYS_IN 3u
static const struct way_in { const char *token, *cookie, *says; } ways[WAYS_IN] = {
    { NULL, NULL, "without a token" }, { "sejf_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL, "with a made-up token" },
    { NULL, "Cookie: __Host-sejf=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "with a made-up session" },
};

enum code probe_sign_in(struct env *e, struct verdict_line *v, struct err *reterr) {
    static const struct { const char *method, *tail; } doors[] = { { "GET", "" }, { "POST", "" }, { "POST", "/search" }, { "POST", "/export" }, { "POST", "/import" },
                                                                   { "PATCH", NULL }, { "DELETE", NULL } };   /* NULL: of the record itself */
    const struct canary *c = NULL;
    char path[256];
    int tried = 0;
    enum code code = personal_canary(e, 0, &c, reterr);
    for (size_t i = 0; code == OK && i < WAYS_IN * (ARRAY_LEN(doors) + 1); i++) {
        AUTO(answer_done) struct answer a = { 0 };
        const char *method = "GET";
        const struct way_in *way = &ways[i % WAYS_IN];
        path_of(e, c, path, sizeof path);
        if (i / WAYS_IN < ARRAY_LEN(doors)) {
            method = doors[i / WAYS_IN].method;
            if (doors[i / WAYS_IN].tail != NULL)
                path_kind(e, c->kind, doors[i / WAYS_IN].tail, path, sizeof path);
        }
        json_t *body = method[0] == 'P' ? json_pack("{s:{}}", "fields") : NULL;
        code = env_call(e, &(struct call){ .method = method, .path = path, .role = "", .token = way->token, .body = body, .headers = { way->cookie } }, &a, reterr);
        json_decref(body);
        if (code == OK && a.status != 401)
            return SAY(v, false, "%s %s answered %d instead of 401", method, way->says, a.status);
        tried++;
    }
    return code != OK ? code : SAY(v, true, "%d calls without a valid token or session answered 401", tried);
}

enum code probe_expiry(struct env *e, struct verdict_line *v, struct err *reterr) {
    char until[40], path[256];
    json_t *made = NULL;
    usec_t end = clock_now() + 2 * USEC_PER_SEC;
    int kind = env_personal_kind(e);
    enum code code = env_control(e, "probe_token", json_pack("{s:I,s:s,s:s}", "tenant", (json_int_t)env_tenant(e, 0), "role",
                                 env_own_role(e), "expires", time_format(end, until, sizeof until)), &made, reterr);
    if (code != OK)
        return code;
    char token[128];
    snprintf(token, sizeof token, "%s", json_string_value(json_object_get(made, "token")) ?: "");
    json_decref(made);
    path_kind(e, kind < 0 ? 0 : kind, "", path, sizeof path);
    bool worked = false, refused = false;
    usec_t give_up = clock_steady() + 8 * USEC_PER_SEC;
    while (code == OK && !refused && clock_steady() < give_up) {
        AUTO(answer_done) struct answer a = { 0 };
        code = env_call(e, &(struct call){ .method = "GET", .path = path, .token = token }, &a, reterr);
        worked |= code == OK && a.status == 200 && clock_now() < end;
        refused = code == OK && a.status == 401;
        thrd_sleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
    }
    if (code != OK)
        return code;
    if (!worked)
        return SAY(v, false, "a token with an end in the future does not work");
    return SAY(v, refused, refused ? "worked before its end and was refused after it" : "a token still works 6 seconds after its end");
}

static enum code value_now(struct env *e, const struct canary *c, const char *field, json_t **ret, struct err *reterr) {
    char path[256];
    AUTO(answer_done) struct answer a = { 0 };
    path_of(e, c, path, sizeof path);
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path }, &a, reterr);
    if (code == OK)
        *ret = json_incref(json_object_get(json_object_get(a.json, "fields"), field));
    return code;
}

/* Does the state of the record, as its own tenant reads it, hold the window open? One of another kind may. */
static enum code window_open(struct env *e, const struct canary *c, const struct window *w, bool *ret, struct err *reterr) {
    json_t *now = NULL;
    const struct kind *k = charter_kind_at(env_charter(e), c->kind);
    *ret = w->type == W_ALWAYS || w->type == W_WHILE;
    if (w->type != W_WHILE || w->while_kind != c->kind)
        return OK;
    enum code code = value_now(e, c, k->fields[w->while_field].name, &now, reterr);
    if (code == OK)
        *ret = json_is_string(now) && strcmp(json_string_value(now), k->fields[w->while_field].options[w->while_option]) == 0;
    json_decref(now);
    return code;
}

/* Fields that some grant shows to that person now on a record that is not about it and with which it has no relation, by a token
 * that is no private link. */
static enum code granted_now(struct env *e, int person, const struct canary *c, fieldset *ret, struct err *reterr) {
    const struct grant *g;
    size_t n = charter_sees(env_charter(e), &g);
    bool about = charter_kind_at(env_charter(e), c->kind)->about == person;
    enum code code = OK;
    *ret = 0;
    for (size_t i = 0; i < n && code == OK; i++) {
        bool open = false;
        if (g[i].person != person || g[i].kind != c->kind || g[i].of == OF_RELATION || !g[i].understood || g[i].by_link || g[i].by_account || (g[i].of == OF_OWN && about))
            continue;
        code = window_open(e, c, &g[i].window, &open, reterr);
        if (code == OK && open)
            *ret |= g[i].everything ? ~(fieldset)0 : g[i].fields;
    }
    return code;
}

static const char *field_beyond(const struct kind *k, json_t *fields, fieldset granted) {
    for (size_t i = 0; i < k->field_count; i++)
        if ((granted & (fieldset)1 << i) == 0 && k->fields[i].level > L_PLAIN && json_object_get(fields, k->fields[i].name) != NULL)
            return k->fields[i].name;
    return NULL;
}

/* The same in a list, which decides record by record. */
static enum code listed_beyond(struct env *e, const struct canary *c, const char *role, fieldset granted, const char **ret, struct err *reterr) {
    const struct kind *k = charter_kind_at(env_charter(e), c->kind);
    char path[256];
    size_t i;
    json_t *one;
    AUTO(answer_done) struct answer a = { 0 };
    path_kind(e, c->kind, "?limit=1000", path, sizeof path);
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path, .role = role }, &a, reterr);
    json_array_foreach(json_object_get(a.json, "items"), i, one) {
        const char *id = json_string_value(json_object_get(one, "id"));
        if (code == OK && id != NULL && strcmp(id, c->id) == 0)
            *ret = field_beyond(k, json_object_get(one, "fields"), granted);
    }
    return code;
}

enum code probe_sees(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct person *people;
    size_t n = charter_people(env_charter(e), &people), tried = 0;
    const struct canary *c = NULL;
    char path[256];
    enum code code = personal_canary(e, 0, &c, reterr);
    if (code != OK)
        return code;
    const struct kind *k = charter_kind_at(env_charter(e), c->kind);
    path_of(e, c, path, sizeof path);
    for (size_t i = 0; i < n; i++) {
        if (env_token(e, 0, people[i].name) == NULL || (int)i == charter_tenant(env_charter(e)))
            continue;
        AUTO(answer_done) struct answer a = { 0 };
        code = env_call(e, &(struct call){ .method = "GET", .path = path, .role = people[i].name }, &a, reterr);
        if (code != OK)
            return code;
        fieldset granted = 0;
        code = granted_now(e, (int)i, c, &granted, reterr);
        if (code != OK)
            return code;
        const char *beyond = a.status == 200 ? field_beyond(k, json_object_get(a.json, "fields"), granted) : NULL;
        if (beyond == NULL)
            code = listed_beyond(e, c, people[i].name, granted, &beyond, reterr);
        if (code != OK)
            return code;
        if (beyond != NULL)
            return SAY(v, false, "%s sees %s of %s, which no grant gives", people[i].name, beyond, k->name);
        tried++;
    }
    return SAY(v, tried > 0, "no personal field of %s beyond its grants is seen by %zu role%s", k->name, tried, ENDS(tried));
}

/* ---- one's own */

static enum code person_token(struct env *e, int person, const struct canary *self, char ret[128], struct err *reterr) {
    const struct person *people;
    json_t *made = NULL;
    charter_people(env_charter(e), &people);
    enum code code = env_control(e, "probe_token", json_pack("{s:I,s:s,s:s,s:s}", "tenant", (json_int_t)env_tenant(e, 0), "role", people[person].name,
                                 "kind", charter_kind_at(env_charter(e), self->kind)->name, "self", self->id), &made, reterr);
    if (code == OK)
        snprintf(ret, 128, "%s", json_string_value(json_object_get(made, "token")) ?: "");
    json_decref(made);
    return code;
}

/* Does the person's token read or list it, beyond what other grants give? *ret_field: what it shows, or NULL. */
static enum code own_beyond(struct env *e, int person, const char *token, const struct canary *other, const char **ret_field, struct err *reterr) {
    const struct kind *k = charter_kind_at(env_charter(e), other->kind);
    char path[256];
    fieldset granted = 0;
    bool listed = false;
    AUTO(answer_done) struct answer one = { 0 }, list = { 0 };
    path_of(e, other, path, sizeof path);
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path, .token = token }, &one, reterr);
    path_kind(e, other->kind, "?limit=1000", path, sizeof path);
    if (code == OK)
        code = env_call(e, &(struct call){ .method = "GET", .path = path, .token = token }, &list, reterr);
    if (code == OK)
        code = granted_now(e, person, other, &granted, reterr);
    if (code != OK)
        return code;
    listed = strstr(buf_str(&list.body), other->id) != NULL;
    *ret_field = granted == 0 && (one.status != 404 || listed) ? "something" : field_beyond(k, json_object_get(one.json, "fields"), granted);
    return OK;
}

/* A token of one person against the record of another, where the charter grants what is one's own without a link. */
static enum code own_by_token(struct env *e, const struct grant *g, size_t *tried, struct verdict_line *v, struct err *reterr) {
    const struct canary *self = NULL, *other = NULL;
    const struct kind *k = charter_kind_at(env_charter(e), g->kind);
    const char *field = NULL;
    char token[128] = "", path[256];
    AUTO(answer_done) struct answer own = { 0 };
    enum code code = canary_make(e, 0, g->kind, true, &self, reterr);
    if (code == OK)
        code = canary_make(e, 0, g->kind, true, &other, reterr);
    if (code == OK)
        code = person_token(e, g->person, self, token, reterr);
    if (code != OK)
        return code;
    path_of(e, self, path, sizeof path);
    code = env_call(e, &(struct call){ .method = "GET", .path = path, .token = token }, &own, reterr);
    if (code == OK && g->window.type == W_ALWAYS && own.status != 200)
        return SAY(v, false, "a person's own %s answered %d instead of 200", k->name, own.status);
    if (code == OK)
        code = own_beyond(e, g->person, token, other, &field, reterr);
    if (code == OK && field != NULL)
        return SAY(v, false, "a token of one person shows %s of another's %s", field, k->name);
    ++*tried;
    return code;
}

/* A private link gives all that is its person's own; of every kind that it may show, the record of somebody else lies beside it. */
static enum code own_by_link(struct env *e, int kind, size_t *tried, struct verdict_line *v, struct err *reterr) {
    const struct canary *self = NULL, *other = NULL;
    const struct kind *kinds;
    const struct grant *g;
    size_t n = charter_kinds(env_charter(e), &kinds), m = charter_sees(env_charter(e), &g);
    char path[256];
    json_t *made = NULL;
    enum code code = canary_make(e, 0, kind, true, &self, reterr);
    if (code == OK)
        code = env_control(e, "probe_link", json_pack("{s:I,s:s,s:s}", "tenant", (json_int_t)env_tenant(e, 0), "kind", kinds[kind].name, "id", self->id), &made, reterr);
    if (code != OK)
        return code;
    snprintf(path, sizeof path, "/p/%s/%s/data.json", env_service(e), json_string_value(json_object_get(made, "token")) ?: "");
    json_decref(made);
    for (size_t i = 0; i < n && code == OK; i++) {
        bool may = false;
        AUTO(answer_done) struct answer a = { 0 };
        for (size_t j = 0; j < m; j++)
            may |= g[j].understood && g[j].person == kinds[kind].about && g[j].kind == (int)i && g[j].of == OF_OWN;
        if (!may)
            continue;
        code = canary_make(e, 0, (int)i, true, &other, reterr);
        if (code == OK)
            code = env_call(e, &(struct call){ .method = "GET", .path = path, .role = "" }, &a, reterr);
        if (code == OK && (a.status != 200 || strstr(buf_str(&a.body), self->id) == NULL))
            return SAY(v, false, "a private link of a %s answered %d and does not show what is the person's own", kinds[kind].name, a.status);
        if (code == OK && strstr(buf_str(&a.body), other->id) != NULL)
            return SAY(v, false, "a private link of a %s shows a %s of somebody else", kinds[kind].name, kinds[i].name);
        ++*tried;
    }
    return code;
}

enum code probe_own(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct grant *g;
    size_t n = charter_sees(env_charter(e), &g), tried = 0;
    enum code code = OK;
    for (size_t i = 0; i < n && code == OK && !v->tried; i++) {
        if (!g[i].understood || g[i].of != OF_OWN || g[i].nothing_personal || (g[i].by_account && !g[i].by_link) || g[i].person == charter_tenant(env_charter(e)) ||
            charter_kind_at(env_charter(e), g[i].kind)->about != g[i].person)
            continue;
        code = g[i].by_link ? own_by_link(e, g[i].kind, &tried, v, reterr) : own_by_token(e, &g[i], &tried, v, reterr);
    }
    if (code != OK || v->tried)
        return code;
    return SAY(v, true, tried == 0 ? "the charter grants nobody but the tenant's staff what is their own" : "%zu time%s somebody else's record lay beside a person's own and stayed hidden", tried, ENDS(tried));
}

/* A grant by relation whose link is a reference field of the record itself, and the kind of the person behind it. */
static const struct grant *relation_grant(const struct charter *c, const struct relation **ret) {
    const struct grant *g;
    const struct relation *r;
    size_t n = charter_sees(c, &g), m = charter_relations(c, &r);
    for (size_t i = 0; i < n; i++)
        if (g[i].of == OF_RELATION && g[i].understood && g[i].relation >= 0 && (size_t)g[i].relation < m && r[g[i].relation].kind == g[i].kind) {
            const struct field *f = &charter_kind_at(c, g[i].kind)->fields[r[g[i].relation].field];
            if (f->type == T_REFERENCE && f->refers >= 0) {
                *ret = &r[g[i].relation];
                return &g[i];
            }
        }
    return NULL;
}

enum code probe_relations(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct relation *r = NULL;
    const struct grant *g = relation_grant(env_charter(e), &r);
    const struct canary *self = NULL, *mine = NULL, *other = NULL;
    char token[128] = "", path[256];
    if (g == NULL)
        return SAY(v, true, "the charter grants nothing by a relation that lies in the record itself");
    const struct field *link = &charter_kind_at(env_charter(e), g->kind)->fields[r->field];
    enum code code = canary_make(e, 0, link->refers, true, &self, reterr);
    if (code == OK)
        code = person_token(e, g->person, self, token, reterr);
    if (code == OK)
        code = canary_with(e, 0, g->kind, link->name, self->id, &mine, reterr);
    if (code == OK)
        code = canary_make(e, 0, g->kind, false, &other, reterr);
    if (code != OK)
        return code;
    AUTO(answer_done) struct answer with = { 0 }, without = { 0 };
    path_of(e, mine, path, sizeof path);
    code = env_call(e, &(struct call){ .method = "GET", .path = path, .token = token }, &with, reterr);
    path_of(e, other, path, sizeof path);
    if (code == OK)
        code = env_call(e, &(struct call){ .method = "GET", .path = path, .token = token }, &without, reterr);
    if (code != OK)
        return code;
    if (without.status != 404)
        return SAY(v, false, "a record without the relation \"%s\" answered %d instead of 404", r->name, without.status);
    if (g->window.type == W_ALWAYS && r->while_kind < 0 && with.status != 200)
        return SAY(v, false, "a record with the relation \"%s\" answered %d instead of 200", r->name, with.status);
    return SAY(v, true, "with the relation \"%s\": %d; without it: 404", r->name, with.status);
}

/* A text-like field that no limit or move is about, and that the person may not change. */
static const struct field *field_denied(const struct charter *c, int person, const struct kind *k, int kind) {
    const struct grant *g;
    size_t n = charter_changes(c, &g);
    fieldset may = 0;
    for (size_t i = 0; i < n; i++)
        if (g[i].person == person && g[i].kind == kind)
            may |= g[i].everything ? ~(fieldset)0 : g[i].fields;
    for (size_t i = 0; i < k->field_count; i++)
        if ((may & (fieldset)1 << i) == 0 && (k->fields[i].type == T_TEXT || k->fields[i].type == T_NAME) && k->fields[i].consent == NULL && !k->fields[i].outside)
            return &k->fields[i];
    return NULL;
}

enum code probe_changes(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct person *people;
    size_t n = charter_people(env_charter(e), &people), tried = 0;
    const struct canary *c = NULL;
    char path[256];
    enum code code = personal_canary(e, 0, &c, reterr);
    if (code != OK)
        return code;
    const struct kind *k = charter_kind_at(env_charter(e), c->kind);
    path_of(e, c, path, sizeof path);
    for (size_t i = 0; i < n && code == OK; i++) {
        const struct field *f = field_denied(env_charter(e), (int)i, k, c->kind);
        if ((int)i == charter_tenant(env_charter(e)) || f == NULL || env_token(e, 0, people[i].name) == NULL)
            continue;
        AUTO(answer_done) struct answer a = { 0 };
        json_t *now = NULL, *body = json_pack("{s:{s:s}}", "fields", f->name, "changed by the probe");
        code = env_call(e, &(struct call){ .method = "PATCH", .path = path, .role = people[i].name, .body = body, .headers = { "If-Match: *" } }, &a, reterr);
        json_decref(body);
        if (code == OK)
            code = value_now(e, c, f->name, &now, reterr);
        bool same = json_equal(now, json_object_get(c->fields, f->name));
        json_decref(now);
        if (code == OK && (a.status < 400 || !same))
            return SAY(v, false, "%s could change %s of %s (%d)", people[i].name, f->name, k->name, a.status);
        tried++;
    }
    return code != OK ? code : SAY(v, tried > 0, "changing a field that is not its own was refused to %zu role%s", tried, ENDS(tried));
}
