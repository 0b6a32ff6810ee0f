/* commit.c — the queue and the thread that empties it.
 *
 *   take a group → BEGIN → for each write: SAVEPOINT, fn, RELEASE (or ROLLBACK TO) → clocks → COMMIT (durable)
 *   → index transaction → answer everyone
 *
 * Invariants: a write is answered OK only after its group's commit. The states in memory are those of the
 * database whenever no group is under way; whatever fails drops them. The index's `reached` of a tenant moves
 * only from the change number that the group began with, so that a gap stays visible until it is filled. */
#include <string.h>

#include "base/pause.h"
#include "store/inner.h"

/* ---- what is known of a tenant ---- */

static struct state **state_slot(struct store *s, int64_t tenant) {
    uint64_t hash = (uint64_t)tenant * UINT64_C(0x9e3779b97f4a7c15);
    struct state **at = &s->states[(hash >> 32) % STATES_MAX];
    while (*at != NULL && (*at)->tenant != tenant)
        at = &(*at)->next;
    return at;
}

static void states_forget(struct store *s) {
    for (size_t i = 0; i < STATES_MAX; i++)
        while (s->states[i] != NULL) {
            struct state *gone = s->states[i];
            s->states[i] = gone->next;
            (void)mem_free(gone);
        }
    s->state_count = 0;
    s->dirty = NULL;
}

static enum code state_of(struct store *s, int64_t tenant, struct state **ret, struct err *reterr) {
    struct state **slot = state_slot(s, tenant), *state = *slot;
    if (state == NULL) {
        state = mem_new(sizeof *state);
        if (state == NULL)
            return err_set(reterr, E_MEMORY, "no memory for a write");
        state->tenant = tenant;
        enum code code = clock_read(&s->writer.sql, &state->change, &state->records, reterr);
        if (code != OK) {
            (void)mem_free(state);
            return code;
        }
        state->begin = state->change;
        state->begin_records = state->records;
        *slot = state;
        s->state_count++;
    }
    *ret = state;
    return OK;
}

void state_touch(struct txn *t) {
    if (t->state->dirty)
        return;
    t->state->dirty = true;
    t->state->next_dirty = t->sql.store->dirty;
    t->sql.store->dirty = t->state;
}

enum code state_chain(struct txn *t, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    if (t->state->chain_known)
        return OK;
    enum code code = sql_prepare(&t->sql, "SELECT seq, head FROM ledger WHERE tenant = ? ORDER BY seq DESC LIMIT 1", &s, reterr);
    if (code != OK || (code = stmt_step(s, &row, reterr)) != OK)
        return code;
    t->state->seq = row ? (uint64_t)col_int(s, 0) : 0;
    memset(t->state->head, 0, HASH_SIZE);
    if (row)
        code = col_bytes(s, 1, t->state->head, HASH_SIZE, reterr);
    stmt_end(s);
    t->state->chain_known = code == OK;
    return code;
}

enum code txn_change(struct txn *t, int64_t *ret, struct err *reterr UNUSED) {
    state_touch(t);
    *ret = ++t->state->change;
    return OK;
}

enum code clock_read(struct sql *q, int64_t *ret_change, int64_t *ret_records, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT change, records FROM tenant_clock WHERE tenant = ?", &s, reterr);
    if (code != OK || (code = stmt_step(s, &row, reterr)) != OK)
        return code;
    *ret_change = row ? col_int(s, 0) : 0;
    *ret_records = row ? col_int(s, 1) : 0;
    stmt_end(s);
    return OK;
}

/* The next tenant above `after`. Instance-wide: used at start and for upkeep, never for a request. */
static enum code tenant_after(struct store *s, int64_t after, int64_t *ret, bool *ret_found, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct stmt *st = NULL;
    bool row = false;
    enum code code = store_view(s, after, &v, reterr);
    if (code == OK)
        code = sql_prepare(view_sql(v), "SELECT tenant FROM tenant_clock WHERE tenant > ? ORDER BY tenant LIMIT 1", &st, reterr);
    if (code != OK || (code = stmt_step(st, &row, reterr)) != OK)
        return code;
    *ret_found = row;
    if (row)
        *ret = col_int(st, 0);
    return OK;
}

