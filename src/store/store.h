/* store.h — the one writer and the readers over records.db and index.db.
 * Writes: store_write queues a function; the commit thread runs it inside a savepoint of the
 * current group transaction and the caller sleeps until the group is durable (synchronous FULL).
 * A function that returns an error is rolled back alone. Reads: a view is a read transaction on a
 * connection of its own. Tables live in headers beside this one; every statement is keyed by
 * tenant first. Never sees a plaintext personal field. Thread-safe. A second process may open the same
 * directory (the command line beside a running server): what the commit thread keeps in memory is dropped
 * when another process has written. */
#pragma once
#include "base/time.h"
#include "base/uuid.h"
#include "db/db.h"

struct store;
struct txn;                          /* inside a write */
struct view;                         /* a snapshot for reading */

struct store_options {
    const char *directory;           /* holds records.db and index.db */
    size_t readers;                  /* most views at once; >= 1 */
    size_t queue;                    /* most writes waiting; above: E_BUSY */
    struct uuid owner;               /* id of the data directory; null: not compared. E_CONFIG: the records are another's */
};
/* Opens, migrates (an older schema is carried forward; a newer one is refused with the reason) and
 * catches the index up with the records. */
MUST_USE enum code store_open(const struct store_options *o, struct store **ret, struct err *reterr);
struct store *store_close(struct store *s);          /* waits for queued writes */
DEFINE_AUTO(struct store, store_close)

/* Every record's integrity, row by row and page by page; E_DAMAGED says what. Slow. */
MUST_USE enum code store_check(struct store *s, struct err *reterr);

typedef enum code (*write_fn)(struct txn *txn, void *arg, struct err *reterr);
/* Blocks until durable. fn runs on the commit thread: short, no I/O but the txn. If the group's
 * commit fails, fn may be run again in a group of its own; so fn must be repeatable. */
MUST_USE enum code store_write(struct store *s, int64_t tenant, write_fn fn, void *arg, struct err *reterr);
/* Many at once, of whichever tenants: they share the commits of their groups. Each is answered by itself (code, err); blocks until all are. */
struct store_wish { int64_t tenant; write_fn fn; void *arg; enum code code; struct err err; };
void store_write_many(struct store *s, struct store_wish *list, size_t count);
/* The same as store_write without waiting and without an answer (ledger entries of reads); dropped only when the queue is full (counted). */
void store_write_later(struct store *s, int64_t tenant, write_fn fn, void *arg, void (*free_arg)(void *));

/* A snapshot of the tenant's records from the first read on. Waits when `readers` views are open; E_BUSY after 10 seconds.
 * Short: an open view keeps the WAL from being emptied. */
MUST_USE enum code store_view(struct store *s, int64_t tenant, struct view **ret, struct err *reterr);
struct view *view_end(struct view *v);
DEFINE_AUTO(struct view, view_end)

/* Within a write: fn as a write of another tenant, which stands or falls with this one. At most one for each write; fn calls it no further. */
MUST_USE enum code txn_beside(struct txn *t, int64_t tenant, write_fn fn, void *arg, struct err *reterr);
int64_t txn_tenant(const struct txn *t);
usec_t txn_now(const struct txn *t);                 /* one instant for the whole group */
/* How long this store has been open in all, begun at the wall clock of its first start: counted by the steady clock while a process has
 * it open, and carried over its ends. What is forgotten after a span counts by it, so that a wall clock that jumps forgets nothing early. */
usec_t txn_ran(const struct txn *t);
usec_t store_ran(const struct store *s);
/* The next change number of the txn's tenant: each row that changes takes one. */
MUST_USE enum code txn_change(struct txn *t, int64_t *ret, struct err *reterr);
/* Table functions take an sql: inside a write or a view. */
struct sql;                                           /* connection, tenant */
struct sql *txn_sql(struct txn *t);
struct sql *view_sql(struct view *v);
int64_t sql_tenant(const struct sql *q);
/* A read that meets a damaged page ends the whole transaction of its view. This begins it anew, on the newest state, so that other rows
 * can be read: no list over the view may be under way. Nothing within a write, whose transaction has to end. */
MUST_USE enum code view_again(struct sql *q, struct err *reterr);

/* Wakes when a tenant's change number passes `after`, or at the deadline (steady clock). Returns the newest. */
int64_t store_wait_change(struct store *s, int64_t tenant, int64_t after, usec_t deadline);

/* records: rows that stand, of all tenants. index_gaps: how often the index could not follow a commit (then index_behind has work).
 * busy: how long the writer has worked, in all. */
struct store_status { int64_t records, groups, writes, dropped, index_gaps; size_t waiting; usec_t last_commit_took; usec_t busy; };
void store_status(struct store *s, struct store_status *ret);

/* The index can lag or be damaged while the records are whole: a disk that was full when it should have followed, a flipped byte.
 * Trails: some record may be missing in it, so what is searched is looked for among the records themselves. */
bool store_index_trails(const struct store *s);
/* What is known now; when every tenant was caught up after this was asked, store_index_settled ends the trailing. */
uint64_t store_index_gaps(const struct store *s);
void store_index_settled(struct store *s, uint64_t gaps);
bool store_index_damaged(const struct store *s);
/* Makes a damaged index.db anew, empty: every tenant is behind then. Waits for views to end; E_BUSY after some seconds.
 * An index.db that cannot even be opened is made anew by store_open. was_remade: either, since then. */
MUST_USE enum code store_index_remake(struct store *s, struct err *reterr);
bool store_index_was_remade(const struct store *s);
/* WAL into the file and truncated, so that nothing of deleted rows is left: part of an erasure's end. E_BUSY
 * when a view has been open for 10 seconds. */
MUST_USE enum code store_checkpoint(struct store *s, struct err *reterr);
