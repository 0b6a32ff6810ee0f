/* values.c — see values.h. */
#include "messages/values.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/say.h"
#include "base/text.h"
#include "charter/labels.h"
#include "records/facts.h"
#include "records/told.h"

static const char *const builtin[] = { "link", "unsubscribe" };

/* ---- which */

/* What reads as a text: no file, no reference, no tree, no secret. */
static bool reads(const struct field *f) { return f->type != T_REFERENCE && f->type != T_FILE && f->type != T_JSON && f->level != L_SECRET; }

static fieldset readable(const struct kind *k, fieldset which, bool plain) {
    fieldset ret = 0;
    for (size_t i = 0; i < k->field_count; i++)
        if ((which >> i & 1) != 0 && reads(&k->fields[i]) && (!plain || k->fields[i].level == L_PLAIN))
            ret |= (fieldset)1 << i;
    return ret;
}

static struct caller person_of(const struct kind *k, int kind, int64_t tenant, const struct uuid *id) {
    struct caller who = { .tenant = tenant, .person = k->about, .subject_kind = kind, .by_link = true };
    if (id != NULL)
        who.subject = *id;
    return who;
}

fieldset value_fields(const struct service *s, int kind) {
    const struct kind *k = service_kind(s, kind)->kind;
    const struct caller who = person_of(k, kind, 0, NULL);
    return k->about < 0 ? 0 : readable(k, policy_kind(s->charter, &who, kind, V_READ).fields, false);
}

/* Whoever writes a text puts nothing into it that it does not see itself, or it could read it by writing to itself. */
static fieldset parent_fields(const struct service *s, const struct caller *who, int parent) {
    const struct kind *k = service_kind(s, parent)->kind;
    const fieldset sees = who == NULL || who->by_sejf ? kind_all(k) : policy_kind(s->charter, who, parent, V_READ).fields;
    return readable(k, sees, true);
}

bool value_name_fine(const char *name) {
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return n > 0 && n <= 40 && name[n] == 0 && name[0] >= 'a' && name[0] <= 'z';
}

static bool named(const struct template_name *list, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return true;
    return false;
}

static enum code more_add(struct template_name *list, size_t *count, const json_t *more, struct arena *arena, struct err *reterr) {
    for (size_t i = 0; i < json_array_size(more); i++) {
        const char *name = json_string_value(json_array_get(more, i));
        if (name == NULL || !value_name_fine(name))
            return err_field(reterr, E_FIELDS, "/values", "a further value is named by small letters, digits and _, 40 at most, beginning with a letter");
        if (named(list, *count, name))
            return err_field(reterr, E_FIELDS, "/values", "\"%s\" is a field, or named twice: take another name for this value", name);
        char *copy = arena_text(arena, name);
        if (copy == NULL)
            return err_set(reterr, E_MEMORY, "no memory for a template");
        list[(*count)++] = (struct template_name){ .name = copy };
    }
    return OK;
}

static void fields_add(struct template_name *list, size_t *count, const struct kind *k, const char *prefix, fieldset which, struct arena *arena) {
    for (size_t i = 0; i < k->field_count; i++) {
        const char *name = (which >> i & 1) != 0 ? arena_printf(arena, "%s%s", prefix, k->fields[i].name) : NULL;
        if (name != NULL && !named(list, *count, name))
            list[(*count)++] = (struct template_name){ .name = name, .not_in_subject = k->fields[i].level >= L_SENSITIVE };
    }
}

