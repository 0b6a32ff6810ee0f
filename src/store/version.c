/* version.c — invariant: a service has at most one version for each hash that is announced and not in force. */
#include "store/version.h"

#include "store/inner.h"

#define INSTANCE 0                            /* the tenant of what belongs to no tenant */

struct put { const struct version_row *row; int64_t number; };

#define VERSION_COLS "SELECT number, hash, updated, announced, begins, since, charter, changes FROM charter_version WHERE service = ?"

static enum code number_of(struct txn *t, struct put *p, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = instance_prepare(&t->sql, "SELECT number FROM charter_version WHERE service = ?1 AND hash = ?2 AND (since = 0 OR number = "
                                     "(SELECT max(number) FROM charter_version WHERE service = ?1 AND since > 0)) ORDER BY number DESC LIMIT 1", &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 1, p->row->service);
    stmt_blob(s, 2, p->row->hash, HASH_SIZE);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (row)
        p->number = col_int(s, 0);
    stmt_end(s);
    if (row)
        return OK;
    if ((code = instance_prepare(&t->sql, "SELECT max(number) FROM charter_version WHERE service = ?", &s, reterr)) != OK)
        return code;
    stmt_text(s, 1, p->row->service);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    p->number = (row ? col_int(s, 0) : 0) + 1;
    stmt_end(s);
    return OK;
}

static enum code put(struct txn *t, void *arg, struct err *reterr) {
    struct put *p = arg;
    struct stmt *s;
    enum code code = number_of(t, p, reterr);
    if (code == OK)
        code = instance_prepare(&t->sql, "INSERT OR REPLACE INTO charter_version (service, number, hash, updated, announced, begins, since, charter, changes) "
                                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 1, p->row->service);
    stmt_int(s, 2, p->number);
    stmt_blob(s, 3, p->row->hash, HASH_SIZE);
    stmt_text(s, 4, p->row->updated);
    stmt_int(s, 5, p->row->announced);
    stmt_int(s, 6, p->row->begins);
    stmt_int(s, 7, p->row->since);
    stmt_text(s, 8, p->row->charter);
    stmt_text(s, 9, p->row->changes);
    return stmt_run(s, reterr);
}

enum code version_put(struct store *s, const struct version_row *r, int64_t *ret_number, struct err *reterr) {
    struct put p = { .row = r };
    enum code code = store_write(s, INSTANCE, put, &p, reterr);
    if (code == OK)
        *ret_number = p.number;
    return code;
}

enum code versions_list(struct store *s, const char *service, version_fn fn, void *arg, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct stmt *st;
    bool row = false;
    enum code code = store_view(s, INSTANCE, &v, reterr);
    if (code == OK)
        code = instance_prepare(view_sql(v), VERSION_COLS " ORDER BY number DESC", &st, reterr);
    if (code == OK)
        stmt_text(st, 1, service);
    while (code == OK && (code = stmt_step(st, &row, reterr)) == OK && row) {
        struct version_row r = { .service = service, .number = col_int(st, 0), .updated = col_text(st, 2), .announced = col_int(st, 3), .begins = col_int(st, 4),
                                 .since = col_int(st, 5), .charter = col_text(st, 6), .changes = col_text(st, 7) };
        code = col_bytes(st, 1, r.hash, HASH_SIZE, reterr);
        if (code == OK && !fn(&r, arg)) {
            stmt_end(st);
            break;
        }
    }
    return code;
}

/* ---- locks ---- */

enum code lock_put(struct txn *t, int32_t kind, const char *what, int64_t version, struct err *reterr) {
    struct stmt *s;
    int64_t now = 0;
    enum code code = txn_change(t, &now, reterr);
    if (code == OK)
        code = sql_prepare(&t->sql, "INSERT OR REPLACE INTO use_lock (tenant, kind, what, version, born) VALUES (?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, kind);
    stmt_text(s, 3, what);
    stmt_int(s, 4, version);
    stmt_int(s, 5, now);
    return stmt_run(s, reterr);
}

enum code lock_drop(struct txn *t, int32_t kind, const char *what, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "DELETE FROM use_lock WHERE tenant = ? AND kind = ? AND what = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, kind);
    stmt_text(s, 3, what);
    return stmt_run(s, reterr);
}

static enum code lock_read(struct stmt *s, struct lock_row *ret, struct err *reterr) {
    (void)reterr;
    *ret = (struct lock_row){ .kind = (int32_t)col_int(s, 0), .what = col_text(s, 1), .version = col_int(s, 2), .born = col_int(s, 3) };
    return OK;
}

DEFINE_ROWS(locks_give, lock_row, lock_read)

enum code locks_list(struct sql *q, lock_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(q, "SELECT kind, what, version, born FROM use_lock WHERE tenant = ? ORDER BY kind, what", &s, reterr);
    return code == OK ? locks_give(s, fn, arg, NULL, reterr) : code;
}

static enum code given_bind(struct sql *q, const char *sql, int32_t kind, const struct uuid *id, const char *what, struct stmt **ret, struct err *reterr) {
    enum code code = sql_prepare_of(q, sql, kind, id, ret, reterr);
    if (code == OK)
        stmt_text(*ret, 4, what);
    return code;
}

enum code lock_give(struct txn *t, int32_t kind, const struct uuid *id, const char *what, usec_t at, struct err *reterr) {
    struct stmt *s;
    beside_put(t);
    enum code code = given_bind(&t->sql, "INSERT OR REPLACE INTO use_given (tenant, kind, id, what, at) VALUES (?, ?, ?, ?, ?)", kind, id, what, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 5, at);
    return stmt_run(s, reterr);
}

enum code lock_take_back(struct txn *t, int32_t kind, const struct uuid *id, const char *what, struct err *reterr) {
    struct stmt *s;
    enum code code = given_bind(&t->sql, "DELETE FROM use_given WHERE tenant = ? AND kind = ? AND id = ? AND what = ?", kind, id, what, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}

enum code lock_given(struct sql *q, int32_t kind, const struct uuid *id, const char *what, usec_t *ret, struct err *reterr) {
    struct stmt *s;
    enum code code = given_bind(q, "SELECT at FROM use_given WHERE tenant = ? AND kind = ? AND id = ? AND what = ?", kind, id, what, &s, reterr);
    return code == OK ? stmt_number(s, 0, ret, reterr) : code;
}
