/* grants.c — who sees and changes what: groups of fields, relations, grants with their windows. */
#include <string.h>

#include "charter/build.h"

/* ---- groups ---- */

/* The one kind that has all these fields; -1: none, or several (then each grant decides). */
static int group_kind(const struct build *b, const char *const *names, size_t count, int *ret_best, size_t *ret_hits) {
    int found = -1, holders = 0;
    *ret_hits = 0;
    *ret_best = -1;
    for (size_t i = 0; i < b->c->kind_count; i++) {
        size_t hits = 0;
        for (size_t j = 0; j < count; j++)
            hits += names_get(b->work[i].fields, names[j]) >= 0;
        if (hits > *ret_hits) {
            *ret_hits = hits;
            *ret_best = (int)i;
        }
        if (hits == count) {
            holders++;
            if (found < 0)
                found = (int)i;
        }
    }
    return holders > 0 ? found : -1;
}

static void build_group(struct build *b, const struct node *n, struct group *g) {
    const struct capture *c = build_capture(b, n, "fields");
    const char *names[FIELDS_MAX];
    size_t count = 0, state = 0, hits;
    int at[FIELDS_MAX], width[FIELDS_MAX], best;
    *g = (struct group){ .name = n->key, .kind = -1 };
    if (c == NULL)
        return;
    while (count < FIELDS_MAX && (names[count] = capture_next(c, b->c->arena, &state, &at[count], &width[count])) != NULL)
        count++;
    g->kind = group_kind(b, names, count, &best, &hits);
    if (g->kind < 0 && best < 0)
        complain(b, "group-fields", n, NULL, "No kind of record has any of these fields: name fields of one kind");
    for (size_t i = 0; i < count && g->kind < 0 && best >= 0; i++)
        if (names_get(b->work[best].fields, names[i]) < 0)
            (void)resolve_field(b, n, best, names[i], at[i], width[i]);
    for (size_t i = 0; i < count && g->kind >= 0; i++)
        g->fields |= BIT(names_get(b->work[g->kind].fields, names[i]));
}

static void build_groups(struct build *b, const struct node *map) {
    struct charter *c = b->c;
    size_t count = map != NULL && map->type == NODE_MAP ? map->count : 0;
    c->groups = BUILD_NEW(b, struct group, count);
    c->group_names = names_new(c->arena, count);
    if (c->groups == NULL || c->group_names == NULL) {
        b->no_memory = true;
        return;
    }
    for (const struct node *n = count > 0 ? map->first : NULL; n != NULL; n = n->next) {
        if (n->type != NODE_SCALAR)
            continue;
        for (size_t i = 0; i < c->kind_count; i++)
            if (names_get(b->work[i].fields, n->key) >= 0) {
                complain_key(b, "group-name", n, NULL, "`%s` is a field of `%s` too, so a grant could mean either: give the group another name", n->key, c->kinds[i].name);
                break;
            }
        if (names_add(c->group_names, n->key, (int)c->group_count))
            build_group(b, n, &c->groups[c->group_count++]);
    }
}

/* ---- relations ---- */

/* Whom a reference names: the person called like the kind that it refers to, or whom that kind is about. */
static int person_of_kind(const struct build *b, int kind) {
    if (kind < 0)
        return -1;
    int person = names_get(b->c->person_names, b->c->kinds[kind].name);
    return person >= 0 ? person : b->c->kinds[kind].about;
}

/* A state that holds or not: the option of a one_of field. */
static bool build_while(struct build *b, const struct node *n, int *ret_kind, int *ret_field, int *ret_option) {
    const struct capture *path = build_capture(b, n, "while"), *option = build_capture(b, n, "option");
    int kind, field;
    if (!resolve_path(b, n, path, &kind, &field))
        return false;
    const struct field *f = &b->c->kinds[kind].fields[field];
    int value = f->type == T_ONE_OF ? field_option(f, option->text) : -1;
    if (value < 0) {
        const char *better = f->type == T_ONE_OF ? nearest(option->text, f->options, f->option_count) : NULL;
        complain_at(b, "unknown-option", n, option->at, option->width, better, "`%s` is never `%s`: name an option of a `one of` field", path->text, option->text);
        return false;
    }
    need_outside(b, n, kind, field, path->at, path->width, "a window depends on it");
    *ret_kind = kind;
    *ret_field = field;
    *ret_option = value;
    return true;
}

