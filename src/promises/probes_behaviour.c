/* probes_behaviour.c — what the charter says of the behaviour of records: schema, consents, limits, moves, numbers. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "policy/policy.h"
#include "promises/probes.h"

/* The first kind of which `has` is true; -1: none. */
static int kind_with(const struct charter *c, bool (*has)(const struct kind *k)) {
    const struct kind *k;
    size_t n = charter_kinds(c, &k);
    for (size_t i = 0; i < n; i++)
        if (has(&k[i]))
            return (int)i;
    return -1;
}

static const struct limit *limit_of(const struct kind *k, enum limit_type type) {
    for (size_t i = 0; i < k->limit_count; i++)
        if (k->limits[i].type == type)
            return &k->limits[i];
    return NULL;
}

static const struct limit *limit_must(const struct kind *k, enum limit_type type) {
    const struct limit *l = limit_of(k, type);
    PRE(l != NULL);
    return l;
}

static bool has_capacity(const struct kind *k) { return limit_of(k, LIMIT_CAPACITY) != NULL; }
static bool has_unique(const struct kind *k) { return limit_of(k, LIMIT_UNIQUE) != NULL; }
static bool has_overlap(const struct kind *k) { return limit_of(k, LIMIT_NO_OVERLAP) != NULL; }
static bool has_moves(const struct kind *k) { return k->move_count > 0; }
static bool has_number(const struct kind *k) { return k->number.set; }
static bool has_consent(const struct kind *k) {
    if (k->because != NULL && strncmp(k->because, "consent ", 8) == 0)
        return true;
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].consent != NULL)
            return true;
    return false;
}

static enum code expect(struct env *e, int kind, json_t *input, int want, const char *what, struct verdict_line *v, bool *ret_fine, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    enum code code = canary_post(e, 0, kind, input, &a, reterr);
    json_decref(input);
    *ret_fine = code == OK && a.status == want;
    if (code == OK && !*ret_fine)
        (void)SAY(v, false, "%s answered %d instead of %d", what, a.status, want);
    return code;
}

enum code probe_schema(struct env *e, struct verdict_line *v, struct err *reterr) {
    int kind = env_personal_kind(e);
    bool fine = false;
    json_t *input = NULL;
    if (kind < 0)
        kind = 0;
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    enum code code = canary_input(e, 0, kind, false, &input, reterr);
    if (code != OK)
        return code;
    json_object_set_new(json_object_get(input, "fields"), "not_in_the_charter", json_string("x"));
    code = expect(e, kind, input, 422, "a field that is not declared", v, &fine, reterr);
    for (size_t i = 0; i < k->field_count && code == OK && fine; i++) {
        if (k->fields[i].type == T_JSON || k->fields[i].type == T_FILE)
            continue;
        code = canary_input(e, 0, kind, false, &input, reterr);
        if (code != OK)
            return code;
        json_object_set_new(json_object_get(input, "fields"), k->fields[i].name, json_pack("[[i]]", 7));
        code = expect(e, kind, input, 422, "a value of the wrong type", v, &fine, reterr);
    }
    return code != OK || !fine ? code : SAY(v, true, "an undeclared field and wrong types of %zu field%s of %s answered 422", k->field_count, ENDS(k->field_count), k->name);
}

static bool has_use(const struct kind *k) {
    for (size_t i = 0; i < k->consent_count; i++)
        if (k->consents[i].purpose >= 0)
            return true;
    return false;
}

/* The status of reading a record without the consent that a purpose of its kind needs, for that purpose; 403 where no kind has one. */
static enum code use_tried(struct env *e, int *ret, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    const struct canary *c = NULL;
    char path[256], header[600];
    int kind = kind_with(env_charter(e), has_use);
    size_t n = 0;
    *ret = 403;
    if (kind < 0)
        return OK;
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    while (k->consents[n].purpose < 0)
        n++;
    enum code code = canary_make(e, 0, kind, false, &c, reterr);
    if (code != OK)
        return code;
    snprintf(path, sizeof path, "/v1/%s/%s/%s", env_service(e), k->name, c->id);
    snprintf(header, sizeof header, "Sejf-Purpose: %s", purpose_name(k, k->consents[n].purpose));
    code = env_call(e, &(struct call){ .method = "GET", .path = path, .headers = { header } }, &a, reterr);
    *ret = a.status;
    return code;
}

enum code probe_consent(struct env *e, struct verdict_line *v, struct err *reterr) {
    int kind = kind_with(env_charter(e), has_consent);
    bool fine = false;
    int used = 0;
    json_t *input = NULL;
    enum code code = use_tried(e, &used, reterr);
    if (code != OK || used != 403)
        return code != OK ? code : SAY(v, false, "reading for a purpose without the consent that it needs answered %d", used);
    if (kind < 0)
        return SAY(v, true, kind_with(env_charter(e), has_use) < 0 ? "the charter has nothing that needs a consent" : "reading for a purpose without the consent that it needs answered 403");
    code = canary_input(e, 0, kind, false, &input, reterr);
    if (code != OK)
        return code;
    json_object_clear(json_object_get(input, "consents"));
    code = expect(e, kind, input, 422, "what needs a consent without it", v, &fine, reterr);
    return code != OK || !fine ? code : SAY(v, true, "a %s without the consent that it needs answered 422", charter_kind_at(env_charter(e), kind)->name);
}

