/* testbed.h — for the tests of this folder: a store in a directory of its own, invented rows, and going away. */
#pragma once
#include <stdlib.h>
#include <unistd.h>

#include "base/test.h"
#include "store/inner.h"
#include "store/rows.h"
#include "store/tables.h"

struct bed { char directory[64]; struct store *store; struct err e; };

__attribute__((constructor)) static void bed_ready(void) {
    struct err e;
    if (crypto_init(&e) != OK)
        abort();
}
static inline void bed_open(struct bed *b) {
    b->store = NULL;
    CHECK_OK(store_open(&(struct store_options){ .directory = b->directory, .readers = 4, .queue = 4096 }, &b->store, &b->e), &b->e);
}
static inline void bed_start(struct bed *b) {
    snprintf(b->directory, sizeof b->directory, "/tmp/sejf-st-XXXXXX");
    CHECK(mkdtemp(b->directory) != NULL);
    bed_open(b);
}
static inline void bed_reopen(struct bed *b) {
    b->store = store_close(b->store);
    bed_open(b);
}
static inline const char *bed_path(struct bed *b, const char *name, char *buf, size_t room) {
    snprintf(buf, room, "%s/%s", b->directory, name);
    return buf;
}
static inline void bed_end(struct bed *b) {
    static const char *const names[] = { "records.db", "records.db-wal", "records.db-shm", "index.db", "index.db-wal", "index.db-shm" };
    char path[128];
    b->store = store_close(b->store);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        (void)unlink(bed_path(b, names[i], path, sizeof path));
    CHECK(rmdir(b->directory) == 0);
}

/* Ids that sort by their number. */
static inline struct uuid id_of(uint32_t n) {
    struct uuid id = { { 1, 0, 0, 0, 0, 0, 0x70, 0, 0x80 } };
    for (int i = 0; i < 4; i++)
        id.bytes[12 + i] = (uint8_t)(n >> (24 - 8 * i));
    return id;
}
static inline struct token token_of(uint32_t n) {
    struct token t;
    uint8_t full[HASH_SIZE];
    hash_sha256(&n, sizeof n, full);
    memcpy(t.bytes, full, TOKEN_SIZE);
    return t;
}
static inline struct row row_of(uint32_t n) {
    return (struct row){ .kind = 1, .id = id_of(n), .version = 1, .created = 1000, .updated = 1000, .due = USEC_NEVER, .clear = "{\"status\":\"accepted\"}" };
}

/* One whole create: row, part, index. Returns what the first failing step returns. */
struct make { uint32_t n; int32_t kind; int64_t change; struct uuid parent; usec_t due; };
static inline enum code make_row(struct txn *t, void *arg, struct err *e) {
    struct make *m = arg;
    struct row r = row_of(m->n);
    struct token tokens[2] = { token_of(m->n), token_of(m->n % 10 + 1000000) };
    struct sorted_value sorted = { .field = 3, .number = m->n };
    struct part_row p = { .part = 1, .key = m->n + 7, .due = USEC_NEVER, .blob = "sealed bytes", .len = 12 };
    r.parent = m->parent;
    if (m->kind != 0)
        r.kind = m->kind;
    if (m->due != 0)
        r.due = m->due;
    enum code code = txn_change(t, &r.change, e);
    m->change = r.change;
    if (code == OK)
        code = row_put(t, &r, e);
    if (code == OK)
        code = part_put(t, r.kind, &r.id, &p, e);
    if (code == OK)
        code = index_put(t, r.kind, &r.id, 1, tokens, 2, &sorted, 1, e);
    return code;
}
static inline void bed_make(struct bed *b, int64_t tenant, uint32_t n) {
    struct make m = { .n = n };
    CHECK_OK(store_write(b->store, tenant, make_row, &m, &b->e), &b->e);
}
static inline bool count_id(const struct uuid *id UNUSED, void *arg) { ++*(size_t *)arg; return true; }
static inline size_t bed_found(struct bed *b, int64_t tenant, const struct token *token) {
    size_t n = 0;
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(index_find(view_sql(v), 1, token, NULL, count_id, &n, &b->e), &b->e);
    return n;
}
static inline enum code bed_get(struct bed *b, int64_t tenant, uint32_t n, struct row *ret) {
    AUTO(view_end) struct view *v = NULL;
    struct uuid id = id_of(n);
    struct row r = { 0 };
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    enum code code = row_get(view_sql(v), 1, &id, &r, &b->e);
    r.clear = r.number = NULL;                /* they end with the view */
    if (code == OK && ret != NULL)
        *ret = r;
    return code;
}

/* What a thief with the database in hands could do to a chain: change an entry, take one out, cut the end off. */
static inline void bed_tamper(struct bed *b, const char *sql, int64_t chain, int64_t seq, const char *entry) {
    char path[128];
    struct stmt *s;
    struct db *db = NULL;
    b->store = store_close(b->store);
    CHECK_OK(db_open(&(struct db_options){ .path = bed_path(b, "records.db", path, sizeof path) }, &db, &b->e), &b->e);
    CHECK_OK(db_prepare(db, sql, &s, &b->e), &b->e);
    stmt_int(s, 1, chain);
    stmt_int(s, 2, seq);
    if (entry != NULL)
        stmt_text(s, 3, entry);
    CHECK_OK(stmt_run(s, &b->e), &b->e);
    CHECK(db_changes(db) >= 1);
    db = db_close(db);
    bed_open(b);
}
static inline void bed_entry_change(struct bed *b, int64_t chain, int64_t seq, const char *entry) {
    bed_tamper(b, "UPDATE ledger SET entry = ?3 WHERE tenant = ?1 AND seq = ?2", chain, seq, entry);
}
static inline void bed_entry_drop(struct bed *b, int64_t chain, int64_t seq) {
    bed_tamper(b, "DELETE FROM ledger WHERE tenant = ? AND seq = ?", chain, seq, NULL);
}
static inline void bed_chain_cut(struct bed *b, int64_t chain, int64_t after) {
    bed_tamper(b, "DELETE FROM ledger WHERE tenant = ? AND seq > ?", chain, after, NULL);
}
static inline void bed_heads_drop(struct bed *b, int64_t chain) {
    bed_tamper(b, "DELETE FROM ledger_head WHERE tenant = ? AND seq >= ?", chain, 0, NULL);
}
