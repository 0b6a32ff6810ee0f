#include "keeper/cache.c"

#include "base/test.h"

#define N 20
static key_id ids[N];
static struct key keys[N];
static bool ok[N];

static struct cache *filled(usec_t now) {
    struct cache *c = NULL;
    struct err e;
    CHECK_OK(cache_new(&c, &e), &e);
    for (size_t i = 0; i < N; i++) {
        ids[i] = i + 1;
        keys[i].bytes[0] = (uint8_t)(i + 1);
        ok[i] = i != 5;                      /* one that was destroyed */
    }
    cache_put(c, cache_turn(c), 1, ids, N, now, keys, ok);
    return c;
}

static size_t found(struct cache *c, int64_t tenant, usec_t now) {
    struct key got[N];
    bool there[N];
    size_t n = cache_get(c, tenant, ids, N, now, got, there);
    for (size_t i = 0; i < N; i++)
        CHECK(!there[i] || got[i].bytes[0] == i + 1);
    return n;
}

TEST(keeps_keys_for_a_second_and_their_tenant) {
    AUTO(cache_free) struct cache *c = filled(100);
    CHECK(found(c, 1, 100) == N - 1 && found(c, 2, 100) == 0);
    CHECK(found(c, 1, 100 + USEC_PER_SEC - 1) == N - 1 && found(c, 1, 100 + USEC_PER_SEC) == 0);
}

TEST(what_is_over_is_wiped) {
    AUTO(cache_free) struct cache *c = filled(100);
    static const struct row none;
    CHECK(cache_sweep(c, 100 + USEC_PER_SEC - 1) && c->used == N - 1);
    CHECK(!cache_sweep(c, 100 + USEC_PER_SEC));
    for (size_t i = 0; i < ROWS; i++)
        CHECK(memcmp(&c->row[i], &none, sizeof none) == 0);
}

TEST(a_purge_takes_keys_and_keeps_late_ones_out) {
    AUTO(cache_free) struct cache *c = filled(100);
    uint64_t turn = cache_turn(c);
    cache_purge(c, ids, 3);
    CHECK(found(c, 1, 100) == N - 4);
    cache_put(c, turn, 1, ids, 3, 100, keys, ok);    /* asked before the purge, answered after it */
    CHECK(found(c, 1, 100) == N - 4);
    cache_put(c, cache_turn(c), 1, ids, 3, 100, keys, ok);
    CHECK(found(c, 1, 100) == N - 1);
    cache_purge_all(c);
    CHECK(found(c, 1, 100) == 0 && !cache_sweep(c, 100));
}

TEST(without_memory) {
    struct cache *c = NULL;
    struct err e;
    for (size_t n = 1; n <= 2; n++) {
        mem_fail_at = n;
        CHECK_CODE(cache_new(&c, &e), E_MEMORY, &e);
    }
}
