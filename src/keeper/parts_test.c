/* parts_test.c — keys of many buckets asked for in one request, in any order, among ids that open nothing. */
#include "keeper/parts.c"

#include "keeper/testplace.h"

enum { BUCKETS = 3, EACH = 320, FOREIGN = 32, ALL = BUCKETS * EACH + FOREIGN };
struct asked { key_id ids[ALL]; struct key keys[ALL]; bool opens[ALL]; };

static uint32_t some(uint32_t below) {
    uint32_t r;
    crypto_random(&r, sizeof r);
    return r % below;
}

static void swap(struct asked *a, size_t i, size_t j) {
    const key_id id = a->ids[i];
    const struct key key = a->keys[i];
    const bool opens = a->opens[i];
    a->ids[i] = a->ids[j];
    a->keys[i] = a->keys[j];
    a->opens[i] = a->opens[j];
    a->ids[j] = id;
    a->keys[j] = key;
    a->opens[j] = opens;
}

static void check_all(struct keyring *k, const struct asked *a, size_t count) {
    static struct key got[ALL];
    static bool ok[ALL];
    struct err e;
    memset(ok, 1, sizeof ok);
    CHECK_OK(keyring_unwrap(k, 7, a->ids, count, got, ok, &e), &e);
    for (size_t i = 0; i < count; i++) {
        CHECK(ok[i] == a->opens[i]);
        CHECK(!ok[i] || memcmp(&got[i], &a->keys[i], sizeof got[i]) == 0);
    }
}

TEST(keys_of_many_buckets_open_in_any_order) {
    AUTO(place_done) struct place p;
    static struct asked a;
    static const struct key zero[RUN_KEYS];
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    for (uint32_t b = 0; b < BUCKETS; b++)
        make(k, 7, 100 + b, EACH, a.ids + (size_t)b * EACH, a.keys + (size_t)b * EACH);
    make(k, 8, 100, FOREIGN, a.ids + BUCKETS * EACH, a.keys + BUCKETS * EACH);       /* another tenant's */
    for (size_t i = 0; i < ALL; i++)
        a.opens[i] = i < (size_t)BUCKETS * EACH;
    for (size_t i = 5; i < (size_t)BUCKETS * EACH; i += 37) {
        destroy(k, 7, &a.ids[i], 1);
        a.opens[i] = false;
    }
    a.ids[9] = a.ids[BUCKETS * EACH - 1] + 4000;     /* never given out, in a bucket and in none */
    a.ids[10] = UINT64_MAX;
    a.opens[9] = a.opens[10] = false;
    check_all(k, &a, ALL);                           /* in their order: runs longer than RUN_KEYS */
    for (int round = 0; round < 20; round++) {
        for (uint32_t i = ALL - 1; i > 0; i--)
            if (round % 2 == 0 || some(20) == 0)     /* all jumbled, and nearly in order */
                swap(&a, i, some(i + 1));
        check_all(k, &a, 1 + some(ALL));
    }
    CHECK(memcmp(k->secret->work, zero, sizeof zero) == 0);
}

/* A wrapped key that was altered does not open; those beside it in the same run do. */
TEST(a_damaged_key_closes_itself_alone) {
    AUTO(place_done) struct place p;
    key_id ids[64];
    struct key keys[64], got[64];
    struct wrapped block[BLOCK_KEYS];
    bool ok[64], there = false;
    struct err e;
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    make(k, 7, 100, 64, ids, keys);
    CHECK_OK(rows_block(k->db, ids[0] / BLOCK_KEYS, block, &there, &e), &e);
    block[3].bytes[11] ^= 4;
    CHECK_OK(keyring_write(k, &e), &e);
    CHECK_OK(rows_block_set(k, ids[0] / BLOCK_KEYS, block, &e), &e);
    CHECK_OK(keyring_commit(k, &e), &e);
    CHECK_OK(keyring_unwrap(k, 7, ids, 64, got, ok, &e), &e);
    for (size_t i = 0; i < 64; i++)
        CHECK(ok[i] == (i != 3) && (i == 3 || memcmp(&got[i], &keys[i], sizeof got[i]) == 0));
}
