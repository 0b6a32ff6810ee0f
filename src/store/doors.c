/* doors.c — one row for each record under which a public form stands. An id that is taken stays with whom it was given to
 * first: a record that somebody makes under the id of another one's takes no door. */
#include "store/inner.h"
#include "store/tables.h"

enum code door_put(struct txn *t, int32_t kind, const struct uuid *id, struct err *reterr) {
    struct stmt *s;
    enum code code = db_prepare(t->sql.records, "INSERT OR IGNORE INTO door (id, kind, tenant) VALUES (?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, id);
    stmt_int(s, 2, kind);
    stmt_int(s, 3, t->sql.tenant);
    return stmt_run(s, reterr);
}

enum code door_drop(struct txn *t, const struct uuid *id, struct err *reterr) {
    struct stmt *s;
    enum code code = db_prepare(t->sql.records, "DELETE FROM door WHERE id = ? AND tenant = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, id);
    stmt_int(s, 2, t->sql.tenant);
    return stmt_run(s, reterr);
}

enum code door_find(struct store *store, const struct uuid *id, int32_t *ret_kind, int64_t *ret_tenant, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct stmt *s;
    bool row = false;
    enum code code = store_view(store, 0, &v, reterr);
    if (code == OK)
        code = db_prepare(view_sql(v)->records, "SELECT kind, tenant FROM door WHERE id = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, id);
    code = stmt_step(s, &row, reterr);
    if (code != OK || !row)
        return code != OK ? code : err_set(reterr, E_NOT_FOUND, "no record with this id takes forms");
    *ret_kind = (int32_t)col_int(s, 0);
    *ret_tenant = col_int(s, 1);
    stmt_end(s);
    return OK;
}
