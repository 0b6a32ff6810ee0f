/* input.c — closed schema: a name that the charter does not know is a mistake, with the nearest one that it knows. */
#include "records/input.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define PATH_TEXT 96
static void path_of(const char *name, char ret[PATH_TEXT]) {
    size_t n = 0;
    ret[n++] = '/';
    for (; *name != 0 && n < PATH_TEXT - 3; name++) {          /* RFC 6901 */
        if (*name == '~' || *name == '/') {
            ret[n++] = '~';
            ret[n++] = *name == '~' ? '0' : '1';
        } else if ((unsigned char)*name >= 0x20)
            ret[n++] = *name;
    }
    ret[n] = 0;
}

bool input_name_shown(const char *name) {
    return strnlen(name, 41) <= 40 && name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-")] == 0;
}

static void unknown(const struct service *s, const struct kind_info *k, const char *name, struct mistakes *m) {
    char path[PATH_TEXT];
    const char *best = NULL;
    unsigned least = 3;
    for (size_t i = 0; i < k->kind->field_count; i++) {
        unsigned d = text_distance(name, k->kind->fields[i].name);
        if (d < least) {
            least = d;
            best = k->kind->fields[i].name;
        }
    }
    if (k->kind->parent >= 0 && text_distance(name, service_kind(s, k->kind->parent)->kind->name) < least)
        best = service_kind(s, k->kind->parent)->kind->name;
    path_of(input_name_shown(name) ? name : "", path);
    mistakes_add(m, path, best == NULL ? SAYS_unknown : SAYS_unknown_near, best);
}

static bool is_parent(const struct service *s, const struct kind_info *k, const char *name) {
    return k->kind->parent >= 0 && strcmp(name, service_kind(s, k->kind->parent)->kind->name) == 0;
}

static void take_parent(const char *name, const struct raw *raw, struct mistakes *m, struct input *in) {
    char path[PATH_TEXT];
    in->has_parent = raw->type == RAW_TEXT && raw->len == UUID_TEXT - 1 && uuid_parse(raw->text, &in->parent);
    path_of(name, path);
    if (!in->has_parent)
        mistakes_add(m, path, SAYS_reference, NULL);
}

enum code input_take(const struct service *s, const struct kind_info *k, const char *name, const struct raw *raw, struct arena *arena,
                     struct mistakes *m, struct input *in, struct err *reterr) {
    struct say why = { 0 };
    char path[PATH_TEXT];
    int f = kind_field(k->kind, name);
    if (f < 0) {
        if (is_parent(s, k, name))
            take_parent(name, raw, m, in);
        else if (rule_on(RULE_schema_closed))
            unknown(s, k, name, m);
        return OK;
    }
    in->given |= (fieldset)1 << f;
    path_of(name, path);
    if (!value_read(&k->kind->fields[f], raw, &s->rules, arena, &in->values[f], &why)) {
        if (why.says == SAYS_OK)
            return err_set(reterr, E_MEMORY, "no memory for the fields of a request");
        mistakes_add_say(m, path, &why);
        return OK;
    }
    return OK;
}

int consent_index(const struct kind_info *k, const char *name) {
    for (size_t i = 0; i < k->consent_count; i++)
        if (strcmp(k->consents[i], name) == 0)
            return (int)i;
    return -1;
}

static void take_consent(const struct kind_info *k, const char *name, bool given, struct mistakes *m, struct input *in) {
    int i = consent_index(k, name);
    if (i < 0) {
        mistakes_add(m, "/consents", SAYS_no_consent, NULL);
        return;
    }
    in->consent_named[i] = true;
    in->consent_given[i] = given;
}

/* {"diet": true}, or a list of the names that are given. */
static void take_consents(const struct kind_info *k, json_t *consents, struct mistakes *m, struct input *in) {
    const char *name;
    json_t *v;
    size_t i;
    if (json_is_null(consents) || consents == NULL)
        return;
    if (!json_is_object(consents) && !json_is_array(consents)) {
        mistakes_add(m, "/consents", SAYS_object, NULL);
        return;
    }
    json_object_foreach(consents, name, v) {
        if (!json_is_boolean(v))
            mistakes_add(m, "/consents", SAYS_yesno, NULL);
        else
            take_consent(k, name, json_is_true(v), m, in);
    }
    json_array_foreach(consents, i, v) {
        if (!json_is_string(v))
            mistakes_add(m, "/consents", SAYS_text, NULL);
        else
            take_consent(k, json_string_value(v), true, m, in);
    }
}

