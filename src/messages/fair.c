/* fair.c — a window and a pause for the way, and for each party that had letters of late. A party begins with START letters at a time and has one more for each that
 * went well, so whoever's recipients stall from the first holds few threads; where less is wanted it has half, and then slowly more. Invariants: ONE <= window
 * <= full, of the way and of each party; a party that stands in no row is one that nothing is known of. */
#include "messages/fair.h"

#include "base/mem.h"

#define PARTIES 256u
#define ONE 64u                              /* of a window: so many letters that went well let one more go at a time after it was halved */
#define START 4u
#define STALLED_MOST 4u                      /* letters of a party that are stalled: then it gets no other thread */
#define STRANGE_MOST 3u                      /* in a row: then it is no letter's fault */
#define STALL_LEAST (5 * USEC_PER_SEC)
#define STALL_MOST USEC_PER_MINUTE
#define STALL_TIMES 4
#define PAUSE_FIRST (15 * USEC_PER_SEC)
#define PAUSE_MOST (5 * USEC_PER_MINUTE)

/* faults: pauses in a row; slowed: what is said of letters that had left by then lessens the window no more; resume: 0: no pause; strange: answers in a row. */
struct pace { size_t window; unsigned faults, strange; usec_t slowed, resume; };
struct row { bool known, halved; int64_t party; uint64_t used; struct pace pace; };
struct fair {
    size_t threads;
    struct pace way;
    struct row rows[PARTIES];
    uint64_t clock;                          /* counts uses of rows */
    usec_t usual;                            /* that letters take, as of late; 0: none was taken yet */
    bool spoken, several; int64_t speaker;   /* since a letter went well: somebody was told something against us; by more than one */
    struct fair_status status;
};

enum code fair_new(size_t threads, struct fair **ret, struct err *reterr) {
    PRE(threads >= 2 && ret != NULL && reterr != NULL);
    struct fair *f = mem_new(sizeof *f);
    if (f == NULL)
        return err_set(reterr, E_MEMORY, "no memory for delivering letters");
    f->threads = threads;
    f->way.window = threads * ONE;
    *ret = f;
    return OK;
}

struct fair *fair_free(struct fair *f) { return mem_free(f); }

/* ---- parties */

static int64_t tenant_of(int64_t party) { return party < 0 ? FAIR_CAMPAIGNS(party) : party; }

static const struct row *row_of(const struct fair *f, int64_t party) {
    for (size_t i = 0; i < PARTIES; i++)
        if (f->rows[i].known && f->rows[i].party == party)
            return &f->rows[i];
    return NULL;
}

/* The row of that party; a new one takes the place of one that does not pause, as long as there is any, and was used least lately. */
static struct row *row_for(struct fair *f, int64_t party) {
    struct row *best = NULL;
    for (size_t i = 0; i < PARTIES; i++) {
        struct row *r = &f->rows[i];
        if (r->known && r->party == party) {
            r->used = ++f->clock;
            return r;
        }
        uint64_t rank = !r->known ? 0 : r->pace.resume == 0 ? r->used : r->used + (UINT64_MAX >> 1);
        uint64_t least = best == NULL ? UINT64_MAX : !best->known ? 0 : best->pace.resume == 0 ? best->used : best->used + (UINT64_MAX >> 1);
        if (rank < least)
            best = r;
    }
    *best = (struct row){ .known = true, .party = party, .used = ++f->clock, .pace = { .window = (START < f->threads ? START : f->threads) * ONE } };
    return best;
}

static size_t window_of(const struct fair *f, int64_t party) {
    const struct row *r = row_of(f, party);
    return r == NULL ? START : r->pace.window / ONE;
}

/* ---- what is said */

/* Several letters that failed at once are one fault: it counts only after the pause of the one before. */
static void pause_put(struct pace *p, usec_t now) {
    usec_t wait = PAUSE_FIRST;
    if (now < p->resume)
        return;
    for (unsigned i = 0; i < p->faults && wait < PAUSE_MOST; i++)
        wait *= 2;
    p->faults++;
    p->resume = now + (wait < PAUSE_MOST ? wait : PAUSE_MOST);
}

