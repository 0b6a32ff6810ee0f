#include "api/query.c"
#include "base/test.h"

TEST(pairs_are_decoded) {
    AUTO(arena_free) struct arena *a = arena_new(1 << 16);
    struct pairs p = { 0 };
    struct err e;
    const char *text = "limit=10&name=J%C3%B3zef+Ko&flag&a=b=c&&starts.gte=2026-01-01T00%3A00%3A00%2B01:00";
    CHECK_OK(pairs_parse(text, strlen(text), a, &p, &e), &e);
    CHECK_INT(p.count, 5);
    CHECK_TEXT(pairs_get(&p, "limit"), "10");
    CHECK_TEXT(pairs_get(&p, "name"), "J\xc3\xb3zef Ko");
    CHECK_TEXT(pairs_get(&p, "flag"), "");
    CHECK_TEXT(pairs_get(&p, "a"), "b=c");
    CHECK_TEXT(pairs_get(&p, "starts.gte"), "2026-01-01T00:00:00+01:00");
    CHECK(pairs_get(&p, "none") == NULL);
    CHECK_OK(pairs_parse("", 0, a, &p, &e), &e);
    CHECK_INT(p.count, 0);
}

TEST(bad_pairs_are_refused) {
    static const char *const bad[] = { "a=%", "a=%4", "a=%zz", "%00=1", "a=%ff", "a=%c3", "a=%1b" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO(arena_free) struct arena *a = arena_new(1 << 16);
        struct pairs p;
        struct err e;
        CHECK_CODE(pairs_parse(bad[i], strlen(bad[i]), a, &p, &e), E_INVALID, &e);
    }
    AUTO(arena_free) struct arena *a = arena_new(1 << 16);
    char many[2 * (PAIRS_MAX + 1)];
    struct pairs p;
    struct err e;
    for (size_t i = 0; i < sizeof many; i += 2)
        many[i] = 'a', many[i + 1] = '&';
    CHECK_CODE(pairs_parse(many, sizeof many - 1, a, &p, &e), E_INVALID, &e);
    CHECK_OK(pairs_parse(many, sizeof many - 3, a, &p, &e), &e);
}

TEST(paths_are_cut_and_decoded) {
    AUTO(arena_free) struct arena *a = arena_new(1 << 16);
    struct path p;
    struct err e;
    CHECK_OK(path_parse("/v1/a%20b/+", 11, a, &p, &e), &e);
    CHECK(p.count == 3 && strcmp(p.segment[0], "v1") == 0 && strcmp(p.segment[1], "a b") == 0 && strcmp(p.segment[2], "+") == 0);
    CHECK_OK(path_parse("/", 1, a, &p, &e), &e);
    CHECK(p.count == 1 && p.segment[0][0] == 0);
    CHECK_OK(path_parse("/a/", 3, a, &p, &e), &e);
    CHECK(p.count == 2 && p.segment[1][0] == 0);
    static const char *const bad[] = { "", "a", "*", "//", "/a//b", "/a/../b", "/a/%2e%2e/b", "/./a", "/a%2fb", "/a%00", "/a%0a", "/%e9", "/%" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK_CODE(path_parse(bad[i], strlen(bad[i]), a, &p, &e), E_INVALID, &e);
    CHECK_CODE(path_parse("/1/2/3/4/5/6/7/8/9/10/11/12/13", 30, a, &p, &e), E_NOT_FOUND, &e);
}
