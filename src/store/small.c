/* small.c — replies of requests that may be repeated, rows of files, and keys that await their destruction. */
#include <string.h>

#include "store/inner.h"
#include "store/packs.h"
#include "store/tables.h"

static bool copy_in(struct arena *arena, const void *bytes, size_t len, const void **ret) {
    void *copy = arena_get(arena, len > 0 ? len : 1);
    if (copy == NULL)
        return false;
    if (len > 0)
        memcpy(copy, bytes, len);
    *ret = copy;
    return true;
}

/* ---- replies ---- */

/* The keys of replies that end are doomed in the same write. */
static enum code replies_drop(struct txn *t, const char *doom, const char *drop, usec_t now, const uint8_t *key_hash, struct err *reterr) {
    const char *const texts[] = { doom, drop };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct stmt *s;
        enum code code = sql_prepare(&t->sql, texts[i], &s, reterr);
        if (code != OK)
            return code;
        stmt_int(s, 2, now);
        if (key_hash != NULL)
            stmt_blob(s, 3, key_hash, HASH_SIZE);
        if ((code = stmt_run(s, reterr)) != OK)
            return code;
        if (i == 0 && db_changes(t->sql.records) > 0)
            state_touch(t);                   /* so that doomed_list knows the tenant */
    }
    return OK;
}

enum code replies_expire(struct txn *t, usec_t now, struct err *reterr) {
    return replies_drop(t, "INSERT OR IGNORE INTO doomed (tenant, key) SELECT ?1, key FROM reply WHERE tenant = ?1 AND until <= ?2",
                        "DELETE FROM reply WHERE tenant = ? AND until <= ?", now, NULL, reterr);
}

enum code reply_put(struct txn *t, const struct reply_row *r, struct err *reterr) {
    struct stmt *s;
    enum code code = replies_drop(t, "INSERT OR IGNORE INTO doomed (tenant, key) SELECT ?1, key FROM reply WHERE tenant = ?1 AND until <= ?2 AND key_hash = ?3",
                                  "DELETE FROM reply WHERE tenant = ? AND until <= ? AND key_hash = ?", t->ran, r->key_hash, reterr);
    if (code == OK)
        code = sql_prepare(&t->sql, "INSERT INTO reply (tenant, key_hash, request_hash, status, key, bytes, until) VALUES (?, ?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_blob(s, 2, r->key_hash, HASH_SIZE);
    stmt_blob(s, 3, r->request_hash, HASH_SIZE);
    stmt_int(s, 4, r->status);
    stmt_int(s, 5, (int64_t)r->key);
    bind_bytes(s, 6, r->blob, r->len);
    stmt_int(s, 7, r->until);
    code = stmt_run(s, reterr);
    return code == E_CONFLICT ? err_set(reterr, E_CONFLICT, "a request with this Idempotency-Key has been answered meanwhile") : code;
}

enum code reply_get(struct sql *q, const uint8_t key_hash[HASH_SIZE], struct reply_row *ret, struct arena *arena, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT key_hash, request_hash, status, key, bytes, until FROM reply WHERE tenant = ? AND key_hash = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_blob(s, 2, key_hash, HASH_SIZE);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "no request with this Idempotency-Key was answered");
    struct reply_row r = { .status = (int)col_int(s, 2), .key = (uint64_t)col_int(s, 3), .until = col_int(s, 5) };
    code = col_bytes(s, 0, r.key_hash, HASH_SIZE, reterr);
    if (code == OK)
        code = col_bytes(s, 1, r.request_hash, HASH_SIZE, reterr);
    const void *bytes = col_blob(s, 4, &r.len);
    if (code == OK && !copy_in(arena, bytes, r.len, &r.blob))
        code = err_set(reterr, E_MEMORY, "no memory for a stored reply");
    stmt_end(s);
    if (code == OK)
        *ret = r;
    return code;
}

/* ---- files ---- */

#define FILE_COLS "SELECT id, kind, record, field, key, size, made, meta FROM file"

enum code file_put(struct txn *t, const struct file_row *r, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "INSERT INTO file (tenant, id, kind, record, field, key, size, made, meta) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, &r->id);
    stmt_int(s, 3, r->kind);
    bind_uuid(s, 4, &r->record);
    stmt_int(s, 5, r->field);
    stmt_int(s, 6, (int64_t)r->key);
    stmt_int(s, 7, r->size);
    stmt_int(s, 8, r->made);
    stmt_blob(s, 9, r->meta != NULL ? r->meta : "", r->meta_len);
    return stmt_run(s, reterr);
}

