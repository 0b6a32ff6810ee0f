/* packs.c — see packs.h. */
#include "store/packs.h"

#include "store/inner.h"
#include "store/tables.h"

#define PACK_COLS "SELECT number, purpose, state, about, made, until, size, file, key, bytes FROM pack WHERE tenant = ?"
#define ENDED_MOST 64u                        /* packs of one key that are ended in one go */

/* Texts and bytes are those of the statement. */
static enum code pack_read(struct stmt *s, struct pack_row *ret, struct err *reterr) {
    struct pack_row r = { .number = col_int(s, 0), .purpose = col_text(s, 1), .state = (enum pack_state)col_int(s, 2), .about = col_int(s, 3), .made = col_int(s, 4),
                          .until = col_int(s, 5), .size = col_int(s, 6), .key = (uint64_t)col_int(s, 8) };
    enum code code = col_bytes(s, 7, r.file.bytes, sizeof r.file.bytes, reterr);
    r.blob = col_blob(s, 9, &r.len);
    if (code == OK)
        *ret = r;
    return code;
}

DEFINE_ROWS(packs_give, pack_row, pack_read)

static enum code number_of(struct txn *t, const char *sql, int64_t pack, int64_t *ret, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, sql, pack, &s, reterr);
    return code == OK ? stmt_number(s, -1, ret, reterr) : code;
}

enum code packs_put(struct txn *t, const struct pack_row *r, int64_t *ret_number, struct err *reterr) {
    PRE(t != NULL && r != NULL && r->purpose != NULL && ret_number != NULL && reterr != NULL);
    struct stmt *s;
    int64_t number = 0;
    enum code code = number_next(&t->sql, "SELECT number FROM pack WHERE tenant = ? ORDER BY number DESC LIMIT 1", &number, reterr);
    if (code == OK)
        code = sql_prepare(&t->sql, "INSERT INTO pack (tenant, number, purpose, state, about, made, until, size, file, key, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    stmt_text(s, 3, r->purpose);
    stmt_int(s, 4, r->state);
    stmt_int(s, 5, r->about);
    stmt_int(s, 6, t->now);
    stmt_int(s, 7, r->until);
    stmt_int(s, 8, r->size);
    bind_uuid(s, 9, &r->file);
    stmt_int(s, 10, (int64_t)r->key);
    bind_bytes(s, 11, r->blob, r->len);
    if ((code = stmt_run(s, reterr)) == OK)
        *ret_number = number;
    return code;
}

static enum code state_of(struct txn *t, int64_t number, int64_t *ret, struct err *reterr) {
    return number_of(t, "SELECT state FROM pack WHERE tenant = ? AND number = ?", number, ret, reterr);
}

static enum code ended(struct err *reterr) { return err_set(reterr, E_CONFLICT, "what this archive holds was changed or erased meanwhile: ask for a new one"); }

enum code packs_hold(struct txn *t, int64_t number, const uint64_t *keys, size_t count, struct err *reterr) {
    PRE(t != NULL && (keys != NULL || count == 0) && reterr != NULL);
    int64_t state = -1;
    enum code code = state_of(t, number, &state, reterr);
    if (code == OK && state != PACK_MAKING)
        return ended(reterr);
    t->packs = PACKS_UNKNOWN;
    for (size_t i = 0; code == OK && i < count; i++) {
        struct stmt *s;
        code = sql_prepare(&t->sql, "INSERT OR IGNORE INTO pack_key (tenant, key, number) VALUES (?, ?, ?)", &s, reterr);
        if (code != OK)
            return code;
        stmt_int(s, 2, (int64_t)keys[i]);
        stmt_int(s, 3, number);
        code = stmt_run(s, reterr);
    }
    return code;
}

enum code packs_move(struct txn *t, const struct pack_row *r, enum pack_state from, struct err *reterr) {
    PRE(t != NULL && r != NULL && reterr != NULL);
    struct stmt *s;
    bool ready = r->state == PACK_READY;
    int64_t state = -1;
    enum code code = state_of(t, r->number, &state, reterr);
    if (code == OK && state != (int64_t)from)
        return ended(reterr);
    if (code == OK)
        code = sql_prepare(&t->sql, ready ? "UPDATE pack SET state = ?3, size = ?4, bytes = ?5 WHERE tenant = ?1 AND number = ?2" : "UPDATE pack SET state = ?3 WHERE tenant = ?1 AND number = ?2",
                           &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, r->number);
    stmt_int(s, 3, r->state);
    if (ready) {
        stmt_int(s, 4, r->size);
        bind_bytes(s, 5, r->blob, r->len);
    }
    return stmt_run(s, reterr);
}

static enum code by_number(struct txn *t, const char *sql, int64_t number, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, sql, number, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}

static enum code end_one(struct txn *t, int64_t number, struct err *reterr) {
    int64_t key = -1;
    enum code code = number_of(t, "SELECT key FROM pack WHERE tenant = ? AND number = ?", number, &key, reterr);
    if (code == OK)
        code = by_number(t, "DELETE FROM pack_key WHERE tenant = ? AND number = ?", number, reterr);
    if (code == OK)
        code = by_number(t, "UPDATE pack SET state = 3 WHERE tenant = ? AND number = ?", number, reterr);
    return code == OK && key > 0 ? doomed_put(t, (uint64_t)key, reterr) : code;
}

/* Asked once in a write, which may doom thousands of keys. */
static enum code packs_ask(struct txn *t, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = t->packs != PACKS_UNKNOWN ? OK : sql_prepare(&t->sql, "SELECT 1 FROM pack_key WHERE tenant = ? LIMIT 1", &s, reterr);
    if (code != OK || t->packs != PACKS_UNKNOWN || (code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (row)
        stmt_end(s);
    t->packs = row ? PACKS_SOME : PACKS_NONE;
    return OK;
}

enum code packs_end_with(struct txn *t, uint64_t key, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    int64_t numbers[ENDED_MOST];
    size_t n = 0;
    struct stmt *s;
    bool row = false;
    enum code code = packs_ask(t, reterr);
    if (code == OK && t->packs == PACKS_SOME)
        code = sql_prepare(&t->sql, "SELECT number FROM pack_key WHERE tenant = ? AND key = ?", &s, reterr);
    if (code != OK || t->packs != PACKS_SOME)
        return code;
    stmt_int(s, 2, (int64_t)key);
    while ((code = stmt_step(s, &row, reterr)) == OK && row && n < ENDED_MOST)
        numbers[n++] = col_int(s, 0);
    stmt_end(s);
    for (size_t i = 0; code == OK && i < n; i++)
        code = end_one(t, numbers[i], reterr);
    return code == OK && n == ENDED_MOST ? packs_end_with(t, key, reterr) : code;       /* each round takes some away */
}

enum code packs_drop(struct txn *t, int64_t number, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    enum code code = end_one(t, number, reterr);
    return code == OK ? by_number(t, "DELETE FROM pack WHERE tenant = ? AND number = ?", number, reterr) : code;
}

enum code packs_get(struct sql *q, int64_t number, pack_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    size_t count = 0;
    enum code code = sql_prepare_int(q, PACK_COLS " AND number = ?", number, &s, reterr);
    if (code == OK)
        code = packs_give(s, fn, arg, &count, reterr);
    return code == OK && count == 0 ? err_set(reterr, E_NOT_FOUND, "there is no archive of that number") : code;
}

enum code packs_list(struct sql *q, int64_t before, pack_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, PACK_COLS " AND number < ? ORDER BY number DESC", before, &s, reterr);
    return code == OK ? packs_give(s, fn, arg, NULL, reterr) : code;
}
