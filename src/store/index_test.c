/* index_test.c — what is found by token and by value; replaced, paged, taken away. */
#include "store/index.c"

#include "store/testbed.h"

struct entry { uint32_t n; uint32_t tokens[4]; struct sorted_value sorted[4]; uint32_t generation; int32_t kind; };

static enum code put(struct txn *t, void *arg, struct err *e) {
    const struct entry *x = arg;
    struct token tokens[4];
    struct uuid id = id_of(x->n);
    int64_t change;
    size_t count = 0, values = 0;
    for (; count < 4 && x->tokens[count] != 0; count++)
        tokens[count] = token_of(x->tokens[count]);
    while (values < 4 && x->sorted[values].field != 0)
        values++;
    enum code code = txn_change(t, &change, e);
    return code == OK ? index_put(t, x->kind != 0 ? x->kind : 1, &id, x->generation, tokens, count, x->sorted, values, e) : code;
}
static void write_entry(struct bed *b, int64_t tenant, struct entry x) { CHECK_OK(store_write(b->store, tenant, put, &x, &b->e), &b->e); }

struct ids { uint32_t n[32]; int64_t number[32]; char text[32][32]; size_t count, stop; };
static uint32_t number_of(const struct uuid *id) { return (uint32_t)id->bytes[14] << 8 | id->bytes[15]; }
static bool add_id(const struct uuid *id, void *arg) {
    struct ids *l = arg;
    l->n[l->count++] = number_of(id);
    return l->count != l->stop;
}
static bool add_value(const struct uuid *id, const struct sorted_value *v, void *arg) {
    struct ids *l = arg;
    l->number[l->count] = v->number;
    snprintf(l->text[l->count], sizeof l->text[0], "%s", v->text != NULL ? v->text : "");
    return add_id(id, arg);
}
static void check_ids(const struct ids *got, const uint32_t *want) {
    size_t n = 0;
    while (want[n] != 0)
        n++;
    CHECK_INT(got->count, n);
    for (size_t i = 0; i < n; i++)
        CHECK_INT(got->n[i], want[i]);
}
static void check_found(struct bed *b, int64_t tenant, int32_t kind, uint32_t token, uint32_t after, size_t stop, const uint32_t *want) {
    struct ids got = { .stop = stop };
    struct token t = token_of(token);
    struct uuid id = id_of(after);
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(index_find(view_sql(v), kind, &t, after != 0 ? &id : NULL, add_id, &got, &b->e), &b->e);
    check_ids(&got, want);
}
#define LIST(...) (const uint32_t[]){ __VA_ARGS__, 0 }
#define NOBODY (const uint32_t[]){ 0 }

TEST(tokens_find_their_records_and_no_others) {
    struct bed b;
    bed_start(&b);
    write_entry(&b, 1, (struct entry){ .n = 1, .tokens = { 10, 20 } });
    write_entry(&b, 1, (struct entry){ .n = 2, .tokens = { 10, 30 } });
    write_entry(&b, 1, (struct entry){ .n = 3, .tokens = { 10, 10, 10 } });      /* said three times */
    write_entry(&b, 1, (struct entry){ .n = 4, .tokens = { 10 }, .kind = 2 });
    write_entry(&b, 2, (struct entry){ .n = 5, .tokens = { 10 } });
    check_found(&b, 1, 1, 10, 0, 0, LIST(1, 2, 3));
    check_found(&b, 1, 1, 10, 1, 1, LIST(2));
    check_found(&b, 1, 1, 10, 3, 0, NOBODY);
    check_found(&b, 1, 1, 20, 0, 0, LIST(1));
    check_found(&b, 1, 2, 10, 0, 0, LIST(4));
    check_found(&b, 2, 1, 10, 0, 0, LIST(5));
    check_found(&b, 3, 1, 10, 0, 0, NOBODY);
    bed_end(&b);
}

