/* index.c — index.db: what records are found by. Operations are collected during a write and applied when the
 * records are durable. Each record has one row in `doc` that lists its entries in `found` and `sorted`.
 * Invariant: found and sorted hold exactly what the docs list. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "store/inner.h"
#include "store/packed.h"
#include "store/rows.h"

#define TOKENS_MAX 65536u                    /* of one record */

struct op { int64_t tenant; struct uuid id; int32_t kind; uint32_t generation, tokens, sorted; };

/* ---- collecting ---- */

enum code generation_check(const struct txn *t, uint32_t generation, struct err *reterr) {
    if (generation >= t->sql.store->generation)
        return OK;
    return err_set(reterr, E_STALE, "the index key has been renewed meanwhile: fetch the keys again and repeat the write");
}

enum code index_put(struct txn *t, int32_t kind, const struct uuid *id, uint32_t generation, const struct token *tokens, size_t token_count,
                    const struct sorted_value *sorted, size_t sorted_count, struct err *reterr) {
    if (token_count > TOKENS_MAX || sorted_count > TOKENS_MAX)
        return err_set(reterr, E_TOO_LARGE, "a record has more than %u entries in the index", TOKENS_MAX);
    if (token_count > 0) {
        enum code code = generation_check(t, generation, reterr);
        if (code != OK)
            return code;
    }
    size_t at = t->ops.len;
    struct op op = { .tenant = t->sql.tenant, .kind = kind, .id = *id, .generation = generation, .tokens = (uint32_t)(token_count * TOKEN_SIZE) };
    buf_add(&t->ops, &op, sizeof op);
    for (size_t i = 0; i < token_count; i++)
        buf_add(&t->ops, tokens[i].bytes, TOKEN_SIZE);
    size_t start = t->ops.len;
    for (size_t i = 0; i < sorted_count; i++)
        packed_add(&t->ops, &sorted[i]);
    if (t->ops.failed)
        return err_set(reterr, E_MEMORY, "no memory for the index of a write");
    op.sorted = (uint32_t)(t->ops.len - start);
    memcpy(t->ops.data + at, &op, sizeof op);
    return OK;
}

enum code index_erase(struct txn *t, int32_t kind, const struct uuid *id, struct err *reterr) {
    return index_put(t, kind, id, 0, NULL, 0, NULL, 0, reterr);
}

/* ---- applying ---- */

static enum code prepare(struct store *s, int64_t tenant, const char *sql, struct stmt **ret, struct err *reterr) {
    struct stmt *st = NULL;
    enum code code = db_prepare(s->writer.sql.index, sql, &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 1, tenant);
    *ret = st;
    return OK;
}

static enum code found_change(struct store *s, const struct op *op, const uint8_t *token, bool add, struct err *reterr) {
    struct stmt *st;
    enum code code = add ? prepare(s, op->tenant, "INSERT OR IGNORE INTO found (tenant, kind, token, id) VALUES (?, ?, ?, ?)", &st, reterr)
                         : prepare(s, op->tenant, "DELETE FROM found WHERE tenant = ? AND kind = ? AND token = ? AND id = ?", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 2, op->kind);
    stmt_blob(st, 3, token, TOKEN_SIZE);
    bind_uuid(st, 4, &op->id);
    return stmt_run(st, reterr);
}

static enum code sorted_change(struct store *s, const struct op *op, const struct sorted_value *v, bool add, struct err *reterr) {
    struct stmt *st;
    enum code code = add ? prepare(s, op->tenant, "INSERT OR IGNORE INTO sorted (tenant, kind, field, value, id) VALUES (?, ?, ?, ?, ?)", &st, reterr)
                         : prepare(s, op->tenant, "DELETE FROM sorted WHERE tenant = ? AND kind = ? AND field = ? AND value = ? AND id = ?", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 2, op->kind);
    stmt_int(st, 3, v->field);
    if (v->text != NULL)
        stmt_text(st, 4, v->text);
    else
        stmt_int(st, 4, v->number);
    bind_uuid(st, 5, &op->id);
    return stmt_run(st, reterr);
}

