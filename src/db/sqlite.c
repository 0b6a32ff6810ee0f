/* sqlite.c — the engine over SQLite: WAL, checksums on every page (sums.h), deleted content overwritten.
 * Invariant: a statement is bound only while reset; the first failing bind is kept and shows in step.
 *
 * A sync that failed is never asked again as if nothing had been: the kernel has forgotten what it could not write, so the
 * next one would succeed without it. A connection that saw one (or that found a WAL which a killed process left, and
 * whose last sync nobody knows) is unsure: before it writes again, all that was committed goes into the file anew and is
 * synced, and the WAL is cut off, and with it whatever the failed commit has left there. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "db/engine.h"
#include "db/sums.h"

struct sqlite_db { struct db base; sqlite3 *handle; char *path; const char *mend; int busy_ms, wal_limit, wal_pages; bool undo_ready, undo_owed; enum { SURE, LEFT, FAILED } wal; };
struct sqlite_stmt { struct stmt base; sqlite3_stmt *handle; int bind; uint64_t texts; /* columns declared as such */ };

static struct sqlite_db *conn(struct db *db) { return (struct sqlite_db *)db; }
static struct sqlite_stmt *st(struct stmt *s) { return (struct sqlite_stmt *)s; }

/* SQLite's primary results by ours; what is not listed is a mistake of this program. */
static const struct { int rc; enum code code; const char *text; } results[] = {
    { SQLITE_FULL, E_FULL, "there is no room left for the data: free some space; nothing that was acknowledged is lost" },
    { SQLITE_CORRUPT, E_DAMAGED, "the file is damaged" },
    { SQLITE_NOTADB, E_DAMAGED, "the file is not a database of sejf: it was damaged or replaced" },
    { SQLITE_BUSY, E_BUSY, "another program holds the data: end it and try again" },
    { SQLITE_LOCKED, E_BUSY, "another connection holds the data: try again" },
    { SQLITE_NOMEM, E_MEMORY, "no memory left for the database" },
    { SQLITE_READONLY, E_IO, "the data cannot be written: check owner and mode of the data directory" },
    { SQLITE_PERM, E_IO, "the data may not be opened: check owner and mode of the data directory" },
    { SQLITE_CANTOPEN, E_IO, "the data cannot be opened: check that the data directory is there, its owner and its mode" },
    { SQLITE_IOERR, E_IO, "reading or writing the data failed: check the disk" },
    { SQLITE_PROTOCOL, E_BUSY, "the data is locked by another program: end it and try again" },
    { SQLITE_CONSTRAINT, E_CONFLICT, "this stands in the data already" },
    { SQLITE_TOOBIG, E_TOO_LARGE, "a value is too large to be stored" },
    { SQLITE_INTERRUPT, E_BUSY, "the statement was interrupted" },
};

static enum code explain(struct sqlite_db *c, int rc, struct err *reterr) {
    int extended = c->handle != NULL ? sqlite3_extended_errcode(c->handle) : rc;
    int num = c->handle != NULL ? sqlite3_system_errno(c->handle) : 0;
    const char *says = c->handle != NULL ? sqlite3_errmsg(c->handle) : sqlite3_errstr(rc);
    enum code code = E_INTERNAL;
    const char *text = "the database refused a statement";
    char damaged[64];
    if ((extended & 0xff) != (rc & 0xff))
        extended = rc;
    for (size_t i = 0; i < ARRAY_LEN(results); i++)
        if (results[i].rc == (rc & 0xff)) {
            code = results[i].code;
            text = results[i].text;
        }
    bool unsynced = extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC;
    if (unsynced || extended == SQLITE_IOERR_WRITE || extended == SQLITE_IOERR_TRUNCATE)
        c->wal = FAILED;
    if (extended == SQLITE_IOERR_DATA) {
        code = E_DAMAGED;
        snprintf(damaged, sizeof damaged, "page %lld does not carry its checksum", (long long)sums_bad_page());
        text = damaged;
    } else if (unsynced && num != ENOSPC && num != EDQUOT) {
        text = "the disk did not confirm what was written, so it is not known whether it is stored: check the disk, and read before you repeat it";
    } else if (code == E_IO && (num == ENOSPC || num == EDQUOT || extended == SQLITE_IOERR_SHMSIZE)) {
        code = E_FULL;
        text = results[0].text;
    }
    if (code == E_DAMAGED)
        err_set(reterr, code, "%s: %s: %s", c->path, text, c->mend);
    else
        err_set(reterr, code, "%s: %s", c->path, text);
    return err_hide(reterr, "SQLite %d (%d), errno %d: %s", rc, extended, num, says);
}

