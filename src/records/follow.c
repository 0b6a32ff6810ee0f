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

/* That a record went is the tenant's business; that one changed is the business of whoever may see it. */
static enum code may_see(struct fact_source *src, const struct kind_info *k, const struct change *c, bool *ret, struct err *reterr) {
    struct record r = { .tenant = src->who->tenant };
    struct verdict sees;
    bool kind = policy_kind(src->s->charter, src->who, k->index, V_READ).any;
    *ret = c->erased && kind && use_owner(src->s, src->who);
    if (c->erased || !kind)
        return OK;
    enum code code = record_find(src->q, k, &c->id, src->arena, &r, reterr);
    if (code == E_NOT_FOUND || code == E_GONE)
        return OK;
    src->record = &r;
    struct facts f = facts_of(src, src->now);
    if (code == OK)
        code = policy_sees(src->who, &f, &sees, reterr);
    if (code == OK)
        *ret = sees.any;
    src->record = NULL;                        /* it ends here */
    return code;
}

static enum code add(json_t *list, const struct kind_info *k, const struct change *c, struct err *reterr) {
    char id[UUID_TEXT], at[32];
    json_t *one = json_pack("{s:I, s:s, s:s, s:I, s:b, s:s}", "change", (json_int_t)c->change, "kind", k->kind->name, "id", uuid_format(&c->id, id),
                            "version", (json_int_t)c->version, "erased", c->erased, "at", time_format(c->at, at, sizeof at));
    return json_array_append_new(list, one) == 0 ? OK : err_set(reterr, E_MEMORY, "no memory for a list of changes");
}

/* One stretch of changes; *after moves to its end. */
static enum code stretch(struct service *s, const struct caller *who, int64_t *after, size_t limit, json_t *list, bool *ret_end, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(view_end) struct view *v = NULL;
    struct followed *f = arena == NULL ? NULL : arena_get(arena, sizeof *f);
    if (f == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a list of changes");
    enum code code = store_view(s->store, who->tenant, &v, reterr);
    if (code == OK)
        code = changes_list(view_sql(v), *after, take, f, reterr);
    struct fact_source src = { .s = s, .q = view_sql(v), .who = who, .arena = arena, .now = clock_now() };
    for (size_t i = 0; code == OK && i < f->count && json_array_size(list) < limit; i++) {
        const struct kind_info *k = service_kind_by_number(s, f->list[i].kind);
        bool sees = false;
        if (k != NULL)
            code = may_see(&src, k, &f->list[i], &sees, reterr);
        if (code == OK && sees)
            code = add(list, k, &f->list[i], reterr);
        *after = f->list[i].change;
    }
    *ret_end = f->count < CHANGES_AT_ONCE && (f->count == 0 || *after == f->list[f->count - 1].change);
    return code;
}

enum code record_changes(struct service *s, const struct caller *who, int64_t *after, size_t limit, bool *ret_end, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && after != NULL && ret_end != NULL && ret != NULL && reterr != NULL);
    json_t *list = json_array();
    int64_t at = *after;
    bool end = false;
    enum code code = list == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of changes") : OK;
    for (int n = 0; code == OK && !end && n < STRETCHES_MAX && json_array_size(list) < limit; n++)
        code = stretch(s, who, &at, limit, list, &end, reterr);
    if (code != OK) {
        json_decref(list);
        return code;
    }
    *ret = list;
    *ret_end = end;
    *after = at;
    return OK;
}
