/* say_test.c — a designer, a Pole and a Hungarian read these rows. */
#include "base/say.c"
#include "base/test.h"

TEST(dates_in_three_languages) {
    static const struct { int y, m, d; const char *date[3], *until[3]; } row[] = {
        { 2027, 6, 3, { "3 June 2027", "3 czerwca 2027", "2027. június 3." }, { "until 3 June 2027", "do 3 czerwca 2027", "2027. június 3-ig" } },
        { 2026, 1, 31, { "31 January 2026", "31 stycznia 2026", "2026. január 31." }, { "until 31 January 2026", "do 31 stycznia 2026", "2026. január 31-ig" } },
        { 2028, 10, 1, { "1 October 2028", "1 października 2028", "2028. október 1." }, { "until 1 October 2028", "do 1 października 2028", "2028. október 1-ig" } },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        for (int l = 0; l < LANG_COUNT; l++) {
            AUTO(buf_done) struct buf b = BUF(256), u = BUF(256);
            struct civil c = { .year = row[i].y, .month = row[i].m, .day = row[i].d };
            say_date(&b, (enum lang)l, &c);
            say_until(&u, (enum lang)l, &c);
            CHECK_TEXT(buf_str(&b), row[i].date[l]);
            CHECK_TEXT(buf_str(&u), row[i].until[l]);
            buf_done(&u);
        }
}

TEST(moments_show_the_wall_clock) {
    static const char *const want[] = { "3 June 2027, 09:05", "3 czerwca 2027, 09:05", "2027. június 3. 09:05" };
    for (int l = 0; l < LANG_COUNT; l++) {
        AUTO(buf_done) struct buf b = BUF(256);
        say_moment(&b, (enum lang)l, &(struct civil){ .year = 2027, .month = 6, .day = 3, .hour = 9, .minute = 5 });
        CHECK_TEXT(buf_str(&b), want[l]);
    }
}

TEST(plural_rows) {
    static const struct noun day = NOUN("day", "days", "dzień", "dni", "dni", "nap");
    static const struct noun month_ = NOUN("month", "months", "miesiąc", "miesiące", "miesięcy", "hónap");
    static const struct { int64_t n; const char *en, *pl, *hu; } row[] = {
        { 0, "months", "miesięcy", "hónap" }, { 1, "month", "miesiąc", "hónap" }, { 2, "months", "miesiące", "hónap" },
        { 4, "months", "miesiące", "hónap" }, { 5, "months", "miesięcy", "hónap" }, { 11, "months", "miesięcy", "hónap" },
        { 12, "months", "miesięcy", "hónap" }, { 14, "months", "miesięcy", "hónap" }, { 21, "months", "miesięcy", "hónap" },
        { 22, "months", "miesiące", "hónap" }, { 111, "months", "miesięcy", "hónap" }, { 112, "months", "miesięcy", "hónap" },
        { 122, "months", "miesiące", "hónap" }, { -1, "month", "miesiąc", "hónap" }, { INT64_MIN, "months", "miesięcy", "hónap" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        CHECK_TEXT(noun_form(&month_, LANG_EN, row[i].n), row[i].en);
        CHECK_TEXT(noun_form(&month_, LANG_PL, row[i].n), row[i].pl);
        CHECK_TEXT(noun_form(&month_, LANG_HU, row[i].n), row[i].hu);
    }
    AUTO(buf_done) struct buf b = BUF(64);
    say_count(&b, LANG_PL, 1, &day);
    buf_text(&b, ", ");
    say_count(&b, LANG_PL, 2, &day);
    CHECK_TEXT(buf_str(&b), "1 dzień, 2 dni");
}

TEST(spans_in_three_languages) {
    static const struct { struct span s; const char *want[3]; } row[] = {
        { { .days = 180 }, { "180 days", "180 dni", "180 nap" } },
        { { .days = 1 }, { "1 day", "1 dzień", "1 nap" } },
        { { .years = 5 }, { "5 years", "5 lat", "5 év" } },
        { { .years = 2, .months = 3 }, { "2 years and 3 months", "2 lata i 3 miesiące", "2 év és 3 hónap" } },
        { { .weeks = 1, .hours = 22, .minutes = 1 }, { "1 week, 22 hours and 1 minute", "1 tydzień, 22 godziny i 1 minuta", "1 hét, 22 óra és 1 perc" } },
        { { 0 }, { "", "", "" } },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        for (int l = 0; l < LANG_COUNT; l++) {
            AUTO(buf_done) struct buf b = BUF(256);
            say_span(&b, (enum lang)l, &row[i].s);
            CHECK_TEXT(buf_str(&b), row[i].want[l]);
        }
}

TEST(a_sentence_ends_once) {
    static const struct { const char *sentence, *arg, *want; } rows[] = {
        { "Run by {1}.", "Test sp. z o.o.", "Run by Test sp. z o.o." }, { "{1}. Then.", "2026. november 22.", "2026. november 22. Then." }, { "{1}...", "etc.", "etc...." },
        { "Run by {1}.", "Test", "Run by Test." }, { "{1}.", "", "." } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf b = BUF(1000);
        say_plain(&b, rows[i].sentence, SAY_ARGS(rows[i].arg));
        CHECK_TEXT(buf_str(&b), rows[i].want);
    }
}

TEST(sentences_are_escaped_whole) {
    static const struct { const char *sentence, *one, *two, *html, *plain; } row[] = {
        { "until {1}: {2}", "<b>", "\"&'", "until &lt;b&gt;: &quot;&amp;&#39;", "until <b>: \"&'" },
        { "{2}{1}", "a", "b", "ba", "ba" },
        { "no place < here", "a", "b", "no place &lt; here", "no place < here" },
        { "{3}|{0}|{x", "a", "b", "|{0}|{x", "|{0}|{x" },
        { "by {1}. {2}.", "2026. június 3.", "Kft.", "by 2026. június 3. Kft.", "by 2026. június 3. Kft." },   /* one full stop ends both */
        { "{1}... {2}", "a.", ".", "a.... .", "a.... ." },
        { "{1}", "{2}", "b", "{2}", "{2}" },              /* an argument is never read as a sentence */
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf h = BUF(256);
        AUTO(buf_done) struct buf p = BUF(256);
        say_html(&h, row[i].sentence, SAY_ARGS(row[i].one, row[i].two));
        say_plain(&p, row[i].sentence, SAY_ARGS(row[i].one, row[i].two));
        CHECK_TEXT(buf_str(&h), row[i].html);
        CHECK_TEXT(buf_str(&p), row[i].plain);
    }
}
