/* routes_hook_test.c — how several receipts in one call are told apart. The calls themselves: tests/e2e/38-providers. */
#include "api/routes_hook.c"

#include "base/test.h"

TEST(texts_between_commas) {
    const char *at = "a,,bc", *one;
    size_t len;
    CHECK(next_of(&at, &one, &len) && len == 1 && *one == 'a');
    CHECK(next_of(&at, &one, &len) && len == 0);
    CHECK(next_of(&at, &one, &len) && len == 2 && memcmp(one, "bc", 2) == 0);
    CHECK(!next_of(&at, &one, &len) && !next_of(&at, &one, &len));
}

TEST(a_state_is_one_of_the_words) {
    static const struct { const char *words, *word; bool is; } rows[] = {
        { "404 DELIVERED", "404", true }, { "404 DELIVERED", "DELIVERED", true }, { "404 DELIVERED", "DELIVER", false }, { "404 DELIVERED", "", false }, { NULL, "404", false },
        { "404 DELIVERED", "404 DELIVERED", false }, { "404", "4044", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(word_of(rows[i].words, rows[i].word, strlen(rows[i].word)) == rows[i].is);
}