/* A parent with room for two, made for this probe. */
static enum code small_parent(struct env *e, const struct kind *k, const struct limit *l, const struct canary **ret, struct err *reterr) {
    json_t *input = NULL;
    const struct kind *p = charter_kind_at(env_charter(e), k->parent);
    enum code code = canary_input(e, 0, k->parent, false, &input, reterr);
    if (code == OK) {
        json_object_set_new(json_object_get(input, "fields"), p->fields[l->capacity_field].name, json_integer(2));
        code = canary_of(e, 0, k->parent, input, ret, reterr);
    }
    json_decref(input);
    return code;
}

#define PLACES_TRIED 50                      /* a fixed number of more places is not filled */

enum code probe_capacity(struct env *e, struct verdict_line *v, struct err *reterr) {
    int kind = kind_with(env_charter(e), has_capacity), full = 0, other = 0;
    if (kind < 0)
        return SAY(v, true, "the charter has no limit of places");
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    const struct limit *l = limit_must(k, LIMIT_CAPACITY);
    const struct canary *parent = NULL;
    int places = l->capacity < 0 ? 2 : l->capacity > PLACES_TRIED ? PLACES_TRIED + 1 : (int)l->capacity;
    if (k->parent < 0 || places > PLACES_TRIED)
        return SAY(v, l->capacity < 1000000, "the limit is the fixed number %lld, which is too many to fill", (long long)l->capacity);
    const struct field *state = &k->fields[l->state_field];
    enum code code = l->capacity < 0 ? small_parent(e, k, l, &parent, reterr) : canary_make(e, 0, k->parent, true, &parent, reterr);
    for (int i = 0; i < places + 2 && code == OK; i++) {
        json_t *input = NULL;
        AUTO(answer_done) struct answer a = { 0 };
        code = canary_input(e, 0, kind, false, &input, reterr);
        if (code != OK)
            break;
        json_object_set_new(json_object_get(input, "fields"), charter_kind_at(env_charter(e), k->parent)->name, json_string(parent->id));
        json_object_del(json_object_get(input, "fields"), state->name);
        code = canary_post(e, 0, kind, input, &a, reterr);
        json_decref(input);
        const char *got = json_string_value(json_object_get(json_object_get(a.json, "fields"), state->name));
        if (code == OK && a.status == 201 && got != NULL && strcmp(got, state->options[l->full_option]) == 0)
            full++;
        else
            other++;
    }
    if (code != OK)
        return code;
    return SAY(v, full == places && other == 2, "of %d records for %d places %d took one and %d did not", places + 2, places, full, other);
}

enum code probe_unique(struct env *e, struct verdict_line *v, struct err *reterr) {
    int kind = kind_with(env_charter(e), has_unique);
    bool fine = false;
    json_t *input = NULL;
    const struct canary *c = NULL;
    if (kind < 0)
        return SAY(v, true, "the charter has no rule that allows one only");
    enum code code = canary_input(e, 0, kind, false, &input, reterr);
    if (code == OK)
        code = canary_of(e, 0, kind, input, &c, reterr);
    if (code != OK) {
        json_decref(input);
        return code;
    }
    code = expect(e, kind, input, 409, "a second record with the same values", v, &fine, reterr);
    return code != OK || !fine ? code : SAY(v, true, "a second %s with the same values answered 409", charter_kind_at(env_charter(e), kind)->name);
}

/* The same span, but that it begins a minute later and so lies within the first one. */
static void begin_later(json_t *fields, const char *name) {
    const char *text = json_string_value(json_object_get(fields, name));
    char later[40];
    usec_t at;
    if (text != NULL && time_parse(text, &at))
        json_object_set_new(fields, name, json_string(time_format(at + USEC_PER_MINUTE, later, sizeof later)));
}

enum code probe_overlap(struct env *e, struct verdict_line *v, struct err *reterr) {
    int kind = kind_with(env_charter(e), has_overlap);
    bool fine = false;
    json_t *first = NULL, *second = NULL;
    const struct canary *c = NULL;
    if (kind < 0)
        return SAY(v, true, "the charter has no rule against overlaps");
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    const struct limit *l = limit_must(k, LIMIT_NO_OVERLAP);
    enum code code = canary_input(e, 0, kind, false, &first, reterr);
    if (code == OK)
        code = canary_input(e, 0, kind, false, &second, reterr);
    for (size_t i = 0; i < k->field_count && code == OK; i++)       /* same people or things, same time; all else differs */
        if ((l->overlap & (fieldset)1 << i) != 0 || (int)i == l->from_field || (int)i == l->to_field)
            json_object_set(json_object_get(second, "fields"), k->fields[i].name, json_object_get(json_object_get(first, "fields"), k->fields[i].name));
    if (code == OK && l->to_field >= 0)
        begin_later(json_object_get(second, "fields"), k->fields[l->from_field].name);
    if (code == OK)
        code = canary_of(e, 0, kind, first, &c, reterr);
    json_decref(first);
    if (code != OK) {
        json_decref(second);
        return code;
    }
    code = expect(e, kind, second, 409, "a second record at the same time", v, &fine, reterr);
    return code != OK || !fine ? code : SAY(v, true, "a second %s at the same time answered 409", k->name);
}

