/* sweep.c — the walk goes along the index of due dates and so costs what is due alone. Between batches it gives way to others who write. */
#include "retention/sweep.h"

#include <time.h>

#include "base/mem.h"
#include "records/held.h"
#include "records/service.h"
#include "retention/clock.h"
#include "store/gone.h"
#include "store/hold.h"
#include "store/notice.h"
#include "store/tables.h"

#define EARLY_SHARE 100u                      /* of the keeper's cap of a day: what dates that were moved may erase by themselves */

/* ---- may it go? */
static enum code gate(void *arg, struct sql *q, const struct record *r, usec_t due, usec_t now, bool *ret, struct err *reterr) {
    const struct service *s = arg;
    const struct warn *warn = &r->info->kind->warn;
    const struct notice_rule rule = { .zone = charter_zone(s->charter), .before = warn->before, .room = warn->room };
    usec_t from = USEC_NEVER;
    enum code code = notice_allows(q, warn->person >= 0 && rule_on(RULE_erasure_notice) ? &rule : NULL, r->info->number, &r->id, due, &from, reterr);
    if (code == OK)
        *ret = from <= now;
    return code;
}

/* ---- others */
/* A longer write takes each page along for more records. While others write too it is shorter, and the walk pauses as long after it as leaves them what
 * they were seen to use of the writer's time: between three and four fifths of it, for what they do outside of the writer needs processors as well. */
#define BATCH_BESIDE 1024u
#define BATCH_ALONE RETIRE_MAX
#define ENTRIES_BESIDE 8192u                  /* of the index in one transaction */
#define ENTRIES_ALONE 65536u
#define SHARE_LEAST 16                        /* of a hundred: the walk's */
#define SHARE_MOST 40
#define PAUSE_MOST (3 * USEC_PER_SEC)
#define OWN_WRITES 2                          /* of a batch: itself, and what is forgotten after it, */
#define OWN_WAITING 1                         /* for which nobody waits: it may stand in the queue still */
#define PURGE_EACH 200000                     /* records that went: their entries in the index follow */

struct pace { bool beside; int64_t writes; int share; };

/* Do several wait for the writer, or did anybody write since this was asked last? */
static bool others_write(const struct service *s, struct pace *p) {
    struct store_status now;
    const int64_t before = p->writes;
    store_status(s->store, &now);
    p->writes = now.writes;
    return now.waiting > OWN_WAITING || (before > 0 && now.writes - before > OWN_WRITES);
}

static void pace_begin(const struct service *s, struct pace *p) {
    *p = (struct pace){ .share = SHARE_LEAST };
    p->beside = others_write(s, p);
}

/* What the walk may take, by how busy others kept the writer while it paused. */
static int share_of(usec_t busy, usec_t paused) {
    const int left = paused <= 0 || busy >= paused ? 0 : (int)(100 - busy * 100 / paused);
    return left < SHARE_LEAST ? SHARE_LEAST : left > SHARE_MOST ? SHARE_MOST : left;
}

static usec_t pause_of(usec_t took, int share) {
    const usec_t nap = took < PAUSE_MOST ? took * (100 - share) / share : PAUSE_MOST;
    return nap < PAUSE_MOST ? nap : PAUSE_MOST;
}

static void give_way(const struct service *s, struct pace *p, usec_t took) {
    struct store_status before, after;
    p->beside = others_write(s, p);
    if (!p->beside) {
        p->share = SHARE_LEAST;
        return;
    }
    const usec_t nap = pause_of(took, p->share), from = clock_steady();
    store_status(s->store, &before);
    (void)nanosleep(&(struct timespec){ .tv_sec = nap / USEC_PER_SEC, .tv_nsec = nap % USEC_PER_SEC * 1000 }, NULL);
    store_status(s->store, &after);
    p->share = share_of(after.busy - before.busy, clock_steady() - from);
}

/* ---- what they were found by: after their keys */
static enum code purge(struct service *s, int64_t tenant, struct pace *p, struct key_bag *bag, struct err *reterr) {
    struct err late;
    (void)!retire_settle(s, tenant, bag, &late);       /* what is left undone stands noted as doomed */
    AUTO(index_purge_free) struct index_purge *left = NULL;
    bool more = true;
    enum code code = index_purge_new(s->store, tenant, &left, reterr);
    while (code == OK && more) {
        const usec_t began = clock_steady();
        code = index_purge_step(left, p->beside ? ENTRIES_BESIDE : ENTRIES_ALONE, &more, reterr);
        if (code == OK && more)
            give_way(s, p, clock_steady() - began);
    }
    return code;
}

