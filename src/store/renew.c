/* renew.c — every token from one index key to the next: claims and spans in writes of records.db, docs in
 * transactions of index.db, STEP rows at a time between the groups of running writes. Rows carry the generation
 * of their key, so a cut renewal goes on with those that are left. The store refuses tokens of an older
 * generation from the start on, so that no straggler comes in behind. */
#include <stdio.h>
#include <string.h>

#include "store/inner.h"
#include "store/rows.h"

#define STEP 128u
#define OBJECTORS_STEP 4u                     /* as in the statement */
#define OBJECTOR_TEXT 4100u                      /* longer than a line of a charter */

struct renewal {
    struct store *store;
    index_keys_fn keys_of;
    void *arg;
    int64_t tenant;
    uint32_t generation;
    struct key before, now;
    int32_t kind;                            /* where the walk stands: rows of (kind, id, rule) up to here are done */
    int32_t rule;
    struct uuid id;
    bool more;
};

struct old { int32_t kind, rule; struct uuid holder; struct token what; int64_t start, stop; uint32_t generation; };

uint32_t index_generation(const struct store *s) { return s->generation; }

static enum code floor_job(struct store *s, void *arg, struct err *reterr UNUSED) {
    uint32_t generation = *(uint32_t *)arg;
    if (s->generation < generation)
        s->generation = generation;
    return OK;
}

static void walk_start(struct renewal *r) {
    r->kind = INT32_MIN;
    r->rule = INT32_MIN;
    r->id = (struct uuid){ 0 };
    r->more = true;
}

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory to renew the index"); }

/* A row that missed a whole renewal cannot be renewed: the key that made it is gone. */
static enum code lost(const struct renewal *r, const char *what, struct err *reterr) {
    return err_set(reterr, E_DAMAGED, "a %s of tenant %lld was made with an index key that no longer exists: rebuild the index (`sejf index rebuild`)",
                   what, (long long)r->tenant);
}

/* ---- claims and spans ---- */

static enum code olds_read(struct renewal *r, struct txn *t, const char *sql, struct old *ret, size_t *ret_count, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare_of(&t->sql, sql, r->kind, &r->id, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, r->rule);
    stmt_int(s, 5, r->generation);
    *ret_count = 0;
    while (*ret_count < STEP && (code = stmt_step(s, &row, reterr)) == OK && row) {
        struct old *o = &ret[*ret_count];
        *o = (struct old){ .kind = (int32_t)col_int(s, 0), .rule = (int32_t)col_int(s, 2), .start = col_int(s, 4), .stop = col_int(s, 5),
                           .generation = (uint32_t)col_int(s, 6) };
        code = col_bytes(s, 1, o->holder.bytes, sizeof o->holder.bytes, reterr);
        if (code == OK)
            code = col_bytes(s, 3, o->what.bytes, sizeof o->what.bytes, reterr);
        if (code == OK && o->generation + 1 != r->generation)
            code = lost(r, "claim", reterr);
        if (code != OK)
            break;
        ++*ret_count;
    }
    stmt_end(s);
    return code;
}

