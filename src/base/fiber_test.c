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

/* What turns_run takes the calls from. */
struct some { void *const *list; size_t count; };
static void *some_next(void *by) {
    struct some *s = by;
    return s->count == 0 ? NULL : (s->count--, *s->list++);
}
static void run(struct turns *c, void (*fn)(void *arg), void *const *args, size_t count) {
    struct some s = { args, count };
    turns_run(c, fn, some_next, &s);
    CHECK_INT(s.count, 0);
}

struct call { int asks, sum, turn; bool pinned, is_long, gave_up; };
static int turns;

static void ask_some(void *arg) {
    struct call *c = arg;
    if (c->is_long && !fiber_alone()) {
        c->gave_up = fiber_gave_up();
        return;
    }
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
    run(c, ask_some, args, 4);
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
    run(c, ask_some, args, 3);
    CHECK_INT(calls[0].turn, 1);
    CHECK_INT(served, 3);
    CHECK_INT(most_together, 2);
    CHECK(!fiber_parks());
    turns_free(c);
}

TEST(who_will_be_long_gives_up_and_goes_alone) {
    struct turns *c = turns_new();
    struct call calls[] = { { .asks = 1 }, { .asks = 2, .is_long = true }, { .asks = 3 } };
    void *args[] = { &calls[0], &calls[1], &calls[2] };
    reset();
    run(c, ask_some, args, 3);
    CHECK(calls[1].gave_up && calls[1].sum == 0);
    CHECK(calls[0].sum == 2 && calls[2].sum == 12);
    CHECK(!fiber_gave_up());
    ask_some(&calls[1]);                         /* by itself */
    CHECK_INT(calls[1].sum, 6);
    turns_free(c);
}

/* Another takes what is left while this thread's first is long at it: nothing that has not begun is held. */
static size_t left_when_first_ran;
static struct some *shared;
static void look(void *arg UNUSED) { left_when_first_ran = shared->count > left_when_first_ran ? shared->count : left_when_first_ran; }
TEST(the_next_is_taken_when_the_one_before_has_parked_or_ended) {
    struct turns *c = turns_new();
    int x = 0;
    void *args[] = { &x, &x, &x };
    struct some s = { args, 3 };
    shared = &s;
    left_when_first_ran = 0;
    turns_run(c, look, some_next, &s);
    CHECK_INT(left_when_first_ran, 2);
    turns_free(c);
}

static void lose(void *arg) {
    size_t before = mem_lost();
    bool loses = *(bool *)arg;
    mem_fail_at = loses ? 1 : 0;
    void *p = mem_new(1);
    mem_fail_at = 0;
    (void)ask(1);
    *(bool *)arg = mem_lost() != before;
    mem_free(p);
}
TEST(want_of_memory_is_told_to_whom_it_befell) {
    struct turns *c = turns_new();
    bool lost[] = { false, true, false };
    void *args[] = { &lost[0], &lost[1], &lost[2] };
    size_t before = mem_lost();
    run(c, lose, args, 3);
    CHECK(!lost[0] && lost[1] && !lost[2]);
    CHECK(mem_lost() == before);
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
    run(arg, go_deep, args, FIBERS_MAX);
    for (size_t i = 0; i < FIBERS_MAX; i++)
        CHECK_INT(got[i], 200);
    return NULL;
}

/* Its stacks go from thread to thread, as workers take and give it back. */
TEST(stacks_serve_one_thread_after_the_other) {
    struct turns *c = turns_new();
    for (int i = 0; i < 20; i++) {
        pthread_t t;
        CHECK(pthread_create(&t, NULL, run_on_thread, c) == 0);
        pthread_join(t, NULL);
    }
    turns_free(c);
}

TEST(outside_of_a_set_nothing_parks) {
    CHECK(!fiber_parks());
    fiber_pin();
    fiber_unpin();
    CHECK(fiber_alone() && !fiber_gave_up());
    CHECK_INT(ask(4), 8);
    CHECK(turns_free(NULL) == NULL);
}
