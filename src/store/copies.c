/* copies.c — see copies.h. */
#include "store/copies.h"

#include <string.h>

#include "store/inner.h"

#define COPY_COLS "SELECT number, state, kind, format, who, account, made, ran, approved, taken, taken_ran, day, records, key, bytes FROM copy WHERE tenant = ?"

/* Texts are those of the statement. */
static enum code copy_read(struct stmt *s, struct copy_row *ret, struct err *reterr) {
    struct copy_row r = { .number = col_int(s, 0), .state = (enum copy_state)col_int(s, 1), .kind = (int32_t)col_int(s, 2), .format = (int)col_int(s, 3), .who = col_text(s, 4),
                          .made = col_int(s, 6), .ran = col_int(s, 7), .approved = col_text(s, 8), .taken = col_int(s, 9), .taken_ran = col_int(s, 10), .day = col_int(s, 11),
                          .records = col_int(s, 12), .key = (uint64_t)col_int(s, 13) };
    enum code code = col_is_null(s, 5) ? OK : col_bytes(s, 5, r.account.bytes, sizeof r.account.bytes, reterr);
    r.blob = col_blob(s, 14, &r.len);
    if (code == OK)
        *ret = r;
    return code;
}

DEFINE_ROWS(copies_give, copy_row, copy_read)

enum code copy_add(struct txn *t, const struct copy_row *r, int64_t *ret_number, struct err *reterr) {
    PRE(t != NULL && r != NULL && ret_number != NULL && reterr != NULL);
    struct stmt *s;
    int64_t number = 0;
    enum code code = number_next(&t->sql, "SELECT number FROM copy WHERE tenant = ? ORDER BY number DESC LIMIT 1", &number, reterr);
    if (code == OK)
        code = sql_prepare(&t->sql, "INSERT INTO copy (tenant, number, state, kind, format, who, account, made, ran, approved, taken, taken_ran, day, records, key, bytes) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    stmt_int(s, 3, r->state);
    stmt_int(s, 4, r->kind);
    stmt_int(s, 5, r->format);
    stmt_text(s, 6, r->who);
    bind_uuid_or_null(s, 7, &r->account);
    stmt_int(s, 8, t->now);
    stmt_int(s, 9, t->ran);
    stmt_text(s, 10, r->approved);
    stmt_int(s, 11, (int64_t)r->key);
    bind_bytes(s, 12, r->blob, r->len);
    if ((code = stmt_run(s, reterr)) == OK)
        *ret_number = number;
    return code;
}

enum code copy_set(struct txn *t, const struct copy_row *r, struct err *reterr) {
    PRE(t != NULL && r != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE copy SET state = ?3, approved = ?4, taken = ?5, taken_ran = ?6, day = ?7, records = ?8, bytes = ?9 WHERE tenant = ?1 AND number = ?2", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, r->number);
    stmt_int(s, 3, r->state);
    stmt_text(s, 4, r->approved);
    stmt_int(s, 5, r->taken);
    stmt_int(s, 6, r->taken_ran);
    stmt_int(s, 7, r->day);
    stmt_int(s, 8, r->records);
    bind_bytes(s, 9, r->blob, r->len);
    return stmt_run_one(t, s, "there is no copy of that number", reterr);
}

enum code copy_get(struct sql *q, int64_t number, struct copy_row *ret, struct arena *arena, struct err *reterr) {
    PRE(q != NULL && ret != NULL && arena != NULL && reterr != NULL);
    struct stmt *s;
    struct copy_row r;
    bool row = false;
    enum code code = sql_prepare(q, COPY_COLS " AND number = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "there is no copy of that number");
    code = copy_read(s, &r, reterr);
    if (code == OK) {
        char *blob = arena_text_n(arena, r.len > 0 ? r.blob : "", r.len);
        r.who = arena_text(arena, r.who);
        r.approved = arena_text(arena, r.approved);
        r.blob = blob;
        if (blob == NULL || r.who == NULL || r.approved == NULL)
            code = err_set(reterr, E_MEMORY, "no memory for a copy");
    }
    stmt_end(s);
    if (code == OK)
        *ret = r;
    return code;
}

enum code copy_list(struct sql *q, int64_t before, copy_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, COPY_COLS " AND number < ? ORDER BY number DESC", before, &s, reterr);
    return code == OK ? copies_give(s, fn, arg, NULL, reterr) : code;
}

enum code copy_count(struct sql *q, int64_t day, usec_t ran, int64_t *ret_day, int64_t *ret_since, struct err *reterr) {
    PRE(q != NULL && ret_day != NULL && ret_since != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, "SELECT count(*) FROM copy WHERE tenant = ? AND day = ? AND taken > 0", day, &s, reterr);
    if (code == OK)
        code = stmt_number(s, 0, ret_day, reterr);
    if (code == OK)
        code = sql_prepare_int(q, "SELECT count(*) FROM copy WHERE tenant = ? AND taken_ran > ? AND taken > 0", ran < 0 ? 0 : ran, &s, reterr);
    return code == OK ? stmt_number(s, 0, ret_since, reterr) : code;
}

enum code copies_end(struct txn *t, usec_t ran, struct err *reterr) {
    static const char *const texts[] = {
        "INSERT OR IGNORE INTO doomed (tenant, key) SELECT ?1, key FROM copy WHERE tenant = ?1 AND ran <= ?2 AND state < 2",
        "UPDATE copy SET state = 3, bytes = zeroblob(0) WHERE tenant = ? AND ran <= ? AND state < 2",
    };
    enum code code = OK;
    for (size_t i = 0; code == OK && i < ARRAY_LEN(texts); i++) {
        struct stmt *s;
        code = sql_prepare(&t->sql, texts[i], &s, reterr);
        if (code != OK)
            break;
        stmt_int(s, 2, ran);
        code = stmt_run(s, reterr);
        if (code == OK && i == 0 && db_changes(t->sql.records) > 0)
            state_touch(t);                    /* so that doomed_list knows the tenant */
    }
    return code;
}
