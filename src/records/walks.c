/* walks.c — a set of pseudonyms for each who reads, as large as the limit at most. The one that rested longest makes place: what it read is
 * read from the ledger again when it comes back, so that nobody gains by being forgotten. */
#include "records/walks.h"

#include <string.h>

#include "base/mem.h"
#include "records/draft.h"
#include "records/looks.h"
#include "store/seen.h"

#ifndef WALKERS_MAX
#define WALKERS_MAX 1024u
#endif

struct set { int64_t *slots; size_t room, count; };      /* slots: born + 1; 0: free */
struct walker { int64_t tenant, day; char who[CALLER_TEXT]; struct set set; uint64_t used; };
struct walks { pthread_mutex_t lock; struct walker *list; size_t count; uint64_t turn; };

struct walks *walks_new(void) {
    struct walks *w = mem_new(sizeof *w);
    if (w == NULL || (w->list = mem_new_array(WALKERS_MAX, sizeof *w->list)) == NULL)
        return mem_free(w);
    pthread_mutex_init(&w->lock, NULL);
    return w;
}

struct walks *walks_free(struct walks *w) {
    if (w == NULL)
        return NULL;
    for (size_t i = 0; i < w->count; i++)
        mem_free(w->list[i].set.slots);
    mem_free(w->list);
    pthread_mutex_destroy(&w->lock);
    return mem_free(w);
}

/* ---- a set */

static size_t slot_of(const struct set *s, int64_t born) {
    size_t at = (size_t)((uint64_t)born * UINT64_C(0x9e3779b97f4a7c15) >> 32) % s->room;
    while (s->slots[at] != 0 && s->slots[at] != born + 1)
        at = (at + 1) % s->room;
    return at;
}

static bool set_has(const struct set *s, int64_t born) { return s->count > 0 && s->slots[slot_of(s, born)] != 0; }

static bool set_add(struct set *s, int64_t born) {
    if (2 * (s->count + 1) > s->room) {
        struct set more = { .room = s->room == 0 ? 64 : s->room * 2 };
        more.slots = mem_new_array(more.room, sizeof *more.slots);
        if (more.slots == NULL)
            return false;
        for (size_t i = 0; i < s->room; i++)
            if (s->slots[i] != 0)
                more.slots[slot_of(&more, s->slots[i] - 1)] = s->slots[i];
        more.count = s->count;
        mem_free(s->slots);
        *s = more;
    }
    size_t at = slot_of(s, born);
    s->count += s->slots[at] == 0;
    s->slots[at] = born + 1;
    return true;
}

/* ---- the day so far, from the ledger */

struct day { int64_t number; usec_t begins; };
static struct day day_of(const struct service *s, usec_t now) {
    const struct zone *zone = charter_zone(s->charter);
    struct civil c = zone_civil(zone, now);
    struct civil midnight = { .year = c.year, .month = c.month, .day = c.day };
    return (struct day){ (int64_t)c.year * 10000 + c.month * 100 + c.day, zone_instant(zone, &midnight) };
}

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory to count what was read"); }

struct loading { struct walker *w; bool lost; };
static bool take_born(int64_t born, void *arg) {
    struct loading *l = arg;
    if (l->w->set.count >= WALK_MOST)
        return false;
    l->lost = !set_add(&l->w->set, born);
    return !l->lost;
}

static enum code walker_load(struct service *s, struct walker *w, usec_t since, struct err *reterr) {
    struct loading l = { .w = w };
    enum code code = looks_counted(s, w->tenant, w->who, since, take_born, &l, reterr);
    return code == OK && l.lost ? no_memory(reterr) : code;
}

/* ---- taking. Under lock. */

static struct walker *walker_find(struct walks *w, int64_t tenant, const char *who, int64_t day) {
    for (size_t i = 0; i < w->count; i++)
        if (w->list[i].tenant == tenant && w->list[i].day == day && strcmp(w->list[i].who, who) == 0)
            return &w->list[i];
    return NULL;
}

static struct walker *walker_place(struct walks *w) {
    if (w->count < WALKERS_MAX)
        return &w->list[w->count++];
    struct walker *oldest = &w->list[0];
    for (size_t i = 1; i < w->count; i++)
        if (w->list[i].used < oldest->used)
            oldest = &w->list[i];
    mem_free(oldest->set.slots);
    return oldest;
}

static enum code walker_take(struct walks *w, struct walker *k, const int64_t *born, size_t count, struct err *reterr) {
    size_t fresh = 0;
    k->used = ++w->turn;
    for (size_t i = 0; i < count; i++)
        fresh += !set_has(&k->set, born[i]);
    if (fresh > 0 && k->set.count + fresh > WALK_MOST)
        return err_set(reterr, E_TOO_MANY, "%zu different records were read today, and %u are the most in a day: the charter lets larger copies leave only on request, "
                       "POST /v1/tenants/%lld/copies {kind, format, query, why}", k->set.count, WALK_MOST, (long long)k->tenant);
    for (size_t i = 0; i < count; i++)
        if (!set_add(&k->set, born[i]))
            return no_memory(reterr);
    return OK;
}

enum code walks_take(struct walks *w, struct service *s, int64_t tenant, const char *who_key, const int64_t *born, size_t count, struct err *reterr) {
    PRE(w != NULL && s != NULL && who_key != NULL && born != NULL && reterr != NULL);
    const struct day today = day_of(s, clock_now());
    struct walker loaded = { .tenant = tenant, .day = today.number };
    enum code code = OK;
    pthread_mutex_lock(&w->lock);
    struct walker *k = walker_find(w, tenant, who_key, today.number);
    if (k == NULL) {
        pthread_mutex_unlock(&w->lock);
        memcpy(loaded.who, who_key, strnlen(who_key, sizeof loaded.who - 1));
        code = walker_load(s, &loaded, today.begins, reterr);
        pthread_mutex_lock(&w->lock);
        k = walker_find(w, tenant, who_key, today.number);
        if (k == NULL && code == OK) {
            k = walker_place(w);
            *k = loaded;
            loaded.set.slots = NULL;
        }
        mem_free(loaded.set.slots);
    }
    if (code == OK)
        code = walker_take(w, k, born, count, reterr);
    pthread_mutex_unlock(&w->lock);
    return code;
}
