/* gone.c — invariant: while a doc of an erased record stands in the index, a row of `gone` covers the change that erased it, or `reached` lies before that.
 * So a purge goes by the tombstones of what is noted; entries first, then docs, which say what the entries were, and the note with the last of them. */
#include "store/gone.h"

#include <stdlib.h>
#include <string.h>

#include "store/inner.h"

#define PURGE_ENTRIES ((size_t)2 << 20)       /* gathered at once, 40 MB: the more, the more of them share a page */
#define PURGE_DOCS ((size_t)1 << 18)
#define CHUNK 4096u                           /* tombstones looked at in one view */
#define DOC_COST 4u                           /* its row and what it is sorted by, in entries */
#define STEP_ALL 16384u

struct entry { struct token token; uint32_t doc; /* its place among docs */ };
struct stone { struct uuid id; int64_t change; int32_t kind; };
struct doc { struct uuid id; int32_t kind; uint32_t generation; };

struct index_purge {
    struct store *store;
    int64_t tenant, after, upto;              /* what was gathered: (after, upto] */
    struct entry *entries; size_t entry_count, entry_room, entry_at;
    struct doc *docs; size_t doc_count, doc_at;
    size_t most;                              /* of this step */
    bool gathered, moved;                     /* some tokens were renewed since they were gathered: once more */
};

enum code index_purge_new(struct store *s, int64_t tenant, struct index_purge **ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    struct index_purge *p = mem_new(sizeof *p);
    if (p == NULL)
        return err_set(reterr, E_MEMORY, "no memory to purge the index");
    p->store = s;
    p->tenant = tenant;
    *ret = p;
    return OK;
}

static void forget(struct index_purge *p) {
    p->entries = mem_free(p->entries);
    p->docs = mem_free(p->docs);
    p->entry_count = p->entry_room = p->entry_at = p->doc_count = p->doc_at = 0;
    p->gathered = p->moved = false;
}

struct index_purge *index_purge_free(struct index_purge *p) {
    if (p != NULL)
        forget(p);
    return mem_free(p);
}

/* ---- noting, and asking for it */

enum code gone_note(struct store *s, int64_t tenant, int64_t since, int64_t upto, struct err *reterr) {
    struct stmt *st;
    enum code code = db_prepare(s->writer.sql.index, "INSERT OR REPLACE INTO gone (tenant, upto, since) VALUES (?, ?, ?)", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 1, tenant);
    stmt_int(st, 2, upto);
    stmt_int(st, 3, since);
    return stmt_run(st, reterr);
}

enum code gone_any(struct sql *q, bool *ret, struct err *reterr) {
    struct stmt *st;
    bool row = false;
    enum code code = index_prepare(q, "SELECT 1 FROM gone WHERE tenant = ? LIMIT 1", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 1, q->tenant);
    if ((code = stmt_step(st, &row, reterr)) != OK)
        return code;
    stmt_end(st);
    *ret = row;
    return OK;
}

static enum code noted(struct index_purge *p, bool *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct stmt *st = NULL;
    bool row = false;
    enum code code = store_view(p->store, p->tenant, &v, reterr);
    if (code == OK)
        code = index_prepare(view_sql(v), "SELECT min(since), max(upto) FROM gone WHERE tenant = ? HAVING count(*) > 0", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 1, p->tenant);
    if ((code = stmt_step(st, &row, reterr)) != OK)
        return code;
    *ret = row;
    if (row) {
        p->after = col_int(st, 0);
        p->upto = col_int(st, 1);
        stmt_end(st);
    }
    return OK;
}

/* ---- gathering */

