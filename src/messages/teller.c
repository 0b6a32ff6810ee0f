/* teller.c — invariant: a webhook stands in `places` from when it is queued until its turn is over, so no two threads tell the same one, and its
 * changes go in their order. */
#include "messages/teller.h"

#include <pthread.h>

#include "base/mem.h"

#define THREADS 6u
#define FAILING_MOST 3u                      /* threads with those whose last try was in vain */
#define TENANT_MOST 4u
#define PLACES 128u
#define PLACES_EACH 32u
#define PLACES_FAILING (PLACES / 2)          /* of those that failed or were slow last: the others find one at once, however many these are */
#define FAILED 1024u                         /* above it those that failed longest ago are forgotten: they hold a quick thread for one more try */
#define LOOK_USEC USEC_PER_SEC

enum place_state { FREE, QUEUED, TAKEN };
struct place { enum place_state state; int64_t tenant, number; bool failing; uint64_t turn; };
struct failing { int64_t tenant, number; int lost /* times that it could not even be written down */; usec_t not_before /* clock_steady */; uint64_t turn; };
struct teller {
    struct telling telling;
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t threads[THREADS]; size_t thread_count;
    struct place places[PLACES];
    struct failing failed[FAILED];           /* those that failed, or were slow, last */
    uint64_t turn;
    int64_t after;                           /* the tenant whose turn for places was last */
    bool stop;
    struct teller_status status;
};

static struct failing *failing_of(struct teller *t, int64_t tenant, int64_t number) {
    for (size_t i = 0; i < FAILED; i++)
        if (t->failed[i].tenant == tenant && t->failed[i].number == number)
            return &t->failed[i];
    return NULL;
}

static struct failing *failing_add(struct teller *t, int64_t tenant, int64_t number) {
    struct failing *oldest = &t->failed[0];
    for (size_t i = 1; i < FAILED; i++)
        if (t->failed[i].turn < oldest->turn)
            oldest = &t->failed[i];
    *oldest = (struct failing){ .tenant = tenant, .number = number };
    return oldest;
}

/* lost: nothing could be written down (a full disk), and what stands there says that it is to be tried now: it waits here, longer each time. */
static void failing_set(struct teller *t, int64_t tenant, int64_t number, bool fails, bool lost) {
    struct failing *f = failing_of(t, tenant, number);
    if (!fails && !lost) {
        if (f != NULL)
            *f = (struct failing){ .tenant = 0 };
        return;
    }
    if (f == NULL)
        f = failing_add(t, tenant, number);
    f->turn = ++t->turn;
    f->lost = lost ? f->lost + 1 : 0;
    f->not_before = lost ? clock_steady() + telling_wait(f->lost, 0x80000000u) : 0;
}

static bool may_go(const struct teller *t, const struct place *at) {
    size_t failing = 0, same = 0;
    for (size_t i = 0; i < PLACES; i++)
        if (t->places[i].state == TAKEN) {
            failing += t->places[i].failing;
            same += t->places[i].tenant == at->tenant;
        }
    return same < TENANT_MOST && (!at->failing || failing < FAILING_MOST);
}

static struct place *next_place(struct teller *t) {
    struct place *best = NULL;
    for (size_t i = 0; i < PLACES; i++) {
        struct place *at = &t->places[i];
        if (at->state == QUEUED && (best == NULL || at->turn < best->turn) && may_go(t, at))
            best = at;
    }
    return best;
}

static bool stops(void *arg) {
    struct teller *t = arg;
    pthread_mutex_lock(&t->lock);
    bool stop = t->stop;
    pthread_mutex_unlock(&t->lock);
    return stop;
}

/* Under lock: its turn is over. One that has more to tell goes behind the others; one that is slow gives its place back, for the next look to find it in the
 * order of tenants. */
static void over(struct teller *t, struct place *at, enum code code, const struct telling_turn *turn) {
    t->status.under_way--;
    t->status.failed += code != OK;
    t->status.waits += code == OK && turn->end == TELLING_WAITS;
    failing_set(t, at->tenant, at->number, turn->end == TELLING_WAITS || turn->slow, code != OK);
    at->state = code == OK && turn->end == TELLING_MORE && !turn->slow ? QUEUED : FREE;
    at->failing = false;
    at->turn = ++t->turn;
    pthread_cond_broadcast(&t->work);
}

