/* torture_test.c — statements with the n-th allocation failing: what is read is whole, texts that lie on pages of their own among it. */
#include <stdlib.h>
#include <unistd.h>

#include "base/test.h"
#include "base/torture.h"
#include "db/db.h"

#define LONG_TEXT 9000

static const struct migration tables[] = { { 1, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b BLOB) STRICT" } };
struct scene { char place[64], path[96]; struct db *db; int64_t n; };

static enum code insert(struct scene *s, const char *text, struct err *reterr) {
    struct stmt *st;
    enum code code = db_prepare(s->db, "INSERT INTO t (id, a, b) VALUES (?, ?, NULL)", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 1, ++s->n);
    stmt_text(st, 2, text);
    return stmt_run(st, reterr);
}

static enum code read_texts(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    struct stmt *st;
    bool row = true;
    enum code code = db_prepare(s->db, "SELECT id, a, b FROM t WHERE id <= 3 ORDER BY id", &st, reterr);
    while (code == OK && (code = stmt_step(st, &row, reterr)) == OK && row) {
        const char *text = col_text(st, 1);
        buf_printf(outcome, "%lld %zu\n", (long long)col_int(st, 0), text == NULL ? 0 : strlen(text));
        CHECK(text != NULL || (col_is_null(st, 1) && col_int(st, 0) == 3));
    }
    if (code != OK)
        return code;
    return outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : OK;
}

static enum code write_text(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    static const char text[LONG_TEXT] = { [0 ... LONG_TEXT - 2] = 'y' };
    enum code code = db_begin(s->db, true, reterr);
    if (code != OK)
        return code;
    code = insert(s, text, reterr);
    if (code == OK)
        code = db_commit(s->db, reterr);
    if (code != OK)
        db_rollback(s->db);
    return code;
}

static enum code open_again(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    struct scene other = { .n = s->n };
    enum code code = db_open(&(struct db_options){ .path = s->path }, &other.db, reterr);
    if (code != OK)
        return code;
    code = read_texts(&other, outcome, reterr);
    db_close(other.db);
    return code;
}

TEST(statements_are_whole_or_refused) {
    static const char text[LONG_TEXT] = { [0 ... LONG_TEXT - 2] = 'x' };
    struct scene s = { .place = "/tmp/sejf-db-XXXXXX" };
    struct err e;
    bool fine = true;
    CHECK(mkdtemp(s.place) != NULL);
    snprintf(s.path, sizeof s.path, "%s/a.db", s.place);
    CHECK_OK(db_open(&(struct db_options){ .path = s.path, .create = true }, &s.db, &e), &e);
    CHECK_OK(db_migrate(s.db, tables, ARRAY_LEN(tables), &e), &e);
    CHECK_OK(insert(&s, "short", &e), &e);
    CHECK_OK(insert(&s, text, &e), &e);
    CHECK_OK(insert(&s, NULL, &e), &e);
    fine &= torture(&(struct torture){ .name = "statement read", .call = read_texts, .arg = &s });
    fine &= torture(&(struct torture){ .name = "transaction", .call = write_text, .arg = &s });
    fine &= torture(&(struct torture){ .name = "open and read", .call = open_again, .arg = &s });
    db_close(s.db);
    for (int i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", s.path, i == 0 ? "" : i == 1 ? "-wal" : "-shm");
        (void)unlink(path);
    }
    CHECK(rmdir(s.place) == 0);
    CHECK(fine);
}
