/* remind_text_test.c — the hour at which a reminder goes, also over the nights in which clocks are changed, and what stands in it. */
#include "messages/remind_text.c"

#include <string.h>

#include "base/test.h"

static usec_t at(const struct zone *z, int year, int month, int day, int hour, int minute) {
    const struct civil c = { .year = year, .month = month, .day = day, .hour = hour, .minute = minute };
    return zone_instant(z, &c);
}

struct when { int month, day, hour, minute; };
TEST(a_reminder_goes_at_a_decent_hour) {
    static const struct { struct span before; bool date; int from, until; struct when anchor, due; } rows[] = {
        { { .hours = 24 }, false, 480, 1260, { 11, 24, 14, 30 }, { 11, 23, 14, 30 } }, { { .hours = 24 }, false, 480, 1260, { 11, 24, 8, 0 }, { 11, 23, 8, 0 } },
        { { .hours = 24 }, false, 480, 1260, { 11, 24, 7, 59 }, { 11, 22, 20, 0 } },        /* before the night, not in it */
        { { .hours = 24 }, false, 480, 1260, { 11, 24, 21, 0 }, { 11, 23, 20, 0 } }, { { .hours = 24 }, false, 480, 1260, { 11, 24, 20, 59 }, { 11, 23, 20, 59 } },
        { { .hours = 2 }, false, 480, 1260, { 11, 24, 9, 0 }, { 11, 23, 20, 0 } }, { { .hours = 12 }, false, 480, 1260, { 11, 24, 12, 0 }, { 11, 23, 20, 0 } },
        { { .minutes = 30 }, false, 480, 1260, { 11, 24, 23, 45 }, { 11, 24, 20, 0 } }, { { .days = 1 }, true, 480, 1260, { 11, 24, 0, 0 }, { 11, 23, 8, 0 } },
        { { .hours = 24 }, false, 0, 1440, { 11, 24, 3, 0 }, { 11, 23, 3, 0 } }, { { .hours = 24 }, false, 570, 1080, { 11, 24, 18, 0 }, { 11, 23, 17, 0 } },
        /* Warsaw, 2026-10-25: 03:00 summer time becomes 02:00. Hours are elapsed, days keep the clock. */
        { { .hours = 24 }, false, 480, 1260, { 10, 25, 10, 0 }, { 10, 24, 11, 0 } }, { { .days = 1 }, false, 480, 1260, { 10, 25, 10, 0 }, { 10, 24, 10, 0 } },
        { { .hours = 2 }, false, 480, 1260, { 10, 25, 5, 0 }, { 10, 24, 20, 0 } }, { { .hours = 24 }, false, 480, 1260, { 10, 26, 7, 30 }, { 10, 24, 20, 0 } },
        /* 2026-03-29: 02:00 becomes 03:00. */
        { { .hours = 24 }, false, 480, 1260, { 3, 29, 9, 0 }, { 3, 28, 8, 0 } }, { { .hours = 24 }, false, 480, 1260, { 3, 29, 8, 30 }, { 3, 27, 20, 0 } },
    };
    AUTO(zone_free) struct zone *z = NULL;
    struct err e;
    CHECK_OK(zone_open("Europe/Warsaw", &z, &e), &e);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct remind r = { .before = rows[i].before, .from = rows[i].from, .until = rows[i].until };
        const struct when *a = &rows[i].anchor, *d = &rows[i].due;
        usec_t due = remind_due(&r, rows[i].date, z, at(z, 2026, a->month, a->day, a->hour, a->minute)), again;
        struct civil c = zone_civil(z, due);
        if (c.month != d->month || c.day != d->day || c.hour != d->hour || c.minute != d->minute)
            fprintf(stderr, "row %zu: %02d-%02d %d:%02d\n", i, c.month, c.day, c.hour, c.minute);
        CHECK(c.month == d->month && c.day == d->day && c.hour == d->hour && c.minute == d->minute);
        CHECK(remind_hour(&r, z, due, &again));
    }
}