static bool has_token(const uint8_t *list, size_t len, const uint8_t *token) {
    for (size_t i = 0; i + TOKEN_SIZE <= len; i += TOKEN_SIZE)
        if (memcmp(list + i, token, TOKEN_SIZE) == 0)
            return true;
    return false;
}

/* Entries of `list` that `other` lacks are added or taken away. */
static enum code tokens_differ(struct store *s, const struct op *op, const uint8_t *list, size_t len, const uint8_t *other, size_t other_len,
                               bool add, struct err *reterr) {
    for (size_t i = 0; i + TOKEN_SIZE <= len; i += TOKEN_SIZE) {
        if (has_token(other, other_len, list + i))
            continue;
        enum code code = found_change(s, op, list + i, add, reterr);
        if (code != OK)
            return code;
    }
    return OK;
}

static enum code sorted_all(struct store *s, const struct op *op, const uint8_t *list, size_t len, bool add, struct err *reterr) {
    struct sorted_value v;
    size_t at = 0;
    while (at < len) {
        if (!packed_next(list, len, &at, &v))
            return err_set(reterr, E_DAMAGED, "the index is damaged: it is made anew from the records by itself; `sejf index rebuild` does it now");
        enum code code = sorted_change(s, op, &v, add, reterr);
        if (code != OK)
            return code;
    }
    return OK;
}

/* The doc's own row: written, or taken away when the record is found by nothing. */
static enum code doc_write(struct store *s, const struct op *op, const uint8_t *tokens, const uint8_t *sorted, bool stood, struct err *reterr) {
    struct stmt *st;
    enum code code;
    if (op->tokens == 0 && op->sorted == 0) {
        if (!stood)
            return OK;
        code = prepare(s, op->tenant, "DELETE FROM doc WHERE tenant = ? AND kind = ? AND id = ?", &st, reterr);
    } else {
        code = prepare(s, op->tenant, "INSERT OR REPLACE INTO doc (tenant, kind, id, generation, tokens, sorted) VALUES (?, ?, ?, ?, ?, ?)", &st, reterr);
    }
    if (code != OK)
        return code;
    stmt_int(st, 2, op->kind);
    bind_uuid(st, 3, &op->id);
    if (op->tokens != 0 || op->sorted != 0) {
        stmt_int(st, 4, op->generation);
        stmt_blob(st, 5, tokens, op->tokens);
        stmt_blob(st, 6, sorted, op->sorted);
    }
    return stmt_run(st, reterr);
}

static enum code apply_one(struct store *s, const struct op *op, const uint8_t *tokens, const uint8_t *sorted, struct err *reterr) {
    struct stmt *st;
    bool stood = false;
    enum code code = prepare(s, op->tenant, "SELECT tokens, sorted FROM doc WHERE tenant = ? AND kind = ? AND id = ?", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 2, op->kind);
    bind_uuid(st, 3, &op->id);
    if ((code = stmt_step(st, &stood, reterr)) != OK)
        return code;
    size_t old_len = 0, sorted_len = 0;
    const uint8_t *old = NULL, *old_sorted = NULL;
    if (stood) {                              /* its columns live on while other statements run */
        old = col_blob(st, 0, &old_len);
        old_sorted = col_blob(st, 1, &sorted_len);
        code = tokens_differ(s, op, old, old_len, tokens, op->tokens, false, reterr);
    }
    bool same = stood && sorted_len == op->sorted && (sorted_len == 0 || memcmp(old_sorted, sorted, sorted_len) == 0);
    if (code == OK && stood && !same)
        code = sorted_all(s, op, old_sorted, sorted_len, false, reterr);
    if (code == OK)
        code = tokens_differ(s, op, tokens, op->tokens, old, old_len, true, reterr);
    if (code == OK && !same)
        code = sorted_all(s, op, sorted, op->sorted, true, reterr);
    stmt_end(st);
    return code == OK ? doc_write(s, op, tokens, sorted, stood, reterr) : code;
}

