/* turns_packs.c — archives whose time is over go, with their bytes. That they give nothing any more does not wait for this. */
#include "api/jobs.h"

#include "base/mem.h"
#include "rights/pack_keep.h"
#include "store/tables.h"

static enum code service_packs(struct service *s, usec_t now, struct err *reterr) {
    AUTO(mem_free) int64_t *tenants = NULL;
    size_t count = 0;
    enum code code = tenants_all(service_store(s), charter_name(service_charter(s)), &tenants, &count, reterr);
    for (size_t i = 0; code == OK && i < count; i++)
        code = packs_upkeep(s, tenants[i], now, reterr);
    return code;
}

enum code job_packs(struct api *a, usec_t now, struct err *reterr) {
    struct service *const *list;
    size_t count = api_services(a, &list);
    enum code code = OK;
    for (size_t i = 0; code == OK && i < count; i++)
        code = service_packs(list[i], now, reterr);
    return code;
}
