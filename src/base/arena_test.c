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
