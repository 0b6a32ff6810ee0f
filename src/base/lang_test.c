/* lang_test.c */
#include "base/lang.c"
#include "base/test.h"

TEST(accepts_the_best_allowed) {
    static const struct { const char *header; unsigned allowed; enum lang want; } row[] = {
        { NULL, 7, LANG_EN }, { "", 7, LANG_EN }, { "pl", 7, LANG_PL }, { "pl-PL,pl;q=0.9", 7, LANG_PL },
        { "en;q=0.3, hu;q=0.8", 7, LANG_HU }, { "de, hu;q=0.1", 7, LANG_HU }, { "pl", 5, LANG_EN },
        { "pl;q=0", 7, LANG_EN }, { "plx", 7, LANG_EN }, { ";;,q=,pl;q=0.05", 7, LANG_PL },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        CHECK(lang_accept(row[i].header, row[i].allowed, LANG_EN) == row[i].want);
}
