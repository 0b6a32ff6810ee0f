/* postman.c — invariant: a letter stands in `places` of its lane from when it is queued until what came of it is written down, so no two threads have the same.
 * Parties take turns, each tenant's campaigns and all else of it, so that what is sent to one person stands behind no campaign: each looks for places from behind the one that had the last, may hold some, and of what is queued the next letter of whoever has had fewer
 * goes first (start-time fair queueing), if that party may have one more under way (messages/fair.h). */
#include "messages/postman.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "messages/fair.h"

#define THREADS 36u                          /* for mail; measured: bench/queue.c */
#define THREADS_SMS 8u                       /* a provider that hangs keeps so many */
#define PLACES 192u
#define SHARE 4u                             /* of each party in a look, before any gets more */
#define LOOK_USEC USEC_PER_SEC

enum place_state { FREE, QUEUED, TAKEN };
struct place { enum place_state state; int64_t tenant; bool many /* a campaign's */; struct uuid id; uint64_t turn; usec_t since /* TAKEN; by the steady clock */; };
struct lane {
    const struct deliver *deliver;
    enum channel channel;
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t threads[THREADS]; size_t threads_most, thread_count;
    struct place places[PLACES];
    uint64_t turn;                           /* of the letter that was taken last */
    int64_t after;                           /* the tenant whose turn for places was last */
    bool stop;
    bool more, behind, looks;                /* another look may find something; the last one left some behind; a thread looks */
    struct fair *fair;
    struct postman_status status;
};
struct postman { struct deliver deliver; struct lane lanes[CHANNELS]; };

/* ---- threads */

static int64_t party_of(const struct place *p) { return p->many ? FAIR_CAMPAIGNS(p->tenant) : p->tenant; }

static struct fair_held held_by(const struct lane *l, int64_t party, usec_t stalled_since) {
    struct fair_held h = { 0 };
    for (size_t i = 0; i < PLACES; i++) {
        const struct place *at = &l->places[i];
        const bool taken = at->state == TAKEN, stalled = taken && at->since <= stalled_since, theirs = party_of(at) == party;
        h.all += taken;
        h.all_stalled += stalled;
        h.taken += taken && theirs;
        h.stalled += stalled && theirs;
    }
    return h;
}

/* The next of whoever has had fewer, and may have one more. */
static struct place *next_place(struct lane *l) {
    const usec_t stalled_since = clock_steady() - fair_stall(l->fair);
    int64_t refused[PLACES] = { 0 };
    size_t refusals = 0;
    for (;;) {
        struct place *best = NULL;
        for (size_t i = 0; i < PLACES; i++) {
            struct place *at = &l->places[i];
            bool no = at->state != QUEUED || (best != NULL && at->turn >= best->turn);
            for (size_t k = 0; k < refusals && !no; k++)
                no = refused[k] == party_of(at);
            best = no ? best : at;
        }
        if (best == NULL)
            return NULL;
        const struct fair_held h = held_by(l, party_of(best), stalled_since);
        if (fair_may(l->fair, party_of(best), &h))
            return best;
        refused[refusals++] = party_of(best);
    }
}

/* Those that wait are queued again when it is time. */
static void places_clear(struct lane *l) {
    const usec_t now = clock_steady();
    for (size_t i = 0; i < PLACES; i++)
        if (l->places[i].state == QUEUED && fair_waits(l->fair, party_of(&l->places[i]), now))
            l->places[i].state = FREE;
}

/* What could not be written down for want of memory or of disk makes all wait; what was wrong with that letter, its tenant or its keys, its tenant alone. */
static bool is_its_own(enum code code) {
    static const enum code own[] = { E_NOT_FOUND, E_TOO_MANY, E_BUSY, E_FIELDS, E_GONE, E_DAMAGED, E_INVALID, E_TOO_LARGE, E_FORBIDDEN };
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        if (own[i] == code)
            return true;
    return false;
}

static void note(struct lane *l, int64_t party, enum code code, enum deliver_end end, usec_t began) {
    static const struct { bool done; enum fair_says says; } ends[] = {
        [DELIVER_DONE] = { true, FAIR_WELL },       [DELIVER_DOUBT] = { true, FAIR_STRANGE },  [DELIVER_CUT] = { true, FAIR_NOTHING },  [DELIVER_LOST] = { true, FAIR_STRANGE }, [DELIVER_SLOW] = { true, FAIR_SLOW },      [DELIVER_BLOCKED] = { true, FAIR_STRANGE },
        [DELIVER_RELAY] = { false, FAIR_WAY },      [DELIVER_PROVIDER] = { false, FAIR_WAY },  [DELIVER_AWAY] = { false, FAIR_NOTHING }, [DELIVER_WAITS] = { false, FAIR_NOTHING }, [DELIVER_ASIDE] = { true, FAIR_NOTHING },
    };
    const usec_t now = clock_steady();
    l->status.tried++;
    if (code != OK && code != E_CONFLICT) {
        l->status.failed++;
        fair_note(l->fair, party, is_its_own(code) ? FAIR_STRANGE : FAIR_WAY, began, now);
    } else if (code == OK) {
        l->status.done += ends[end].done;
        l->status.doubts += end == DELIVER_DOUBT || end == DELIVER_CUT;
        l->status.blocked += end == DELIVER_BLOCKED;
        fair_note(l->fair, party, ends[end].says, began, now);
    }
    places_clear(l);
}