/* ---- those that go: what they are found by lies all over `found`, so it is gathered over a run of them and taken away in its order. Each page
 * is then read and written once, and not once for each record that has something on it. */
struct gone { int64_t tenant; struct uuid id; int32_t kind; uint8_t token[TOKEN_SIZE]; };
#define GONE_MOST 100000u                     /* entries; a run that has more is taken in pieces */
#define GONE_USUAL 16u                        /* of a record */

static int gone_order(const void *a, const void *b) {
    const struct gone *x = a, *y = b;
    if (x->tenant != y->tenant)
        return x->tenant < y->tenant ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    int order = memcmp(x->token, y->token, TOKEN_SIZE);
    return order != 0 ? order : uuid_compare(&x->id, &y->id);
}

static enum code gone_flush(struct store *s, struct gone *list, size_t *count, struct err *reterr) {
    const size_t n = *count;
    enum code code = OK;
    *count = 0;
    if (n > 1)
        qsort(list, n, sizeof *list, gone_order);
    for (size_t i = 0; code == OK && i < n; i++) {
        const struct op op = { .tenant = list[i].tenant, .kind = list[i].kind, .id = list[i].id };
        code = found_change(s, &op, list[i].token, false, reterr);
    }
    return code;
}

/* What doc says of the record; its row goes. */
static enum code gone_add(struct store *s, const struct op *op, struct gone *list, size_t room, size_t *count, struct err *reterr) {
    struct stmt *st;
    bool stood = false;
    size_t len = 0, sorted_len = 0;
    enum code code = prepare(s, op->tenant, "SELECT tokens, sorted FROM doc WHERE tenant = ? AND kind = ? AND id = ?", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 2, op->kind);
    bind_uuid(st, 3, &op->id);
    if ((code = stmt_step(st, &stood, reterr)) != OK || !stood)
        return code;
    const uint8_t *tokens = col_blob(st, 0, &len), *sorted = col_blob(st, 1, &sorted_len);
    for (size_t i = 0; code == OK && i + TOKEN_SIZE <= len; i += TOKEN_SIZE) {
        if (*count == room)
            code = gone_flush(s, list, count, reterr);
        list[*count] = (struct gone){ .tenant = op->tenant, .id = op->id, .kind = op->kind };
        memcpy(list[(*count)++].token, tokens + i, TOKEN_SIZE);
    }
    if (code == OK)
        code = sorted_all(s, op, sorted, sorted_len, false, reterr);
    stmt_end(st);
    return code == OK ? doc_write(s, op, NULL, NULL, true, reterr) : code;
}

static bool op_erases(const struct op *op) { return op->tokens == 0 && op->sorted == 0; }

/* How many operations from `at` on erase, one after the other. */
static size_t run_length(const struct buf *ops, size_t at) {
    struct op op;
    size_t n = 0;
    for (; at < ops->len; at += sizeof op, n++) {
        PRE(ops->len - at >= sizeof op);
        memcpy(&op, ops->data + at, sizeof op);
        if (!op_erases(&op))
            break;
    }
    return n;
}

/* An operation behind the run may put back what it takes away, so the run is whole before that. */
static enum code run_apply(struct store *s, const struct buf *ops, size_t at, size_t n, struct err *reterr) {
    const size_t room = n < GONE_MOST / GONE_USUAL ? n * GONE_USUAL : GONE_MOST;
    AUTO(mem_free) struct gone *list = mem_new_array(room, sizeof *list);
    size_t count = 0;
    enum code code = list == NULL ? err_set(reterr, E_MEMORY, "no memory for the index of a write") : OK;
    for (size_t i = 0; code == OK && i < n; i++) {
        struct op op;
        memcpy(&op, ops->data + at + i * sizeof op, sizeof op);
        code = gone_add(s, &op, list, room, &count, reterr);
    }
    return code == OK ? gone_flush(s, list, &count, reterr) : code;
}

/* ---- and many of them */
#define LEFT_RUN 256u                         /* records erased one after the other: so many are left to a purge */

