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
    for (int64_t tenant = 1; tenant <= 6; tenant++)
        want_it(t, tenant, 1);
    want_it(t, 7, 1);
    size_t held = 0, quick = 0;
    for (struct place *at; (at = take(t)) != NULL; held++)
        quick += at->tenant == 7;
    CHECK(held == FAILING_MOST + 1 && quick == 1);
    mem_free(t);
}

TEST(however_many_are_slow_a_quick_one_finds_a_place) {
    struct teller *t = blank();
    const struct telling_turn slow = { TELLING_MORE, true };
    size_t failing = 0, quick = 0;
    for (int round = 0; round < 2; round++)
        for (int64_t one = 0; one < (int64_t)PLACES; one++) {
            want_it(t, 1 + one / 16, 1 + one % 16);
            if (round == 0)                  /* each has one turn, and was slow */
                over(t, taken(t), OK, &slow);
        }
    want_it(t, 100, 1);
    for (size_t i = 0; i < PLACES; i++) {
        failing += t->places[i].state != FREE && t->places[i].failing;
        quick += t->places[i].state == QUEUED && t->places[i].tenant == 100;
    }
    CHECK(failing == PLACES_FAILING && quick == 1);
    mem_free(t);
}

TEST(a_look_that_finds_none_to_tell_goes_on_behind_them) {
    struct teller *t = blank();
    struct wanted *w = mem_new(sizeof *w);
    CHECK(w != NULL);
    for (w->count = 0; w->count < ARRAY_LEN(w->list); w->count++) {
        w->list[w->count] = (struct place){ .tenant = 1 + (int64_t)w->count / 16, .number = 1 + (int64_t)w->count % 16 };
        failing_set(t, w->list[w->count].tenant, w->list[w->count].number, true, false);
    }
    queue_all(t, w);
    CHECK_INT(t->after, PLACES_FAILING / 16);        /* so many of them have places */
    queue_all(t, w);
    CHECK_INT(t->after, ARRAY_LEN(w->list) / 16);
    w->count--;                              /* all that are due */
    t->after = 3;
    queue_all(t, w);
    CHECK_INT(t->after, 3);
    mem_free(w);
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
