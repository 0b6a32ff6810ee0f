/* shorthand_test.c — the answers of statements, and that a row which cannot be read ends a walk with E_DAMAGED instead of being passed over. */
#include "store/shorthand.c"
#include "base/test.h"
#include "store/testbed.h"

#define CERTIFICATES "SELECT number, text FROM certificate WHERE tenant = ?"

struct seen_row { int64_t number; };

static enum code seen_read(struct stmt *s, struct seen_row *ret, struct err *reterr) {
    uint8_t bytes[2];
    *ret = (struct seen_row){ .number = col_int(s, 0) };
    return col_bytes(s, 1, bytes, sizeof bytes, reterr);
}

DEFINE_ROWS(seen_give, seen_row, seen_read)

struct taken { int64_t sum, most; };

static bool take(const struct seen_row *r, void *arg) {
    struct taken *t = arg;
    t->sum += r->number;
    return r->number < t->most;
}

static enum code put_three(struct txn *t, void *arg, struct err *reterr) {
    const char *const *texts = arg;
    enum code code = OK;
    for (int i = 0; i < 3 && code == OK; i++) {
        struct stmt *s;
        code = sql_prepare_int(&t->sql, "INSERT INTO certificate (tenant, number, at, text) VALUES (?, ?, 0, ?)", i + 1, &s, reterr);
        if (code != OK)
            return code;
        stmt_text(s, 3, texts[i]);
        code = stmt_run(s, reterr);
    }
    return code;
}

static enum code walk(struct sql *q, const char *text, struct taken *to, size_t *ret_count, struct err *e) {
    struct stmt *s;
    enum code code = sql_prepare(q, text, &s, e);
    return code == OK ? seen_give(s, take, to, ret_count, e) : code;
}

TEST(walks_rows_until_it_is_told_to_stop_and_counts_the_last) {
    struct bed b;
    bed_start(&b);
    struct err e;
    static const char *whole[] = { "ab", "cd", "ef" };
    CHECK(store_write(b.store, 1, put_three, whole, &e) == OK);
    AUTO(view_end) struct view *v = NULL;
    CHECK(store_view(b.store, 1, &v, &e) == OK);
    static const struct { int64_t most, sum; size_t count; } rows[] = { { 9, 6, 3 }, { 3, 6, 3 }, { 2, 3, 2 }, { 1, 1, 1 } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct taken t = { .most = rows[i].most };
        size_t count = 99;
        CHECK(walk(view_sql(v), CERTIFICATES " ORDER BY number", &t, &count, &e) == OK);
        CHECK(t.sum == rows[i].sum && count == rows[i].count);
    }
    struct taken none = { .most = 9 };
    size_t count = 99;
    CHECK(walk(view_sql(v), CERTIFICATES " AND number > 3", &none, &count, &e) == OK && none.sum == 0 && count == 0);
    CHECK(walk(view_sql(v), CERTIFICATES, &none, NULL, &e) == OK && none.sum == 6);
    v = view_end(v);
    bed_end(&b);
}

TEST(says_that_a_row_is_damaged_and_goes_no_further) {
    struct bed b;
    bed_start(&b);
    struct err e;
    static const char *cut[] = { "ab", "c", "ef" };
    CHECK(store_write(b.store, 1, put_three, cut, &e) == OK);
    AUTO(view_end) struct view *v = NULL;
    CHECK(store_view(b.store, 1, &v, &e) == OK);
    struct taken t = { .most = 9 };
    CHECK(walk(view_sql(v), CERTIFICATES " ORDER BY number", &t, NULL, &e) == E_DAMAGED && t.sum == 1);
    CHECK(strstr(e.text, "restore from the newest archive") != NULL);
    t = (struct taken){ .most = 9 };
    CHECK(walk(view_sql(v), CERTIFICATES " AND number = 3", &t, NULL, &e) == OK && t.sum == 3);     /* the connection is as good as before */
    v = view_end(v);
    bed_end(&b);
}

static enum code try_answers(struct txn *t, void *arg, struct err *reterr) {
    (void)arg;
    struct stmt *s;
    int64_t number = 7;
    bool any = true;
    const char *last = "SELECT number FROM certificate WHERE tenant = ? ORDER BY number DESC LIMIT 1";
    CHECK(number_next(&t->sql, last, &number, reterr) == OK && number == 4);
    CHECK(sql_prepare_int(&t->sql, CERTIFICATES " AND number = ?", 2, &s, reterr) == OK && stmt_number(s, -1, &number, reterr) == OK && number == 2);
    CHECK(sql_prepare_int(&t->sql, CERTIFICATES " AND number = ?", 9, &s, reterr) == OK && stmt_number(s, -1, &number, reterr) == OK && number == -1);
    CHECK(sql_prepare_int(&t->sql, CERTIFICATES " AND number = ?", 9, &s, reterr) == OK && stmt_any(s, &any, reterr) == OK && !any);
    CHECK(sql_prepare_int(&t->sql, CERTIFICATES " AND number = ?", 2, &s, reterr) == OK && stmt_any(s, &any, reterr) == OK && any);
    CHECK(sql_prepare_int(&t->sql, "DELETE FROM certificate WHERE tenant = ? AND number = ?", 2, &s, reterr) == OK && stmt_run_one(t, s, "100 % gone", reterr) == OK);
    CHECK(sql_prepare_int(&t->sql, "DELETE FROM certificate WHERE tenant = ? AND number = ?", 2, &s, reterr) == OK && stmt_run_one(t, s, "100 % gone", reterr) == E_NOT_FOUND);
    CHECK(strcmp(reterr->text, "100 % gone") == 0);
    CHECK(sql_prepare_int(&t->sql, "DELETE FROM certificate WHERE tenant = ? AND number <> ?", 2, &s, reterr) == OK && stmt_run_one(t, s, "two went", reterr) == E_NOT_FOUND);
    CHECK(number_next(&t->sql, last, &number, reterr) == OK && number == 1);
    return OK;
}

TEST(answers_with_one_number_or_whether_there_is_a_row) {
    struct bed b;
    bed_start(&b);
    struct err e;
    static const char *whole[] = { "ab", "cd", "ef" };
    CHECK(store_write(b.store, 1, put_three, whole, &e) == OK);
    CHECK(store_write(b.store, 2, put_three, whole, &e) == OK);        /* another tenant's are none of ours */
    CHECK(store_write(b.store, 1, try_answers, NULL, &e) == OK);
    bed_end(&b);
}
