/* sqlite_test.c — what only this engine promises: modes, locks, full disks, damage, nothing left of deleted rows. */
#include "db/sqlite.c"
#include "base/test.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char place[64], path[96];
static const char *in_place(const char *name) {
    static char full[160];
    snprintf(full, sizeof full, "%s/%s", place, name);
    return full;
}
static void setup(void) {
    snprintf(place, sizeof place, "/tmp/sejf-sq-XXXXXX");
    CHECK(mkdtemp(place) != NULL);
    snprintf(path, sizeof path, "%s/a.db", place);
}
static void clean(void) {
    static const char *const names[] = { "a.db", "a.db-wal", "a.db-shm" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        (void)unlink(in_place(names[i]));
    CHECK(rmdir(place) == 0);
}
static struct db *opened(bool read_only) {
    struct err e;
    struct db *db = NULL;
    CHECK_OK(db_open(&(struct db_options){ .path = path, .create = !read_only, .read_only = read_only, .busy_ms = 50 }, &db, &e), &e);
    return db;
}
static void table(struct db *db) {
    static const struct migration steps[] = { { 1, "CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB) STRICT" } };
    struct err e;
    CHECK_OK(db_migrate(db, steps, 1, &e), &e);
}
static enum code put(struct db *db, int64_t id, const void *bytes, size_t len, struct err *e) {
    struct stmt *s;
    enum code code = db_prepare(db, "INSERT OR REPLACE INTO t (id, b) VALUES (?, ?)", &s, e);
    if (code != OK)
        return code;
    stmt_int(s, 1, id);
    stmt_blob(s, 2, bytes, len);
    return stmt_run(s, e);
}
/* Reads every byte of every row; the first failure is the answer. */
static enum code read_all(struct db *db, int64_t *ret, struct err *e) {
    struct stmt *s;
    bool row = true;
    enum code code = db_prepare(db, "SELECT id, b FROM t", &s, e);
    for (*ret = 0; code == OK; ++*ret) {
        size_t len;
        code = stmt_step(s, &row, e);
        if (code != OK || !row)
            return code;
        (void)col_blob(s, 1, &len);
    }
    return code;
}
static bool file_holds(const char *file, const char *needle) {
    bool found = false;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return false;
    CHECK(fstat(fd, &st) == 0);
    char *all = malloc((size_t)st.st_size + 1);
    CHECK(all != NULL && pread(fd, all, (size_t)st.st_size, 0) == st.st_size);
    found = memmem(all, (size_t)st.st_size, needle, strlen(needle)) != NULL;
    free(all);
    close(fd);
    return found;
}

TEST(files_are_for_the_owner_alone) {
    struct err e;
    struct stat st;
    static const char *const names[] = { "a.db", "a.db-wal", "a.db-shm" };
    setup();
    mode_t mask = umask(0);
    struct db *db = opened(false);
    table(db);
    CHECK_OK(put(db, 1, "x", 1, &e), &e);
    umask(mask);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        CHECK(stat(in_place(names[i]), &st) == 0 && (st.st_mode & 0777) == 0600);
    db = db_close(db);
    CHECK(chmod(path, 0644) == 0);
    db = db_close(opened(false));
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK_CODE(db_open(&(struct db_options){ .path = in_place("none.db") }, &db, &e), E_SYSTEM, &e);
    CHECK_CODE(db_open(&(struct db_options){ .path = place }, &db, &e), E_CONFIG, &e);
    clean();
}

TEST(settings_are_as_stated) {
    setup();
    struct err e;
    int value = 0;
    struct db *db = NULL;
    CHECK_OK(db_open(&(struct db_options){ .path = path, .create = true, .sync = DB_SYNC_NORMAL, .cache_kib = 512, .page_size = 2048 }, &db, &e), &e);
    static const struct { const char *sql; int want; } rows[] = {
        { "PRAGMA secure_delete", 1 }, { "PRAGMA synchronous", 1 }, { "PRAGMA cache_size", -512 }, { "PRAGMA page_size", 2048 },
        { "PRAGMA mmap_size", 0 }, { "PRAGMA trusted_schema", 0 }, { "PRAGMA temp_store", 2 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_OK(ask(conn(db), rows[i].sql, &value, &e), &e);
        CHECK_INT(value, rows[i].want);
    }
    db = db_close(db);
    CHECK_OK(db_open(&(struct db_options){ .path = path, .sync = DB_SYNC_FULL }, &db, &e), &e);
    CHECK_OK(ask(conn(db), "PRAGMA synchronous", &value, &e), &e);
    CHECK_INT(value, 2);
    db = db_close(db);
    clean();
}

TEST(a_second_writer_waits_then_is_told) {
    struct err e;
    setup();
    struct db *a = opened(false), *b = opened(false), *r = opened(true);
    int64_t n = 0;
    table(a);
    CHECK_OK(db_begin(a, true, &e), &e);
    CHECK_OK(put(a, 1, "x", 1, &e), &e);
    CHECK_CODE(db_begin(b, true, &e), E_BUSY, &e);
    CHECK_OK(db_begin(r, false, &e), &e);
    CHECK_OK(read_all(r, &n, &e), &e);
    CHECK(n == 0);
    CHECK_OK(db_commit(a, &e), &e);
    CHECK_OK(read_all(r, &n, &e), &e);
    CHECK(n == 0);                                         /* a snapshot stays what it was */
    CHECK_CODE(db_checkpoint(a, &e), E_BUSY, &e);          /* its reader holds the WAL */
    CHECK_OK(db_commit(r, &e), &e);
    CHECK_OK(read_all(r, &n, &e), &e);
    CHECK(n == 1);
    CHECK_CODE(put(r, 2, "y", 1, &e), E_IO, &e);
    CHECK_OK(db_checkpoint(a, &e), &e);
    a = db_close(a);
    b = db_close(b);
    r = db_close(r);
    clean();
}

TEST(the_wal_is_carried_over_by_itself_and_by_others) {
    struct err e;
    struct stat st;
    setup();
    struct db *a = NULL, *b = opened(false);
    CHECK_OK(db_open(&(struct db_options){ .path = path, .wal_pages = 50 }, &a, &e), &e);
    table(a);
    char block[3000] = { 0 };
    int64_t most = 0;
    for (int i = 0; i < 200; i++) {
        CHECK_OK(put(a, i, block, sizeof block, &e), &e);
        most = db_wal_pages(a) > most ? db_wal_pages(a) : most;
    }
    CHECK(most >= 50 && most < 60);                        /* begun anew whenever all of it had gone */
    a = db_close(a);
    CHECK_OK(db_open(&(struct db_options){ .path = path, .wal_pages = -1 }, &a, &e), &e);
    for (int i = 0; i < 200; i++)
        CHECK_OK(put(a, i, block, sizeof block, &e), &e);
    CHECK(db_wal_pages(a) >= 200);
    CHECK_OK(db_backfill(b, 0, &e), &e);                   /* by another connection */
    CHECK_OK(put(a, 1, block, sizeof block, &e), &e);
    CHECK(db_wal_pages(a) < 10);
    struct db *r = opened(true);
    int64_t n = 0;
    CHECK_OK(db_begin(r, false, &e), &e);
    CHECK_OK(read_all(r, &n, &e), &e);
    for (int i = 0; i < 100; i++)
        CHECK_OK(put(a, i, block, sizeof block, &e), &e);
    CHECK_OK(db_backfill(a, 1, &e), &e);                   /* a reader is in the way: nothing fails, nothing is begun anew */
    CHECK_OK(put(a, 1, block, sizeof block, &e), &e);
    CHECK(db_wal_pages(a) > 100);
    CHECK_OK(db_commit(r, &e), &e);
    r = db_close(r);
    CHECK_OK(db_backfill(a, 1, &e), &e);
    CHECK_OK(put(a, 1, block, sizeof block, &e), &e);
    CHECK(db_wal_pages(a) < 10);
    CHECK_OK(db_checkpoint(a, &e), &e);
    CHECK(db_wal_pages(a) == 0 && stat(in_place("a.db-wal"), &st) == 0 && st.st_size == 0);
    a = db_close(a);
    b = db_close(b);
    clean();
}

TEST(a_full_disk_is_told_and_leaves_the_data_whole) {
    setup();
    pid_t child = fork();
    if (child == 0) {                                      /* the limit cannot be lifted again */
        struct err e;
        char block[3000];
        struct rlimit limit = { 200000, 200000 };
        memset(block, 'b', sizeof block);
        struct db *db = opened(false);
        table(db);
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(9);
        int64_t made = 0;
        enum code code = OK;
        while (made < 1000 && (code = put(db, made + 1, block, sizeof block, &e)) == OK)
            made++;
        int64_t n = 0;
        if (code != E_FULL || read_all(db, &n, &e) != OK || n != made || db_check(db, &e) != OK)
        {
            fprintf(stderr, "code %d %s %s, %ld of %ld\n", (int)code, e.text, e.hidden, (long)n, (long)made);
            _exit(1);
        }
        _exit(0);                                          /* without closing: as if it had been killed */
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct err e;
    int64_t n = 0;
    struct db *db = opened(false);
    CHECK_OK(read_all(db, &n, &e), &e);
    CHECK(n > 10);
    CHECK_OK(put(db, 5000, "room again", 10, &e), &e);
    db = db_close(db);
    clean();
}

TEST(every_flipped_byte_is_told) {
    struct err e;
    int64_t n = 0;
    char block[600];
    setup();
    memset(block, 'a', sizeof block);
    struct db *db = opened(false);
    table(db);
    for (int i = 0; i < 40; i++)
        CHECK_OK(put(db, i, block, sizeof block, &e), &e);
    CHECK_OK(db_checkpoint(db, &e), &e);
    CHECK_OK(db_check(db, &e), &e);
    db = db_close(db);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat st;
    CHECK(fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 20000);
    for (off_t at = 0; at < st.st_size; at += at < 100 ? 1 : 611) {
        uint8_t byte, flipped;
        CHECK(pread(fd, &byte, 1, at) == 1);
        flipped = byte ^ 0x10;
        CHECK(pwrite(fd, &flipped, 1, at) == 1);
        db = NULL;
        enum code code = db_open(&(struct db_options){ .path = path, .read_only = true, .busy_ms = 50 }, &db, &e);
        if (code == OK)
            code = read_all(db, &n, &e);
        if (code != E_DAMAGED) {
            fprintf(stderr, "byte %ld: code %d %s\n", (long)at, (int)code, code == OK ? "" : e.hidden);
            CHECK(code == E_DAMAGED);
        }
        db = db_close(db);
        CHECK(pwrite(fd, &byte, 1, at) == 1);
    }
    CHECK(ftruncate(fd, st.st_size - 5000) == 0);
    CHECK_CODE(db_open(&(struct db_options){ .path = path, .read_only = true }, &db, &e), E_DAMAGED, &e);
    close(fd);
    clean();
}

TEST(a_foreign_file_is_refused) {
    struct err e;
    struct db *db = NULL;
    setup();
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    char text[5000];
    memset(text, 'q', sizeof text);
    CHECK(fd >= 0 && write(fd, text, sizeof text) == sizeof text && close(fd) == 0);
    CHECK_CODE(db_open(&(struct db_options){ .path = path, .create = true }, &db, &e), E_DAMAGED, &e);
    CHECK(db == NULL && strstr(e.text, "newest archive") != NULL);
    CHECK_CODE(db_open(&(struct db_options){ .path = path, .create = true, .mend = "make it anew" }, &db, &e), E_DAMAGED, &e);
    CHECK(strstr(e.text, "a.db: the file is not a database of sejf: it was damaged or replaced: make it anew") != NULL);
    clean();
}

TEST(deleted_rows_leave_nothing_readable) {
    struct err e;
    char text[400];
    setup();
    struct db *db = opened(false);
    table(db);
    for (int i = 0; i < 60; i++) {
        snprintf(text, sizeof text, "%0350d canary-of-the-row", i);
        CHECK_OK(put(db, i, text, strlen(text), &e), &e);
    }
    CHECK_OK(db_checkpoint(db, &e), &e);
    CHECK(file_holds(path, "canary-of-the-row"));
    CHECK_OK(db_script(db, "DELETE FROM t WHERE id <> 7", &e), &e);
    CHECK_OK(db_script(db, "DELETE FROM t", &e), &e);
    CHECK_OK(db_checkpoint(db, &e), &e);
    CHECK(!file_holds(path, "canary-of-the-row") && !file_holds(in_place("a.db-wal"), "canary-of-the-row"));
    db = db_close(db);
    clean();
}

TEST(every_write_to_the_disk_may_fail) {
    struct err e;
    int64_t n = 0, before = 0;
    char block[2000];
    memset(block, 'w', sizeof block);
    setup();
    struct db *db = opened(false);
    table(db);
    for (size_t at = 1; at < 30; at++) {
        CHECK_OK(read_all(db, &before, &e), &e);
        CHECK_OK(db_begin(db, true, &e), &e);
        sums_fail_at = at;
        enum code code = OK;
        for (int i = 0; i < 5 && code == OK; i++)
            code = put(db, (int64_t)at * 10 + i, block, sizeof block, &e);
        if (code == OK)
            code = db_commit(db, &e);
        bool reached = sums_fail_at == 1;
        sums_fail_at = 0;
        if (code != OK)
            db_rollback(db);
        CHECK(code == OK ? !reached || at > 1 : code == E_FULL || code == E_IO);
        CHECK_OK(read_all(db, &n, &e), &e);
        CHECK(n == before + (code == OK ? 5 : 0));
    }
    CHECK_OK(db_check(db, &e), &e);
    db = db_close(db);
    clean();
}

/* What a power cut or kill -9 would leave at this moment. */
static void copy(const char *from, const char *to) {
    char command[400];
    snprintf(command, sizeof command, "cp %s/%s %s/%s", place, from, place, to);
    CHECK(system(command) == 0);
}
static void leave(const char *name) { CHECK(unlink(in_place(name)) == 0); }
static int64_t count_in(const char *file) {
    struct err e;
    struct db *db = NULL;
    int64_t rows = 0;
    CHECK_OK(db_open(&(struct db_options){ .path = file }, &db, &e), &e);
    CHECK_OK(read_all(db, &rows, &e), &e);
    db = db_close(db);
    return rows;
}

/* The failed commit is in the WAL, where a crash would find it; the next write first makes all sure, and then it is gone. */
TEST(a_sync_that_failed_is_not_asked_again) {
    struct err e;
    int64_t rows = 0;
    setup();
    struct db *db = opened(false);
    table(db);
    CHECK_OK(put(db, 1, "one", 3, &e), &e);
    CHECK_OK(db_begin(db, true, &e), &e);
    CHECK_OK(put(db, 2, "two", 3, &e), &e);
    sums_sync_fails = 1;
    CHECK_CODE(db_commit(db, &e), E_IO, &e);
    CHECK(strstr(e.text, "not known whether") != NULL);
    db_rollback(db);
    CHECK_OK(read_all(db, &rows, &e), &e);
    CHECK_INT(rows, 1);
    copy("a.db", "b.db");
    copy("a.db-wal", "b.db-wal");
    CHECK_INT(count_in(in_place("b.db")), 2);              /* durable after all */
    sums_sync_fails = 1;
    CHECK_CODE(db_begin(db, true, &e), E_IO, &e);          /* the disk is still not well: nothing is written */
    CHECK(!db_in_transaction(db));
    CHECK_OK(db_begin(db, true, &e), &e);
    struct stat st;
    CHECK(stat(in_place("a.db-wal"), &st) == 0 && st.st_size == 0 && !file_holds(path, "two"));
    CHECK_OK(put(db, 4, "four", 4, &e), &e);
    CHECK_OK(db_commit(db, &e), &e);
    CHECK_OK(read_all(db, &rows, &e), &e);
    CHECK_INT(rows, 2);
    CHECK_OK(db_check(db, &e), &e);
    db = db_close(db);
    leave("b.db");
    clean();
}

/* A killed process may have left a WAL whose last sync never came: it goes into the file before the first write. */
TEST(a_wal_that_was_left_goes_into_the_file_first) {
    struct err e;
    struct stat st;
    setup();
    struct db *db = opened(false);
    table(db);
    CHECK_OK(put(db, 1, "one", 3, &e), &e);
    copy("a.db", "b.db");
    copy("a.db-wal", "b.wal");
    db = db_close(db);
    copy("b.db", "a.db");
    copy("b.wal", "a.db-wal");
    db = opened(false);
    CHECK(stat(in_place("a.db-wal"), &st) == 0 && st.st_size > 0 && !file_holds(path, "one"));
    struct db *reader = opened(true);
    int64_t rows = 0;
    CHECK_OK(db_begin(reader, false, &e), &e);
    CHECK_OK(read_all(reader, &rows, &e), &e);
    CHECK_OK(db_begin(db, true, &e), &e);                  /* who reads is not in the way */
    CHECK(file_holds(path, "one"));
    db_rollback(db);
    CHECK_OK(db_commit(reader, &e), &e);
    CHECK_OK(db_begin(db, true, &e), &e);
    db_rollback(db);
    CHECK(stat(in_place("a.db-wal"), &st) == 0 && st.st_size == 0);
    reader = db_close(reader);
    db = db_close(db);
    leave("b.db");
    leave("b.wal");
    clean();
}
