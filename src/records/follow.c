/* follow.c — change numbers for those who follow a tenant's records. */
#include <string.h>

#include "records/facts.h"
#include "records/use.h"

#ifndef CHANGES_AT_ONCE                       /* smaller ones in the test */
#define CHANGES_AT_ONCE 500u
#define STRETCHES_MAX 10                      /* of one call: what a caller may not see costs time, too, and one thread serves all who follow */
#endif
struct followed { struct change list[CHANGES_AT_ONCE]; size_t count; };

static bool take(const struct change *c, void *arg) {
    struct followed *f = arg;
    f->list[f->count++] = *c;
    return f->count < CHANGES_AT_ONCE;
}

/* That a record went is the tenant's business, and nothing is left of it that tells whether a level hid it; that one changed is the business of whoever may see it. E_DAMAGED: what was changed cannot
 * be read, or what decides who may see it. */
static enum code may_see(struct fact_source *src, const struct kind_info *k, const struct change *c, bool *ret, struct err *reterr) {
    struct record r = { .tenant = src->who->tenant };
    struct verdict sees;
    bool kind = policy_kind(src->s->charter, src->who, k->index, V_READ).any;
    *ret = c->erased && kind && use_knows(src->s, src->who, k->index);
    if (!kind || (c->erased && !*ret))
        return OK;
    if (c->damaged)
        return err_set(reterr, E_DAMAGED, "what was changed lies on a damaged page of records.db: `sejf doctor` names it; restore from the newest archive");
    if (c->erased)
        return OK;
    enum code code = record_find(src->q, k, &c->id, src->arena, &r, reterr);
    if (code != OK)
        return code == E_NOT_FOUND || code == E_GONE ? OK : code;
    src->record = &r;
    struct facts f = facts_of(src, src->now);
    code = policy_sees(src->who, &f, &sees, reterr);
    if (code == OK)
        *ret = sees.any;
    src->record = NULL;                        /* it ends here */
    return code;
}

struct telling { struct service *s; const struct caller *who; const struct damage_watch *watch; json_t *list; };

static enum code add(struct telling *t, json_t *one, struct err *reterr) {
    return json_array_append_new(t->list, one) == 0 ? OK : err_set(reterr, E_MEMORY, "no memory for a list of changes");
}

static enum code tell(struct telling *t, const struct kind_info *k, const struct change *c, struct err *reterr) {
    char id[UUID_TEXT], at[32];
    return add(t, json_pack("{s:I, s:s, s:s, s:I, s:b, s:s}", "change", (json_int_t)c->change, "kind", k->kind->name, "id", uuid_format(&c->id, id),
                            "version", (json_int_t)c->version, "erased", c->erased, "at", time_format(c->at, at, sizeof at)), reterr);
}

/* To whom it is not known whether the record may be told of, that one has changed is told without its id. */
static enum code tell_broken(struct telling *t, const struct kind_info *k, const struct change *c, const struct err *why, struct err *reterr) {
    char id[UUID_TEXT];
    damage_tell(t->watch, k, &c->id, why);
    return add(t, json_pack("{s:I, s:s, s:s?, s:b, s:b, s:s*}", "change", (json_int_t)c->change, "kind", k->kind->name, "id", use_knows(t->s, t->who, k->index) ? uuid_format(&c->id, id) : NULL,
                            "erased", c->erased, "damaged", 1, "request", t->watch == NULL ? NULL : t->watch->request), reterr);
}

static enum code change_tell(struct telling *t, struct fact_source *src, const struct change *c, struct err *reterr) {
    const struct kind_info *k = service_kind_by_number(t->s, c->kind);
    struct err why;
    bool sees = false;
    enum code code = k == NULL ? OK : may_see(src, k, c, &sees, &why);
    if (code == E_DAMAGED) {
        code = tell_broken(t, k, c, &why, reterr);
        return code == OK ? view_again(src->q, reterr) : code;
    }
    if (code != OK)
        *reterr = why;
    return code == OK && sees ? tell(t, k, c, reterr) : code;
}

/* One stretch of changes; *after moves to its end. */
static enum code stretch(struct telling *t, int64_t *after, size_t limit, bool *ret_end, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(view_end) struct view *v = NULL;
    struct followed *f = arena == NULL ? NULL : arena_get(arena, sizeof *f);
    if (f == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a list of changes");
    enum code code = store_view(t->s->store, t->who->tenant, &v, reterr);
    if (code != OK)
        return code;
    struct fact_source src = { .s = t->s, .q = view_sql(v), .who = t->who, .arena = arena, .now = clock_now() };
    code = changes_list_around(src.q, *after, take, f, reterr);
    for (size_t i = 0; code == OK && i < f->count && json_array_size(t->list) < limit; i++) {
        code = change_tell(t, &src, &f->list[i], reterr);
        *after = f->list[i].change;
    }
    *ret_end = f->count < CHANGES_AT_ONCE && (f->count == 0 || *after == f->list[f->count - 1].change);
    return code;
}

enum code record_changes(struct service *s, const struct caller *who, int64_t *after, size_t limit, const struct damage_watch *watch, bool *ret_end, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && after != NULL && ret_end != NULL && ret != NULL && reterr != NULL);
    struct telling t = { s, who, watch, json_array() };
    int64_t at = *after;
    bool end = false;
    enum code code = t.list == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of changes") : OK;
    for (int n = 0; code == OK && !end && n < STRETCHES_MAX && json_array_size(t.list) < limit; n++)
        code = stretch(&t, &at, limit, &end, reterr);
    if (code != OK) {
        json_decref(t.list);
        return code;
    }
    *ret = t.list;
    *ret_end = end;
    *after = at;
    return OK;
}
