/* closing.c — the tables that hold something sealed come first, each some rows at a time, so that a write stays short; then those that hold
 * numbers and ids only. What stays: the ledger, certificates and what they tell of, agreements, counters of numbers, tombstones. */
#include "store/closing.h"

#include "store/inner.h"
#include "store/tables.h"

enum code closing_put(struct txn *t, const struct closing_row *r, struct err *reterr) {
    PRE(t != NULL && r != NULL && r->by != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "INSERT OR REPLACE INTO closing (tenant, state, asked, goes, whose, pack) VALUES (?, ?, ?, ?, ?, 0)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, r->state);
    stmt_int(s, 3, r->asked);
    stmt_int(s, 4, r->goes);
    stmt_text(s, 5, r->by);
    return stmt_run(s, reterr);
}

enum code closing_get(struct sql *q, struct closing_row *ret, struct arena *arena, struct err *reterr) {
    PRE(q != NULL && ret != NULL && arena != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT state, asked, goes, whose FROM closing WHERE tenant = ?", &s, reterr);
    if (code == OK)
        code = stmt_step(s, &row, reterr);
    if (code != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "nobody has asked for this account to be closed");
    struct closing_row r = { .state = (enum closing_state)col_int(s, 0), .asked = col_int(s, 1), .goes = col_int(s, 2), .by = arena_text(arena, col_text(s, 3)) };
    stmt_end(s);
    if (r.by == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a closing");
    *ret = r;
    return OK;
}

enum code closing_drop(struct txn *t, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "DELETE FROM closing WHERE tenant = ?", &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}

enum code closings_now(struct store *s, usec_t now, int64_t *ret, size_t room, size_t *ret_count, struct err *reterr) {
    PRE(s != NULL && ret != NULL && ret_count != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    struct stmt *st;
    size_t n = 0;
    bool row = false;
    enum code code = store_view(s, 0, &v, reterr);
    if (code == OK)
        code = instance_prepare(view_sql(v), "SELECT tenant FROM closing WHERE (state = 1 AND goes <= ?) OR state = 2", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 1, now);
    while (n < room && (code = stmt_step(st, &row, reterr)) == OK && row)
        ret[n++] = col_int(st, 0);
    stmt_end(st);
    if (code == OK)
        *ret_count = n;
    return code;
}

/* ---- what goes beside the records */

/* Their keys, and the rows, in the same order. */
static const struct { const char *keys, *rows; } sealed[] = {
    { "SELECT key FROM letter WHERE tenant = ? ORDER BY id LIMIT 512", "DELETE FROM letter WHERE tenant = ?1 AND id IN (SELECT id FROM letter WHERE tenant = ?1 ORDER BY id LIMIT 512)" },
    /* An archive is over (state 3, packs.h): whoever takes those that are over from the disk takes the row, too. */
    { "SELECT key FROM pack WHERE tenant = ? AND state < 3 ORDER BY number LIMIT 512", "UPDATE pack SET state = 3 WHERE tenant = ?1 AND number IN (SELECT number FROM pack WHERE tenant = ?1 AND state < 3 ORDER BY number LIMIT 512)" },
    { "SELECT key FROM request WHERE tenant = ? ORDER BY number LIMIT 512", "DELETE FROM request WHERE tenant = ?1 AND number IN (SELECT number FROM request WHERE tenant = ?1 ORDER BY number LIMIT 512)" },
    { "SELECT key FROM authorisation WHERE tenant = ? ORDER BY number LIMIT 512", "DELETE FROM authorisation WHERE tenant = ?1 AND number IN (SELECT number FROM authorisation WHERE tenant = ?1 ORDER BY number LIMIT 512)" },
    { "SELECT key FROM support_window WHERE tenant = ? ORDER BY number LIMIT 512", "DELETE FROM support_window WHERE tenant = ?1 AND number IN (SELECT number FROM support_window WHERE tenant = ?1 ORDER BY number LIMIT 512)" },
    { "SELECT key FROM copy WHERE tenant = ? ORDER BY number LIMIT 512", "DELETE FROM copy WHERE tenant = ?1 AND number IN (SELECT number FROM copy WHERE tenant = ?1 ORDER BY number LIMIT 512)" },
    { "SELECT key FROM hold WHERE tenant = ? ORDER BY number LIMIT 512", "DELETE FROM hold WHERE tenant = ?1 AND number IN (SELECT number FROM hold WHERE tenant = ?1 ORDER BY number LIMIT 512)" },
    { "SELECT key FROM campaign WHERE tenant = ? ORDER BY number LIMIT 512", "DELETE FROM campaign WHERE tenant = ?1 AND number IN (SELECT number FROM campaign WHERE tenant = ?1 ORDER BY number LIMIT 512)" },
    { "SELECT key FROM webhook WHERE tenant = ? ORDER BY number LIMIT 512", "DELETE FROM webhook WHERE tenant = ?1 AND number IN (SELECT number FROM webhook WHERE tenant = ?1 ORDER BY number LIMIT 512)" },
    { "SELECT key FROM template WHERE tenant = ? ORDER BY number LIMIT 512", "DELETE FROM template WHERE tenant = ?1 AND number IN (SELECT number FROM template WHERE tenant = ?1 ORDER BY number LIMIT 512)" },
    { "SELECT key FROM reply WHERE tenant = ? ORDER BY key_hash LIMIT 512", "DELETE FROM reply WHERE tenant = ?1 AND key_hash IN (SELECT key_hash FROM reply WHERE tenant = ?1 ORDER BY key_hash LIMIT 512)" },
};
static const char *const plain[] = {
    "DELETE FROM letter_next WHERE tenant = ?", "DELETE FROM window_over WHERE tenant = ?", "DELETE FROM request_step WHERE tenant = ?", "DELETE FROM request_clock WHERE tenant = ?",
    "DELETE FROM notice WHERE tenant = ?", "DELETE FROM notice_open WHERE tenant = ?", "DELETE FROM noticed WHERE tenant = ?", "DELETE FROM use_lock WHERE tenant = ?", "DELETE FROM use_given WHERE tenant = ?",
    "DELETE FROM consent WHERE tenant = ?", "DELETE FROM objection WHERE tenant = ?", "DELETE FROM objector WHERE tenant = ?", "DELETE FROM restriction WHERE tenant = ?",
    "DELETE FROM sms_taken WHERE tenant = ?", "DELETE FROM sms_spend WHERE tenant = ?", "DELETE FROM sms_exception WHERE tenant = ?",
    "DELETE FROM webhook_next WHERE tenant = ?", "DELETE FROM webhook_last WHERE tenant = ?", "DELETE FROM webhook_delivery WHERE tenant = ?",
    "DELETE FROM looked WHERE tenant = ?", "DELETE FROM seen WHERE tenant = ?", "DELETE FROM token WHERE tenant = ?", "DELETE FROM remainder WHERE tenant = ?", "DELETE FROM pack_key WHERE tenant = ?",
    "DELETE FROM sent_day WHERE tenant = ?", "DELETE FROM gate_count WHERE tenant = ?", "DELETE FROM suppressed WHERE tenant = ?", "DELETE FROM letter_who WHERE tenant = ?",
    "DELETE FROM heard_day WHERE tenant = ?", "DELETE FROM sending_pause WHERE tenant = ?", "DELETE FROM reminded WHERE tenant = ?",
    "DELETE FROM campaign_gate WHERE tenant = ?", "DELETE FROM campaign_open WHERE tenant = ?",
};

static enum code keys_take(struct txn *t, const char *sql, uint64_t *keys, size_t *ret, struct err *reterr) {
    struct stmt *s;
    size_t n = 0;
    bool row = false;
    enum code code = sql_prepare(&t->sql, sql, &s, reterr);
    if (code != OK)
        return code;
    while (n < CLOSING_KEYS && (code = stmt_step(s, &row, reterr)) == OK && row)
        keys[n++] = (uint64_t)col_int(s, 0);
    stmt_end(s);
    if (code == OK)
        *ret = n;
    return code;
}

static enum code run(struct txn *t, const char *sql, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, sql, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}

enum code closing_rest(struct txn *t, uint64_t *ret_keys, size_t *ret_count, bool *ret_more, struct err *reterr) {
    PRE(t != NULL && ret_keys != NULL && ret_count != NULL && ret_more != NULL && reterr != NULL);
    enum code code = OK;
    *ret_count = 0;
    for (size_t i = 0; code == OK && i < ARRAY_LEN(sealed) && *ret_count == 0; i++) {
        code = keys_take(t, sealed[i].keys, ret_keys, ret_count, reterr);
        if (code == OK && *ret_count > 0)
            code = run(t, sealed[i].rows, reterr);
    }
    for (size_t i = 0; code == OK && i < *ret_count; i++)
        code = doomed_put(t, ret_keys[i], reterr);
    *ret_more = *ret_count > 0;
    for (size_t i = 0; code == OK && !*ret_more && i < ARRAY_LEN(plain); i++)
        code = run(t, plain[i], reterr);
    return code;
}