static void need_reference(struct build *b, const struct node *n, int kind, int field, const struct capture *c) {
    if (b->c->kinds[kind].fields[field].type != T_REFERENCE)
        complain_at(b, "relation-type", n, c->at, c->width, NULL, "`%s` refers to nothing: use a field of type `reference to …`", c->text);
    else
        need_outside(b, n, kind, field, c->at, c->width, "a relation rests on it");
}

/* "until share.ends": an instant or a day of the record that carries the link. */
static void relation_until(struct build *b, const struct node *n, struct relation *r) {
    const struct capture *until = build_capture(b, n, "until");
    int kind, field;
    if (!resolve_path(b, n, until, &kind, &field))
        return;
    const struct field *f = &b->c->kinds[kind].fields[field];
    if (kind != r->kind) {
        complain_at(b, "relation-until", n, until->at, until->width, NULL, "A relation by `%s` ends at a field of `%s` itself: name one of its fields", b->c->kinds[r->kind].name, b->c->kinds[r->kind].name);
        return;
    }
    if (f->type != T_TIME && f->type != T_DATE) {
        complain_at(b, "anchor-type", n, until->at, until->width, NULL, "`%s` is no time: a relation ends at a field of type `time` or `date`", until->text);
        return;
    }
    need_outside(b, n, kind, field, until->at, until->width, "a relation ends at it");
    r->until_field = field;
}

static void build_relation(struct build *b, const struct node *n, struct relation *r) {
    const struct capture *link = build_capture(b, n, "link"), *other = build_capture(b, n, "same");
    *r = (struct relation){ .name = n->key, .kind = -1, .field = -1, .person = -1, .is_kind = -1, .is_field = -1, .while_kind = -1, .while_field = -1,
                            .while_option = -1, .until_field = -1, .text = n->text, .pos = n->key_pos };
    if (link == NULL || !resolve_path(b, n, link, &r->kind, &r->field))
        return;
    need_reference(b, n, r->kind, r->field, link);
    int refers = b->c->kinds[r->kind].fields[r->field].refers;
    r->person = person_of_kind(b, refers);
    if (other != NULL && resolve_path(b, n, other, &r->is_kind, &r->is_field)) {
        need_reference(b, n, r->is_kind, r->is_field, other);
        if (b->c->kinds[r->is_kind].fields[r->is_field].refers != refers)
            complain_at(b, "relation-pair", n, other->at, other->width, NULL, "`%s` and `%s` refer to different kinds, so they are never the same", link->text, other->text);
        r->person = b->c->kinds[r->is_kind].about;   /* the person whose own record is compared */
    }
    if (build_has(b, n, "while"))
        (void)build_while(b, n, &r->while_kind, &r->while_field, &r->while_option);
    if (build_has(b, n, "until"))
        relation_until(b, n, r);
}

static void build_relations(struct build *b, const struct node *map) {
    struct charter *c = b->c;
    size_t count = map != NULL && map->type == NODE_MAP ? map->count : 0;
    c->relations = BUILD_NEW(b, struct relation, count);
    c->relation_names = names_new(c->arena, count);
    if (c->relations == NULL || c->relation_names == NULL) {
        b->no_memory = true;
        return;
    }
    for (const struct node *n = count > 0 ? map->first : NULL; n != NULL; n = n->next)
        if (n->type == NODE_SCALAR && names_add(c->relation_names, n->key, (int)c->relation_count))
            build_relation(b, n, &c->relations[c->relation_count++]);
}

/* ---- grants ---- */

