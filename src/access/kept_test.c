/* kept_test.c — what a caller points to is there when it is taken out, and belongs to who took it. */
#include "access/kept.c"

#include "base/test.h"

TEST(all_that_a_caller_points_to_comes_with_it) {
    struct level_of list[3] = { { .kind = 1, .level = LEVEL_READ }, { .kind = 2, .level = LEVEL_NONE }, { .kind = 3, .level = LEVEL_WRITE } };
    struct levels levels = { LEVEL_NONE, 3, list };
    int kinds[2] = { 4, 5 };
    struct open_window window = { 7, kinds, 2, 99 };
    struct own_record owned[2] = { { .kind = 8 }, { .kind = 9 } };
    struct caller who = { .tenant = 3, .person = 2, .levels = &levels, .window = &window, .owned = owned, .owned_count = 2, .purpose = "gone" }, got;
    struct kept_caller *k = kept_new(&who);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    CHECK(k != NULL);
    memset(list, 0xee, sizeof list);
    memset(kinds, 0xee, sizeof kinds);
    memset(owned, 0xee, sizeof owned);
    CHECK(kept_get(k, arena, &got));
    mem_free(k);
    CHECK(got.tenant == 3 && got.person == 2 && got.purpose == NULL && got.scope == NULL);
    CHECK(got.levels->all == LEVEL_NONE && got.levels->count == 3 && got.levels->list[0].kind == 1 && got.levels->list[2].level == LEVEL_WRITE);
    CHECK(got.window->number == 7 && got.window->until == 99 && got.window->kinds[1] == 5);
    CHECK(got.owned_count == 2 && got.owned[1].kind == 9);
}

TEST(a_caller_of_nothing_points_to_nothing) {
    struct caller who = { .tenant = 1, .subject_kind = -1 }, got;
    struct levels none = { .all = LEVEL_READ };
    struct open_window all = { .number = 1 };
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    struct kept_caller *k = kept_new(&who);
    CHECK(k != NULL && kept_get(k, arena, &got));
    CHECK(got.levels == NULL && got.window == NULL && got.owned == NULL && got.scope == NULL);
    mem_free(k);
    who.levels = &none;
    who.window = &all;
    k = kept_new(&who);
    CHECK(k != NULL && kept_get(k, arena, &got));
    CHECK(got.levels != NULL && got.levels->all == LEVEL_READ && got.levels->list == NULL && got.window != NULL && got.window->kinds == NULL);
    mem_free(k);
}
