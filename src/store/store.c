/* store.c — opening and closing, views, and waiting for changes.
 * Invariant: views_open counts those handed out and those that rest in `views`; never more than options.readers. */
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fiber.h"
#include "store/inner.h"

/* Measured with bench/store.c. Page caches: the kernel's own cache stands behind them, and a view's pages are thrown
 * away when the writer has moved on, so more than this gains nothing. The index has small pages, because tokens fall
 * on random ones and every touched page goes into the WAL whole. A long WAL pays because pages that change again and
 * again are carried into the file once (1,000 pages, the engine's own: a third of the writes a second): inner.h. */
#define CACHE_RECORDS 2000                   /* KiB */
#define CACHE_INDEX 2000
#define CACHE_VIEW 256
#define PAGE_INDEX 2048
#define INDEX_MEND "it is made anew from the records by itself; `sejf index rebuild` does it now"
#define VIEW_WAIT (10 * USEC_PER_SEC)

static struct timespec steady_spec(usec_t t) {
    return (struct timespec){ .tv_sec = t / USEC_PER_SEC, .tv_nsec = (long)(t % USEC_PER_SEC) * 1000 };
}

static char *path_in(const char *directory, const char *name) {
    struct buf path = BUF(65536);
    buf_printf(&path, "%s/%s", directory, name);
    if (path.failed)
        buf_done(&path);
    return path.data;
}

static enum code owner_read(struct db *db, struct uuid *ret, bool *ret_there, struct err *reterr) {
    struct stmt *st;
    enum code code = db_prepare(db, "SELECT id FROM owner", &st, reterr);
    if (code == OK)
        code = stmt_step(st, ret_there, reterr);
    if (code != OK || !*ret_there)
        return code;
    size_t len = 0;
    const void *bytes = col_blob(st, 0, &len);
    *ret = (struct uuid){ 0 };
    if (len == sizeof ret->bytes)
        memcpy(ret->bytes, bytes, len);
    stmt_end(st);
    return OK;
}

static enum code owner_write(struct db *db, const struct uuid *owner, struct err *reterr) {
    struct stmt *st;
    enum code code = db_begin(db, true, reterr);
    if (code != OK)
        return code;
    code = db_prepare(db, "INSERT INTO owner (id) VALUES (?)", &st, reterr);
    if (code == OK) {
        stmt_blob(st, 1, owner->bytes, sizeof owner->bytes);
        code = stmt_run(st, reterr);
    }
    if (code == OK)
        code = db_commit(db, reterr);
    if (code != OK)
        db_rollback(db);
    return code;
}

/* Records of another data directory would be unreadable under this one's keys, record by record: better told at once. */
static enum code owner_check(struct store *s, struct err *reterr) {
    struct db *db = s->writer.sql.records;
    struct uuid owner;
    bool there = false;
    if (uuid_is_null(&s->options.owner))
        return OK;
    enum code code = owner_read(db, &owner, &there, reterr);
    if (code == OK && !there)                /* new, or made before this was written down */
        return owner_write(db, &s->options.owner, reterr);
    if (code == OK && uuid_compare(&owner, &s->options.owner) != 0)
        return err_set(reterr, E_CONFIG, "%s belongs to another data directory (%s, and here %s): put back the store, the keeper directory and the file "
                       "\"id\" that belong together", s->records_path, uuid_format(&owner, (char[UUID_TEXT]){ 0 }),
                       uuid_format(&s->options.owner, (char[UUID_TEXT]){ 0 }));
    return code;
}

enum code index_open(const char *path, struct db **ret, struct err *reterr) {
    AUTO(db_close) struct db *db = NULL;
    enum code code = db_open(&(struct db_options){ .path = path, .mend = INDEX_MEND, .create = true, .sync = DB_SYNC_NORMAL, .page_size = PAGE_INDEX,
                             .cache_kib = CACHE_INDEX, .wal_pages = WAL_MOST * WAL_INDEX }, &db, reterr);
    if (code == OK)
        code = schema_index(db, reterr);
    if (code == OK)
        *ret = TAKE(db);
    return code;
}

