/* shorthand.h — what nearly every statement of this folder says: a tenant, a number or a record as its first values, then one answer,
 * one row changed, or rows for a function of the caller. What is asked here ends its statement, whatever comes of it. Threads: as in db.h. */
#pragma once
#include "base/uuid.h"
#include "db/db.h"
#include "store/store.h"

/* Over the records, with the tenant bound as 1. */
MUST_USE enum code sql_prepare(struct sql *q, const char *text, struct stmt **ret, struct err *reterr);
MUST_USE enum code sql_prepare_int(struct sql *q, const char *text, int64_t value, struct stmt **ret, struct err *reterr);     /* and a number as 2 */
MUST_USE enum code sql_prepare_of(struct sql *q, const char *text, int32_t kind, const struct uuid *id, struct stmt **ret, struct err *reterr);   /* and a record as 2 and 3 */
MUST_USE enum code sql_run(struct txn *t, const char *text, struct err *reterr);                       /* one that has no value but the tenant */
/* Of the instance's own tables, which stand under no tenant: nothing bound. */
MUST_USE enum code instance_prepare(struct sql *q, const char *text, struct stmt **ret, struct err *reterr);

void bind_uuid(struct stmt *s, int at, const struct uuid *id);
void bind_uuid_or_null(struct stmt *s, int at, const struct uuid *id);
void bind_bytes(struct stmt *s, int at, const void *bytes, size_t len);                                /* none: empty, never null */
void bind_due(struct stmt *s, int at, usec_t due);                                                     /* USEC_NEVER: null */
usec_t col_due(struct stmt *s, int at);
/* Exactly `len` bytes, or E_DAMAGED. */
MUST_USE enum code col_bytes(struct stmt *s, int at, void *ret, size_t len, struct err *reterr);

MUST_USE enum code stmt_number(struct stmt *s, int64_t absent, int64_t *ret, struct err *reterr);      /* of the first column; absent: there is no row */
MUST_USE enum code stmt_any(struct stmt *s, bool *ret, struct err *reterr);                            /* is there a row? */
/* Exactly one row must change, else E_NOT_FOUND with this text. */
MUST_USE enum code stmt_run_one(struct txn *t, struct stmt *s, const char *missing, struct err *reterr);
/* The number behind the highest of a register, which counts up from 1. `text` asks for the highest. */
MUST_USE enum code number_next(struct sql *q, const char *text, int64_t *ret, struct err *reterr);

/* Makes NAME(): each row of a statement, as READ has it, to fn until fn says no; *ret_count (may be NULL) is how many were read. */
#define DEFINE_ROWS(NAME, ROW, READ)                                                                                                      \
    static enum code NAME(struct stmt *s, bool (*fn)(const struct ROW *r, void *arg), void *arg, size_t *ret_count, struct err *reterr) { \
        bool row = false;                                                                                                                 \
        enum code code;                                                                                                                   \
        size_t n = 0;                                                                                                                     \
        for (; (code = stmt_step(s, &row, reterr)) == OK && row; n++) {                                                                   \
            struct ROW r;                                                                                                                 \
            code = READ(s, &r, reterr);                                                                                                   \
            if (code != OK || !fn(&r, arg))                                                                                               \
                break;                                                                                                                    \
        }                                                                                                                                 \
        stmt_end(s);                                                                                                                      \
        if (ret_count != NULL)                                                                                                            \
            *ret_count = row ? n + 1 : n;                                                                                                 \
        return code;                                                                                                                      \
    }
