/* people.c — accounts and memberships. Nothing here opens what is sealed, or decides who may do what. */
#include "store/people.h"

#include <string.h>

#include "store/inner.h"
#include "store/rows.h"

static bool copy_in(struct arena *arena, const void **bytes, size_t len) {
    void *copy = arena_get(arena, len > 0 ? len : 1);
    if (copy != NULL && len > 0)
        memcpy(copy, *bytes, len);
    *bytes = copy;
    return copy != NULL;
}

/* ---- accounts */
static void account_bind(struct stmt *s, const struct account_row *r) {
    bind_uuid(s, 1, &r->id);
    stmt_int(s, 2, r->version);
    stmt_int(s, 3, r->state);
    stmt_int(s, 4, (int64_t)r->profile_key);
    stmt_blob(s, 5, r->profile != NULL ? r->profile : "", r->profile_len);
    stmt_int(s, 6, (int64_t)r->secret_key);
    stmt_blob(s, 7, r->secret != NULL ? r->secret : "", r->secret_len);
    stmt_int(s, 8, r->password);
    stmt_int(s, 9, r->used);
}

enum code account_put(struct txn *t, const struct account_row *r, struct err *reterr) {
    struct stmt *s;
    struct account_row row = *r;
    enum code code = instance_prepare(&t->sql, "INSERT INTO account (id, version, state, profile_key, profile, secret_key, secret, password, used, made) "
                                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    row.version = 1;
    account_bind(s, &row);
    stmt_int(s, 10, r->made != 0 ? r->made : t->now);
    state_touch(t);
    return stmt_run(s, reterr);
}

enum code account_set(struct txn *t, const struct account_row *r, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "UPDATE account SET version = ?2 + 1, state = ?3, profile_key = ?4, profile = ?5, secret_key = ?6, secret = ?7, password = ?8, "
                                      "used = max(used, ?9) WHERE id = ?1 AND version = ?2", &s, reterr);
    if (code != OK)
        return code;
    account_bind(s, r);
    state_touch(t);
    if ((code = stmt_run(s, reterr)) != OK)
        return code;
    return db_changes(t->sql.records) == 1 ? OK : err_set(reterr, E_STALE, "the account was changed meanwhile; try again");
}

static enum code account_cols(struct stmt *s, struct account_row *ret, struct err *reterr) {
    struct account_row r = { .version = col_int(s, 1), .state = (enum account_state)col_int(s, 2), .profile_key = (uint64_t)col_int(s, 3), .secret_key = (uint64_t)col_int(s, 4),
                             .made = col_int(s, 5), .password = col_int(s, 6), .used = col_int(s, 7) };
    enum code code = col_bytes(s, 0, r.id.bytes, sizeof r.id.bytes, reterr);
    if (code == OK)
        *ret = r;
    return code;
}

#define ACCOUNT_COLS "SELECT id, version, state, profile_key, secret_key, made, password, used"

