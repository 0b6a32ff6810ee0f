/* count.c — how all tenants of a service stand with the requests of people, but for those of probes. */
#include "base/mem.h"
#include "rights/request.h"
#include "store/request.h"
#include "store/tables.h"

struct tenants { int64_t *ids; size_t count, room; bool failed; };

static bool tenant_take(const struct tenant_row *r, void *arg) {
    struct tenants *t = arg;
    if (r->probe || r->closed != 0)
        return true;
    if (t->count == t->room) {
        size_t room = t->room == 0 ? 64 : 2 * t->room;
        int64_t *more = mem_grow(t->ids, room, sizeof *more);
        t->failed = more == NULL;
        if (t->failed)
            return false;
        t->ids = more;
        t->room = room;
    }
    t->ids[t->count++] = r->id;
    return true;
}

static enum code tenant_count(struct service *s, int64_t tenant, struct request_counts *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(service_store(s), tenant, &v, reterr);
    return code == OK ? request_count(view_sql(v), 0, clock_now(), ret, reterr) : code;
}

enum code requests_counted(struct service *s, struct request_counts *ret, struct err *reterr) {
    struct tenants t = { .ids = NULL };
    struct request_counts all = { 0 };
    enum code code = tenants_list(service_store(s), charter_name(service_charter(s)), tenant_take, &t, reterr);
    if (code == OK && t.failed)
        code = err_set(reterr, E_MEMORY, "no memory for a list of tenants");
    for (size_t i = 0; code == OK && i < t.count; i++) {
        struct request_counts n = { 0 };
        code = tenant_count(s, t.ids[i], &n, reterr);
        all.all += n.all;
        all.open += n.open;
        all.ended += n.ended;
        all.in_time += n.in_time;
        all.late += n.late;
        all.open_late += n.open_late;
    }
    mem_free(t.ids);
    if (code == OK)
        *ret = all;
    return code;
}
