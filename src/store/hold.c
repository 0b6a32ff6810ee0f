/* hold.c — see hold.h. */
#include "store/hold.h"

#include "store/inner.h"

#define HOLD_COLS "SELECT number, kind, id, parts, until, made, lifted, whose, key, bytes FROM hold WHERE tenant = ?"

/* Texts and bytes are those of the statement. */
static enum code row_of_stmt(struct stmt *s, struct hold_row *ret, struct err *reterr) {
    struct hold_row r = { .number = col_int(s, 0), .kind = (int32_t)col_int(s, 1), .parts = col_text(s, 3), .until = col_is_null(s, 4) ? USEC_NEVER : col_int(s, 4),
                          .made = col_int(s, 5), .lifted = col_int(s, 6), .by = col_text(s, 7), .key = (uint64_t)col_int(s, 8) };
    enum code code = col_bytes(s, 2, r.id.bytes, sizeof r.id.bytes, reterr);
    r.blob = col_blob(s, 9, &r.len);
    if (code == OK)
        *ret = r;
    return code;
}

static enum code rows_tell(struct stmt *s, hold_fn fn, void *arg, struct err *reterr) {
    bool row = false, more = true;
    enum code code;
    while ((code = stmt_step(s, &row, reterr)) == OK && row && more) {
        struct hold_row r;
        code = row_of_stmt(s, &r, reterr);
        if (code != OK)
            break;
        more = fn(&r, arg);
    }
    stmt_end(s);
    return code;
}

enum code hold_next(struct sql *q, int64_t *ret, struct err *reterr) {
    PRE(q != NULL && ret != NULL && reterr != NULL);
    return number_next(q, "SELECT number FROM hold WHERE tenant = ? ORDER BY number DESC LIMIT 1", ret, reterr);
}

enum code hold_put(struct txn *t, const struct hold_row *r, int64_t *ret_number, struct err *reterr) {
    PRE(t != NULL && r != NULL && r->parts != NULL && r->by != NULL && ret_number != NULL && reterr != NULL);
    struct stmt *s;
    int64_t number = 0;
    enum code code = hold_next(&t->sql, &number, reterr);
    if (code == OK)
        code = sql_prepare(&t->sql, "INSERT INTO hold (tenant, number, kind, id, parts, until, made, lifted, whose, key, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    stmt_int(s, 3, r->kind);
    bind_uuid(s, 4, &r->id);
    stmt_text(s, 5, r->parts);
    bind_due(s, 6, r->until);
    stmt_int(s, 7, t->now);
    stmt_text(s, 8, r->by);
    stmt_int(s, 9, (int64_t)r->key);
    stmt_blob(s, 10, r->len > 0 ? r->blob : "", r->len);
    if ((code = stmt_run(s, reterr)) == OK)
        *ret_number = number;
    return code;
}

enum code hold_lift(struct txn *t, int64_t number, usec_t at, struct err *reterr) {
    PRE(t != NULL && at > 0 && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE hold SET lifted = ?3 WHERE tenant = ?1 AND number = ?2 AND lifted = 0", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    stmt_int(s, 3, at);
    if ((code = stmt_run(s, reterr)) != OK)
        return code;
    return db_changes(t->sql.records) == 1 ? OK : err_set(reterr, E_NOT_FOUND, "there is no hold of that number that stands");
}

enum code holds_list(struct sql *q, int64_t before, hold_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(q, HOLD_COLS " AND number < ? ORDER BY number DESC", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, before);
    return rows_tell(s, fn, arg, reterr);
}

enum code holds_of(struct sql *q, int32_t kind, const struct uuid *id, usec_t now, hold_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && id != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(q, HOLD_COLS " AND kind = ? AND id = ? AND lifted = 0 AND (until IS NULL OR until > ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, kind);
    bind_uuid(s, 3, id);
    stmt_int(s, 4, now);
    return rows_tell(s, fn, arg, reterr);
}

enum code holds_ended(struct sql *q, usec_t now, hold_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(q, HOLD_COLS " AND lifted = 0 AND until <= ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, now);
    return rows_tell(s, fn, arg, reterr);
}

enum code hold_close(struct txn *t, int64_t number, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE hold SET bytes = zeroblob(0), lifted = CASE lifted WHEN 0 THEN until ELSE lifted END WHERE tenant = ? AND number = ? AND (lifted > 0 OR until IS NOT NULL)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    return stmt_run(s, reterr);
}

enum code hold_get(struct sql *q, int64_t number, hold_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, HOLD_COLS " AND number = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    struct hold_row r;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "there is no hold of that number");
    code = row_of_stmt(s, &r, reterr);
    if (code == OK)
        (void)fn(&r, arg);
    stmt_end(s);
    return code;
}
