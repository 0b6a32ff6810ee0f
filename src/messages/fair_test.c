/* fair_test.c — what is done to one tenant's letters slows or stops that tenant, and the way only where it is the way's fault. */
#include "messages/fair.c"

#include "base/test.h"

#define T ((usec_t)1000 * USEC_PER_SEC)      /* a moment */
static struct fair *fair_of(size_t threads) {
    struct fair *f = NULL;
    struct err e;
    CHECK_OK(fair_new(threads, &f, &e), &e);
    return f;
}
static void notes(struct fair *f, int64_t tenant, enum fair_says says, size_t times, usec_t at) {
    for (size_t i = 0; i < times; i++)
        fair_note(f, tenant, says, at, at);
}
static bool may(struct fair *f, int64_t tenant, size_t taken, size_t stalled, size_t all, size_t all_stalled) { return fair_may(f, tenant, &(struct fair_held){ taken, stalled, all, all_stalled }); }

TEST(a_tenant_begins_with_a_few_and_gets_nearly_all) {
    AUTO(fair_free) struct fair *f = fair_of(32);
    CHECK(may(f, 1, START - 1, 0, START - 1, 0) && !may(f, 1, START, 0, START, 0));
    notes(f, 1, FAIR_WELL, 40, T);
    CHECK(may(f, 1, 27, 0, 27, 0) && !may(f, 1, 28, 0, 28, 0));       /* the last are for who has none */
    CHECK(may(f, 2, 0, 0, 28, 0) && may(f, 3, 0, 0, 31, 0) && !may(f, 4, 0, 0, 32, 0) && !may(f, 2, 1, 0, 29, 0));
    CHECK(fair_places(f, 1) > 32 && fair_places(f, 9) < 16);
}

/* Whoever's recipients stall from the first holds few; whoever had many gets no more once some are stalled. Seven such tenants leave room for others. */
TEST(letters_that_stall_hold_few) {
    AUTO(fair_free) struct fair *f = fair_of(32);
    CHECK(!may(f, 1, START, START, START, START) && may(f, 1, START, 1, START, 1));
    notes(f, 2, FAIR_WELL, 40, T);
    CHECK(may(f, 2, 20, STALLED_MOST - 1, 20, STALLED_MOST - 1) && !may(f, 2, STALLED_MOST, STALLED_MOST, 20, STALLED_MOST));
    CHECK(fair_places(f, 2) == fair_places(f, 9));
    size_t all = 0;
    for (int64_t t = 10; t < 17; t++)
        for (size_t k = 0; may(f, t, k, k, all, all); k++)
            all++;
    CHECK(all == 28 && may(f, 20, 0, 0, all, all) && may(f, 21, 0, 0, all + 1, all));
}

TEST(less_at_a_time_is_wanted_of_one) {
    AUTO(fair_free) struct fair *f = fair_of(32);
    notes(f, 1, FAIR_WELL, 40, T);
    notes(f, 2, FAIR_WELL, 40, T);
    fair_note(f, 1, FAIR_SLOW, T + 1, T + 9);
    for (int i = 0; i < 5; i++)
        fair_note(f, 1, FAIR_SLOW, T + 8, T + 10);                    /* had left before: the same burst */
    CHECK(window_of(f, 1) == 16 && window_of(f, 2) == 32 && f->way.window == 32 * ONE && fair_status(f, T).slowed == 6);
    notes(f, 1, FAIR_WELL, ONE, T);
    CHECK(window_of(f, 1) == 17);                                     /* slowly more again */
    for (usec_t at = T + 100; !fair_waits(f, 1, at); at += 10)
        fair_note(f, 1, FAIR_SLOW, at, at);
    CHECK(window_of(f, 1) == 1 && fair_status(f, T + 200).waiting == 1 && f->way.window == 32 * ONE && fair_resume(f, T + 200) == 0 && !fair_waits(f, 2, T + 200));
    fair_note(f, 1, FAIR_WELL, T, T);
    CHECK(!fair_waits(f, 1, T + 200));
}

