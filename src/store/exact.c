/* exact.c — what must be exact under concurrency: one holder for each claim, counters without gaps, spans that
 * do not touch. All run on the commit thread, one after another, so a plain look and a plain write are exact. */
#include <string.h>

#include "store/inner.h"
#include "store/rows.h"

enum code claim_holder(struct sql *q, int32_t kind, int32_t rule, const struct mark *what, struct uuid *ret, struct err *reterr) {
    const struct token *const tokens[] = { &what->token, what->before };
    for (size_t i = 0; i < ARRAY_LEN(tokens) && tokens[i] != NULL; i++) {
        struct stmt *s;
        bool row = false;
        enum code code = sql_prepare(q, "SELECT holder FROM claim WHERE tenant = ? AND kind = ? AND rule = ? AND what = ?", &s, reterr);
        if (code != OK)
            return code;
        stmt_int(s, 2, kind);
        stmt_int(s, 3, rule);
        stmt_blob(s, 4, tokens[i]->bytes, TOKEN_SIZE);
        if ((code = stmt_step(s, &row, reterr)) != OK)
            return code;
        if (row) {
            code = col_bytes(s, 0, ret->bytes, sizeof ret->bytes, reterr);
            stmt_end(s);
            return code;
        }
    }
    return err_set(reterr, E_NOT_FOUND, "nobody holds this value");
}

/* Who holds the claim on a token: *ret_other is true when it is not `by`, *ret_own when it is. */
static enum code claim_look(struct txn *t, int32_t kind, int32_t rule, const struct token *token, const struct uuid *by,
                            bool *ret_other, bool *ret_own, struct err *reterr) {
    struct uuid holder;
    enum code code = claim_holder(&t->sql, kind, rule, &(struct mark){ .token = *token }, &holder, reterr);
    *ret_own = code == OK && uuid_compare(&holder, by) == 0;
    *ret_other = code == OK && !*ret_own;
    return code == E_NOT_FOUND ? OK : code;
}

