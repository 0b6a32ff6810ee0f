/* hold_test.c — holds are numbered by tenant, found by record, end by themselves or by hand, and stay as rows. */
#include "store/hold.c"
#include "store/testbed.h"

struct deed { struct hold_row row; int64_t number; enum { PUT, LIFT, CLOSE } what; };
static enum code act(struct txn *t, void *arg, struct err *reterr) {
    struct deed *d = arg;
    return d->what == PUT ? hold_put(t, &d->row, &d->number, reterr) : d->what == LIFT ? hold_lift(t, d->number, 5000, reterr) : hold_close(t, d->number, reterr);
}
struct seen { int64_t numbers; size_t count, bytes; usec_t until, lifted; char parts[32]; bool one; };
static bool see(const struct hold_row *r, void *arg) {
    struct seen *s = arg;
    s->numbers = s->numbers * 10 + r->number;
    s->count++;
    s->bytes = r->len;
    s->until = r->until;
    s->lifted = r->lifted;
    snprintf(s->parts, sizeof s->parts, "%s", r->fields);
    return !s->one;
}
static struct seen force(struct bed *b, int64_t tenant, uint32_t n, usec_t now) {
    struct seen s = { 0 };
    struct uuid id = id_of(n);
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(holds_of(view_sql(v), 3, &id, now, see, &s, &b->e), &b->e);
    return s;
}

TEST(holds_stand_until_they_end_or_are_lifted) {
    struct bed b;
    bed_start(&b);
    struct deed d = { .row = { .kind = 3, .id = id_of(1), .fields = "", .until = USEC_NEVER, .by = "token 7", .key = 5, .blob = "sealed", .len = 6 } };
    CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
    d.row.fields = "main keep2";
    d.row.until = 2000;
    CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
    CHECK_INT(d.number, 2);
    CHECK_OK(store_write(b.store, 5, act, &d, &b.e), &b.e);
    CHECK_INT(d.number, 1);                   /* of another tenant */
    CHECK_INT(force(&b, 4, 1, 1999).count, 2);
    CHECK_INT(force(&b, 4, 1, 2000).numbers, 1);
    CHECK_INT(force(&b, 4, 2, 1000).count, 0);
    CHECK_INT(force(&b, 6, 1, 1000).count, 0);
    CHECK_TEXT(force(&b, 5, 1, 1000).parts, "main keep2");
    d.what = LIFT;
    CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
    CHECK_CODE(store_write(b.store, 4, act, &d, &b.e), E_NOT_FOUND, &b.e);
    CHECK_INT(force(&b, 4, 1, 1000).numbers, 2);
    d.what = CLOSE;
    CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
    struct seen all = { 0 }, first = { .one = true }, got = { 0 };
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(holds_list(view_sql(v), INT64_MAX, see, &all, &b.e), &b.e);
    CHECK(all.numbers == 21 && all.lifted == 5000 && all.until == USEC_NEVER && all.bytes == 0);
    CHECK_OK(holds_list(view_sql(v), INT64_MAX, see, &first, &b.e), &b.e);
    CHECK(first.numbers == 2 && first.bytes == 6);
    CHECK_OK(hold_get(view_sql(v), 1, see, &got, &b.e), &b.e);
    CHECK_INT(got.numbers, 1);
    CHECK_CODE(hold_get(view_sql(v), 3, see, &got, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    bed_end(&b);
}
