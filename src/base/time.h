/* time.h — instants, civil dates and calendar arithmetic in a named time zone.
 * An instant is microseconds since 1970-01-01T00:00Z (signed: birthdays). A civil time is what a
 * calendar and a wall clock show. Pure but for clock_now; zones are immutable and shared by threads. */
#pragma once
#include "base/err.h"

typedef int64_t usec_t;
#define USEC_PER_SEC INT64_C(1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)
#define USEC_NEVER INT64_MAX                        /* later than every date */

usec_t clock_now(void);                             /* wall clock (moved by libfaketime) */
usec_t clock_steady(void);                          /* CLOCK_MONOTONIC: for waiting and measuring */

struct civil { int year, month, day, hour, minute, second, usec; };  /* month 1-12, day 1-31 */
MUST_USE bool civil_valid(const struct civil *c);   /* year 1 to 9999, leap days, no second 60 */
int civil_weekday(int year, int month, int day);    /* 0 = Monday */
int civil_month_days(int year, int month);

/* RFC 3339 date-time ("2026-11-22T10:00:00Z", "+01:00", fraction to microseconds). */
MUST_USE bool time_parse(const char *text, usec_t *ret);
/* "2026-11-22T09:00:00Z", with ".123456" only when there is a fraction. buf holds >= 28 bytes. */
char *time_format(usec_t t, char *buf, size_t room);
MUST_USE bool date_parse(const char *text, struct civil *ret);       /* "2026-11-22" */
char *date_format(const struct civil *c, char *buf, size_t room);    /* "2026-11-22" */

/* A time zone by its tz database name, read from the system's zone files (RFC 8536 with its
 * footer, so years far ahead work). Names with "..", a leading slash or odd letters are refused. */
struct zone;
MUST_USE enum code zone_open(const char *name, struct zone **ret, struct err *reterr);
struct zone *zone_free(struct zone *zone);
DEFINE_AUTO(struct zone, zone_free)
const char *zone_name(const struct zone *zone);
struct civil zone_civil(const struct zone *zone, usec_t t);
/* A wall time that a jump skips takes the first instant after the gap; one that comes twice
 * takes the first. */
usec_t zone_instant(const struct zone *zone, const struct civil *c);

/* A length in calendar terms; every number >= 0. Months and years clip to the month's end
 * (31 January + 1 month = 28 or 29 February). Hours and minutes are elapsed time. */
struct span { int years, months, weeks, days, hours, minutes; };
MUST_USE bool span_parse(const char *text, struct span *ret);        /* "180 days", "1 year" */
char *span_format(const struct span *s, char *buf, size_t room);     /* "180 days" */
/* t plus (sign 1) or minus (sign -1) the span, counted in the zone's calendar: days keep the
 * wall clock across daylight saving. */
usec_t zone_add(const struct zone *zone, usec_t t, const struct span *s, int sign);
/* The first instant after the day (month, year) in which t lies. unit: 'd', 'm', 'y'. */
usec_t zone_end_of(const struct zone *zone, usec_t t, char unit);
/* A span as a rough number of days, for comparing and summing (a month 30.44, a year 365.25). */
double span_days(const struct span *s);
