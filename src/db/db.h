/* db.h — statements, transactions and migrations over an engine; knows no table. SQLite now; the engine
 * is a const struct of functions, so that PostgreSQL takes the same place. A struct db is one connection
 * and belongs to one thread at a time. Values are always bound. */
#pragma once
#include "base/err.h"

struct db;
struct stmt;

struct db_engine;                    /* engine.h */

enum db_sync { DB_SYNC_FULL, DB_SYNC_NORMAL };
struct db_options {
    const struct db_engine *engine;  /* NULL: SQLite */
    const char *path;
    enum db_sync sync;
    bool read_only;
    bool create;                     /* mode 0600 */
    int page_size;                   /* of a file that is created; 0: 4096 */
    int cache_kib;                   /* page cache of this connection */
    int wal_pages;                   /* automatic checkpoint after so many pages; 0: 1000; -1: never */
    const char *mend;                /* a literal: what to do when it is damaged; NULL: restore from the newest archive */
    int busy_ms;                     /* how long to wait for another connection's lock; 0: 10 seconds */
};
MUST_USE enum code db_open(const struct db_options *o, struct db **ret, struct err *reterr);
struct db *db_close(struct db *db);
DEFINE_AUTO(struct db, db_close)

/* Prepared once for a connection and kept; `sql` must be a literal (its address is the cache key).
 * Ready to bind: any earlier use of it on this connection is over. */
MUST_USE enum code db_prepare(struct db *db, const char *sql, struct stmt **ret, struct err *reterr);
/* Parameters count from 1. Errors of binding show in stmt_step. Blobs and texts must live until the step. */
void stmt_int(struct stmt *s, int at, int64_t value);
void stmt_blob(struct stmt *s, int at, const void *bytes, size_t len);
void stmt_text(struct stmt *s, int at, const char *text);        /* NULL: null */
void stmt_null(struct stmt *s, int at);
/* *ret_row: is there a row. After the last row or an error the statement is reset. */
MUST_USE enum code stmt_step(struct stmt *s, bool *ret_row, struct err *reterr);
MUST_USE enum code stmt_run(struct stmt *s, struct err *reterr);          /* to the end, rows passed over */
void stmt_end(struct stmt *s);                                            /* leave early */
/* Columns count from 0; pointers live until the next step. */
int64_t col_int(struct stmt *s, int at);
const void *col_blob(struct stmt *s, int at, size_t *ret_len);
const char *col_text(struct stmt *s, int at);                             /* NULL: null */
bool col_is_null(struct stmt *s, int at);

MUST_USE enum code db_begin(struct db *db, bool write, struct err *reterr);
MUST_USE enum code db_commit(struct db *db, struct err *reterr);
void db_rollback(struct db *db);
MUST_USE enum code db_savepoint(struct db *db, struct err *reterr);
MUST_USE enum code db_release(struct db *db, struct err *reterr);
void db_rollback_to(struct db *db);
bool db_in_transaction(struct db *db);                                     /* false too after a failure ended it whole */
/* A number that differs when another connection has committed since: what a writer keeps in memory is then stale. Ask inside a transaction. */
MUST_USE enum code db_others(struct db *db, int64_t *ret, struct err *reterr);
int64_t db_changes(struct db *db);                                        /* rows of the last statement */
MUST_USE enum code db_script(struct db *db, const char *sql, struct err *reterr);  /* several statements, no values: schema only */
/* All of the WAL into the file, WAL truncated. E_BUSY when a reader of an older state, or another checkpoint, is in the way for 100 ms. */
MUST_USE enum code db_checkpoint(struct db *db, struct err *reterr);
/* As much of the WAL into the file as can go without anyone waiting; another connection may do it beside a writer. A writer
 * begins its WAL anew when all of it has gone and no reader is in it; with wait_ms > 0, readers are waited for so long. */
MUST_USE enum code db_backfill(struct db *db, int wait_ms, struct err *reterr);
int64_t db_wal_pages(struct db *db);                                       /* in the WAL after this connection's last commit */

/* Steps from version i to i + 1; the version stands in the file. A newer file is refused with both numbers. */
struct migration { int to; const char *sql; };
MUST_USE enum code db_migrate(struct db *db, const struct migration *steps, size_t count, struct err *reterr);
MUST_USE enum code db_check(struct db *db, struct err *reterr);            /* integrity; E_DAMAGED says what */
