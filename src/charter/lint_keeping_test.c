/* lint_keeping_test.c — percentages are exact and windows are days. */
#include "charter/lint_keeping.c"
#include "base/test.h"

TEST(reads_percentages_exactly) {
    static const struct { const char *text; int64_t want; } row[] = {
        { "99.98 %", 999800 }, { "99.98 % of every calendar year", 999800 }, { "99%", 990000 }, { "100 %", 1000000 }, { "99.9999 %", 999999 },
        { "0 %", 0 }, { "99.5 % of every calendar month", 995000 },
        { "101 %", -1 }, { "99.99999 %", -1 }, { "99. %", -1 }, { "ninety %", -1 }, { "99.98", -1 }, { "", -1 }, { "100.5 %", -1 }, { "0999 %", -1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        int64_t got = -1;
        if (!share_of(row[i].text, &got))
            got = -1;
        CHECK_INT(got, row[i].want);
    }
}

TEST(windows_are_days) {
    CHECK(window_days("99.98 % of every calendar year") == 365);
    CHECK(window_days("99.98 % of every calendar quarter") == 90);
    CHECK(window_days("99.98 % of every calendar month") == 30);
    CHECK(window_days("99.98 %") == 0);
}
