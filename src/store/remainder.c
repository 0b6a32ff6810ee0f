/* remainder.c — see remainder.h. */
#include "store/remainder.h"

#include "store/inner.h"

enum code remainder_add(struct txn *t, const struct remainder *r, struct err *reterr) {
    PRE(t != NULL && r != NULL && r->option != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_of(&t->sql, "INSERT INTO remainder (tenant, kind, scope, field, option, value) VALUES (?, ?, ?, ?, ?, ?) "
                                 "ON CONFLICT (tenant, kind, scope, field, option) DO UPDATE SET value = value + excluded.value", r->kind, &r->scope, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, r->field);
    stmt_text(s, 5, r->option);
    stmt_int(s, 6, r->count);
    return stmt_run(s, reterr);
}

enum code remainder_drop(struct txn *t, int32_t kind, const struct uuid *scope, struct err *reterr) {
    PRE(t != NULL && scope != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_of(&t->sql, "DELETE FROM remainder WHERE tenant = ? AND kind = ? AND scope = ?", kind, scope, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}

enum code remainders_list(struct sql *q, int32_t kind, const struct uuid *scope, const struct uuid *after, remainder_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && after != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false;
    enum code code = scope != NULL
        ? sql_prepare(q, "SELECT scope, field, option, value FROM remainder WHERE tenant = ? AND kind = ? AND scope = ? ORDER BY field, option", &s, reterr)
        : uuid_is_null(after)                  /* what belongs to the tenant itself comes first */
        ? sql_prepare(q, "SELECT scope, field, option, value FROM remainder WHERE tenant = ? AND kind = ? AND scope >= ? ORDER BY scope, field, option", &s, reterr)
        : sql_prepare(q, "SELECT scope, field, option, value FROM remainder WHERE tenant = ? AND kind = ? AND scope > ? ORDER BY scope, field, option", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, kind);
    bind_uuid(s, 3, scope != NULL ? scope : after);
    while ((code = stmt_step(s, &row, reterr)) == OK && row) {
        struct remainder r = { .kind = kind, .field = (int32_t)col_int(s, 1), .option = col_text(s, 2), .count = col_int(s, 3) };
        code = col_bytes(s, 0, r.scope.bytes, sizeof r.scope.bytes, reterr);
        if (code != OK || !fn(&r, arg))
            break;
    }
    stmt_end(s);
    return code;
}
