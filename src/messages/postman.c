/* postman.c — invariant: a letter stands in `places` from when it is queued until what came of it is written down, so no two threads have the
 * same. Tenants take turns: each looks for places from behind the one that had the last, may hold all but some of them and all threads that may go at a time but one, and of
 * what is queued the next letter of whoever has had fewer goes first (start-time fair queueing). */
#include "messages/postman.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"

#define THREADS 32u                          /* measured: bench/queue.c */
#define PLACES 192u
#define PLACES_EACH 144u                    /* of one tenant */
#define SHARE 4u                             /* of each tenant in a look, before any gets more */
#define LOOK_USEC USEC_PER_SEC
#define PAUSE_FIRST (15 * USEC_PER_SEC)
#define PAUSE_MOST (5 * USEC_PER_MINUTE)
#define STRANGE_MOST 3u
#define WINDOW_FULL (THREADS * WINDOW_ONE)
#define WINDOW_ONE 64u                       /* so many letters that were taken let one more go at a time where one goes */

enum place_state { FREE, QUEUED, TAKEN };
struct place { enum place_state state; int64_t tenant; struct uuid id; uint64_t turn; };
struct postman {
    struct deliver deliver;
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t threads[THREADS]; size_t thread_count;
    struct place places[PLACES];
    uint64_t turn;                           /* of the letter that was taken last */
    int64_t after;                           /* the tenant whose turn for places was last */
    bool stop;
    bool more, looks;                        /* the last look found more than there was room for; a thread looks */
    unsigned faults;                         /* of the relay, in a row */
    unsigned strange;                        /* letters in a row whose answer was about us, or never came */
    unsigned window;                         /* how many may go at a time, times WINDOW_ONE */
    usec_t slowed;                           /* by the steady clock: what is said of letters that had left by then lessens it no more */
    usec_t resume;                           /* by the steady clock; 0: nobody waits */
    struct postman_status status;
};

/* ---- threads */

static size_t taken_of(const struct postman *p, int64_t tenant) {
    size_t n = 0;
    for (size_t i = 0; i < PLACES; i++)
        n += p->places[i].state == TAKEN && p->places[i].tenant == tenant;
    return n;
}

static struct place *next_place(struct postman *p) {
    struct place *best = NULL;
    size_t most = p->window / WINDOW_ONE, each = most > 1 ? most - 1 : 1;
    if (p->status.under_way >= most)
        return NULL;
    for (size_t i = 0; i < PLACES; i++) {
        struct place *at = &p->places[i];
        if (at->state == QUEUED && (best == NULL || at->turn < best->turn) && (p->status.under_way < each || taken_of(p, at->tenant) < each))
            best = at;
    }
    return best;
}

/* Under lock. Several letters that failed at once are one fault: it counts only after the pause of the one before. */
static void relay_failed(struct postman *p) {
    usec_t now = clock_steady(), pause = PAUSE_FIRST;
    p->status.relay_failed++;
    if (now < p->resume)
        return;
    for (unsigned i = 0; i < p->faults && pause < PAUSE_MOST; i++)
        pause *= 2;
    p->faults++;
    p->resume = now + (pause < PAUSE_MOST ? pause : PAUSE_MOST);
    for (size_t i = 0; i < PLACES; i++)      /* those that wait are queued again when it is time */
        if (p->places[i].state == QUEUED)
            p->places[i].state = FREE;
}

/* Half as many at a time; where that is one already, all wait. `began`: when that letter was taken, so that many answers to one burst count as one. */
static void slow_down(struct postman *p, usec_t began) {
    p->status.slowed++;
    if (began < p->slowed)
        return;
    p->slowed = clock_steady();
    if (p->window < 2 * WINDOW_ONE) {
        relay_failed(p);
        return;
    }
    p->window = p->window / 2 < WINDOW_ONE ? WINDOW_ONE : p->window / 2;
}

/* An answer about us, or none where one had to come: several in a row are the way's fault, one may be its letter's. */
static void strange(struct postman *p) {
    if (++p->strange >= STRANGE_MOST)
        relay_failed(p);
}

/* It was taken, or nothing was said against the way. */
static void went_well(struct postman *p) {
    p->faults = p->strange = 0;
    p->resume = 0;
    if (p->window < WINDOW_FULL)
        p->window++;
}

static void note(struct postman *p, enum code code, enum deliver_end end, usec_t began) {
    p->status.tried++;
    if (code != OK && code != E_CONFLICT) {
        p->status.failed++;
        relay_failed(p);                     /* want of memory, of disk: not again at once */
    } else if (code == OK && end == DELIVER_RELAY) {
        relay_failed(p);
    } else if (code == OK && (end == DELIVER_ASIDE || end == DELIVER_PROVIDER)) {
        p->status.done++;
    } else if (code == OK && end <= DELIVER_BLOCKED) {
        p->status.done++;
        p->status.doubts += end == DELIVER_DOUBT;
        p->status.blocked += end == DELIVER_BLOCKED;
        if (end == DELIVER_SLOW)
            slow_down(p, began);
        else if (end != DELIVER_DONE)
            strange(p);
        else
            went_well(p);
    }
}

static enum code look(struct postman *p, usec_t now, size_t share, struct err *reterr);

