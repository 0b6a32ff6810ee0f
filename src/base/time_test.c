/* time_test.c — includes both halves of time.h. */
#include "base/time.c"
#include "base/zone.c"
#include "base/test.h"

static usec_t at(const char *text) {
    usec_t t = 0;
    CHECK(time_parse(text, &t));
    return t;
}

TEST(reads_and_writes_rfc3339) {
    static const struct { const char *in, *want; } row[] = {
        { "2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z" }, { "2026-11-22T10:00:00+01:00", "2026-11-22T09:00:00Z" },
        { "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z" }, { "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z" },
        { "2024-02-29T12:00:00.123456789-00:30", "2024-02-29T12:30:00.123456Z" }, { "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z" },
    };
    char buf[40];
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        CHECK_TEXT(time_format(at(row[i].in), buf, sizeof buf), row[i].want);
    static const char *const bad[] = { "", "2026", "2026-02-29T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T10:00:00", "2026-11-22T10:00:00.Z",
        "2026-11-22T10:00:60Z", "2026-11-22T10:00:00Zx", "2026-1-22T10:00:00Z", "2026-11-22T10:00:00+24:00", "-026-11-22T10:00:00Z" };
    usec_t t;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK(!time_parse(bad[i], &t));
}

static usec_t wall(const struct zone *z, const char *date, int h, int m) {
    struct civil c;
    CHECK(date_parse(date, &c));
    c.hour = h;
    c.minute = m;
    return zone_instant(z, &c);
}

TEST(warsaw_through_the_year_and_far_ahead) {
    AUTO(zone_free) struct zone *z = NULL;
    struct err e;
    CHECK_OK(zone_open("Europe/Warsaw", &z, &e), &e);
    static const struct { const char *date; int h, m; const char *want; } row[] = {
        { "2026-01-15", 12, 0, "2026-01-15T11:00:00Z" }, { "2026-07-15", 12, 0, "2026-07-15T10:00:00Z" },
        { "2026-03-29", 2, 30, "2026-03-29T01:00:00Z" },      /* skipped: first instant after the gap */
        { "2026-10-25", 2, 30, "2026-10-25T00:30:00Z" },      /* twice: the first */
        { "2099-07-15", 12, 0, "2099-07-15T10:00:00Z" }, { "2099-12-15", 12, 0, "2099-12-15T11:00:00Z" },
    };
    char buf[40];
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        CHECK_TEXT(time_format(wall(z, row[i].date, row[i].h, row[i].m), buf, sizeof buf), row[i].want);
    for (usec_t t = at("2025-01-01T00:00:00Z"); t < at("2028-01-01T00:00:00Z"); t += 7 * USEC_PER_HOUR) {
        struct civil c = zone_civil(z, t);
        usec_t back = zone_instant(z, &c);
        CHECK(back == t || back == t - USEC_PER_HOUR);
    }
}

TEST(adds_in_calendar_terms) {
    AUTO(zone_free) struct zone *z = NULL;
    struct err e;
    CHECK_OK(zone_open("Europe/Budapest", &z, &e), &e);
    static const struct { const char *from, *span; int sign; const char *want; } row[] = {
        { "2026-01-31T12:00:00Z", "1 month", 1, "2026-02-28T12:00:00Z" }, { "2024-01-31T12:00:00Z", "1 month", 1, "2024-02-29T12:00:00Z" },
        { "2024-02-29T12:00:00Z", "1 year", 1, "2025-02-28T12:00:00Z" }, { "2026-03-28T12:00:00Z", "1 day", 1, "2026-03-29T11:00:00Z" },
        { "2026-03-28T12:00:00Z", "24 hours", 1, "2026-03-29T12:00:00Z" }, { "2026-12-31T23:30:00Z", "180 days", 1, "2027-06-29T22:30:00Z" },
        { "2026-05-15T10:00:00Z", "14 days", -1, "2026-05-01T10:00:00Z" }, { "2026-05-31T10:00:00Z", "3 months", -1, "2026-02-28T11:00:00Z" },
    };
    char buf[40];
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct span s;
        CHECK(span_parse(row[i].span, &s));
        CHECK_TEXT(time_format(zone_add(z, at(row[i].from), &s, row[i].sign), buf, sizeof buf), row[i].want);
    }
    CHECK_TEXT(time_format(zone_end_of(z, at("2026-12-31T22:30:00Z"), 'y'), buf, sizeof buf), "2026-12-31T23:00:00Z");
    CHECK_TEXT(time_format(zone_end_of(z, at("2026-12-31T23:30:00Z"), 'y'), buf, sizeof buf), "2027-12-31T23:00:00Z");
    CHECK_TEXT(time_format(zone_end_of(z, at("2026-12-15T00:00:00Z"), 'm'), buf, sizeof buf), "2026-12-31T23:00:00Z");
    CHECK_TEXT(time_format(zone_end_of(z, at("2026-03-29T00:30:00Z"), 'd'), buf, sizeof buf), "2026-03-29T22:00:00Z");
}

TEST(spans_and_refusals) {
    struct span s;
    char buf[40];
    CHECK(span_parse("1 day", &s) && !span_parse("2 day", &s) && !span_parse("day", &s) && !span_parse("1 days x", &s) && !span_parse("-1 days", &s));
    CHECK(span_parse("90 minutes", &s));
    CHECK_TEXT(span_format(&s, buf, sizeof buf), "90 minutes");
    struct zone *z = NULL;
    struct err e;
    CHECK(zone_open("../etc/passwd", &z, &e) == E_INVALID && zone_open("Europe/Nowhere", &z, &e) == E_INVALID && zone_open("", &z, &e) == E_INVALID && z == NULL);
}
