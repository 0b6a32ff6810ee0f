/* remind_test.c — an instant of a record counts once, a new one anew, another tenant's not at all. */
#include "store/remind.c"

#include "store/testbed.h"

struct put { struct reminded r; enum code code; };
static enum code put_write(struct txn *t, void *arg, struct err *e) {
    struct put *p = arg;
    return p->code = reminded_put(t, &p->r, e);
}
static enum code forget_write(struct txn *t, void *arg, struct err *e) { return reminded_forget(t, *(const usec_t *)arg, e); }

static usec_t now = 5000;
static bool is(struct store *store, int64_t tenant, const struct reminded *r) {
    struct view *v = NULL;
    struct err e;
    bool stands = false;
    CHECK_OK(store_view(store, tenant, &v, &e), &e);
    CHECK_OK(reminded_is(view_sql(v), r, now, &stands, &e), &e);
    view_end(v);
    return stands;
}

TEST(an_instant_is_reminded_once) {
    struct bed b;
    struct err e;
    bed_start(&b);
    struct put p = { .r = { 3, { { 1, 2, 3 } }, 1000, REMINDED_QUEUED, 5000 } }, moved = p, other = p;
    moved.r.anchor = 2000;
    other.r.id.bytes[0] = 9;
    CHECK(!is(b.store, 1, &p.r));
    CHECK_OK(store_write(b.store, 1, put_write, &p, &e), &e);
    CHECK(is(b.store, 1, &p.r) && !is(b.store, 1, &moved.r) && !is(b.store, 1, &other.r) && !is(b.store, 2, &p.r));
    CHECK_INT(store_write(b.store, 1, put_write, &p, &e), E_CONFLICT);
    CHECK_OK(store_write(b.store, 1, put_write, &moved, &e), &e);
    CHECK_OK(store_write(b.store, 2, put_write, &p, &e), &e);
    usec_t before = 1500;
    CHECK_OK(store_write(b.store, 1, forget_write, &before, &e), &e);
    CHECK(!is(b.store, 1, &p.r) && is(b.store, 1, &moved.r) && is(b.store, 2, &p.r));
    p.r = (struct reminded){ 4, { { 1 } }, 9000, REMINDED_PUT_OFF, 5001 };
    CHECK_OK(store_write(b.store, 1, put_write, &p, &e), &e);
    CHECK(is(b.store, 1, &p.r));
    now = 5001;                              /* until then, and then it is free again */
    CHECK(!is(b.store, 1, &p.r));
    p.r.state = REMINDED_REFUSED;
    CHECK_OK(store_write(b.store, 1, put_write, &p, &e), &e);
    CHECK(is(b.store, 1, &p.r));
    bed_end(&b);
}
