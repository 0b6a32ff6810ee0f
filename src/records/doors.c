/* doors.c — which kinds have all their doors stands in marks of the store; a kind that loses its form loses its mark. */
#include "records/doors.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "store/rows.h"
#include "store/tables.h"

#ifndef DOORS_AT_ONCE                         /* a test has fewer */
#define DOORS_AT_ONCE 512u
#endif
#define MARK_ROOM 400
enum { SHUT, READY };                         /* state of a mark */

struct door_mark { char name[MARK_ROOM]; bool ready; };
static bool take_mark(const struct proof_row *r, void *arg) {
    struct door_mark *m = arg;
    if (strcmp(r->rule, m->name) == 0)
        m->ready = r->state == READY;
    return true;
}

static enum code mark_read(struct service *s, const struct kind_info *k, struct door_mark *ret, struct err *reterr) {
    *ret = (struct door_mark){ .ready = false };
    int n = snprintf(ret->name, sizeof ret->name, "doors %s %s", charter_name(s->charter), k->kind->name);
    if (n < 0 || (size_t)n >= sizeof ret->name)
        return err_set(reterr, E_CHARTER, "the name of the kind %s is too long", k->kind->name);
    return proofs_list(s->store, "", take_mark, ret, reterr);
}

static enum code mark_put(struct service *s, const struct door_mark *m, int state, struct err *reterr) {
    return proof_put(s->store, &(struct proof_row){ .service = "", .rule = m->name, .state = state, .detail = "", .at = clock_now() }, reterr);
}

struct some { const struct kind_info *k; struct uuid list[DOORS_AT_ONCE]; size_t count; };
static bool take(const struct row *row, void *arg) {
    struct some *l = arg;
    l->list[l->count++] = row->id;
    return l->count < DOORS_AT_ONCE;
}

static enum code write_some(struct txn *t, void *arg, struct err *reterr) {
    const struct some *l = arg;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < l->count; i++)
        code = door_put(t, l->k->number, &l->list[i], reterr);
    return code;
}

static enum code tenant_doors(struct service *s, const struct kind_info *k, int64_t tenant, struct err *reterr) {
    struct row_range range = { .kind = k->number };
    struct some l = { .k = k };
    enum code code;
    do {
        struct view *v = NULL;
        l.count = 0;
        code = store_view(s->store, tenant, &v, reterr);
        if (code == OK)
            code = rows_list(view_sql(v), &range, take, &l, reterr);
        view_end(v);
        if (code == OK && l.count > 0) {
            range.after = l.list[l.count - 1];
            code = store_write(s->store, tenant, write_some, &l, reterr);
        }
    } while (code == OK && l.count == DOORS_AT_ONCE);
    return code;
}

static enum code kind_doors(struct service *s, const struct kind_info *k, struct err *reterr) {
    int64_t *tenants = NULL;
    size_t count = 0;
    enum code code = tenants_all(s->store, charter_name(s->charter), &tenants, &count, reterr);
    for (size_t i = 0; code == OK && i < count; i++)
        code = tenant_doors(s, k, tenants[i], reterr);
    mem_free(tenants);
    return code;
}

enum code doors_ready(struct service *s, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < s->kinds; i++) {
        const struct kind_info *k = &s->info[i];
        struct door_mark m;
        code = mark_read(s, k, &m, reterr);
        if (code == OK && k->takes_forms && !m.ready) {
            code = kind_doors(s, k, reterr);
            if (code == OK)
                code = mark_put(s, &m, READY, reterr);
        } else if (code == OK && !k->takes_forms && m.ready)
            code = mark_put(s, &m, SHUT, reterr);
    }
    return code;
}
