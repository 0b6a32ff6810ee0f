/* canary.c — values that nobody has used, for every type of field; records made of them through the public API.
 * Texts are random, so that a search for them in files finds ours and nothing else. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "crypto/crypto.h"
#include "promises/probes.h"
#include "promises/run.h"

/* Random from its second letter on, so that the beginning of a personal value is like that of no other. */
static void canary_word(struct env *e, char *ret, size_t room) {
    uint8_t random[10];
    AUTO(buf_done) struct buf hex = BUF(64);
    e->serial++;
    crypto_random(random, sizeof random);
    hex_encode(random, sizeof random, &hex);
    snprintf(ret, room, "z%s", buf_str(&hex));
}

static json_t *value_text(struct env *e) { char w[64]; canary_word(e, w, sizeof w); return json_string(w); }

static json_t *value_email(struct env *e) {
    char w[64], text[128];
    canary_word(e, w, sizeof w);
    snprintf(text, sizeof text, "%s@probe.example", w);
    return json_string(text);
}

/* Polish mobile numbers of nine digits: the prefix 699 and six that grow from the run's seed. */
static json_t *value_phone(struct env *e) {
    char text[32];
    snprintf(text, sizeof text, "+48699%06llu", (unsigned long long)((e->seed + ++e->serial) % 1000000));
    return json_string(text);
}

static json_t *value_time(struct env *e) {
    char text[40];
    usec_t t = clock_now() / USEC_PER_SEC * USEC_PER_SEC + 30 * USEC_PER_DAY + (usec_t)(++e->serial % 5000) * USEC_PER_DAY;
    return json_string(time_format(t, text, sizeof text));
}

static json_t *value_date(struct env *e) {
    char text[40];
    usec_t t = clock_now() + (usec_t)(++e->serial % 300) * USEC_PER_DAY;
    time_format(t, text, sizeof text);
    text[10] = 0;
    return json_string(text);
}

static json_t *value_one_of(struct env *e, const struct field *f) {
    (void)e;
    return json_string(f->option_count > 0 ? f->options[0] : "");
}

json_t *canary_value(struct env *e, const struct field *f) {
    char w[64], text[160];
    switch (f->type) {
    case T_EMAIL: return value_email(e);
    case T_PHONE: return value_phone(e);
    case T_NAME: canary_word(e, w, sizeof w); snprintf(text, sizeof text, "Z%s Proba", w); return json_string(text);
    case T_ADDRESS: canary_word(e, w, sizeof w); snprintf(text, sizeof text, "%s 7, 00-001 Warszawa", w); return json_string(text);
    case T_NUMBER: return json_integer((json_int_t)(1 + ++e->serial % 90));
    case T_COUNTER: return json_integer((json_int_t)(++e->serial % 90));
    case T_MONEY: snprintf(text, sizeof text, "%llu.50", (unsigned long long)(1 + ++e->serial % 900)); return json_pack("{s:s,s:s}", "amount", text, "currency", "EUR");
    case T_TIME: return value_time(e);
    case T_DATE: return value_date(e);
    case T_YESNO: return json_true();
    case T_ONE_OF: return value_one_of(e, f);
    case T_PLACE: return json_pack("{s:f,s:f}", "lat", 52.0 + (double)(++e->serial % 1000) / 10000, "lon", 21.0);
    case T_JSON: canary_word(e, w, sizeof w); return json_pack("{s:s}", "note", w);
    case T_TEXT: return value_text(e);
    case T_REFERENCE: case T_FILE: case FIELD_TYPES: break;
    }
    return NULL;
}

/* A field that a later field's order depends on: ends after starts. The second of two instants that a limit or a name pairs. */
static void order_times(const struct kind *k, json_t *fields) {
    const char *first = NULL;
    for (size_t i = 0; i < k->field_count; i++) {
        const char *v = json_string_value(json_object_get(fields, k->fields[i].name));
        usec_t a, b;
        char text[40];
        if (k->fields[i].type != T_TIME || v == NULL)
            continue;
        if (first != NULL && time_parse(first, &a) && time_parse(v, &b)) {
            json_object_set_new(fields, k->fields[i].name, json_string(time_format(a + USEC_PER_HOUR, text, sizeof text)));
            v = json_string_value(json_object_get(fields, k->fields[i].name));
        }
        first = v;
    }
}

static enum code reference_value(struct env *e, int side, int kind, json_t **ret, struct err *reterr) {
    if (e->shared[side][kind] == NULL) {
        enum code code = canary_make(e, side, kind, false, &e->shared[side][kind], reterr);
        if (code != OK)
            return code;
    }
    *ret = json_string(e->shared[side][kind]->id);
    return OK;
}

