/* ran_test.c — the time that has run goes on over an end, and never with the wall clock. */
#include "store/ran.c"

#include "store/testbed.h"

static enum code nothing(struct txn *t UNUSED, void *arg UNUSED, struct err *e UNUSED) { return OK; }
static enum code put_mark(struct txn *t, void *arg, struct err *e) {
    struct stmt *st;
    enum code code = db_prepare(t->sql.records, "INSERT OR REPLACE INTO proof (service, rule, state, detail, at, ledger_seq) VALUES ('', '" RAN_MARK "', 1, '', ?, 0)", &st, e);
    if (code != OK)
        return code;
    stmt_int(st, 1, *(const usec_t *)arg);
    return stmt_run(st, e);
}
static bool see_mark(const struct proof_row *r, void *arg) {
    if (strcmp(r->rule, RAN_MARK) == 0)
        *(usec_t *)arg = r->at;
    return true;
}
static usec_t mark_of(struct bed *b) {
    usec_t at = 0;
    CHECK_OK(proofs_list(b->store, "", see_mark, &at, &b->e), &b->e);
    return at;
}

TEST(begins_at_the_wall_clock_and_is_noted_with_the_first_write) {
    struct bed b;
    usec_t before = clock_now();
    bed_start(&b);
    CHECK(store_ran(b.store) >= before && store_ran(b.store) <= clock_now() + USEC_PER_MINUTE);
    CHECK_INT(mark_of(&b), 0);
    CHECK_OK(store_write(b.store, 1, nothing, NULL, &b.e), &b.e);
    CHECK(mark_of(&b) >= before);
    usec_t noted = mark_of(&b);
    CHECK_OK(store_write(b.store, 1, nothing, NULL, &b.e), &b.e);
    CHECK(mark_of(&b) == noted || mark_of(&b) - noted >= RAN_EVERY);
    bed_end(&b);
}

/* What lies a century away from the wall clock, and what another process has noted meanwhile. */
TEST(goes_on_where_it_was_whatever_the_wall_clock_says) {
    struct bed b;
    usec_t at = 1000 * USEC_PER_DAY, further = 2000 * USEC_PER_DAY;
    bed_start(&b);
    b.store->ran_noted = USEC_NEVER;          /* nothing of its own beside it */
    CHECK_OK(store_write(b.store, 1, put_mark, &at, &b.e), &b.e);
    bed_reopen(&b);
    CHECK(store_ran(b.store) >= at && store_ran(b.store) < at + USEC_PER_DAY);
    CHECK_OK(store_write(b.store, 1, put_mark, &further, &b.e), &b.e);
    b.store->ran_noted = 0;
    CHECK_OK(store_write(b.store, 1, nothing, NULL, &b.e), &b.e);
    CHECK_INT(mark_of(&b), further);
    bed_end(&b);
}
