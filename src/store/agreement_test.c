/* agreement_test.c — when an agreement is in force, what comes in place of one that nobody recorded, and that each tenant has its own. */
#include "store/agreement.c"

#include "store/testbed.h"

struct act { struct agreement_row row; int64_t number; usec_t at; };
static enum code do_put(struct txn *t, void *arg, struct err *e) { struct act *a = arg; return agreement_put(t, &a->row, &a->number, e); }
static enum code do_end(struct txn *t, void *arg, struct err *e) { return agreement_end(t, ((struct act *)arg)->at, e); }
static enum code do_drop(struct txn *t, void *arg UNUSED, struct err *e) { return agreement_drop(t, e); }

static int64_t bed_put(struct bed *b, int64_t tenant, const char *kind, usec_t from, usec_t until) {
    struct act a = { .row = { .kind = kind, .signed_on = from, .from = from, .until = until, .by = "operator" } };
    CHECK_OK(store_write(b->store, tenant, do_put, &a, &b->e), &b->e);
    return a.number;
}

/* 0: none is in force, 1: one that nobody recorded, 2: one that somebody did. */
static int holds(struct bed *b, int64_t tenant, usec_t now) {
    AUTO(view_end) struct view *v = NULL;
    bool in_force = false, recorded = false;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(agreement_holds(view_sql(v), now, &in_force, &recorded, &b->e), &b->e);
    CHECK(in_force || !recorded);
    return in_force + recorded;
}

static bool any(struct bed *b, int64_t tenant) {
    AUTO(view_end) struct view *v = NULL;
    bool yes = false;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(agreement_any(view_sql(v), &yes, &b->e), &b->e);
    return yes;
}

TEST(an_agreement_is_in_force_between_its_dates) {
    static const struct { usec_t from, until, at; int want; } rows[] = {
        { 100, USEC_NEVER, 99, 0 }, { 100, USEC_NEVER, 100, 2 }, { 100, USEC_NEVER, 1000000, 2 }, { 100, 200, 199, 2 }, { 100, 200, 200, 0 },
    };
    struct bed b;
    bed_start(&b);
    CHECK(holds(&b, 1, 100) == 0 && !any(&b, 1));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t tenant = (int64_t)i + 1;
        CHECK_INT(bed_put(&b, tenant, "paper", rows[i].from, rows[i].until), 1);
        CHECK_INT(holds(&b, tenant, rows[i].at), rows[i].want);
        CHECK(any(&b, tenant));
    }
    CHECK_INT(holds(&b, 77, 150), 0);
    bed_end(&b);
}

static bool say_row(const struct agreement_row *r, void *arg) {
    buf_printf(arg, "%lld:%s:%d:%d%s;", (long long)r->number, r->kind, r->state, r->until != USEC_NEVER, r->hashed && r->hash[31] == 9 ? ":hash" : "");
    return true;
}

TEST(all_that_are_active_end_and_stay_to_be_read) {
    struct bed b;
    struct act end = { .at = 500 }, hashed = { .row = { .kind = "paper", .from = 100, .until = USEC_NEVER, .by = "operator", .hashed = true, .hash = { [31] = 9 } } };
    AUTO(buf_done) struct buf said = BUF(1000);
    AUTO(view_end) struct view *v = NULL;
    bed_start(&b);
    CHECK_CODE(store_write(b.store, 1, do_end, &end, &b.e), E_NOT_FOUND, &b.e);
    CHECK_INT(bed_put(&b, 1, "paper", 100, 200), 1);                  /* over by itself: it does not end again */
    CHECK_CODE(store_write(b.store, 1, do_end, &end, &b.e), E_NOT_FOUND, &b.e);
    CHECK_OK(store_write(b.store, 1, do_put, &hashed, &b.e), &b.e);
    CHECK_INT(bed_put(&b, 1, "paper", 600, USEC_NEVER), 3);           /* a renewal that has not begun */
    CHECK_INT(bed_put(&b, 2, "paper", 100, USEC_NEVER), 1);
    CHECK_OK(store_write(b.store, 1, do_end, &end, &b.e), &b.e);
    CHECK(holds(&b, 1, 450) == 0 && holds(&b, 1, 700) == 0 && holds(&b, 2, 700) == 2);
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(agreement_list(view_sql(v), say_row, &said, &b.e), &b.e);
    CHECK_TEXT(buf_str(&said), "1:paper:1:1;2:paper:2:0:hash;3:paper:2:0;");
    v = view_end(v);
    CHECK_OK(store_write(b.store, 1, do_drop, NULL, &b.e), &b.e);
    CHECK(!any(&b, 1) && any(&b, 2));
    bed_end(&b);
}

TEST(what_nobody_recorded_lasts_until_somebody_does) {
    struct bed b;
    usec_t soon = clock_now() + USEC_PER_DAY, later = soon + USEC_PER_DAY;
    bed_start(&b);
    CHECK_INT(bed_put(&b, 1, AGREEMENT_UNRECORDED, 0, USEC_NEVER), 1);
    CHECK_INT(holds(&b, 1, later), 1);
    CHECK_INT(bed_put(&b, 1, "paper", soon, USEC_NEVER), 2);          /* signed, and begins tomorrow: until then it goes on as it did */
    CHECK(holds(&b, 1, soon - 1) == 1 && holds(&b, 1, soon) == 2);
    CHECK_INT(bed_put(&b, 1, "paper", 100, 200), 3);                  /* one of long ago ends it now */
    CHECK(holds(&b, 1, soon - 1) == 0 && holds(&b, 1, soon) == 2);
    bed_end(&b);
}
