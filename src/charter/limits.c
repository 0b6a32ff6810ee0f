/* limits.c — what may not be exceeded, and who may change a state to which. */
#include <string.h>

#include "charter/build.h"

/* "…, cancelled or missed not counted" */
static void build_except(struct build *b, const struct node *n, int kind, struct limit *l) {
    const struct capture *c = build_capture(b, n, "except");
    const char *options[64] = { NULL };
    size_t count = 0, state = 0;
    l->except_field = -1;
    if (c == NULL)
        return;
    for (const char *name; count < 64 && (name = capture_next(c, b->c->arena, &state, NULL, NULL)) != NULL;)
        options[count++] = name;
    l->except_field = resolve_state(b, n, kind, options, count, c->at, c->width);
    if (l->except_field < 0)
        return;
    need_outside(b, n, kind, l->except_field, c->at, c->width, "a limit leaves records of some states out");
    for (size_t i = 0; i < count; i++)
        l->except |= BIT(field_option(&b->c->kinds[kind].fields[l->except_field], options[i]));
}

static void build_capacity(struct build *b, const struct node *n, int kind, struct limit *l) {
    const struct capture *state = build_capture(b, n, "state"), *other = build_capture(b, n, "else"), *count = build_capture(b, n, "count"), *path = build_capture(b, n, "field");
    const struct kind *k = &b->c->kinds[kind];
    const char *options[2] = { state->text, other != NULL ? other->text : NULL };
    l->type = LIMIT_CAPACITY;
    l->capacity = -1;
    l->capacity_field = l->full_option = l->else_option = -1;
    l->state_field = resolve_state(b, n, kind, options, 2, state->at, state->width);
    if (l->state_field >= 0) {
        const struct field *f = &k->fields[l->state_field];
        l->full_option = field_option(f, options[0]);
        l->else_option = other != NULL ? field_option(f, options[1]) : -1;
        need_outside(b, n, kind, l->state_field, state->at, state->width, "a limit counts it");
    }
    if (other != NULL && strcmp(options[0], options[1]) == 0)
        complain_at(b, "same-state", n, other->at, other->width, NULL, "What does not fit cannot take the same state: name another one");
    if (count != NULL) {
        l->capacity = capture_int(count);
        return;
    }
    int owner, field;
    if (!resolve_path(b, n, path, &owner, &field))
        return;
    if (owner != k->parent) {
        complain_at(b, "capacity-kind", n, path->at, path->width, NULL, "`%s` does not belong to `%s`: take the number from what it belongs to", k->name, b->c->kinds[owner].name);
        return;
    }
    if (b->c->kinds[owner].fields[field].type != T_NUMBER) {
        complain_at(b, "capacity-type", n, path->at, path->width, NULL, "`%s` is no number: name a field of type `number`", path->text);
        return;
    }
    l->capacity_field = field;
    need_outside(b, n, owner, field, path->at, path->width, "a limit compares with it");
}

static void build_unique(struct build *b, const struct node *n, int kind, struct limit *l) {
    const struct kind *k = &b->c->kinds[kind];
    const struct capture *c = build_capture(b, n, "names");
    size_t state = 0;
    int at, width;
    l->type = LIMIT_UNIQUE;
    for (const char *name; (name = capture_next(c, b->c->arena, &state, &at, &width)) != NULL;) {
        if (k->parent >= 0 && strcmp(name, b->c->kinds[k->parent].name) == 0) {
            l->per_parent = true;
            continue;
        }
        int person = names_get(b->c->person_names, name);
        if (person >= 0 && (person == b->c->tenant || b->c->tenant < 0))
            continue;                         /* every uniqueness is within the tenant */
        int field = resolve_field(b, n, kind, name, at, width);
        if (field < 0)
            continue;
        const struct field *f = &k->fields[field];
        l->unique |= BIT(field);
        if (f->type == T_FILE || f->type == T_JSON || f->type == T_PLACE)
            complain_at(b, "unique-type", n, at, width, NULL, "`%s` cannot be compared for being the same: name another field", name);
        else if (f->level == L_PLAIN)
            need_outside(b, n, kind, field, at, width, "a limit compares it");
        else if ((f->found & FIND_EXACT) == 0)
            complain_at(b, "unique-personal", n, at, width, NULL, "`%s` is not in the clear, so it is compared by its token: write `found exactly` at the field", name);
    }
    if (l->unique == 0)
        complain_at(b, "unique-none", n, c->at, c->width, NULL, "Name at least one field of `%s` that may not come twice", k->name);
}

static void build_overlap(struct build *b, const struct node *n, int kind, struct limit *l) {
    const struct kind *k = &b->c->kinds[kind];
    const struct capture *c = build_capture(b, n, "names");
    l->type = LIMIT_NO_OVERLAP;
    l->overlap = resolve_fields(b, n, c, kind, false);
    for (size_t i = 0; i < k->field_count; i++)
        if ((l->overlap & BIT(i)) != 0) {
            if (k->fields[i].type != T_REFERENCE && k->fields[i].type != T_ONE_OF)
                complain_at(b, "overlap-type", n, c->at, c->width, NULL, "`%s` names nobody whose time could be taken: use a field of type `reference to …` or `one of …`", k->fields[i].name);
            need_outside(b, n, kind, (int)i, c->at, c->width, "a limit compares it");
        }
    l->from_field = names_get(b->work[kind].fields, "starts");
    l->to_field = names_get(b->work[kind].fields, "ends");
    if (l->from_field < 0) {
        complain(b, "overlap-time", n, NULL, "`time` means the fields `starts` and `ends`: give `%s` a field `starts: time`", k->name);
        return;
    }
    int both[2] = { l->from_field, l->to_field };
    for (size_t i = 0; i < 2; i++) {
        if (both[i] < 0)
            continue;
        if (k->fields[both[i]].type != T_TIME && k->fields[both[i]].type != T_DATE)
            complain(b, "overlap-time", n, NULL, "`%s` must be of type `time` or `date`, because `time` means `starts` and `ends`", k->fields[both[i]].name);
        need_outside(b, n, kind, both[i], c->at, c->width, "a limit compares it");
    }
}

