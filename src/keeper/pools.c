/* pools.c — keys lie in chunks of locked memory, taken from slabs that are made when they are first needed.
 * Invariants: have is the sum of n over the pool's chunks; a chunk is in one pool or in the free list; a place whose
 * key was given out is zero. */
#include "keeper/pools.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"

#define CHUNK 32u
#define SLAB 64u                             /* chunks in one piece of locked memory */
#define SLABS 64u
#define POOLS 2048u
#define SLOTS (2 * POOLS)
#define LEFT 8192u                           /* ids of keys that found no room; more are forgotten, and lie unused in their buckets */
#define QUICK (2 * USEC_PER_SEC)             /* filled again within: twice as many next time */
#define IDLE (60 * USEC_PER_SEC)             /* not filled for so long: half */

struct chunk { struct key key[CHUNK]; key_id id[CHUNK]; uint32_t n; struct chunk *next; };
struct pool { int64_t tenant; uint32_t month; size_t have, want; usec_t filled, used; bool low, filling; struct chunk *first; };
struct left { int64_t tenant; key_id id; };
struct pools {
    pthread_mutex_t lock;
    struct chunk *slab[SLABS], *free;
    size_t slabs, count, lows;
    struct left left[LEFT]; size_t left_count;
    struct pool pool[POOLS];
    uint16_t slot[SLOTS];                    /* index + 1 of a pool, by hash */
};

/* What cannot fail but by our own bug; a function, so that nothing with an effect stands in an assertion. */
static void must(bool fine) { PRE(fine); }

enum code pools_new(struct pools **ret, struct err *reterr) {
    PRE(ret != NULL && reterr != NULL);
    struct pools *p = mem_new(sizeof *p);
    if (p == NULL)
        return err_set(reterr, E_MEMORY, "no memory for keys made ahead");
    must(pthread_mutex_init(&p->lock, NULL) == 0);
    *ret = p;
    return OK;
}

struct pools *pools_free(struct pools *p) {
    if (p == NULL)
        return NULL;
    for (size_t i = 0; i < p->slabs; i++)
        (void)secret_free(p->slab[i]);
    must(pthread_mutex_destroy(&p->lock) == 0);
    return mem_free(p);
}

