/* clock.c — see clock.h. Invariant: first instant too late = the midnight behind the last day, so that the whole of that day counts. */
#include "rights/clock.h"

#include <string.h>

#include "base/rule.h"

#define KEPT_YEARS 3

static usec_t behind(const struct charter *c, usec_t from, const struct span *s) {
    return zone_end_of(charter_zone(c), zone_add(charter_zone(c), from, s, 1), 'd');
}

/* "answered within 14 days", or "within 14 days" of `answered`; false: the charter says nothing. */
static bool promised(const struct charter *c, struct span *ret) {
    static const char *const paths[] = { "rights", "rights.answered" }, word[] = "within ";
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        const char *said = charter_value(c, paths[i]), *at = said == NULL ? NULL : strstr(said, word);
        if (at != NULL && span_parse(at + strlen(word), ret))
            return true;
    }
    return false;
}

struct request_dates clock_first(const struct charter *c, usec_t received) {
    const struct span month = { .months = 1 };
    struct span span;
    struct request_dates d = { .law = behind(c, received, &month) };
    d.due = promised(c, &span) ? behind(c, received, &span) : d.law;
    if (d.due > d.law)
        d.due = d.law;
    if (!rule_on(RULE_rights_answered))
        d.due = USEC_NEVER;
    return d;
}

usec_t clock_extended(const struct charter *c, usec_t received) {
    const struct span months = { .months = 3 };
    return behind(c, received, &months);
}

usec_t clock_warning(const struct charter *c, usec_t due, int nth) {
    static const struct span before[CLOCK_WARNINGS] = { { .days = 14 }, { .days = 3 }, { .hours = 16 }, { .days = 0 } };
    return due == USEC_NEVER ? due : zone_add(charter_zone(c), due, &before[nth], -1);
}

int clock_passed(const struct charter *c, usec_t due, usec_t now) {
    int n = 0;
    while (n < CLOCK_WARNINGS && clock_warning(c, due, n) <= now)
        n++;
    return n;
}

usec_t clock_kept(const struct charter *c, usec_t ended) {
    const struct span years = { .years = KEPT_YEARS };
    return behind(c, ended, &years);
}