static void build_limit_list(struct build *b, int kind, const struct node *list) {
    struct kind *k = &b->c->kinds[kind];
    if (list == NULL || list->type != NODE_LIST)
        return;
    k->limits = BUILD_NEW(b, struct limit, list->count);
    for (const struct node *n = list->first; n != NULL && k->limits != NULL; n = n->next) {
        struct limit l = { .state_field = -1, .full_option = -1, .else_option = -1, .capacity = -1, .capacity_field = -1, .from_field = -1, .to_field = -1,
                           .except_field = -1, .pos = n->pos, .text = n->text };
        switch (build_said(b, n)->form) {
        case FORM_LIMIT_CAPACITY: build_capacity(b, n, kind, &l); break;
        case FORM_LIMIT_UNIQUE: build_unique(b, n, kind, &l); build_except(b, n, kind, &l); break;
        case FORM_LIMIT_OVERLAP: build_overlap(b, n, kind, &l); build_except(b, n, kind, &l); break;
        default: continue;
        }
        k->limits[k->limit_count++] = l;
    }
}

/* ---- moves ---- */

/* "waiting to accepted" */
static bool split_move(struct build *b, const char *key, const char **ret_from, const char **ret_to) {
    const char *space = strchr(key, ' ');
    if (space == NULL || strncmp(space, " to ", 4) != 0 || strchr(space + 4, ' ') != NULL)
        return false;
    *ret_from = arena_text_n(b->c->arena, key, (size_t)(space - key));
    *ret_to = space + 4;
    b->no_memory |= *ret_from == NULL;
    return *ret_from != NULL;
}

static void check_free(struct build *b, const struct node *n, const struct kind *k, const struct move *m) {
    const struct node *list = node_get(n->parent->parent, "limits");
    if (list != NULL && list->count != k->limit_count)
        return;                               /* a limit could not be read, and that was told */
    for (size_t i = 0; i < k->limit_count; i++)
        if (k->limits[i].type == LIMIT_CAPACITY && k->limits[i].state_field < 0)
            return;
    for (size_t i = 0; i < k->limit_count; i++)
        if (k->limits[i].type == LIMIT_CAPACITY && k->limits[i].state_field == m->field && k->limits[i].full_option == m->to && k->limits[i].else_option == m->from)
            return;
    complain(b, "no-seat", n, NULL, "No limit of `%s` gives seats for this move: write `%s at most …, else %s` in limits", k->name, k->fields[m->field].options[m->to], k->fields[m->field].options[m->from]);
}

static void build_move(struct build *b, int kind, const struct node *n, struct move *m, bool *ret_good) {
    const char *options[2];
    const struct capture *who = build_capture(b, n, "who");
    if (!split_move(b, n->key, &options[0], &options[1])) {
        complain_key(b, "move-form", n, NULL, "A move is written `STATE to STATE: PERSON or PERSON`");
        return;
    }
    m->field = resolve_state(b, n, kind, options, 2, -1, 0);
    if (m->field < 0 || who == NULL)
        return;
    const struct field *f = &b->c->kinds[kind].fields[m->field];
    m->from = field_option(f, options[0]);
    m->to = field_option(f, options[1]);
    if (m->from == m->to)
        complain_key(b, "same-state", n, NULL, "This move leads nowhere: name two states");
    size_t state = 0;
    int at, width;
    for (const char *name; (name = capture_next(who, b->c->arena, &state, &at, &width)) != NULL;) {
        int person = resolve_person(b, n, name, at, width);
        if (person >= 0)
            m->who |= (peopleset)1 << person;
    }
    m->when_free = build_has(b, n, "free");
    need_outside(b, n, kind, m->field, -1, 0, "moves change it");
    *ret_good = true;
}

static void build_moves(struct build *b, int kind, const struct node *map) {
    struct kind *k = &b->c->kinds[kind];
    if (map == NULL || map->type != NODE_MAP)
        return;
    k->moves = BUILD_NEW(b, struct move, map->count);
    for (const struct node *n = map->first; n != NULL && k->moves != NULL; n = n->next) {
        struct move m = { .pos = n->key_pos, .text = n->text };
        bool good = false;
        if (n->type != NODE_SCALAR)
            continue;
        build_move(b, kind, n, &m, &good);
        if (!good)
            continue;
        if (m.when_free)
            check_free(b, n, k, &m);
        k->moves[k->move_count++] = m;
    }
}

void build_limits(struct build *b) {
    for (size_t i = 0; i < b->c->kind_count && !b->no_memory; i++) {
        const struct node *node = b->work[i].node;
        build_limit_list(b, (int)i, node_get(node, "limits"));
        build_moves(b, (int)i, node_get(node, "moves"));
    }
}
