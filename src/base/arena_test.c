/* arena_test.c */
#include "base/arena.c"
#include "base/test.h"

TEST(stays_below_its_maximum) {
    AUTO(arena_free) struct arena *a = arena_new(10000);
    size_t got = 0;
    while (arena_get(a, 100) != NULL)
        got += 112;
    CHECK(arena_overflowed(a) && got <= 10000 && got >= 9000);
}

TEST(survives_no_memory_and_overflow) {
    AUTO(arena_free) struct arena *a = arena_new(10000);
    mem_fail_at = 1;
    CHECK(arena_get(a, 8) == NULL && arena_overflowed(a));
    CHECK(arena_get(a, SIZE_MAX) == NULL && arena_array(a, SIZE_MAX / 2, 4) == NULL);
    CHECK_TEXT(arena_printf(a, "%d-%s", 7, "x"), "7-x");
    mem_fail_at = 1;
    CHECK(arena_new(5) == NULL);
}

TEST(rewinds_to_a_mark) {
    AUTO(arena_free) struct arena *a = arena_new(1 << 20);
    struct arena_mark empty = arena_mark(a);
    char *kept = arena_text(a, "kept");
    struct arena_mark mark = arena_mark(a);
    for (int round = 0; round < 50; round++) {
        for (size_t size = 1; size < 30000; size *= 3) {
            unsigned char *p = arena_get(a, size);
            CHECK(p != NULL && p[0] == 0 && p[size - 1] == 0);       /* cleared, though it was used before */
            memset(p, 0xff, size);
            CHECK_TEXT(arena_text_n(a, "text and more", 4), "text");
        }
        arena_rewind(a, mark);
        CHECK_TEXT(kept, "kept");
    }
    CHECK(!arena_overflowed(a));
    size_t total = a->total;
    CHECK(arena_get(a, 1) != NULL && a->total - total <= 16);
    arena_rewind(a, empty);
    CHECK(a->head == NULL && a->total == 0);
    CHECK_TEXT(arena_text(a, "again"), "again");
}