enum code value_names(const struct service *s, const struct caller *who, int kind, const json_t *more, struct arena *arena, const struct template_name **ret, struct err *reterr) {
    PRE(s != NULL && arena != NULL && ret != NULL && reterr != NULL);
    const struct kind *k = service_kind(s, kind)->kind, *p = k->parent < 0 ? NULL : service_kind(s, k->parent)->kind;
    struct template_name *list = arena_array(arena, ARRAY_LEN(builtin) + 2 + 2 * FIELDS_MAX + VALUES_MOST, sizeof *list);
    const char *prefix = p == NULL ? "" : arena_printf(arena, "%s.", p->name);
    size_t count = 0;
    if (list == NULL || prefix == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a template");
    if (json_array_size(more) > VALUES_MOST)
        return err_field(reterr, E_FIELDS, "/values", "a text has %u further values at most", VALUES_MOST);
    for (size_t i = value_fields(s, kind) == 0 ? 1 : 0; i < ARRAY_LEN(builtin); i++)       /* a link that shows nothing is none */
        list[count++] = (struct template_name){ .name = builtin[i], .address = true };
    fields_add(list, &count, k, "", value_fields(s, kind), arena);
    if (k->number.set && !named(list, count, "number"))
        list[count++] = (struct template_name){ .name = "number" };
    if (p != NULL)
        fields_add(list, &count, p, prefix, parent_fields(s, who, k->parent), arena);
    enum code code = more_add(list, &count, more, arena, reterr);
    if (code == OK && arena_overflowed(arena))
        code = err_set(reterr, E_MEMORY, "no memory for a template");
    if (code == OK)
        *ret = list;
    return code;
}

enum code values_further(const struct service *s, int kind, const json_t *sent, json_t **ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    const struct template_name *names = NULL;
    json_t *values = sent == NULL ? json_object() : json_copy((json_t *)(uintptr_t)sent);
    enum code code = arena == NULL || values == NULL ? err_set(reterr, E_MEMORY, "no memory for a message") : value_names(s, NULL, kind, NULL, arena, &names, reterr);
    for (size_t i = 0; code == OK && i < ARRAY_LEN(builtin); i++)
        json_object_del(values, builtin[i]);
    for (size_t i = 0; code == OK && names[i].name != NULL; i++)
        json_object_del(values, names[i].name);
    if (code == OK)
        *ret = values;
    else
        json_decref(values);
    return code;
}

/* ---- their values */

static enum code value_set(json_t *values, const char *prefix, const char *name, const struct buf *told, struct err *reterr) {
    char whole[200];
    snprintf(whole, sizeof whole, "%s%s", prefix, name);
    if (told->failed || json_object_set_new_nocheck(values, whole, json_stringn(buf_str(told), told->len)) != 0)
        return err_set(reterr, E_MEMORY, "no memory for a message");
    return OK;
}

static enum code value_add(const struct service *s, const struct field *f, const char *prefix, const json_t *value, enum lang lang, json_t *values, struct err *reterr) {
    AUTO(buf_wipe) struct buf told = BUF(1u << 20);
    bool any = value_told(&told, s->charter, f, value, lang);
    return any || told.failed ? value_set(values, prefix, f->name, &told, reterr) : OK;
}

enum code values_add(const struct service *s, int kind, const char *prefix, json_t *fields, fieldset which, enum lang lang, json_t *values, struct err *reterr) {
    PRE(s != NULL && prefix != NULL && values != NULL && reterr != NULL);
    const struct kind *k = service_kind(s, kind)->kind;
    enum code code = OK;
    which = readable(k, which, prefix[0] != 0);
    for (size_t i = 0; i < k->field_count && code == OK; i++)
        if ((which >> i & 1) != 0)
            code = value_add(s, &k->fields[i], prefix, json_object_get(fields, k->fields[i].name), lang, values, reterr);
    return code;
}

static enum code record_values(const struct service *s, const struct record *r, const char *prefix, fieldset which, enum lang lang, json_t *values, struct err *reterr) {
    const struct kind *k = r->info->kind;
    enum code code = OK;
    for (size_t i = 0; i < k->field_count && code == OK; i++) {
        if ((which >> i & 1) == 0 || !r->values[i].set)
            continue;
        json_t *value = value_json(&k->fields[i], &r->values[i]);
        code = value == NULL ? err_set(reterr, E_MEMORY, "no memory for a message") : value_add(s, &k->fields[i], prefix, value, lang, values, reterr);
        json_decref(value);
    }
    return code;
}

/* What its person sees of it now, and its parent, still closed; NULL: it has none. */
struct looking { struct verdict sees; struct record *parent; };
static enum code look(struct service *s, struct record *r, struct arena *arena, struct looking *ret, struct err *reterr) {
    const struct caller who = person_of(r->info->kind, r->info->index, r->tenant, &r->id);
    AUTO(facts_end) struct fact_source src = { .s = s, .who = &who, .record = r, .arena = arena, .now = clock_now() };
    struct facts f = facts_of(&src, src.now);
    struct verdict sees = { 0 };
    struct record *parent = NULL;
    struct sql *q = NULL;
    int up = r->info->kind->parent;
    enum code code = policy_sees(&who, &f, &sees, reterr);
    if (code == OK && up >= 0)
        code = facts_sql(&src, &q, reterr);
    if (code == OK && up >= 0 && !uuid_is_null(&r->parent)) {
        parent = arena_get(arena, sizeof *parent);
        code = parent == NULL ? err_set(reterr, E_MEMORY, "no memory for a message") : record_load(q, service_kind(s, up), &r->parent, arena, parent, reterr);
        if (code == E_NOT_FOUND || code == E_GONE) {
            code = OK;
            parent = NULL;
        }
    }
    sees.fields = sees.any ? readable(r->info->kind, sees.fields, false) : 0;
    *ret = (struct looking){ sees, parent };
    return code;
}

enum code values_of(struct service *s, struct record *r, struct arena *arena, enum lang lang, json_t *values, struct err *reterr) {
    PRE(s != NULL && r != NULL && arena != NULL && values != NULL && reterr != NULL);
    struct looking l = { .parent = NULL };
    char prefix[100];
    enum code code = look(s, r, arena, &l, reterr);
    struct record *parent = l.parent;
    if (code == OK && parent != NULL)
        code = record_open(s, parent, arena, reterr);
    if (code == OK)
        code = record_values(s, r, "", l.sees.fields, lang, values, reterr);
    if (code == OK && l.sees.any && r->number != NULL && json_object_get(values, "number") == NULL && json_object_set_new(values, "number", json_string(r->number)) != 0)
        code = err_set(reterr, E_MEMORY, "no memory for a message");
    if (code != OK || parent == NULL)
        return code;
    snprintf(prefix, sizeof prefix, "%s.", parent->info->kind->name);
    return record_values(s, parent, prefix, parent_fields(s, NULL, parent->info->index), lang, values, reterr);
}

enum lang values_lang(const struct service *s, const struct record *r) {
    static const char *const names[] = { "lang", "language" };
    const struct kind *k = r->info->kind;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int f = kind_field(k, names[i]);
        enum lang lang;
        if (f >= 0 && (k->fields[f].type == T_ONE_OF || k->fields[f].type == T_TEXT) && r->values[f].set && lang_parse(r->values[f].text, strlen(r->values[f].text), &lang))
            return lang;
    }
    return charter_first_lang(s->charter);
}

