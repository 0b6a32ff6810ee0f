/* register.c — invariant: a row of support_window is named in window_over exactly while it is not closed. */
#include "store/register.h"

#include <string.h>

#include "store/inner.h"
#include "store/tables.h"

/* ---- authorisations ---- */

enum code authorisation_next(struct sql *q, int64_t *ret, struct err *reterr) {
    return number_next(q, "SELECT number FROM authorisation WHERE tenant = ? ORDER BY number DESC LIMIT 1", ret, reterr);
}

/* Values 2 to 8, as put and set have them. */
static void authorisation_bind(struct stmt *s, const struct authorisation_row *r) {
    stmt_int(s, 2, r->number);
    stmt_int(s, 3, r->from);
    stmt_int(s, 4, r->until);
    bind_due(s, 5, r->trained);
    stmt_int(s, 6, r->withdrawn);
    bind_bytes(s, 7, r->blob, r->len);
}

enum code authorisation_put(struct txn *t, const struct authorisation_row *r, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "INSERT INTO authorisation (tenant, number, begins, until, trained, withdrawn, bytes, account, key, made) "
                                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    authorisation_bind(s, r);
    bind_uuid(s, 8, &r->account);
    stmt_int(s, 9, (int64_t)r->key);
    stmt_int(s, 10, r->made != 0 ? r->made : t->now);
    return stmt_run(s, reterr);
}

enum code authorisation_set(struct txn *t, const struct authorisation_row *r, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE authorisation SET begins = ?3, until = ?4, trained = ?5, withdrawn = ?6, bytes = ?7 "
                                 "WHERE tenant = ?1 AND number = ?2", &s, reterr);
    if (code != OK)
        return code;
    authorisation_bind(s, r);
    return stmt_run_one(t, s, "there is no authorisation of this number", reterr);
}

#define AUTHORISATION_COLS "SELECT account, number, begins, until, trained, withdrawn, made, key, bytes FROM authorisation"

static enum code authorisation_read(struct stmt *s, struct authorisation_row *ret, struct err *reterr) {
    struct authorisation_row r = { .number = col_int(s, 1), .from = col_int(s, 2), .until = col_int(s, 3), .trained = col_due(s, 4),
                                   .withdrawn = col_int(s, 5), .made = col_int(s, 6), .key = (uint64_t)col_int(s, 7) };
    enum code code = col_bytes(s, 0, r.account.bytes, sizeof r.account.bytes, reterr);
    r.blob = col_blob(s, 8, &r.len);
    if (code == OK)
        *ret = r;
    return code;
}

DEFINE_ROWS(authorisations_give, authorisation_row, authorisation_read)

enum code authorisation_get(struct sql *q, int64_t number, authorisation_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    size_t count = 0;
    enum code code = sql_prepare_int(q, AUTHORISATION_COLS " WHERE tenant = ? AND number = ?", number, &s, reterr);
    if (code == OK)
        code = authorisations_give(s, fn, arg, &count, reterr);
    return code == OK && count == 0 ? err_set(reterr, E_NOT_FOUND, "there is no authorisation of this number") : code;
}

enum code authorisations_list(struct sql *q, int64_t after, authorisation_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_int(q, AUTHORISATION_COLS " WHERE tenant = ? AND number > ? ORDER BY number", after, &s, reterr);
    return code == OK ? authorisations_give(s, fn, arg, NULL, reterr) : code;
}

enum code authorisation_valid(struct sql *q, const struct uuid *account, usec_t now, bool *ret, usec_t *ret_until, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT max(min(until, coalesce(trained, until))) FROM authorisation WHERE tenant = ?1 AND account = ?2 AND withdrawn = 0 "
                                 "AND begins <= ?3 AND until > ?3", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, account);
    stmt_int(s, 3, now);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    usec_t until = row && !col_is_null(s, 0) ? col_int(s, 0) : 0;
    stmt_end(s);
    *ret = until > now;
    *ret_until = until;
    return OK;
}

/* ---- support windows ---- */

enum code support_next(struct sql *q, int64_t *ret, struct err *reterr) {
    return number_next(q, "SELECT number FROM support_window WHERE tenant = ? ORDER BY number DESC LIMIT 1", ret, reterr);
}