/* ---- one tenant */
struct batch { const struct retire_id *only; struct retire_id list[RETIRE_MAX]; size_t count; struct pace pace; struct due_place last; };
static size_t batch_most(const struct batch *b) { return b->pace.beside ? BATCH_BESIDE : BATCH_ALONE; }
static bool take(const struct due_place *at, void *arg) {
    struct batch *b = arg;
    b->last = *at;
    if (b->only != NULL && (b->only->kind != at->kind || uuid_compare(&b->only->id, &at->id) != 0))
        return true;
    b->list[b->count++] = (struct retire_id){ at->kind, at->id };
    return b->count < batch_most(b);
}

static enum code batch_next(struct service *s, int64_t tenant, usec_t now, struct batch *b, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    const struct due_place after = b->last;
    b->count = 0;
    enum code code = store_view(s->store, tenant, &v, reterr);
    return code == OK ? due_walk(view_sql(v), &after, now, take, b, reterr) : code;
}

static enum code walk(struct service *s, int64_t tenant, const struct sweep_terms *terms, uint64_t *early, struct retired *ret, bool *ret_more, struct err *reterr) {
    struct batch *b = mem_new(sizeof *b);
    AUTO(key_bag_done) struct key_bag bag = { 0 };
    struct retire_terms each = { .now = terms->now, .gate = gate, .arg = s, .bag = &bag };
    struct err late;
    bool worked = true;
    enum code code = b == NULL ? err_set(reterr, E_MEMORY, "no memory for what is due") : OK;
    if (code == OK)
        b->only = terms->only;
    each.early = early;
    bool full = true;                          /* the last batch: there may be more */
    int64_t purged = ret->records;
    if (b != NULL)
        pace_begin(s, &b->pace);
    while (code == OK && full) {
        usec_t began = clock_steady();
        if (began >= terms->until && worked) {        /* what must wait is passed over, or nothing behind it would ever be reached */
            *ret_more = true;
            break;
        }
        code = batch_next(s, tenant, terms->now, b, reterr);
        full = b->count == batch_most(b);
        const int64_t before = ret->records + ret->parts;
        if (code == OK && b->count > 0)
            code = retire_some(s, tenant, b->list, b->count, &each, ret, reterr);
        worked = ret->records + ret->parts > before;
        if (code == OK && b->count > 0)
            give_way(s, &b->pace, clock_steady() - began);
        if (code == OK && ret->records - purged >= PURGE_EACH) {
            code = purge(s, tenant, &b->pace, &bag, reterr);
            purged = ret->records;
        }
    }
    if (code == OK)
        code = purge(s, tenant, &b->pace, &bag, reterr);
    else
        (void)!retire_settle(s, tenant, &bag, &late);
    mem_free(b);
    return code;
}

static enum code early_left(struct service *s, const struct sweep_terms *terms, uint64_t *ret, struct err *reterr) {
    struct keeper_status k;
    if (terms->every || terms->early != 0) {
        *ret = terms->every ? UINT64_MAX : terms->early;
        return OK;
    }
    enum code code = keeper_status(s->keeper, &k, reterr);
    if (code == OK)
        *ret = k.destroyed_most / EARLY_SHARE + k.allowed_today > k.destroyed_today ? k.destroyed_most / EARLY_SHARE + k.allowed_today - k.destroyed_today : 0;
    return code;
}

enum code sweep_tenant(struct service *s, int64_t tenant, const struct sweep_terms *terms, struct retired *ret, bool *ret_more, struct err *reterr) {
    PRE(s != NULL && terms != NULL && ret != NULL && ret_more != NULL && reterr != NULL);
    uint64_t early = 0;
    enum code code = early_left(s, terms, &early, reterr);
    return code == OK ? walk(s, tenant, terms, &early, ret, ret_more, reterr) : code;
}

/* ---- all of them */
typedef enum code (*tenant_do)(struct service *s, int64_t tenant, void *arg, struct err *reterr);
static enum code each_tenant(struct service *s, size_t first, tenant_do fn, void *arg, struct err *reterr) {
    int64_t *list = NULL;
    size_t count = 0;
    enum code code = tenants_all(s->store, charter_name(s->charter), &list, &count, reterr);
    for (size_t i = 0; code == OK && i < count; i++)
        code = fn(s, list[(first + i) % count], arg, reterr);
    mem_free(list);
    return code;
}

