/* notice.c — see notice.h. Invariant: a notice stands in notice_open exactly while it is whole and not over. */
#include "store/notice.h"

#include <string.h>

#include "base/rule.h"
#include "store/inner.h"

#define NOTICE_COLS "SELECT number, state, role, day, made, attempted, records, first, last, counts FROM notice WHERE tenant = ?"
#define NOTICED_KEY " WHERE tenant = ? AND kind = ? AND id = ?"

/* ---- may it go? ---- */

/* Of a whole notice: when each of its letters was tried; *ret_whole false: it is not whole, or gone. */
static enum code attempted_of(struct sql *q, int64_t number, bool *ret_whole, usec_t *ret, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT attempted FROM notice WHERE tenant = ? AND number = ? AND state > 0", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    *ret_whole = row;
    *ret = row ? col_int(s, 0) : 0;
    stmt_end(s);
    return OK;
}

/* The notice that told of this due date; 0: none. */
static enum code notice_of(struct sql *q, int32_t kind, const struct uuid *id, usec_t due, int64_t *ret, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_of(q, "SELECT notice FROM noticed" NOTICED_KEY " AND due = ?", kind, id, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, due);
    return stmt_number(s, 0, ret, reterr);
}

static enum code told_of(struct sql *q, int32_t kind, const struct uuid *id, usec_t due, bool *ret_whole, usec_t *ret_attempted, struct err *reterr) {
    int64_t number = 0;
    bool whole = false;
    usec_t at = 0;
    enum code code = notice_of(q, kind, id, due, &number, reterr);
    if (code == OK && number > 0)
        code = attempted_of(q, number, &whole, &at, reterr);
    if (code == OK) {
        *ret_whole = whole;
        *ret_attempted = at;
    }
    return code;
}

enum code notice_attempted(struct sql *q, int32_t kind, const struct uuid *id, usec_t due, usec_t *ret, struct err *reterr) {
    PRE(q != NULL && id != NULL && ret != NULL && reterr != NULL);
    bool whole;
    return told_of(q, kind, id, due, &whole, ret, reterr);
}

enum code noticed_told(struct sql *q, int32_t kind, const struct uuid *id, usec_t due, bool *ret, struct err *reterr) {
    PRE(q != NULL && id != NULL && ret != NULL && reterr != NULL);
    usec_t at;
    return told_of(q, kind, id, due, ret, &at, reterr);
}

static bool span_is_zero(const struct span *s) { return s->years == 0 && s->months == 0 && s->weeks == 0 && s->days == 0 && s->hours == 0 && s->minutes == 0; }

/* The date of the law, or, where a notice was late and the charter leaves room, what was promised after it. */
static usec_t allowed_from(const struct notice_rule *rule, usec_t due, usec_t attempted) {
    if (span_is_zero(&rule->room))
        return due;
    usec_t promised = zone_add(rule->zone, attempted, &rule->before, 1), most = zone_add(rule->zone, due, &rule->room, 1);
    if (promised <= due)
        return due;
    return promised < most ? promised : most;
}

enum code notice_allows(struct sql *q, const struct notice_rule *rule, int32_t kind, const struct uuid *id, usec_t due, usec_t *ret_from, struct err *reterr) {
    PRE(q != NULL && id != NULL && ret_from != NULL && reterr != NULL);
    usec_t at = 0;
    if (rule == NULL || !rule_on(RULE_erasure_notice)) {
        *ret_from = due;
        return OK;
    }
    enum code code = notice_attempted(q, kind, id, due, &at, reterr);
    if (code == OK)
        *ret_from = at == 0 ? USEC_NEVER : allowed_from(rule, due, at);
    return code;
}

/* ---- making one ---- */

/* A sign of life of the maker, later than the one before, so that whoever was taken over sees it. While a notice is being made, `made` holds it. */
static enum code claim_sign(struct txn *t, struct notice_claim *claim, struct err *reterr) {
    struct stmt *s;
    usec_t at = t->ran > claim->sign ? t->ran : claim->sign + 1;
    enum code code = sql_prepare(&t->sql, "UPDATE notice SET made = ?4 WHERE tenant = ?1 AND number = ?2 AND made = ?3 AND state = 0", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, claim->number);
    stmt_int(s, 3, claim->sign);
    stmt_int(s, 4, at);
    if ((code = stmt_run(s, reterr)) != OK)
        return code;
    if (db_changes(t->sql.records) != 1)
        return err_set(reterr, E_CONFLICT, "somebody else has taken over the making of notice %lld", (long long)claim->number);
    claim->next = at;
    return OK;
}

