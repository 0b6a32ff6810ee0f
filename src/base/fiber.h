/* fiber.h — calls that take turns on one thread, so that what several of them wait for is asked for at once.
 *
 * A struct turns runs a set of calls, each on a stack of its own. One that needs an answer from outside parks; when every one has
 * parked or ended, what they wait for is served together, and they go on. Only one runs at a time and all of a set run on
 * the thread that called turns_run, so they need no locks against each other; but what a call holds while it is parked (a
 * lock, one of few connections) no other call of the thread may wait for: who takes such a thing pins itself until it is given back,
 * and what it waits for meanwhile, its thread waits for.
 *
 * Stacks are made when they are first needed and stay with it. It belongs to one thread at a time. */
#pragma once
#include "base/macros.h"

#define FIBERS_MAX 32u

struct turns;
struct turns *turns_new(void);                         /* NULL: no memory */
struct turns *turns_free(struct turns *c);              /* never while it runs */
/* Calls fn(arg) for each that `next` gives (NULL: no more), and returns when all have ended. The next is asked for when the one
 * before has parked or ended, and FIBERS_MAX at most are taken. Without memory for a stack a call runs on the caller's, and
 * never parks. */
typedef void *(*next_fn)(void *by);
void turns_run(struct turns *c, void (*fn)(void *arg), next_fn next, void *by);

/* The first member of what the caller waits for; used until fiber_park returns. */
struct parked { struct parked *next; };
typedef void (*serve_fn)(void *by, struct parked *first);    /* serves the whole list, on the stack of turns_run */
/* May the caller park? Not outside of a set, nor pinned. */
bool fiber_parks(void);
/* Only when fiber_parks(). Those with the same `serve` and `by` are served together. */
void fiber_park(struct parked *p, serve_fn serve, void *by);
/* Outside of a set these do nothing. */
void fiber_pin(void);
void fiber_unpin(void);
/* Who will be long at it asks first. False: others of its thread would wait; it ends now, with any error, and whoever runs the
 * set sees by fiber_gave_up that the call is to be made again by itself. Outside of a set always true. */
MUST_USE bool fiber_alone(void);
bool fiber_gave_up(void);                            /* within the call */
