/* cache.c — invariant: a row whose `until` is 0 holds no key. One place for each id (by its low bits). */
#include "keeper/cache.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"

#define ROWS 4096u
#define LIVES USEC_PER_SEC

struct row { key_id id; int64_t tenant; usec_t until; struct key key; };
struct cache { pthread_mutex_t lock; uint64_t turn; size_t used; struct row *row; };

/* What cannot fail but by our own bug; a function, so that nothing with an effect stands in an assertion. */
static void must(bool fine) { PRE(fine); }

enum code cache_new(struct cache **ret, struct err *reterr) {
    PRE(ret != NULL && reterr != NULL);
    struct cache *c = mem_new(sizeof *c);
    if (c == NULL || (c->row = secret_new(ROWS * sizeof *c->row)) == NULL) {
        (void)mem_free(c);
        return err_set(reterr, E_MEMORY, "no memory for opened keys");
    }
    must(pthread_mutex_init(&c->lock, NULL) == 0);
    *ret = c;
    return OK;
}

struct cache *cache_free(struct cache *c) {
    if (c == NULL)
        return NULL;
    c->row = secret_free(c->row);
    must(pthread_mutex_destroy(&c->lock) == 0);
    return mem_free(c);
}

static struct row *row_of(struct cache *c, key_id id) { return &c->row[(id ^ id >> 12) % ROWS]; }

static void forget(struct cache *c, struct row *r) {
    c->used -= r->until != 0;
    crypto_wipe(r, sizeof *r);
}

size_t cache_get(struct cache *c, int64_t tenant, const key_id *ids, size_t count, usec_t now, struct key *keys, bool *ok) {
    size_t found = 0;
    must(pthread_mutex_lock(&c->lock) == 0);
    for (size_t i = 0; i < count; i++) {
        const struct row *r = row_of(c, ids[i]);
        ok[i] = r->until > now && r->id == ids[i] && r->tenant == tenant;
        if (ok[i])
            keys[i] = r->key;
        found += ok[i];
    }
    must(pthread_mutex_unlock(&c->lock) == 0);
    return found;
}

uint64_t cache_turn(struct cache *c) {
    must(pthread_mutex_lock(&c->lock) == 0);
    uint64_t turn = c->turn;
    must(pthread_mutex_unlock(&c->lock) == 0);
    return turn;
}

void cache_put(struct cache *c, uint64_t turn, int64_t tenant, const key_id *ids, size_t count, usec_t now, const struct key *keys, const bool *ok) {
    must(pthread_mutex_lock(&c->lock) == 0);
    for (size_t i = 0; turn == c->turn && i < count; i++) {
        struct row *r = row_of(c, ids[i]);
        if (!ok[i])
            continue;
        c->used += r->until == 0;
        *r = (struct row){ ids[i], tenant, now + LIVES, keys[i] };
    }
    must(pthread_mutex_unlock(&c->lock) == 0);
}

void cache_purge(struct cache *c, const key_id *ids, size_t count) {
    must(pthread_mutex_lock(&c->lock) == 0);
    c->turn++;
    for (size_t i = 0; i < count; i++) {
        struct row *r = row_of(c, ids[i]);
        if (r->until != 0 && r->id == ids[i])
            forget(c, r);
    }
    must(pthread_mutex_unlock(&c->lock) == 0);
}

void cache_purge_all(struct cache *c) {
    must(pthread_mutex_lock(&c->lock) == 0);
    c->turn++;
    c->used = 0;
    crypto_wipe(c->row, ROWS * sizeof *c->row);
    must(pthread_mutex_unlock(&c->lock) == 0);
}

bool cache_sweep(struct cache *c, usec_t now) {
    must(pthread_mutex_lock(&c->lock) == 0);
    for (size_t i = 0; c->used > 0 && i < ROWS; i++)
        if (c->row[i].until != 0 && c->row[i].until <= now)
            forget(c, &c->row[i]);
    bool left = c->used > 0;
    must(pthread_mutex_unlock(&c->lock) == 0);
    return left;
}
