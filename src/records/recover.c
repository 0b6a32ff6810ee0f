/* recover.c — upkeep: what a cut left undone is done, what has ended goes. Each step can be done twice. */
#include <string.h>

#include "base/mem.h"
#include "records/children.h"
#include "records/doom.h"
#include "records/facts.h"
#include "records/refit.h"
#include "records/task.h"
#include "store/copies.h"
#include "store/tables.h"

/* ---- tenants of this service */
typedef enum code (*tenant_do)(struct service *s, int64_t tenant, void *arg, struct err *reterr);
static enum code each_tenant(struct service *s, tenant_do fn, void *arg, struct err *reterr) {
    int64_t *list = NULL;
    size_t count = 0;
    enum code code = tenants_all(s->store, charter_name(s->charter), &list, &count, reterr);
    for (size_t i = 0; code == OK && i < count; i++)
        code = fn(s, list[i], arg, reterr);
    mem_free(list);
    return code;
}

/* ---- the index follows a change */
/* Changes are gathered and followed together; the last of them that stood at the start is not waited for. */
struct following { struct service *s; int64_t tenant, newest; struct refit_id list[REFIT_MAX]; size_t count; enum code code; struct err *err; };

static bool flush(struct following *f) {
    size_t damaged = 0;                        /* what cannot be read cannot be found either */
    if (f->count > 0)
        f->code = refit_some(f->s, f->tenant, f->list, f->count, false, &damaged, f->err);
    f->count = 0;
    return f->code == OK;
}

static bool follow(const struct change *c, void *arg) {
    struct following *f = arg;
    const struct kind_info *k = service_kind_by_number(f->s, c->kind);
    if (!c->erased && k != NULL)
        f->list[f->count++] = (struct refit_id){ k, c->id };
    return (f->count < REFIT_MAX && c->change < f->newest) || flush(f);
}

static enum code follow_all(struct service *s, int64_t tenant, struct err *reterr) {
    struct following *f = mem_new(sizeof *f);
    if (f == NULL)
        return err_set(reterr, E_MEMORY, "no memory to catch the index up");
    *f = (struct following){ .s = s, .tenant = tenant, .newest = store_wait_change(s->store, tenant, 0, 0), .err = reterr };
    enum code code = index_behind(s->store, tenant, follow, f, reterr);
    if (code == OK)
        code = f->code;
    if (code == OK && f->count > 0)
        code = flush(f) ? OK : f->code;
    mem_free(f);
    return code;
}

/* An index whose own file is damaged is made anew at once: at a start there is nobody to be kept waiting. */
static enum code catch_up(struct service *s, int64_t tenant, void *arg UNUSED, struct err *reterr) {
    enum code code = follow_all(s, tenant, reterr);
    if (code != E_DAMAGED || !store_index_damaged(s->store))
        return code;
    code = store_index_remake(s->store, reterr);
    return code == OK ? follow_all(s, tenant, reterr) : code;
}

/* ---- the rest of a tenant's upkeep */
static enum code expire(struct txn *t, void *arg UNUSED, struct err *reterr) {
    enum code code = replies_expire(t, txn_ran(t), reterr);
    return code == OK ? copies_end(t, txn_ran(t) - COPY_LIFE, reterr) : code;
}

static enum code tend(struct service *s, int64_t tenant, void *arg UNUSED, struct err *reterr) {
    enum code code = tasks_run(s, tenant, NULL, reterr);
    if (code == OK || code == E_TOO_MANY)      /* above the cap of a day: the other tenants are not kept waiting */
        code = catch_up(s, tenant, NULL, reterr);
    return code == OK ? store_write(s->store, tenant, expire, NULL, reterr) : code;
}

enum code service_recover(struct service *s, struct err *reterr) {
    PRE(s != NULL && reterr != NULL);
    size_t left;
    enum code code = each_tenant(s, tend, NULL, reterr);
    if (code == OK)
        code = doom_rest(s, &left, reterr);
    return code == E_TOO_MANY ? OK : code;     /* above the cap of a day: a person confirms, and the next upkeep goes on */
}

static bool followed(const struct change *c UNUSED, void *arg UNUSED) { return true; }

/* Every record has been put; what was written meanwhile has put itself. */
static enum code refit(struct service *s, int64_t tenant, void *arg, struct err *reterr) {
    struct refit *r = arg;
    r->tenant = tenant;
    enum code code = refit_tenant(r, reterr);
    return code == OK ? index_behind(s->store, tenant, followed, NULL, reterr) : code;
}

enum code service_refit(struct service *s, const struct refit_watch *watch, struct err *reterr) {
    PRE(s != NULL && reterr != NULL);
    struct refit r = { .s = s, .watch = watch };
    return each_tenant(s, refit, &r, reterr);
}

static enum code drop_and_refit(struct service *s, int64_t tenant, void *arg, struct err *reterr) {
    enum code code = index_drop(s->store, tenant, reterr);
    return code == OK ? refit(s, tenant, arg, reterr) : code;
}