TEST(who_books_in_the_evening_is_reminded_in_the_morning) {
    static const struct { struct span before; bool date; struct when anchor, created; bool ever; struct when due; } rows[] = {
        /* on Wednesday at 7:00, a day before: on Monday at 20:00, and the night before on Tuesday at 8:00 */
        { { .hours = 24 }, false, { 11, 25, 7, 0 }, { 11, 20, 12, 0 }, true, { 11, 23, 20, 0 } }, { { .hours = 24 }, false, { 11, 25, 7, 0 }, { 11, 23, 20, 0 }, true, { 11, 23, 20, 0 } },
        { { .hours = 24 }, false, { 11, 25, 7, 0 }, { 11, 23, 20, 5 }, true, { 11, 24, 8, 0 } }, { { .hours = 24 }, false, { 11, 25, 7, 0 }, { 11, 24, 6, 59 }, true, { 11, 24, 8, 0 } },
        { { .hours = 24 }, false, { 11, 25, 7, 0 }, { 11, 24, 7, 1 }, false, { 0 } },
        { { .hours = 2 }, false, { 11, 25, 7, 0 }, { 11, 24, 20, 5 }, true, { 11, 24, 20, 5 } },      /* the morning would be too late */
        { { .hours = 24 }, false, { 11, 25, 12, 0 }, { 11, 24, 12, 0 }, true, { 11, 24, 12, 0 } }, { { .hours = 24 }, false, { 11, 25, 12, 0 }, { 11, 24, 12, 1 }, false, { 0 } },
        { { .days = 1 }, true, { 11, 25, 0, 0 }, { 11, 24, 7, 59 }, true, { 11, 24, 8, 0 } }, { { .days = 1 }, true, { 11, 25, 0, 0 }, { 11, 24, 8, 1 }, false, { 0 } },
    };
    AUTO(zone_free) struct zone *z = NULL;
    struct err e;
    CHECK_OK(zone_open("Europe/Warsaw", &z, &e), &e);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct remind r = { .before = rows[i].before, .from = 480, .until = 1260 };
        const struct when *a = &rows[i].anchor, *c = &rows[i].created, *d = &rows[i].due;
        usec_t due = 0;
        bool ever = remind_due_for(&r, rows[i].date, z, at(z, 2026, a->month, a->day, a->hour, a->minute), at(z, 2026, c->month, c->day, c->hour, c->minute), &due);
        if (ever != rows[i].ever || (ever && due != at(z, 2026, d->month, d->day, d->hour, d->minute)))
            fprintf(stderr, "row %zu\n", i);
        CHECK(ever == rows[i].ever && (!ever || due == at(z, 2026, d->month, d->day, d->hour, d->minute)));
    }
}

TEST(nobody_is_reminded_at_night) {
    static const struct { struct when now; bool may; struct when again; } rows[] = {
        { { 11, 23, 8, 0 }, true, { 0 } }, { { 11, 23, 20, 59 }, true, { 0 } }, { { 11, 23, 21, 0 }, false, { 11, 24, 8, 0 } }, { { 11, 23, 0, 0 }, false, { 11, 23, 8, 0 } },
        { { 11, 23, 7, 59 }, false, { 11, 23, 8, 0 } }, { { 10, 24, 23, 30 }, false, { 10, 25, 8, 0 } }, { { 12, 31, 22, 0 }, false, { 1, 1, 8, 0 } },
    };
    const struct remind r = { .from = 480, .until = 1260 };
    AUTO(zone_free) struct zone *z = NULL;
    struct err e;
    CHECK_OK(zone_open("Europe/Warsaw", &z, &e), &e);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct when *n = &rows[i].now, *a = &rows[i].again;
        usec_t again = 0;
        CHECK(remind_hour(&r, z, at(z, 2026, n->month, n->day, n->hour, n->minute), &again) == rows[i].may);
        CHECK(rows[i].may ? again == 0 : again == at(z, a->month == 1 ? 2027 : 2026, a->month, a->day, a->hour, a->minute));
    }
}

TEST(a_reminder_holds_the_time_and_what_the_charter_lets_it) {
    static const char *const options[] = { "a" };
    struct field fields[] = { { .name = "starts", .type = T_TIME }, { .name = "phone", .type = T_PHONE }, { .name = "place", .type = T_TEXT }, { .name = "note", .type = T_TEXT }, { .name = "state", .type = T_ONE_OF, .options = options, .option_count = 1 } };
    struct kind k = { .fields = fields, .field_count = ARRAY_LEN(fields), .remind = { .said = true, .only = true, .fields = 2, .anchor = 0 } };
    static const struct { enum lang lang; const char *subject, *text, *when, *day; } rows[] = {
        { LANG_EN, "Reminder", "Reminder: {{when}}", "24 November 2026, 9:05", "24 November 2026" },
        { LANG_PL, "Przypomnienie", "Przypomnienie: {{when}}", "24.11.2026, godz. 9:05", "24.11.2026" },
        { LANG_HU, "Emlékeztető", "Ne feledje: {{when}}", "2026.11.24. 9:05", "2026.11.24." },
    };
    AUTO(zone_free) struct zone *z = NULL;
    struct err e;
    CHECK_OK(zone_open("Europe/Warsaw", &z, &e), &e);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf subject = BUF(100), text = BUF(200), more = BUF(200), when = BUF(100), day = BUF(100);
        k.remind.fields = 2;
        remind_text(&k, rows[i].lang, &subject, &text);
        CHECK_TEXT(buf_str(&subject), rows[i].subject);
        CHECK_TEXT(buf_str(&text), rows[i].text);
        for (const char *p = buf_str(&text); *p != 0; p++)
            CHECK((unsigned char)*p < 0x80);                        /* one message of 160 letters */
        k.remind.fields = 1 | 2 | 4;
        buf_cut(&subject, 0);
        remind_text(&k, rows[i].lang, &subject, &more);
        CHECK(strncmp(buf_str(&more), rows[i].text, strlen(rows[i].text)) == 0);
        CHECK_TEXT(buf_str(&more) + strlen(rows[i].text), ", {{place}}");
        remind_when(z, false, at(z, 2026, 11, 24, 9, 5), rows[i].lang, &when);
        remind_when(z, true, at(z, 2026, 11, 24, 0, 0), rows[i].lang, &day);
        CHECK_TEXT(buf_str(&when), rows[i].when);
        CHECK_TEXT(buf_str(&day), rows[i].day);
    }
    k.remind.only = false;                   /* then nothing but the time by itself: a template says the rest */
    CHECK(!remind_tells(&k, 2));
}