static void files_remove(const char *path) {
    static const char *const tails[] = { "", "-wal", "-shm" };
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        AUTO(buf_done) struct buf name = BUF(65536);
        buf_printf(&name, "%s%s", path, tails[i]);
        if (!name.failed)
            (void)unlink(buf_str(&name));
    }
}

/* Beside the old one first, so that a disk without room leaves that as it is. */
enum code index_make_anew(struct store *s, struct err *reterr) {
    AUTO(buf_done) struct buf fresh = BUF(65536);
    AUTO(db_close) struct db *db = NULL;
    buf_printf(&fresh, "%s.new", s->index_path);
    if (fresh.failed)
        return err_set(reterr, E_MEMORY, "no memory for a path");
    files_remove(buf_str(&fresh));
    enum code code = index_open(buf_str(&fresh), &db, reterr);
    db = db_close(db);
    if (code != OK) {
        files_remove(buf_str(&fresh));
        return code;
    }
    s->writer.sql.index = db_close(s->writer.sql.index);
    files_remove(s->index_path);
    return rename(buf_str(&fresh), s->index_path) == 0 ? OK : err_errno(reterr, errno, "cannot put the new index in place");
}

static enum code open_writer(struct store *s, struct err *reterr) {
    struct sql *q = &s->writer.sql;
    enum code code = db_open(&(struct db_options){ .path = s->records_path, .create = true, .sync = DB_SYNC_FULL,
                             .cache_kib = CACHE_RECORDS, .wal_pages = WAL_MOST * WAL_RECORDS }, &q->records, reterr);
    if (code == OK)
        code = schema_records(q->records, reterr);
    if (code == OK)
        code = owner_check(s, reterr);
    if (code != OK)
        return code;
    code = index_open(s->index_path, &q->index, reterr);
    if (code == E_DAMAGED) {                 /* it holds nothing that the records do not */
        s->index_remade = true;
        code = index_make_anew(s, reterr);
        if (code == OK)
            code = index_open(s->index_path, &q->index, reterr);
    }
    return code == OK ? db_others(q->records, &s->others, reterr) : code;
}

/* The sum of all tenants' rows: the one number of the instance that is kept and not counted anew. */
static enum code status_start(struct store *s, struct err *reterr) {
    struct stmt *st;
    bool row = false;
    enum code code = db_prepare(s->writer.sql.records, "SELECT coalesce(sum(records), 0) FROM tenant_clock", &st, reterr);
    if (code != OK || (code = stmt_step(st, &row, reterr)) != OK)
        return code;
    s->status.records = row ? col_int(st, 0) : 0;
    stmt_end(st);
    return OK;
}

static struct store *store_new(const struct store_options *o) {
    struct store *s = mem_new(sizeof *s);
    if (s == NULL)
        return NULL;
    s->options = *o;
    s->options.directory = NULL;             /* the caller's; the paths are our copies */
    s->records_path = path_in(o->directory, "records.db");
    s->index_path = path_in(o->directory, "index.db");
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->queued, NULL);
    pthread_cond_init(&s->view_back, NULL);
    return s;
}

