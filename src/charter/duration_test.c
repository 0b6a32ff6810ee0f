/* duration_test.c — each case of each language. */
#include "charter/duration.c"
#include "base/test.h"

TEST(declines_durations) {
    static const struct { const char *text, *how, *want[LANG_COUNT]; } row[] = {
        { "1 day", "n", { "1 day", "1 dzień", "1 nap" } },
        { "2 days", "n", { "2 days", "2 dni", "2 nap" } },
        { "1 minute", "n", { "1 minute", "1 minutę", "1 perc" } },
        { "3 minutes", "n", { "3 minutes", "3 minuty", "3 perc" } },
        { "5 minutes", "n", { "5 minutes", "5 minut", "5 perc" } },
        { "12 hours", "n", { "12 hours", "12 godzin", "12 óra" } },
        { "22 hours", "n", { "22 hours", "22 godziny", "22 óra" } },
        { "112 hours", "n", { "112 hours", "112 godzin", "112 óra" } },
        { "1 month", "in", { "1 month", "1 miesiąca", "1 hónapon" } },
        { "72 hours", "in", { "72 hours", "72 godzin", "72 órán" } },
        { "2 weeks", "in", { "2 weeks", "2 tygodni", "2 héten" } },
        { "1 year", "for", { "1 year", "1 rok", "1 évig" } },
        { "4 years", "for", { "4 years", "4 lata", "4 évig" } },
        { "180 days", "after", { "180 days", "180 dniach", "180 nappal" } },
        { "1 year", "after", { "1 year", "1 roku", "1 évvel" } },
        { "3 months", "every", { "every 3 months", "co 3 miesiące", "3 havonta" } },
        { "1 day", "every", { "every day", "codziennie", "naponta" } },
        { "30 seconds", "every", { "every 30 seconds", "co 30 sekund", "30 másodpercenként" } },
        { "4 hours", "to", { "4 hours", "4 godziny", "4 órára" } },
        { "soon", "n", { "soon", "soon", "soon" } },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        for (int l = 0; l < LANG_COUNT; l++) {
            AUTO(buf_done) struct buf out = BUF(256);
            render_duration(row[i].text, row[i].how, (enum lang)l, &out);
            CHECK_TEXT(buf_str(&out), row[i].want[l]);
        }
}

TEST(says_paces) {
    static const struct { const char *text, *want[LANG_COUNT]; } row[] = {
        { "every day", { "every day", "codziennie", "naponta" } },
        { "every 3 hours", { "every 3 hours", "co 3 godziny", "3 óránként" } },
        { "every week", { "every week", "co tydzień", "hetente" } },
        { "2 times a day", { "2 times a day", "2 razy dziennie", "naponta 2 alkalommal" } },
        { "4 times an hour", { "4 times an hour", "4 razy na godzinę", "óránként 4 alkalommal" } },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        for (int l = 0; l < LANG_COUNT; l++) {
            AUTO(buf_done) struct buf out = BUF(256);
            render_pace(row[i].text, (enum lang)l, &out);
            CHECK_TEXT(buf_str(&out), row[i].want[l]);
        }
}
