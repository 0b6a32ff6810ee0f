/* desk.c — see desk.h. */
#include "api/desk.h"

#include "store/tables.h"

struct request_desk desk_of(const struct api *a, struct service *s, int64_t tenant, struct arena *arena) {
    struct tenant_row row = { .name = NULL };
    struct err e;
    struct request_desk d = { .service = s, .tenant = tenant, .base_url = api_config(a)->base_url };
    if (tenant > 0 && tenant_get(api_config(a)->store, tenant, &row, arena, &e) == OK)
        d.tenant_name = row.name;
    return d;
}

bool desk_received(const struct request_desk *d, const char *text, usec_t *ret) {
    struct civil c;
    usec_t now = clock_now();
    if (time_parse(text, ret))
        return true;
    if (!date_parse(text, &c))
        return false;
    c.hour = 12;
    *ret = zone_instant(charter_zone(service_charter(d->service)), &c);
    if (*ret > now && *ret < now + USEC_PER_DAY)
        *ret = now;
    return true;
}
