/* spare.c — a small stack of unused keys in locked memory. */
#include "records/spare.h"

#include "base/mem.h"

#define SPARES_MAX 1024u
#define AHEAD 32u
#define STALE USEC_PER_DAY                    /* by then nothing comes that is due on the same day */
struct spare { int64_t tenant; usec_t day, given; key_id id; struct key key; };
struct spares { pthread_mutex_t lock, ahead /* taken first */; size_t count; struct spare *list; };

/* Buckets hold keys of near due dates: a spare serves the same day only. */
static usec_t day_of(usec_t due) { return due == USEC_NEVER ? due : due / USEC_PER_DAY; }

struct spares *spares_new(void) {
    struct spares *sp = mem_new(sizeof *sp);
    if (sp == NULL)
        return NULL;
    sp->list = secret_new(SPARES_MAX * sizeof *sp->list);
    if (sp->list == NULL)
        return mem_free(sp);
    pthread_mutex_init(&sp->lock, NULL);
    pthread_mutex_init(&sp->ahead, NULL);
    return sp;
}

struct spares *spares_free(struct spares *sp) {
    if (sp == NULL)
        return NULL;
    secret_free(sp->list);
    pthread_mutex_destroy(&sp->ahead);
    pthread_mutex_destroy(&sp->lock);
    return mem_free(sp);
}

static bool take(struct spares *sp, int64_t tenant, usec_t day, key_id *ret_id, struct key *ret_key) {
    for (size_t i = sp->count; i-- > 0;) {
        struct spare *one = &sp->list[i];
        if (one->tenant != tenant || one->day != day)
            continue;
        *ret_id = one->id;
        *ret_key = one->key;
        *one = sp->list[--sp->count];
        crypto_wipe(&sp->list[sp->count], sizeof *one);
        return true;
    }
    return false;
}

enum code spare_make(struct service *s, int64_t tenant, usec_t due, size_t count, key_id *ret_ids, struct key *ret_keys, struct err *reterr) {
    size_t n = 0;
    pthread_mutex_lock(&s->spares->lock);
    while (n < count && take(s->spares, tenant, day_of(due), &ret_ids[n], &ret_keys[n]))
        n++;
    pthread_mutex_unlock(&s->spares->lock);
    if (n == count)
        return OK;
    enum code code = keeper_make(s->keeper, tenant, due, count - n, ret_ids + n, ret_keys + n, reterr);
    if (code != OK)
        spare_give(s, tenant, due, ret_ids, ret_keys, n);
    return code;
}

/* Room for so many; what has lain for long makes room, and what others may still need is not driven out for what may come. */
static bool room_for(struct spares *sp, size_t count, usec_t now) {
    for (size_t i = sp->count; sp->count + count > SPARES_MAX && i-- > 0;) {
        struct spare *one = &sp->list[i];
        if (one->given + STALE > now)
            continue;
        *one = sp->list[--sp->count];
        crypto_wipe(&sp->list[sp->count], sizeof *one);
    }
    return sp->count + count <= SPARES_MAX;
}

static bool take_one(struct spares *sp, int64_t tenant, usec_t due, key_id *ret_id, struct key *ret_key) {
    pthread_mutex_lock(&sp->lock);
    const bool there = take(sp, tenant, day_of(due), ret_id, ret_key);
    pthread_mutex_unlock(&sp->lock);
    return there;
}

static enum code some_make(struct service *s, int64_t tenant, usec_t due, key_id *ret_id, struct key *ret_key, struct err *reterr) {
    key_id ids[AHEAD];
    struct key keys[AHEAD];
    pthread_mutex_lock(&s->spares->lock);
    const size_t count = room_for(s->spares, AHEAD, clock_steady()) ? AHEAD : 1;
    pthread_mutex_unlock(&s->spares->lock);
    enum code code = keeper_make(s->keeper, tenant, due, count, ids, keys, reterr);
    if (code == OK) {
        *ret_id = ids[0];
        *ret_key = keys[0];
        spare_give(s, tenant, due, ids + 1, keys + 1, count - 1);
    }
    crypto_wipe(keys, sizeof keys);
    return code;
}

/* One asks, and those who come meanwhile wait for what it brings: else each of them would bring as many. */
enum code spare_ahead(struct service *s, int64_t tenant, usec_t due, key_id *ret_id, struct key *ret_key, struct err *reterr) {
    PRE(s != NULL && ret_id != NULL && ret_key != NULL && reterr != NULL);
    if (take_one(s->spares, tenant, due, ret_id, ret_key))
        return OK;
    pthread_mutex_lock(&s->spares->ahead);
    enum code code = take_one(s->spares, tenant, due, ret_id, ret_key) ? OK : some_make(s, tenant, due, ret_id, ret_key, reterr);
    pthread_mutex_unlock(&s->spares->ahead);
    return code;
}

bool spare_sure(enum code code) { return code == E_BUSY || (code_status(code) >= 400 && code_status(code) < 500); }

void spare_give(struct service *s, int64_t tenant, usec_t due, const key_id *ids, const struct key *keys, size_t count) {
    pthread_mutex_lock(&s->spares->lock);
    for (size_t i = 0; i < count && s->spares->count < SPARES_MAX; i++)
        s->spares->list[s->spares->count++] = (struct spare){ tenant, day_of(due), clock_steady(), ids[i], keys[i] };
    pthread_mutex_unlock(&s->spares->lock);
}
