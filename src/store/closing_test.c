/* closing_test.c — asked for, taken back, its day; and what goes beside the records, of that tenant alone. */
#include "store/closing.c"
#include "store/hold.h"
#include "store/testbed.h"

struct deed { struct closing_row row; bool drop; };
static enum code act(struct txn *t, void *arg, struct err *reterr) {
    struct deed *d = arg;
    return d->drop ? closing_drop(t, reterr) : closing_put(t, &d->row, reterr);
}
static size_t now_at(struct bed *b, usec_t now, int64_t *first) {
    int64_t list[8];
    size_t n = 99;
    CHECK_OK(closings_now(b->store, now, list, ARRAY_LEN(list), &n, &b->e), &b->e);
    *first = n > 0 ? list[0] : 0;
    return n;
}

TEST(a_closing_has_its_day_and_can_be_taken_back) {
    struct bed b;
    struct closing_row got;
    int64_t first;
    bed_start(&b);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    struct deed d = { .row = { .state = CLOSING_ASKED, .asked = 1000, .goes = 5000, .by = "token 7" } };
    CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
    CHECK_INT(now_at(&b, 4999, &first), 0);
    CHECK_INT(now_at(&b, 5000, &first), 1);
    CHECK_INT(first, 4);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(closing_get(view_sql(v), &got, arena, &b.e), &b.e);
    CHECK(got.state == CLOSING_ASKED && got.asked == 1000 && got.goes == 5000 && strcmp(got.by, "token 7") == 0);
    v = view_end(v);
    d.row.state = CLOSING_GOING;
    CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
    CHECK_INT(now_at(&b, 0, &first), 1);      /* it was cut off: at once */
    d.row.state = CLOSING_GONE;
    CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
    CHECK_INT(now_at(&b, 9000, &first), 0);
    d.drop = true;
    CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_CODE(closing_get(view_sql(v), &got, arena, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    bed_end(&b);
}

struct rest { uint64_t keys[CLOSING_KEYS]; size_t count; bool more; };
static enum code rest(struct txn *t, void *arg, struct err *reterr) {
    struct rest *r = arg;
    return closing_rest(t, r->keys, &r->count, &r->more, reterr);
}
static enum code holds(struct txn *t, void *arg, struct err *reterr) {
    int64_t number;
    enum code code = OK;
    for (uint64_t i = 1; code == OK && i <= 700; i++)
        code = hold_put(t, &(struct hold_row){ .kind = 1, .id = id_of(1), .fields = "", .until = USEC_NEVER, .by = "sejf", .key = *(uint64_t *)arg + i, .blob = "s", .len = 1 }, &number, reterr);
    return code;
}
static bool count(const struct hold_row *r UNUSED, void *arg) { ++*(int64_t *)arg; return true; }

TEST(what_goes_beside_the_records_goes_in_pieces) {
    struct bed b;
    struct rest r = { .count = 0 };
    uint64_t from = 1000;
    int64_t left = 0, others = 0;
    bed_start(&b);
    CHECK_OK(store_write(b.store, 4, holds, &from, &b.e), &b.e);
    CHECK_OK(store_write(b.store, 5, holds, &from, &b.e), &b.e);
    size_t keys = 0;
    int rounds = 0;
    do {
        CHECK_OK(store_write(b.store, 4, rest, &r, &b.e), &b.e);
        keys += r.count;
        rounds++;
    } while (r.more);
    CHECK(keys == 700 && rounds == 3);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(holds_list(view_sql(v), INT64_MAX, count, &left, &b.e), &b.e);
    v = view_end(v);
    CHECK_OK(store_view(b.store, 5, &v, &b.e), &b.e);
    CHECK_OK(holds_list(view_sql(v), INT64_MAX, count, &others, &b.e), &b.e);
    v = view_end(v);
    CHECK(left == 0 && others == 700);
    bed_end(&b);
}

/* What a closing leaves to others: records with what they are found by (erased one by one), and what outlives a tenant. */
static bool left_alone(const char *table) {
    static const char *const names[] = { "record", "part", "tombstone", "claim", "counter", "span", "file", "doomed", "door", "ledger", "ledger_head", "proof", "tenant", "tenant_clock", "agreement",
                                         "notice_mark", "destruction", "certificate", "closing", "member", "session", "link", "account" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], table) == 0)
            return true;
    return false;
}
static bool taken(const char *table) {
    char with[80];
    snprintf(with, sizeof with, " %s WHERE tenant = ?", table);
    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        if (strstr(plain[i], with) != NULL)
            return true;
    for (size_t i = 0; i < ARRAY_LEN(sealed); i++)
        if (strstr(sealed[i].keys, with) != NULL)
            return true;
    return false;
}

TEST(every_table_of_tenants_goes_with_its_tenant) {
    struct bed b;
    struct stmt *s = NULL;
    bool row = false;
    bed_start(&b);
    CHECK_OK(db_prepare(b.store->writer.sql.records, "SELECT m.name FROM sqlite_master m WHERE m.type = 'table' AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE name = 'tenant') ORDER BY m.name", &s, &b.e), &b.e);
    while (stmt_step(s, &row, &b.e) == OK && row)
        if (!left_alone(col_text(s, 0)) && !taken(col_text(s, 0))) {
            fprintf(stderr, "no closing takes away %s\n", col_text(s, 0));
            CHECK(false);
        }
    bed_end(&b);
}