static bool move_declared(const struct kind *k, int field, int from, int to) {
    for (size_t i = 0; i < k->move_count; i++)
        if (k->moves[i].field == field && k->moves[i].from == from && k->moves[i].to == to)
            return true;
    return false;
}

/* The state that the record has now, and one to which no move leads from it. */
static int state_forbidden(const struct kind *k, int field, int now) {
    for (size_t to = 0; to < k->fields[field].option_count; to++)
        if ((int)to != now && !move_declared(k, field, now, (int)to))
            return (int)to;
    return -1;
}

static enum code move_try(struct env *e, const struct canary *c, const struct field *f, const char *to, int *ret_status, char *ret_now, size_t room, struct err *reterr) {
    char path[256];
    AUTO(answer_done) struct answer a = { 0 }, after = { 0 };
    snprintf(path, sizeof path, "/v1/%s/%s/%s", env_service(e), charter_kind_at(env_charter(e), c->kind)->name, c->id);
    json_t *body = to == NULL ? NULL : json_pack("{s:{s:s}}", "fields", f->name, to);
    enum code code = body == NULL ? OK : env_call(e, &(struct call){ .method = "PATCH", .path = path, .body = body, .headers = { "If-Match: *" } }, &a, reterr);
    json_decref(body);
    if (code == OK)
        code = env_call(e, &(struct call){ .method = "GET", .path = path }, &after, reterr);
    if (code != OK)
        return code;
    *ret_status = a.status;
    snprintf(ret_now, room, "%s", json_string_value(json_object_get(json_object_get(after.json, "fields"), f->name)) ?: "");
    return OK;
}

enum code probe_moves(struct env *e, struct verdict_line *v, struct err *reterr) {
    int kind = kind_with(env_charter(e), has_moves), status = 0;
    char now[128] = "", after[128] = "";
    const struct canary *c = NULL;
    if (kind < 0)
        return SAY(v, true, "the charter declares no moves");
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    const struct field *f = &k->fields[k->moves[0].field];
    enum code code = canary_make(e, 0, kind, true, &c, reterr);
    if (code == OK)
        code = move_try(e, c, f, NULL, &status, now, sizeof now, reterr);
    if (code != OK)
        return code;
    int from = field_option(f, now), to = from < 0 ? -1 : state_forbidden(k, k->moves[0].field, from);
    if (to < 0)
        return SAY(v, from >= 0, "every move from %s is declared", from < 0 ? "an unknown state" : now);
    code = move_try(e, c, f, f->options[to], &status, after, sizeof after, reterr);
    if (code != OK)
        return code;
    return SAY(v, status >= 400 && strcmp(now, after) == 0, "%s to %s, which is not declared, answered %d", now, f->options[to], status);
}

/* The digits at the end of a number. */
static bool number_tail(const char *text, const struct number_format *n, int64_t *ret) {
    size_t len = text == NULL ? 0 : strlen(text), digits = 0;
    while (digits < len && text[len - 1 - digits] >= '0' && text[len - 1 - digits] <= '9')
        digits++;
    return digits >= (size_t)n->digits && text_int_n(text + len - digits, digits, 0, INT64_MAX, ret) &&
           (n->prefix == NULL || strncmp(text, n->prefix, strlen(n->prefix)) == 0);
}

enum code probe_numbers(struct env *e, struct verdict_line *v, struct err *reterr) {
    int kind = kind_with(env_charter(e), has_number);
    int64_t got[3] = { 0 };
    if (kind < 0)
        return SAY(v, true, "the charter numbers nothing");
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    for (int i = 0; i < 3; i++) {
        json_t *input = NULL;
        AUTO(answer_done) struct answer a = { 0 };
        enum code code = canary_input(e, 0, kind, false, &input, reterr);
        if (code == OK)
            code = canary_post(e, 0, kind, input, &a, reterr);
        json_decref(input);
        if (code != OK)
            return code;
        if (!number_tail(json_string_value(json_object_get(a.json, "number")), &k->number, &got[i]))
            return SAY(v, false, "a new %s has no number in its declared form (%d)", k->name, a.status);
    }
    bool fine = k->number.gapless ? got[1] == got[0] + 1 && got[2] == got[1] + 1 : got[1] > got[0] && got[2] > got[1];
    return SAY(v, fine, "three new %s have the numbers %lld, %lld, %lld", k->name, (long long)got[0], (long long)got[1], (long long)got[2]);
}
