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
}
