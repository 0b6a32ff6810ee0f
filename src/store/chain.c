/* chain.c — ledger rows and signed heads. What a hash chain is, `ledger` knows; here a row follows the one
 * before, and nothing is ever changed or taken away. */
#include <string.h>

#include "store/inner.h"
#include "store/tables.h"

enum code ledger_put(struct txn *t, const struct ledger_row *r, struct err *reterr) {
    struct stmt *s;
    enum code code = state_chain(t, reterr);
    if (code != OK)
        return code;
    if (r->seq != t->state->seq + 1 || memcmp(r->before, t->state->head, HASH_SIZE) != 0)
        return err_set(reterr, E_CONFLICT, "a ledger entry does not follow the last one of its chain");
    code = sql_prepare(&t->sql, "INSERT INTO ledger (tenant, seq, at, digest, head, entry) VALUES (?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, (int64_t)r->seq);
    stmt_int(s, 3, r->at);
    stmt_blob(s, 4, r->digest, HASH_SIZE);
    stmt_blob(s, 5, r->head, HASH_SIZE);
    stmt_text(s, 6, r->entry);
    if ((code = stmt_run(s, reterr)) != OK)
        return code;
    t->state->seq = r->seq;
    memcpy(t->state->head, r->head, HASH_SIZE);
    if (r->seq == 1)
        state_touch(t);                       /* so that the tenant is known to have a chain */
    return OK;
}

static enum code head_at(struct sql *q, uint64_t seq, bool newest, uint64_t *ret_seq, uint8_t ret_head[HASH_SIZE], struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = newest ? sql_prepare(q, "SELECT seq, head FROM ledger WHERE tenant = ? ORDER BY seq DESC LIMIT 1", &s, reterr)
                            : sql_prepare(q, "SELECT seq, head FROM ledger WHERE tenant = ? AND seq = ?", &s, reterr);
    if (code == OK && !newest)
        stmt_int(s, 2, (int64_t)seq);
    if (code != OK || (code = stmt_step(s, &row, reterr)) != OK)
        return code;
    *ret_seq = row ? (uint64_t)col_int(s, 0) : 0;
    memset(ret_head, 0, HASH_SIZE);
    if (row)
        code = col_bytes(s, 1, ret_head, HASH_SIZE, reterr);
    stmt_end(s);
    return code;
}

enum code ledger_last(struct sql *q, uint64_t *ret_seq, uint8_t ret_head[HASH_SIZE], struct err *reterr) {
    if (q->txn == NULL)
        return head_at(q, 0, true, ret_seq, ret_head, reterr);
    enum code code = state_chain(q->txn, reterr);
    if (code != OK)
        return code;
    *ret_seq = q->txn->state->seq;
    memcpy(ret_head, q->txn->state->head, HASH_SIZE);
    return OK;
}

enum code ledger_list(struct sql *q, uint64_t after, ledger_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    uint64_t seq = 0;
    struct ledger_row r = { .chain = q->tenant };
    uint8_t head[HASH_SIZE] = { 0 };
    enum code code = after > 0 ? head_at(q, after, false, &seq, head, reterr) : OK;
    if (code == OK)
        code = sql_prepare(q, "SELECT seq, at, digest, head, entry FROM ledger WHERE tenant = ? AND seq > ? ORDER BY seq", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, (int64_t)after);
    while ((code = stmt_step(s, &row, reterr)) == OK && row) {
        memcpy(r.before, head, HASH_SIZE);
        r.seq = (uint64_t)col_int(s, 0);
        r.at = col_int(s, 1);
        code = col_bytes(s, 2, r.digest, HASH_SIZE, reterr);
        if (code == OK)
            code = col_bytes(s, 3, r.head, HASH_SIZE, reterr);
        r.entry = col_text(s, 4);
        memcpy(head, r.head, HASH_SIZE);
        if (code != OK || !fn(&r, arg))
            break;
    }
    stmt_end(s);
    return code;
}

static enum code head_write(struct txn *t, void *arg, struct err *reterr) {
    const struct ledger_head *h = arg;
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "INSERT INTO ledger_head (tenant, seq, head, signature, at) VALUES (?, ?, ?, ?, ?) "
                                 "ON CONFLICT (tenant) DO UPDATE SET seq = excluded.seq, head = excluded.head, signature = excluded.signature, "
                                 "at = excluded.at WHERE excluded.seq > ledger_head.seq", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, (int64_t)h->seq);
    stmt_blob(s, 3, h->head, HASH_SIZE);
    stmt_blob(s, 4, h->signature, SIGNATURE_SIZE);
    stmt_int(s, 5, h->at);
    return stmt_run(s, reterr);
}

enum code ledger_head_put(struct store *s, const struct ledger_head *h, struct err *reterr) {
    struct ledger_head head = *h;
    return store_write(s, h->chain, head_write, &head, reterr);
}

enum code ledger_head_get(struct sql *q, struct ledger_head *ret, struct err *reterr) {
    struct stmt *s;
    bool found = false;
    struct ledger_head h = { .chain = q->tenant };
    enum code code = sql_prepare(q, "SELECT seq, head, signature, at FROM ledger_head WHERE tenant = ?", &s, reterr);
    if (code != OK || (code = stmt_step(s, &found, reterr)) != OK)
        return code;
    if (found) {
        h.seq = (uint64_t)col_int(s, 0);
        h.at = col_int(s, 3);
        code = col_bytes(s, 1, h.head, HASH_SIZE, reterr);
        if (code == OK)
            code = col_bytes(s, 2, h.signature, SIGNATURE_SIZE, reterr);
        stmt_end(s);
    }
    if (code == OK)
        *ret = h;
    return code;
}

struct heads_arg { struct store *store; ledger_head_fn fn; void *arg; bool stopped; };

static enum code heads_tenant(void *arg, int64_t tenant, struct err *reterr) {
    struct heads_arg *a = arg;
    struct ledger_head head = { 0 };
    if (a->stopped)
        return OK;
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(a->store, tenant, &v, reterr);
    if (code == OK)
        code = ledger_head_get(view_sql(v), &head, reterr);
    v = view_end(v);
    if (code == OK && head.seq > 0)
        a->stopped = !a->fn(&head, a->arg);
    return code;
}

enum code ledger_heads(struct store *s, ledger_head_fn fn, void *arg, struct err *reterr) {
    struct heads_arg a = { .store = s, .fn = fn, .arg = arg };
    return clock_tenants(s, heads_tenant, &a, reterr);
}

struct chains_arg { struct store *store; chain_fn fn; void *arg; bool stopped; };

static enum code chains_tenant(void *arg, int64_t tenant, struct err *reterr) {
    struct chains_arg *a = arg;
    uint8_t head[HASH_SIZE];
    uint64_t seq = 0;
    if (a->stopped)
        return OK;
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(a->store, tenant, &v, reterr);
    if (code == OK)
        code = head_at(view_sql(v), 0, true, &seq, head, reterr);
    v = view_end(v);
    if (code == OK && seq > 0)
        a->stopped = !a->fn(tenant, seq, head, a->arg);
    return code;
}

enum code ledger_chains(struct store *s, chain_fn fn, void *arg, struct err *reterr) {
    struct chains_arg a = { .store = s, .fn = fn, .arg = arg };
    return clock_tenants(s, chains_tenant, &a, reterr);
}
