/* addresses_test.c — networks and what lies in them. */
#include "access/addresses.c"

#include "base/test.h"

TEST(an_address_lies_in_its_network) {
    static const struct { const char *list, *address; bool in; } rows[] = {
        { "192.0.2.0/24", "192.0.2.200", true }, { "192.0.2.0/24", "192.0.3.1", false }, { "192.0.2.7", "192.0.2.7", true }, { "192.0.2.7", "192.0.2.8", false },
        { "192.0.2.0/24 2001:db8::/32", "2001:db8:1::5", true }, { "2001:db8::/32", "2001:db9::1", false }, { "2001:db8::/33", "2001:db8:8000::1", false },
        { "192.0.2.0/24", "::ffff:192.0.2.9", true }, { "0.0.0.0/0", "203.0.113.5", true }, { "0.0.0.0/0", "2001:db8::1", false }, { "::/0", "203.0.113.5", true },
        { "192.0.2.0/24", "", false }, { "192.0.2.0/24", NULL, false }, { "192.0.2.0/24", "192.0.2.1 ", false }, { "192.0.2.128/25", "192.0.2.127", false }, { "", "192.0.2.1", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(addresses_match(rows[i].list, rows[i].address) == rows[i].in);
}

TEST(a_list_is_read_or_refused) {
    static const struct { const char *json, *want; } rows[] = {
        { "[\"192.0.2.0/24\", \"2001:db8::/32\"]", "192.0.2.0/24 2001:db8::/32" }, { "[\"192.0.2.1\"]", "192.0.2.1" }, { "[]", NULL }, { "{}", NULL }, { "[1]", NULL },
        { "[\"192.0.2.1/24\"]", NULL }, { "[\"192.0.2.0/33\"]", NULL }, { "[\"host.example\"]", NULL }, { "[\"192.0.2.0/\"]", NULL }, { "[\"192.0.2.0/-1\"]", NULL },
        { "[\"::/129\"]", NULL }, { "[\"192.0.2.0/24 10.0.0.0/8\"]", NULL },
    };
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e;
        const char *got = NULL;
        json_t *list = json_loads(rows[i].json, 0, NULL);
        enum code code = addresses_read(list, arena, &got, &e);
        json_decref(list);
        CHECK((code == OK) == (rows[i].want != NULL));
        if (rows[i].want != NULL)
            CHECK_TEXT(got, rows[i].want);
        else
            CHECK(code == E_FIELDS && strcmp(e.field, "/addresses") == 0);
    }
    const char *any = NULL;
    struct err e;
    CHECK_OK(addresses_read(NULL, arena, &any, &e), &e);
    CHECK_TEXT(any, "");
}
