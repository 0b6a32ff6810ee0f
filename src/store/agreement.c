/* agreement.c — an agreement is in force from `begins` until before `until`, while its state is active. */
#include "store/agreement.h"

#include <string.h>

#include "store/inner.h"

/* What nobody recorded gives way to what somebody did. */
static enum code unrecorded_until(struct txn *t, usec_t until, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE agreement SET until = ?2 WHERE tenant = ?1 AND kind = ?3 AND state = ?4 AND (until IS NULL OR until > ?2)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, until);
    stmt_text(s, 3, AGREEMENT_UNRECORDED);
    stmt_int(s, 4, AGREEMENT_ACTIVE);
    return stmt_run(s, reterr);
}

static enum code row_insert(struct txn *t, const struct agreement_row *r, int64_t number, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "INSERT INTO agreement (tenant, number, state, kind, signed, begins, until, ended, hash, whose, made) "
                                 "VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    stmt_int(s, 3, AGREEMENT_ACTIVE);
    stmt_text(s, 4, r->kind);
    stmt_int(s, 5, r->signed_on);
    stmt_int(s, 6, r->from);
    bind_due(s, 7, r->until);
    if (r->hashed)
        stmt_blob(s, 8, r->hash, HASH_SIZE);
    else
        stmt_null(s, 8);
    stmt_text(s, 9, r->by);
    stmt_int(s, 10, t->now);
    return stmt_run(s, reterr);
}

enum code agreement_put(struct txn *t, const struct agreement_row *r, int64_t *ret_number, struct err *reterr) {
    int64_t number = 0;
    enum code code = number_next(&t->sql, "SELECT number FROM agreement WHERE tenant = ? ORDER BY number DESC LIMIT 1", &number, reterr);
    if (code == OK && strcmp(r->kind, AGREEMENT_UNRECORDED) != 0)
        code = unrecorded_until(t, r->from > t->now ? r->from : t->now, reterr);
    if (code == OK)
        code = row_insert(t, r, number, reterr);
    if (code == OK)
        *ret_number = number;
    return code;
}

enum code agreement_end(struct txn *t, usec_t at, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE agreement SET state = ?2, ended = ?3 WHERE tenant = ?1 AND state = ?4 AND (until IS NULL OR until > ?3)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, AGREEMENT_ENDED);
    stmt_int(s, 3, at);
    stmt_int(s, 4, AGREEMENT_ACTIVE);
    if ((code = stmt_run(s, reterr)) != OK)
        return code;
    return db_changes(t->sql.records) > 0 ? OK : err_set(reterr, E_NOT_FOUND, "the tenant has no agreement that is active");
}

static enum code agreement_read(struct stmt *s, struct agreement_row *ret, struct err *reterr) {
    *ret = (struct agreement_row){ .number = col_int(s, 0), .state = (enum agreement_state)col_int(s, 1), .kind = col_text(s, 2), .signed_on = col_int(s, 3), .from = col_int(s, 4),
                                   .until = col_due(s, 5), .ended = col_int(s, 6), .hashed = !col_is_null(s, 7), .by = col_text(s, 8), .made = col_int(s, 9) };
    return ret->hashed ? col_bytes(s, 7, ret->hash, HASH_SIZE, reterr) : OK;
}

DEFINE_ROWS(agreements_give, agreement_row, agreement_read)

enum code agreement_list(struct sql *q, agreement_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(q, "SELECT number, state, kind, signed, begins, until, ended, hash, whose, made FROM agreement WHERE tenant = ? ORDER BY number", &s, reterr);
    return code == OK ? agreements_give(s, fn, arg, NULL, reterr) : code;
}

/* What somebody recorded comes before what nobody did. */
enum code agreement_holds(struct sql *q, usec_t now, bool *ret, bool *ret_recorded, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT kind <> ?4 FROM agreement WHERE tenant = ?1 AND state = ?2 AND begins <= ?3 AND (until IS NULL OR until > ?3) ORDER BY 1 DESC LIMIT 1", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, AGREEMENT_ACTIVE);
    stmt_int(s, 3, now);
    stmt_text(s, 4, AGREEMENT_UNRECORDED);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    bool recorded = row && col_int(s, 0) != 0;
    stmt_end(s);
    *ret = row;
    *ret_recorded = recorded;
    return OK;
}

enum code agreement_any(struct sql *q, bool *ret, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(q, "SELECT number FROM agreement WHERE tenant = ? LIMIT 1", &s, reterr);
    return code == OK ? stmt_any(s, ret, reterr) : code;
}

enum code agreement_data(struct sql *q, bool *ret, struct err *reterr) {
    int64_t change, records = 0;
    enum code code = clock_read(q, &change, &records, reterr);
    if (code == OK)
        *ret = records > 0;
    return code;
}

enum code agreement_drop(struct txn *t, struct err *reterr) { return sql_run(t, "DELETE FROM agreement WHERE tenant = ?", reterr); }
