/* build.c — what all steps share: captures, complaints, names. */
#include "charter/build.h"

#include <stdio.h>
#include <string.h>

void *build_array(struct build *b, size_t count, size_t size) {
    void *p = arena_array(b->c->arena, count + 1, size);
    b->no_memory |= p == NULL;
    return p;
}

const struct said *build_said(const struct build *b, const struct node *n) {
    static const struct said nothing;
    return n != NULL ? &b->c->said[n->index] : &nothing;
}

const struct capture *build_capture(const struct build *b, const struct node *n, const char *name) {
    const struct said *s = build_said(b, n);
    return capture_find(s->list, s->count, name);
}

bool build_has(const struct build *b, const struct node *n, const char *name) { return build_capture(b, n, name) != NULL; }

const char *build_text(const struct build *b, const struct node *n, const char *name) {
    const struct capture *c = build_capture(b, n, name);
    return c != NULL ? c->text : NULL;
}

const char *build_name(struct build *b, const struct capture *c) {
    size_t state = 0;
    const char *name = capture_next(c, b->c->arena, &state, NULL, NULL);
    b->no_memory |= name == NULL;
    return name != NULL ? name : "";
}

#define FORMAT(fmt) \
    char text[1024]; \
    va_list ap; \
    va_start(ap, fmt); \
    vsnprintf(text, sizeof text, fmt, ap); \
    va_end(ap); \
    b->bad = true

void complain(struct build *b, const char *id, const struct node *n, const char *suggestion, const char *fmt, ...) {
    FORMAT(fmt);
    finding_node(b->findings, b->c->tree, FINDING_ERROR, id, n, suggestion, "%s", text);
}

void complain_key(struct build *b, const char *id, const struct node *n, const char *suggestion, const char *fmt, ...) {
    FORMAT(fmt);
    finding_key(b->findings, b->c->tree, FINDING_ERROR, id, n, suggestion, "%s", text);
}

void complain_at(struct build *b, const char *id, const struct node *n, int at, int width, const char *suggestion, const char *fmt, ...) {
    FORMAT(fmt);
    struct pos pos = { n->pos.line, n->pos.column + (n->quoted ? 1 : 0) + at };
    if (at < 0)                               /* the name is the key */
        finding_key(b->findings, b->c->tree, FINDING_ERROR, id, n, suggestion, "%s", text);
    else
        finding_add(b->findings, b->c->tree, FINDING_ERROR, id, pos, width, suggestion, "%s", text);
}

int resolve_kind(struct build *b, const struct node *n, const char *name, int at, int width) {
    int kind = names_get(b->c->kind_names, name);
    if (kind < 0)
        complain_at(b, "unknown-kind", n, at, width, names_nearest(b->c->kind_names, name), "No kind of record is named `%s`: declare it in records, or name another", name);
    return kind;
}

int resolve_person(struct build *b, const struct node *n, const char *name, int at, int width) {
    int person = names_get(b->c->person_names, name);
    if (person < 0)
        complain_at(b, "unknown-person", n, at, width, names_nearest(b->c->person_names, name), "Nobody is named `%s`: declare that person in people, or name another", name);
    return person;
}

int resolve_field(struct build *b, const struct node *n, int kind, const char *name, int at, int width) {
    int field = names_get(b->work[kind].fields, name);
    if (field < 0)
        complain_at(b, "unknown-field", n, at, width, names_nearest(b->work[kind].fields, name), "`%s` has no field `%s`: declare it in holds, or name another", b->c->kinds[kind].name, name);
    return field;
}

bool resolve_path(struct build *b, const struct node *n, const struct capture *c, int *ret_kind, int *ret_field) {
    const char *dot = strchr(c->text, '.');
    char *name = arena_text_n(b->c->arena, c->text, (size_t)(dot - c->text));
    if (name == NULL) {
        b->no_memory = true;
        return false;
    }
    int before = (int)(dot - c->text);        /* names are plain ASCII: bytes are characters */
    int kind = resolve_kind(b, n, name, c->at, before);
    if (kind < 0)
        return false;
    int field = resolve_field(b, n, kind, dot + 1, c->at + before + 1, (int)strlen(dot + 1));
    if (field < 0)
        return false;
    *ret_kind = kind;
    *ret_field = field;
    return true;
}