static enum code claim_move(struct renewal *r, struct txn *t, const struct old *o, struct err *reterr) {
    struct stmt *s;
    struct token now = o->what;
    if (!tokens_renew(&r->before, &r->now, &now, 1))
        return no_memory(reterr);
    enum code code = sql_prepare(&t->sql, "DELETE FROM claim WHERE tenant = ? AND kind = ? AND rule = ? AND what = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, o->kind);
    stmt_int(s, 3, o->rule);
    stmt_blob(s, 4, o->what.bytes, TOKEN_SIZE);
    code = stmt_run(s, reterr);
    beside_put(t);
    if (code == OK)                           /* the holder may have taken it anew meanwhile */
        code = sql_prepare(&t->sql, "INSERT OR IGNORE INTO claim (tenant, kind, rule, what, holder, generation) VALUES (?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, o->kind);
    stmt_int(s, 3, o->rule);
    stmt_blob(s, 4, now.bytes, TOKEN_SIZE);
    bind_uuid(s, 5, &o->holder);
    stmt_int(s, 6, r->generation);
    return stmt_run(s, reterr);
}

static enum code span_move(struct renewal *r, struct txn *t, const struct old *o, struct err *reterr) {
    struct stmt *s;
    struct token now = o->what;
    if (!tokens_renew(&r->before, &r->now, &now, 1))
        return no_memory(reterr);
    enum code code = sql_prepare(&t->sql, "UPDATE OR REPLACE span SET what = ?7, generation = ?8 "
                                 "WHERE tenant = ?1 AND kind = ?2 AND rule = ?3 AND what = ?4 AND start = ?5 AND holder = ?6", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, o->kind);
    stmt_int(s, 3, o->rule);
    stmt_blob(s, 4, o->what.bytes, TOKEN_SIZE);
    stmt_int(s, 5, o->start);
    bind_uuid(s, 6, &o->holder);
    stmt_blob(s, 7, now.bytes, TOKEN_SIZE);
    stmt_int(s, 8, r->generation);
    return stmt_run(s, reterr);
}

/* Both walk by their holder index. A holder with more rows of one rule than a step takes is met again, because
 * the walk goes on from (kind, holder, rule) including it. */
static enum code claims_step(struct txn *t, void *arg, struct err *reterr) {
    struct renewal *r = arg;
    struct old olds[STEP];
    size_t count = 0;
    enum code code = olds_read(r, t, "SELECT kind, holder, rule, what, 0, 0, generation FROM claim INDEXED BY claim_holder "
                               "WHERE tenant = ? AND (kind, holder, rule) >= (?, ?, ?) AND generation < ? ORDER BY kind, holder, rule", olds, &count, reterr);
    for (size_t i = 0; i < count && code == OK; i++)
        code = claim_move(r, t, &olds[i], reterr);
    if (code == OK && count > 0) {
        r->kind = olds[count - 1].kind;
        r->rule = olds[count - 1].rule;
        r->id = olds[count - 1].holder;
    }
    r->more = count == STEP;
    return code;
}

static enum code spans_step(struct txn *t, void *arg, struct err *reterr) {
    struct renewal *r = arg;
    struct old olds[STEP];
    size_t count = 0;
    enum code code = olds_read(r, t, "SELECT kind, holder, rule, what, start, stop, generation FROM span INDEXED BY span_holder "
                               "WHERE tenant = ? AND (kind, holder, rule) >= (?, ?, ?) AND generation < ? ORDER BY kind, holder, rule", olds, &count, reterr);
    for (size_t i = 0; i < count && code == OK; i++)
        code = span_move(r, t, &olds[i], reterr);
    if (code == OK && count > 0) {
        r->kind = olds[count - 1].kind;
        r->rule = olds[count - 1].rule;
        r->id = olds[count - 1].holder;
    }
    r->more = count == STEP;
    return code;
}

/* ---- objectors ---- */

struct objector { char purpose[OBJECTOR_TEXT]; struct token token; uint32_t generation; };

/* Those left of an older generation; each moved one leaves their ranks, so the walk needs no place. */
static enum code objectors_read(struct renewal *r, struct txn *t, struct objector *ret, size_t *ret_count, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(&t->sql, "SELECT purpose, token, generation FROM objector WHERE tenant = ? AND generation < ? LIMIT 4", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, r->generation);
    *ret_count = 0;
    while ((code = stmt_step(s, &row, reterr)) == OK && row) {
        struct objector *o = &ret[*ret_count];
        if (snprintf(o->purpose, sizeof o->purpose, "%s", col_text(s, 0)) >= (int)sizeof o->purpose)
            code = err_set(reterr, E_DAMAGED, "a purpose that somebody objected to is longer than any can be");
        o->generation = (uint32_t)col_int(s, 2);
        if (code == OK)
            code = col_bytes(s, 1, o->token.bytes, sizeof o->token.bytes, reterr);
        if (code == OK && o->generation + 1 != r->generation)
            code = lost(r, "objection", reterr);
        if (code != OK)
            break;
        ++*ret_count;
    }
    stmt_end(s);
    return code;
}

static enum code objectors_step(struct txn *t, void *arg, struct err *reterr) {
    struct renewal *r = arg;
    struct objector list[OBJECTORS_STEP];
    size_t count = 0;
    enum code code = objectors_read(r, t, list, &count, reterr);
    for (size_t i = 0; code == OK && i < count; i++) {
        struct stmt *s;
        struct token now = list[i].token;
        if (!tokens_renew(&r->before, &r->now, &now, 1))
            return no_memory(reterr);
        code = sql_prepare(&t->sql, "UPDATE OR REPLACE objector SET token = ?4, generation = ?5 WHERE tenant = ?1 AND purpose = ?2 AND token = ?3", &s, reterr);
        if (code != OK)
            break;
        stmt_text(s, 2, list[i].purpose);
        stmt_blob(s, 3, list[i].token.bytes, TOKEN_SIZE);
        stmt_blob(s, 4, now.bytes, TOKEN_SIZE);
        stmt_int(s, 5, r->generation);
        code = stmt_run(s, reterr);
    }
    r->more = count == OBJECTORS_STEP;
    return code;
}

/* ---- docs ---- */

static enum code index_stmt(struct renewal *r, const char *sql, struct stmt **ret, struct err *reterr) {
    struct stmt *s = NULL;
    enum code code = db_prepare(r->store->writer.sql.index, sql, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, r->tenant);
    *ret = s;
    return OK;
}

static enum code found_swap(struct renewal *r, const struct token *from, const struct token *to, struct err *reterr) {
    struct stmt *s;
    enum code code = index_stmt(r, "UPDATE OR REPLACE found SET token = ?5 WHERE tenant = ?1 AND kind = ?2 AND token = ?3 AND id = ?4", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, r->kind);
    stmt_blob(s, 3, from->bytes, TOKEN_SIZE);
    bind_uuid(s, 4, &r->id);
    stmt_blob(s, 5, to->bytes, TOKEN_SIZE);
    return stmt_run(s, reterr);
}

/* The doc at (r->kind, r->id); a walk of its own, because its statement may not stay open while the doc changes. */
static enum code doc_move(struct renewal *r, struct token *tokens, size_t count, struct err *reterr) {
    struct stmt *s;
    for (size_t i = 0; i < count; i++) {
        struct token from = tokens[i];
        if (!tokens_renew(&r->before, &r->now, &tokens[i], 1))
            return no_memory(reterr);
        enum code code = found_swap(r, &from, &tokens[i], reterr);
        if (code != OK)
            return code;
    }
    enum code code = index_stmt(r, "UPDATE doc SET tokens = ?4, generation = ?5 WHERE tenant = ?1 AND kind = ?2 AND id = ?3", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, r->kind);
    bind_uuid(s, 3, &r->id);
    stmt_blob(s, 4, tokens, count * TOKEN_SIZE);
    stmt_int(s, 5, r->generation);
    return stmt_run(s, reterr);
}

/* The next doc of an older generation. *ret_tokens is the caller's. */
static enum code doc_next(struct renewal *r, struct token **ret_tokens, size_t *ret_count, struct err *reterr) {
    struct stmt *s;
    size_t len = 0;
    enum code code = index_stmt(r, "SELECT kind, id, tokens, generation FROM doc WHERE tenant = ? AND (kind, id) > (?, ?) AND generation < ? "
                                "AND length(tokens) > 0 ORDER BY kind, id LIMIT 1", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, r->kind);
    bind_uuid(s, 3, &r->id);
    stmt_int(s, 4, r->generation);
    if ((code = index_told(r->store, stmt_step(s, &r->more, reterr))) != OK || !r->more)
        return code;
    r->kind = (int32_t)col_int(s, 0);
    code = col_bytes(s, 1, r->id.bytes, sizeof r->id.bytes, reterr);
    const void *bytes = col_blob(s, 2, &len);
    if (code == OK && len % TOKEN_SIZE != 0)
        code = err_set(reterr, E_DAMAGED, "the index is damaged: it is made anew from the records by itself; `sejf index rebuild` does it now");
    if (code == OK && (uint32_t)col_int(s, 3) + 1 != r->generation)
        code = lost(r, "record's index", reterr);
    struct token *tokens = code == OK ? mem_new_array(len / TOKEN_SIZE, TOKEN_SIZE) : NULL;
    if (code == OK && tokens == NULL)
        code = no_memory(reterr);
    if (code == OK) {
        memcpy(tokens, bytes, len);
        *ret_tokens = tokens;
        *ret_count = len / TOKEN_SIZE;
    }
    stmt_end(s);
    return code;
}

static enum code docs_step(struct renewal *r, struct err *reterr) {
    for (size_t i = 0; i < STEP; i++) {
        struct token *tokens = NULL;
        size_t count = 0;
        enum code code = doc_next(r, &tokens, &count, reterr);
        if (code != OK || !r->more)
            return code;
        code = doc_move(r, tokens, count, reterr);
        (void)mem_free(tokens);
        if (code != OK)
            return code;
    }
    return OK;
}

static enum code docs_job(struct store *s, void *arg, struct err *reterr) {
    struct db *db = s->writer.sql.index;
    enum code code = db_begin(db, true, reterr);
    if (code != OK)
        return code;
    code = docs_step(arg, reterr);
    if (code == OK)
        code = db_commit(db, reterr);
    if (code != OK)
        db_rollback(db);
    return code;
}

/* ---- one tenant after another ---- */

static enum code renew_tenant(void *arg, int64_t tenant, struct err *reterr) {
    struct renewal *r = arg;
    r->tenant = tenant;
    enum code code = r->keys_of(r->arg, tenant, &r->before, &r->now, &r->generation, reterr);
    if (code == OK)
        code = commit_job(r->store, floor_job, &r->generation, reterr);
    for (walk_start(r); code == OK && r->more; )
        code = store_write(r->store, tenant, claims_step, r, reterr);
    for (walk_start(r); code == OK && r->more; )
        code = store_write(r->store, tenant, spans_step, r, reterr);
    for (walk_start(r); code == OK && r->more; )
        code = store_write(r->store, tenant, objectors_step, r, reterr);
    for (walk_start(r); code == OK && r->more; )
        code = commit_job(r->store, docs_job, r, reterr);
    return code;
}

enum code index_renew(struct store *s, index_keys_fn keys_of, void *arg, struct err *reterr) {
    struct renewal r = { .store = s, .keys_of = keys_of, .arg = arg };
    enum code code = clock_tenants(s, renew_tenant, &r, reterr);
    crypto_wipe(&r.before, sizeof r.before);
    crypto_wipe(&r.now, sizeof r.now);
    return code;
}