enum code store_open(const struct store_options *o, struct store **ret, struct err *reterr) {
    PRE(o != NULL && o->directory != NULL && o->readers > 0 && o->queue > 0 && ret != NULL && reterr != NULL);
    AUTO(store_close) struct store *s = store_new(o);
    if (s == NULL || s->records_path == NULL || s->index_path == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the store");
    enum code code = open_writer(s, reterr);
    if (code == OK)
        code = status_start(s, reterr);
    if (code == OK)
        code = ran_start(s, reterr);
    if (code == OK)
        code = carry_start(s, reterr);
    if (code == OK)
        code = commit_start(s, reterr);
    if (code != OK)
        return code;
    *ret = TAKE(s);
    return OK;
}

static void view_free(struct view *v) {
    if (v == NULL)
        return;
    v->sql.records = db_close(v->sql.records);
    v->sql.index = db_close(v->sql.index);
    buf_done(&v->sql.scratch);
    (void)mem_free(v);
}

void views_close(struct store *s) {
    while (s->views != NULL) {
        struct view *v = s->views;
        s->views = v->next;
        view_free(v);
        s->views_open--;
    }
}

struct store *store_close(struct store *s) {
    if (s == NULL)
        return NULL;
    commit_stop(s);
    carry_stop(s);
    views_close(s);
    PRE(s->views_open == 0);                 /* every view was ended before */
    s->writer.sql.records = db_close(s->writer.sql.records);
    s->writer.sql.index = db_close(s->writer.sql.index);
    pthread_cond_destroy(&s->view_back);
    pthread_cond_destroy(&s->queued);
    pthread_mutex_destroy(&s->lock);
    (void)mem_free(s->records_path);
    (void)mem_free(s->index_path);
    return mem_free(s);
}

/* ---- views ---- */

static enum code view_make(struct store *s, struct view **ret, struct err *reterr) {
    struct view *v = mem_new(sizeof *v);
    if (v == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a view");
    v->sql.store = s;
    v->sql.scratch = BUF(OPS_MAX);
    enum code code = db_open(&(struct db_options){ .path = s->records_path, .read_only = true, .cache_kib = CACHE_VIEW }, &v->sql.records, reterr);
    if (code == OK)
        code = db_open(&(struct db_options){ .path = s->index_path, .mend = INDEX_MEND, .read_only = true, .cache_kib = CACHE_VIEW }, &v->sql.index, reterr);
    if (code != OK) {
        view_free(v);
        return code;
    }
    *ret = v;
    return OK;
}

/* One that rests, or leave to make one (*ret NULL), or E_BUSY. */
static enum code view_take(struct store *s, struct view **ret, struct err *reterr) {
    usec_t deadline = clock_steady() + VIEW_WAIT;
    struct timespec until = steady_spec(deadline);
    enum code code = OK;
    pthread_mutex_lock(&s->lock);
    while ((s->remaking || (s->views == NULL && s->views_open >= s->options.readers)) && clock_steady() < deadline)
        (void)pthread_cond_clockwait(&s->view_back, &s->lock, CLOCK_MONOTONIC, &until);
    *ret = s->remaking ? NULL : s->views;
    if (*ret != NULL)
        s->views = s->views->next;
    else if (!s->remaking && s->views_open < s->options.readers)
        s->views_open++;
    else
        code = err_set(reterr, E_BUSY, "all %zu readers of the store are in use: try again in a moment", s->options.readers);
    pthread_mutex_unlock(&s->lock);
    return code;
}

static void view_drop(struct store *s, struct view *v) {
    view_free(v);
    pthread_mutex_lock(&s->lock);
    s->views_open--;
    pthread_cond_broadcast(&s->view_back);
    pthread_mutex_unlock(&s->lock);
}

static enum code view_begin(struct view *v, struct err *reterr) {
    v->sql.index_begun = false;
    return db_begin(v->sql.records, false, reterr);
}

enum code index_prepare(struct sql *q, const char *text, struct stmt **ret, struct err *reterr) {
    enum code code = OK;
    if (q->txn == NULL && !q->index_begun) {
        code = db_begin(q->index, false, reterr);
        q->index_begun = code == OK;
    }
    return code == OK ? db_prepare(q->index, text, ret, reterr) : code;
}

enum code store_view(struct store *s, int64_t tenant, struct view **ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    struct view *v = NULL;
    enum code code = view_take(s, &v, reterr);
    if (code != OK)
        return code;
    if (v == NULL && (code = view_make(s, &v, reterr)) != OK) {
        view_drop(s, NULL);
        return code;
    }
    PRE(v != NULL);
    if ((code = view_begin(v, reterr)) != OK) {
        view_drop(s, v);
        return code;
    }
    v->sql.tenant = tenant;
    fiber_pin();                             /* other calls of this thread may be waiting for a view */
    *ret = v;
    return OK;
}

struct view *view_end(struct view *v) {
    if (v == NULL)
        return NULL;
    fiber_unpin();
    struct store *s = v->sql.store;
    struct err ignored;
    if (v->sql.scratch.room > OPS_KEPT / 16)
        buf_done(&v->sql.scratch);
    if (db_commit(v->sql.records, &ignored) != OK || (v->sql.index_begun && db_commit(v->sql.index, &ignored) != OK)) {
        view_drop(s, v);                     /* a connection that cannot end a read is of no use */
        return NULL;
    }
    pthread_mutex_lock(&s->lock);
    v->next = s->views;
    s->views = v;
    pthread_cond_broadcast(&s->view_back);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

int64_t txn_tenant(const struct txn *t) { return t->sql.tenant; }
usec_t txn_now(const struct txn *t) { return t->now; }
struct sql *txn_sql(struct txn *t) { return &t->sql; }
struct sql *view_sql(struct view *v) { return &v->sql; }
int64_t sql_tenant(const struct sql *q) { return q->tenant; }

enum code view_again(struct sql *q, struct err *reterr) {
    if (q->txn != NULL)
        return OK;
    q->begun++;
    db_rollback(q->records);
    return db_begin(q->records, false, reterr);
}

/* ---- waiting for a change ---- */

static int64_t newest_change(struct store *s, int64_t tenant, int64_t fallback) {
    AUTO(view_end) struct view *v = NULL;
    struct err ignored;
    int64_t change = fallback, records;
    if (store_view(s, tenant, &v, &ignored) != OK || clock_read(&v->sql, &change, &records, &ignored) != OK)
        return fallback;
    return change;
}

/* Registered before the newest is read, so that no commit falls between. */
int64_t store_wait_change(struct store *s, int64_t tenant, int64_t after, usec_t deadline) {
    struct waiter me = { .tenant = tenant }, **list = &s->waiters[(uint64_t)tenant % WAITERS];
    struct timespec until = steady_spec(deadline);
    pthread_cond_init(&me.moved, NULL);
    pthread_mutex_lock(&s->lock);
    me.next = *list;
    *list = &me;
    pthread_mutex_unlock(&s->lock);
    int64_t now = newest_change(s, tenant, after);
    pthread_mutex_lock(&s->lock);
    if (me.newest < now)
        me.newest = now;
    while (me.newest <= after && !s->stopping && clock_steady() < deadline)
        (void)pthread_cond_clockwait(&me.moved, &s->lock, CLOCK_MONOTONIC, &until);
    while (*list != &me)
        list = &(*list)->next;
    *list = me.next;
    pthread_mutex_unlock(&s->lock);
    pthread_cond_destroy(&me.moved);
    return me.newest;
}

void store_status(struct store *s, struct store_status *ret) {
    pthread_mutex_lock(&s->lock);
    *ret = s->status;
    ret->waiting = s->waiting;
    pthread_mutex_unlock(&s->lock);
}

static enum code checkpoint_job(struct store *s, void *arg UNUSED, struct err *reterr) {
    enum code code = db_checkpoint(s->writer.sql.records, reterr);
    return code == OK ? db_checkpoint(s->writer.sql.index, reterr) : code;
}

/* A view of an older state or the carrier may be in the way: tried again whenever a view ends, or soon. */
enum code store_checkpoint(struct store *s, struct err *reterr) {
    usec_t deadline = clock_steady() + VIEW_WAIT;
    for (;;) {
        enum code code = commit_job(s, checkpoint_job, NULL, reterr);
        if (code != E_BUSY || clock_steady() >= deadline)
            return code;
        struct timespec until = steady_spec(clock_steady() + 20000);
        pthread_mutex_lock(&s->lock);
        (void)pthread_cond_clockwait(&s->view_back, &s->lock, CLOCK_MONOTONIC, &until);
        pthread_mutex_unlock(&s->lock);
    }
}

enum code store_check(struct store *s, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s, 0, &v, reterr);
    if (code == OK)
        code = db_check(v->sql.records, reterr);
    if (code != OK)
        return code;
    return index_told(s, db_check(v->sql.index, reterr));
}