/* The one that is being made: one for a tenant at most. */
static enum code making(struct sql *q, bool *ret, struct notice_claim *ret_claim, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT number, made FROM notice INDEXED BY notice_making WHERE tenant = ? AND state = 0", &s, reterr);
    if (code != OK || (code = stmt_step(s, &row, reterr)) != OK)
        return code;
    *ret = row;
    if (row)
        *ret_claim = (struct notice_claim){ .number = col_int(s, 0), .sign = col_int(s, 1), .next = col_int(s, 1), .cut = true };
    stmt_end(s);
    return OK;
}

static enum code notice_add(struct txn *t, const char *role, int64_t day, struct notice_claim *ret, struct err *reterr) {
    struct stmt *s;
    int64_t number = 0;
    enum code code = number_next(&t->sql, "SELECT number FROM notice WHERE tenant = ? ORDER BY number DESC LIMIT 1", &number, reterr);
    if (code == OK)
        code = sql_prepare_int(&t->sql, "INSERT INTO notice (tenant, number, state, role, day, made, attempted, records, first, last, counts) "
                               "VALUES (?, ?, 0, ?, ?, ?, 0, 0, 0, 0, ?)", number, &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 3, role);
    stmt_int(s, 4, day);
    stmt_int(s, 5, t->ran);
    stmt_text(s, 6, "[]");
    if ((code = stmt_run(s, reterr)) == OK)
        *ret = (struct notice_claim){ .number = number, .sign = t->ran, .next = t->ran };
    return code;
}

/* Goes on with the number of a maker that was cut; its rows are still there. */
static enum code notice_take(struct txn *t, const char *role, int64_t day, struct notice_claim *claim, struct err *reterr) {
    struct stmt *s;
    enum code code = claim_sign(t, claim, reterr);
    if (code == OK)
        code = sql_prepare(&t->sql, "UPDATE notice SET role = ?3, day = ?4 WHERE tenant = ?1 AND number = ?2", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, claim->number);
    stmt_text(s, 3, role);
    stmt_int(s, 4, day);
    return stmt_run(s, reterr);
}

enum code notice_begin(struct txn *t, const char *role, int64_t day, usec_t stale, struct notice_claim *ret_claim, struct err *reterr) {
    PRE(t != NULL && role != NULL && ret_claim != NULL && reterr != NULL);
    struct notice_claim c = { 0 };
    bool there = false;
    enum code code = making(&t->sql, &there, &c, reterr);
    if (code == OK && there && c.sign > stale)
        return err_set(reterr, E_BUSY, "notice %lld is being made already", (long long)c.number);
    if (code == OK)
        code = there ? notice_take(t, role, day, &c, reterr) : notice_add(t, role, day, &c, reterr);
    if (code == OK)
        *ret_claim = c;
    return code;
}

enum code noticed_put(struct txn *t, struct notice_claim *claim, const struct noticed *list, size_t count, struct err *reterr) {
    PRE(t != NULL && claim != NULL && (list != NULL || count == 0) && reterr != NULL);
    enum code code = claim_sign(t, claim, reterr);
    for (size_t i = 0; i < count && code == OK; i++) {
        struct stmt *s;
        code = sql_prepare_of(&t->sql, "INSERT INTO noticed (tenant, kind, id, due, notice) VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, kind, id, due) DO NOTHING", list[i].kind, &list[i].id, &s, reterr);
        if (code != OK)
            break;
        stmt_int(s, 4, list[i].due);
        stmt_int(s, 5, claim->number);
        code = stmt_run(s, reterr);
    }
    return code;
}

