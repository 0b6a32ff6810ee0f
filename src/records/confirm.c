/* confirm.c — records of a form whose address has to confirm them: until then they bear a mark, and nobody but sejf uses them. */
#include "base/mem.h"
#include "records/change.h"
#include "store/consent.h"
#include "store/tables.h"

enum code record_unconfirmed(struct service *s, int64_t tenant, int kind, const struct uuid *id, bool *ret, struct err *reterr) {
    PRE(s != NULL && id != NULL && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    struct row row;
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = row_get(view_sql(v), service_kind(s, kind)->number, id, &row, reterr);
    if (code == OK)
        *ret = row.unconfirmed;
    return code;
}

enum code record_confirm(struct service *s, const struct caller *who, int kind, const struct uuid *id, struct err *reterr) {
    PRE(s != NULL && who != NULL && id != NULL && reterr != NULL);
    AUTO(record_text_done) struct record_text text = RECORD_TEXT;
    struct caller sejf = { .tenant = who->tenant, .person = -1, .by_sejf = true, .subject_kind = -1 };
    const struct record_request r = { .who = &sejf, .kind = kind, .id = *id, .if_match = -1 };
    const struct input nothing = { .given = 0 };
    json_t *mistakes = NULL;
    bool waits = false;
    enum code code = record_unconfirmed(s, who->tenant, kind, id, &waits, reterr);
    if (code == OK && waits)
        code = change_run(&(struct change_job){ .s = s, .r = &r, .file_input = &nothing, .confirms = who }, &text, &mistakes, reterr);
    json_decref(mistakes);
    return code;
}

/* ---- those whose time is over */
#define AT_ONCE 256u
struct over { usec_t before; struct { int32_t kind; struct uuid id; } list[AT_ONCE]; size_t count; };
static bool take(int32_t kind, const struct uuid *id, usec_t created, void *arg) {
    struct over *o = arg;
    if (created < o->before) {
        o->list[o->count].kind = kind;
        o->list[o->count++].id = *id;
    }
    return o->count < AT_ONCE;
}

/* Of one tenant, as many as one look takes; the next turn takes the others. */
static enum code tenant_go(struct service *s, int64_t tenant, usec_t now, int64_t *count, struct err *reterr) {
    struct caller sejf = { .tenant = tenant, .person = -1, .by_sejf = true, .subject_kind = -1 };
    struct over o = { .before = now - CONFIRM_WITHIN };
    struct view *v = NULL;
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = rows_marked(view_sql(v), MARK_UNCONFIRMED, take, &o, reterr);
    v = view_end(v);
    for (size_t i = 0; code == OK && i < o.count; i++) {
        const struct kind_info *k = service_kind_by_number(s, o.list[i].kind);
        json_t *gone = NULL;
        if (k == NULL)
            continue;
        code = record_erase(s, &(struct record_request){ .who = &sejf, .kind = k->index, .id = o.list[i].id, .if_match = -1 }, &gone, reterr);
        *count += code == OK;
        code = code == E_NOT_FOUND || code == E_GONE ? OK : code;
        json_decref(gone);
    }
    return code;
}

enum code records_unconfirmed_go(struct service *s, usec_t now, int64_t *ret_count, struct err *reterr) {
    PRE(s != NULL && ret_count != NULL && reterr != NULL);
    int64_t *tenants = NULL;
    size_t count = 0;
    enum code code = tenants_all(s->store, charter_name(s->charter), &tenants, &count, reterr);
    *ret_count = 0;
    for (size_t i = 0; code == OK && i < count; i++)
        code = tenant_go(s, tenants[i], now, ret_count, reterr);
    mem_free(tenants);
    return code;
}