enum code claim_take(struct txn *t, int32_t kind, int32_t rule, const struct mark *what, const struct uuid *by, struct err *reterr) {
    struct stmt *s;
    bool other = false, own = false;
    enum code code = generation_check(t, what->generation, reterr);
    if (code == OK && what->before != NULL)
        code = claim_look(t, kind, rule, what->before, by, &other, &own, reterr);
    if (code == OK && !other)
        code = claim_look(t, kind, rule, &what->token, by, &other, &own, reterr);
    if (code != OK)
        return code;
    if (other)
        return err_set(reterr, E_CONFLICT, "another record holds this value already");
    if (own)
        return OK;
    beside_put(t);
    code = sql_prepare(&t->sql, "INSERT INTO claim (tenant, kind, rule, what, holder, generation) VALUES (?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, kind);
    stmt_int(s, 3, rule);
    stmt_blob(s, 4, what->token.bytes, TOKEN_SIZE);
    bind_uuid(s, 5, by);
    stmt_int(s, 6, what->generation);
    return stmt_run(s, reterr);
}

static enum code drop(struct txn *t, const char *sql, int32_t kind, int32_t rule, const struct uuid *by, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_of(&t->sql, sql, kind, by, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, rule);
    return stmt_run(s, reterr);
}

enum code claim_drop(struct txn *t, int32_t kind, int32_t rule, const struct uuid *by, struct err *reterr) {
    return drop(t, "DELETE FROM claim WHERE tenant = ? AND kind = ? AND holder = ? AND rule = ?", kind, rule, by, reterr);
}

enum code span_drop(struct txn *t, int32_t kind, int32_t rule, const struct uuid *by, struct err *reterr) {
    return drop(t, "DELETE FROM span WHERE tenant = ? AND kind = ? AND holder = ? AND rule = ?", kind, rule, by, reterr);
}

/* ---- counters ---- */

enum code counter_get(struct sql *q, int32_t kind, int32_t rule, const struct uuid *scope, int64_t year, int64_t *ret, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(q, "SELECT value FROM counter WHERE tenant = ? AND kind = ? AND rule = ? AND scope = ? AND year = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, kind);
    stmt_int(s, 3, rule);
    bind_uuid(s, 4, scope);
    stmt_int(s, 5, year);
    return stmt_number(s, 0, ret, reterr);
}

enum code counter_add(struct txn *t, int32_t kind, int32_t rule, const struct uuid *scope, int64_t year, int64_t delta, int64_t *ret_now, struct err *reterr) {
    struct stmt *s;
    int64_t value = 0;
    enum code code = counter_get(&t->sql, kind, rule, scope, year, &value, reterr);
    if (code == OK && __builtin_add_overflow(value, delta, &value))
        return err_set(reterr, E_CONFLICT, "a counter is at its end");
    if (code == OK)
        code = sql_prepare(&t->sql, "INSERT INTO counter (tenant, kind, rule, scope, year, value) VALUES (?, ?, ?, ?, ?, ?) "
                           "ON CONFLICT (tenant, kind, rule, scope, year) DO UPDATE SET value = excluded.value", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, kind);
    stmt_int(s, 3, rule);
    bind_uuid(s, 4, scope);
    stmt_int(s, 5, year);
    stmt_int(s, 6, value);
    if ((code = stmt_run(s, reterr)) == OK)
        *ret_now = value;
    return code;
}

/* ---- spans ---- */

/* Spans of one `what` do not touch each other, so of those of others that start before `until` only the last
 * can reach past `from`. */
static enum code span_free(struct txn *t, int32_t kind, int32_t rule, const struct token *what, usec_t from, usec_t until, const struct uuid *by,
                           struct err *reterr) {
    struct stmt *s;
    struct uuid holder;
    bool row = false, taken = false;
    enum code code = sql_prepare(&t->sql, "SELECT holder, stop FROM span WHERE tenant = ? AND kind = ? AND rule = ? AND what = ? AND start < ? "
                                 "ORDER BY start DESC", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, kind);
    stmt_int(s, 3, rule);
    stmt_blob(s, 4, what->bytes, TOKEN_SIZE);
    stmt_int(s, 5, until);
    while ((code = stmt_step(s, &row, reterr)) == OK && row) {
        code = col_bytes(s, 0, holder.bytes, sizeof holder.bytes, reterr);
        if (code == OK && uuid_compare(&holder, by) == 0)
            continue;
        taken = code == OK && col_int(s, 1) > from;
        break;
    }
    stmt_end(s);
    return taken ? err_set(reterr, E_CONFLICT, "another record has this time already") : code;
}

/* Spans of the same holder that meet the new one become one with it: else one would lie within another, and
 * looking at the last start would not be enough. */
static enum code span_merge(struct txn *t, int32_t kind, int32_t rule, const struct token *what, usec_t *from, usec_t *until, const struct uuid *by,
                            struct err *reterr) {
    static const char *const texts[] = {
        "SELECT min(start), max(stop) FROM span INDEXED BY span_holder WHERE tenant = ? AND kind = ? AND holder = ? AND rule = ? AND what = ? "
        "AND start < ? AND stop > ?",
        "DELETE FROM span INDEXED BY span_holder WHERE tenant = ? AND kind = ? AND holder = ? AND rule = ? AND what = ? AND start < ? AND stop > ?",
    };
    usec_t first = *from, last = *until;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct stmt *s;
        bool row = false;
        enum code code = sql_prepare(&t->sql, texts[i], &s, reterr);
        if (code != OK)
            return code;
        stmt_int(s, 2, kind);
        bind_uuid(s, 3, by);
        stmt_int(s, 4, rule);
        stmt_blob(s, 5, what->bytes, TOKEN_SIZE);
        stmt_int(s, 6, *until);
        stmt_int(s, 7, *from);
        if ((code = stmt_step(s, &row, reterr)) != OK)
            return code;
        if (row && !col_is_null(s, 0)) {
            first = col_int(s, 0) < first ? col_int(s, 0) : first;
            last = col_int(s, 1) > last ? col_int(s, 1) : last;
        }
        stmt_end(s);
    }
    *from = first;
    *until = last;
    return OK;
}

enum code span_take(struct txn *t, int32_t kind, int32_t rule, const struct mark *what, usec_t from, usec_t until, const struct uuid *by, struct err *reterr) {
    struct stmt *s;
    if (from >= until)
        return err_set(reterr, E_INVALID, "a time ends before it starts");
    enum code code = generation_check(t, what->generation, reterr);
    if (code == OK && what->before != NULL)
        code = span_free(t, kind, rule, what->before, from, until, by, reterr);
    if (code == OK)
        code = span_free(t, kind, rule, &what->token, from, until, by, reterr);
    if (code == OK)
        code = span_merge(t, kind, rule, &what->token, &from, &until, by, reterr);
    beside_put(t);
    if (code == OK)
        code = sql_prepare(&t->sql, "INSERT OR REPLACE INTO span (tenant, kind, rule, what, start, holder, stop, generation) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, kind);
    stmt_int(s, 3, rule);
    stmt_blob(s, 4, what->token.bytes, TOKEN_SIZE);
    stmt_int(s, 5, from);
    bind_uuid(s, 6, by);
    stmt_int(s, 7, until);
    stmt_int(s, 8, what->generation);
    return stmt_run(s, reterr);
}
