/* suppress.c — see suppress.h. */
#include "store/suppress.h"

#include <string.h>

#include "store/inner.h"

static const char *const reasons[] = { [SUPPRESS_COMPLAINT] = "complaint", [SUPPRESS_DEAD] = "dead address", [SUPPRESS_LEFT] = "unsubscribed", [SUPPRESS_HAND] = "by hand" };
const char *suppress_reason_name(enum suppress_reason reason) { return reason >= SUPPRESS_COMPLAINT && reason <= SUPPRESS_HAND ? reasons[reason] : "unknown"; }

/* ---- the list */

static void bind_whom(struct stmt *s, int channel, const uint8_t who[SUPPRESS_WHO]) {
    stmt_int(s, 2, channel);
    stmt_blob(s, 3, who, SUPPRESS_WHO);
}

/* *ret: since when; USEC_NEVER: it does not. */
static enum code stands(struct sql *q, const struct suppressed_row *r, usec_t *ret, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT since FROM suppressed WHERE tenant = ? AND channel = ? AND who = ? AND list = ? AND reason = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_whom(s, r->channel, r->who);
    stmt_text(s, 4, r->list);
    stmt_int(s, 5, r->reason);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    *ret = row ? col_int(s, 0) : USEC_NEVER;
    stmt_end(s);
    return OK;
}

enum code suppressed_put(struct txn *t, const struct suppressed_row *r, bool *ret_new, struct err *reterr) {
    PRE(t != NULL && r != NULL && ret_new != NULL && reterr != NULL);
    struct stmt *s;
    usec_t before = USEC_NEVER;
    const usec_t since = r->since != 0 ? r->since : t->now;
    enum code code = stands(&t->sql, r, &before, reterr);
    if (code == OK)
        code = sql_prepare(&t->sql, "INSERT INTO suppressed (tenant, channel, who, list, reason, since, until, whose) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                           "ON CONFLICT (tenant, channel, who, list, reason) DO UPDATE SET until = max(until, excluded.until), since = CASE WHEN ?9 THEN max(since, excluded.since) ELSE since END", &s, reterr);
    if (code != OK)
        return code;
    bind_whom(s, r->channel, r->who);
    stmt_text(s, 4, r->list);
    stmt_int(s, 5, r->reason);
    stmt_int(s, 6, since);
    stmt_int(s, 7, r->until);
    stmt_text(s, 8, r->by);
    stmt_int(s, 9, r->reason == SUPPRESS_LEFT);
    code = stmt_run(s, reterr);
    if (code == OK)
        *ret_new = before == USEC_NEVER || (r->reason == SUPPRESS_LEFT && since - before > SUPPRESS_ANEW);
    return code;
}

enum code suppressed_drop(struct txn *t, int channel, const uint8_t who[SUPPRESS_WHO], const char *list, unsigned which, int64_t *ret_count, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "DELETE FROM suppressed WHERE tenant = ?1 AND channel = ?2 AND who = ?3 AND (?4 IS NULL OR list = ?4) AND (1 << reason & ?5) <> 0", &s, reterr);
    if (code != OK)
        return code;
    bind_whom(s, channel, who);
    if (list == NULL)
        stmt_null(s, 4);
    else
        stmt_text(s, 4, list);
    stmt_int(s, 5, which);
    code = stmt_run(s, reterr);
    if (code == OK)
        *ret_count = db_changes(t->sql.records);
    return code;
}

#define SUPPRESSED "SELECT channel, who, list, reason, since, until, whose FROM suppressed WHERE tenant = ?1"
static enum code suppressed_read(struct stmt *s, struct suppressed_row *ret, struct err *reterr) {
    struct suppressed_row r = { .channel = (int)col_int(s, 0), .list = col_text(s, 2), .reason = (enum suppress_reason)col_int(s, 3), .since = col_int(s, 4), .until = col_int(s, 5), .by = col_text(s, 6) };
    enum code code = col_bytes(s, 1, r.who, sizeof r.who, reterr);
    if (code == OK)
        *ret = r;
    return code;
}
DEFINE_ROWS(suppressed_give, suppressed_row, suppressed_read)