static enum code look(struct lane *l, usec_t now, size_t share, struct err *reterr);

/* Under lock: where the queue has run dry and more wait in the store, a thread looks at once, not at the next turn of the clock. */
static bool looks_itself(struct lane *l) {
    struct err e;
    size_t queued = 0;
    for (size_t i = 0; i < PLACES; i++)
        queued += l->places[i].state == QUEUED;
    if (queued >= l->threads_most / 2 || !l->more || l->looks || l->stop || fair_resume(l->fair, clock_steady()) != 0)
        return false;
    l->looks = true;
    l->more = false;
    pthread_mutex_unlock(&l->lock);
    enum code code = look(l, clock_now(), PLACES, &e);
    pthread_mutex_lock(&l->lock);
    l->looks = false;
    return code == OK;
}

static void *thread_run(void *arg) {
    struct lane *l = arg;
    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        struct place *at = next_place(l);
        if (at == NULL) {
            if (!looks_itself(l))
                pthread_cond_wait(&l->work, &l->lock);
            continue;
        }
        struct uuid id = at->id;
        const int64_t tenant = at->tenant, party = party_of(at);
        struct err e;
        enum deliver_end end = DELIVER_DONE;
        usec_t began = clock_steady();
        at->state = TAKEN;
        at->since = began;
        l->turn = at->turn;
        l->status.under_way++;
        pthread_mutex_unlock(&l->lock);
        enum code code = deliver_one(l->deliver, tenant, &id, &end, &e);
        pthread_mutex_lock(&l->lock);
        l->status.under_way--;
        at->state = FREE;
        note(l, party, code, end, began);
        l->more = l->more || l->behind;      /* there is room for one of those */
        pthread_cond_broadcast(&l->work);    /* its party may have had too many, or all */
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

static void lane_stop(struct lane *l) {
    if (l->deliver == NULL)
        return;
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->lock);
    for (size_t i = 0; i < l->thread_count; i++)
        pthread_join(l->threads[i], NULL);
    pthread_cond_destroy(&l->work);
    pthread_mutex_destroy(&l->lock);
    l->fair = fair_free(l->fair);
}

/* Whatever it returns, lane_stop ends it. */
static enum code lane_start(struct lane *l, const struct deliver *d, enum channel channel, size_t threads, struct err *reterr) {
    *l = (struct lane){ .deliver = d, .channel = channel, .threads_most = threads, .after = INT64_MIN };
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->work, NULL);
    enum code code = fair_new(threads, &l->fair, reterr);
    for (; code == OK && l->thread_count < threads; l->thread_count += code == OK) {
        int num = pthread_create(&l->threads[l->thread_count], NULL, thread_run, l);
        code = num == 0 ? OK : err_errno(reterr, num, "no thread for delivering letters");
    }
    return code;
}

enum code postman_start(const struct deliver *d, struct postman **ret, struct err *reterr) {
    static const size_t threads[CHANNELS] = { [CHANNEL_EMAIL] = THREADS, [CHANNEL_SMS] = THREADS_SMS };
    PRE(d != NULL && ret != NULL && reterr != NULL);
    AUTO(postman_stop) struct postman *p = mem_new(sizeof *p);
    enum code code = p == NULL ? err_set(reterr, E_MEMORY, "no memory for delivering letters") : OK;
    if (code == OK)
        p->deliver = *d;
    for (enum channel c = 0; code == OK && c < CHANNELS; c++)
        code = lane_start(&p->lanes[c], &p->deliver, c, threads[c], reterr);
    if (code == OK)
        *ret = TAKE(p);
    return code;
}

struct postman *postman_stop(struct postman *p) {
    if (p == NULL)
        return NULL;
    for (enum channel c = 0; c < CHANNELS; c++)
        lane_stop(&p->lanes[c]);
    return mem_free(p);
}

/* ---- what is to be tried */

/* How many letters of that party are worth looking at: where it waits, or holds all that it may, none is, so that its many keep nobody's from being seen. */
static size_t room_of(struct lane *l, int64_t party) {
    const size_t most = fair_places(l->fair, party);
    size_t held = 0;
    for (size_t i = 0; i < PLACES; i++)
        held += l->places[i].state != FREE && party_of(&l->places[i]) == party;
    return fair_waits(l->fair, party, clock_steady()) || held >= most ? 0 : most;       /* those that it holds may be among them */
}