static enum code run(struct sqlite_db *c, const char *sql, struct err *reterr) {
    int rc = sqlite3_exec(c->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? OK : explain(c, rc, reterr);
}

/* The answer of a pragma that gives one number. */
static enum code ask(struct sqlite_db *c, const char *sql, int *ret, struct err *reterr) {
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(c->handle, sql, -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return rc == SQLITE_ROW ? OK : explain(c, rc, reterr);
}

static void sqlite_close(struct db *db) {
    struct sqlite_db *c = conn(db);
    if (c->handle != NULL)
        PRE(sqlite3_close(c->handle) == SQLITE_OK);
    (void)mem_free(c->path);
    (void)mem_free(c);
}

/* SQLite would create the file with the umask's mode; WAL and shared memory take over the file's.
 * An existing file is never opened and closed here: that would drop the locks that SQLite holds in this process. */
static enum code file_ready(const struct db_options *o, struct err *reterr) {
    struct stat st;
    if (o->create && !o->read_only) {
        int fd = open(o->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0)
            (void)close(fd);
        else if (errno != EEXIST)
            return err_errno(reterr, errno, "cannot create %s", o->path);
    }
    if (stat(o->path, &st) != 0)
        return err_errno(reterr, errno, "cannot find %s", o->path);
    if (!S_ISREG(st.st_mode))
        return err_set(reterr, E_CONFIG, "%s is not a plain file", o->path);
    if ((st.st_mode & 077) != 0 && !o->read_only && chmod(o->path, 0600) != 0)
        return err_errno(reterr, errno, "%s may be read by others and its mode cannot be changed", o->path);
    return OK;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int ready_rc;
static void ready(void) {
    /* Counting every allocation takes a lock; nothing here asks for the counts. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    ready_rc = sqlite3_initialize();
    if (ready_rc == SQLITE_OK)
        ready_rc = sums_register();
}

/* Called by SQLite after each commit with the pages that the WAL holds now. */
static int after_commit(void *arg, sqlite3 *handle, const char *name UNUSED, int pages) {
    struct sqlite_db *c = arg;
    c->wal_pages = pages;
    if (c->wal_limit > 0 && pages >= c->wal_limit)
        (void)sqlite3_wal_checkpoint_v2(handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);   /* what stays, the next one takes */
    return SQLITE_OK;
}

static enum code settle(struct sqlite_db *c, const struct db_options *o, struct err *reterr) {
    char sql[512];
    int reserve = SUMS_RESERVE, off = 0;
    (void)sqlite3_extended_result_codes(c->handle, 1);
    c->busy_ms = o->busy_ms > 0 ? o->busy_ms : 10000;
    c->wal_limit = o->wal_pages == 0 ? 1000 : o->wal_pages;
    (void)sqlite3_busy_timeout(c->handle, c->busy_ms);
    (void)sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, &off);
    (void)sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DQS_DDL, 0, &off);
    (void)sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DQS_DML, 0, &off);
    (void)sqlite3_db_config(c->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, &off);
    if (o->create && !o->read_only)
        (void)sqlite3_file_control(c->handle, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
    snprintf(sql, sizeof sql,
             "PRAGMA cache_size = %d; PRAGMA synchronous = %s; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; "
             "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0",
             o->cache_kib > 0 ? -o->cache_kib : -2000, o->sync == DB_SYNC_FULL ? "FULL" : "NORMAL");
    (void)sqlite3_wal_hook(c->handle, after_commit, c);
    enum code code = OK;
    if (!o->read_only) {                     /* the size holds only for a file without pages, so before anything else */
        char first[96];
        snprintf(first, sizeof first, "PRAGMA page_size = %d; PRAGMA journal_mode = WAL", o->page_size > 0 ? o->page_size : 4096);
        code = run(c, first, reterr);
    }
    return code == OK ? run(c, sql, reterr) : code;
}

/* A checkpoint that waits for readers keeps writers out meanwhile, so it has a shorter patience than others. */
static int carry(struct sqlite_db *c, int mode, int wait_ms) {
    (void)sqlite3_busy_timeout(c->handle, wait_ms);
    int rc = sqlite3_wal_checkpoint_v2(c->handle, NULL, mode, NULL, NULL);
    (void)sqlite3_busy_timeout(c->handle, c->busy_ms);
    return rc;
}

static enum code sqlite_checkpoint(struct db *db, struct err *reterr) {
    struct sqlite_db *c = conn(db);
    int rc = carry(c, SQLITE_CHECKPOINT_TRUNCATE, 100);
    if (rc != SQLITE_OK)
        return explain(c, rc, reterr);
    c->wal_pages = 0;
    c->wal = SURE;
    return OK;
}

/* Did a process that was killed leave a WAL? SQLite has not touched it yet: it opens files when it first needs them. */
static bool wal_left(struct sqlite_db *c) {
    struct stat st;
    return stat(sqlite3_filename_wal(sqlite3_db_filename(c->handle, "main")), &st) == 0 && st.st_size > 0;
}

static enum code sqlite_open(const struct db_options *o, struct db **ret, struct err *reterr) {
    enum code code = file_ready(o, reterr);
    if (code != OK)
        return code;
    (void)pthread_once(&once, ready);
    struct sqlite_db *c = mem_new(sizeof *c);
    if (c == NULL || (c->path = mem_text(o->path)) == NULL) {
        (void)mem_free(c);
        return err_set(reterr, E_MEMORY, "no memory for a connection to %s", o->path);
    }
    c->mend = o->mend != NULL ? o->mend : "stop, keep a copy, restore from the newest archive";
    int flags = (o->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc = ready_rc != SQLITE_OK ? ready_rc : sqlite3_open_v2(o->path, &c->handle, flags, SUMS_VFS);
    bool left = rc == SQLITE_OK && !o->read_only && wal_left(c);
    code = rc == SQLITE_OK ? settle(c, o, reterr) : explain(c, rc, reterr);
    c->wal = left ? LEFT : SURE;
    if (code != OK) {
        sqlite_close(&c->base);
        return code;
    }
    *ret = &c->base;
    return OK;
}

static enum code sqlite_prepare(struct db *db, const char *sql, struct stmt **ret, struct err *reterr) {
    struct sqlite_db *c = conn(db);
    struct sqlite_stmt *s = mem_new(sizeof *s);
    if (s == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a statement");
    int rc = sqlite3_prepare_v3(c->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->handle, NULL);
    if (rc != SQLITE_OK || s->handle == NULL) {
        (void)mem_free(s);
        return explain(c, rc, reterr);
    }
    for (int i = 0; i < sqlite3_column_count(s->handle) && i < 64; i++) {
        const char *type = sqlite3_column_decltype(s->handle, i);
        if (type != NULL && strcmp(type, "TEXT") == 0)
            s->texts |= (uint64_t)1 << i;
    }
    *ret = &s->base;
    return OK;
}

/* A text that lies on pages of its own gets its end when it is asked for, which takes memory: better asked here, where want of it
 * can be told, than where a NULL would be taken for a value that is not there. */
static bool texts_ready(const struct sqlite_stmt *s) {
    for (uint64_t left = s->texts; left != 0; left &= left - 1) {
        int at = __builtin_ctzll(left);
        bool null = sqlite3_column_type(s->handle, at) == SQLITE_NULL;      /* asked first: a text that finds none becomes NULL */
        if (!null && sqlite3_column_text(s->handle, at) == NULL)
            return false;
    }
    return true;
}

static void sqlite_forget(struct stmt *s) {
    (void)sqlite3_finalize(st(s)->handle);
    (void)mem_free(s);
}

static void sqlite_reset(struct stmt *s) {
    (void)sqlite3_reset(st(s)->handle);
    (void)sqlite3_clear_bindings(st(s)->handle);
    st(s)->bind = SQLITE_OK;
}

static void bound(struct stmt *s, int rc) {
    if (st(s)->bind == SQLITE_OK)
        st(s)->bind = rc;
}

static void sqlite_int(struct stmt *s, int at, int64_t value) { bound(s, sqlite3_bind_int64(st(s)->handle, at, value)); }

static void sqlite_blob(struct stmt *s, int at, const void *bytes, size_t len) {
    if (bytes == NULL)
        bound(s, sqlite3_bind_null(st(s)->handle, at));
    else if (len == 0)
        bound(s, sqlite3_bind_zeroblob(st(s)->handle, at, 0));
    else
        bound(s, sqlite3_bind_blob64(st(s)->handle, at, bytes, len, SQLITE_STATIC));
}

static void sqlite_text(struct stmt *s, int at, const char *text) {
    bound(s, text == NULL ? sqlite3_bind_null(st(s)->handle, at)
                          : sqlite3_bind_text64(st(s)->handle, at, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8));
}

static enum code sqlite_step(struct stmt *s, bool *ret_row, struct err *reterr) {
    struct sqlite_db *c = conn(s->db);
    if (st(s)->bind != SQLITE_OK)
        return explain(c, st(s)->bind, reterr);
    int rc = sqlite3_step(st(s)->handle);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return explain(c, rc, reterr);
    if (rc == SQLITE_ROW && !texts_ready(st(s)))
        return explain(c, SQLITE_NOMEM, reterr);
    *ret_row = rc == SQLITE_ROW;
    return OK;
}

static int64_t sqlite_col_int(struct stmt *s, int at) { return sqlite3_column_int64(st(s)->handle, at); }

static const void *sqlite_col_blob(struct stmt *s, int at, size_t *ret_len) {
    const void *bytes = sqlite3_column_blob(st(s)->handle, at);
    int len = sqlite3_column_bytes(st(s)->handle, at);
    *ret_len = bytes != NULL && len > 0 ? (size_t)len : 0;
    return bytes;
}

static const char *sqlite_col_text(struct stmt *s, int at) { return (const char *)sqlite3_column_text(st(s)->handle, at); }
static bool sqlite_col_is_null(struct stmt *s, int at) { return sqlite3_column_type(st(s)->handle, at) == SQLITE_NULL; }
static int64_t sqlite_changes(struct db *db) { return sqlite3_changes64(conn(db)->handle); }

/* Transaction control comes with every write, so it is prepared like any statement. */
static enum code control(struct db *db, const char *sql, struct err *reterr) {
    struct stmt *s = NULL;
    enum code code = db_prepare(db, sql, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}

static const char rollback_all[] = "ROLLBACK", rollback_one[] = "ROLLBACK TO one", release_one[] = "RELEASE one";

/* What undoes a transaction is prepared before one begins: it is needed when memory has run out. */
static enum code undo_prepare(struct db *db, struct err *reterr) {
    static const char *const all[] = { rollback_all, rollback_one, release_one };
    enum code code = OK;
    for (size_t i = 0; i < ARRAY_LEN(all) && code == OK && !conn(db)->undo_ready; i++) {
        struct stmt *s = NULL;
        code = db_prepare(db, all[i], &s, reterr);
        if (code == OK)
            stmt_end(s);
    }
    conn(db)->undo_ready = code == OK;
    return code;
}

/* Even that may want memory. Then the transaction counts as over, nothing of it is committed, and the next one begins with this. */
static enum code undo(struct db *db, struct err *reterr) {
    struct sqlite_db *c = conn(db);
    enum code code = sqlite3_get_autocommit(c->handle) == 0 ? control(db, rollback_all, reterr) : OK;
    c->undo_owed = sqlite3_get_autocommit(c->handle) == 0;
    return c->undo_owed ? code : OK;          /* it fails too where SQLite has rolled back by itself */
}

static enum code sqlite_begin(struct db *db, bool write, struct err *reterr) {
    struct sqlite_db *c = conn(db);
    enum code code = undo_prepare(db, reterr);
    if (code == OK && c->undo_owed)
        code = undo(db, reterr);
    if (code != OK)
        return code;
    if (write && c->wal != SURE)
        code = sqlite_checkpoint(db, reterr);
    if (code != OK && (code != E_BUSY || c->wal != LEFT))     /* busy: the WAL is of a process that lives */
        return code;
    return write ? control(db, "BEGIN IMMEDIATE", reterr) : control(db, "BEGIN", reterr);
}

static enum code sqlite_commit(struct db *db, struct err *reterr) {
    if (conn(db)->undo_owed)
        return err_set(reterr, E_MEMORY, "%s: no memory left for the database", conn(db)->path);
    return control(db, "COMMIT", reterr);
}

static void sqlite_rollback(struct db *db) {
    struct err ignored;
    (void)undo(db, &ignored);
}

static bool sqlite_in_transaction(struct db *db) { return sqlite3_get_autocommit(conn(db)->handle) == 0 && !conn(db)->undo_owed; }

static enum code sqlite_others(struct db *db, int64_t *ret, struct err *reterr) {
    struct stmt *s = NULL;
    bool row = false;
    enum code code = db_prepare(db, "PRAGMA data_version", &s, reterr);
    if (code != OK || (code = stmt_step(s, &row, reterr)) != OK)
        return code;
    *ret = row ? col_int(s, 0) : 0;
    stmt_end(s);
    return OK;
}

static enum code sqlite_savepoint(struct db *db, struct err *reterr) { return control(db, "SAVEPOINT one", reterr); }
static enum code sqlite_release(struct db *db, struct err *reterr) { return control(db, release_one, reterr); }

static void sqlite_rollback_to(struct db *db) {
    struct err ignored;
    if (sqlite3_get_autocommit(conn(db)->handle) != 0)
        return;                                         /* the failure ended the whole transaction */
    if (control(db, rollback_one, &ignored) != OK || control(db, release_one, &ignored) != OK)
        sqlite_rollback(db);                            /* it needs memory for what stays: then nothing stays */
}

static enum code sqlite_script(struct db *db, const char *sql, struct err *reterr) { return run(conn(db), sql, reterr); }

static enum code sqlite_version(struct db *db, int *ret, struct err *reterr) {
    return ask(conn(db), "PRAGMA user_version", ret, reterr);
}

static enum code sqlite_version_set(struct db *db, int version, struct err *reterr) {
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", version);
    return run(conn(db), sql, reterr);
}

static enum code sqlite_backfill(struct db *db, int wait_ms, struct err *reterr) {
    struct sqlite_db *c = conn(db);
    int rc = carry(c, wait_ms > 0 ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, wait_ms);
    return rc == SQLITE_OK || rc == SQLITE_BUSY ? OK : explain(c, rc, reterr);
}

static int64_t sqlite_wal_pages(struct db *db) { return conn(db)->wal_pages; }

/* The check tells of a page that it had no memory for as of one that is wrong: "error code=7", SQLITE_NOMEM. */
static bool tells_of_memory(const char *says) {
    const char *at = strstr(says, "error code=7");
    return at != NULL && (at[12] < '0' || at[12] > '9');
}

static enum code sqlite_check(struct db *db, struct err *reterr) {
    struct sqlite_db *c = conn(db);
    sqlite3_stmt *s = NULL;
    char where[64] = "the file is damaged";
    (void)sums_bad_page();
    int rc = sqlite3_prepare_v2(c->handle, "PRAGMA integrity_check(1)", -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    enum code code = OK;
    const char *says = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;
    if (says == NULL)
        code = explain(c, rc, reterr);
    else if (tells_of_memory(says))
        code = explain(c, SQLITE_NOMEM, reterr);
    else if (strcmp(says, "ok") != 0) {
        int64_t page = sums_bad_page();
        if (page > 0)
            snprintf(where, sizeof where, "page %lld does not carry its checksum", (long long)page);
        err_set(reterr, E_DAMAGED, "%s: %s: %s", c->path, where, c->mend);
        code = err_hide(reterr, "%s", says);
    }
    sqlite3_finalize(s);
    return code;
}

const struct db_engine db_sqlite = {
    .name = "sqlite", .open = sqlite_open, .close = sqlite_close, .prepare = sqlite_prepare, .forget = sqlite_forget,
    .reset = sqlite_reset, .bind_int = sqlite_int, .bind_blob = sqlite_blob, .bind_text = sqlite_text, .step = sqlite_step,
    .col_int = sqlite_col_int, .col_blob = sqlite_col_blob, .col_text = sqlite_col_text, .col_is_null = sqlite_col_is_null,
    .changes = sqlite_changes, .in_transaction = sqlite_in_transaction, .others = sqlite_others, .begin = sqlite_begin, .commit = sqlite_commit, .rollback = sqlite_rollback,
    .savepoint = sqlite_savepoint, .release = sqlite_release, .rollback_to = sqlite_rollback_to, .script = sqlite_script,
    .version = sqlite_version, .version_set = sqlite_version_set, .checkpoint = sqlite_checkpoint, .backfill = sqlite_backfill, .wal_pages = sqlite_wal_pages, .check = sqlite_check,
};