static void *thread_run(void *arg) {
    struct teller *t = arg;
    pthread_mutex_lock(&t->lock);
    while (!t->stop) {
        struct place *at = next_place(t);
        if (at == NULL) {
            pthread_cond_wait(&t->work, &t->lock);
            continue;
        }
        struct err e;
        struct telling_turn turn = { TELLING_DONE, false };
        at->state = TAKEN;
        t->status.runs++;
        t->status.under_way++;
        int64_t tenant = at->tenant, number = at->number;
        pthread_mutex_unlock(&t->lock);
        enum code code = telling_run(&t->telling, tenant, number, stops, t, &turn, &e);
        pthread_mutex_lock(&t->lock);
        over(t, at, code, &turn);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

enum code teller_start(const struct telling *telling, struct teller **ret, struct err *reterr) {
    PRE(telling != NULL && ret != NULL && reterr != NULL);
    struct teller *t = mem_new(sizeof *t);
    if (t == NULL)
        return err_set(reterr, E_MEMORY, "no memory for webhooks");
    t->telling = *telling;
    t->after = INT64_MIN;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->work, NULL);
    for (; t->thread_count < THREADS; t->thread_count++) {
        int num = pthread_create(&t->threads[t->thread_count], NULL, thread_run, t);
        if (num != 0) {
            teller_stop(t);
            return err_errno(reterr, num, "no thread for webhooks");
        }
    }
    *ret = t;
    return OK;
}

struct teller *teller_stop(struct teller *t) {
    if (t == NULL)
        return NULL;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 0; i < t->thread_count; i++)
        pthread_join(t->threads[i], NULL);
    pthread_cond_destroy(&t->work);
    pthread_mutex_destroy(&t->lock);
    return mem_free(t);
}

/* ---- what is to be told */

struct wanted { struct place list[2 * PLACES]; size_t count; };
static bool want(int64_t tenant, int64_t number, void *arg) {
    struct wanted *w = arg;
    w->list[w->count++] = (struct place){ .tenant = tenant, .number = number };
    return w->count < ARRAY_LEN(w->list);
}

static void queue(struct teller *t, const struct place *one) {
    struct place *room = NULL;
    size_t held = 0, failing = 0;
    for (size_t i = 0; i < PLACES; i++) {
        struct place *at = &t->places[i];
        failing += at->state != FREE && at->failing;
        if (at->state == FREE) {
            room = at;
        } else if (at->tenant == one->tenant) {
            if (at->number == one->number)
                return;
            held++;
        }
    }
    const struct failing *f = failing_of(t, one->tenant, one->number);
    if (room == NULL || held >= PLACES_EACH || (f != NULL && (failing >= PLACES_FAILING || f->not_before > clock_steady())))
        return;                              /* at the next look */
    *room = (struct place){ .state = QUEUED, .tenant = one->tenant, .number = one->number, .failing = f != NULL, .turn = ++t->turn };
    t->after = one->tenant;
    pthread_cond_signal(&t->work);
}

/* Under lock. Where more are due than one look lists, and none of these found a place, the next look begins behind them. */
static void queue_all(struct teller *t, const struct wanted *w) {
    int64_t after = t->after;
    for (size_t i = 0; i < w->count; i++)
        queue(t, &w->list[i]);
    if (w->count == ARRAY_LEN(w->list) && t->after == after)
        t->after = w->list[w->count - 1].tenant;
}

enum code teller_look(struct teller *t, usec_t now, usec_t *ret_next, struct err *reterr) {
    PRE(t != NULL && ret_next != NULL && reterr != NULL);
    struct wanted w = { .count = 0 };
    *ret_next = now + LOOK_USEC;
    pthread_mutex_lock(&t->lock);
    int64_t after = t->after;
    pthread_mutex_unlock(&t->lock);
    enum code code = webhooks_next(t->telling.store, now, after, want, &w, reterr);
    pthread_mutex_lock(&t->lock);
    if (code == OK)
        queue_all(t, &w);
    pthread_mutex_unlock(&t->lock);
    return code;
}

const struct telling *teller_way(const struct teller *t) { return &t->telling; }

void teller_status(struct teller *t, struct teller_status *ret) {
    pthread_mutex_lock(&t->lock);
    *ret = t->status;
    pthread_mutex_unlock(&t->lock);
}
