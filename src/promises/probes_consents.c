/* probes_consents.c — consents that are withdrawn, purposes that are objected to, records that are restricted or wait for their address. */
#include <stdio.h>
#include <string.h>

#include "policy/policy.h"
#include "promises/probes.h"

static void path_of(struct env *e, const struct canary *c, char *ret, size_t room) {
    snprintf(ret, room, "/v1/%s/%s/%s", env_service(e), charter_kind_at(env_charter(e), c->kind)->name, c->id);
}

/* The status of reading the record, as the tenant's own role; ground: a header, or NULL. */
static enum code read_status(struct env *e, const struct canary *c, const char *purpose, const char *ground, int *ret, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    char path[256], header[600];
    path_of(e, c, path, sizeof path);
    snprintf(header, sizeof header, "Sejf-Purpose: %s", purpose == NULL ? "" : purpose);
    struct call call = { .method = "GET", .path = path, .headers = { purpose != NULL ? header : ground, purpose != NULL ? ground : NULL } };
    enum code code = env_call(e, &call, &a, reterr);
    *ret = a.status;
    return code;
}

/* Does the list of the kind name it? */
static enum code listed(struct env *e, const struct canary *c, bool *ret, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    char path[256];
    snprintf(path, sizeof path, "/v1/%s/%s?limit=1000", env_service(e), charter_kind_at(env_charter(e), c->kind)->name);
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path }, &a, reterr);
    *ret = strstr(buf_str(&a.body), c->id) != NULL;
    return code;
}

static enum code told(struct env *e, const char *what, json_t *body, int *ret, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    char path[128];
    snprintf(path, sizeof path, "/v1/tenants/%lld/%s", (long long)env_tenant(e, 0), what);
    enum code code = body == NULL ? err_set(reterr, E_MEMORY, "no memory for a probe") : env_call(e, &(struct call){ .method = "POST", .path = path, .body = body }, &a, reterr);
    json_decref(body);
    *ret = a.status;
    return code;
}

static json_t *of_record(struct env *e, const struct canary *c, const char *member, const char *value) {
    char record[160];
    snprintf(record, sizeof record, "%s/%s", charter_kind_at(env_charter(e), c->kind)->name, c->id);
    return json_pack("{s:s, s:s*}", "record", record, member, value);
}

/* A kind that is about somebody, is used for something, and that the tenant's own role reads; with an address before one without. */
static int kind_used(struct env *e) {
    const struct kind *k;
    size_t n = charter_kinds(env_charter(e), &k);
    struct caller own = { .tenant = env_tenant(e, 0), .person = charter_tenant(env_charter(e)), .subject_kind = -1 };
    int best = -1;
    for (size_t i = 0; i < n; i++) {
        bool address = false;
        for (size_t f = 0; f < k[i].field_count; f++)
            address = address || (k[i].fields[f].type == T_EMAIL && k[i].fields[f].level != L_PLAIN);
        if (k[i].about >= 0 && k[i].used_for_count > 0 && policy_kind(env_charter(e), &own, (int)i, V_READ).any && (best < 0 || address))
            best = address ? (int)i : best < 0 ? (int)i : best;
        if (best == (int)i && address)
            break;
    }
    return best;
}

/* ---- objection */
enum code probe_objection(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct canary *c = NULL;
    int kind = kind_used(e), before = 0, made = 0, after = 0, other = 0;
    bool shows = true;
    if (kind < 0)
        return SAY(v, true, "the charter holds nothing about people that is used for a purpose");
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    const char *purpose = purpose_name(k, 0);
    enum code code = canary_make(e, 0, kind, false, &c, reterr);
    if (code == OK)
        code = read_status(e, c, purpose, NULL, &before, reterr);
    if (code == OK)
        code = told(e, "objections", of_record(e, c, "purpose", purpose), &made, reterr);
    if (code == OK)
        code = read_status(e, c, purpose, NULL, &after, reterr);
    if (code == OK)
        code = listed(e, c, &shows, reterr);
    if (code == OK && k->used_for_count > 1)
        code = read_status(e, c, purpose_name(k, 1), NULL, &other, reterr);
    if (code != OK)
        return code;
    if (before != 200 || made != 200)
        return SAY(v, false, "an objection could not be made: the record answered %d, the objection %d", before, made);
    if (after == 200 || shows)
        return SAY(v, false, "%s after the objection", shows ? "it stands in the list" : "the record was read");
    if (k->used_for_count > 1 && other != 200)
        return SAY(v, false, "the objection to one purpose ended another, too (%d)", other);
    return SAY(v, true, "reading and listing left the record out from the next call on%s", k->used_for_count > 1 ? "; its other purpose goes on" : "");
}

