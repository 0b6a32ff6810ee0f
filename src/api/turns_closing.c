/* turns_closing.c — tenants whose day has come go; grounds of holds whose end has come go with them. */
#include "access/people.h"
#include "api/api_int.h"
#include "api/jobs.h"
#include "base/log.h"
#include "base/mem.h"
#include "retention/closing.h"
#include "retention/hold.h"
#include "rights/pack_keep.h"
#include "store/closing.h"
#include "store/tables.h"

#define PACE (30 * USEC_PER_SEC)
#define HOLDS_PACE USEC_PER_HOUR
#define AT_ONCE 64u

static enum code leave(void *arg, int64_t tenant, struct err *reterr) { return members_end(arg, tenant, "sejf", reterr); }

static enum code close_one(struct api *a, int64_t tenant, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    struct tenant_row row;
    const struct closing_people people = { leave, a->people };
    bool done = false;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a closing") : tenant_get(a->config.store, tenant, &row, arena, reterr);
    struct service *s = code == OK ? api_service(a, row.service) : NULL;
    if (code == OK && s == NULL)
        return OK;                             /* its service does not run here */
    if (code == OK)
        code = packs_upkeep(s, tenant, USEC_NEVER, reterr);      /* archives about people go whatever their time, with their bytes */
    if (code == OK)
        code = closing_run(s, tenant, &people, &done, reterr);
    if (done)
        log_event(LOG_INFO, "tenant_closed", LOG_INT("tenant", tenant));
    return code;
}

/* One that cannot go yet does not keep the others. */
enum code turn_closing(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    int64_t list[AT_ONCE];
    size_t n = 0;
    struct err e, first = { 0 };
    enum code worst = OK;
    *ret_next = now + PACE;
    enum code code = closings_now(a->config.store, now, list, AT_ONCE, &n, reterr);
    for (size_t i = 0; code == OK && i < n; i++) {
        enum code one = close_one(a, list[i], &e);
        if (one != OK && worst == OK) {
            worst = one;
            first = e;
        }
    }
    if (code == OK && worst != OK)
        *reterr = first;
    return code == OK ? worst : code;
}

enum code turn_holds(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    enum code code = OK;
    *ret_next = now + HOLDS_PACE;
    for (size_t i = 0; code == OK && i < a->service_count; i++) {
        int64_t *list = NULL;
        size_t n = 0;
        code = tenants_all(a->config.store, charter_name(service_charter(a->services[i])), &list, &n, reterr);
        for (size_t k = 0; code == OK && k < n; k++)
            code = holds_over(a->services[i], list[k], reterr);
        mem_free(list);
    }
    return code;
}