enum code account_get(struct sql *q, const struct uuid *id, struct account_row *ret, struct arena *arena, struct err *reterr) {
    struct stmt *s;
    struct account_row r;
    bool row = false;
    enum code code = instance_prepare(q, ACCOUNT_COLS ", profile, secret FROM account WHERE id = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, id);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "there is no such account");
    code = account_cols(s, &r, reterr);
    if (code == OK) {
        r.profile = col_blob(s, 8, &r.profile_len);
        r.secret = col_blob(s, 9, &r.secret_len);
        if (!copy_in(arena, &r.profile, r.profile_len) || !copy_in(arena, &r.secret, r.secret_len))
            code = err_set(reterr, E_MEMORY, "no memory for an account");
    }
    stmt_end(s);
    if (code == OK)
        *ret = r;
    return code;
}

DEFINE_ROWS(accounts_give, account_row, account_cols)

enum code accounts_list(struct sql *q, const struct uuid *after, account_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(q, ACCOUNT_COLS " FROM account WHERE id > ? ORDER BY id", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, after);
    return accounts_give(s, fn, arg, NULL, reterr);
}

enum code accounts_alone(struct sql *q, usec_t made_before, struct uuid *ret, size_t room, size_t *ret_count, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    *ret_count = 0;
    enum code code = instance_prepare(q, "SELECT id FROM account WHERE made < ? AND NOT EXISTS (SELECT 1 FROM member WHERE account = account.id)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, made_before);
    while (*ret_count < room && (code = stmt_step(s, &row, reterr)) == OK && row)
        if ((code = col_bytes(s, 0, ret[(*ret_count)++].bytes, sizeof ret->bytes, reterr)) != OK)
            break;
    stmt_end(s);
    return code;
}

/* Each statement has the account as its only value; the last two as their first. */
enum code account_drop(struct txn *t, const struct uuid *id, struct err *reterr) {
    static const char *const texts[] = {
        "DELETE FROM session WHERE account = ?", "DELETE FROM link WHERE account = ?", "DELETE FROM member WHERE account = ?", "DELETE FROM token WHERE account = ?",
        "DELETE FROM account WHERE id = ?",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct stmt *s;
        enum code code = instance_prepare(&t->sql, texts[i], &s, reterr);
        if (code != OK)
            return code;
        bind_uuid(s, 1, id);
        if ((code = stmt_run(s, reterr)) != OK)
            return code;
    }
    return db_changes(t->sql.records) == 1 ? OK : err_set(reterr, E_NOT_FOUND, "there is no such account");
}

struct account_use { struct uuid id; usec_t at; };

static enum code account_note(struct txn *t, void *arg, struct err *reterr) {
    const struct account_use *u = arg;
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "UPDATE account SET used = ?2 WHERE id = ?1 AND used < ?2", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, &u->id);
    stmt_int(s, 2, u->at);
    return stmt_run(s, reterr);
}

static void note_free(void *arg) { (void)mem_free(arg); }

void account_used(struct store *s, const struct uuid *id, usec_t at) {
    struct account_use *u = mem_new(sizeof *u);
    if (u == NULL)
        return;                               /* a date that is only shown */
    *u = (struct account_use){ *id, at };
    store_write_later(s, 0, account_note, u, note_free);
}

/* ---- members */
#define MEMBER_COLS "SELECT account, tenant, role, levels, own, since, suspended FROM member"

enum code member_put(struct txn *t, const struct member_row *r, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "INSERT OR REPLACE INTO member (account, tenant, role, levels, own, since, suspended) VALUES (?, ?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, &r->account);
    stmt_int(s, 2, r->tenant);
    stmt_text(s, 3, r->role);
    stmt_text(s, 4, r->levels != NULL ? r->levels : "");
    stmt_text(s, 5, r->own != NULL ? r->own : "");
    stmt_int(s, 6, r->since != 0 ? r->since : t->now);
    stmt_int(s, 7, r->suspended);
    return stmt_run(s, reterr);
}

enum code member_drop(struct txn *t, int64_t tenant, const struct uuid *account, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "DELETE FROM member WHERE account = ? AND tenant = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, account);
    stmt_int(s, 2, tenant);
    return stmt_run_one(t, s, "the account is no member there", reterr);
}

static enum code member_cols(struct stmt *s, struct member_row *ret, struct err *reterr) {
    struct member_row r = { .tenant = col_int(s, 1), .role = col_text(s, 2), .levels = col_text(s, 3), .own = col_text(s, 4), .since = col_int(s, 5), .suspended = col_int(s, 6) };
    enum code code = col_bytes(s, 0, r.account.bytes, sizeof r.account.bytes, reterr);
    if (code == OK)
        *ret = r;
    return code;
}

enum code member_get(struct sql *q, int64_t tenant, const struct uuid *account, struct member_row *ret, struct arena *arena, struct err *reterr) {
    struct stmt *s;
    struct member_row r;
    bool row = false;
    enum code code = instance_prepare(q, MEMBER_COLS " WHERE account = ? AND tenant = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, account);
    stmt_int(s, 2, tenant);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "the account is no member there");
    if ((code = member_cols(s, &r, reterr)) == OK) {
        r.role = arena_text(arena, r.role);
        r.levels = arena_text(arena, r.levels);
        r.own = arena_text(arena, r.own);
        if (r.role == NULL || r.levels == NULL || r.own == NULL)
            code = err_set(reterr, E_MEMORY, "no memory for a membership");
    }
    stmt_end(s);
    if (code == OK)
        *ret = r;
    return code;
}

DEFINE_ROWS(members_give, member_row, member_cols)

enum code members_of_tenant(struct sql *q, int64_t tenant, member_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(q, MEMBER_COLS " WHERE tenant = ? ORDER BY account", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, tenant);
    return members_give(s, fn, arg, NULL, reterr);
}

enum code members_of_account(struct sql *q, const struct uuid *account, member_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(q, MEMBER_COLS " WHERE account = ? ORDER BY tenant", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 1, account);
    return members_give(s, fn, arg, NULL, reterr);
}