/* A few greylisted recipients of many tenants, with letters taken in between, make nothing slower but their own. */
TEST(the_way_is_slowed_by_several_alone) {
    AUTO(fair_free) struct fair *f = fair_of(32);
    for (usec_t at = T; at < T + 2000; at += 10) {
        fair_note(f, (int64_t)(at / 10 % 7), FAIR_SLOW, at, at);
        fair_note(f, 9, FAIR_WELL, at, at);
    }
    CHECK(f->way.window == 32 * ONE && fair_resume(f, T + 2000) == 0);
    fair_note(f, 1, FAIR_SLOW, T + 3000, T + 3000);
    fair_note(f, 1, FAIR_SLOW, T + 3010, T + 3010);
    CHECK(f->way.window == 32 * ONE);
    fair_note(f, 2, FAIR_SLOW, T + 3020, T + 3020);
    CHECK(f->way.window == 16 * ONE);
    for (usec_t at = T + 4000; fair_resume(f, at) == 0; at += 10) {
        fair_note(f, 1, FAIR_SLOW, at, at);
        fair_note(f, 2, FAIR_SLOW, at + 1, at + 1);
        CHECK(at < T + 5000);
    }
    CHECK(f->way.window == ONE && fair_waits(f, 77, T + 4000));
}

TEST(answers_about_us_stop_who_was_given_them) {
    AUTO(fair_free) struct fair *f = fair_of(32);
    notes(f, 1, FAIR_STRANGE, STRANGE_MOST - 1, T);
    CHECK(!fair_waits(f, 1, T));
    notes(f, 1, FAIR_WELL, 1, T);
    notes(f, 1, FAIR_STRANGE, STRANGE_MOST - 1, T);
    CHECK(!fair_waits(f, 1, T));
    notes(f, 1, FAIR_STRANGE, 10, T);                                 /* several at once are one fault */
    CHECK(fair_waits(f, 1, T + PAUSE_FIRST - 1) && !fair_waits(f, 1, T + PAUSE_FIRST) && fair_resume(f, T) == 0);
    usec_t at = T;
    for (int i = 0; i < 8; i++) {
        while (fair_waits(f, 1, at))
            at += USEC_PER_SEC;
        notes(f, 1, FAIR_STRANGE, 1, at);
    }
    CHECK(fair_waits(f, 1, at + PAUSE_MOST - 1) && !fair_waits(f, 1, at + PAUSE_MOST) && fair_resume(f, at) == 0);
    notes(f, 2, FAIR_STRANGE, 1, at);                                 /* and somebody else was told the same: it is the way */
    CHECK(fair_resume(f, at) == at + PAUSE_FIRST && fair_status(f, at).failed == 1);
    notes(f, 3, FAIR_WELL, 1, at);
    CHECK(fair_resume(f, at) == 0 && fair_waits(f, 1, at));
}

TEST(what_goes_another_way_says_nothing_of_this_one) {
    AUTO(fair_free) struct fair *f = fair_of(8);
    notes(f, 1, FAIR_WAY, 1, T);
    notes(f, 2, FAIR_STRANGE, STRANGE_MOST, T);
    notes(f, 2, FAIR_NOTHING, 100, T);
    CHECK(fair_resume(f, T) != 0 && fair_waits(f, 2, T + PAUSE_FIRST - 1) && window_of(f, 2) == 8 && f->way.window == 8 * ONE);
    notes(f, 3, FAIR_SLOW, 1, T);
    notes(f, 3, FAIR_NOTHING, 100, T);
    CHECK(window_of(f, 3) == START / 2);
}