static enum code stones_read(struct sql *q, int64_t after, int64_t upto, struct stone *ret, size_t *ret_count, struct err *reterr) {
    struct stmt *st;
    bool row = false;
    size_t n = 0;
    enum code code = sql_prepare(q, "SELECT change, kind, id FROM tombstone INDEXED BY tombstone_change WHERE tenant = ? AND change > ? AND change <= ? ORDER BY change LIMIT ?",
                                 &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 2, after);
    stmt_int(st, 3, upto);
    stmt_int(st, 4, CHUNK);
    for (; n < CHUNK && (code = stmt_step(st, &row, reterr)) == OK && row; n++) {
        ret[n] = (struct stone){ .change = col_int(st, 0), .kind = (int32_t)col_int(st, 1) };
        if ((code = col_bytes(st, 2, ret[n].id.bytes, sizeof ret[n].id.bytes, reterr)) != OK)
            break;
    }
    stmt_end(st);
    *ret_count = n;
    return code;
}

/* Of the doc that is added next. */
static bool entries_add(struct index_purge *p, const uint8_t *tokens, size_t count) {
    if (p->entry_room - p->entry_count < count) {
        const size_t room = p->entry_room + p->entry_room / 2 + count + CHUNK;      /* one doc has TOKENS_MAX at most */
        struct entry *more = mem_grow(p->entries, room, sizeof *more);
        if (more == NULL)
            return false;
        p->entries = more;
        p->entry_room = room;
    }
    for (size_t i = 0; i < count; i++) {
        struct entry *e = &p->entries[p->entry_count++];
        e->doc = (uint32_t)p->doc_count;
        memcpy(e->token.bytes, tokens + i * TOKEN_SIZE, TOKEN_SIZE);
    }
    return true;
}

static enum code doc_add(struct index_purge *p, struct sql *q, const struct stone *stone, struct err *reterr) {
    struct doc d = { .id = stone->id, .kind = stone->kind };
    struct stmt *st;
    bool row = false;
    size_t len = 0;
    enum code code = index_prepare(q, "SELECT tokens, generation FROM doc WHERE tenant = ? AND kind = ? AND id = ?", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 1, p->tenant);
    stmt_int(st, 2, d.kind);
    bind_uuid(st, 3, &d.id);
    if ((code = stmt_step(st, &row, reterr)) != OK || !row)
        return code;
    const uint8_t *tokens = col_blob(st, 0, &len);
    d.generation = (uint32_t)col_int(st, 1);
    if (!entries_add(p, tokens, len / TOKEN_SIZE))
        code = err_set(reterr, E_MEMORY, "no memory to purge the index");
    stmt_end(st);
    p->docs[p->doc_count++] = d;
    return code;
}

/* One view's worth behind *after, which moves. */
static enum code gather_some(struct index_purge *p, struct stone *stones, int64_t *after, bool *ret_more, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    size_t n = 0;
    enum code code = store_view(p->store, p->tenant, &v, reterr);
    if (code == OK)
        code = stones_read(view_sql(v), *after, p->upto, stones, &n, reterr);
    size_t i = 0;
    for (; code == OK && i < n && p->entry_count < PURGE_ENTRIES; i++) {
        code = doc_add(p, view_sql(v), &stones[i], reterr);
        *after = stones[i].change;
    }
    *ret_more = n == CHUNK || i < n;
    return code;
}

static int in_order(const void *a, const void *b, void *arg) {
    const struct entry *x = a, *y = b;
    const struct doc *docs = arg, *dx = &docs[x->doc], *dy = &docs[y->doc];
    if (dx->kind != dy->kind)
        return dx->kind < dy->kind ? -1 : 1;
    const int order = memcmp(&x->token, &y->token, sizeof x->token);
    return order != 0 ? order : uuid_compare(&dx->id, &dy->id);
}

