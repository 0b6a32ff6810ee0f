/* calling_test.c — every code of the world once, and no code begins with another. */
#include "charter/calling.c"

#include "base/test.h"

TEST(no_code_begins_with_another) {
    const struct calling *all;
    size_t n = calling_all(&all);
    CHECK_INT(n, 216);
    for (size_t i = 0; i < n; i++) {
        CHECK(strlen(all[i].code) >= 1 && strlen(all[i].code) <= 3 && strspn(all[i].code, "0123456789") == strlen(all[i].code) && all[i].code[0] != '0');
        CHECK(strlen(all[i].country) == 2 || *all[i].country == 0);
        for (size_t k = 0; k < n; k++)
            CHECK(i == k || strncmp(all[i].code, all[k].code, strlen(all[i].code)) != 0);
    }
}

TEST(finds_the_code_of_a_number) {
    static const struct { const char *digits, *code, *country; } rows[] = {
        { "48221234567", "48", "PL" }, { "4203", "420", "CZ" }, { "421", "421", "SK" }, { "423", "423", "LI" }, { "383", "383", "XK" }, { "381", "381", "RS" }, { "12125550100", "1", "US" },
        { "77012345678", "7", "RU" }, { "881612345678", "881", "" }, { "39066982", "39", "IT" }, { "379", "379", "VA" },
    };
    static const char *const none[] = { "422", "384", "388", "210", "999", "0", "", "4", "38", "x", "+48", "89", "28", "83", "699" };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct calling *c = calling_of(rows[i].digits);
        CHECK_TEXT(c == NULL ? "none" : c->code, rows[i].code);
        CHECK_TEXT(c == NULL ? "none" : c->country, rows[i].country);
    }
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        CHECK(calling_of(none[i]) == NULL);
}