enum code service_rebuild_index(struct service *s, struct err *reterr) {
    PRE(s != NULL && reterr != NULL);
    struct refit r = { .s = s };
    return each_tenant(s, drop_and_refit, &r, reterr);
}

static enum code reindex(struct service *s, int64_t tenant, void *arg, struct err *reterr) {
    enum code code = index_drop(s->store, tenant, reterr);
    return code == OK ? catch_up(s, tenant, arg, reterr) : code;
}

enum code service_reindex(struct service *s, struct err *reterr) {
    PRE(s != NULL && reterr != NULL);
    return each_tenant(s, reindex, NULL, reterr);
}

enum code service_catch_up(struct service *s, struct err *reterr) {
    PRE(s != NULL && reterr != NULL);
    return each_tenant(s, catch_up, NULL, reterr);
}

/* ---- new due dates, after a charter whose keep rules changed */
struct redating { struct service *s; const struct kind_info *k; struct uuid after; bool more; };
static enum code redate_some(struct txn *t, void *arg, struct err *reterr) {
    struct redating *d = arg;
    return children_redate_some(t, d->s, d->k, NULL, &d->after, &d->more, reterr);
}

static enum code redate_tenant(struct service *s, int64_t tenant, void *arg UNUSED, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < s->kinds; i++) {
        struct redating d = { .s = s, .k = &s->info[i], .more = true };
        while (code == OK && d.more)
            code = store_write(s->store, tenant, redate_some, &d, reterr);
    }
    return code;
}

enum code service_rebuild_due(struct service *s, struct err *reterr) {
    PRE(s != NULL && reterr != NULL);
    return each_tenant(s, redate_tenant, NULL, reterr);
}

/* ---- are the due dates those that the charter explains? */
struct checking { struct service *s; int64_t tenant; struct sql *q; const struct kind_info *k; struct arena *arena; struct due_check *ret; enum code code; struct err *err; };

static void due_compare(struct checking *c, const struct part *part, usec_t stored, usec_t wanted) {
    c->ret->parts++;
    c->ret->undated += part->keep.type == KEEP_SPAN && stored == USEC_NEVER;
    c->ret->wrong += stored != wanted;
}

static enum code due_record(struct checking *c, const struct uuid *id, struct looked_up **known) {
    struct record r;
    enum code code = record_load(c->q, c->k, id, c->arena, &r, c->err);
    struct fact_source src = { .s = c->s, .q = c->q, .record = &r, .arena = c->arena, .inside = true, .known = *known };
    usec_t *stored = arena_array(c->arena, c->k->kind->part_count, sizeof *stored), first = code == OK ? r.due : 0;
    if (code == OK && stored == NULL)
        code = err_set(c->err, E_MEMORY, "no memory to compare due dates");
    for (size_t i = 0; code == OK && i < c->k->kind->part_count; i++)
        stored[i] = r.parts[i].due;
    if (code == OK)
        code = facts_due(&src, clock_now(), c->err);
    *known = src.known;
    for (size_t i = 0; code == OK && i < c->k->kind->part_count; i++)
        if (r.parts[i].has)
            due_compare(c, &c->k->kind->parts[i], stored[i], r.parts[i].due);
    if (code == OK)
        c->ret->wrong += first != r.due;
    return code;
}

#define CHECK_AT_ONCE 256u
struct some_ids { struct uuid list[CHECK_AT_ONCE]; size_t count; };
static bool take_id(const struct row *row, void *arg) {
    struct some_ids *l = arg;
    l->list[l->count++] = row->id;
    return l->count < CHECK_AT_ONCE;
}

static enum code due_some(struct checking *c, struct uuid *after, bool *ret_more) {
    AUTO(view_end) struct view *v = NULL;
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct some_ids *ids = arena == NULL ? NULL : arena_get(arena, sizeof *ids);
    struct looked_up *known = NULL;
    if (ids == NULL)
        return err_set(c->err, E_MEMORY, "no memory to compare due dates");
    enum code code = store_view(c->s->store, c->tenant, &v, c->err);
    if (code != OK)
        return code;
    c->q = view_sql(v);
    c->arena = arena;
    code = rows_list(c->q, &(struct row_range){ .kind = c->k->number, .after = *after }, take_id, ids, c->err);
    for (size_t i = 0; code == OK && i < ids->count; i++)
        code = due_record(c, &ids->list[i], &known);
    *ret_more = ids->count == CHECK_AT_ONCE;
    if (ids->count > 0)
        *after = ids->list[ids->count - 1];
    return code;
}

enum code service_check_due(struct service *s, int64_t tenant, struct due_check *ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    struct due_check sum = { 0 };
    enum code code = OK;
    for (size_t i = 0; code == OK && i < s->kinds; i++) {
        struct checking c = { .s = s, .tenant = tenant, .k = &s->info[i], .ret = &sum, .err = reterr };
        struct uuid after = { { 0 } };
        bool more = true;
        while (code == OK && more)
            code = due_some(&c, &after, &more);
    }
    if (code == OK)
        *ret = sum;
    return code;
}