struct sweep { const struct sweep_terms *terms; uint64_t early; struct retired *ret; bool more; };
static enum code sweep_one(struct service *s, int64_t tenant, void *arg, struct err *reterr) {
    struct sweep *w = arg;
    struct err why;
    if (clock_steady() >= w->terms->until) {
        w->more = true;
        return OK;
    }
    enum code code = walk(s, tenant, w->terms, &w->early, w->ret, &w->more, &why);
    if (code == E_MEMORY || code == E_BUSY || code == E_PEER || code == E_FULL) {
        *reterr = why;
        return code;
    }
    if (code != OK) {                          /* what is wrong with one tenant is nothing to the others */
        w->ret->failed++;
        w->ret->why = why;
    }
    return OK;
}

enum code sweep_service(struct service *s, const struct sweep_terms *terms, struct retired *ret, bool *ret_more, struct err *reterr) {
    PRE(s != NULL && terms != NULL && ret != NULL && ret_more != NULL && reterr != NULL);
    struct sweep w = { .terms = terms, .ret = ret };
    if (clock_held(s->store))
        return OK;
    enum code code = early_left(s, terms, &w.early, reterr);
    if (code == OK)
        code = each_tenant(s, (size_t)(clock_steady() / USEC_PER_SEC), sweep_one, &w, reterr);
    *ret_more = *ret_more || w.more;
    return code;
}

/* ---- what is left */
struct counting { struct service *s; usec_t now; struct sql *q; struct overdue *ret; int64_t seen; enum code code; struct err *err; };
static bool any_hold(const struct hold_row *h UNUSED, void *arg) {
    *(bool *)arg = true;
    return false;
}

/* Is every part whose time is over held? A hold of another part is no ground. One that cannot be read is held by nobody, and ends
 * the walk: its view is over. */
static enum code all_held(struct counting *c, const struct due_place *at, bool *ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    const struct kind_info *k = service_kind_by_number(c->s, at->kind);
    struct record r;
    uint64_t held = 0, over = 0;
    *ret = false;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory to count what is due");
    enum code code = k == NULL ? E_NOT_FOUND : record_load(c->q, k, &at->id, arena, &r, reterr);
    if (code == E_DAMAGED)
        c->seen = OVERDUE_MOST;
    if (code == E_NOT_FOUND || code == E_GONE || code == E_DAMAGED)
        return OK;
    if (code == OK)
        code = held_parts(c->q, &r, c->now, HELD_BY_PERSON, &held, reterr);
    for (size_t i = 0; code == OK && i < k->kind->part_count; i++)
        over |= record_uses_part(&r, (int)i) && held_due(&r, i) <= c->now ? UINT64_C(1) << i : 0;
    *ret = code == OK && (over & ~held) == 0;
    return code;
}

static bool count_due(const struct due_place *at, void *arg) {
    struct counting *c = arg;
    bool held = false;
    c->code = holds_of(c->q, at->kind, &at->id, c->now, any_hold, &held, c->err);
    if (c->code == OK && held)
        c->code = all_held(c, at, &held, c->err);
    c->ret->held += held;
    c->ret->records += !held;
    if (!held && at->due < c->ret->oldest)
        c->ret->oldest = at->due;
    return c->code == OK && ++c->seen < OVERDUE_MOST;
}

static enum code count_one(struct service *s, int64_t tenant, void *arg, struct err *reterr) {
    struct counting *c = arg;
    AUTO(view_end) struct view *v = NULL;
    const struct due_place first = { 0 };
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code != OK)
        return code;
    c->q = view_sql(v);
    c->seen = 0;
    c->err = reterr;
    code = due_walk(c->q, &first, c->now, count_due, c, reterr);
    return code == OK ? c->code : code;
}

enum code sweep_overdue(struct service *s, usec_t now, struct overdue *ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    struct overdue sum = { .oldest = USEC_NEVER };
    struct counting c = { .s = s, .now = now, .ret = &sum };
    enum code code = each_tenant(s, 0, count_one, &c, reterr);
    if (code == OK)
        *ret = sum;
    return code;
}