/* The fields of a group as fields of `kind`: a group may fit several kinds that have fields of these names. */
static fieldset group_in(struct build *b, const struct node *n, const struct group *g, int kind, int at, int width) {
    fieldset set = 0;
    if (g->kind < 0 || g->kind == kind)
        return g->fields;
    const struct kind *from = &b->c->kinds[g->kind];
    for (size_t i = 0; i < from->field_count; i++) {
        int field = (g->fields & BIT(i)) != 0 ? names_get(b->work[kind].fields, from->fields[i].name) : 0;
        if (field < 0) {
            complain_at(b, "group-of-another", n, at, width, NULL, "The group `%s` names fields of `%s`, not of `%s`: name fields of `%s`", g->name, from->name, b->c->kinds[kind].name, b->c->kinds[kind].name);
            return 0;
        }
        if ((g->fields & BIT(i)) != 0)
            set |= BIT(field);
    }
    return set;
}

fieldset resolve_fields(struct build *b, const struct node *n, const struct capture *c, int kind, bool groups) {
    fieldset set = 0;
    size_t state = 0;
    int at, width;
    for (const char *name; (name = capture_next(c, b->c->arena, &state, &at, &width)) != NULL;) {
        int group = groups && b->c->group_names != NULL ? names_get(b->c->group_names, name) : -1;
        int field = names_get(b->work[kind].fields, name);
        if (field < 0 && group >= 0) {
            set |= group_in(b, n, &b->c->groups[group], kind, at, width);
            continue;
        }
        if (field < 0)
            field = resolve_field(b, n, kind, name, at, width);
        if (field >= 0 && (set & BIT(field)) != 0)
            complain_at(b, "named-twice", n, at, width, NULL, "`%s` is named twice: once is enough", name);
        if (field >= 0)
            set |= BIT(field);
    }
    return set;
}

int resolve_state(struct build *b, const struct node *n, int kind, const char *const *options, size_t count, int at, int width) {
    const struct kind *k = &b->c->kinds[kind];
    int found = -1;
    for (size_t i = 0; i < k->field_count; i++) {
        bool all = k->fields[i].type == T_ONE_OF;
        for (size_t o = 0; o < count && all; o++)
            all = options[o] == NULL || field_option(&k->fields[i], options[o]) >= 0;
        if (!all)
            continue;
        if (found >= 0) {
            complain_at(b, "ambiguous-state", n, at, width, NULL, "Both `%s` and `%s` of `%s` have this option: give one of them another word", k->fields[found].name, k->fields[i].name, k->name);
            return -1;
        }
        found = (int)i;
    }
    if (found >= 0)
        return found;
    const char *missing = count > 0 ? options[0] : "";
    const char *better = NULL;
    for (size_t o = 0; o < count; o++) {      /* the option that no field has is the one to name */
        bool known = options[o] == NULL;
        for (size_t i = 0; i < k->field_count && !known; i++)
            known = field_option(&k->fields[i], options[o]) >= 0;
        if (!known) {
            missing = options[o];
            break;
        }
    }
    for (size_t i = 0; i < k->field_count && better == NULL; i++)
        better = nearest(missing, k->fields[i].options, k->fields[i].option_count);
    complain_at(b, "unknown-option", n, at, width, better, "No `one of` field of `%s` has the option `%s`%s: add it, or name another", k->name, missing, count > 1 ? " together with the other" : "");
    return -1;
}

void need_outside(struct build *b, const struct node *n, int kind, int field, int at, int width, const char *why) {
    const struct field *f = &b->c->kinds[kind].fields[field];
    if (f->level != L_PLAIN)
        complain_at(b, "personal-outside", n, at, width, NULL, "`%s.%s` is %s, but %s, so it would lie outside the sealed part: use a field that is not personal", b->c->kinds[kind].name, f->name,
                    f->level == L_PERSONAL ? "personal" : f->level == L_SENSITIVE ? "sensitive" : "secret", why);
    else if (f->consent != NULL)
        complain_at(b, "consent-outside", n, at, width, NULL, "`%s.%s` is kept only with a consent, but %s: use a field that is always kept", b->c->kinds[kind].name, f->name, why);
    else
        b->needed[kind] |= BIT(field);
}
