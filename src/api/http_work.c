/* http_work.c — the queue of requests whose bodies are here, and the workers that handle them.
 *
 * A switch of threads costs more than most requests, so as few workers as keep the cores busy run, one is woken at a time
 * and wakes the next if there is still work, and what waits and only reads (ROUTE_TURNS) is taken by one worker together: such
 * requests take turns on its thread, and what they need from the keeper is asked for at once (base/fiber.h).
 *
 * Invariant: between queue_add and loop_done a request is the worker's alone. */
#include <errno.h>
#include <unistd.h>

#include "api/http_int.h"
#include "base/fiber.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pause.h"
#include "crypto/crypto.h"

#define BUSY_PER_CORE 2u                      /* one works while another asks the keeper */
#define TURNS_MOST 16u
#define WATCH_NSEC 10000000                   /* 10 ms */

/* A worker's bed. It lives as long as the server, so that who wakes it may do so without the lock. */
struct sleeper { pthread_cond_t wake; bool woken; struct sleeper *next; };
/* What one worker has taken: one request, or several that take turns. */
struct taken { void *list[TURNS_MOST]; size_t count; uint64_t turn; struct turns *turns; };

unsigned workers_busy(void) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores > 2 ? (unsigned)cores * BUSY_PER_CORE : 2 * BUSY_PER_CORE;
}

/* ---- waking and sleeping */

/* A few workers that are never out of work do more than many that take turns, so no more are woken than keep the cores
 * busy; who waits for the group commit does not count. Should those few be long at it (a search through everything, a keeper
 * that does not answer), one that watches sees it, and from then on they do not count either. */
static bool queue_open(const struct http *h) { return h->running < h->busy_most + h->paused + h->slow; }

/* Takes whoever went to sleep last; the caller signals it, without the lock: a thread that wakes up to a lock sleeps again. */
static struct sleeper *sleeper_take(struct http *h) {
    struct sleeper *s = h->sleepers;
    h->sleepers = s->next;
    s->woken = true;
    return s;
}

/* One worker is woken at a time; it wakes the next if there is still work. NULL: none is needed. */
static struct sleeper *queue_wakes(struct http *h) {
    if (h->head == NULL || h->sleepers == NULL || h->waking || (!queue_open(h) && h->watched))
        return NULL;
    h->waking = true;
    return sleeper_take(h);
}

static void unlock_and_wake(struct http *h, struct sleeper *s) {
    pthread_mutex_unlock(&h->lock);
    if (s != NULL)
        pthread_cond_signal(&s->wake);
}

void workers_wake(struct http *h) {
    while (h->sleepers != NULL)
        pthread_cond_signal(&sleeper_take(h)->wake);
    pthread_cond_broadcast(&h->watch);
}

static void queue_watch(struct http *h) {
    struct timespec until;
    uint64_t taken = h->taken;
    int num = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WATCH_NSEC;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    h->watched = true;
    while (num == 0 && !h->closed)
        num = pthread_cond_clockwait(&h->watch, &h->lock, CLOCK_MONOTONIC, &until);
    h->watched = false;
    if (h->taken == taken && h->head != NULL) {
        h->slow = h->running;                 /* nobody has come back since: all of them */
        h->slow_until = h->taken;
    }
}

/* Nothing to do for one more worker. A request that has its place, but is not in the list yet, is still to come. */
static bool queue_idle(const struct http *h) {
    if (h->head == NULL)
        return !h->closed || h->waiting > 0;
    return !h->closed && !queue_open(h);
}

/* Under lock, which is let go meanwhile. */
static void queue_sleep(struct http *h, struct sleeper *me) {
    pthread_mutex_unlock(&h->lock);
    crypto_forget();                          /* a thread that goes idle keeps no key of a record */
    log_flush();
    pthread_mutex_lock(&h->lock);
    if (!queue_idle(h))
        return;
    if (h->head != NULL && !h->watched) {
        queue_watch(h);
        return;
    }
    me->woken = false;
    me->next = h->sleepers;
    h->sleepers = me;
    while (!me->woken)
        pthread_cond_wait(&me->wake, &h->lock);
    h->waking = false;
}

/* ---- taking and giving back */

static bool takes_turns(const struct http_req *req) { return (req->match.route->flags & ROUTE_TURNS) != 0; }

static void take_first(struct http *h, struct taken *t) {
    struct http_req *req = h->head;
    h->head = req->next;
    if (h->head == NULL)
        h->tail = &h->head;
    h->waiting--;
    t->list[t->count++] = req;
}