TEST(a_record_is_put_over_as_a_whole) {
    struct bed b;
    bed_start(&b);
    write_entry(&b, 1, (struct entry){ .n = 1, .tokens = { 10, 20 }, .sorted = { { .field = 1, .number = 5 } } });
    write_entry(&b, 1, (struct entry){ .n = 1, .tokens = { 20, 30 }, .sorted = { { .field = 1, .number = 5 }, { .field = 2, .text = "b" } } });
    check_found(&b, 1, 1, 10, 0, 0, NOBODY);
    check_found(&b, 1, 1, 20, 0, 0, LIST(1));
    check_found(&b, 1, 1, 30, 0, 0, LIST(1));
    write_entry(&b, 1, (struct entry){ .n = 1 });                                /* found by nothing any more */
    check_found(&b, 1, 1, 20, 0, 0, NOBODY);
    struct view *v = NULL;
    struct stmt *s = NULL;
    bool row = false;
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(ask(view_sql(v), "SELECT (SELECT count(*) FROM doc WHERE tenant = ?1) + (SELECT count(*) FROM found WHERE tenant = ?1) + "
                 "(SELECT count(*) FROM sorted WHERE tenant = ?1)", &s, &b.e), &b.e);
    CHECK_OK(stmt_step(s, &row, &b.e), &b.e);
    CHECK(row && col_int(s, 0) == 0);
    v = view_end(v);
    bed_end(&b);
}

static void many_values(struct bed *b) {
    static const struct { uint32_t n; int64_t number; const char *text; } rows[] = {
        { 1, 30, "celina" }, { 2, -10, "adam" }, { 3, 20, "żaneta" }, { 4, 20, "" }, { 5, 20, "adam" }, { 6, INT64_MAX, "b" }, { 7, INT64_MIN, "adama" },
    };
    bed_start(b);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        write_entry(b, 1, (struct entry){ .n = rows[i].n, .sorted = { { .field = 1, .number = rows[i].number }, { .field = 2, .text = rows[i].text } } });
    write_entry(b, 2, (struct entry){ .n = 9, .sorted = { { .field = 1, .number = 20 } } });
}

/* In one write: records that go, one after the other, and behind them one of them anew. */
static enum code go_and_come(struct txn *t, void *arg UNUSED, struct err *e) {
    enum code code = OK;
    for (uint32_t n = 1; code == OK && n <= 40; n++)
        code = put(t, &(struct entry){ .n = n }, e);
    return code == OK ? put(t, &(struct entry){ .n = 7, .tokens = { 10, 50 }, .sorted = { { .field = 1, .number = 70 } } }, e) : code;
}

static int64_t rows_left(struct bed *b, const char *sql) {
    struct stmt *s = NULL;
    bool row = false;
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, 1, &v, &b->e), &b->e);
    CHECK_OK(ask(view_sql(v), sql, &s, &b->e), &b->e);
    CHECK_OK(stmt_step(s, &row, &b->e), &b->e);
    int64_t n = row ? col_int(s, 0) : -1;
    stmt_end(s);
    return n;
}

TEST(what_goes_in_a_row_takes_nothing_of_what_comes_behind) {
    struct bed b;
    bed_start(&b);
    for (uint32_t n = 1; n <= 42; n++)
        write_entry(&b, 1, (struct entry){ .n = n, .tokens = { 10, 100 + n * 7 % 40, 200 + n }, .sorted = { { .field = 1, .number = n } } });
    write_entry(&b, 2, (struct entry){ .n = 3, .tokens = { 10, 203 } });
    CHECK_OK(store_write(b.store, 1, go_and_come, NULL, &b.e), &b.e);
    check_found(&b, 1, 1, 10, 0, 0, LIST(7, 41, 42));
    check_found(&b, 1, 1, 50, 0, 0, LIST(7));
    check_found(&b, 1, 1, 203, 0, 0, NOBODY);
    check_found(&b, 1, 1, 241, 0, 0, LIST(41));
    check_found(&b, 2, 1, 10, 0, 0, LIST(3));
    CHECK_INT(rows_left(&b, "SELECT count(*) FROM doc WHERE tenant = ?"), 3);
    CHECK_INT(rows_left(&b, "SELECT count(*) FROM found WHERE tenant = ?"), 2 + 3 + 3);
    CHECK_INT(rows_left(&b, "SELECT count(*) FROM sorted WHERE tenant = ?"), 3);
    bed_end(&b);
}

