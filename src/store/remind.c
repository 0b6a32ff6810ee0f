/* remind.c — see remind.h. */
#include "store/remind.h"

#include "store/inner.h"

enum code reminded_is(struct sql *q, const struct reminded *r, usec_t now, bool *ret, struct err *reterr) {
    PRE(q != NULL && r != NULL && ret != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_of(q, "SELECT 1 FROM reminded WHERE tenant = ? AND kind = ? AND id = ? AND anchor = ? AND (state <> ? OR at > ?)", r->kind, &r->id, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, r->anchor);
    stmt_int(s, 5, REMINDED_PUT_OFF);
    stmt_int(s, 6, now);
    return stmt_any(s, ret, reterr);
}

enum code reminded_put(struct txn *t, const struct reminded *r, struct err *reterr) {
    PRE(t != NULL && r != NULL && reterr != NULL);
    struct stmt *s;
    bool stands = false;
    enum code code = reminded_is(&t->sql, r, t->now, &stands, reterr);
    if (code == OK && stands)
        return err_set(reterr, E_CONFLICT, "this reminder is on record already");
    if (code == OK)
        code = sql_prepare_of(&t->sql, "INSERT OR REPLACE INTO reminded (tenant, kind, id, anchor, at, state) VALUES (?, ?, ?, ?, ?, ?)", r->kind, &r->id, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, r->anchor);
    stmt_int(s, 5, r->at);
    stmt_int(s, 6, r->state);
    return stmt_run(s, reterr);
}

enum code reminded_forget(struct txn *t, usec_t before, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, "DELETE FROM reminded WHERE tenant = ? AND anchor < ?", before, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}