/* Under lock: where the queue has run dry and more wait in the store, a thread looks at once, not at the next turn of the clock. */
static bool looks_itself(struct postman *p) {
    struct err e;
    size_t queued = 0;
    for (size_t i = 0; i < PLACES; i++)
        queued += p->places[i].state == QUEUED;
    if (queued >= THREADS || !p->more || p->looks || p->stop || clock_steady() < p->resume || p->status.under_way >= p->window / WINDOW_ONE)
        return false;
    p->looks = true;
    p->more = false;
    pthread_mutex_unlock(&p->lock);
    enum code code = look(p, clock_now(), PLACES, &e);
    pthread_mutex_lock(&p->lock);
    p->looks = false;
    return code == OK;
}

static void *thread_run(void *arg) {
    struct postman *p = arg;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        struct place *at = next_place(p);
        if (at == NULL) {
            if (!looks_itself(p))
                pthread_cond_wait(&p->work, &p->lock);
            continue;
        }
        struct uuid id = at->id;
        int64_t tenant = at->tenant;
        struct err e;
        enum deliver_end end = DELIVER_DONE;
        at->state = TAKEN;
        p->turn = at->turn;
        p->status.under_way++;
        usec_t began = clock_steady();
        pthread_mutex_unlock(&p->lock);
        enum code code = deliver_one(&p->deliver, tenant, &id, &end, &e);
        pthread_mutex_lock(&p->lock);
        p->status.under_way--;
        at->state = FREE;
        note(p, code, end, began);
        pthread_cond_broadcast(&p->work);    /* its tenant may have had too many, or all */
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

enum code postman_start(const struct deliver *d, struct postman **ret, struct err *reterr) {
    PRE(d != NULL && ret != NULL && reterr != NULL);
    struct postman *p = mem_new(sizeof *p);
    if (p == NULL)
        return err_set(reterr, E_MEMORY, "no memory for delivering letters");
    p->deliver = *d;
    p->after = INT64_MIN;
    p->window = WINDOW_FULL;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    for (; p->thread_count < THREADS; p->thread_count++) {
        int num = pthread_create(&p->threads[p->thread_count], NULL, thread_run, p);
        if (num != 0) {
            postman_stop(p);
            return err_errno(reterr, num, "no thread for delivering letters");
        }
    }
    *ret = p;
    return OK;
}

struct postman *postman_stop(struct postman *p) {
    if (p == NULL)
        return NULL;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->thread_count; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    return mem_free(p);
}

/* ---- what is to be tried */

struct wanted { struct place list[2 * PLACES]; size_t count; };      /* twice: those under way may be among them */
static bool want(int64_t tenant, const struct uuid *id, usec_t next UNUSED, void *arg) {
    struct wanted *w = arg;
    w->list[w->count++] = (struct place){ .tenant = tenant, .id = *id };
    return w->count < ARRAY_LEN(w->list);
}

/* False: there is no room. */
static bool queue(struct postman *p, const struct place *one) {
    struct place *room = NULL;
    uint64_t turn = p->turn;
    size_t held = 0;
    for (size_t i = 0; i < PLACES; i++) {
        struct place *at = &p->places[i];
        if (at->state == FREE) {
            room = at;
        } else if (at->tenant == one->tenant) {
            if (uuid_compare(&at->id, &one->id) == 0)
                return true;
            held++;
            turn = at->turn > turn ? at->turn : turn;
        }
    }
    if (room == NULL || held >= PLACES_EACH)
        return false;                        /* at the next look */
    *room = (struct place){ .state = QUEUED, .tenant = one->tenant, .id = one->id, .turn = turn + 1 };
    p->after = one->tenant;
    pthread_cond_signal(&p->work);
    return true;
}

/* Some of each tenant, and then, if there is room, more of each. */
static enum code look(struct postman *p, usec_t now, size_t share, struct err *reterr) {
    struct wanted w = { .count = 0 };
    pthread_mutex_lock(&p->lock);
    int64_t after = p->after;
    pthread_mutex_unlock(&p->lock);
    enum code code = letters_next(p->deliver.store, now, after, share, want, &w, reterr);
    pthread_mutex_lock(&p->lock);
    bool room = true;
    for (size_t i = 0; code == OK && i < w.count; i++)
        room = queue(p, &w.list[i]) && room;
    p->more = p->more || !room || w.count == ARRAY_LEN(w.list);
    pthread_mutex_unlock(&p->lock);
    return code;
}

enum code postman_look(struct postman *p, usec_t now, usec_t *ret_next, struct err *reterr) {
    PRE(p != NULL && ret_next != NULL && reterr != NULL);
    *ret_next = now + LOOK_USEC;
    pthread_mutex_lock(&p->lock);
    bool waits = clock_steady() < p->resume;
    pthread_mutex_unlock(&p->lock);
    if (waits)
        return OK;
    enum code code = look(p, now, SHARE, reterr);
    return code == OK ? look(p, now, PLACES, reterr) : code;
}

void postman_status(struct postman *p, struct postman_status *ret) {
    pthread_mutex_lock(&p->lock);
    *ret = p->status;
    ret->window = p->window / WINDOW_ONE;
    ret->waits_until = clock_steady() < p->resume ? clock_now() + (p->resume - clock_steady()) : 0;
    pthread_mutex_unlock(&p->lock);
}
