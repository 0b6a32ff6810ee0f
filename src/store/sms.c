/* sms.c — see sms.h. */
#include "store/sms.h"

#include "store/inner.h"

static enum code run_two(struct txn *t, const char *sql, int64_t first, int64_t second, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, sql, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, first);
    stmt_int(s, 3, second);
    return stmt_run(s, reterr);
}

enum code sms_taken_of(struct sql *q, const struct uuid *letter, int64_t *ret_day, int64_t *ret_cost, struct err *reterr) {
    PRE(q != NULL && letter != NULL && ret_day != NULL && ret_cost != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT day, cost FROM sms_taken WHERE tenant = ? AND letter = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, letter);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    *ret_day = row ? col_int(s, 0) : 0;
    *ret_cost = row ? col_int(s, 1) : 0;
    if (row)
        stmt_end(s);
    return OK;
}

/* Asked and counted in one statement, so that two at once never pass the cap together. */
static enum code day_take(struct txn *t, int64_t day, int64_t cost, int64_t cap, bool *ret_taken, struct err *reterr) {
    struct stmt *s;
    *ret_taken = false;
    if (cost > cap)
        return OK;
    enum code code = sql_prepare(&t->sql, "INSERT INTO sms_spend (tenant, day, spent, warned) VALUES (?, ?, ?, 0) "
                                 "ON CONFLICT (tenant, day) DO UPDATE SET spent = spent + excluded.spent WHERE spent <= ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, day);
    stmt_int(s, 3, cost);
    stmt_int(s, 4, cap - cost);
    code = stmt_run(s, reterr);
    if (code == OK)
        *ret_taken = db_changes(t->sql.records) > 0;
    return code;
}

static enum code day_back(struct txn *t, int64_t day, int64_t cost, struct err *reterr) {
    return run_two(t, "UPDATE sms_spend SET spent = max(0, spent - ?3) WHERE tenant = ?1 AND day = ?2", day, cost, reterr);
}

enum code sms_spend_take(struct txn *t, const struct uuid *letter, int64_t day, int64_t cost, int64_t cap, bool *ret_taken, struct err *reterr) {
    PRE(t != NULL && letter != NULL && cost >= 0 && cap >= 0 && ret_taken != NULL && reterr != NULL);
    struct stmt *s;
    int64_t on = 0, had = 0;
    bool taken = false;
    enum code code = sms_taken_of(&t->sql, letter, &on, &had, reterr);
    if (code == OK && on == day && had >= cost) {
        *ret_taken = true;
        return OK;
    }
    if (code == OK)
        code = day_take(t, day, on == day ? cost - had : cost, cap, &taken, reterr);
    if (code == OK && taken && on != 0 && on != day)
        code = day_back(t, on, had, reterr);                 /* it did not go then */
    if (code == OK && taken)
        code = sql_prepare(&t->sql, "INSERT INTO sms_taken (tenant, letter, day, cost, exception) VALUES (?, ?, ?, ?, 0) "
                           "ON CONFLICT (tenant, letter) DO UPDATE SET day = excluded.day, cost = excluded.cost", &s, reterr);
    if (code != OK)
        return code;
    if (taken) {
        bind_uuid(s, 2, letter);
        stmt_int(s, 3, day);
        stmt_int(s, 4, cost);
        code = stmt_run(s, reterr);
    }
    if (code == OK)
        *ret_taken = taken;
    return code;
}

enum code sms_spend_back(struct txn *t, const struct uuid *letter, struct err *reterr) {
    PRE(t != NULL && letter != NULL && reterr != NULL);
    struct stmt *s;
    int64_t day = 0, cost = 0;
    enum code code = sms_taken_of(&t->sql, letter, &day, &cost, reterr);
    if (code != OK || day == 0)
        return code;
    code = day_back(t, day, cost, reterr);
    if (code == OK)
        code = sql_prepare(&t->sql, "DELETE FROM sms_taken WHERE tenant = ? AND letter = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, letter);
    return stmt_run(s, reterr);
}

enum code sms_exception_note(struct txn *t, const struct uuid *letter, int64_t exception, bool *ret_fresh, struct err *reterr) {
    PRE(t != NULL && letter != NULL && exception > 0 && ret_fresh != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE sms_taken SET exception = ?3 WHERE tenant = ?1 AND letter = ?2 AND exception <> ?3", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, letter);
    stmt_int(s, 3, exception);
    code = stmt_run(s, reterr);
    if (code == OK)
        *ret_fresh = db_changes(t->sql.records) > 0;
    return code;
}

enum code sms_spend_used(struct txn *t, const struct uuid *letter, struct err *reterr) {
    PRE(t != NULL && letter != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "DELETE FROM sms_taken WHERE tenant = ? AND letter = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, letter);
    return stmt_run(s, reterr);
}

enum code sms_spend_warned(struct txn *t, int64_t day, usec_t when, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    return run_two(t, "UPDATE sms_spend SET warned = ?3 WHERE tenant = ?1 AND day = ?2", day, when, reterr);
}

enum code sms_spend_forget(struct txn *t, int64_t before, struct err *reterr) {
    static const char *const texts[] = { "DELETE FROM sms_spend WHERE tenant = ? AND day < ?", "DELETE FROM sms_taken WHERE tenant = ? AND day < ?" };
    PRE(t != NULL && reterr != NULL);
    enum code code = OK;
    for (size_t i = 0; code == OK && i < ARRAY_LEN(texts); i++) {
        struct stmt *s;
        code = sql_prepare_int(&t->sql, texts[i], before, &s, reterr);
        if (code == OK)
            code = stmt_run(s, reterr);
    }
    return code;
}

static enum code spend_read(struct stmt *s, struct sms_spend *ret, struct err *reterr) {
    (void)reterr;
    *ret = (struct sms_spend){ .day = col_int(s, 0), .spent = col_int(s, 1), .warned = col_int(s, 2) };
    return OK;
}
DEFINE_ROWS(spends_give, sms_spend, spend_read)

static bool spend_keep(const struct sms_spend *s, void *arg) {
    *(struct sms_spend *)arg = *s;
    return false;
}

enum code sms_spend_of(struct sql *q, int64_t day, struct sms_spend *ret, struct err *reterr) {
    PRE(q != NULL && ret != NULL && reterr != NULL);
    struct stmt *s;
    struct sms_spend found = { .day = day };
    enum code code = sql_prepare_int(q, "SELECT day, spent, warned FROM sms_spend WHERE tenant = ? AND day = ?", day, &s, reterr);
    if (code == OK)
        code = spends_give(s, spend_keep, &found, NULL, reterr);
    if (code == OK)
        *ret = found;
    return code;
}

enum code sms_spend_list(struct sql *q, int64_t from, sms_spend_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, "SELECT day, spent, warned FROM sms_spend WHERE tenant = ? AND day >= ? ORDER BY day DESC", from, &s, reterr);
    return code == OK ? spends_give(s, fn, arg, NULL, reterr) : code;
}

/* ---- exceptions */

#define EXCEPTION "SELECT number, prefix, made, until, ended, whose, why FROM sms_exception WHERE tenant = ?"
static enum code exception_read(struct stmt *s, struct sms_exception *ret, struct err *reterr) {
    (void)reterr;
    *ret = (struct sms_exception){ .number = col_int(s, 0), .prefix = col_text(s, 1), .made = col_int(s, 2), .until = col_int(s, 3), .ended = col_int(s, 4),
                                   .whose = col_text(s, 5), .why = col_text(s, 6) };
    return OK;
}
DEFINE_ROWS(exceptions_give, sms_exception, exception_read)

enum code sms_exception_add(struct txn *t, const struct sms_exception *x, int64_t *ret_number, struct err *reterr) {
    PRE(t != NULL && x != NULL && ret_number != NULL && reterr != NULL);
    struct stmt *s;
    int64_t number = 0;
    enum code code = number_next(&t->sql, "SELECT number FROM sms_exception WHERE tenant = ? ORDER BY number DESC LIMIT 1", &number, reterr);
    if (code == OK)
        code = sql_prepare(&t->sql, "INSERT INTO sms_exception (tenant, number, prefix, made, until, ended, whose, why) VALUES (?, ?, ?, ?, ?, 0, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    stmt_text(s, 3, x->prefix);
    stmt_int(s, 4, t->now);
    stmt_int(s, 5, x->until);
    stmt_text(s, 6, x->whose);
    stmt_text(s, 7, x->why);
    if ((code = stmt_run(s, reterr)) == OK)
        *ret_number = number;
    return code;
}

enum code sms_exception_end(struct txn *t, int64_t number, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE sms_exception SET ended = ?3 WHERE tenant = ?1 AND number = ?2 AND ended = 0 AND until > ?3", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    stmt_int(s, 3, t->now);
    return stmt_run_one(t, s, "there is no exception of that number that still stands", reterr);
}

enum code sms_exceptions_at(struct sql *q, usec_t now, sms_exception_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, EXCEPTION " AND until > ? AND ended = 0 ORDER BY number", now, &s, reterr);
    return code == OK ? exceptions_give(s, fn, arg, NULL, reterr) : code;
}

enum code sms_exceptions_list(struct sql *q, sms_exception_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(q, EXCEPTION " ORDER BY number DESC", &s, reterr);
    return code == OK ? exceptions_give(s, fn, arg, NULL, reterr) : code;
}