static bool anchor_of(struct build *b, const struct node *n, const char *name, const struct grant *g, struct anchor *ret) {
    const struct capture *c = build_capture(b, n, name);
    struct anchor a = { .type = A_FIELD };
    if (c == NULL || !resolve_path(b, n, c, &a.kind, &a.field))
        return false;
    const struct field *f = &b->c->kinds[a.kind].fields[a.field];
    if (f->type != T_TIME && f->type != T_DATE) {
        complain_at(b, "anchor-type", n, c->at, c->width, NULL, "`%s` is no time: a window needs a field of type `time` or `date`", c->text);
        return false;
    }
    need_outside(b, n, a.kind, a.field, c->at, c->width, "a window depends on it");
    if (g->kind >= 0 && a.kind != g->kind)
        a.type = A_PARENT_FIELD;
    *ret = a;
    return true;
}

/* May a window of this grant speak of that kind? Of its own, of what it belongs to, or of the relation's. */
static bool reaches(const struct build *b, const struct grant *g, int kind) {
    if (g->kind < 0 || kind == g->kind || kind == b->c->kinds[g->kind].parent)
        return true;
    if (g->of != OF_RELATION || g->relation < 0)
        return false;
    const struct relation *r = &b->c->relations[g->relation];
    return kind == r->kind || kind == r->is_kind || kind == r->while_kind;
}

static void build_window(struct build *b, const struct node *n, struct grant *g) {
    struct window w = { .while_kind = -1, .while_field = -1, .while_option = -1 };
    const struct capture *after = build_capture(b, n, "after"), *speaks = NULL;
    if (build_has(b, n, "day")) {
        w.type = anchor_of(b, n, "day", g, &w.from) ? W_DAY_OF : W_ALWAYS;
        speaks = build_capture(b, n, "day");
    } else if (build_has(b, n, "from")) {
        bool from = anchor_of(b, n, "from", g, &w.from), until = anchor_of(b, n, "until", g, &w.until);
        w.type = from && until ? W_FROM_UNTIL : W_ALWAYS;
        if (after != NULL && !capture_span(after, &w.until_after))
            w.type = W_ALWAYS;
        speaks = build_capture(b, n, "from");
    } else if (build_has(b, n, "while")) {
        w.type = build_while(b, n, &w.while_kind, &w.while_field, &w.while_option) ? W_WHILE : W_ALWAYS;
        speaks = build_capture(b, n, "while");
    }
    int kinds[3] = { w.type == W_DAY_OF || w.type == W_FROM_UNTIL ? w.from.kind : -1, w.type == W_FROM_UNTIL ? w.until.kind : -1, w.type == W_WHILE ? w.while_kind : -1 };
    for (size_t i = 0; i < 3; i++)
        if (kinds[i] >= 0 && !reaches(b, g, kinds[i])) {
            complain_at(b, "window-kind", n, speaks->at, speaks->width, NULL, "A window on `%s` cannot depend on `%s`: use a field of its own, of what it belongs to, or of the relation",
                        b->c->kinds[g->kind].name, b->c->kinds[kinds[i]].name);
            break;
        }
    g->window = w;
}

struct sink { struct grant *list; size_t count; };

static struct grant start(const struct node *n, int person) {
    return (struct grant){ .person = person, .kind = -1, .relation = -1, .understood = true, .text = n->text, .pos = n->pos,
                           .window = { .while_kind = -1, .while_field = -1, .while_option = -1 } };
}

/* A relation reaches the record that carries its link, what that one belongs to, and what belongs to the same. */
static bool speaks_of(const struct build *b, const struct relation *r, int kind) {
    int parent = b->c->kinds[r->kind].parent;
    return r->kind == kind || parent == kind || (parent >= 0 && r->is_kind < 0 && b->c->kinds[kind].parent == parent);
}