TEST(ranges_of_numbers) {
    struct bed b;
    many_values(&b);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    static const struct { int64_t from, until; bool down, has_after; int64_t after; uint32_t after_id; size_t stop; uint32_t want[8]; } rows[] = {
        { INT64_MIN, INT64_MAX, false, false, 0, 0, 0, { 7, 2, 3, 4, 5, 1, 6 } },
        { INT64_MIN, INT64_MAX, true, false, 0, 0, 0, { 6, 1, 5, 4, 3, 2, 7 } },
        { 20, 20, false, false, 0, 0, 0, { 3, 4, 5 } }, { 20, 20, true, false, 0, 0, 2, { 5, 4 } }, { 21, 29, false, false, 0, 0, 0, { 0 } },
        { INT64_MIN, INT64_MAX, false, true, 20, 3, 2, { 4, 5 } }, { INT64_MIN, INT64_MAX, true, true, 20, 4, 0, { 3, 2, 7 } },
        { -10, 30, false, true, 20, 5, 0, { 1 } }, { -10, 30, false, true, 30, 1, 0, { 0 } }, { 30, -10, false, false, 0, 0, 0, { 0 } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ids got = { .stop = rows[i].stop };
        struct sorted_range r = { .kind = 1, .field = 1, .number = true, .from = rows[i].from, .until = rows[i].until, .descending = rows[i].down,
                                  .has_after = rows[i].has_after, .after_number = rows[i].after, .after_id = id_of(rows[i].after_id) };
        CHECK_OK(index_range(view_sql(v), &r, add_value, &got, &b.e), &b.e);
        check_ids(&got, rows[i].want);
        for (size_t k = 0; k < got.count; k++)
            CHECK(got.number[k] >= rows[i].from && got.number[k] <= rows[i].until);
    }
    v = view_end(v);
    bed_end(&b);
}

TEST(ranges_of_texts) {
    struct bed b;
    many_values(&b);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    static const struct { const char *from, *until; bool down; const char *after; uint32_t after_id; uint32_t want[8]; } rows[] = {
        { NULL, NULL, false, NULL, 0, { 4, 2, 5, 7, 6, 1, 3 } }, { NULL, NULL, true, NULL, 0, { 3, 1, 6, 7, 5, 2, 4 } },
        { "adam", "adam", false, NULL, 0, { 2, 5 } }, { "b", NULL, false, NULL, 0, { 6, 1, 3 } }, { NULL, "adama", true, NULL, 0, { 7, 5, 2, 4 } },
        { NULL, NULL, false, "adam", 2, { 5, 7, 6, 1, 3 } }, { NULL, NULL, true, "adam", 5, { 2, 4 } }, { "x", "a", false, NULL, 0, { 0 } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ids got = { .stop = 0 };
        struct sorted_range r = { .kind = 1, .field = 2, .text_from = rows[i].from, .text_until = rows[i].until, .descending = rows[i].down,
                                  .has_after = rows[i].after != NULL, .after_text = rows[i].after, .after_id = id_of(rows[i].after_id) };
        CHECK_OK(index_range(view_sql(v), &r, add_value, &got, &b.e), &b.e);
        check_ids(&got, rows[i].want);
        for (size_t k = 0; k < got.count && got.n[k] == 3; k++)
            CHECK_TEXT(got.text[k], "żaneta");
    }
    v = view_end(v);
    bed_end(&b);
}

TEST(packed_values_come_back_and_nothing_else_does) {
    static const struct sorted_value values[] = { { 1, -7, NULL }, { INT32_MIN, 0, "" }, { 3, INT64_MIN, NULL }, { 9, 0, "żółć" } };
    struct buf packed = BUF(4096);
    struct sorted_value v = { 0 };
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        packed_add(&packed, &values[i]);
    const uint8_t *bytes = (const uint8_t *)packed.data;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        CHECK(packed_next(bytes, packed.len, &at, &v) && v.field == values[i].field && v.number == values[i].number);
        CHECK((v.text == NULL) == (values[i].text == NULL) && (v.text == NULL || strcmp(v.text, values[i].text) == 0));
    }
    CHECK(at == packed.len);
    for (size_t cut = 0; cut < packed.len; cut++) {
        size_t whole = 0;
        for (at = 0; at < cut && packed_next(bytes, cut, &at, &v); )
            whole = at;
        CHECK(whole <= cut && at <= packed.len);
    }
    at = 0;
    CHECK(!packed_next((const uint8_t *)"\1\0\0\0\1\xff\xff\xff\xff" "abc", 12, &at, &v));       /* a length past the end */
    at = 0;
    CHECK(!packed_next((const uint8_t *)"\1\0\0\0\1\3\0\0\0" "abc", 12, &at, &v));                /* no zero */
    buf_done(&packed);
}

TEST(too_many_entries_are_refused) {
    struct bed b;
    bed_start(&b);
    struct uuid id = id_of(1);
    struct txn *t = &b.store->writer;                     /* the thread sleeps: nothing is queued */
    CHECK_CODE(index_put(t, 1, &id, 0, NULL, TOKENS_MAX + 1, NULL, 0, &b.e), E_TOO_LARGE, &b.e);
    CHECK(t->ops.len == 0);
    bed_end(&b);
}
