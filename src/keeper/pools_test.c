#include "keeper/pools.c"

#include "base/test.h"

static void put(struct pools *p, int64_t tenant, uint32_t month, key_id first, size_t n, usec_t now) {
    static key_id ids[POOL_MOST];
    static struct key keys[POOL_MOST];
    for (size_t i = 0; i < n; i++) {
        ids[i] = first + i;
        memset(&keys[i], (int)((first + i) % 251 + 1), sizeof keys[i]);
    }
    pools_put(p, tenant, month, ids, keys, n, now);
}

/* Takes n; each key must be that of its id. Returns how many came. */
static size_t take(struct pools *p, int64_t tenant, uint32_t month, size_t n, usec_t now, key_id *ids, bool *low) {
    static struct key keys[POOL_MOST];
    size_t got = pools_take(p, tenant, month, n, now, ids, keys, low);
    for (size_t i = 0; i < got; i++)
        CHECK(keys[i].bytes[0] == ids[i] % 251 + 1 && keys[i].bytes[31] == keys[i].bytes[0]);
    return got;
}

TEST(each_key_comes_once_and_to_its_own_pool) {
    AUTO(pools_free) struct pools *p = NULL;
    struct err e;
    static key_id ids[POOL_MOST];
    bool low, seen[100] = { false };
    CHECK_OK(pools_new(&p, &e), &e);
    CHECK(take(p, 1, 5, 3, 1, ids, &low) == 0 && low);
    put(p, 1, 5, 0, 50, 1);
    put(p, 1, 6, 1000, 32, 1);
    put(p, 1, 5, 50, 50, 1);
    for (size_t left = 100; left > 0;) {
        size_t n = take(p, 1, 5, 7, 1, ids, &low);
        CHECK(n == (left < 7 ? left : 7));
        for (size_t i = 0; i < n; i++) {
            CHECK(ids[i] < 100 && !seen[ids[i]]);
            seen[ids[i]] = true;
        }
        left -= n;
    }
    CHECK(take(p, 1, 5, 1, 1, ids, &low) == 0 && take(p, 2, 6, 1, 1, ids, &low) == 0);
    CHECK(take(p, 1, 6, 40, 1, ids, &low) == 32 && ids[0] >= 1000);
}

TEST(a_pool_asks_once_and_grows_while_it_is_used_up_quickly) {
    AUTO(pools_free) struct pools *p = NULL;
    struct err e;
    static key_id ids[POOL_MOST];
    bool low;
    int64_t tenant = 0;
    uint32_t month = 0;
    size_t want = 0, before = 0;
    CHECK_OK(pools_new(&p, &e), &e);
    usec_t now = 100 * USEC_PER_SEC;
    CHECK(!pools_wanting(p, now, &tenant, &month, &want));
    for (int i = 0; i < 9; i++) {
        while (take(p, 3, 4, 16, now, ids, &low) == 16 && !low)
            continue;
        CHECK(low);
        (void)take(p, 3, 4, 16, now, ids, &low);
        CHECK(!low);                         /* somebody was told already */
        CHECK(pools_wanting(p, now, &tenant, &month, &want) && tenant == 3 && month == 4);
        CHECK(!pools_wanting(p, now, &tenant, &month, &want));
        CHECK(want == (i == 0 ? POOL_FIRST : before == POOL_MOST ? POOL_MOST : before * 2));
        before = want;
        put(p, 3, 4, 0, want, now);
        now += USEC_PER_SEC;
    }
    CHECK(before == POOL_MOST);
    now += 2 * IDLE;
    while (!low)
        CHECK(take(p, 3, 4, 16, now, ids, &low) == 16);
    CHECK(pools_wanting(p, now, &tenant, &month, &want) && want == POOL_MOST / 2);
    pools_put(p, 3, 4, NULL, NULL, 0, now);  /* the keeper was away: it asks again */
    (void)take(p, 3, 4, POOL_MOST, now, ids, &low);
    CHECK(low);
}

TEST(the_pool_that_was_used_longest_ago_makes_room) {
    AUTO(pools_free) struct pools *p = NULL;
    struct err e;
    key_id ids[4];
    bool low;
    CHECK_OK(pools_new(&p, &e), &e);
    for (int64_t t = 0; t < (int64_t)POOLS; t++)
        put(p, t, 1, (key_id)t * 10, 4, t + 10);
    CHECK(take(p, 0, 1, 1, 5000, ids, &low) == 1);           /* tenant 0 is used again */
    put(p, -1, 1, 7, 4, 5001);               /* one more than there is room for: tenant 1 goes */
    CHECK(take(p, 0, 1, 4, 5002, ids, &low) == 3 && take(p, -1, 1, 4, 5002, ids, &low) == 4);
    CHECK(take(p, 2, 1, 4, 5002, ids, &low) == 4 && take(p, (int64_t)POOLS - 1, 1, 4, 5002, ids, &low) == 4);
    int64_t tenant = 0;
    key_id gone[8];
    CHECK(pools_idle(p, 0, &tenant, gone, 8) == 4 && tenant == 1);      /* nobody will use its keys */
    for (size_t i = 0; i < 4; i++)
        CHECK(gone[i] >= 10 && gone[i] < 14);
    CHECK(take(p, 1, 1, 4, 5002, ids, &low) == 0);
    CHECK(p->count == POOLS);
}

TEST(keys_that_nobody_takes_are_given_back_once) {
    AUTO(pools_free) struct pools *p = NULL;
    struct err e;
    int64_t tenant = 0;
    key_id ids[POOL_MOST];
    bool low;
    CHECK_OK(pools_new(&p, &e), &e);
    put(p, 5, 1, 100, 40, 10);
    put(p, 6, 1, 200, 40, 20);
    CHECK(take(p, 5, 1, 8, 10, ids, &low) == 8);
    CHECK(pools_idle(p, 9, &tenant, ids, POOL_MOST) == 0);
    CHECK(pools_idle(p, 15, &tenant, ids, POOL_MOST) == 32 && tenant == 5);
    CHECK(pools_idle(p, 15, &tenant, ids, POOL_MOST) == 0);
    CHECK(take(p, 5, 1, 8, 16, ids, &low) == 0 && take(p, 6, 1, 40, 21, ids, &low) == 40);
    put(p, 6, 1, 300, 64, 22);                /* by pieces, when there is little room */
    CHECK(pools_idle(p, 22, &tenant, ids, 40) == 32 && pools_idle(p, 22, &tenant, ids, 40) == 32 && pools_idle(p, 22, &tenant, ids, 40) == 0);
}

TEST(memory_is_bounded_and_may_be_refused) {
    AUTO(pools_free) struct pools *p = NULL;
    struct pools *none = NULL;
    struct err e;
    static key_id ids[POOL_MOST];
    bool low;
    size_t all = 0;
    mem_fail_at = 1;
    CHECK_CODE(pools_new(&none, &e), E_MEMORY, &e);
    CHECK_OK(pools_new(&p, &e), &e);
    mem_fail_at = 1;
    put(p, 1, 1, 0, 64, 1);                  /* no locked memory: these are lost, nothing else */
    CHECK(take(p, 1, 1, 64, 1, ids, &low) == 0);
    for (int64_t t = 0; t < 100; t++)
        put(p, t, 1, 0, POOL_MOST, 1);
    for (int64_t t = 0; t < 100; t++)
        all += take(p, t, 1, POOL_MOST, 1, ids, &low);
    CHECK(all == SLABS * SLAB * CHUNK && p->slabs == SLABS);
}