static size_t slot_of(const struct pools *p, int64_t tenant, uint32_t month) {
    uint64_t h = ((uint64_t)tenant * UINT64_C(0x9e3779b97f4a7c15)) ^ ((uint64_t)month * UINT64_C(0xc2b2ae3d27d4eb4f));
    size_t at = (size_t)((h * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % SLOTS;
    while (p->slot[at] != 0 && (p->pool[p->slot[at] - 1].tenant != tenant || p->pool[p->slot[at] - 1].month != month))
        at = (at + 1) % SLOTS;
    return at;
}

static void left_add(struct pools *p, int64_t tenant, const key_id *ids, size_t count) {
    for (size_t i = 0; i < count && p->left_count < LEFT; i++)
        p->left[p->left_count++] = (struct left){ tenant, ids[i] };
}

static void chunk_drop(struct pools *p, struct chunk *c) {
    crypto_wipe(c, sizeof *c);
    c->next = p->free;
    p->free = c;
}

/* The pool that was used longest ago makes room for another. */
static void pool_evict(struct pools *p) {
    size_t old = 0;
    for (size_t i = 1; i < p->count; i++)
        if (p->pool[i].used < p->pool[old].used)
            old = i;
    while (p->pool[old].first != NULL) {
        struct chunk *c = p->pool[old].first;
        p->pool[old].first = c->next;
        left_add(p, p->pool[old].tenant, c->id, c->n);
        chunk_drop(p, c);
    }
    p->lows -= p->pool[old].low;
    p->pool[old] = p->pool[--p->count];
    memset(p->slot, 0, sizeof p->slot);
    for (size_t i = 0; i < p->count; i++)
        p->slot[slot_of(p, p->pool[i].tenant, p->pool[i].month)] = (uint16_t)(i + 1);
}

static struct pool *pool_get(struct pools *p, int64_t tenant, uint32_t month) {
    size_t at = slot_of(p, tenant, month);
    if (p->slot[at] != 0)
        return &p->pool[p->slot[at] - 1];
    if (p->count == POOLS) {
        pool_evict(p);
        at = slot_of(p, tenant, month);
    }
    p->pool[p->count] = (struct pool){ .tenant = tenant, .month = month, .want = POOL_FIRST };
    p->slot[at] = (uint16_t)++p->count;
    return &p->pool[p->count - 1];
}

static struct chunk *chunk_get(struct pools *p) {
    if (p->free == NULL && p->slabs < SLABS) {
        struct chunk *slab = secret_new(SLAB * sizeof *slab);
        if (slab == NULL)
            return NULL;
        p->slab[p->slabs++] = slab;
        for (size_t i = 0; i < SLAB; i++) {
            slab[i].next = p->free;
            p->free = &slab[i];
        }
    }
    struct chunk *c = p->free;
    if (c != NULL)
        p->free = c->next;
    return c;
}

size_t pools_take(struct pools *p, int64_t tenant, uint32_t month, size_t count, usec_t now, key_id *ids, struct key *keys, bool *ret_low) {
    size_t got = 0;
    must(pthread_mutex_lock(&p->lock) == 0);
    struct pool *pool = pool_get(p, tenant, month);
    pool->used = now;
    while (got < count && pool->first != NULL) {
        struct chunk *c = pool->first;
        while (got < count && c->n > 0) {
            c->n--;
            ids[got] = c->id[c->n];
            keys[got++] = c->key[c->n];
            crypto_wipe(&c->key[c->n], sizeof c->key[c->n]);
        }
        if (c->n == 0) {
            pool->first = c->next;
            chunk_drop(p, c);
        }
    }
    pool->have -= got;
    *ret_low = pool->have < pool->want / 2 && !pool->low && !pool->filling;
    if (*ret_low) {
        pool->low = true;
        p->lows++;
    }
    must(pthread_mutex_unlock(&p->lock) == 0);
    return got;
}

static void grow(struct pool *pool, usec_t now) {
    if (pool->filled != 0 && now - pool->filled < QUICK && pool->want < POOL_MOST)
        pool->want *= 2;
    else if (now - pool->filled > IDLE && pool->want > POOL_FIRST)
        pool->want /= 2;
    pool->filled = now;
}

bool pools_wanting(struct pools *p, usec_t now, int64_t *ret_tenant, uint32_t *ret_month, size_t *ret_count) {
    bool found = false;
    must(pthread_mutex_lock(&p->lock) == 0);
    for (size_t i = 0; p->lows > 0 && !found && i < p->count; i++) {
        struct pool *pool = &p->pool[i];
        if (!pool->low)
            continue;
        pool->low = false;
        p->lows--;
        pool->filling = found = true;
        grow(pool, now);
        *ret_tenant = pool->tenant;
        *ret_month = pool->month;
        *ret_count = pool->want;
    }
    must(pthread_mutex_unlock(&p->lock) == 0);
    return found;
}

void pools_put(struct pools *p, int64_t tenant, uint32_t month, const key_id *ids, const struct key *keys, size_t count, usec_t now) {
    must(pthread_mutex_lock(&p->lock) == 0);
    struct pool *pool = pool_get(p, tenant, month);
    pool->filling = false;
    pool->used = now;
    for (size_t at = 0; at < count;) {
        struct chunk *c = pool->first;
        if (c == NULL || c->n == CHUNK) {
            c = chunk_get(p);
            if (c == NULL) {
                left_add(p, tenant, ids + at, count - at);
                break;
            }
            c->next = pool->first;
            pool->first = c;
        }
        while (at < count && c->n < CHUNK) {
            c->id[c->n] = ids[at];
            c->key[c->n++] = keys[at++];
            pool->have++;
        }
    }
    must(pthread_mutex_unlock(&p->lock) == 0);
}

/* Of the tenant of the last one, from the end. */
static size_t left_take(struct pools *p, int64_t *ret_tenant, key_id *ids, size_t room) {
    size_t n = 0;
    *ret_tenant = p->left[p->left_count - 1].tenant;
    while (n < room && p->left_count > 0 && p->left[p->left_count - 1].tenant == *ret_tenant)
        ids[n++] = p->left[--p->left_count].id;
    return n;
}

static size_t pool_empty(struct pools *p, struct pool *pool, key_id *ids, size_t room) {
    size_t n = 0;
    while (pool->first != NULL && pool->first->n <= room - n) {
        struct chunk *c = pool->first;
        pool->first = c->next;
        memcpy(ids + n, c->id, c->n * sizeof *ids);
        n += c->n;
        chunk_drop(p, c);
    }
    pool->have -= n;
    pool->want = POOL_FIRST;
    return n;
}

size_t pools_idle(struct pools *p, usec_t before, int64_t *ret_tenant, key_id *ids, size_t room) {
    size_t n = 0;
    must(pthread_mutex_lock(&p->lock) == 0);
    if (p->left_count > 0 && room > 0)
        n = left_take(p, ret_tenant, ids, room);
    for (size_t i = 0; n == 0 && i < p->count; i++)
        if (p->pool[i].used <= before && p->pool[i].have > 0 && !p->pool[i].filling) {
            n = pool_empty(p, &p->pool[i], ids, room);
            *ret_tenant = p->pool[i].tenant;
        }
    must(pthread_mutex_unlock(&p->lock) == 0);
    return n;
}