enum code input_read(const struct service *s, const struct kind_info *k, json_t *fields, json_t *consents, struct arena *arena,
                     struct mistakes *m, struct input *ret, struct err *reterr) {
    const char *name;
    json_t *v;
    *ret = (struct input){ 0 };
    if (!json_is_object(fields)) {
        mistakes_add(m, "", SAYS_object, NULL);
        return OK;
    }
    bool inner = consents == NULL && kind_field(k->kind, "consents") < 0;
    json_object_foreach(fields, name, v) {
        if (inner && strcmp(name, "consents") == 0) {
            consents = v;
            continue;
        }
        struct raw raw = raw_json(v);
        enum code code = input_take(s, k, name, &raw, arena, m, ret, reterr);
        if (code != OK)
            return code;
    }
    take_consents(k, consents, m, ret);
    return OK;
}

void input_allow(const struct kind_info *k, const struct input *in, fieldset allowed, struct mistakes *m) {
    char path[PATH_TEXT];
    for (size_t i = 0; i < k->kind->field_count; i++)
        if ((in->given & ~allowed) >> i & 1) {
            path_of(k->kind->fields[i].name, path);
            mistakes_add(m, path, SAYS_not_yours, NULL);
        }
}

/* ---- a new record */
static bool start_at(const struct field *f, int option, struct arena *arena, struct value *ret) {
    struct raw raw = raw_cell(f->options[option], strlen(f->options[option]), false);
    struct say why = { 0 };
    return value_read(f, &raw, &(struct value_rules){ NULL }, arena, ret, &why);
}

static void consents_put(const struct kind_info *k, const struct input *in, usec_t now, struct record *r) {
    for (size_t i = 0; i < k->kind->part_count; i++) {
        int c = k->kind->parts[i].consent == NULL ? -1 : consent_index(k, k->kind->parts[i].consent);
        r->parts[i].given = c >= 0 && in->consent_named[c] && in->consent_given[c] ? now : 0;
    }
    for (size_t i = 0; i < k->consent_count; i++)
        r->uses |= k->use_names[i] != NULL && in->consent_named[i] && in->consent_given[i] ? (uint64_t)1 << i : 0;
    int c = k->agreed == NULL ? -1 : consent_index(k, k->agreed);
    r->agreed = c >= 0 && in->consent_named[c] && in->consent_given[c] ? now : 0;
}

static bool consent_there(const struct kind_info *k, const struct record *r, int field) {
    const struct field *f = &k->kind->fields[field];
    return f->consent == NULL || !rule_on(RULE_consent_fields) || r->parts[f->part].given != 0;
}

void input_make(const struct service *s, const struct kind_info *k, const struct input *in, bool free_start, usec_t now, struct arena *arena,
                struct record *r, struct mistakes *m) {
    char path[PATH_TEXT];
    fieldset needs = kind_needs(k->kind);
    consents_put(k, in, now, r);
    if (k->agreed != NULL && r->agreed == 0 && rule_on(RULE_consent_fields))
        mistakes_add(m, "/consents", SAYS_consent, k->agreed);
    for (size_t i = 0; i < k->kind->field_count; i++) {
        const struct field *f = &k->kind->fields[i];
        int start = kind_start(k->kind, (int)i);
        struct value *v = &r->values[i];
        path_of(f->name, path);
        *v = in->values[i];
        if (v->set && start >= 0 && !free_start && rule_on(RULE_moves_enforced) && v->number != start)
            mistakes_add(m, path, SAYS_starts_as, f->options[start]);
        if (!v->set && start >= 0)
            (void)!start_at(f, start, arena, v);
        if (!v->set && f->type == T_COUNTER && !f->optional)
            *v = (struct value){ .set = true, .json = "0", .len = 1, .text = "0" };
        if (v->set && !consent_there(k, r, (int)i))
            mistakes_add(m, path, SAYS_consent, f->consent);
        if (!v->set && (needs >> i & 1) != 0 && f->type != T_FILE && ((in->given >> i & 1) == 0 || !mistakes_have(m, path)))
            mistakes_add(m, path, SAYS_needed, NULL);
    }
    if (k->kind->parent >= 0 && uuid_is_null(&r->parent)) {
        path_of(service_kind(s, k->kind->parent)->kind->name, path);
        if (!mistakes_have(m, path))
            mistakes_add(m, path, SAYS_needed, NULL);
    }
}
