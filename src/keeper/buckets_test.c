#include "keeper/buckets.c"

#include "base/test.h"

static void add(struct buckets *t, uint64_t id, int64_t tenant, uint32_t month) {
    struct err e;
    CHECK_OK(buckets_add(t, &(struct bucket){ .id = id, .tenant = tenant, .month = month }, &e), &e);
}

static uint64_t newest(const struct buckets *t, int64_t tenant, uint32_t month) {
    const struct bucket *b = buckets_newest(t, tenant, month);
    return b == NULL ? 0 : b->id;
}

static void drop(struct buckets *t, uint64_t id) {
    struct bucket *b = buckets_find(t, id);
    CHECK(b != NULL);
    if (b != NULL)
        b->dropped = true;
    buckets_compact(t);
}

TEST(the_newest_of_each_tenant_and_month_is_found) {
    struct buckets t = { 0 };
    CHECK(buckets_newest(&t, 1, 1) == NULL && buckets_find(&t, 1) == NULL);
    for (uint64_t id = 1; id <= 3000; id++)
        add(&t, id * 2, (int64_t)(id % 50), (uint32_t)(id % 12));
    for (int64_t tenant = 0; tenant < 50; tenant++)
        for (uint32_t month = 0; month < 12; month++) {
            uint64_t want = 0;
            for (uint64_t id = 1; id <= 3000; id++)
                if ((int64_t)(id % 50) == tenant && id % 12 == month)
                    want = id * 2;
            CHECK(newest(&t, tenant, month) == want);
        }
    for (uint64_t id = 0; id <= 6001; id++)
        CHECK((buckets_find(&t, id) != NULL) == (id != 0 && id % 2 == 0 && id <= 6000));
    buckets_done(&t);
}

TEST(dropped_ones_leave_and_the_one_before_is_the_newest_again) {
    struct buckets t = { 0 };
    add(&t, 1, 7, 3);
    add(&t, 2, 7, 3);
    add(&t, 3, 8, 3);
    drop(&t, 2);
    CHECK(t.count == 2 && buckets_find(&t, 2) == NULL && newest(&t, 7, 3) == 1 && newest(&t, 8, 3) == 3);
    drop(&t, 1);
    CHECK(newest(&t, 7, 3) == 0);
    buckets_done(&t);
}

TEST(no_memory_leaves_the_table_as_it_was) {
    struct buckets t = { 0 };
    struct err e;
    for (uint64_t id = 1; id <= 64; id++)
        add(&t, id, 1, (uint32_t)id);
    for (size_t n = 1; n <= 2; n++) {
        mem_fail_at = n;
        CHECK_CODE(buckets_add(&t, &(struct bucket){ .id = 65 }, &e), E_MEMORY, &e);
        CHECK(t.count == 64 && newest(&t, 1, 9) == 9);
    }
    add(&t, 65, 1, 65);
    CHECK(newest(&t, 1, 65) == 65);
    buckets_done(&t);
}
