/* shorthand.c — see shorthand.h. */
#include "store/shorthand.h"

#include <string.h>

#include "store/inner.h"

enum code instance_prepare(struct sql *q, const char *text, struct stmt **ret, struct err *reterr) { return db_prepare(q->records, text, ret, reterr); }

enum code sql_prepare(struct sql *q, const char *text, struct stmt **ret, struct err *reterr) {
    struct stmt *s = NULL;
    enum code code = instance_prepare(q, text, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, q->tenant);
    *ret = s;
    return OK;
}

enum code sql_prepare_int(struct sql *q, const char *text, int64_t value, struct stmt **ret, struct err *reterr) {
    enum code code = sql_prepare(q, text, ret, reterr);
    if (code == OK)
        stmt_int(*ret, 2, value);
    return code;
}

enum code sql_prepare_of(struct sql *q, const char *text, int32_t kind, const struct uuid *id, struct stmt **ret, struct err *reterr) {
    enum code code = sql_prepare_int(q, text, kind, ret, reterr);
    if (code == OK)
        bind_uuid(*ret, 3, id);
    return code;
}

enum code sql_run(struct txn *t, const char *text, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, text, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}

/* ---- values ---- */

void bind_uuid(struct stmt *s, int at, const struct uuid *id) { stmt_blob(s, at, id->bytes, sizeof id->bytes); }

void bind_uuid_or_null(struct stmt *s, int at, const struct uuid *id) {
    if (uuid_is_null(id))
        stmt_null(s, at);
    else
        bind_uuid(s, at, id);
}

void bind_bytes(struct stmt *s, int at, const void *bytes, size_t len) { stmt_blob(s, at, len > 0 ? bytes : "", len); }

void bind_due(struct stmt *s, int at, usec_t due) {
    if (due == USEC_NEVER)
        stmt_null(s, at);
    else
        stmt_int(s, at, due);
}

usec_t col_due(struct stmt *s, int at) { return col_is_null(s, at) ? USEC_NEVER : col_int(s, at); }

enum code col_bytes(struct stmt *s, int at, void *ret, size_t len, struct err *reterr) {
    size_t have = 0;
    const void *bytes = col_blob(s, at, &have);
    if (bytes == NULL || have != len)
        return err_set(reterr, E_DAMAGED, "a row holds %zu bytes where %zu belong: restore from the newest archive", have, len);
    memcpy(ret, bytes, len);
    return OK;
}

/* ---- answers ---- */

enum code stmt_number(struct stmt *s, int64_t absent, int64_t *ret, struct err *reterr) {
    bool row = false;
    enum code code = stmt_step(s, &row, reterr);
    if (code != OK)
        return code;
    *ret = row ? col_int(s, 0) : absent;
    stmt_end(s);
    return OK;
}

enum code stmt_any(struct stmt *s, bool *ret, struct err *reterr) {
    bool row = false;
    enum code code = stmt_step(s, &row, reterr);
    if (code != OK)
        return code;
    stmt_end(s);
    *ret = row;
    return OK;
}

enum code stmt_run_one(struct txn *t, struct stmt *s, const char *missing, struct err *reterr) {
    enum code code = stmt_run(s, reterr);
    return code != OK || db_changes(t->sql.records) == 1 ? code : err_set(reterr, E_NOT_FOUND, "%s", missing);
}

enum code number_next(struct sql *q, const char *text, int64_t *ret, struct err *reterr) {
    struct stmt *s;
    int64_t last = 0;
    enum code code = sql_prepare(q, text, &s, reterr);
    if (code == OK)
        code = stmt_number(s, 0, &last, reterr);
    if (code == OK)
        *ret = last + 1;
    return code;
}