static size_t op_size(const struct buf *ops, size_t at) {
    struct op op;
    PRE(ops->len - at >= sizeof op);
    memcpy(&op, ops->data + at, sizeof op);
    return sizeof op + op.tokens + op.sorted;
}

bool index_leaves(const struct buf *ops) {
    for (size_t at = 0; at < ops->len; ) {
        const size_t run = run_length(ops, at);
        if (run >= LEFT_RUN)
            return true;
        at += run > 0 ? run * sizeof(struct op) : op_size(ops, at);
    }
    return false;
}

enum code index_entry_drop(struct store *s, int64_t tenant, int32_t kind, const struct token *token, const struct uuid *id, struct err *reterr) {
    const struct op op = { .tenant = tenant, .kind = kind, .id = *id };
    return found_change(s, &op, token->bytes, false, reterr);
}

enum code index_doc_drop(struct store *s, int64_t tenant, int32_t kind, const struct uuid *id, uint32_t generation, bool *ret_moved, struct err *reterr) {
    const struct op op = { .tenant = tenant, .kind = kind, .id = *id };
    struct stmt *st;
    bool stood = false;
    size_t len = 0;
    enum code code = prepare(s, tenant, "SELECT generation, sorted FROM doc WHERE tenant = ? AND kind = ? AND id = ?", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 2, kind);
    bind_uuid(st, 3, id);
    if ((code = stmt_step(st, &stood, reterr)) != OK || !stood)
        return code;
    const bool moved = (uint32_t)col_int(st, 0) != generation;
    const uint8_t *sorted = col_blob(st, 1, &len);
    if (!moved)
        code = sorted_all(s, &op, sorted, len, false, reterr);
    stmt_end(st);
    *ret_moved = moved;
    return code == OK && !moved ? doc_write(s, &op, NULL, NULL, true, reterr) : code;
}

enum code index_apply(struct store *s, const struct buf *ops, struct err *reterr) {
    for (size_t at = 0; at < ops->len; ) {
        const size_t run = run_length(ops, at);
        if (run > 1) {
            enum code done = run < LEFT_RUN ? run_apply(s, ops, at, run, reterr) : OK;
            if (done != OK)
                return done;
            at += run * sizeof(struct op);
            continue;
        }
        struct op op;
        PRE(ops->len - at >= sizeof op);
        memcpy(&op, ops->data + at, sizeof op);
        const uint8_t *tokens = (const uint8_t *)ops->data + at + sizeof op;
        at += sizeof op + op.tokens + op.sorted;
        PRE(at <= ops->len);
        enum code code = apply_one(s, &op, tokens, tokens + op.tokens, reterr);
        if (code != OK)
            return code;
    }
    return OK;
}

/* Moves on only from where the group began: over a gap, `reached` stays. */
enum code index_reached(struct store *s, int64_t tenant, int64_t begin, int64_t now, struct err *reterr) {
    struct stmt *st;
    enum code code = begin == 0 ? prepare(s, tenant, "INSERT OR IGNORE INTO reached (tenant, change) VALUES (?, ?)", &st, reterr)
                                : prepare(s, tenant, "UPDATE reached SET change = ?2 WHERE tenant = ?1 AND change = ?3", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 2, now);
    if (begin != 0)
        stmt_int(st, 3, begin);
    return stmt_run(st, reterr);
}

/* ---- asking ---- */

static enum code ask(struct sql *q, const char *sql, struct stmt **ret, struct err *reterr) {
    struct stmt *st = NULL;
    enum code code = index_prepare(q, sql, &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 1, q->tenant);
    *ret = st;
    return OK;
}

/* While what is gone is left in the index, it is passed over: whoever takes the first N gets N that stand. */
static enum code stands(struct sql *q, int32_t kind, const struct uuid *id, bool *ret, struct err *reterr) {
    struct stmt *st;
    bool erased = false;
    enum code code = sql_prepare(q, "SELECT 1 FROM tombstone WHERE tenant = ? AND kind = ? AND id = ?", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 2, kind);
    bind_uuid(st, 3, id);
    if ((code = stmt_step(st, &erased, reterr)) != OK)
        return code;
    if (erased)
        stmt_end(st);
    *ret = !erased;
    return OK;
}

