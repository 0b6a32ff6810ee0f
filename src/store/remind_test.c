/* remind_test.c — an instant of a record counts once, a new one anew, another tenant's not at all. */
#include "store/remind.c"

#include "store/testbed.h"

struct put { struct reminded r; enum code code; bool ends; };
static enum code put_write(struct txn *t, void *arg, struct err *e) {
    struct put *p = arg;
    return p->code = p->ends ? reminded_ended(t, &p->r, e) : reminded_put(t, &p->r, 5000, e);
}
static enum code forget_write(struct txn *t, void *arg, struct err *e) { return reminded_forget(t, *(const usec_t *)arg, e); }

static usec_t now = 5000;
static bool again;
static bool is(struct store *store, int64_t tenant, const struct reminded *r) {
    struct view *v = NULL;
    struct err e;
    enum reminded_state state = REMINDED_NOT;
    CHECK_OK(store_view(store, tenant, &v, &e), &e);
    CHECK_OK(reminded_look(view_sql(v), r, now, &state, &e), &e);
    view_end(v);
    again = state == REMINDED_ASK_AGAIN;
    return state != REMINDED_NOT && !again;
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
    CHECK(!is(b.store, 1, &p.r) && !again);
    p.r.id.bytes[0] = 7;
    p.r.state = REMINDED_REFUSED;
    p.r.at = 5002;
    CHECK_OK(store_write(b.store, 1, put_write, &p, &e), &e);
    CHECK(is(b.store, 1, &p.r));
    now = 5002;                              /* what refused it may have been mended */
    CHECK(!is(b.store, 1, &p.r) && again);
    moved.ends = true;                       /* its letter ended and did not go */
    moved.r.at = 6000;
    CHECK_OK(store_write(b.store, 1, put_write, &moved, &e), &e);
    CHECK(is(b.store, 1, &moved.r));
    now = 6000;
    CHECK(!is(b.store, 1, &moved.r) && !again);
    moved.r.id = p.r.id;                     /* what is not queued stays */
    moved.r.kind = p.r.kind;
    moved.r.anchor = p.r.anchor;
    moved.r.at = 9000;
    CHECK_OK(store_write(b.store, 1, put_write, &moved, &e), &e);
    CHECK(!is(b.store, 1, &p.r) && again);
    bed_end(&b);
}