struct wanted { struct lane *lane; struct place list[2 * PLACES]; size_t count, room; bool any, behind /* letters were passed over */; int64_t party /* that rows are of now */; };
static bool want(const struct letter_next *n, void *arg) {
    struct wanted *w = arg;
    const struct place one = { .tenant = n->tenant, .many = n->many, .id = n->id };
    const int64_t party = party_of(&one);
    if (!w->any || w->party != party) {
        pthread_mutex_lock(&w->lane->lock);
        w->room = room_of(w->lane, party);
        pthread_mutex_unlock(&w->lane->lock);
        w->any = true;
        w->party = party;
    }
    if (w->room == 0) {
        w->behind = true;
        return true;
    }
    w->room--;
    w->list[w->count++] = one;
    return w->count < ARRAY_LEN(w->list);
}

/* Under lock. A party holds some places more than it may have letters under way, and leaves as many free as it has. */
enum queued { IS_QUEUED, WAS_QUEUED, NO_ROOM, NOT_NOW };
static enum queued queue(struct lane *l, const struct place *one) {
    struct place *room = NULL;
    uint64_t turn = l->turn;
    size_t held = 0, free = 0;
    const int64_t party = party_of(one);
    if (fair_waits(l->fair, party, clock_steady()))
        return NOT_NOW;
    for (size_t i = 0; i < PLACES; i++) {
        struct place *at = &l->places[i];
        if (at->state == FREE) {
            room = at;
            free++;
        } else if (party_of(at) == party) {
            if (uuid_compare(&at->id, &one->id) == 0)
                return WAS_QUEUED;
            held++;
            turn = at->turn > turn ? at->turn : turn;
        }
    }
    if (room == NULL || (held > 0 && (held >= free || held >= fair_places(l->fair, party))))
        return NO_ROOM;                      /* at the next look */
    *room = (struct place){ .state = QUEUED, .tenant = one->tenant, .many = one->many, .id = one->id, .turn = turn + 1 };
    l->after = one->tenant;
    pthread_cond_signal(&l->work);
    return IS_QUEUED;
}

/* Some of each party, and then, if there is room, more of each. A look that finds nothing new leaves the next to the clock. */
static enum code look(struct lane *l, usec_t now, size_t share, struct err *reterr) {
    struct wanted w = { .lane = l };
    pthread_mutex_lock(&l->lock);
    int64_t after = l->after;
    pthread_mutex_unlock(&l->lock);
    enum code code = letters_next(l->deliver->store, l->channel, now, after, share, want, &w, reterr);
    pthread_mutex_lock(&l->lock);
    bool left = w.behind || w.count == ARRAY_LEN(w.list), fresh = false;
    for (size_t i = 0; code == OK && i < w.count; i++) {
        enum queued q = queue(l, &w.list[i]);
        fresh = fresh || q == IS_QUEUED;
        left = left || q == NO_ROOM;
    }
    l->behind = left;
    l->more = l->more || (left && fresh);
    pthread_mutex_unlock(&l->lock);
    return code;
}

enum code postman_look(struct postman *p, usec_t now, usec_t *ret_next, struct err *reterr) {
    PRE(p != NULL && ret_next != NULL && reterr != NULL);
    *ret_next = now + LOOK_USEC;
    enum code code = OK;
    for (enum channel c = 0; code == OK && c < CHANNELS; c++) {
        struct lane *l = &p->lanes[c];
        pthread_mutex_lock(&l->lock);
        bool waits = fair_resume(l->fair, clock_steady()) != 0;
        pthread_cond_broadcast(&l->work);    /* a letter that is stalled by now leaves room for others */
        pthread_mutex_unlock(&l->lock);
        if (!waits && (code = look(l, now, SHARE, reterr)) == OK)
            code = look(l, now, PLACES, reterr);
    }
    return code;
}

void postman_status(struct postman *p, enum channel channel, struct postman_status *ret) {
    PRE(p != NULL && (size_t)channel < CHANNELS && ret != NULL);
    struct lane *l = &p->lanes[channel];
    const usec_t now = clock_steady();
    pthread_mutex_lock(&l->lock);
    const struct fair_status f = fair_status(l->fair, now);
    const usec_t resume = fair_resume(l->fair, now);
    *ret = l->status;
    pthread_mutex_unlock(&l->lock);
    ret->relay_failed = f.failed;
    ret->window = f.window;
    ret->slowed = f.slowed;
    ret->tenants_wait = f.waiting;
    ret->waits_until = resume == 0 ? 0 : clock_now() + (resume - now);
}
