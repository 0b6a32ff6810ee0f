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

/* None is passed over in silence: a call of more than are taken is an error, so that whoever sent it knows. */
TEST(all_receipts_of_a_call_are_looked_at) {
    static const struct { size_t count; enum code code; } rows[] = { { 1, OK }, { 60, OK }, { RECEIPTS_MOST, OK }, { RECEIPTS_MOST + 1, E_TOO_LARGE } };
    static const struct sms_shape shape = { .told_id = "idx", .told_state = "status", .delivered = "404" };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf ids = BUF(1 << 16), states = BUF(1 << 16);
        json_t *list = json_array();
        for (size_t n = 0; n < rows[i].count; n++) {
            buf_text(&ids, n == 0 ? "x" : ",x");
            buf_text(&states, n == 0 ? "1" : ",1");
            json_array_append_new(list, json_pack("{s:s, s:s}", "idx", "x", "status", "1"));
        }
        struct hook lines = { .shape = &shape, .code = OK }, array = lines;
        receipts_take(&lines, buf_str(&ids), buf_str(&states));
        json_take(&array, list);
        CHECK(lines.code == rows[i].code && array.code == rows[i].code);
        CHECK(lines.count == rows[i].count && array.count == rows[i].count);
        json_decref(list);
    }
}
