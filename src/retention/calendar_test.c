/* calendar_test.c — due dates against a second calendar that knows nothing of the first: it goes day by day, and finds an instant by asking the C
 * library for the local time of one instant after the other. Leap days, ends of months and years, and both changes of the clocks are among
 * what is tried, each as often as the seed brings it. */
#include <stdlib.h>
#include <time.h>

#include "base/test.h"
#include "base/time.h"

struct day { int year, month, day; };
static bool leap(int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; }
static int days_in(int y, int m) { return m == 2 ? 28 + leap(y) : m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31; }
static void next_day(struct day *d) {
    if (++d->day <= days_in(d->year, d->month))
        return;
    d->day = 1;
    if (++d->month > 12) {
        d->month = 1;
        d->year++;
    }
}

static int64_t local_seconds(const struct tm *t) {      /* of the wall clock, as one number that only grows with it */
    return ((((int64_t)t->tm_year + 1900) * 12 + t->tm_mon) * 31 + t->tm_mday - 1) * 86400 + t->tm_hour * 3600 + t->tm_min * 60 + t->tm_sec;
}
static int64_t wall(time_t at) {
    struct tm t;
    CHECK(localtime_r(&at, &t) != NULL);
    return local_seconds(&t);
}

/* The first instant whose wall clock shows that time, or, where a jump skips it, one behind it: looked for second by second of UTC around the day. */
static time_t instant_of(const struct day *d, int second) {
    const struct tm wanted = { .tm_year = d->year - 1900, .tm_mon = d->month - 1, .tm_mday = d->day, .tm_hour = second / 3600, .tm_min = second / 60 % 60, .tm_sec = second % 60 };
    struct tm utc = wanted;
    const int64_t want = local_seconds(&wanted);
    time_t at = timegm(&utc) - 4 * 3600;       /* both zones lie within three hours of UTC, to its east */
    while (wall(at) < want)
        at += wall(at + 900) < want ? 900 : 1;
    return at;
}

static time_t slow_due(time_t from, const struct span *s) {
    struct tm t;
    CHECK(localtime_r(&from, &t) != NULL);
    struct day d = { t.tm_year + 1900, t.tm_mon + 1, t.tm_mday };
    const int second = t.tm_hour * 3600 + t.tm_min * 60 + t.tm_sec;
    for (int i = 0; i < s->years * 12 + s->months; i++)
        if (++d.month > 12) {
            d.month = 1;
            d.year++;
        }
    if (d.day > days_in(d.year, d.month))
        d.day = days_in(d.year, d.month);
    for (int i = 0; i < s->weeks * 7 + s->days; i++)
        next_day(&d);
    return instant_of(&d, second);
}

static time_t slow_end(time_t from, char unit) {
    struct tm t;
    CHECK(localtime_r(&from, &t) != NULL);
    struct day d = { t.tm_year + 1900, t.tm_mon + 1, t.tm_mday };
    const struct day first = d;
    do
        next_day(&d);
    while ((unit == 'm' && d.month == first.month) || (unit == 'y' && d.year == first.year));
    return instant_of(&d, 0);
}

static uint64_t seed;
static uint64_t draw(uint64_t below) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

/* Near a change of the clocks, the end of a month or of a year as often as anywhere else. */
static time_t draw_anchor(void) {
    static const char *const near[] = { "2027-03-28T00:59:59Z", "2027-10-31T00:59:59Z", "2028-02-28T22:59:59Z", "2028-02-29T12:00:00Z", "2026-12-31T22:59:59Z", "2027-01-31T10:00:00Z", "2099-12-31T23:30:00Z" };
    usec_t at;
    if (draw(2) == 0)
        return (time_t)(1767225600 + draw((uint64_t)40 * 366 * 86400));
    CHECK(time_parse(near[draw(ARRAY_LEN(near))], &at));
    return (time_t)(at / USEC_PER_SEC) + (time_t)draw(2 * 86400) - 86400;
}

static struct span draw_span(void) {
    switch (draw(4)) {
    case 0: return (struct span){ .days = (int)draw(400) };
    case 1: return (struct span){ .months = (int)draw(30) };
    case 2: return (struct span){ .years = (int)draw(9) };
    default: return (struct span){ .weeks = (int)draw(60) };
    }
}

static void compare(const char *name) {
    AUTO(zone_free) struct zone *zone = NULL;
    struct err e;
    CHECK_OK(zone_open(name, &zone, &e), &e);
    CHECK(setenv("TZ", name, 1) == 0);
    tzset();
    seed = UINT64_C(0x9e3779b97f4a7c15);
    for (int i = 0; i < 500; i++) {
        static const char units[] = { 0, 'd', 'm', 'y' };
        const char unit = units[draw(4)];
        const struct span span = draw_span();
        time_t from = draw_anchor();
        usec_t fast = (usec_t)from * USEC_PER_SEC;
        if (unit != 0) {
            fast = zone_end_of(zone, fast, unit);
            from = slow_end(from, unit);
            CHECK_INT(fast / USEC_PER_SEC, from);
        }
        const usec_t due = zone_add(zone, fast, &span, 1);
        const time_t slow = span.days + span.weeks + span.months + span.years == 0 ? from : slow_due(from, &span);
        CHECK_INT(due / USEC_PER_SEC, slow);
        /* What counts from an event that is put off by a day goes no sooner, but for the hour of a change of the clocks. */
        CHECK(zone_add(zone, fast + USEC_PER_DAY, &span, 1) >= due - USEC_PER_HOUR);
    }
}

TEST(due_dates_are_those_of_a_calendar_that_goes_day_by_day) {
    compare("Europe/Warsaw");
    compare("Europe/Budapest");
    compare("Europe/London");
}