/* ---- invented ones */

static json_t *invented(const struct field *f) {
    char text[40];
    const usec_t then = INT64_C(1797321600) * USEC_PER_SEC;      /* a Tuesday at noon */
    switch (f->type) {
    case T_EMAIL: return json_string("jan@people.example");
    case T_PHONE: return json_string("+48221234567");
    case T_NAME: return json_string("Jan Nowak");
    case T_ADDRESS: return json_string("ul. Morska 1, 81-323 Gdynia");
    case T_NUMBER: case T_COUNTER: return json_integer(12);
    case T_MONEY: return json_pack("{s:s, s:s}", "amount", "120.00", "currency", "PLN");
    case T_TIME: return json_string(time_format(then, text, sizeof text));
    case T_DATE: return json_string("2026-12-15");
    case T_YESNO: return json_true();
    case T_ONE_OF: return json_string(f->option_count > 0 ? f->options[0] : "");
    case T_PLACE: return json_pack("{s:f, s:f}", "lat", 54.51889, "lon", 18.53188);
    default: return json_string(strcmp(f->name, "name") == 0 ? "Jan Nowak" : "");
    }
}

/* A text without a better idea is its own label, so that one sees where it stands. */
static enum code invent(const struct service *s, const struct kind *k, const char *prefix, fieldset which, enum lang lang, json_t *values, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; i < k->field_count && code == OK; i++) {
        const struct field *f = &k->fields[i];
        if ((which >> i & 1) == 0)
            continue;
        AUTO(buf_done) struct buf label = BUF(1000);
        json_t *value = invented(f);
        if (value != NULL && json_is_string(value) && json_string_length(value) == 0) {
            label_title(&label, f->label.in[lang]);
            code = value_set(values, prefix, f->name, &label, reterr);
        } else {
            code = value == NULL ? err_set(reterr, E_MEMORY, "no memory for a look") : value_add(s, f, prefix, value, lang, values, reterr);
        }
        json_decref(value);
    }
    return code;
}

enum code values_invented(const struct service *s, int kind, enum lang lang, json_t *values, struct err *reterr) {
    PRE(s != NULL && values != NULL && reterr != NULL);
    const struct kind *k = service_kind(s, kind)->kind;
    char prefix[100] = "";
    enum code code = invent(s, k, "", value_fields(s, kind), lang, values, reterr);
    if (code == OK && k->number.set && json_object_get(values, "number") == NULL && json_object_set_new(values, "number", json_string("000012")) != 0)
        code = err_set(reterr, E_MEMORY, "no memory for a look");
    if (code != OK || k->parent < 0)
        return code;
    snprintf(prefix, sizeof prefix, "%s.", service_kind(s, k->parent)->kind->name);
    return invent(s, service_kind(s, k->parent)->kind, prefix, parent_fields(s, NULL, k->parent), lang, values, reterr);
}