/* The name by which the parent is given in the input: a reference field of that kind, or the parent kind's own name. */
static enum code parent_add(struct env *e, int side, const struct kind *k, bool fresh, json_t *fields, struct err *reterr) {
    const struct kind *p = charter_kind_at(env_charter(e), k->parent);
    json_t *id = NULL;
    if (fresh) {
        const struct canary *parent = NULL;
        enum code code = canary_make(e, side, k->parent, true, &parent, reterr);
        if (code != OK)
            return code;
        id = json_string(parent->id);
    } else {
        enum code code = reference_value(e, side, k->parent, &id, reterr);
        if (code != OK)
            return code;
    }
    json_object_set_new(fields, p->name, id);
    return OK;
}

enum code canary_input(struct env *e, int side, int kind, bool fresh, json_t **ret, struct err *reterr) {
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    json_t *fields = json_object(), *consents = json_object();
    enum code code = OK;
    if (k->parent >= 0)
        code = parent_add(e, side, k, fresh, fields, reterr);
    for (size_t i = 0; i < k->field_count && code == OK; i++) {
        const struct field *f = &k->fields[i];
        json_t *v = NULL;
        if (f->type == T_REFERENCE && f->refers >= 0 && f->refers != kind && json_object_get(fields, f->name) == NULL)
            code = reference_value(e, side, f->refers, &v, reterr);
        else if (f->type != T_REFERENCE)
            v = canary_value(e, f);
        if (v != NULL)
            json_object_set_new(fields, f->name, v);
        if (f->consent != NULL)
            json_object_set_new(consents, f->consent, json_true());
    }
    if (k->because != NULL && strncmp(k->because, "consent ", 8) == 0)
        json_object_set_new(consents, k->because + 8, json_true());
    order_times(k, fields);
    if (code == OK)
        *ret = json_pack("{s:O,s:O}", "fields", fields, "consents", consents);
    json_decref(fields);
    json_decref(consents);
    return code;
}

enum code canary_post(struct env *e, int side, int kind, json_t *input, struct answer *ret, struct err *reterr) {
    char path[256];
    snprintf(path, sizeof path, "/v1/%s/%s", env_service(e), charter_kind_at(env_charter(e), kind)->name);
    return env_call(e, &(struct call){ .method = "POST", .path = path, .side = side, .body = input }, ret, reterr);
}

static enum code canary_refused(const struct kind *k, const struct answer *a, struct err *reterr) {
    const char *why = json_string_value(json_object_get(a->json, "detail"));
    json_t *first = json_array_get(json_object_get(a->json, "errors"), 0);
    const char *at = json_string_value(json_object_get(first, "pointer"));
    return err_set(reterr, E_BROKEN, "making a %s for the probe answered %d: %s %s", k->name, a->status,
                   why == NULL ? "" : why, at == NULL ? "" : at);
}

enum code canary_of(struct env *e, int side, int kind, json_t *input, const struct canary **ret, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    enum code code = canary_post(e, side, kind, input, &a, reterr);
    if (code != OK)
        return code;
    const char *id = json_string_value(json_object_get(a.json, "id"));
    if (a.status != 201 || id == NULL || strlen(id) >= UUID_TEXT)
        return canary_refused(charter_kind_at(env_charter(e), kind), &a, reterr);
    struct canary *c = e->canary_count < CANARIES_MAX ? mem_new(sizeof *c) : NULL;
    if (c == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the records of the probes");
    c->kind = kind;
    snprintf(c->id, sizeof c->id, "%s", id);
    c->fields = json_incref(json_object_get(input, "fields"));
    c->consents = json_incref(json_object_get(input, "consents"));
    e->canaries[e->canary_count++] = c;
    *ret = c;
    return OK;
}

enum code canary_make(struct env *e, int side, int kind, bool fresh, const struct canary **ret, struct err *reterr) {
    json_t *input = NULL;
    enum code code = canary_input(e, side, kind, fresh, &input, reterr);
    if (code == OK)
        code = canary_of(e, side, kind, input, ret, reterr);
    json_decref(input);
    return code;
}

enum code canary_with(struct env *e, int side, int kind, const char *field, const char *value, const struct canary **ret, struct err *reterr) {
    json_t *input = NULL;
    enum code code = canary_input(e, side, kind, false, &input, reterr);
    if (code == OK) {
        json_object_set_new(json_object_get(input, "fields"), field, json_string(value));
        code = canary_of(e, side, kind, input, ret, reterr);
    }
    json_decref(input);
    return code;
}

int env_personal_kind(const struct env *e) {
    const struct kind *kinds;
    size_t n = charter_kinds(env_charter(e), &kinds);
    int best = -1, most = 0;
    for (size_t i = 0; i < n; i++) {
        int score = 0;
        for (size_t f = 0; f < kinds[i].field_count; f++)
            score += (kinds[i].fields[f].level > L_PLAIN ? 2 : 0) + ((kinds[i].fields[f].found & FIND_EXACT) != 0 && kinds[i].fields[f].level > L_PLAIN ? 10 : 0);
        if (kinds[i].form != NULL)
            score += 5;
        if (scan_looks_for(&kinds[i]) && score > most) {
            most = score;
            best = (int)i;
        }
    }
    return best;
}