/* count 0: the server stops. */
static void queue_take(struct http *h, struct sleeper *me, struct taken *t) {
    t->count = 0;
    pthread_mutex_lock(&h->lock);
    while (queue_idle(h))
        queue_sleep(h, me);
    struct sleeper *next = NULL;
    if (h->head != NULL) {
        bool more = takes_turns(h->head);
        take_first(h, t);
        while (more && h->head != NULL && takes_turns(h->head) && t->count < TURNS_MOST)
            take_first(h, t);
        t->turn = ++h->taken;
        h->running++;
        if (t->count > 1 && h->turns_count > 0)
            t->turns = h->turns[--h->turns_count];
        next = queue_wakes(h);
    }
    unlock_and_wake(h, next);
}

static void queue_done(struct http *h, struct taken *t) {
    pthread_mutex_lock(&h->lock);
    if (t->turns != NULL)
        h->turns[h->turns_count++] = t->turns;
    t->turns = NULL;
    h->slow -= h->slow > 0 && t->turn <= h->slow_until;
    if (--h->running == 0 && h->closed)
        pthread_cond_broadcast(&h->idle);
    pthread_mutex_unlock(&h->lock);
}

bool queue_place(struct http_req *req) {
    struct http *h = req->http;
    if (atomic_fetch_add(&h->waiting, 1) >= h->o.queue || h->closed) {
        atomic_fetch_sub(&h->waiting, 1);
        return false;
    }
    MHD_suspend_connection(req->conn);
    req->counted = true;
    atomic_fetch_add(&h->open, 1);
    loop_ready(req->loop, req);
    return true;
}

void queue_add(struct http *h, struct http_req *first, struct http_req **last) {
    pthread_mutex_lock(&h->lock);
    *h->tail = first;
    h->tail = last;
    unlock_and_wake(h, queue_wakes(h));
}

/* ---- workers */

static void handle(void *arg) {
    struct http_req *req = arg;
    req_run(req);
    req_count(req);
    req->phase = PHASE_HANDLED;
    loop_done(req);
}

/* Without memory for stacks they go one after the other. */
static void handle_all(struct taken *t) {
    if (t->count > 1 && t->turns == NULL)
        t->turns = turns_new();
    if (t->turns != NULL)
        turns_run(t->turns, handle, t->list, t->count);
    for (size_t i = 0; t->turns == NULL && i < t->count; i++)
        handle(t->list[i]);
}

static void worker_pauses(void *arg, bool begins) {
    struct http *h = arg;
    pthread_mutex_lock(&h->lock);
    h->paused += begins;
    h->paused -= !begins;
    unlock_and_wake(h, queue_wakes(h));
}

static void *worker(void *arg) {
    struct http *h = arg;
    struct taken t = { .turns = NULL };
    pthread_mutex_lock(&h->lock);
    struct sleeper *me = &h->beds[h->beds_taken++];
    pthread_mutex_unlock(&h->lock);
    pause_listen(worker_pauses, h);
    log_gather();
    for (;;) {
        queue_take(h, me, &t);
        if (t.count == 0)
            break;
        handle_all(&t);
        queue_done(h, &t);
    }
    return NULL;
}

int workers_start(struct http *h) {
    h->workers = mem_new_array(h->o.workers, sizeof *h->workers);
    h->turns = mem_new_array(h->o.workers, sizeof(struct turns *));
    h->beds = mem_new_array(h->o.workers, sizeof *h->beds);
    int num = h->workers == NULL || h->turns == NULL || h->beds == NULL ? ENOMEM : 0;
    for (unsigned i = 0; num == 0 && i < h->o.workers; i++)
        pthread_cond_init(&h->beds[i].wake, NULL);
    while (num == 0 && h->worker_count < h->o.workers) {
        num = pthread_create(&h->workers[h->worker_count], NULL, worker, h);
        h->worker_count += num == 0;
    }
    return num;
}

void workers_end(struct http *h) {
    pthread_mutex_lock(&h->lock);
    h->closed = true;
    workers_wake(h);
    pthread_mutex_unlock(&h->lock);
    for (unsigned i = 0; i < h->worker_count; i++)
        pthread_join(h->workers[i], NULL);
    h->worker_count = 0;
}

void workers_free(struct http *h) {
    for (unsigned i = 0; h->beds != NULL && i < h->o.workers; i++)
        pthread_cond_destroy(&h->beds[i].wake);
    mem_free(h->beds);
    while (h->turns_count > 0)
        turns_free(h->turns[--h->turns_count]);
    mem_free(h->turns);
    mem_free(h->workers);
}