enum code suppressed_of(struct sql *q, int channel, const uint8_t who[SUPPRESS_WHO], usec_t now, suppressed_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(q, SUPPRESSED " AND channel = ?2 AND who = ?3 AND until > ?4 ORDER BY reason, list", &s, reterr);
    if (code != OK)
        return code;
    bind_whom(s, channel, who);
    stmt_int(s, 4, now);
    return suppressed_give(s, fn, arg, NULL, reterr);
}

enum code suppressed_list(struct sql *q, usec_t before, usec_t now, suppressed_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(q, SUPPRESSED " AND since < ?2 AND until > ?3 ORDER BY since DESC", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, before);
    stmt_int(s, 3, now);
    return suppressed_give(s, fn, arg, NULL, reterr);
}

enum code suppressed_counts(struct sql *q, usec_t now, int64_t ret[SUPPRESS_HAND + 1], struct err *reterr) {
    struct stmt *s;
    bool row = false;
    int64_t counts[SUPPRESS_HAND + 1] = { 0 };
    enum code code = sql_prepare(q, "SELECT reason, count(*) FROM suppressed WHERE tenant = ?1 AND until > ?2 GROUP BY reason", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, now);
    while ((code = stmt_step(s, &row, reterr)) == OK && row)
        if (col_int(s, 0) >= SUPPRESS_COMPLAINT && col_int(s, 0) <= SUPPRESS_HAND)
            counts[col_int(s, 0)] = col_int(s, 1);
    if (code != OK)
        return code;
    stmt_end(s);
    memcpy(ret, counts, sizeof counts);
    return OK;
}

/* One statement with one more value. */
static enum code run_with(struct txn *t, const char *sql, int64_t value, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, sql, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, value);
    return stmt_run(s, reterr);
}

enum code suppressed_end(struct txn *t, usec_t now, int64_t *ret_count, struct err *reterr) {
    enum code code = run_with(t, "DELETE FROM suppressed WHERE tenant = ? AND until <= ?", now, reterr);
    if (code == OK)
        *ret_count = db_changes(t->sql.records);
    return code;
}

/* ---- to whom a letter went */

enum code letter_who_put(struct txn *t, const struct letter_who *w, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "INSERT INTO letter_who (tenant, channel, who, letter, at, heard) VALUES (?, ?, ?, ?, ?, ?) "
                                 "ON CONFLICT (tenant, letter) DO UPDATE SET channel = excluded.channel, who = excluded.who", &s, reterr);
    if (code != OK)
        return code;
    bind_whom(s, w->channel, w->who);
    bind_uuid(s, 4, &w->letter);
    stmt_int(s, 5, w->at != 0 ? w->at : t->now);
    stmt_int(s, 6, w->heard);
    return stmt_run(s, reterr);
}

enum code letter_who_get(struct sql *q, const struct uuid *letter, struct letter_who *ret, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    struct letter_who w = { .letter = *letter };
    enum code code = sql_prepare(q, "SELECT channel, who, at, heard FROM letter_who WHERE tenant = ? AND letter = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, letter);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (row) {
        w.channel = (int)col_int(s, 0);
        w.at = col_int(s, 2);
        w.heard = (int)col_int(s, 3);
        code = col_bytes(s, 1, w.who, sizeof w.who, reterr);
    }
    stmt_end(s);
    if (code == OK && !row)
        return err_set(reterr, E_NOT_FOUND, "no letter of this number went to anybody");
    if (code == OK)
        *ret = w;
    return code;
}

enum code letter_who_heard(struct txn *t, const struct uuid *letter, int heard, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE letter_who SET heard = heard | ?3 WHERE tenant = ?1 AND letter = ?2", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, letter);
    stmt_int(s, 3, heard);
    return stmt_run_one(t, s, "no letter of this number went to anybody", reterr);
}

enum code letter_who_count(struct sql *q, int channel, const uint8_t who[SUPPRESS_WHO], int heard, usec_t since, int64_t *ret, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT count(*) FROM letter_who INDEXED BY letter_who_soft WHERE tenant = ?1 AND channel = ?2 AND who = ?3 AND at >= ?4 AND heard <> 0 AND (heard & ?5) <> 0", &s, reterr);
    if (code != OK)
        return code;
    bind_whom(s, channel, who);
    stmt_int(s, 4, since);
    stmt_int(s, 5, heard);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    *ret = row ? col_int(s, 0) : 0;
    stmt_end(s);
    return OK;
}

