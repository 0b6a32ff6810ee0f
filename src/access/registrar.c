/* registrar.c — who acts, and dates as a register has them. */
#include "access/registrar.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"

const char *actor_text(const struct actor *a, char ret[ACTOR_TEXT]) {
    char id[UUID_TEXT];
    if (uuid_is_null(&a->account))
        snprintf(ret, ACTOR_TEXT, "sejf");
    else
        snprintf(ret, ACTOR_TEXT, "account %s", uuid_format(&a->account, id));
    return ret;
}

static const struct zone *zone_of(const struct registrar *r) { return r->charter == NULL ? NULL : charter_zone(r->charter); }

struct civil registrar_civil(const struct registrar *r, usec_t t) {
    const struct zone *zone = zone_of(r);
    return zone == NULL ? civil_of_utc(t) : zone_civil(zone, t);
}

char *registrar_date(const struct registrar *r, usec_t t, char *ret, size_t room) {
    struct civil c = registrar_civil(r, t);
    return date_format(&c, ret, room);
}

bool registrar_day(const struct registrar *r, const char *text, bool after, usec_t *ret) {
    const struct zone *zone = zone_of(r);
    struct civil c;
    if (text == NULL || !date_parse(text, &c) || c.year < 1900 || c.year > 9998)
        return false;
    if (zone == NULL)
        *ret = civil_utc(&c) + (after ? USEC_PER_DAY : 0);
    else
        *ret = after ? zone_end_of(zone, zone_instant(zone, &c), 'd') : zone_instant(zone, &c);
    return true;
}
