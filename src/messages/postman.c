/* postman.c — invariant: a letter stands in `places` from when it is queued until what came of it is written down, so no two threads have the
 * same. Tenants take turns: each looks for places from behind the one that had the last, may hold all but some of them and all threads but one, and of
 * what is queued the next letter of whoever has had fewer goes first (start-time fair queueing). */
#include "messages/postman.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"

#define THREADS 5u
#define PLACES 64u
#define PLACES_EACH 48u                     /* of one tenant */
#define SHARE 4u                             /* of each tenant in a look, before any gets more */
#define LOOK_USEC USEC_PER_SEC
#define PAUSE_FIRST (15 * USEC_PER_SEC)
#define PAUSE_MOST (5 * USEC_PER_MINUTE)

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
    unsigned faults;                         /* of the relay, in a row */
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
    for (size_t i = 0; i < PLACES; i++) {
        struct place *at = &p->places[i];
        if (at->state == QUEUED && (best == NULL || at->turn < best->turn) && taken_of(p, at->tenant) < THREADS - 1)
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

static void note(struct postman *p, enum code code, enum deliver_end end) {
    p->status.tried++;
    if (code != OK && code != E_CONFLICT) {
        p->status.failed++;
        relay_failed(p);                     /* want of memory, of disk: not again at once */
    } else if (code == OK && end == DELIVER_RELAY) {
        relay_failed(p);
    } else if (code == OK && (end == DELIVER_DONE || end == DELIVER_DOUBT)) {
        p->status.done++;
        p->status.doubts += end == DELIVER_DOUBT;
        p->faults = 0;
        p->resume = 0;
    }
}

static void *thread_run(void *arg) {
    struct postman *p = arg;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        struct place *at = next_place(p);
        if (at == NULL) {
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
        pthread_mutex_unlock(&p->lock);
        enum code code = deliver_one(&p->deliver, tenant, &id, &end, &e);
        pthread_mutex_lock(&p->lock);
        p->status.under_way--;
        at->state = FREE;
        note(p, code, end);
        pthread_cond_signal(&p->work);       /* its tenant may have had too many */
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

static void queue(struct postman *p, const struct place *one) {
    struct place *room = NULL;
    uint64_t turn = p->turn;
    size_t held = 0;
    for (size_t i = 0; i < PLACES; i++) {
        struct place *at = &p->places[i];
        if (at->state == FREE) {
            room = at;
        } else if (at->tenant == one->tenant) {
            if (uuid_compare(&at->id, &one->id) == 0)
                return;
            held++;
            turn = at->turn > turn ? at->turn : turn;
        }
    }
    if (room == NULL || held >= PLACES_EACH)
        return;                              /* at the next look */
    *room = (struct place){ .state = QUEUED, .tenant = one->tenant, .id = one->id, .turn = turn + 1 };
    p->after = one->tenant;
    pthread_cond_signal(&p->work);
}

/* Some of each tenant, and then, if there is room, more of each. */
static enum code look(struct postman *p, usec_t now, size_t share, bool *ret_full, struct err *reterr) {
    struct wanted w = { .count = 0 };
    pthread_mutex_lock(&p->lock);
    int64_t after = p->after;
    pthread_mutex_unlock(&p->lock);
    enum code code = letters_next(p->deliver.store, now, after, share, want, &w, reterr);
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; code == OK && i < w.count; i++)
        queue(p, &w.list[i]);
    pthread_mutex_unlock(&p->lock);
    *ret_full = w.count == ARRAY_LEN(w.list);
    return code;
}

enum code postman_look(struct postman *p, usec_t now, usec_t *ret_next, struct err *reterr) {
    PRE(p != NULL && ret_next != NULL && reterr != NULL);
    bool full = false;
    *ret_next = now + LOOK_USEC;
    pthread_mutex_lock(&p->lock);
    bool waits = clock_steady() < p->resume;
    pthread_mutex_unlock(&p->lock);
    if (waits)
        return OK;
    enum code code = look(p, now, SHARE, &full, reterr);
    return code == OK && !full ? look(p, now, PLACES, &full, reterr) : code;
}

void postman_status(struct postman *p, struct postman_status *ret) {
    pthread_mutex_lock(&p->lock);
    *ret = p->status;
    ret->waits_until = clock_steady() < p->resume ? clock_now() + (p->resume - clock_steady()) : 0;
    pthread_mutex_unlock(&p->lock);
}
