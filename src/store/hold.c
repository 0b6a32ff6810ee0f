/* hold.c — see hold.h. */
#include "store/hold.h"

#include "store/inner.h"

#define HOLD_COLS "SELECT number, kind, id, fields, until, made, lifted, whose, key, bytes FROM hold WHERE tenant = ?"

/* Texts and bytes are those of the statement. */
static enum code hold_read(struct stmt *s, struct hold_row *ret, struct err *reterr) {
    struct hold_row r = { .number = col_int(s, 0), .kind = (int32_t)col_int(s, 1), .fields = col_text(s, 3), .until = col_due(s, 4),
                          .made = col_int(s, 5), .lifted = col_int(s, 6), .by = col_text(s, 7), .key = (uint64_t)col_int(s, 8) };
    enum code code = col_bytes(s, 2, r.id.bytes, sizeof r.id.bytes, reterr);
    r.blob = col_blob(s, 9, &r.len);
    if (code == OK)
        *ret = r;
    return code;
}

DEFINE_ROWS(holds_give, hold_row, hold_read)

enum code hold_next(struct sql *q, int64_t *ret, struct err *reterr) {
    PRE(q != NULL && ret != NULL && reterr != NULL);
    return number_next(q, "SELECT number FROM hold WHERE tenant = ? ORDER BY number DESC LIMIT 1", ret, reterr);
}

enum code hold_put(struct txn *t, const struct hold_row *r, int64_t *ret_number, struct err *reterr) {
    PRE(t != NULL && r != NULL && r->fields != NULL && r->by != NULL && ret_number != NULL && reterr != NULL);
    struct stmt *s;
    int64_t number = 0;
    enum code code = hold_next(&t->sql, &number, reterr);
    if (code == OK)
        code = sql_prepare(&t->sql, "INSERT INTO hold (tenant, number, kind, id, fields, until, made, lifted, whose, key, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    stmt_int(s, 3, r->kind);
    bind_uuid(s, 4, &r->id);
    stmt_text(s, 5, r->fields);
    bind_due(s, 6, r->until);
    stmt_int(s, 7, t->now);
    stmt_text(s, 8, r->by);
    stmt_int(s, 9, (int64_t)r->key);
    bind_bytes(s, 10, r->blob, r->len);
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
    return stmt_run_one(t, s, "there is no hold of that number that stands", reterr);
}

enum code holds_list(struct sql *q, int64_t before, hold_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, HOLD_COLS " AND number < ? ORDER BY number DESC", before, &s, reterr);
    return code == OK ? holds_give(s, fn, arg, NULL, reterr) : code;
}

enum code holds_of(struct sql *q, int32_t kind, const struct uuid *id, usec_t now, hold_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && id != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_of(q, HOLD_COLS " AND kind = ? AND id = ? AND lifted = 0 AND (until IS NULL OR until > ?)", kind, id, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, now);
    return holds_give(s, fn, arg, NULL, reterr);
}

enum code holds_ended(struct sql *q, usec_t now, hold_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, HOLD_COLS " AND lifted = 0 AND until <= ?", now, &s, reterr);
    return code == OK ? holds_give(s, fn, arg, NULL, reterr) : code;
}

enum code hold_close(struct txn *t, int64_t number, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, "UPDATE hold SET bytes = zeroblob(0), lifted = CASE lifted WHEN 0 THEN until ELSE lifted END WHERE tenant = ? AND number = ? AND (lifted > 0 OR until IS NOT NULL)", number, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}

enum code hold_get(struct sql *q, int64_t number, hold_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    size_t count = 0;
    enum code code = sql_prepare_int(q, HOLD_COLS " AND number = ?", number, &s, reterr);
    if (code == OK)
        code = holds_give(s, fn, arg, &count, reterr);
    return code == OK && count == 0 ? err_set(reterr, E_NOT_FOUND, "there is no hold of that number") : code;
}
