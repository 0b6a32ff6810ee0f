/* sessions.c — sessions and one-time links: only hashes of what a person holds. */
#include <string.h>

#include "store/inner.h"
#include "store/people.h"

/* ---- sessions */
static void session_bind(struct stmt *s, const struct session_row *r) {
    stmt_blob(s, 1, r->hash, HASH_SIZE);
    stmt_int(s, 2, r->number);
    bind_uuid(s, 3, &r->account);
    stmt_int(s, 4, r->step);
    stmt_int(s, 5, r->factors);
    stmt_text(s, 6, r->agent != NULL ? r->agent : "");
    stmt_int(s, 7, r->made);
    stmt_int(s, 8, r->ran);
    stmt_int(s, 9, r->used);
    stmt_int(s, 10, r->used_ran);
    stmt_int(s, 11, r->elevated);
}

static enum code session_insert(struct txn *t, const struct session_row *r, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "INSERT INTO session (hash, number, account, step, factors, agent, made, ran, used, used_ran, elevated) "
                                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    session_bind(s, r);
    return stmt_run(s, reterr);
}

enum code session_put(struct txn *t, const struct session_row *r, int64_t *ret_number, struct err *reterr) {
    struct stmt *s;
    struct session_row row = *r;
    bool there = false;
    enum code code = instance_prepare(&t->sql, "SELECT coalesce(max(number), 0) + 1 FROM session", &s, reterr);
    if (code != OK || (code = stmt_step(s, &there, reterr)) != OK)
        return code;
    row.number = col_int(s, 0);
    stmt_end(s);
    code = session_insert(t, &row, reterr);
    if (code == OK)
        *ret_number = row.number;
    return code;
}

enum code sessions_trim(struct txn *t, const struct uuid *account, int64_t keep, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "DELETE FROM session WHERE account = ?1 AND number <= (SELECT number FROM session WHERE account = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, account);
    stmt_int(s, 2, keep);
    return stmt_run(s, reterr);
}

enum code session_turn(struct txn *t, const uint8_t before[HASH_SIZE], const struct session_row *r, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "DELETE FROM session WHERE hash = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_blob(s, 1, before, HASH_SIZE);
    if ((code = stmt_run(s, reterr)) != OK)
        return code;
    return db_changes(t->sql.records) == 1 ? session_insert(t, r, reterr) : err_set(reterr, E_NOT_FOUND, "the session has ended");
}

enum code session_factor(struct txn *t, const struct uuid *account, int64_t number, unsigned factors, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "UPDATE session SET factors = factors | ? WHERE account = ? AND number = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, factors);
    bind_uuid(s, 2, account);
    stmt_int(s, 3, number);
    return stmt_run_one(t, s, "the session has ended", reterr);
}

#define SESSION_COLS "SELECT hash, number, account, step, factors, agent, made, ran, used, used_ran, elevated FROM session"

static enum code session_cols(struct stmt *s, struct session_row *ret, struct err *reterr) {
    struct session_row r = { .number = col_int(s, 1), .step = (int)col_int(s, 3), .factors = (unsigned)col_int(s, 4), .agent = col_text(s, 5), .made = col_int(s, 6),
                             .ran = col_int(s, 7), .used = col_int(s, 8), .used_ran = col_int(s, 9), .elevated = col_int(s, 10) };
    enum code code = col_bytes(s, 0, r.hash, HASH_SIZE, reterr);
    if (code == OK)
        code = col_bytes(s, 2, r.account.bytes, sizeof r.account.bytes, reterr);
    if (code == OK)
        *ret = r;
    return code;
}

enum code session_get(struct sql *q, const uint8_t hash[HASH_SIZE], struct session_row *ret, struct arena *arena, struct err *reterr) {
    struct stmt *s;
    struct session_row r;
    bool row = false;
    enum code code = instance_prepare(q, SESSION_COLS " WHERE hash = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_blob(s, 1, hash, HASH_SIZE);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "there is no such session");
    code = session_cols(s, &r, reterr);
    if (code == OK && (r.agent = arena_text(arena, r.agent)) == NULL)
        code = err_set(reterr, E_MEMORY, "no memory for a session");
    stmt_end(s);
    if (code == OK)
        *ret = r;
    return code;
}

enum code session_drop(struct txn *t, const struct uuid *account, int64_t number, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "DELETE FROM session WHERE account = ? AND number = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, account);
    stmt_int(s, 2, number);
    return stmt_run_one(t, s, "there is no such session", reterr);
}

enum code sessions_drop(struct txn *t, const struct uuid *account, int64_t but, int64_t *ret, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "DELETE FROM session WHERE account = ? AND number <> ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, account);
    stmt_int(s, 2, but);
    if ((code = stmt_run(s, reterr)) == OK)
        *ret = db_changes(t->sql.records);
    return code;
}

struct session_use { uint8_t hash[HASH_SIZE]; usec_t at, ran; };

static enum code session_note(struct txn *t, void *arg, struct err *reterr) {
    const struct session_use *u = arg;
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "UPDATE session SET used = ?2, used_ran = ?3 WHERE hash = ?1", &s, reterr);
    if (code != OK)
        return code;
    stmt_blob(s, 1, u->hash, HASH_SIZE);
    stmt_int(s, 2, u->at);
    stmt_int(s, 3, u->ran);
    return stmt_run(s, reterr);
}

