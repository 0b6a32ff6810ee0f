/* roots.c — the ways to what a caller may see, from the charter's kinds; then the ids behind them, merged. */
#include "records/roots.h"

#include <stdlib.h>
#include <string.h>

#include "records/find.h"
#include "records/keys.h"
#include "records/record.h"

/* ---- which */
static bool add(struct roots *r, struct root one) {
    if (r->count == ROOTS_MAX)
        return false;
    r->list[r->count++] = one;
    r->indexed = r->indexed || one.type == ROOT_REFERRING;
    return true;
}

/* Those that refer to it by this field: only the index leads there. */
static bool add_field(struct roots *r, const struct kind_info *k, size_t field, const struct uuid *id) {
    bool found = (k->found >> field & 1) != 0 && (k->kind->fields[field].found & FIND_EXACT) != 0;
    return found && add(r, (struct root){ ROOT_REFERRING, k->index, (int)field, *id });
}

/* Does anything but belonging to it directly lead from the parent's kind to records of `kind`? */
static bool deeper(const struct charter *c, const struct kind *k, int kind) {
    if (k->parent < 0 || !policy_comes_under(c, k->parent, kind))
        return false;
    const struct kind *parent = charter_kind_at(c, k->parent);
    return k->parent != kind || kind_refers(parent, kind) || (parent->parent >= 0 && policy_comes_under(c, parent->parent, kind));
}

static bool by_level(const struct service *s, const struct kind_info *k, const struct level_of *l, struct roots *ret) {
    bool good = !deeper(s->charter, k->kind, l->kind);
    if (good && k->index == l->kind)
        good = add(ret, (struct root){ ROOT_ITSELF, k->index, -1, l->id });
    if (good && k->kind->parent == l->kind)
        good = add(ret, (struct root){ ROOT_CHILDREN, k->index, -1, l->id });
    for (size_t i = 0; good && i < k->kind->field_count; i++) {
        const struct field *f = &k->kind->fields[i];
        if (f->type == T_REFERENCE && f->refers == l->kind && (k->kind->outside >> i & 1) != 0)
            good = add_field(ret, k, i, &l->id);
    }
    return good;
}

/* With no level for all, what no named record reaches is hidden. */
static bool by_levels(const struct service *s, const struct caller *who, const struct kind_info *k, struct roots *ret) {
    const struct levels *l = who->levels;
    bool spoken = charter_level(s->charter, k->index).kind >= 0, good = true;
    if (l == NULL || l->all != LEVEL_NONE || who->by_sejf || !rule_on(RULE_access_levels))
        return false;
    for (size_t i = 0; good && i < l->count; i++) {
        if (!policy_comes_under(s->charter, k->index, l->list[i].kind))
            continue;
        spoken = true;
        if (l->list[i].level >= LEVEL_READ)
            good = by_level(s, k, &l->list[i], ret);
    }
    return good && spoken;
}

/* Does a record of `kind` belong to one of `above`, however far up? steps: how far; 0: no. */
static size_t steps_up(const struct service *s, int kind, int above) {
    size_t n = 0;
    for (int up = kind; up >= 0 && n <= s->kinds; n++, up = service_kind(s, up)->kind->parent)
        if (up == above)
            return n;
    return 0;
}

static bool by_own(const struct service *s, const struct kind_info *k, int kind, const struct uuid *id, struct roots *ret) {
    size_t up = kind < 0 ? 0 : steps_up(s, k->index, kind);
    bool good = kind >= 0 && up <= 1;
    if (good && k->index == kind)
        good = add(ret, (struct root){ ROOT_ITSELF, kind, -1, *id });
    if (good && up == 1)
        good = add(ret, (struct root){ ROOT_CHILDREN, kind, -1, *id });
    if (good && k->index != kind && steps_up(s, kind, k->index) > 0)
        good = add(ret, (struct root){ ROOT_ABOVE, kind, -1, *id });
    for (size_t i = 0; good && i < k->kind->field_count; i++) {
        const struct field *f = &k->kind->fields[i];
        if (f->type == T_REFERENCE && (f->refers == kind || f->refers < 0))
            good = add_field(ret, k, i, id);
    }
    return good;
}

static bool by_owns(const struct service *s, const struct caller *who, const struct kind_info *k, struct roots *ret) {
    const struct uuid *id = who->by_link || uuid_is_null(&who->self) ? &who->subject : &who->self;
    bool good = policy_only_own(s->charter, who, k->index);
    if (good && !uuid_is_null(id))
        good = by_own(s, k, who->subject_kind, id, ret);
    for (size_t i = 0; good && i < who->owned_count; i++)
        good = by_own(s, k, who->owned[i].kind, &who->owned[i].id, ret);
    return good;
}

bool roots_of(const struct service *s, const struct caller *who, const struct kind_info *k, struct roots *ret) {
    ret->count = 0;
    ret->indexed = false;
    if (by_owns(s, who, k, ret))
        return true;
    ret->count = 0;
    ret->indexed = false;
    return by_levels(s, who, k, ret);
}

