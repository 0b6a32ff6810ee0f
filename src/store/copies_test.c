/* copies_test.c — numbers without gaps, counted by day and by running time, and what was never taken ends. */
#include "store/copies.c"
#include "store/testbed.h"

struct deed { struct copy_row row; int64_t number; usec_t ran; bool add, end; };
static enum code act(struct txn *t, void *arg, struct err *reterr) {
    struct deed *d = arg;
    return d->add ? copy_add(t, &d->row, &d->number, reterr) : d->end ? copies_end(t, d->ran, reterr) : copy_set(t, &d->row, reterr);
}
static bool count(const struct copy_row *r, void *arg) {
    int64_t *sum = arg;
    *sum = *sum * 10 + r->number;
    return true;
}

TEST(copies_are_numbered_counted_and_end) {
    struct bed b;
    struct deed d = { .add = true, .row = { .kind = 3, .format = 1, .who = "token 7", .approved = "[]", .key = 5, .blob = "sealed", .len = 6 } };
    struct copy_row got = { 0 };
    int64_t day = 0, since = 0, all = 0;
    bed_start(&b);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    for (int i = 1; i <= 3; i++) {
        CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
        CHECK_INT(d.number, i);
    }
    CHECK_OK(store_write(b.store, 5, act, &d, &b.e), &b.e);
    CHECK_INT(d.number, 1);                   /* of another tenant */
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(copy_get(view_sql(v), 2, &got, arena, &b.e), &b.e);
    CHECK(got.state == COPY_ASKED && got.kind == 3 && got.len == 6 && memcmp(got.blob, "sealed", 6) == 0 && uuid_is_null(&got.account) && got.ran > 0);
    CHECK_OK(copy_list(view_sql(v), INT64_MAX, count, &all, &b.e), &b.e);
    CHECK_INT(all, 321);
    v = view_end(v);
    d.add = false;
    d.row = got;
    d.row.state = COPY_TAKEN;
    d.row.taken = d.row.taken_ran = 1000;
    d.row.day = 20261122;
    d.row.len = 0;
    CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
    d.end = true;
    d.ran = INT64_MAX;
    CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(copy_count(view_sql(v), 20261122, 999, &day, &since, &b.e), &b.e);
    CHECK(day == 1 && since == 1);
    CHECK_OK(copy_count(view_sql(v), 20261123, 1000, &day, &since, &b.e), &b.e);
    CHECK(day == 0 && since == 0);
    CHECK_OK(copy_get(view_sql(v), 2, &got, arena, &b.e), &b.e);
    CHECK(got.state == COPY_TAKEN);
    CHECK_OK(copy_get(view_sql(v), 3, &got, arena, &b.e), &b.e);
    CHECK(got.state == COPY_ENDED && got.len == 0);
    CHECK_CODE(copy_get(view_sql(v), 9, &got, arena, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    bed_end(&b);
}