/* ---- restriction */
struct restricted { int set, own, ground, early, notified, lifted, after; bool shows; };

static enum code restriction_tried(struct env *e, const struct canary *c, struct restricted *r, struct err *reterr) {
    char now[40];
    enum code code = told(e, "restrictions", of_record(e, c, "told", NULL), &r->set, reterr);
    if (code == OK)
        code = read_status(e, c, NULL, NULL, &r->own, reterr);
    if (code == OK)
        code = listed(e, c, &r->shows, reterr);
    if (code == OK)
        code = read_status(e, c, NULL, "Sejf-Ground: claims", &r->ground, reterr);
    if (code == OK)
        code = told(e, "restrictions/lift", of_record(e, c, "told", NULL), &r->early, reterr);
    if (code == OK && r->early != 204)
        code = told(e, "restrictions/told", of_record(e, c, "told", time_format(clock_now(), now, sizeof now)), &r->notified, reterr);
    if (code == OK && r->early != 204)
        code = told(e, "restrictions/lift", of_record(e, c, "told", NULL), &r->lifted, reterr);
    return code == OK ? read_status(e, c, NULL, NULL, &r->after, reterr) : code;
}

enum code probe_restriction(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct canary *c = NULL;
    struct restricted r = { 0 };
    int kind = kind_used(e);
    if (kind < 0)
        kind = env_personal_kind(e);
    if (kind < 0)
        return SAY(v, true, "the charter holds nothing about people");
    enum code code = canary_make(e, 0, kind, false, &c, reterr);
    if (code == OK)
        code = restriction_tried(e, c, &r, reterr);
    if (code != OK)
        return code;
    if (r.set != 204)
        return SAY(v, false, "a restriction could not be set (%d)", r.set);
    if (r.own == 200 || r.shows)
        return SAY(v, false, "a restricted record %s", r.shows ? "stands in the list" : "was read without a ground");
    if (r.early == 204)
        return SAY(v, false, "it was lifted before the person was told");
    if (r.ground != 200 || r.lifted != 204 || r.after != 200)
        return SAY(v, false, "with a ground it answered %d, the lifting %d, the record after it %d", r.ground, r.lifted, r.after);
    return SAY(v, true, "it is in no list and opens only with a ground; it was lifted after the person was told and not before");
}

/* ---- consents */
/* A consent that a record of the kind rests on, or that some of its fields need; *ret_field: the first of these, -1: the whole record. */
static const char *consent_of(const struct kind *k, int *ret_field) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].consent != NULL && k->fields[i].type != T_FILE) {
            *ret_field = (int)i;
            return k->fields[i].consent;
        }
    return NULL;
}

static const char *whole_consent(const struct kind *k) { return k->because != NULL && strncmp(k->because, "consent ", 8) == 0 ? k->because + 8 : NULL; }

/* The record with the consent given, then taken back; *ret_there: does what rests on it still show? */
static enum code withdrawn(struct env *e, int kind, const char *consent, int field, bool *ret_before, bool *ret_there, struct err *reterr) {
    const struct canary *c = NULL;
    json_t *input = NULL;
    char path[256];
    const char *name = field < 0 ? NULL : charter_kind_at(env_charter(e), kind)->fields[field].name;
    AUTO(answer_done) struct answer first = { 0 }, change = { 0 }, then = { 0 };
    enum code code = canary_input(e, 0, kind, false, &input, reterr);
    if (code == OK) {
        json_t *consents = json_object_get(input, "consents");
        if (consents == NULL)
            json_object_set_new(input, "consents", consents = json_object());
        json_object_set_new(consents, consent, json_true());
        code = canary_of(e, 0, kind, input, &c, reterr);
    }
    json_decref(input);
    if (code != OK)
        return code;
    path_of(e, c, path, sizeof path);
    code = env_call(e, &(struct call){ .method = "GET", .path = path }, &first, reterr);
    json_t *patch = json_pack("{s:{s:b}}", "consents", consent, 0);
    if (code == OK)
        code = env_call(e, &(struct call){ .method = "PATCH", .path = path, .body = patch }, &change, reterr);
    json_decref(patch);
    if (code == OK)
        code = env_call(e, &(struct call){ .method = "GET", .path = path }, &then, reterr);
    *ret_before = first.status == 200 && (name == NULL || json_object_get(json_object_get(first.json, "fields"), name) != NULL);
    *ret_there = then.status == 200 && (name == NULL || json_object_get(json_object_get(then.json, "fields"), name) != NULL);
    return code;
}