/* ---- ids */
struct gathering { const struct roots_walk *w; struct sql *q; struct arena *arena; struct uuid *list; size_t count, room, until; bool failed; };

static bool take(const struct uuid *id, void *arg) {
    struct gathering *g = arg;
    if (g->count == g->room) {
        size_t room = g->room == 0 ? 64 : g->room * 2;
        struct uuid *list = arena_array(g->arena, room, sizeof *list);
        g->failed = list == NULL;
        if (g->failed)
            return false;
        for (size_t i = 0; i < g->count; i++)
            list[i] = g->list[i];
        g->list = list;
        g->room = room;
    }
    g->list[g->count++] = *id;
    return g->count < g->until;
}

static bool take_row(const struct row *row, void *arg) { return take(&row->id, arg); }

static void take_one(struct gathering *g, const struct uuid *id) {
    int side = g->w->after == NULL ? 1 : uuid_compare(id, g->w->after);
    if (g->w->descending && g->w->after != NULL)
        side = -side;
    if (side > 0)
        (void)take(id, g);
}

static enum code children(struct gathering *g, const struct uuid *parent, struct err *reterr) {
    struct row_range range = { .kind = g->w->k->number, .has_parent = true, .parent = *parent, .descending = g->w->descending };
    if (g->w->after != NULL)
        range.after = *g->w->after;
    return rows_list_around(g->q, &range, take_row, g, reterr);
}

/* The record of this kind that the person's own one belongs to. */
static enum code above(struct gathering *g, const struct root *r, struct err *reterr) {
    struct uuid id = r->id;
    struct record rec;
    enum code code = OK;
    for (int kind = r->kind; kind >= 0 && kind != g->w->k->index && code == OK && !uuid_is_null(&id);) {
        const struct kind_info *k = service_kind(g->w->s, kind);
        code = record_find(g->q, k, &id, g->arena, &rec, reterr);
        id = code == OK ? rec.parent : id;
        kind = k->kind->parent;
    }
    if (code == OK && !uuid_is_null(&id))
        take_one(g, &id);
    return code == E_NOT_FOUND || code == E_GONE ? OK : code;
}

/* While tokens are renewed, some have the new key and some the old one. */
static enum code referring(struct gathering *g, const struct index_keys *keys, const struct root *r, struct err *reterr) {
    static const struct uuid first;
    char text[UUID_TEXT];
    struct token token;
    enum code code = OK;
    uuid_format(&r->id, text);
    for (int before = 0; code == OK && before <= (keys->has_before ? 1 : 0); before++) {
        g->until = g->count + g->w->room;
        code = find_token(g->w->s, keys, g->w->k, g->w->tenant, r->field, FIND_EXACT, text, strlen(text), before != 0, &token)
            ? index_find(g->q, g->w->k->number, &token, g->w->after == NULL ? &first : g->w->after, take, g, reterr) : err_set(reterr, E_MEMORY, "no memory for a list");
    }
    return code;
}

static enum code gather(struct gathering *g, const struct index_keys *keys, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && !g->failed && i < g->w->roots->count; i++) {
        const struct root *r = &g->w->roots->list[i];
        g->until = g->count + g->w->room;
        switch (r->type) {
        case ROOT_ITSELF: take_one(g, &r->id); break;
        case ROOT_CHILDREN: code = children(g, &r->id, reterr); break;
        case ROOT_REFERRING: code = referring(g, keys, r, reterr); break;
        case ROOT_ABOVE: code = above(g, r, reterr); break;
        }
    }
    return code == OK && g->failed ? err_set(reterr, E_MEMORY, "no memory for a list") : code;
}

static int up(const void *a, const void *b) { return uuid_compare(a, b); }
static int down(const void *a, const void *b) { return uuid_compare(b, a); }

enum code roots_ids(const struct roots_walk *w, struct sql *q, struct arena *arena, struct uuid **ret, size_t *ret_count, struct err *reterr) {
    PRE(w != NULL && q != NULL && arena != NULL && ret != NULL && ret_count != NULL && reterr != NULL);
    struct gathering g = { .w = w, .q = q, .arena = arena };
    struct index_keys keys = { 0 };
    enum code code = w->roots->indexed ? index_keys_of(w->s, w->tenant, false, &keys, reterr) : OK;
    if (code == OK)
        code = gather(&g, &keys, reterr);
    if (code == OK && w->roots->indexed && keys.generation < index_generation(w->s->store)) {      /* a renewal began under our hands: page.c says why */
        g.count = 0;
        code = index_keys_of(w->s, w->tenant, true, &keys, reterr);
        if (code == OK)
            code = gather(&g, &keys, reterr);
    }
    crypto_wipe(&keys, sizeof keys);
    if (code != OK)
        return code;
    size_t n = 0;
    if (g.count > 0)
        qsort(g.list, g.count, sizeof *g.list, w->descending ? down : up);
    for (size_t i = 0; i < g.count; i++)
        if (n == 0 || uuid_compare(&g.list[n - 1], &g.list[i]) != 0)
            g.list[n++] = g.list[i];
    *ret = g.list;
    *ret_count = n < w->room ? n : w->room;
    return OK;
}
