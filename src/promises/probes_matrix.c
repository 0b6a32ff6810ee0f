/* probes_matrix.c — the table of role, kind and verb, its empty cells: what no line of the charter gives is asked for and must be refused.
 * Which cells are empty is worked out here from the lines themselves, not by the decisions that are tried. */
#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "policy/policy.h"
#include "promises/probes.h"

#define CELLS_MOST 240u                       /* a sample, so that a run ends */

static bool grants_any(const struct grant *list, size_t n, int person, int kind) {
    for (size_t i = 0; i < n; i++)
        if (list[i].person == person && (list[i].nothing_personal || list[i].kind == kind))
            return true;
    return false;
}

static bool moves_any(const struct kind *k, int person) {
    for (size_t i = 0; i < k->move_count; i++)
        if ((k->moves[i].who >> person & 1) != 0)
            return true;
    return false;
}

/* A line that gives something under a condition leaves the cell out: other probes try conditions. */
static bool is_empty(const struct charter *c, int person, int kind, enum verb verb) {
    const struct grant *sees, *changes;
    size_t sees_n = charter_sees(c, &sees), changes_n = charter_changes(c, &changes);
    if (verb == V_READ || verb == V_EXPORT)
        return !grants_any(sees, sees_n, person, kind);
    return person != charter_tenant(c) && !grants_any(changes, changes_n, person, kind) && !moves_any(charter_kind_at(c, kind), person);
}

struct cell { const char *method, *tail, *type; bool record; };
static const struct cell doors[V_VERBS] = {
    [V_READ] = { "GET", "", NULL, false }, [V_CREATE] = { "POST", "", NULL, false }, [V_CHANGE] = { "PATCH", "", NULL, true }, [V_ERASE] = { "DELETE", "", NULL, true },
    [V_EXPORT] = { "POST", "/export", NULL, false }, [V_IMPORT] = { "POST", "/import", "application/x-ndjson", false },
};

/* A new value for a field: a change of nothing would be no change. */
static json_t *a_change(struct env *e, const struct kind *k) {
    for (size_t i = 0; i < k->field_count; i++) {
        json_t *v = canary_value(e, &k->fields[i]);
        if (v != NULL)
            return json_pack("{s:{s:o}}", "fields", k->fields[i].name, v);
    }
    return json_pack("{s:{}}", "fields");
}

static enum code cell_try(struct env *e, const char *role, int kind, enum verb verb, const char *id, int *ret, struct err *reterr) {
    const struct cell *d = &doors[verb];
    char path[320];
    json_t *body = NULL;
    AUTO(answer_done) struct answer a = { 0 };
    snprintf(path, sizeof path, "/v1/%s/%s%s%s%s", env_service(e), charter_kind_at(env_charter(e), kind)->name, d->record ? "/" : "", d->record ? id : "", d->tail);
    if (verb == V_CREATE || verb == V_CHANGE)
        body = a_change(e, charter_kind_at(env_charter(e), kind));
    else if (verb == V_EXPORT)
        body = json_object();
    struct call c = { .method = d->method, .path = path, .role = role, .body = body, .text = verb == V_IMPORT ? "{}\n" : NULL, .type = d->type, .headers = { d->record ? "If-Match: *" : NULL } };
    enum code code = env_call(e, &c, &a, reterr);
    json_decref(body);
    if (code == OK)
        *ret = a.status;
    return code;
}

/* A record of each kind, so that an address is one of something; "": there can be none by itself. */
static void record_of(struct env *e, int kind, char ret[UUID_TEXT]) {
    const struct canary *c = NULL;
    struct err ignored;
    snprintf(ret, UUID_TEXT, "%s", canary_make(e, 0, kind, false, &c, &ignored) == OK ? c->id : "00000000-0000-7000-8000-000000000000");
}

struct sample { size_t tried; };

/* As many of the empty cells as there is room for, by chance. */
static bool chosen(const struct sample *s, size_t all) {
    uint16_t dice;
    crypto_random(&dice, sizeof dice);
    return all <= CELLS_MOST || (s->tried < CELLS_MOST && dice % all < CELLS_MOST);
}

static size_t count_empty(struct env *e, const struct person *people, size_t n, size_t kinds) {
    size_t all = 0;
    for (size_t p = 0; p < n; p++)
        for (size_t k = 0; k < kinds && env_token(e, 0, people[p].name) != NULL; k++)
            for (int v = 0; v < V_VERBS; v++)
                all += is_empty(env_charter(e), (int)p, (int)k, (enum verb)v);
    return all;
}

static enum code kind_try(struct env *e, int kind, size_t all, struct sample *s, struct verdict_line *v, bool *ret_fine, struct err *reterr) {
    const struct person *people;
    size_t n = charter_people(env_charter(e), &people);
    char id[UUID_TEXT];
    record_of(e, kind, id);
    *ret_fine = true;
    for (size_t p = 0; p < n; p++)
        for (int verb = 0; verb < V_VERBS && env_token(e, 0, people[p].name) != NULL; verb++) {
            int status = 0;
            if (!is_empty(env_charter(e), (int)p, kind, (enum verb)verb) || !chosen(s, all))
                continue;
            enum code code = cell_try(e, people[p].name, kind, (enum verb)verb, id, &status, reterr);
            if (code != OK)
                return code;
            s->tried++;
            *ret_fine = status == 403 || status == 404 || (status == 422 && verb == V_CHANGE);      /* field by field, where the record is seen */
            if (!*ret_fine)
                return SAY(v, false, "%s may not %s %s, and that answered %d", people[p].name, verb_name((enum verb)verb), charter_kind_at(env_charter(e), kind)->name, status);
        }
    return OK;
}

enum code probe_access(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct person *people;
    const struct kind *kinds;
    size_t n = charter_people(env_charter(e), &people), count = charter_kinds(env_charter(e), &kinds);
    struct sample s = { 0 };
    size_t all = count_empty(e, people, n, count);
    bool fine = true;
    enum code code = OK;
    for (size_t k = 0; k < count && code == OK && fine; k++)
        code = kind_try(e, (int)k, all, &s, v, &fine, reterr);
    if (code != OK || !fine)
        return code;
    return SAY(v, s.tried > 0, "%zu of %zu cells of role, kind and verb that the charter leaves empty were refused", s.tried, all);
}