/* Notes are read in a view of their own: the tombstones that they tell of are seen by each later one. */
static enum code gather(struct index_purge *p, bool *ret_any, struct err *reterr) {
    AUTO(mem_free) struct stone *stones = NULL;
    bool more = false;
    forget(p);
    *ret_any = false;
    enum code code = noted(p, ret_any, reterr);
    if (code != OK || !*ret_any)
        return code;
    int64_t after = p->after;
    stones = mem_new_array(CHUNK, sizeof *stones);
    p->docs = mem_new_array(PURGE_DOCS, sizeof *p->docs);
    if (stones == NULL || p->docs == NULL)
        return err_set(reterr, E_MEMORY, "no memory to purge the index");
    do
        code = gather_some(p, stones, &after, &more, reterr);
    while (code == OK && more && p->entry_count < PURGE_ENTRIES && PURGE_DOCS - p->doc_count >= CHUNK);
    if (code == OK && p->entry_count > 1)
        qsort_r(p->entries, p->entry_count, sizeof *p->entries, in_order, p->docs);
    if (more)
        p->upto = after;
    p->gathered = code == OK;
    return code;
}

/* ---- taking away: on the commit thread */

static enum code note_drop(struct index_purge *p, struct err *reterr) {
    static const char *const texts[] = { "DELETE FROM gone WHERE tenant = ? AND upto <= ?", "UPDATE gone SET since = ?2 WHERE tenant = ?1 AND since < ?2" };
    enum code code = OK;
    for (size_t i = 0; code == OK && i < ARRAY_LEN(texts); i++) {
        struct stmt *st;
        code = db_prepare(p->store->writer.sql.index, texts[i], &st, reterr);
        if (code != OK)
            return code;
        stmt_int(st, 1, p->tenant);
        stmt_int(st, 2, p->upto);
        code = stmt_run(st, reterr);
    }
    return code;
}

static enum code take_away(struct index_purge *p, struct err *reterr) {
    size_t left = p->most;
    enum code code = OK;
    for (; code == OK && left > 0 && p->entry_at < p->entry_count; left--) {
        const struct entry *e = &p->entries[p->entry_at++];
        const struct doc *d = &p->docs[e->doc];
        code = index_entry_drop(p->store, p->tenant, d->kind, &e->token, &d->id, reterr);
    }
    for (; code == OK && left > 0 && p->doc_at < p->doc_count; left -= left < DOC_COST ? left : DOC_COST) {
        const struct doc *d = &p->docs[p->doc_at++];
        bool moved = false;
        code = index_doc_drop(p->store, p->tenant, d->kind, &d->id, d->generation, &moved, reterr);
        p->moved = p->moved || moved;
    }
    return code == OK && p->entry_at == p->entry_count && p->doc_at == p->doc_count && !p->moved ? note_drop(p, reterr) : code;
}

static enum code purge_job(struct store *s, void *arg, struct err *reterr) {
    struct index_purge *p = arg;
    struct db *db = s->writer.sql.index;
    enum code code = index_told(s, db_begin(db, true, reterr));
    if (code != OK)
        return code;
    code = take_away(p, reterr);
    if (code == OK)
        code = db_commit(db, reterr);
    if (code != OK)
        db_rollback(db);
    return index_told(s, code);
}

enum code index_purge_step(struct index_purge *p, size_t most, bool *ret_more, struct err *reterr) {
    PRE(p != NULL && most > 0 && ret_more != NULL && reterr != NULL);
    if (!p->gathered) {
        bool any = false;
        enum code code = index_told(p->store, gather(p, &any, reterr));
        *ret_more = code == OK && any;
        return code;
    }
    p->most = most;
    enum code code = commit_job(p->store, purge_job, p, reterr);
    if (code != OK || (p->entry_at == p->entry_count && p->doc_at == p->doc_count))
        forget(p);                            /* what was not committed is gathered anew */
    *ret_more = true;
    return code;
}

static enum code purge_tenant(void *arg, int64_t tenant, struct err *reterr) {
    AUTO(index_purge_free) struct index_purge *p = NULL;
    bool more = true;
    enum code code = index_purge_new(arg, tenant, &p, reterr);
    while (code == OK && more)
        code = index_purge_step(p, STEP_ALL, &more, reterr);
    return code;
}

enum code index_purge_all(struct store *s, struct err *reterr) {
    PRE(s != NULL && reterr != NULL);
    return clock_tenants(s, purge_tenant, s, reterr);
}