enum code clock_tenants(struct store *s, tenant_id_fn fn, void *arg, struct err *reterr) {
    int64_t tenant = -1;
    bool found = true;
    for (;;) {
        enum code code = tenant_after(s, tenant, &tenant, &found, reterr);
        if (code != OK || !found || (code = fn(arg, tenant, reterr)) != OK)
            return code;
    }
}

/* ---- one group ---- */

static enum code group_begin(struct store *s, struct err *reterr) {
    int64_t others = 0;
    enum code code = db_begin(s->writer.sql.records, true, reterr);
    if (code != OK)
        return code;
    code = db_others(s->writer.sql.records, &others, reterr);
    if (code != OK) {
        db_rollback(s->writer.sql.records);
        return code;
    }
    if (others != s->others) {
        states_forget(s);
        s->index_gaps++;                      /* what another process wrote, its own index may lack */
        s->others = others;
    }
    if (s->state_count > STATES_MAX)
        states_forget(s);
    s->writer.now = clock_now();
    s->writer.ran = store_ran(s);
    buf_cut(&s->writer.ops, 0);
    return OK;
}

/* As it was before a write that does not stand. */
static void state_undo(struct state *state, const struct state *before) {
    state->change = before->change;
    state->records = before->records;
    state->seq = before->seq;
    state->chain_known = before->chain_known;
    memcpy(state->head, before->head, HASH_SIZE);
}

enum code txn_beside(struct txn *t, int64_t tenant, write_fn fn, void *arg, struct err *reterr) {
    PRE(t != NULL && fn != NULL && reterr != NULL && t->beside == NULL && tenant != t->sql.tenant);
    struct state *own = t->state, *other = NULL;
    const struct bare bare = t->bare;
    const int64_t of = t->sql.tenant;
    const int packs = t->packs;
    enum code code = state_of(t->sql.store, tenant, &other, reterr);
    if (code != OK)
        return code;
    t->beside = other;
    t->beside_before = *other;
    t->state = other;
    t->sql.tenant = tenant;
    t->bare = (struct bare){ .erased = 0 };
    t->packs = PACKS_UNKNOWN;
    code = fn(t, arg, reterr);
    t->state = own;
    t->sql.tenant = of;
    t->bare = bare;
    t->packs = packs;
    return code;
}

static enum code write_one(struct store *s, struct request *r, bool guarded) {
    struct txn *t = &s->writer;
    struct state *state = NULL;
    size_t ops = t->ops.len;
    t->sql.tenant = r->tenant;
    enum code code = state_of(s, r->tenant, &state, r->reterr);
    if (code != OK)
        return code;
    PRE(state != NULL);
    struct state before = *state;
    t->state = state;
    t->beside = NULL;
    t->bare = (struct bare){ .erased = 0 };
    t->packs = PACKS_UNKNOWN;
    if (guarded && (code = db_savepoint(t->sql.records, r->reterr)) != OK)
        return code;
    code = r->fn(t, r->arg, r->reterr);
    if (code == OK && t->ops.failed)
        code = err_set(r->reterr, E_MEMORY, "no memory for the index of a write");
    if (code == OK && guarded)
        code = db_release(t->sql.records, r->reterr);
    if (code == OK)
        return OK;
    if (guarded)
        db_rollback_to(t->sql.records);
    state_undo(state, &before);
    if (t->beside != NULL)
        state_undo(t->beside, &t->beside_before);
    t->ops.failed = false;
    buf_cut(&t->ops, ops);
    return code;
}

