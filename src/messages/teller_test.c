/* teller_test.c — who has a turn: those that fail or are slow hold half of the threads, one tenant not all, and what could not be written down waits. */
#include "messages/teller.c"

#include "base/test.h"

static struct teller *blank(void) {
    struct teller *t = mem_new(sizeof *t);
    CHECK(t != NULL);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->work, NULL);
    return t;
}
static struct place *take(struct teller *t) {
    struct place *at = next_place(t);
    if (at != NULL) {
        at->state = TAKEN;
        t->status.under_way++;
    }
    return at;
}
static struct place *taken(struct teller *t) {
    static struct place none;
    struct place *at = take(t);
    CHECK(at != NULL);
    return at == NULL ? &none : at;
}
static struct failing *known(struct teller *t) {
    static struct failing none;
    struct failing *f = failing_of(t, 1, 1);
    CHECK(f != NULL);
    return f == NULL ? &none : f;
}
static void want_it(struct teller *t, int64_t tenant, int64_t number) { queue(t, &(struct place){ .tenant = tenant, .number = number }); }

TEST(slow_peers_leave_threads_for_the_others) {
    struct teller *t = blank();
    const struct telling_turn slow = { TELLING_MORE, true };
    for (int64_t tenant = 1; tenant <= 6; tenant++)
        want_it(t, tenant, 1);
    for (int i = 0; i < 6; i++) {            /* each had one turn, and was slow */
        over(t, taken(t), OK, &slow);
    }
    want_it(t, 7, 1);
    size_t held = 0, quick = 0;
    for (struct place *at; (at = take(t)) != NULL; held++)
        quick += at->tenant == 7;
    CHECK(held == FAILING_MOST + 1 && quick == 1);
    mem_free(t);
}

TEST(one_tenant_holds_not_all_threads) {
    struct teller *t = blank();
    for (int64_t number = 1; number <= 6; number++)
        want_it(t, 1, number);
    want_it(t, 2, 1);
    size_t held = 0, other = 0;
    for (struct place *at; (at = take(t)) != NULL; held++)
        other += at->tenant == 2;
    CHECK(held == TENANT_MOST + 1 && other == 1);
    mem_free(t);
}

TEST(what_could_not_be_written_down_is_not_sent_again_each_second) {
    struct teller *t = blank();
    const struct telling_turn none = { TELLING_MORE, false };
    want_it(t, 1, 1);
    struct place *at = taken(t);
    over(t, at, E_SYSTEM, &none);            /* a full disk */
    CHECK(at->state == FREE && t->status.failed == 1);
    want_it(t, 1, 1);
    CHECK(take(t) == NULL);
    struct failing *f = known(t);
    CHECK(f->lost == 1 && f->not_before > clock_steady());
    usec_t first = f->not_before;
    failing_set(t, 1, 1, false, true);
    CHECK(f->lost == 2 && f->not_before > first);
    f->not_before = clock_steady() - 1;
    want_it(t, 1, 1);
    at = taken(t);
    CHECK(at->failing);
    over(t, at, OK, &(struct telling_turn){ TELLING_DONE, false });
    CHECK(failing_of(t, 1, 1) == NULL);
    for (int64_t number = 1; number <= FAILED + 5; number++)             /* above its bound those that failed longest ago are forgotten */
        failing_set(t, 9, number, true, false);
    CHECK(failing_of(t, 9, 5) == NULL && failing_of(t, 9, 6) != NULL && failing_of(t, 9, FAILED + 5) != NULL);
    mem_free(t);
}
