#include "records/canon.c"
#include "base/test.h"

TEST(walks_members_in_order) {
    static const char json[] = "{\"a\":\"x,\\\"}\",\"b\":{\"c\":[1,\"]\"]},\"d\":12.5,\"e\":true}";
    static const struct { const char *key, *value; } want[] = { { "a", "\"x,\\\"}\"" }, { "b", "{\"c\":[1,\"]\"]}" }, { "d", "12.5" }, { "e", "true" } };
    struct canon c;
    struct slice k, v;
    CHECK(canon_begin(&c, json, strlen(json)));
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        CHECK(canon_next(&c, &k, &v));
        CHECK(k.len == strlen(want[i].key) && memcmp(k.at, want[i].key, k.len) == 0);
        CHECK(v.len == strlen(want[i].value) && memcmp(v.at, want[i].value, v.len) == 0);
    }
    CHECK(!canon_next(&c, &k, &v) && !c.bad);
}

/* Strings of any make, walked over: quotes and backslashes wherever they fall, and every prefix of the object refused. */
TEST(walks_over_any_string) {
    static const char *const pieces[] = { "a", "\"", "\\", ",", ":", "{", "}", "]", "long and plain text, ", "\\\"", "\n", "\x01", "ł", "\",\"b\":" };
    AUTO(buf_done) struct buf text = BUF(4096), object = BUF(16384);
    AUTO(arena_free) struct arena *a = arena_new((size_t)64 << 20);
    uint32_t seed = 7;
    for (int round = 0; round < 3000; round++) {
        struct canon c;
        struct slice k, v = { NULL, 0 };
        buf_cut(&text, 0);
        buf_cut(&object, 0);
        for (size_t i = (seed = seed * 1664525u + 1013904223u) >> 27; i > 0; i--) {
            seed = seed * 1664525u + 1013904223u;
            buf_text(&text, pieces[(seed >> 8) % ARRAY_LEN(pieces)]);
        }
        buf_text(&object, "{\"a\":");
        canon_text(&object, buf_str(&text), text.len);
        buf_text(&object, ",\"b\":1}");
        struct arena_mark mark = arena_mark(a);
        CHECK(canon_begin(&c, object.data, object.len) && canon_next(&c, &k, &v) && k.len == 1 && k.at[0] == 'a');
        CHECK_TEXT(canon_string(a, v), buf_str(&text));
        CHECK(canon_next(&c, &k, &v) && k.at[0] == 'b' && v.len == 1 && !canon_next(&c, &k, &v) && !c.bad);
        for (size_t cut = 6; cut < object.len - 4; cut++) {
            char *copy = arena_text_n(a, object.data, cut);
            CHECK(copy != NULL);
            copy[cut - 1] = '}';
            if (canon_begin(&c, copy, cut))
                while (canon_next(&c, &k, &v))
                    CHECK(k.at + k.len < copy + cut && v.at + v.len < copy + cut);
        }
        arena_rewind(a, mark);
    }
}

TEST(refuses_what_is_cut_or_bent) {
    static const char *const rows[] = { "{\"a\":\"x}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":[1}", "{\"a\":\"x\"1}", "{\"a\":1]}" };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct canon c;
        struct slice k, v;
        bool begun = canon_begin(&c, rows[i], strlen(rows[i]));
        while (begun && canon_next(&c, &k, &v))
            ;
        CHECK(!begun || c.bad);
    }
    CHECK(!canon_begin(&(struct canon){ 0 }, "[]", 2));
}

TEST(text_comes_back) {
    static const char *const rows[] = { "", "Zażółć \"gęślą\" \\ jaźń", "line\nbreak\ttab", "\x01\x1f end", "\\\\\"\"" };
    AUTO(arena_free) struct arena *a = arena_new(1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf b = BUF(1000);
        canon_text(&b, rows[i], strlen(rows[i]));
        char *back = canon_string(a, (struct slice){ b.data, b.len });
        CHECK(back != NULL);
        CHECK_TEXT(back, rows[i]);
    }
    CHECK(canon_string(a, (struct slice){ "12", 2 }) == NULL);
    CHECK(canon_string(a, (struct slice){ "\"\\q\"", 4 }) == NULL);
    CHECK(canon_string(a, (struct slice){ "\"\\u00\"", 6 }) == NULL);
}

TEST(member_by_name) {
    struct slice v;
    CHECK(canon_get("{\"a\":1,\"ab\":\"x\"}", 16, "ab", &v) && v.len == 3);
    CHECK(!canon_get("{\"a\":1}", 7, "b", &v));
    CHECK(canon_look("{\"a\":1}", 7, "b", &v) && v.len == 0 && canon_look("{\"a\":1}", 7, "a", &v) && v.len == 1);
    CHECK(canon_look("{}", 2, "b", &v) && v.len == 0 && !canon_look("{\"a\":}", 6, "b", &v) && !canon_look("[]", 2, "b", &v));
}
