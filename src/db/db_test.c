/* db_test.c — the cache, migrations and transactions, over a database in a directory of its own. */
#include "db/db.c"
#include "base/test.h"

#include <stdlib.h>
#include <unistd.h>

static char place[64];
static const char *make_path(void) {
    static char path[96];
    snprintf(place, sizeof place, "/tmp/sejf-db-XXXXXX");
    CHECK(mkdtemp(place) != NULL);
    snprintf(path, sizeof path, "%s/a.db", place);
    return path;
}
static void clean(void) {
    static const char *const names[] = { "a.db", "a.db-wal", "a.db-shm" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", place, names[i]);
        (void)unlink(path);
    }
    CHECK(rmdir(place) == 0);
}

static const struct migration one[] = { { 1, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b BLOB) STRICT" } };
static const struct migration two[] = { { 1, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b BLOB) STRICT" },
                                        { 2, "ALTER TABLE t ADD COLUMN c INTEGER NOT NULL DEFAULT 7; CREATE INDEX t_c ON t (c)" } };
static const struct migration wrong[] = { { 1, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b BLOB) STRICT" },
                                          { 2, "CREATE TABLE u (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER)" } };

static enum code insert(struct db *db, int64_t id, const char *a, struct err *e) {
    struct stmt *s;
    enum code code = db_prepare(db, "INSERT INTO t (id, a, b) VALUES (?, ?, ?)", &s, e);
    if (code != OK)
        return code;
    stmt_int(s, 1, id);
    stmt_text(s, 2, a);
    stmt_blob(s, 3, "\0x", 2);
    return stmt_run(s, e);
}

static int64_t count(struct db *db) {
    struct stmt *s;
    struct err e;
    bool row = false;
    CHECK_OK(db_prepare(db, "SELECT count(*) FROM t", &s, &e), &e);
    CHECK_OK(stmt_step(s, &row, &e), &e);
    CHECK(row);
    int64_t n = col_int(s, 0);
    stmt_end(s);
    return n;
}

TEST(values_come_back) {
    struct err e;
    struct stmt *s;
    bool row = false;
    size_t len;
    AUTO(db_close) struct db *db = NULL;
    CHECK_OK(db_open(&(struct db_options){ .path = make_path(), .create = true }, &db, &e), &e);
    CHECK_OK(db_migrate(db, one, ARRAY_LEN(one), &e), &e);
    CHECK_OK(insert(db, 5, "Zażółć", &e), &e);
    CHECK_OK(insert(db, 6, NULL, &e), &e);
    CHECK(db_changes(db) == 1);
    CHECK_CODE(insert(db, 6, NULL, &e), E_CONFLICT, &e);
    CHECK_OK(db_prepare(db, "SELECT id, a, b FROM t ORDER BY id", &s, &e), &e);
    CHECK_OK(stmt_step(s, &row, &e), &e);
    CHECK(row && col_int(s, 0) == 5);
    CHECK_TEXT(col_text(s, 1), "Zażółć");
    CHECK(memcmp(col_blob(s, 2, &len), "\0x", 2) == 0 && len == 2);
    CHECK_OK(stmt_step(s, &row, &e), &e);
    CHECK(row && col_text(s, 1) == NULL && col_is_null(s, 1) && !col_is_null(s, 2));
    CHECK_OK(stmt_step(s, &row, &e), &e);
    CHECK(!row && !s->open);
    db = db_close(db);
    clean();
}

TEST(an_earlier_use_is_over_and_its_values_are_gone) {
    struct err e;
    struct stmt *s, *again;
    bool row = false;
    AUTO(db_close) struct db *db = NULL;
    CHECK_OK(db_open(&(struct db_options){ .path = make_path(), .create = true }, &db, &e), &e);
    static const char *const sql = "SELECT ?, ?";
    CHECK_OK(db_prepare(db, sql, &s, &e), &e);
    stmt_int(s, 1, 1);
    stmt_int(s, 2, 2);
    CHECK_OK(stmt_step(s, &row, &e), &e);
    CHECK_OK(db_prepare(db, sql, &again, &e), &e);
    CHECK(again == s && db->used >= 1);
    stmt_int(s, 1, 9);
    CHECK_OK(stmt_step(s, &row, &e), &e);
    CHECK(row && col_int(s, 0) == 9 && col_is_null(s, 1));
    stmt_end(s);
    stmt_int(s, 7, 1);                                     /* there is no parameter 7: shows in the step */
    CHECK_CODE(stmt_step(s, &row, &e), E_INTERNAL, &e);
    CHECK_CODE(db_prepare(db, "SELECT nothing FROM nowhere", &s, &e), E_INTERNAL, &e);
    db = db_close(db);
    clean();
}

TEST(the_cache_grows_and_keeps_all) {
    static char text[200][32];
    struct err e;
    struct stmt *first[200], *s;
    AUTO(db_close) struct db *db = NULL;
    CHECK_OK(db_open(&(struct db_options){ .path = make_path(), .create = true }, &db, &e), &e);
    for (size_t i = 0; i < 200; i++) {
        snprintf(text[i], sizeof text[i], "SELECT %zu", i);
        CHECK_OK(db_prepare(db, text[i], &first[i], &e), &e);
    }
    for (size_t i = 0; i < 200; i++) {
        bool row = false;
        CHECK_OK(db_prepare(db, text[i], &s, &e), &e);
        CHECK(s == first[i]);
        CHECK_OK(stmt_step(s, &row, &e), &e);
        CHECK(row && col_int(s, 0) == (int64_t)i);
    }
    CHECK(db->used == 200 && db->room >= 400);
    db = db_close(db);
    clean();
}

TEST(transactions_and_savepoints) {
    struct err e;
    AUTO(db_close) struct db *db = NULL;
    CHECK_OK(db_open(&(struct db_options){ .path = make_path(), .create = true }, &db, &e), &e);
    CHECK_OK(db_migrate(db, one, ARRAY_LEN(one), &e), &e);
    CHECK_OK(db_begin(db, true, &e), &e);
    CHECK_OK(db_savepoint(db, &e), &e);
    CHECK_OK(insert(db, 1, "a", &e), &e);
    CHECK_OK(db_release(db, &e), &e);
    CHECK_OK(db_savepoint(db, &e), &e);
    CHECK_OK(insert(db, 2, "b", &e), &e);
    db_rollback_to(db);
    CHECK_OK(db_savepoint(db, &e), &e);
    CHECK_OK(insert(db, 3, "c", &e), &e);
    CHECK_OK(db_release(db, &e), &e);
    CHECK(count(db) == 2);
    CHECK_OK(db_commit(db, &e), &e);
    CHECK_OK(db_begin(db, true, &e), &e);
    CHECK_OK(insert(db, 4, "d", &e), &e);
    db_rollback(db);
    db_rollback(db);                                       /* harmless outside a transaction */
    CHECK(count(db) == 2);
    db = db_close(db);
    clean();
}

TEST(older_data_is_carried_forward_and_newer_refused) {
    struct err e;
    const char *path = make_path();
    struct db_options o = { .path = path, .create = true };
    struct db *db = NULL;
    CHECK_OK(db_open(&o, &db, &e), &e);
    CHECK_OK(db_migrate(db, one, ARRAY_LEN(one), &e), &e);
    CHECK_OK(insert(db, 1, "kept", &e), &e);
    db = db_close(db);
    CHECK_OK(db_open(&o, &db, &e), &e);
    CHECK_CODE(db_migrate(db, wrong, ARRAY_LEN(wrong), &e), E_INTERNAL, &e);
    CHECK(strstr(e.text, "carrying the data forward to version 2") != NULL);
    CHECK(count(db) == 1);
    CHECK_OK(db_migrate(db, two, ARRAY_LEN(two), &e), &e);  /* the failed step left nothing behind */
    CHECK_OK(db_migrate(db, two, ARRAY_LEN(two), &e), &e);
    CHECK(count(db) == 1);
    CHECK_CODE(db_migrate(db, one, ARRAY_LEN(one), &e), E_CONFIG, &e);
    CHECK(strstr(e.text, "version 2") != NULL && strstr(e.text, "up to 1") != NULL);
    db = db_close(db);
    clean();
}

TEST(every_allocation_may_fail) {
    struct err e;
    const char *path = make_path();
    for (size_t n = 1; n < 40; n++) {
        struct db *db = NULL;
        mem_fail_at = n;
        enum code code = db_open(&(struct db_options){ .path = path, .create = true }, &db, &e);
        if (code == OK)
            code = db_migrate(db, one, ARRAY_LEN(one), &e);
        if (code == OK)
            code = insert(db, (int64_t)n, "x", &e);
        bool reached = mem_fail_at == 0;
        mem_fail_at = 0;
        db = db_close(db);
        CHECK(code == (reached ? E_MEMORY : OK));
        if (!reached) {
            clean();
            return;
        }
    }
    CHECK(!"the torture ended");
}
