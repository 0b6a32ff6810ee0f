/* follow.c — the index catching up with the records, and its emptying before a rebuild. */
#include <string.h>
#include <time.h>

#include "store/inner.h"
#include "store/rows.h"

#define CHUNK 256u                           /* changes read in one view, so that no view stays open during writes */

struct chunk { struct change change[CHUNK]; size_t count; };

static bool chunk_add(const struct change *c, void *arg) {
    struct chunk *chunk = arg;
    chunk->change[chunk->count++] = *c;
    return chunk->count < CHUNK;
}

static enum code reached_read(struct sql *q, int64_t *ret, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = index_prepare(q, "SELECT change FROM reached WHERE tenant = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, q->tenant);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return index_told(q->store, code);
    *ret = row ? col_int(s, 0) : 0;
    stmt_end(s);
    return OK;
}

/* Where records and index stand; the index first, so that a commit between the two shows as a gap and not as none. */
static enum code stand(struct store *s, int64_t tenant, int64_t *ret_reached, int64_t *ret_clock, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    int64_t records;
    enum code code = store_view(s, tenant, &v, reterr);
    if (code == OK)
        code = reached_read(view_sql(v), ret_reached, reterr);
    return code == OK ? clock_read(view_sql(v), ret_clock, &records, reterr) : code;
}

static enum code chunk_read(struct store *s, int64_t tenant, int64_t after, struct chunk *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    ret->count = 0;
    enum code code = store_view(s, tenant, &v, reterr);
    return code == OK ? changes_list(view_sql(v), after, chunk_add, ret, reterr) : code;
}

static enum code gaps_job(struct store *s, void *arg, struct err *reterr UNUSED) {
    *(uint64_t *)arg = s->index_gaps;
    return OK;
}

struct caught { int64_t tenant, done; uint64_t gaps; bool settled; };

/* Between two groups: every change up to `done` was put again, and every later one was followed by its own
 * group if no gap came up since. Then the index stands where the records stand. */
static enum code caught_job(struct store *s, void *arg, struct err *reterr) {
    struct caught *c = arg;
    struct stmt *st;
    int64_t clock = 0, records;
    s->writer.sql.tenant = c->tenant;
    enum code code = clock_read(&s->writer.sql, &clock, &records, reterr);
    c->settled = code == OK && (c->gaps == s->index_gaps || clock == c->done);
    if (code != OK || !c->settled)
        return code;
    code = db_prepare(s->writer.sql.index, "INSERT OR REPLACE INTO reached (tenant, change) VALUES (?, ?)", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 1, c->tenant);
    stmt_int(st, 2, clock);
    return index_told(s, stmt_run(st, reterr));
}

/* What an erased record was found by goes, whatever the caller does. */
static enum code erased_write(struct txn *t, void *arg, struct err *reterr) {
    const struct change *c = arg;
    return index_erase(t, c->kind, &c->id, reterr);
}

static enum code follow_pass(struct store *s, struct caught *c, change_fn fn, void *arg, bool *ret_stopped, struct err *reterr) {
    struct chunk *chunk = mem_new(sizeof *chunk);
    enum code code = chunk != NULL ? OK : err_set(reterr, E_MEMORY, "no memory to catch the index up");
    do {
        if (code == OK)
            code = chunk_read(s, c->tenant, c->done, chunk, reterr);
        for (size_t i = 0; code == OK && i < chunk->count && !*ret_stopped; i++) {
            if (chunk->change[i].erased)
                code = store_write(s, c->tenant, erased_write, &chunk->change[i], reterr);
            if (code != OK)
                break;
            *ret_stopped = !fn(&chunk->change[i], arg);
            c->done = chunk->change[i].change;
        }
    } while (code == OK && chunk->count == CHUNK && !*ret_stopped);
    (void)mem_free(chunk);
    return code;
}

enum code index_behind(struct store *s, int64_t tenant, change_fn fn, void *arg, struct err *reterr) {
    struct caught c = { .tenant = tenant };
    int64_t clock = 0;
    bool stopped = false;
    enum code code = commit_job(s, gaps_job, &c.gaps, reterr);
    if (code == OK)
        code = stand(s, tenant, &c.done, &clock, reterr);
    if (code != OK || c.done == clock)
        return code;
    while (code == OK && !stopped && !c.settled) {
        code = follow_pass(s, &c, fn, arg, &stopped, reterr);
        if (code == OK && !stopped)
            code = commit_job(s, caught_job, &c, reterr);
        if (code == OK && !stopped && !c.settled)          /* another gap: once more from here */
            code = commit_job(s, gaps_job, &c.gaps, reterr);
    }
    return code;
}

static enum code drop_tenant(struct db *db, int64_t tenant, struct err *reterr) {
    static const char *const texts[] = { "DELETE FROM found WHERE tenant = ?", "DELETE FROM sorted WHERE tenant = ?",
                                         "DELETE FROM doc WHERE tenant = ?", "DELETE FROM reached WHERE tenant = ?" };
    enum code code = OK;
    for (size_t i = 0; code == OK && i < ARRAY_LEN(texts); i++) {
        struct stmt *st = NULL;
        code = db_prepare(db, texts[i], &st, reterr);
        if (code == OK) {
            stmt_int(st, 1, tenant);
            code = stmt_run(st, reterr);
        }
    }
    return code;
}

/* arg: one tenant's number, or NULL: of all. */
static enum code drop_job(struct store *s, void *arg, struct err *reterr) {
    struct db *db = s->writer.sql.index;
    enum code code = db_begin(db, true, reterr);
    if (code != OK)
        return code;
    code = arg != NULL ? drop_tenant(db, *(const int64_t *)arg, reterr)
                       : db_script(db, "DELETE FROM found; DELETE FROM sorted; DELETE FROM doc; DELETE FROM reached", reterr);
    if (code == OK)
        code = db_commit(db, reterr);
    if (code != OK)
        db_rollback(db);
    s->index_gaps++;
    return code;
}

enum code index_drop(struct store *s, int64_t tenant, struct err *reterr) { return commit_job(s, drop_job, &tenant, reterr); }
enum code index_drop_all(struct store *s, struct err *reterr) { return commit_job(s, drop_job, NULL, reterr); }

/* ---- a damaged index */

bool store_index_trails(const struct store *s) { return s->index_damaged || s->index_gaps != s->gaps_settled; }
uint64_t store_index_gaps(const struct store *s) { return s->index_gaps; }
bool store_index_damaged(const struct store *s) { return s->index_damaged; }
bool store_index_was_remade(const struct store *s) { return s->index_remade; }

void store_index_settled(struct store *s, uint64_t gaps) {
    if (s->gaps_settled < gaps)
        s->gaps_settled = gaps;
}

#define VIEWS_WAIT (5 * USEC_PER_SEC)

/* All connections must be closed before the file goes: SQLite removes a WAL by its name. */
static bool views_drained(struct store *s) {
    usec_t deadline = clock_steady() + VIEWS_WAIT;
    struct timespec until = { .tv_sec = deadline / USEC_PER_SEC, .tv_nsec = (long)(deadline % USEC_PER_SEC) * 1000 };
    s->remaking = true;
    views_close(s);
    while (s->views_open > 0 && clock_steady() < deadline) {
        (void)pthread_cond_clockwait(&s->view_back, &s->lock, CLOCK_MONOTONIC, &until);
        views_close(s);
    }
    return s->views_open == 0;
}

/* Without its index the store cannot go on: the process ends, and its next start makes it. */
static void must(bool fine) { PRE(fine); }

static enum code remake_job(struct store *s, void *arg UNUSED, struct err *reterr) {
    enum code code = OK;
    pthread_mutex_lock(&s->lock);
    bool drained = views_drained(s);
    pthread_mutex_unlock(&s->lock);
    if (drained) {
        carry_stop(s);
        code = index_make_anew(s, reterr);
        if (code == OK) {
            s->index_damaged = false;
            s->index_remade = true;
        }
        if (s->writer.sql.index == NULL)
            must(index_open(s->index_path, &s->writer.sql.index, reterr) == OK);
        must(carry_start(s, reterr) == OK);
        s->index_gaps++;
    } else {
        code = err_set(reterr, E_BUSY, "a reader holds the damaged index: it is made anew when that has ended");
    }
    pthread_mutex_lock(&s->lock);
    s->remaking = false;
    s->status.index_gaps = (int64_t)s->index_gaps;
    pthread_cond_broadcast(&s->view_back);
    pthread_mutex_unlock(&s->lock);
    return code;
}

enum code store_index_remake(struct store *s, struct err *reterr) { return commit_job(s, remake_job, NULL, reterr); }