static enum code clocks_write(struct store *s, struct err *reterr) {
    enum code noted = ran_note(s, reterr);
    if (noted != OK)
        return noted;
    for (struct state *d = s->dirty; d != NULL; d = d->next_dirty) {
        struct stmt *st;
        s->writer.sql.tenant = d->tenant;
        enum code code = sql_prepare(&s->writer.sql, "INSERT INTO tenant_clock (tenant, change, records) VALUES (?, ?, ?) "
                                     "ON CONFLICT (tenant) DO UPDATE SET change = excluded.change, records = excluded.records", &st, reterr);
        if (code != OK)
            return code;
        stmt_int(st, 2, d->change);
        stmt_int(st, 3, d->records);
        if ((code = stmt_run(st, reterr)) != OK)
            return code;
    }
    return OK;
}

static void group_drop(struct store *s) {
    db_rollback(s->writer.sql.records);
    states_forget(s);
    buf_cut(&s->writer.ops, 0);
}

/* The index follows what is durable. When it cannot, the records stand all the same: the gap is counted, stays
 * visible in `reached`, and index_behind fills it. */
static enum code index_follow(struct store *s, struct err *reterr) {
    bool moved = s->writer.ops.len > 0;
    for (struct state *d = s->dirty; d != NULL; d = d->next_dirty)
        moved = moved || d->change != d->begin;
    if (!moved)
        return OK;
    enum code code = db_begin(s->writer.sql.index, true, reterr);
    if (code != OK)
        return code;
    const bool leaves = index_leaves(&s->writer.ops);
    code = index_apply(s, &s->writer.ops, reterr);
    for (struct state *d = s->dirty; d != NULL && code == OK; d = d->next_dirty) {
        if (d->change == d->begin)
            continue;
        code = index_reached(s, d->tenant, d->begin, d->change, reterr);
        if (code == OK && leaves)
            code = gone_note(s, d->tenant, d->begin, d->change, reterr);
    }
    if (code == OK)
        code = db_commit(s->writer.sql.index, reterr);
    if (code != OK)
        db_rollback(s->writer.sql.index);
    return code;
}

static void wake_waiters(struct store *s, const struct state *d) {
    for (struct waiter *w = s->waiters[(uint64_t)d->tenant % WAITERS]; w != NULL; w = w->next)
        if (w->tenant == d->tenant && w->newest < d->change) {
            w->newest = d->change;
            pthread_cond_signal(&w->moved);
        }
}

static void group_done(struct store *s, size_t writes, usec_t took) {
    s->ran_noted = s->ran_wrote > s->ran_noted ? s->ran_wrote : s->ran_noted;
    if (index_told(s, index_follow(s, &s->scratch)) != OK)
        s->index_gaps++;
    pthread_mutex_lock(&s->lock);
    s->status.groups++;
    s->status.writes += (int64_t)writes;
    s->status.last_commit_took = took;
    s->status.index_gaps = (int64_t)s->index_gaps;
    for (struct state *d = s->dirty; d != NULL; d = d->next_dirty) {
        s->status.records += d->records - d->begin_records;
        wake_waiters(s, d);
    }
    pthread_mutex_unlock(&s->lock);
    while (s->dirty != NULL) {
        struct state *d = s->dirty;
        s->dirty = d->next_dirty;
        d->begin = d->change;
        d->begin_records = d->records;
        d->dirty = false;
    }
    buf_cut(&s->writer.ops, 0);
    if (s->writer.ops.room > OPS_KEPT)
        buf_done(&s->writer.ops);
}

/* A write in a transaction of its own: once, when its group's commit has failed. */
static void write_alone(struct store *s, struct request *r) {
    usec_t start = clock_steady();
    r->code = group_begin(s, r->reterr);
    if (r->code != OK)
        return;
    r->code = write_one(s, r, false);
    if (r->code == OK)
        r->code = clocks_write(s, r->reterr);
    if (r->code == OK)
        r->code = db_commit(s->writer.sql.records, r->reterr);
    if (r->code == OK)
        group_done(s, 1, clock_steady() - start);
    else
        group_drop(s);
}

