/* remind.c — see remind.h. */
#include "store/remind.h"

#include "store/inner.h"

enum code reminded_look(struct sql *q, const struct reminded *r, usec_t now, enum reminded_state *ret, struct err *reterr) {
    PRE(q != NULL && r != NULL && ret != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false;
    enum reminded_state state = REMINDED_NOT;
    enum code code = sql_prepare_of(q, "SELECT state, at FROM reminded WHERE tenant = ? AND kind = ? AND id = ? AND anchor = ?", r->kind, &r->id, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, r->anchor);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (row) {
        state = (enum reminded_state)col_int(s, 0);
        bool over = col_int(s, 1) <= now;
        state = over && state == REMINDED_PUT_OFF ? REMINDED_NOT : over && state == REMINDED_REFUSED ? REMINDED_ASK_AGAIN : state;
        stmt_end(s);
    }
    *ret = state;
    return OK;
}

enum code reminded_put(struct txn *t, const struct reminded *r, usec_t now, struct err *reterr) {
    PRE(t != NULL && r != NULL && reterr != NULL);
    struct stmt *s;
    enum reminded_state state;
    enum code code = reminded_look(&t->sql, r, now, &state, reterr);
    if (code == OK && state != REMINDED_NOT && state != REMINDED_ASK_AGAIN)
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

enum code reminded_ended(struct txn *t, const struct reminded *r, struct err *reterr) {
    PRE(t != NULL && r != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_of(&t->sql, "UPDATE reminded SET state = ?5, at = ?6 WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND anchor = ?4 AND state = ?7", r->kind, &r->id, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, r->anchor);
    stmt_int(s, 5, REMINDED_PUT_OFF);
    stmt_int(s, 6, r->at);
    stmt_int(s, 7, REMINDED_QUEUED);
    return stmt_run(s, reterr);
}

enum code reminded_forget(struct txn *t, usec_t before, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, "DELETE FROM reminded WHERE tenant = ? AND anchor < ?", before, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}
