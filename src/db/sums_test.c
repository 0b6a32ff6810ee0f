/* sums_test.c — any one changed byte, a changed length and a changed place change the sum. */
#include "db/sums.c"
#include "base/test.h"

TEST(one_changed_byte_changes_the_sum) {
    uint8_t page[4088];
    for (size_t i = 0; i < sizeof page; i++)
        page[i] = (uint8_t)(i * 131 >> 3);
    uint64_t sum = sums_of(page, sizeof page, 7);
    CHECK(sum == sums_of(page, sizeof page, 7));
    CHECK(sum != sums_of(page, sizeof page, 8));
    CHECK(sum != sums_of(page, sizeof page - 1, 7));
    for (size_t i = 0; i < sizeof page; i++)
        for (int bit = 0; bit < 8; bit++) {
            page[i] ^= (uint8_t)(1 << bit);
            CHECK(sums_of(page, sizeof page, 7) != sum);
            page[i] ^= (uint8_t)(1 << bit);
        }
}

TEST(short_texts_differ_from_their_padding) {
    CHECK(sums_of("a", 1, 0) != sums_of("a\0", 2, 0));
    CHECK(sums_of("", 0, 0) != sums_of("\0", 1, 0));
}

TEST(the_sum_is_stable_over_releases) {
    uint8_t bytes[100];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    CHECK(sums_of("sejf", 4, 1) == UINT64_C(0x5c349ec0be74248a));
    CHECK(sums_of(bytes, sizeof bytes, 9) == UINT64_C(0x055aa0756a059610));
    CHECK(all_zero((const uint8_t[8]){ 0 }, 8) && !all_zero((const uint8_t[8]){ 0, 0, 0, 1 }, 8));
}