/* False: the whole transaction is lost; requests that failed by themselves before keep their code. */
static bool group_try(struct store *s, size_t count, size_t *ret_own) {
    struct db *db = s->writer.sql.records;
    usec_t start = clock_steady();
    size_t good = 0, i;
    for (i = 0; i < count; i++) {
        struct request *r = s->group[i];
        r->code = write_one(s, r, true);
        if (!db_in_transaction(db))
            break;
        good += r->code == OK;
    }
    *ret_own = i;
    if (i < count || clocks_write(s, &s->scratch) != OK || db_commit(db, &s->scratch) != OK)
        return false;
    group_done(s, good, clock_steady() - start);
    return true;
}

static void group_run(struct store *s, size_t count) {
    size_t tried = 0;
    enum code code = group_begin(s, &s->scratch);
    if (code != OK) {                         /* nobody can write: each gets the reason */
        for (size_t i = 0; i < count; i++) {
            s->group[i]->code = code;
            *s->group[i]->reterr = s->scratch;
        }
        return;
    }
    if (group_try(s, count, &tried))
        return;
    group_drop(s);
    for (size_t i = 0; i < count; i++)
        if (i >= tried || s->group[i]->code == OK)
            write_alone(s, s->group[i]);
}

/* ---- the queue ---- */

static void answer(struct request *r) {
    if (r->done != NULL) {
        (void)sem_post(r->done);              /* r is its caller's again */
        return;
    }
    if (r->free_arg != NULL)
        r->free_arg(r->arg);
    (void)mem_free(r);
}

/* The next group: writes up to GROUP_MAX, or one job. 0: stop. Under lock. */
static size_t group_take(struct store *s) {
    while (s->first == NULL && !s->stopping) {
        s->idle = true;
        crypto_forget();                      /* replies are sealed here */
        pthread_cond_wait(&s->queued, &s->lock);
        s->idle = false;
    }
    size_t n = 0;
    while (s->first != NULL && n < GROUP_MAX && (n == 0 || (s->first->job == NULL && s->group[0]->job == NULL))) {
        s->group[n++] = s->first;
        s->first = s->first->next;
    }
    if (s->first == NULL)
        s->last = NULL;
    s->waiting -= n;
    return n;
}

static void *commit_main(void *arg) {
    struct store *s = arg;
    usec_t worked = 0;
    for (;;) {
        pthread_mutex_lock(&s->lock);
        s->status.busy += worked;
        size_t n = group_take(s);
        pthread_mutex_unlock(&s->lock);
        if (n == 0)
            return NULL;
        const usec_t began = clock_steady();
        if (s->group[0]->job != NULL)
            s->group[0]->code = s->group[0]->job(s, s->group[0]->arg, s->group[0]->reterr);
        else
            group_run(s, n);
        for (size_t i = 0; i < n; i++)
            answer(s->group[i]);
        carry_ask(s);
        worked = clock_steady() - began;
    }
}

static bool queue_push(struct store *s, struct request *r) {
    pthread_mutex_lock(&s->lock);
    bool room = s->waiting < s->options.queue && !s->stopping;
    if (room) {
        *(s->last != NULL ? &s->last->next : &s->first) = r;
        s->last = r;
        s->waiting++;
        if (s->idle)
            pthread_cond_signal(&s->queued);
    } else if (r->done == NULL) {
        s->status.dropped++;
    }
    pthread_mutex_unlock(&s->lock);
    return room;
}

static enum code push_and_wait(struct store *s, struct request r, struct err *reterr) {
    sem_t done;
    PRE(!pthread_equal(pthread_self(), s->thread));       /* a write within a write would wait for itself */
    PRE(sem_init(&done, 0, 0) == 0);
    r.done = &done;
    r.reterr = reterr;
    if (queue_push(s, &r)) {
        pause_begin();
        while (sem_wait(&done) != 0)
            continue;                         /* a signal handler ran */
        pause_end();
    } else {
        r.code = err_set(reterr, E_BUSY, "more writes are waiting than the store takes (%zu): try again in a moment", s->options.queue);
    }
    (void)sem_destroy(&done);
    return r.code;
}

