/* request.c — see request.h. Invariant: a request has at most one row in request_clock. */
#include "store/request.h"

#include <string.h>

#include "store/inner.h"

#define REQUEST_COLS "SELECT number, service, type, state, way, received, due, law, extended, identified, ended, warned, steps, kind, id, link, link_until, link_for, key, bytes " \
                     "FROM request WHERE tenant = ?"

static enum code request_read(struct stmt *s, struct request_row *ret, struct err *reterr) {
    struct request_row r = { .number = col_int(s, 0), .service = col_text(s, 1), .type = (int)col_int(s, 2), .state = (int)col_int(s, 3), .way = (int)col_int(s, 4),
                             .received = col_int(s, 5), .due = col_int(s, 6), .law = col_int(s, 7), .extended = col_int(s, 8), .identified = col_int(s, 9),
                             .ended = col_int(s, 10), .warned = (int)col_int(s, 11), .steps = col_int(s, 12), .kind = (int32_t)col_int(s, 13),
                             .link_until = col_int(s, 16), .link_for = (int)col_int(s, 17), .key = (uint64_t)col_int(s, 18) };
    enum code code = col_is_null(s, 14) ? OK : col_bytes(s, 14, r.id.bytes, sizeof r.id.bytes, reterr);
    if (code == OK && !col_is_null(s, 15))
        code = col_bytes(s, 15, r.link, sizeof r.link, reterr);
    r.blob = col_blob(s, 19, &r.len);
    if (code == OK)
        *ret = r;
    return code;
}

DEFINE_ROWS(requests_give, request_row, request_read)

enum code request_next(struct sql *q, int64_t *ret, struct err *reterr) {
    PRE(q != NULL && ret != NULL && reterr != NULL);
    return number_next(q, "SELECT number FROM request WHERE tenant = ? ORDER BY number DESC LIMIT 1", ret, reterr);
}

static enum code clock_set(struct txn *t, int64_t number, usec_t next, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "DELETE FROM request_clock WHERE tenant = ? AND number = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    if ((code = stmt_run(s, reterr)) != OK || next == USEC_NEVER)
        return code;
    if ((code = sql_prepare(&t->sql, "INSERT INTO request_clock (tenant, number, next) VALUES (?, ?, ?)", &s, reterr)) != OK)
        return code;
    stmt_int(s, 2, number);
    stmt_int(s, 3, next);
    return stmt_run(s, reterr);
}

static void bind_link(struct stmt *s, int at, const struct request_row *r) {
    if (r->link_for == 0)
        stmt_null(s, at);
    else
        stmt_blob(s, at, r->link, sizeof r->link);
}