enum code letter_who_forget(struct txn *t, usec_t before, struct err *reterr) {
    return run_with(t, "DELETE FROM letter_who WHERE tenant = ? AND at < ?", before, reterr);
}

/* ---- shares */

enum code heard_add(struct txn *t, int channel, int64_t day, int64_t round, const struct heard_counts *more, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "INSERT INTO heard_day (tenant, channel, day, round, sent, bounced, complained) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, channel, day, round) "
                                 "DO UPDATE SET sent = sent + excluded.sent, bounced = bounced + excluded.bounced, complained = complained + excluded.complained", &s, reterr);
    if (code != OK)
        return code;
    const int64_t value[] = { channel, day, round, more->sent, more->bounced, more->complained };
    for (int i = 0; i < (int)ARRAY_LEN(value); i++)
        stmt_int(s, 2 + i, value[i]);
    return stmt_run(s, reterr);
}

enum code heard_sum(struct sql *q, int channel, int64_t from_day, int64_t round, struct heard_counts *ret, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT sum(sent), sum(bounced), sum(complained) FROM heard_day WHERE tenant = ?1 AND channel = ?2 AND day >= ?3 AND (?4 < 0 OR round = ?4)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, channel);
    stmt_int(s, 3, from_day);
    stmt_int(s, 4, round);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    *ret = row ? (struct heard_counts){ col_int(s, 0), col_int(s, 1), col_int(s, 2) } : (struct heard_counts){ 0 };
    stmt_end(s);
    return OK;
}

enum code heard_forget(struct txn *t, int64_t before_day, struct err *reterr) { return run_with(t, "DELETE FROM heard_day WHERE tenant = ? AND day < ?", before_day, reterr); }

/* ---- pauses */

enum code sending_pause_put(struct txn *t, const struct pause_row *r, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "INSERT INTO sending_pause (tenant, channel, round, since, why, told, ended, whose) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, r->channel);
    stmt_int(s, 3, r->round);
    stmt_int(s, 4, r->since != 0 ? r->since : t->now);
    stmt_text(s, 5, r->why);
    stmt_int(s, 6, r->told);
    stmt_int(s, 7, r->ended);
    stmt_text(s, 8, r->ended != 0 ? r->by : "");
    return stmt_run(s, reterr);
}

enum code sending_paused(struct sql *q, int channel, struct paused *ret, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT round, ended, (SELECT max(ended) FROM sending_pause WHERE tenant = ?1 AND channel = ?2) FROM sending_pause WHERE tenant = ?1 AND channel = ?2 ORDER BY round DESC LIMIT 1", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, channel);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    *ret = row ? (struct paused){ col_int(s, 1) == 0, col_int(s, 0) + (col_int(s, 1) != 0), col_int(s, 2) } : (struct paused){ 0 };
    stmt_end(s);
    return OK;
}

enum code sending_resume(struct txn *t, int channel, usec_t at, const char *by, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE sending_pause SET ended = ?3, whose = ?4 WHERE tenant = ?1 AND channel = ?2 AND ended = 0", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, channel);
    stmt_int(s, 3, at);
    stmt_text(s, 4, by);
    return stmt_run_one(t, s, "sending does not pause", reterr);
}

enum code sending_pause_told(struct txn *t, int channel, int64_t round, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE sending_pause SET told = 1 WHERE tenant = ?1 AND channel = ?2 AND round = ?3", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, channel);
    stmt_int(s, 3, round);
    return stmt_run_one(t, s, "there is no such pause", reterr);
}

static enum code pause_read(struct stmt *s, struct pause_row *ret, struct err *reterr UNUSED) {
    *ret = (struct pause_row){ (int)col_int(s, 0), col_int(s, 1), col_int(s, 2), col_text(s, 3), col_int(s, 4) != 0, col_int(s, 5), col_text(s, 6) };
    return OK;
}
DEFINE_ROWS(pauses_give, pause_row, pause_read)

enum code sending_pauses(struct sql *q, sending_pause_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(q, "SELECT channel, round, since, why, told, ended, whose FROM sending_pause WHERE tenant = ? ORDER BY since DESC", &s, reterr);
    return code == OK ? pauses_give(s, fn, arg, NULL, reterr) : code;
}