enum code store_write(struct store *s, int64_t tenant, write_fn fn, void *arg, struct err *reterr) {
    PRE(s != NULL && fn != NULL && reterr != NULL && tenant >= 0);
    return push_and_wait(s, (struct request){ .tenant = tenant, .fn = fn, .arg = arg }, reterr);
}

/* Those for which there is no memory or no room in the queue are answered at once. */
void store_write_many(struct store *s, struct store_wish *list, size_t count) {
    PRE(s != NULL && (list != NULL || count == 0) && !pthread_equal(pthread_self(), s->thread));
    sem_t done;
    size_t pushed = 0;
    struct request *requests = count == 0 ? NULL : mem_new_array(count, sizeof *requests);
    PRE(sem_init(&done, 0, 0) == 0);
    for (size_t i = 0; i < count; i++) {
        struct store_wish *w = &list[i];
        PRE(w->fn != NULL && w->tenant >= 0);
        w->code = err_set(&w->err, E_MEMORY, "no memory for a write");
        if (requests == NULL)
            continue;
        requests[i] = (struct request){ .tenant = w->tenant, .fn = w->fn, .arg = w->arg, .reterr = &w->err, .done = &done };
        if (queue_push(s, &requests[i]))
            pushed++;
        else
            requests[i].code = err_set(&w->err, E_BUSY, "more writes are waiting than the store takes (%zu): try again in a moment", s->options.queue);
    }
    pause_begin();
    while (pushed > 0)
        pushed -= sem_wait(&done) == 0;       /* else a signal handler ran */
    pause_end();
    for (size_t i = 0; requests != NULL && i < count; i++)
        list[i].code = requests[i].code;
    mem_free(requests);
    (void)sem_destroy(&done);
}

enum code commit_job(struct store *s, enum code (*job)(struct store *s, void *arg, struct err *reterr), void *arg, struct err *reterr) {
    return push_and_wait(s, (struct request){ .job = job, .arg = arg }, reterr);
}

void store_write_later(struct store *s, int64_t tenant, write_fn fn, void *arg, void (*free_arg)(void *)) {
    PRE(s != NULL && fn != NULL && tenant >= 0);
    struct request *r = mem_new(sizeof *r);
    if (r != NULL) {
        *r = (struct request){ .tenant = tenant, .fn = fn, .arg = arg, .free_arg = free_arg, .reterr = &s->scratch };
        if (queue_push(s, r))
            return;
        (void)mem_free(r);
    } else {
        pthread_mutex_lock(&s->lock);
        s->status.dropped++;
        pthread_mutex_unlock(&s->lock);
    }
    if (free_arg != NULL)
        free_arg(arg);
}

enum code commit_start(struct store *s, struct err *reterr) {
    s->writer.sql.store = s;
    s->writer.sql.txn = &s->writer;
    s->writer.sql.scratch = BUF(OPS_MAX);
    s->writer.ops = BUF(OPS_MAX);
    if (pthread_create(&s->thread, NULL, commit_main, s) != 0)
        return err_set(reterr, E_SYSTEM, "the store's commit thread cannot be started");
    s->running = true;
    return OK;
}

/* What waits in the queue is written before the thread ends. */
void commit_stop(struct store *s) {
    if (s->running) {
        pthread_mutex_lock(&s->lock);
        s->stopping = true;
        pthread_cond_signal(&s->queued);
        pthread_mutex_unlock(&s->lock);
        (void)pthread_join(s->thread, NULL);
        s->running = false;
    }
    states_forget(s);
    buf_done(&s->writer.ops);
    buf_done(&s->writer.sql.scratch);
}