static void relation_of(struct build *b, const struct node *n, const struct capture *c, struct grant *g) {
    if (strcmp(c->text, "own") == 0) {
        g->of = OF_OWN;
        return;
    }
    g->of = OF_RELATION;
    g->relation = names_get(b->c->relation_names, c->text);
    if (g->relation < 0) {
        complain_at(b, "unknown-relation", n, c->at, c->width, names_nearest(b->c->relation_names, c->text), "No relation is named `%s`: write `own`, or declare it in relations", c->text);
        return;
    }
    const struct relation *r = &b->c->relations[g->relation];
    if (r->kind >= 0 && g->kind >= 0 && !speaks_of(b, r, g->kind))
        complain_at(b, "relation-kind", n, c->at, c->width, NULL, "The relation `%s` speaks of `%s`, which is not `%s`, does not belong to it and does not belong together with it", r->name,
                    b->c->kinds[r->kind].name, b->c->kinds[g->kind].name);
    if (r->person >= 0 && g->person >= 0 && r->person != g->person)
        complain_at(b, "relation-person", n, c->at, c->width, NULL, "The relation `%s` is one of `%s`, not of `%s`", r->name, b->c->people[r->person].name, b->c->people[g->person].name);
}

/* One sentence: grants joined by commas, then one window for all of them. */
static void build_sentence(struct build *b, const struct node *n, int person, struct sink *out) {
    const struct said *s = build_said(b, n);
    size_t first = out->count;
    if (s->form == FORM_NONE)
        return;
    if (s->form == FORM_SEES_NOT_PERSONAL) {
        struct grant g = start(n, person);
        const struct capture *window = build_capture(b, n, "window");
        g.nothing_personal = true;
        if (window != NULL && !capture_span(window, &g.window.until_after))
            g.window.until_after = (struct span){ 0 };
        out->list[out->count++] = g;
        return;
    }
    for (size_t i = 0; i + 2 < s->count; i++) {
        const struct capture *fields = &s->list[i], *of = &s->list[i + 1], *kind = &s->list[i + 2];
        if (fields->type != C_NAMES || strcmp(fields->name, "fields") != 0)
            continue;
        struct grant g = start(n, person);
        g.kind = resolve_kind(b, n, kind->text, kind->at, kind->width);
        relation_of(b, n, of, &g);
        g.everything = strcmp(fields->text, "everything") == 0;
        if (g.kind >= 0)
            g.fields = g.everything ? (b->c->kinds[g.kind].field_count == 64 ? UINT64_MAX : BIT(b->c->kinds[g.kind].field_count) - 1)
                                    : resolve_fields(b, n, fields, g.kind, true);
        g.by_link = build_has(b, n, "link");
        g.by_account = build_has(b, n, "account");
        g.as_stream = build_has(b, n, "stream");
        out->list[out->count++] = g;
    }
    for (size_t i = first; i < out->count; i++)
        build_window(b, n, &out->list[i]);
}

static size_t grants_room(const struct build *b, const struct node *map) {
    size_t room = 0;
    for (const struct node *p = map->first; p != NULL; p = p->next) {
        room += build_said(b, p)->count + 1;
        for (const struct node *n = p->first; n != NULL; n = n->next)
            room += build_said(b, n)->count + 1;
    }
    return room;
}

static void build_side(struct build *b, const struct node *map, struct grant **ret, size_t *ret_count, peopleset *ret_people) {
    if (map == NULL || map->type != NODE_MAP)
        return;
    struct sink out = { .list = BUILD_NEW(b, struct grant, grants_room(b, map)) };
    for (const struct node *p = map->first; p != NULL && out.list != NULL; p = p->next) {
        int person = resolve_person(b, p, p->key, -1, 0);
        if (person >= 0)
            *ret_people |= (peopleset)1 << person;
        if (p->type == NODE_SCALAR)
            build_sentence(b, p, person, &out);
        for (const struct node *n = p->first; n != NULL; n = n->next)
            if (n->type == NODE_SCALAR)
                build_sentence(b, n, person, &out);
    }
    *ret = out.list;
    *ret_count = out.count;
}

void build_grants(struct build *b) {
    struct charter *c = b->c;
    const struct node *root = tree_root(c->tree);
    peopleset seers = 0;
    build_groups(b, node_get(root, "groups"));
    if (!b->no_memory)
        build_relations(b, node_get(root, "relations"));
    if (b->no_memory)
        return;
    build_side(b, node_get(root, "who_sees"), &c->sees, &c->sees_count, &seers);
    build_side(b, node_get(root, "who_changes"), &c->changes, &c->changes_count, &c->changers);
}