static enum code over_put(struct txn *t, int64_t number, usec_t until, struct err *reterr) {
    struct stmt *s;
    enum code code = db_prepare(t->sql.records, "INSERT INTO window_over (until, tenant, number) VALUES (?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, until);
    stmt_int(s, 2, t->sql.tenant);
    stmt_int(s, 3, number);
    return stmt_run(s, reterr);
}

static enum code over_drop(struct txn *t, int64_t number, struct err *reterr) {
    struct stmt *s;
    enum code code = db_prepare(t->sql.records, "DELETE FROM window_over WHERE tenant = ? AND number = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, t->sql.tenant);
    stmt_int(s, 2, number);
    return stmt_run(s, reterr);
}

enum code support_put(struct txn *t, const struct support_row *r, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "INSERT INTO support_window (tenant, number, account, kinds, opened, until, ran_until, closed, whose, key, bytes) "
                                 "VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, r->number);
    bind_uuid_or_null(s, 3, &r->account);
    stmt_text(s, 4, r->kinds);
    stmt_int(s, 5, r->opened);
    stmt_int(s, 6, r->until);
    stmt_int(s, 7, r->ran_until);
    stmt_text(s, 8, r->by);
    stmt_int(s, 9, (int64_t)r->key);
    bind_bytes(s, 10, r->blob, r->len);
    code = stmt_run(s, reterr);
    return code == OK ? over_put(t, r->number, r->until, reterr) : code;
}

enum code support_close(struct txn *t, int64_t number, usec_t at, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE support_window SET closed = ?3 WHERE tenant = ?1 AND number = ?2 AND closed = 0", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    stmt_int(s, 3, at);
    code = stmt_run_one(t, s, "there is no open window of this number", reterr);
    return code == OK ? over_drop(t, number, reterr) : code;
}

#define SUPPORT_COLS "SELECT account, number, kinds, opened, until, ran_until, closed, whose, key, bytes FROM support_window"

static enum code support_read(struct stmt *s, struct support_row *ret, struct err *reterr) {
    struct support_row r = { .number = col_int(s, 1), .kinds = col_text(s, 2), .opened = col_int(s, 3), .until = col_int(s, 4), .ran_until = col_int(s, 5),
                             .closed = col_int(s, 6), .by = col_text(s, 7), .key = (uint64_t)col_int(s, 8) };
    enum code code = col_is_null(s, 0) ? OK : col_bytes(s, 0, r.account.bytes, sizeof r.account.bytes, reterr);
    r.blob = col_blob(s, 9, &r.len);
    if (code == OK)
        *ret = r;
    return code;
}

DEFINE_ROWS(support_give, support_row, support_read)

enum code support_get(struct sql *q, int64_t number, support_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    size_t count = 0;
    enum code code = sql_prepare_int(q, SUPPORT_COLS " WHERE tenant = ? AND number = ?", number, &s, reterr);
    if (code == OK)
        code = support_give(s, fn, arg, &count, reterr);
    return code == OK && count == 0 ? err_set(reterr, E_NOT_FOUND, "there is no window of this number") : code;
}

enum code support_list(struct sql *q, support_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(q, SUPPORT_COLS " WHERE tenant = ? ORDER BY number", &s, reterr);
    return code == OK ? support_give(s, fn, arg, NULL, reterr) : code;
}

enum code support_open(struct sql *q, const struct uuid *account, usec_t now, usec_t ran, support_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(q, SUPPORT_COLS " WHERE tenant = ?1 AND closed = 0 AND until > ?3 AND ran_until > ?4 AND opened <= ?3 "
                                 "AND (account IS NULL OR account = ?2) ORDER BY number", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, account);
    stmt_int(s, 3, now);
    stmt_int(s, 4, ran);
    return support_give(s, fn, arg, NULL, reterr);
}

#define OVER_CHUNK 256u

enum code support_over(struct store *s, usec_t now, support_over_fn fn, void *arg, struct err *reterr) {
    struct { int64_t tenant, number; } list[OVER_CHUNK];
    struct view *v = NULL;
    struct stmt *st;
    size_t count = 0;
    bool row = false;
    enum code code = store_view(s, 0, &v, reterr);
    if (code == OK)
        code = db_prepare(view_sql(v)->records, "SELECT tenant, number FROM window_over WHERE until <= ? ORDER BY until", &st, reterr);
    if (code == OK)
        stmt_int(st, 1, now);
    while (code == OK && count < OVER_CHUNK && (code = stmt_step(st, &row, reterr)) == OK && row) {
        list[count].tenant = col_int(st, 0);
        list[count++].number = col_int(st, 1);
    }
    v = view_end(v);
    for (size_t i = 0; i < count && code == OK; i++)
        if (!fn(list[i].tenant, list[i].number, arg))
            break;
    return code;
}

/* ---- both ---- */

enum code registers_drop(struct txn *t, struct err *reterr) {
    static const char *const texts[] = {
        "INSERT OR IGNORE INTO doomed (tenant, key) SELECT ?1, key FROM authorisation WHERE tenant = ?1", "DELETE FROM authorisation WHERE tenant = ?",
        "INSERT OR IGNORE INTO doomed (tenant, key) SELECT ?1, key FROM support_window WHERE tenant = ?1", "DELETE FROM support_window WHERE tenant = ?",
        "DELETE FROM window_over WHERE tenant = ?",
    };
    state_touch(t);                           /* so that doomed_list knows the tenant */
    enum code code = OK;
    for (size_t i = 0; code == OK && i < ARRAY_LEN(texts); i++)
        code = sql_run(t, texts[i], reterr);
    return code;
}