enum code request_put(struct txn *t, const struct request_row *r, usec_t next, struct err *reterr) {
    PRE(t != NULL && r != NULL && r->service != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "INSERT INTO request (tenant, number, service, type, state, way, received, due, law, extended, identified, ended, warned, steps, kind, id, "
                                 "link, link_until, link_for, key, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    const int64_t before[] = { r->type, r->state, r->way, r->received, r->due, r->law, r->extended, r->identified, r->ended, r->warned, r->steps, r->kind };
    stmt_int(s, 2, r->number);
    stmt_text(s, 3, r->service);
    for (size_t i = 0; i < ARRAY_LEN(before); i++)
        stmt_int(s, 4 + (int)i, before[i]);
    bind_uuid_or_null(s, 16, &r->id);
    bind_link(s, 17, r);
    stmt_int(s, 18, r->link_until);
    stmt_int(s, 19, r->link_for);
    stmt_int(s, 20, (int64_t)r->key);
    stmt_blob(s, 21, r->blob, r->len);
    code = stmt_run(s, reterr);
    return code == OK ? clock_set(t, r->number, next, reterr) : code;
}

enum code request_set(struct txn *t, const struct request_row *r, usec_t next, struct err *reterr) {
    PRE(t != NULL && r != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE request SET state = ?3, due = ?4, extended = ?5, identified = ?6, ended = ?7, warned = ?8, steps = ?9, link = ?10, link_until = ?11, "
                                 "link_for = ?12, bytes = ?13 WHERE tenant = ?1 AND number = ?2 AND steps = ?9 - 1", &s, reterr);
    if (code != OK)
        return code;
    const int64_t values[] = { r->number, r->state, r->due, r->extended, r->identified, r->ended, r->warned, r->steps };
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        stmt_int(s, 2 + (int)i, values[i]);
    bind_link(s, 10, r);
    stmt_int(s, 11, r->link_until);
    stmt_int(s, 12, r->link_for);
    bind_bytes(s, 13, r->blob, r->len);
    if ((code = stmt_run(s, reterr)) != OK)
        return code;
    if (db_changes(t->sql.records) != 1)
        return err_set(reterr, E_CONFLICT, "somebody else has just changed this request; look at it again");
    return clock_set(t, r->number, next, reterr);
}

enum code request_get(struct sql *q, int64_t number, struct arena *arena, struct request_row *ret, struct err *reterr) {
    PRE(q != NULL && arena != NULL && ret != NULL && reterr != NULL);
    struct stmt *s;
    struct request_row r;
    bool row = false;
    enum code code = sql_prepare(q, REQUEST_COLS " AND number = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "there is no request of that number");
    code = request_read(s, &r, reterr);
    if (code == OK) {
        r.blob = arena_text_n(arena, r.len > 0 ? r.blob : "", r.len);
        r.service = arena_text(arena, r.service);
        if (r.blob == NULL || r.service == NULL)
            code = err_set(reterr, E_MEMORY, "no memory for a request");
    }
    stmt_end(s);
    if (code == OK)
        *ret = r;
    return code;
}

enum code request_of_link(struct sql *q, const uint8_t hash[REQUEST_HASH], int64_t *ret_number, struct err *reterr) {
    PRE(q != NULL && hash != NULL && ret_number != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT number FROM request WHERE tenant = ? AND link = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_blob(s, 2, hash, REQUEST_HASH);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "there is nothing behind this link");
    *ret_number = col_int(s, 0);
    stmt_end(s);
    return OK;
}

enum code request_list(struct sql *q, int64_t before, request_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, REQUEST_COLS " AND number < ? ORDER BY number DESC", before, &s, reterr);
    return code == OK ? requests_give(s, fn, arg, NULL, reterr) : code;
}

enum code request_list_of(struct sql *q, int32_t kind, const struct uuid *id, request_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && id != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_of(q, REQUEST_COLS " AND kind = ? AND id = ? ORDER BY number DESC", kind, id, &s, reterr);
    return code == OK ? requests_give(s, fn, arg, NULL, reterr) : code;
}

enum code request_step_put(struct txn *t, const struct request_step *p, struct err *reterr) {
    PRE(t != NULL && p != NULL && p->by != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "INSERT INTO request_step (tenant, number, step, at, what, whose) VALUES (?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, p->number);
    stmt_int(s, 3, p->step);
    stmt_int(s, 4, p->at);
    stmt_int(s, 5, p->what);
    stmt_text(s, 6, p->by);
    return stmt_run(s, reterr);
}

enum code request_steps(struct sql *q, int64_t number, request_step_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT step, at, what, whose FROM request_step WHERE tenant = ? AND number = ? ORDER BY step", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    while ((code = stmt_step(s, &row, reterr)) == OK && row) {
        const struct request_step p = { .number = number, .step = col_int(s, 0), .at = col_int(s, 1), .what = (int)col_int(s, 2), .by = col_text(s, 3) };
        if (!fn(&p, arg))
            break;
    }
    stmt_end(s);
    return code;
}

enum code requests_next(struct store *store, usec_t until, request_next_fn fn, void *arg, struct err *reterr) {
    PRE(store != NULL && fn != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    struct stmt *s;
    bool row = false;
    enum code code = store_view(store, 0, &v, reterr);
    if (code == OK)
        code = instance_prepare(view_sql(v), "SELECT next, tenant, number FROM request_clock WHERE next <= ? ORDER BY next", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, until);
    while ((code = stmt_step(s, &row, reterr)) == OK && row)
        if (!fn(col_int(s, 1), col_int(s, 2), col_int(s, 0), arg))
            break;
    stmt_end(s);
    return code;
}

enum code request_count(struct sql *q, usec_t since, usec_t now, struct request_counts *ret, struct err *reterr) {
    PRE(q != NULL && ret != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false;
    /* states 7 and 8: taken back by the person, passed to the controller */
    enum code code = sql_prepare(q, "SELECT count(*), coalesce(sum(ended = 0), 0), coalesce(sum(ended > 0 AND state < 7), 0), coalesce(sum(ended > 0 AND state < 7 AND ended < due), 0), "
                                 "coalesce(sum((ended > 0 AND state < 7 AND ended >= due) OR (ended = 0 AND due <= ?3)), 0), coalesce(sum(ended = 0 AND due <= ?3), 0) "
                                 "FROM request WHERE tenant = ?1 AND received >= ?2", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, since);
    stmt_int(s, 3, now);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (row)
        *ret = (struct request_counts){ .all = col_int(s, 0), .open = col_int(s, 1), .ended = col_int(s, 2), .in_time = col_int(s, 3), .late = col_int(s, 4), .open_late = col_int(s, 5) };
    stmt_end(s);
    return OK;
}

enum code requests_drop(struct txn *t, struct err *reterr) {
    static const char *const texts[] = {
        "INSERT OR IGNORE INTO doomed (tenant, key) SELECT ?1, key FROM request WHERE tenant = ?1 AND length(bytes) > 0",
        "DELETE FROM request_clock WHERE tenant = ?", "DELETE FROM request_step WHERE tenant = ?", "DELETE FROM request WHERE tenant = ?",
    };
    enum code code = OK;
    for (size_t i = 0; code == OK && i < ARRAY_LEN(texts); i++) {
        code = sql_run(t, texts[i], reterr);
        if (code == OK && i == 0 && db_changes(t->sql.records) > 0)
            state_touch(t);                    /* so that doomed_list knows the tenant */
    }
    return code;
}