static enum code file_read(struct stmt *s, struct file_row *ret, struct err *reterr) {
    struct file_row r = { .kind = (int32_t)col_int(s, 1), .field = (int32_t)col_int(s, 3), .key = (uint64_t)col_int(s, 4), .size = col_int(s, 5),
                          .made = col_int(s, 6) };
    enum code code = col_bytes(s, 0, r.id.bytes, sizeof r.id.bytes, reterr);
    if (code == OK)
        code = col_bytes(s, 2, r.record.bytes, sizeof r.record.bytes, reterr);
    r.meta = col_blob(s, 7, &r.meta_len);
    if (code == OK)
        *ret = r;
    return code;
}

enum code file_get(struct sql *q, const struct uuid *id, struct file_row *ret, struct arena *arena, struct err *reterr) {
    struct stmt *s;
    struct file_row r;
    bool row = false;
    enum code code = sql_prepare(q, FILE_COLS " WHERE tenant = ? AND id = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, id);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "there is no such file");
    code = file_read(s, &r, reterr);
    if (code == OK && !copy_in(arena, r.meta, r.meta_len, &r.meta))
        code = err_set(reterr, E_MEMORY, "no memory for a file's description");
    stmt_end(s);
    if (code == OK)
        *ret = r;
    return code;
}

DEFINE_ROWS(files_give, file_row, file_read)

enum code files_of(struct sql *q, int32_t kind, const struct uuid *record, file_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_of(q, FILE_COLS " WHERE tenant = ? AND kind = ? AND record = ? ORDER BY id", kind, record, &s, reterr);
    return code == OK ? files_give(s, fn, arg, NULL, reterr) : code;
}

enum code files_after(struct sql *q, const struct uuid *after, file_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(q, FILE_COLS " WHERE tenant = ? AND id > ? ORDER BY id", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, after);
    return files_give(s, fn, arg, NULL, reterr);
}

enum code file_delete(struct txn *t, const struct uuid *id, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "DELETE FROM file WHERE tenant = ? AND id = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, id);
    return stmt_run(s, reterr);
}

/* ---- doomed keys ---- */

static enum code doomed_change(struct txn *t, const char *sql, uint64_t key, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, sql, (int64_t)key, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}

/* A tenant that only dooms keys must be found by doomed_list: its clock row makes it known. */
enum code doomed_put(struct txn *t, uint64_t key, struct err *reterr) {
    state_touch(t);
    enum code code = doomed_change(t, "INSERT OR IGNORE INTO doomed (tenant, key) VALUES (?, ?)", key, reterr);
    return code == OK ? packs_end_with(t, key, reterr) : code;
}

enum code doomed_drop(struct txn *t, const uint64_t *keys, size_t count, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0, n; code == OK && i < count; i += n) {
        struct stmt *s;
        for (n = 1; i + n < count && keys[i + n] == keys[i] + n; n++)
            continue;
        code = sql_prepare(&t->sql, "DELETE FROM doomed WHERE tenant = ? AND key BETWEEN ? AND ?", &s, reterr);
        if (code != OK)
            return code;
        stmt_int(s, 2, (int64_t)keys[i]);
        stmt_int(s, 3, (int64_t)(keys[i] + (n - 1)));
        code = stmt_run(s, reterr);
    }
    return code;
}

#define DOOMED_CHUNK 512u

struct doomed_arg { struct store *store; doomed_fn fn; void *arg; bool stopped; };

/* The next keys above `after`, so that no view is open while fn destroys and drops them. */
static enum code doomed_chunk(struct store *s, int64_t tenant, bool first, uint64_t after, uint64_t *ret, size_t *ret_count, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct stmt *st;
    bool row = false;
    enum code code = store_view(s, tenant, &v, reterr);
    if (code == OK)
        code = sql_prepare(view_sql(v), "SELECT key FROM doomed WHERE tenant = ? AND key > ? ORDER BY key", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 2, first ? INT64_MIN : (int64_t)after);
    for (*ret_count = 0; *ret_count < DOOMED_CHUNK && (code = stmt_step(st, &row, reterr)) == OK && row; ++*ret_count)
        ret[*ret_count] = (uint64_t)col_int(st, 0);
    return code;
}

static enum code doomed_tenant(void *arg, int64_t tenant, struct err *reterr) {
    struct doomed_arg *a = arg;
    uint64_t keys[DOOMED_CHUNK];
    size_t count = DOOMED_CHUNK;
    for (bool first = true; count == DOOMED_CHUNK && !a->stopped; first = false) {
        enum code code = doomed_chunk(a->store, tenant, first, first ? 0 : keys[count - 1], keys, &count, reterr);
        if (code != OK)
            return code;
        for (size_t i = 0; i < count && !a->stopped; i++)
            a->stopped = !a->fn(tenant, keys[i], a->arg);
    }
    return OK;
}

enum code doomed_list(struct store *s, doomed_fn fn, void *arg, struct err *reterr) {
    struct doomed_arg a = { .store = s, .fn = fn, .arg = arg };
    return clock_tenants(s, doomed_tenant, &a, reterr);
}
