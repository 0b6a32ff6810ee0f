/* Calls that take turns. */
#include "base/fiber.c"

#include <pthread.h>

#include "base/test.h"

struct wait { struct parked parked; int wanted, got; };
static int served, most_together;

static void serve(void *by UNUSED, struct parked *first) {
    int n = 0;
    served++;
    for (struct parked *p = first; p != NULL; p = p->next, n++) {
        struct wait *w = (struct wait *)p;
        w->got = w->wanted * 2;
    }
    most_together = n > most_together ? n : most_together;
}

static int ask(int wanted) {
    struct wait w = { .wanted = wanted };
    if (fiber_parks())
        fiber_park(&w.parked, serve, NULL);
    else
        serve(NULL, &w.parked);
    return w.got;
}

struct call { int asks, sum, turn; bool pinned, last; };
static int turns;

static void ask_some(void *arg) {
    struct call *c = arg;
    if (c->last)
        fiber_last();
    if (c->pinned)
        fiber_pin();
    for (int i = 1; i <= c->asks; i++)
        c->sum += ask(i);
    if (c->pinned)
        fiber_unpin();
    c->turn = ++turns;
}

static void reset(void) { served = most_together = turns = 0; }

TEST(calls_that_wait_are_served_together) {
    struct turns *c = turns_new();
    struct call calls[] = { { .asks = 1 }, { .asks = 3 }, { .asks = 0 }, { .asks = 2 } };
    void *args[] = { &calls[0], &calls[1], &calls[2], &calls[3] };
    reset();
    turns_run(c, ask_some, args, 4);
    CHECK_INT(calls[0].sum, 2);
    CHECK_INT(calls[1].sum, 12);
    CHECK_INT(calls[2].sum, 0);
    CHECK_INT(calls[3].sum, 6);
    CHECK_INT(served, 3);
    CHECK_INT(most_together, 3);
    CHECK(calls[2].turn == 1 && calls[1].turn == 4);
    turns_free(c);
}

TEST(who_is_pinned_waits_by_itself) {
    struct turns *c = turns_new();
    struct call calls[] = { { .asks = 2, .pinned = true }, { .asks = 1 }, { .asks = 1 } };
    void *args[] = { &calls[0], &calls[1], &calls[2] };
    reset();
    turns_run(c, ask_some, args, 3);
    CHECK_INT(calls[0].turn, 1);
    CHECK_INT(served, 3);
    CHECK_INT(most_together, 2);
    CHECK(!fiber_parks());
    turns_free(c);
}

TEST(who_will_be_long_goes_last_and_may_still_wait) {
    struct turns *c = turns_new();
    struct call calls[] = { { .asks = 2, .last = true }, { .asks = 1, .last = true }, { .asks = 3 } };
    void *args[] = { &calls[0], &calls[1], &calls[2] };
    reset();
    turns_run(c, ask_some, args, 3);
    CHECK(calls[2].turn == 1 && calls[0].turn == 2 && calls[1].turn == 3);
    CHECK(calls[0].sum == 6 && calls[1].sum == 2 && calls[2].sum == 12);
    turns_free(c);
}

static unsigned deep(unsigned n) {
    volatile char room[1024];
    room[n % sizeof room] = (char)n;
    return n == 0 ? 0 : deep(n - 1) + (unsigned char)room[n % sizeof room] % 1u + 1u;
}
static void go_deep(void *arg) { *(unsigned *)arg = deep(200) + (unsigned)ask(0); }

static void *run_on_thread(void *arg) {
    unsigned got[FIBERS_MAX];
    void *args[FIBERS_MAX];
    for (size_t i = 0; i < FIBERS_MAX; i++)
        args[i] = &got[i];
    turns_run(arg, go_deep, args, FIBERS_MAX);
    for (size_t i = 0; i < FIBERS_MAX; i++)
        CHECK_INT(got[i], 200);
    return NULL;
}

/* A crew goes from thread to thread, as workers take and give it back. */
TEST(a_crew_serves_one_thread_after_the_other) {
    struct turns *c = turns_new();
    for (int i = 0; i < 20; i++) {
        pthread_t t;
        CHECK(pthread_create(&t, NULL, run_on_thread, c) == 0);
        pthread_join(t, NULL);
    }
    turns_free(c);
}

TEST(outside_of_a_crew_nothing_parks) {
    CHECK(!fiber_parks());
    fiber_pin();
    fiber_last();
    fiber_unpin();
    CHECK_INT(ask(4), 8);
    CHECK(turns_free(NULL) == NULL);
}
