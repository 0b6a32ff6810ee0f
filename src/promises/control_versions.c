/* control_versions.c — for the probe of new uses: locks of a probe tenant, as if its charter had changed. */
#include "promises/control_int.h"
#include "records/locks.h"
#include "store/tables.h"
#include "store/version.h"

struct wish { int32_t kind; const char *use; bool end; };

static enum code lock_write(struct txn *t, void *arg, struct err *reterr) {
    const struct wish *w = arg;
    return w->end ? lock_drop(t, w->kind, w->use, reterr) : lock_put(t, w->kind, w->use, 0, reterr);
}

enum code probe_lock(struct service *s, struct people *p UNUSED, json_t *in, json_t **ret, struct err *reterr) {
    const char *kind = json_string_value(json_object_get(in, "kind"));
    struct wish w = { .use = json_string_value(json_object_get(in, "use")), .end = json_is_true(json_object_get(in, "end")) };
    int64_t tenant;
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code == OK && (kind == NULL || w.use == NULL))
        code = err_set(reterr, E_INVALID, "kind and use are missing");
    if (code == OK)
        code = name_number(service_store(s), charter_name(service_charter(s)), 'k', kind, &w.kind, reterr);
    if (code == OK)
        code = store_write(service_store(s), tenant, lock_write, &w, reterr);
    if (code == OK)
        code = service_locks(s, reterr);
    if (code == OK)
        *ret = json_object();
    return code;
}
