/* fiber.c — contexts of the C library (makecontext, swapcontext), with what the sanitizers must be told.
 * Invariants: a fiber that has begun is switched to only by turns_run, and switches only back to it; at the end of a
 * call it waits in its own loop for the next, possibly on another thread, so that loop touches nothing thread-local. */
#include "base/fiber.h"

#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/mem.h"

#if defined __SANITIZE_ADDRESS__
#define WITH_ASAN 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#if defined __SANITIZE_THREAD__
#define WITH_TSAN 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define WITH_TSAN 1
#endif
#endif
#ifdef WITH_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef WITH_TSAN
#include <sanitizer/tsan_interface.h>
#endif

#define STACK_SIZE ((size_t)1 << 20)             /* of addresses; memory is taken by the page as it is touched */

/* One stack and where it stands: the fibers', and that of turns_run. */
struct side { ucontext_t at; const void *bottom; size_t size; void *fake, *tsan; };

enum state { IDLE, PARKED };
struct fiber {
    struct side side;
    struct turns *turns;
    void *stack;                                 /* NULL: not made yet */
    void *arg;
    enum state state;
    unsigned pins;
    bool gave_up;
    size_t lost;                                 /* allocations that failed in this call (mem_lost) */
    struct parked *parked;
    serve_fn serve; void *by;
};

struct turns { struct side home; void (*fn)(void *arg); struct fiber fibers[FIBERS_MAX]; };

static _Thread_local struct fiber *current;

/* ---- switching */

static void left(struct side *from UNUSED, const struct side *to UNUSED) {
#ifdef WITH_ASAN
    __sanitizer_start_switch_fiber(&from->fake, to->bottom, to->size);
#endif
#ifdef WITH_TSAN
    __tsan_switch_to_fiber(to->tsan, 0);
#endif
}

static void entered(struct side *self UNUSED, struct side *from UNUSED) {
#ifdef WITH_ASAN
    __sanitizer_finish_switch_fiber(self->fake, &from->bottom, &from->size);
#endif
}

static void switch_to(struct side *from, struct side *to) {
    left(from, to);
    PRE(swapcontext(&from->at, &to->at) == 0);
    entered(from, to);
}

/* makecontext passes numbers of the size of int: an address goes in two. */
static void fiber_main(unsigned high, unsigned low) {
    struct fiber *f = (struct fiber *)((uintptr_t)high << 32 | low);
    entered(&f->side, &f->turns->home);
    for (;;) {
        f->turns->fn(f->arg);
        f->state = IDLE;
        switch_to(&f->side, &f->turns->home);
    }
}

/* Until it parks or ends. */
static void fiber_go(struct fiber *f) {
    size_t others = mem_lost();
    f->state = IDLE;
    current = f;
    mem_lost_set(f->lost);
    switch_to(&f->turns->home, &f->side);
    f->lost = mem_lost();
    mem_lost_set(others);
    current = NULL;
}

/* ---- stacks */

static bool stack_make(struct fiber *f) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *all = mmap(NULL, STACK_SIZE + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED)
        return false;
    if (mprotect(all, page, PROT_NONE) != 0 || getcontext(&f->side.at) != 0) {
        (void)munmap(all, STACK_SIZE + page);
        return false;
    }
    f->stack = all;
    f->side.bottom = all + page;
    f->side.size = STACK_SIZE;
    f->side.at.uc_stack = (stack_t){ .ss_sp = all + page, .ss_size = STACK_SIZE };
    f->side.at.uc_link = NULL;
    makecontext(&f->side.at, (void (*)(void))fiber_main, 2, (unsigned)((uintptr_t)f >> 32), (unsigned)(uintptr_t)f);
#ifdef WITH_TSAN
    f->side.tsan = __tsan_create_fiber(0);
#endif
    return true;
}

static void stack_end(struct fiber *f) {
    if (f->stack == NULL)
        return;
#ifdef WITH_TSAN
    __tsan_destroy_fiber(f->side.tsan);
#endif
    (void)munmap(f->stack, STACK_SIZE + (size_t)sysconf(_SC_PAGESIZE));
}

struct turns *turns_new(void) {
    struct turns *c = mem_new(sizeof *c);
    for (size_t i = 0; c != NULL && i < FIBERS_MAX; i++)
        c->fibers[i].turns = c;
    return c;
}

struct turns *turns_free(struct turns *c) {
    for (size_t i = 0; c != NULL && i < FIBERS_MAX; i++)
        stack_end(&c->fibers[i]);
    return mem_free(c);
}

/* ---- a set of calls */

static void begin(struct turns *c, struct fiber *f, void *arg) {
    f->arg = arg;
    f->pins = 0;
    f->lost = 0;
    f->gave_up = false;
    if (f->stack != NULL || stack_make(f))
        fiber_go(f);
    else
        c->fn(arg);
}

/* Serves the first that is parked and all that wait for the same, and lets them go on; false: none is parked. */
static bool serve_some(struct turns *c, size_t count) {
    struct parked *first = NULL, **last = &first;
    struct fiber *served[FIBERS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct fiber *f = &c->fibers[i];
        if (f->state != PARKED || (n > 0 && (f->serve != served[0]->serve || f->by != served[0]->by)))
            continue;
        served[n++] = f;
        *last = f->parked;
        last = &f->parked->next;
    }
    if (n == 0)
        return false;
    *last = NULL;
    served[0]->serve(served[0]->by, first);
    for (size_t i = 0; i < n; i++)
        fiber_go(served[i]);
    return true;
}

void turns_run(struct turns *c, void (*fn)(void *arg), next_fn next, void *by) {
    PRE(c != NULL && fn != NULL && next != NULL && current == NULL);
    size_t count = 0;
    void *arg;
    c->fn = fn;
#ifdef WITH_TSAN
    c->home.tsan = __tsan_get_current_fiber();
#endif
    while (count < FIBERS_MAX && (arg = next(by)) != NULL)
        begin(c, &c->fibers[count++], arg);
    while (serve_some(c, count))
        continue;
}

/* ---- from inside a call */

bool fiber_parks(void) { return current != NULL && current->pins == 0; }

void fiber_park(struct parked *p, serve_fn serve, void *by) {
    struct fiber *f = current;
    PRE(f != NULL && f->pins == 0 && p != NULL && serve != NULL);
    f->parked = p;
    f->serve = serve;
    f->by = by;
    f->state = PARKED;
    switch_to(&f->side, &f->turns->home);
}

void fiber_pin(void) {
    if (current != NULL)
        current->pins++;
}

void fiber_unpin(void) {
    if (current == NULL)
        return;
    PRE(current->pins > 0);
    current->pins--;
}

bool fiber_alone(void) {
    if (current != NULL)
        current->gave_up = true;
    return current == NULL;
}

bool fiber_gave_up(void) { return current != NULL && current->gave_up; }