enum code probe_withdrawal(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct kind *k;
    size_t n = charter_kinds(env_charter(e), &k), fields = 0, whole = 0;
    enum code code = OK;
    for (size_t i = 0; i < n; i++) {
        int field = -1;
        const char *consent = consent_of(&k[i], &field), *all = whole_consent(&k[i]);
        bool before = true, there = false;
        if (code == OK && consent != NULL && ++fields > 0)
            code = withdrawn(e, (int)i, consent, field, &before, &there, reterr);
        if (code == OK && all != NULL && before && !there && ++whole > 0)
            code = withdrawn(e, (int)i, all, -1, &before, &there, reterr);
        if (code != OK)
            return code;
        if (!before || there)
            return SAY(v, false, before ? "%s still shows what rests on a consent that was withdrawn" : "%s did not show what its consent allows", k[i].name);
    }
    if (fields + whole == 0)
        return SAY(v, true, "the charter rests nothing on a consent");
    return SAY(v, true, "one call each took back consents (of fields: %zu, of whole records: %zu), and nothing that rested on them was left", fields, whole);
}

/* ---- double opt-in */
static enum code by_form(struct env *e, int kind, struct canary *ret, struct err *reterr) {
    json_t *input = NULL, *made = NULL;
    enum code code = canary_input(e, 0, kind, false, &input, reterr);
    if (code == OK)
        code = env_control(e, "probe_form", json_pack("{s:I, s:s, s:o}", "tenant", (json_int_t)env_tenant(e, 0), "kind", charter_kind_at(env_charter(e), kind)->name, "input", input), &made, reterr);
    ret->kind = kind;
    snprintf(ret->id, sizeof ret->id, "%s", json_string_value(json_object_get(made, "id")) ?: "");
    json_decref(made);
    return code;
}

static enum code confirm(struct env *e, const struct canary *c, struct err *reterr) {
    json_t *made = NULL;
    enum code code = env_control(e, "probe_confirm", json_pack("{s:I, s:s, s:s}", "tenant", (json_int_t)env_tenant(e, 0), "kind", charter_kind_at(env_charter(e), c->kind)->name, "id", c->id), &made, reterr);
    json_decref(made);
    return code;
}

enum code probe_opt_in(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct kind *k;
    size_t n = charter_kinds(env_charter(e), &k), i = 0;
    struct canary c = { 0 };
    int before = 0, after = 0;
    bool shows = true;
    while (i < n && !k[i].confirmed)
        i++;
    if (i == n)
        return SAY(v, true, "no form of the charter asks for a confirmation");
    enum code code = by_form(e, (int)i, &c, reterr);
    if (code == OK)
        code = read_status(e, &c, NULL, NULL, &before, reterr);
    if (code == OK)
        code = listed(e, &c, &shows, reterr);
    if (code == OK && before == 200)
        return SAY(v, false, "what a form made was read before its address had confirmed it");
    if (code == OK)
        code = confirm(e, &c, reterr);
    if (code == OK)
        code = read_status(e, &c, NULL, NULL, &after, reterr);
    if (code != OK)
        return code;
    if (shows || after != 200)
        return SAY(v, false, shows ? "it stands in the list before its address has confirmed it" : "it was not there after its address had confirmed it (%d)", after);
    return SAY(v, true, "what a form made was in no list and could not be read until its address had confirmed it");
}
