/* turns_remind.c — people are reminded, twice a minute, where a charter says so; one tenant's fault keeps no other's people waiting. */
#include "api/api_int.h"
#include "api/jobs.h"
#include "base/log.h"
#include "base/mem.h"
#include "messages/remind.h"
#include "retention/clock.h"
#include "store/tables.h"

#define PACE (30 * USEC_PER_SEC)
#define FORGET_PACE USEC_PER_DAY

static bool reminds(const struct charter *c) {
    const struct kind *list;
    size_t count = charter_kinds(c, &list);
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any = any || list[i].remind.said;
    return any;
}

struct work { usec_t now; bool forget; struct reminders count; enum code first; struct err e; };

static void one(struct work *w, struct service *s, int64_t tenant) {
    struct err e = { 0 };
    enum code code = reminders_send(s, tenant, w->now, &w->count, &e);
    if (code == OK && w->forget)
        code = reminders_forget(s, tenant, w->now, &e);
    if (code != OK && w->first == OK) {
        w->first = code;
        w->e = e;
    }
}

static enum code all_of(struct api *a, struct work *w, struct service *s, struct err *reterr) {
    int64_t *tenants = NULL;
    size_t count = 0;
    enum code code = tenants_all(a->config.store, charter_name(service_charter(s)), &tenants, &count, reterr);
    for (size_t i = 0; code == OK && i < count; i++)
        one(w, s, tenants[i]);
    mem_free(tenants);
    return code;
}

enum code turn_remind(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    struct work w = { .now = now, .forget = now / FORGET_PACE != (now - PACE) / FORGET_PACE, .first = OK };
    enum code code = OK;
    *ret_next = now + PACE;
    if (clock_held(a->config.store))         /* nobody is reminded by a clock that is doubted */
        return OK;
    for (size_t i = 0; code == OK && i < a->service_count; i++)
        if (reminds(service_charter(a->services[i])))
            code = all_of(a, &w, a->services[i], reterr);
    if (w.count.more)
        *ret_next = now + USEC_PER_SEC;
    if (w.count.queued > 0 || w.count.refused > 0)
        log_event(LOG_INFO, "reminded", LOG_INT("queued", w.count.queued), LOG_INT("refused", w.count.refused));
    if (code == OK && w.first != OK)
        *reterr = w.e;
    return code == OK ? w.first : code;
}
