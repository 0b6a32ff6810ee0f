/* http_work.c — the queue of requests whose bodies are here, and the workers that handle them.
 *
 * A switch of threads costs more than most requests, so as few workers as keep the cores busy run, one is woken at a time
 * and wakes the next if there is still work, and what waits and only reads (ROUTE_TURNS) takes turns on one worker's thread: what
 * such requests need from the keeper is asked for at once (base/fiber.h). A worker takes the next when the one before
 * waits for the keeper, so that a slow one holds up none that has not begun; one that finds out that it will be long goes
 * back into the queue, to be handled by itself.
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

#define BUSY_LEAST 2u
#define TURNS_MOST 16u
#define TURNS_KEPT 4u                         /* sets of stacks that stay when nobody uses them */
#define WATCH_NSEC 10000000                   /* 10 ms */

/* A worker's bed. It lives as long as the server, so that who wakes it may do so without the lock. */
struct sleeper { pthread_cond_t wake; bool woken; struct sleeper *next; };
/* What one worker has taken: a request, and, when others that take turns wait behind it, those that it takes one by one. */
struct taken { struct http *http; struct http_req *first; size_t count; uint64_t turn; bool several; struct turns *turns; };

unsigned workers_busy(void) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores > (long)BUSY_LEAST ? (unsigned)cores : BUSY_LEAST;
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

static bool takes_turns(const struct http_req *req) { return !req->alone && (req->match.route->flags & ROUTE_TURNS) != 0; }

static struct http_req *take_first(struct http *h) {
    struct http_req *req = h->head;
    h->head = req->next;
    if (h->head == NULL)
        h->tail = &h->head;
    h->waiting--;
    h->taken++;
    return req;
}

/* first NULL: the server stops. */
static void queue_take(struct http *h, struct sleeper *me, struct taken *t) {
    struct sleeper *next = NULL;
    *t = (struct taken){ .http = h };
    pthread_mutex_lock(&h->lock);
    while (queue_idle(h))
        queue_sleep(h, me);
    if (h->head != NULL) {
        t->first = take_first(h);
        t->turn = h->taken;
        t->several = takes_turns(t->first) && h->head != NULL && takes_turns(h->head);
        h->running++;
        if (t->several && h->turns_count > 0)
            t->turns = h->turns[--h->turns_count];
        next = queue_wakes(h);
    }
    unlock_and_wake(h, next);
}

/* For turns_run: the first, then those that wait behind it. */
static void *next_of(void *by) {
    struct taken *t = by;
    struct http *h = t->http;
    void *req = NULL;
    if (t->count++ == 0)
        return t->first;
    if (t->count > TURNS_MOST)
        return NULL;
    pthread_mutex_lock(&h->lock);
    if (h->head != NULL && takes_turns(h->head))
        req = take_first(h);
    pthread_mutex_unlock(&h->lock);
    return req;
}

/* Behind those that wait already. */
static void queue_again(struct http_req *req) {
    struct http *h = req->http;
    req->alone = true;
    req->next = NULL;
    pthread_mutex_lock(&h->lock);
    *h->tail = req;
    h->tail = &req->next;
    h->waiting++;
    unlock_and_wake(h, queue_wakes(h));
}

static void queue_done(struct http *h, struct taken *t) {
    pthread_mutex_lock(&h->lock);
    if (t->turns != NULL && h->turns_count < TURNS_KEPT)
        h->turns[h->turns_count++] = TAKE(t->turns);
    h->slow -= h->slow > 0 && t->turn <= h->slow_until;
    if (--h->running == 0 && h->closed)
        pthread_cond_broadcast(&h->idle);
    pthread_mutex_unlock(&h->lock);
    turns_free(t->turns);                     /* stacks of a rush are given back */
}

/* From the lock on that http_stop closes under, no place is given any more. */
bool queue_place(struct http_req *req) {
    struct http *h = req->http;
    pthread_mutex_lock(&h->lock);
    bool room = !h->closed && h->waiting < h->o.queue;
    h->waiting += room;
    pthread_mutex_unlock(&h->lock);
    if (!room)
        return false;
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
    if (!req->replied) {                      /* it gave up, to be handled by itself */
        req->reply_header_count = 0;
        queue_again(req);
        return;
    }
    req_count(req);
    req->phase = PHASE_HANDLED;
    loop_done(req);
}

/* Without memory for stacks they go one after the other. */
static void handle_all(struct taken *t) {
    if (t->several && t->turns == NULL)
        t->turns = turns_new();
    if (t->turns != NULL)
        turns_run(t->turns, handle, next_of, t);
    else
        handle(t->first);
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
    struct taken t;
    pthread_mutex_lock(&h->lock);
    struct sleeper *me = &h->beds[h->beds_taken++];
    pthread_mutex_unlock(&h->lock);
    pause_listen(worker_pauses, h);
    log_gather();
    for (;;) {
        queue_take(h, me, &t);
        if (t.first == NULL)
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