TEST(a_way_that_takes_nothing_stops_all) {
    AUTO(fair_free) struct fair *f = fair_of(8);
    notes(f, 1, FAIR_WAY, 5, T);
    CHECK(fair_resume(f, T) == T + PAUSE_FIRST && fair_waits(f, 99, T) && fair_status(f, T).failed == 5 && fair_status(f, T).waiting == 0);
    notes(f, 1, FAIR_WAY, 1, T + PAUSE_FIRST);
    CHECK(fair_resume(f, T + PAUSE_FIRST) == T + 3 * PAUSE_FIRST);
}

TEST(stalled_is_long_for_this_way) {
    AUTO(fair_free) struct fair *f = fair_of(8);
    CHECK(fair_stall(f) == STALL_LEAST);
    for (int i = 0; i < 100; i++)
        fair_note(f, 1, FAIR_WELL, T, T + 4 * USEC_PER_SEC);
    CHECK(fair_stall(f) > 14 * USEC_PER_SEC && fair_stall(f) < 17 * USEC_PER_SEC);
    for (int i = 0; i < 100; i++)
        fair_note(f, 1, FAIR_WELL, T, T + USEC_PER_HOUR);
    CHECK(fair_stall(f) == STALL_MOST);
    fair_note(f, 1, FAIR_WELL, T + 5, T);                             /* no clock goes back, and if: nothing breaks */
    CHECK(fair_stall(f) <= STALL_MOST);
}

/* More tenants than rows: one that pauses is kept before those that do not, and nothing grows. */
TEST(rows_are_bounded) {
    AUTO(fair_free) struct fair *f = fair_of(32);
    notes(f, 7, FAIR_STRANGE, STRANGE_MOST, T);
    for (int64_t t = 1000; t < 1000 + 5 * (int64_t)PARTIES; t++)
        notes(f, t, FAIR_WELL, 3, T);
    CHECK(fair_waits(f, 7, T) && window_of(f, 1000) == START && window_of(f, 1000 + 5 * (int64_t)PARTIES - 1) == START + 3);
    for (int64_t t = 5000; t < 5000 + 2 * (int64_t)PARTIES; t++)
        notes(f, t, FAIR_STRANGE, STRANGE_MOST, T);
    CHECK(fair_status(f, T).waiting <= PARTIES);
}

TEST(small_windows_and_no_memory) {
    AUTO(fair_free) struct fair *f = fair_of(2);
    CHECK(may(f, 1, 0, 0, 0, 0) && !may(f, 1, 1, 0, 1, 0) && may(f, 2, 0, 0, 1, 0));
    f->way.window = ONE;
    CHECK(may(f, 1, 0, 0, 0, 0) && !may(f, 2, 0, 0, 1, 0) && may(f, 2, 0, 0, 1, 1));       /* one that is stalled is not waited for */
    struct fair *none = NULL;
    struct err e;
    mem_fail_at = 1;
    CHECK_CODE(fair_new(2, &none, &e), E_MEMORY, &e);
    mem_fail_at = 0;
    CHECK(none == NULL);
}

/* A tenant's campaigns pause without its other letters; that both were told the same says nothing of the way. */
TEST(campaigns_are_a_party_of_their_own) {
    AUTO(fair_free) struct fair *f = fair_of(32);
    for (int i = 0; i < 9; i++) {
        fair_note(f, FAIR_CAMPAIGNS(1), FAIR_STRANGE, T, T);
        fair_note(f, 1, i < 2 ? FAIR_STRANGE : FAIR_NOTHING, T, T);
    }
    CHECK(fair_waits(f, FAIR_CAMPAIGNS(1), T) && !fair_waits(f, 1, T) && fair_resume(f, T) == 0);
    notes(f, 1, FAIR_STRANGE, 1, T);
    CHECK(fair_waits(f, 1, T) && fair_resume(f, T) == 0 && fair_status(f, T).waiting == 1);
    notes(f, FAIR_CAMPAIGNS(2), FAIR_STRANGE, 1, T);
    CHECK(fair_resume(f, T) > T);
}