static void use_free(void *arg) { (void)mem_free(arg); }

void session_used(struct store *s, const uint8_t hash[HASH_SIZE], usec_t at, usec_t ran) {
    struct session_use *u = mem_new(sizeof *u);
    if (u == NULL)
        return;                               /* it rests a minute longer than it did */
    *u = (struct session_use){ .at = at, .ran = ran };
    memcpy(u->hash, hash, HASH_SIZE);
    store_write_later(s, 0, session_note, u, use_free);
}

DEFINE_ROWS(sessions_give, session_row, session_cols)

enum code sessions_of(struct sql *q, const struct uuid *account, session_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(q, SESSION_COLS " WHERE account = ? ORDER BY number", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, account);
    return sessions_give(s, fn, arg, NULL, reterr);
}

enum code sessions_expire(struct txn *t, usec_t ran, usec_t used_ran, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "DELETE FROM session WHERE ran < ? OR used_ran < ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, ran);
    stmt_int(s, 2, used_ran);
    return stmt_run(s, reterr);
}

/* ---- one-time links */
enum code one_time_put(struct txn *t, const struct link_row *r, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "DELETE FROM link WHERE account = ? AND purpose = ? AND tenant = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, &r->account);
    stmt_int(s, 2, r->purpose);
    stmt_int(s, 3, r->tenant);
    if ((code = stmt_run(s, reterr)) == OK)
        code = instance_prepare(&t->sql, "INSERT INTO link (hash, purpose, account, tenant, made, ran_until, until) VALUES (?, ?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_blob(s, 1, r->hash, HASH_SIZE);
    stmt_int(s, 2, r->purpose);
    bind_uuid(s, 3, &r->account);
    stmt_int(s, 4, r->tenant);
    stmt_int(s, 5, r->made != 0 ? r->made : t->now);
    stmt_int(s, 6, r->ran_until);
    stmt_int(s, 7, r->until);
    return stmt_run(s, reterr);
}

#define LINK_COLS "SELECT hash, purpose, account, tenant, made, ran_until, until FROM link"

static enum code link_cols(struct stmt *s, struct link_row *ret, struct err *reterr) {
    struct link_row r = { .purpose = (enum link_purpose)col_int(s, 1), .tenant = col_int(s, 3), .made = col_int(s, 4), .ran_until = col_int(s, 5), .until = col_int(s, 6) };
    enum code code = col_bytes(s, 0, r.hash, HASH_SIZE, reterr);
    if (code == OK)
        code = col_bytes(s, 2, r.account.bytes, sizeof r.account.bytes, reterr);
    if (code == OK)
        *ret = r;
    return code;
}

enum code one_times_over(struct sql *q, usec_t now, usec_t ran, struct link_row *ret, size_t room, size_t *ret_count, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    *ret_count = 0;
    enum code code = instance_prepare(q, LINK_COLS " WHERE until <= ? OR ran_until <= ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, now);
    stmt_int(s, 2, ran);
    while (*ret_count < room && (code = stmt_step(s, &row, reterr)) == OK && row)
        if ((code = link_cols(s, &ret[(*ret_count)++], reterr)) != OK)
            break;
    stmt_end(s);
    return code;
}

enum code one_time_get(struct sql *q, const uint8_t hash[HASH_SIZE], struct link_row *ret, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = instance_prepare(q, LINK_COLS " WHERE hash = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_blob(s, 1, hash, HASH_SIZE);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "there is no such link");
    code = link_cols(s, ret, reterr);
    stmt_end(s);
    return code;
}

enum code one_time_take(struct txn *t, const uint8_t hash[HASH_SIZE], struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "DELETE FROM link WHERE hash = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_blob(s, 1, hash, HASH_SIZE);
    return stmt_run_one(t, s, "the link was used already", reterr);
}

enum code one_times_drop(struct txn *t, const struct uuid *account, enum link_purpose purpose, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "DELETE FROM link WHERE account = ? AND purpose = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, account);
    stmt_int(s, 2, purpose);
    return stmt_run(s, reterr);
}