/* Half as many at a time; where that is one already, a pause. */
static void slow_down(struct pace *p, usec_t began, usec_t now) {
    if (began < p->slowed)
        return;
    p->slowed = now;
    if (p->window < 2 * ONE)
        pause_put(p, now);
    else
        p->window = p->window / 2 < ONE ? ONE : p->window / 2;
}

static void went_well(struct pace *p, size_t more, size_t full) {
    p->faults = p->strange = 0;
    p->resume = 0;
    p->window = p->window + more < full ? p->window + more : full;
}

/* Was another tenant told something against us since a letter went well? */
static bool others_too(struct fair *f, int64_t party) {
    const int64_t tenant = tenant_of(party);
    f->several = f->several || (f->spoken && f->speaker != tenant);
    f->spoken = true;
    f->speaker = tenant;
    return f->several;
}

static void note_well(struct fair *f, struct row *r, usec_t took) {
    const size_t full = f->threads * ONE;
    took = took < 1 ? 1 : took < STALL_MOST ? took : STALL_MOST;
    f->usual = f->usual == 0 ? took : (7 * f->usual + took) / 8;
    f->spoken = f->several = false;
    went_well(&f->way, 1, full);
    went_well(&r->pace, r->halved ? 1 : ONE, full);
}

void fair_note(struct fair *f, int64_t party, enum fair_says says, usec_t began, usec_t now) {
    PRE(f != NULL);
    struct row *r = row_for(f, party);
    switch (says) {
    case FAIR_NOTHING:
        if (!r->halved && r->pace.window < f->threads * ONE)
            r->pace.window += ONE;
        break;
    case FAIR_WELL:
        note_well(f, r, now - began);
        break;
    case FAIR_SLOW:
        f->status.slowed++;
        r->halved = true;
        slow_down(&r->pace, began, now);
        if (others_too(f, party))
            slow_down(&f->way, began, now);
        break;
    case FAIR_STRANGE:
        f->way.strange++;
        if (++r->pace.strange >= STRANGE_MOST)
            pause_put(&r->pace, now);
        if (!others_too(f, party) || f->way.strange < STRANGE_MOST)
            break;
        f->status.failed++;
        pause_put(&f->way, now);
        break;
    case FAIR_WAY:
        f->status.failed++;
        pause_put(&f->way, now);
        break;
    }
}

/* ---- who may */

bool fair_may(struct fair *f, int64_t party, const struct fair_held *h) {
    const size_t most = f->way.window / ONE, active = h->all - h->all_stalled, own = h->taken - h->stalled;
    const size_t kept = f->threads / 8 > 0 ? f->threads / 8 : 1, kept_of_window = most / 8 > 0 ? most / 8 : most > 1;     /* for who has none under way */
    struct row *r = row_for(f, party);
    if (h->stalled >= STALLED_MOST && r->pace.window > START * ONE)
        r->pace.window = START * ONE;        /* as one that nothing is known of */
    if (h->all >= f->threads || active >= most)
        return false;
    if (h->taken == 0)
        return true;
    return h->stalled < STALLED_MOST && own < r->pace.window / ONE && h->all + kept < f->threads && active + kept_of_window < most;
}

size_t fair_places(const struct fair *f, int64_t party) { return 2 * window_of(f, party) + START; }

usec_t fair_stall(const struct fair *f) {
    const usec_t t = f->usual * STALL_TIMES;
    return t < STALL_LEAST ? STALL_LEAST : t < STALL_MOST ? t : STALL_MOST;
}

bool fair_waits(const struct fair *f, int64_t party, usec_t now) {
    const struct row *r = row_of(f, party);
    return now < f->way.resume || (r != NULL && now < r->pace.resume);
}

usec_t fair_resume(const struct fair *f, usec_t now) { return now < f->way.resume ? f->way.resume : 0; }

struct fair_status fair_status(const struct fair *f, usec_t now) {
    struct fair_status s = f->status;
    s.window = f->way.window / ONE;
    for (size_t i = 0; i < PARTIES; i++) {
        const struct row *r = &f->rows[i], *other = row_of(f, FAIR_CAMPAIGNS(r->party));
        s.waiting += r->known && now < r->pace.resume && (r->party >= 0 || other == NULL || now >= other->pace.resume);
    }
    return s;
}