enum code notice_clear(struct txn *t, struct notice_claim *claim, size_t most, bool *ret_left, struct err *reterr) {
    PRE(t != NULL && claim != NULL && most > 0 && ret_left != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = claim_sign(t, claim, reterr);
    if (code == OK)
        code = sql_prepare(&t->sql, "DELETE FROM noticed WHERE tenant = ?1 AND (kind, id, due) IN (SELECT kind, id, due FROM noticed INDEXED BY noticed_notice "
                           "WHERE tenant = ?1 AND notice = ?2 LIMIT ?3)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, claim->number);
    stmt_int(s, 3, (int64_t)most);
    if ((code = stmt_run(s, reterr)) == OK)
        *ret_left = db_changes(t->sql.records) == (int64_t)most;
    return code;
}

enum code notice_abandon(struct txn *t, struct notice_claim *claim, struct err *reterr) {
    PRE(t != NULL && claim != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = claim_sign(t, claim, reterr);
    if (code == OK)
        code = sql_prepare_int(&t->sql, "DELETE FROM notice WHERE tenant = ? AND number = ?", claim->number, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}

/* ---- whole ---- */

static enum code open_mark(struct txn *t, int64_t number, bool open, struct err *reterr) {
    struct stmt *s;
    enum code code = open ? sql_prepare_int(&t->sql, "INSERT INTO notice_open (tenant, number) VALUES (?, ?) ON CONFLICT DO NOTHING", number, &s, reterr)
                          : sql_prepare_int(&t->sql, "DELETE FROM notice_open WHERE tenant = ? AND number = ?", number, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}

enum code notice_finish(struct txn *t, struct notice_claim *claim, const struct notice_row *r, struct err *reterr) {
    PRE(t != NULL && claim != NULL && r != NULL && r->counts != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = claim_sign(t, claim, reterr);
    if (code == OK)
        code = sql_prepare(&t->sql, "UPDATE notice SET state = 1, made = ?3, records = ?4, first = ?5, last = ?6, counts = ?7 WHERE tenant = ?1 AND number = ?2", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, claim->number);
    stmt_int(s, 3, r->made);
    stmt_int(s, 4, r->records);
    stmt_int(s, 5, r->first);
    stmt_int(s, 6, r->last);
    stmt_text(s, 7, r->counts);
    code = stmt_run(s, reterr);
    return code == OK ? open_mark(t, claim->number, true, reterr) : code;
}

enum code notice_set(struct txn *t, int64_t number, enum notice_state state, usec_t attempted, struct err *reterr) {
    PRE(t != NULL && state > NOTICE_MAKING && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE notice SET state = ?3, attempted = CASE WHEN attempted > 0 THEN attempted ELSE ?4 END "
                                 "WHERE tenant = ?1 AND number = ?2 AND state > 0", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    stmt_int(s, 3, state);
    stmt_int(s, 4, attempted);
    code = stmt_run_one(t, s, "there is no notice of that number", reterr);
    return code == OK ? open_mark(t, number, state != NOTICE_OVER, reterr) : code;
}

/* Texts are those of the statement. */
static enum code notice_read(struct stmt *s, struct notice_row *ret, struct err *reterr) {
    (void)reterr;
    *ret = (struct notice_row){ .number = col_int(s, 0), .state = (enum notice_state)col_int(s, 1), .role = col_text(s, 2), .day = col_int(s, 3), .made = col_int(s, 4),
                                .attempted = col_int(s, 5), .records = col_int(s, 6), .first = col_int(s, 7), .last = col_int(s, 8), .counts = col_text(s, 9) };
    return OK;
}

DEFINE_ROWS(notices_give, notice_row, notice_read)

enum code notice_get(struct sql *q, int64_t number, notice_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    size_t count = 0;
    enum code code = sql_prepare_int(q, NOTICE_COLS " AND number = ? AND state > 0", number, &s, reterr);
    if (code == OK)
        code = notices_give(s, fn, arg, &count, reterr);
    return code == OK && count == 0 ? err_set(reterr, E_NOT_FOUND, "there is no notice of that number") : code;
}

enum code notices_list(struct sql *q, int64_t before, notice_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, NOTICE_COLS " AND number < ? AND state > 0 ORDER BY number DESC", before, &s, reterr);
    return code == OK ? notices_give(s, fn, arg, NULL, reterr) : code;
}

/* Two numbers of each row of a table of all tenants. */
static enum code pairs_of(struct store *s, const char *text, bool (*fn)(int64_t tenant, int64_t number, void *arg), void *arg, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct stmt *stmt;
    bool row = false;
    enum code code = store_view(s, 0, &v, reterr);
    if (code == OK)
        code = instance_prepare(view_sql(v), text, &stmt, reterr);
    if (code != OK)
        return code;
    while ((code = stmt_step(stmt, &row, reterr)) == OK && row)
        if (!fn(col_int(stmt, 0), col_int(stmt, 1), arg))
            break;
    stmt_end(stmt);
    return code;
}

enum code notices_open(struct store *s, notice_open_fn fn, void *arg, struct err *reterr) {
    PRE(s != NULL && fn != NULL && reterr != NULL);
    return pairs_of(s, "SELECT tenant, number FROM notice_open ORDER BY tenant, number", fn, arg, reterr);
}

/* ---- what was told of ---- */

enum code noticed_of(struct sql *q, int32_t kind, const struct uuid *id, noticed_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && id != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare_of(q, "SELECT due, notice FROM noticed" NOTICED_KEY " ORDER BY due", kind, id, &s, reterr);
    if (code != OK)
        return code;
    while ((code = stmt_step(s, &row, reterr)) == OK && row) {
        usec_t due = col_int(s, 0);
        if (!fn(due, col_int(s, 1), arg))
            break;
    }
    stmt_end(s);
    return code;
}

enum code noticed_drop(struct txn *t, int32_t kind, const struct uuid *id, usec_t due, struct err *reterr) {
    PRE(t != NULL && id != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_of(&t->sql, "DELETE FROM noticed" NOTICED_KEY " AND due = ?", kind, id, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, due);
    return stmt_run(s, reterr);
}

static enum code noticed_read(struct stmt *s, struct noticed *ret, struct err *reterr) {
    *ret = (struct noticed){ .kind = (int32_t)col_int(s, 0), .due = col_int(s, 2) };
    return col_bytes(s, 1, ret->id.bytes, sizeof ret->id.bytes, reterr);
}

DEFINE_ROWS(noticed_give, noticed, noticed_read)

enum code noticed_list(struct sql *q, int64_t number, noticed_list_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, "SELECT kind, id, due FROM noticed INDEXED BY noticed_notice WHERE tenant = ? AND notice = ? ORDER BY kind, id, due", number, &s, reterr);
    return code == OK ? noticed_give(s, fn, arg, NULL, reterr) : code;
}

enum code noticed_stands(struct sql *q, int64_t number, bool *ret, struct err *reterr) {
    PRE(q != NULL && ret != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, "SELECT 1 FROM noticed INDEXED BY noticed_notice WHERE tenant = ? AND notice = ? LIMIT 1", number, &s, reterr);
    return code == OK ? stmt_any(s, ret, reterr) : code;
}

/* ---- how far a tenant was looked at ---- */

enum code notice_mark_get(struct sql *q, struct notice_mark *ret, struct err *reterr) {
    PRE(q != NULL && ret != NULL && reterr != NULL);
    struct stmt *s;
    struct notice_mark m = { 0 };
    bool row = false;
    enum code code = sql_prepare(q, "SELECT change, ran, charter FROM notice_mark WHERE tenant = ?", &s, reterr);
    if (code != OK || (code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (row) {
        m.change = col_int(s, 0);
        m.ran = col_int(s, 1);
        code = col_bytes(s, 2, m.charter, sizeof m.charter, reterr);
    }
    stmt_end(s);
    if (code == OK)
        *ret = m;
    return code;
}

enum code notice_mark_put(struct txn *t, const struct notice_mark *m, struct err *reterr) {
    PRE(t != NULL && m != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "INSERT INTO notice_mark (tenant, change, ran, charter) VALUES (?, ?, ?, ?) "
                                 "ON CONFLICT (tenant) DO UPDATE SET change = ?2, ran = ?3, charter = ?4", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, m->change);
    stmt_int(s, 3, m->ran);
    stmt_blob(s, 4, m->charter, sizeof m->charter);
    return stmt_run(s, reterr);
}

enum code notice_newest(struct sql *q, int64_t *ret, struct err *reterr) {
    PRE(q != NULL && ret != NULL && reterr != NULL);
    int64_t records;
    return clock_read(q, ret, &records, reterr);
}

enum code notice_changes(struct store *s, notice_change_fn fn, void *arg, struct err *reterr) {
    PRE(s != NULL && fn != NULL && reterr != NULL);
    return pairs_of(s, "SELECT tenant, change FROM tenant_clock ORDER BY tenant", fn, arg, reterr);
}