enum code index_find(struct sql *q, int32_t kind, const struct token *token, const struct uuid *after, id_fn fn, void *arg, struct err *reterr) {
    static const struct uuid none;
    struct stmt *st;
    bool row = false, left = false, there = true;
    enum code code = gone_any(q, &left, reterr);
    if (code != OK)
        return index_told(q->store, code);
    code = ask(q, "SELECT id FROM found WHERE tenant = ? AND kind = ? AND token = ? AND id > ? ORDER BY id", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 2, kind);
    stmt_blob(st, 3, token->bytes, TOKEN_SIZE);
    bind_uuid(st, 4, after != NULL ? after : &none);
    while ((code = stmt_step(st, &row, reterr)) == OK && row) {
        struct uuid id;
        code = col_bytes(st, 0, id.bytes, sizeof id.bytes, reterr);
        if (code == OK && left) {
            enum code asked = stands(q, kind, &id, &there, reterr);
            if (asked != OK)                  /* of the records: the index is not to blame */
                return asked;
        }
        if (code != OK || (there && !fn(&id, arg)))
            break;
    }
    stmt_end(st);
    return index_told(q->store, code);
}

/* Bounds that the caller left open become the ends of the value's type: integers sort before texts. A page
 * starts after (value, id); the row value comparison does that in one condition. */
#define SORTED_UP "SELECT id, value FROM sorted WHERE tenant = ? AND kind = ? AND field = ? AND value >= ?4 AND value <= ?5 " \
                  "AND (value, id) > (?6, ?7) ORDER BY value, id"
#define SORTED_DOWN "SELECT id, value FROM sorted WHERE tenant = ? AND kind = ? AND field = ? AND value >= ?4 AND value <= ?5 " \
                    "AND (value, id) < (?6, ?7) ORDER BY value DESC, id DESC"

static void bind_range(struct stmt *st, const struct sorted_range *r) {
    static const struct uuid low, high = { { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 } };
    static const char text_high[] = "\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf";        /* three times the last code point */
    const char *from = r->text_from != NULL ? r->text_from : "", *until = r->text_until != NULL ? r->text_until : text_high;
    const struct uuid *edge = r->descending ? &high : &low;
    stmt_int(st, 2, r->kind);
    stmt_int(st, 3, r->field);
    if (r->number) {
        stmt_int(st, 4, r->from);
        stmt_int(st, 5, r->until);
        stmt_int(st, 6, r->has_after ? r->after_number : r->descending ? r->until : r->from);
    } else {
        stmt_text(st, 4, from);
        stmt_text(st, 5, until);
        stmt_text(st, 6, r->has_after && r->after_text != NULL ? r->after_text : r->descending ? until : from);
    }
    stmt_blob(st, 7, r->has_after ? r->after_id.bytes : edge->bytes, sizeof edge->bytes);
}

enum code index_range(struct sql *q, const struct sorted_range *r, sorted_fn fn, void *arg, struct err *reterr) {
    struct stmt *st;
    bool row = false, left = false, there = true;
    enum code code = gone_any(q, &left, reterr);
    if (code != OK)
        return index_told(q->store, code);
    code = r->descending ? ask(q, SORTED_DOWN, &st, reterr) : ask(q, SORTED_UP, &st, reterr);
    if (code != OK)
        return code;
    bind_range(st, r);
    while ((code = stmt_step(st, &row, reterr)) == OK && row) {
        struct uuid id;
        struct sorted_value v = { .field = r->field };
        if (r->number)
            v.number = col_int(st, 1);
        else
            v.text = col_text(st, 1);
        code = col_bytes(st, 0, id.bytes, sizeof id.bytes, reterr);
        if (code == OK && left) {
            enum code asked = stands(q, r->kind, &id, &there, reterr);
            if (asked != OK)                  /* of the records: the index is not to blame */
                return asked;
        }
        if (code != OK || (there && !fn(&id, &v, arg)))
            break;
    }
    stmt_end(st);
    return index_told(q->store, code);
}
