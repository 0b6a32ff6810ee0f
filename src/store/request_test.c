/* request_test.c — numbers without gaps, one step after the other, one row of the clock for each, and what a tenant leaves behind: nothing. */
#include "store/request.c"
#include "store/testbed.h"

enum act { PUT, SET, STEP, DROP };
struct deed { enum act act; struct request_row row; usec_t next; struct request_step step; };

static enum code act(struct txn *t, void *arg, struct err *reterr) {
    struct deed *d = arg;
    enum code code = OK;
    if (d->act == PUT) {
        code = request_next(txn_sql(t), &d->row.number, reterr);
        return code == OK ? request_put(t, &d->row, d->next, reterr) : code;
    }
    return d->act == SET ? request_set(t, &d->row, d->next, reterr) : d->act == STEP ? request_step_put(t, &d->step, reterr) : requests_drop(t, reterr);
}

static bool count(const struct request_row *r, void *arg) {
    int64_t *sum = arg;
    *sum = *sum * 10 + r->number;
    return true;
}
static bool step_count(const struct request_step *s, void *arg) {
    int64_t *sum = arg;
    *sum = *sum * 100 + s->step * 10 + s->what;
    CHECK(strcmp(s->by, "token 7") == 0);
    return true;
}
static bool clock_count(int64_t tenant, int64_t number, usec_t next, void *arg) {
    int64_t *sum = arg;
    *sum = *sum * 1000 + tenant * 100 + number * 10 + next / 1000;
    return true;
}

static struct deed first(void) {
    return (struct deed){ .act = PUT, .next = 1000, .row = { .service = "events", .type = 3, .way = 2, .received = 100, .due = 5000, .law = 5000, .kind = 4, .id = id_of(9),
                                                           .link_for = 1, .link_until = 700, .link = { 7, 7 }, .key = 5, .blob = "sealed", .len = 6 } };
}

TEST(requests_are_numbered_changed_once_and_found) {
    struct bed b;
    struct deed d = first();
    struct request_row got = { 0 };
    struct view *v = NULL;
    int64_t all = 0, of = 0, number = 0, clock = 0;
    uint8_t other[REQUEST_HASH] = { 8 };
    bed_start(&b);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    for (int i = 1; i <= 2; i++) {
        CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
        CHECK_INT(d.row.number, i);
        d.row.link_for = 0;
        d.row.id = (struct uuid){ { 0 } };
    }
    CHECK_OK(store_write(b.store, 5, act, &d, &b.e), &b.e);
    CHECK_INT(d.row.number, 1);               /* of another tenant */
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(request_get(view_sql(v), 1, arena, &got, &b.e), &b.e);
    CHECK(got.type == 3 && got.way == 2 && got.received == 100 && got.due == 5000 && got.kind == 4 && uuid_compare(&got.id, &(struct uuid){ 0 }) != 0 && got.key == 5);
    CHECK(got.len == 6 && memcmp(got.blob, "sealed", 6) == 0 && got.link_for == 1 && got.link[1] == 7 && strcmp(got.service, "events") == 0);
    CHECK_CODE(request_get(view_sql(v), 9, arena, &got, &b.e), E_NOT_FOUND, &b.e);
    CHECK_OK(request_list(view_sql(v), INT64_MAX, count, &all, &b.e), &b.e);
    CHECK_OK(request_list_of(view_sql(v), 4, &(struct uuid){ .bytes = { 1, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 9 } }, count, &of, &b.e), &b.e);
    CHECK(all == 21 && of == 1);
    CHECK_OK(request_of_link(view_sql(v), got.link, &number, &b.e), &b.e);
    CHECK_INT(number, 1);
    CHECK_CODE(request_of_link(view_sql(v), other, &number, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    got.state = 2;
    got.steps = 1;
    got.link_for = 0;
    d = (struct deed){ .act = SET, .row = got, .next = USEC_NEVER };
    CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
    CHECK_CODE(store_write(b.store, 4, act, &d, &b.e), E_CONFLICT, &b.e);      /* worked out on what was before */
    CHECK_OK(requests_next(b.store, 1000, clock_count, &clock, &b.e), &b.e);
    CHECK_INT(clock, 421 * 1000 + 511);
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_CODE(request_of_link(view_sql(v), got.link, &number, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    bed_end(&b);
}

TEST(requests_keep_their_steps_are_counted_and_go_with_their_tenant) {
    struct bed b;
    struct deed d = first();
    struct view *v = NULL;
    struct request_counts n = { 0 };
    int64_t steps = 0, all = 0, clock = 0;
    static const struct { int state; usec_t ended, due; } rows[] = { { 5, 400, 500 }, { 6, 600, 500 }, { 7, 600, 500 }, { 0, 0, 500 }, { 0, 0, 9000 } };
    bed_start(&b);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        d.row.state = rows[i].state;
        d.row.ended = rows[i].ended;
        d.row.due = rows[i].due;
        d.row.link_for = 0;
        CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
    }
    for (int i = 1; i <= 2; i++) {
        d.act = STEP;
        d.step = (struct request_step){ .number = 1, .step = i, .at = 10, .what = i + 3, .by = "token 7" };
        CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
    }
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(request_steps(view_sql(v), 1, step_count, &steps, &b.e), &b.e);
    CHECK_INT(steps, 1425);
    CHECK_OK(request_count(view_sql(v), 0, 1000, &n, &b.e), &b.e);
    CHECK(n.all == 5 && n.open == 2 && n.ended == 2 && n.in_time == 1 && n.late == 2 && n.open_late == 1);
    CHECK_OK(request_count(view_sql(v), 101, 1000, &n, &b.e), &b.e);
    CHECK_INT(n.all, 0);
    v = view_end(v);
    d.act = DROP;
    CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
    CHECK_OK(requests_next(b.store, 1000, clock_count, &clock, &b.e), &b.e);
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(request_list(view_sql(v), INT64_MAX, count, &all, &b.e), &b.e);
    v = view_end(v);
    CHECK(all == 0 && clock == 0);
    bed_end(&b);
}
