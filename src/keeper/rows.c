/* rows.c — the tables of keyring.db, and the only SQL of the keeper.
 * Every row but the blocks carries an HMAC under a key derived from the epoch key, so that a row that was changed,
 * moved or taken from another time is refused; blocks hold keys under AES-KW, which has a check of its own. */
#include <endian.h>
#include <string.h>

#include "base/mem.h"
#include "keeper/inside.h"
#include "sys/ipc.h"

static const struct migration migrations[] = { { 1,
    "CREATE TABLE keyring (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, fields BLOB NOT NULL, mac BLOB NOT NULL);"
    "CREATE TABLE bucket (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, month INTEGER NOT NULL, used INTEGER NOT NULL,"
    " live INTEGER NOT NULL, gone INTEGER NOT NULL, wrapped BLOB NOT NULL, mac BLOB NOT NULL);"
    "CREATE TABLE block (id INTEGER PRIMARY KEY, keys BLOB NOT NULL);"
    "CREATE TABLE head (chain INTEGER PRIMARY KEY, seq INTEGER NOT NULL, head BLOB NOT NULL, mac BLOB NOT NULL);" } };

enum code rows_open(const char *path, bool create, struct db **ret, struct err *reterr) {
    AUTO(db_close) struct db *db = NULL;
    enum code code = db_open(&(struct db_options){ .path = path, .sync = DB_SYNC_FULL, .create = create, .cache_kib = 8192 }, &db, reterr);
    if (code == OK && !create)
        code = db_check(db, reterr);
    if (code == OK)
        code = db_migrate(db, migrations, ARRAY_LEN(migrations), reterr);
    if (code == OK)
        *ret = TAKE(db);
    return code;
}

static enum code altered(const char *what, uint64_t id, struct err *reterr) {
    return err_set(reterr, E_DAMAGED, "keyring.db was altered: %s %llu does not carry its code; restore the keyring (with its epoch file) "
                   "from the keyring's backup", what, (unsigned long long)id);
}

/* Numbers as the codes cover them: 64 bits, little-endian. */
static void numbers_le(uint64_t *numbers, size_t count) {
    for (size_t i = 0; i < count; i++)
        numbers[i] = htole64(numbers[i]);
}

static bool copy_blob(struct stmt *s, int at, void *ret, size_t len) {
    size_t have = 0;
    const void *p = col_blob(s, at, &have);
    if (p == NULL || have != len)
        return false;
    memcpy(ret, p, len);
    return true;
}

/* --- the one row about the whole --- */

#define META_SIZE (16u + 10u * 8u + 4u * WRAPPED_SIZE)
static void meta_encode(const struct meta *m, struct buf *ret) {
    buf_add(ret, m->owner.bytes, sizeof m->owner.bytes);
    const uint64_t numbers[] = { m->epoch, m->next_bucket, m->noise, m->noise_buckets, (uint64_t)m->day, m->destroyed, m->allowed,
                                 (uint64_t)m->renewed, m->generation, m->has_before };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        put_u64(ret, numbers[i]);
    const struct wrapped *keys[] = { &m->find, &m->index, &m->before, &m->seed };
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        buf_add(ret, keys[i]->bytes, WRAPPED_SIZE);
}

static bool meta_decode(const void *bytes, size_t len, struct meta *ret) {
    struct msg in = { bytes, len, false };
    struct meta m = { 0 };
    const void *owner = msg_bytes(&in, sizeof m.owner.bytes);
    if (owner != NULL)
        memcpy(m.owner.bytes, owner, sizeof m.owner.bytes);
    m.epoch = msg_u64(&in);
    m.next_bucket = msg_u64(&in);
    m.noise = msg_u64(&in);
    m.noise_buckets = msg_u64(&in);
    m.day = (int64_t)msg_u64(&in);
    m.destroyed = msg_u64(&in);
    m.allowed = msg_u64(&in);
    m.renewed = (usec_t)msg_u64(&in);
    m.generation = (uint32_t)msg_u64(&in);
    m.has_before = msg_u64(&in) != 0;
    struct wrapped *keys[] = { &m.find, &m.index, &m.before, &m.seed };
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const void *p = msg_bytes(&in, WRAPPED_SIZE);
        if (p != NULL)
            memcpy(keys[i]->bytes, p, WRAPPED_SIZE);
    }
    if (!msg_done(&in))
        return false;
    *ret = m;
    return true;
}

static void meta_mac(const struct key *mac, const struct buf *fields, uint8_t ret[HASH_SIZE]) {
    uint8_t text[8 + META_SIZE];
    PRE(fields->len == META_SIZE);
    memcpy(text, "keyring", 8);
    memcpy(text + 8, fields->data, META_SIZE);
    hmac_sha256(mac->bytes, KEY_SIZE, text, sizeof text, ret);
}

enum code rows_meta(struct db *db, struct meta *ret, uint8_t ret_mac[HASH_SIZE], struct err *reterr) {
    struct stmt *s = NULL;
    bool row = false;
    enum code code = db_prepare(db, "SELECT fields, mac FROM keyring WHERE id = 1", &s, reterr);
    if (code == OK)
        code = stmt_step(s, &row, reterr);
    if (code != OK)
        return code;
    size_t len = 0;
    const void *fields = row ? col_blob(s, 0, &len) : NULL;
    bool fine = fields != NULL && meta_decode(fields, len, ret) && copy_blob(s, 1, ret_mac, HASH_SIZE);
    stmt_end(s);
    return fine ? OK : err_set(reterr, E_DAMAGED, "keyring.db is empty or cut: restore the keyring (with its epoch file) from the keyring's backup");
}

static enum code meta_write(struct db *db, const struct meta *m, const struct key *mac, struct err *reterr) {
    AUTO(buf_done) struct buf fields = BUF(4096);
    uint8_t code_bytes[HASH_SIZE];
    struct stmt *s = NULL;
    meta_encode(m, &fields);
    if (fields.failed)
        return err_set(reterr, E_MEMORY, "no memory for a row of the keyring");
    meta_mac(mac, &fields, code_bytes);
    enum code code = db_prepare(db, "INSERT INTO keyring (id, epoch, fields, mac) VALUES (1, ?1, ?2, ?3) "
                                "ON CONFLICT (id) DO UPDATE SET epoch = ?1, fields = ?2, mac = ?3", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, (int64_t)m->epoch);
    stmt_blob(s, 2, fields.data, fields.len);
    stmt_blob(s, 3, code_bytes, sizeof code_bytes);
    return stmt_run(s, reterr);
}

enum code rows_first(struct db *db, const struct meta *m, const struct key *mac, struct err *reterr) { return meta_write(db, m, mac, reterr); }

/* --- buckets --- */

static void bucket_mac(const struct key *mac, const struct bucket *b, uint8_t ret[HASH_SIZE]) {
    uint8_t text[8 + 6 * 8 + WRAPPED_SIZE];
    uint64_t numbers[] = { b->id, (uint64_t)b->tenant, b->month, b->used, b->live, b->gone };
    numbers_le(numbers, ARRAY_LEN(numbers));
    memcpy(text, "bucket\0", 8);
    memcpy(text + 8, numbers, sizeof numbers);
    memcpy(text + 8 + sizeof numbers, b->key.bytes, WRAPPED_SIZE);
    hmac_sha256(mac->bytes, KEY_SIZE, text, sizeof text, ret);
}

static bool bucket_read(struct keyring *k, struct stmt *s, struct bucket *ret) {
    uint8_t mac[HASH_SIZE], want[HASH_SIZE];
    struct bucket b = { .id = (uint64_t)col_int(s, 0), .tenant = col_int(s, 1), .month = (uint32_t)col_int(s, 2),
                        .used = (uint16_t)col_int(s, 3), .live = (uint16_t)col_int(s, 4), .gone = (uint16_t)col_int(s, 5) };
    if (!copy_blob(s, 6, b.key.bytes, WRAPPED_SIZE) || !copy_blob(s, 7, mac, sizeof mac))
        return false;
    bucket_mac(&k->secret->mac, &b, want);
    *ret = b;
    return crypto_equal(mac, want, sizeof mac) && b.used <= BUCKET_KEYS && b.live <= b.used && b.id < k->meta.next_bucket;
}

static enum code buckets_load(struct keyring *k, struct err *reterr) {
    struct stmt *s = NULL;
    bool row = false;
    buckets_done(&k->buckets);
    k->keys = k->gone = k->dirty = 0;
    enum code code = db_prepare(k->db, "SELECT id, tenant, month, used, live, gone, wrapped, mac FROM bucket ORDER BY id", &s, reterr);
    while (code == OK && (code = stmt_step(s, &row, reterr)) == OK && row) {
        struct bucket b = { 0 };
        if (!bucket_read(k, s, &b))
            code = altered("bucket", b.id, reterr);
        else
            code = buckets_add(&k->buckets, &b, reterr);
        k->keys += b.live;
        k->gone += b.gone;
    }
    stmt_end(s);
    return code;
}

enum code rows_bucket(struct db *db, uint64_t id, struct bucket *ret, bool *ret_there, struct err *reterr) {
    struct stmt *s = NULL;
    bool row = false;
    enum code code = db_prepare(db, "SELECT tenant, wrapped FROM bucket WHERE id = ?1", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, (int64_t)id);
    code = stmt_step(s, &row, reterr);
    if (code != OK)
        return code;
    struct bucket b = { .id = id, .tenant = row ? col_int(s, 0) : 0 };
    *ret_there = row && copy_blob(s, 1, b.key.bytes, WRAPPED_SIZE);
    stmt_end(s);
    *ret = b;
    return OK;
}

static enum code bucket_bind(struct keyring *k, struct stmt *s, const struct bucket *b, struct err *reterr) {
    uint8_t mac[HASH_SIZE];
    bucket_mac(&k->secret->mac, b, mac);
    const int64_t numbers[] = { (int64_t)b->id, b->tenant, b->month, b->used, b->live, b->gone };
    for (int i = 0; i < (int)ARRAY_LEN(numbers); i++)
        stmt_int(s, i + 1, numbers[i]);
    stmt_blob(s, 7, b->key.bytes, WRAPPED_SIZE);
    stmt_blob(s, 8, mac, sizeof mac);
    return stmt_run(s, reterr);
}

enum code rows_bucket_new(struct keyring *k, const struct bucket *b, struct err *reterr) {
    struct stmt *s = NULL;
    enum code code = db_prepare(k->db, "INSERT INTO bucket (id, tenant, month, used, live, gone, wrapped, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", &s, reterr);
    return code == OK ? bucket_bind(k, s, b, reterr) : code;
}

static enum code bucket_update(struct keyring *k, const struct bucket *b, struct err *reterr) {
    struct stmt *s = NULL;
    enum code code = db_prepare(k->db, "UPDATE bucket SET tenant = ?2, month = ?3, used = ?4, live = ?5, gone = ?6, wrapped = ?7, mac = ?8 WHERE id = ?1", &s, reterr);
    return code == OK ? bucket_bind(k, s, b, reterr) : code;
}

enum code rows_bucket_drop(struct keyring *k, uint64_t bucket, struct err *reterr) {
    struct stmt *s = NULL;
    enum code code = db_prepare(k->db, "DELETE FROM block WHERE id BETWEEN ?1 AND ?2", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, (int64_t)(bucket * BLOCKS_IN_BUCKET));
    stmt_int(s, 2, (int64_t)(bucket * BLOCKS_IN_BUCKET + BLOCKS_IN_BUCKET - 1));
    code = stmt_run(s, reterr);
    if (code == OK)
        code = db_prepare(k->db, "DELETE FROM bucket WHERE id = ?1", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, (int64_t)bucket);
    return stmt_run(s, reterr);
}

enum code rows_load(struct keyring *k, struct err *reterr) {
    uint8_t mac[HASH_SIZE], want[HASH_SIZE];
    AUTO(buf_done) struct buf fields = BUF(4096);
    struct meta m;
    enum code code = rows_meta(k->db, &m, mac, reterr);
    if (code != OK)
        return code;
    meta_encode(&m, &fields);
    if (fields.failed)
        return err_set(reterr, E_MEMORY, "no memory for a row of the keyring");
    meta_mac(&k->secret->mac, &fields, want);
    if (!crypto_equal(mac, want, sizeof mac))
        return altered("row", 1, reterr);
    k->meta = m;
    k->meta_dirty = false;
    return buckets_load(k, reterr);
}

enum code rows_flush(struct keyring *k, struct err *reterr) {
    /* What changes is mostly new: from the end, and no farther than the last that is dirty. */
    for (size_t i = k->buckets.count; k->dirty > 0 && i-- > 0;) {
        struct bucket *b = &k->buckets.list[i];
        if (!b->dirty)
            continue;
        enum code code = bucket_update(k, b, reterr);
        if (code != OK)
            return code;
        b->dirty = false;
        k->dirty--;
    }
    if (!k->meta_dirty)
        return OK;
    enum code code = meta_write(k->db, &k->meta, &k->secret->mac, reterr);
    if (code == OK)
        k->meta_dirty = false;
    return code;
}

/* --- blocks --- */

enum code rows_block(struct db *db, uint64_t block, struct wrapped ret[BLOCK_KEYS], bool *ret_there, struct err *reterr) {
    struct stmt *s = NULL;
    bool row = false;
    enum code code = db_prepare(db, "SELECT keys FROM block WHERE id = ?1", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, (int64_t)block);
    code = stmt_step(s, &row, reterr);
    if (code != OK)
        return code;
    bool fine = !row || copy_blob(s, 0, ret, BLOCK_KEYS * sizeof *ret);
    stmt_end(s);
    if (!fine)
        return altered("block", block, reterr);
    *ret_there = row;
    return OK;
}

enum code rows_block_new(struct keyring *k, uint64_t block, const struct wrapped keys[BLOCK_KEYS], struct err *reterr) {
    struct stmt *s = NULL;
    enum code code = db_prepare(k->db, "INSERT INTO block (id, keys) VALUES (?1, ?2)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, (int64_t)block);
    stmt_blob(s, 2, keys, BLOCK_KEYS * sizeof *keys);
    return stmt_run(s, reterr);
}

enum code rows_block_set(struct keyring *k, uint64_t block, const struct wrapped keys[BLOCK_KEYS], struct err *reterr) {
    struct stmt *s = NULL;
    enum code code = db_prepare(k->db, "UPDATE block SET keys = ?2 WHERE id = ?1", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, (int64_t)block);
    stmt_blob(s, 2, keys, BLOCK_KEYS * sizeof *keys);
    return stmt_run(s, reterr);
}

/* --- heads of ledger chains --- */

static void head_mac(const struct key *mac, const struct chain_head *h, uint8_t ret[HASH_SIZE]) {
    uint8_t text[8 + 16 + HASH_SIZE];
    uint64_t numbers[] = { (uint64_t)h->chain, h->seq };
    numbers_le(numbers, ARRAY_LEN(numbers));
    memcpy(text, "head\0\0\0", 8);
    memcpy(text + 8, numbers, sizeof numbers);
    memcpy(text + 8 + sizeof numbers, h->head, HASH_SIZE);
    hmac_sha256(mac->bytes, KEY_SIZE, text, sizeof text, ret);
}

static bool head_read(struct keyring *k, struct stmt *s, struct chain_head *ret) {
    uint8_t mac[HASH_SIZE], want[HASH_SIZE];
    ret->chain = col_int(s, 0);
    ret->seq = (uint64_t)col_int(s, 1);
    if (!copy_blob(s, 2, ret->head, HASH_SIZE) || !copy_blob(s, 3, mac, sizeof mac))
        return false;
    head_mac(&k->secret->mac, ret, want);
    return crypto_equal(mac, want, sizeof mac);
}

enum code rows_head(struct keyring *k, int64_t chain, struct chain_head *ret, struct err *reterr) {
    struct stmt *s = NULL;
    bool row = false;
    enum code code = db_prepare(k->db, "SELECT chain, seq, head, mac FROM head WHERE chain = ?1", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, chain);
    code = stmt_step(s, &row, reterr);
    if (code != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "nothing of this chain was signed yet");
    struct chain_head h;
    bool fine = head_read(k, s, &h);
    stmt_end(s);
    if (!fine)
        return altered("the head of chain", (uint64_t)chain, reterr);
    *ret = h;
    return OK;
}

enum code rows_chain_after(struct keyring *k, int64_t after, int64_t *ret, struct err *reterr) {
    struct stmt *s = NULL;
    bool row = false;
    enum code code = db_prepare(k->db, "SELECT chain FROM head WHERE chain > ?1 ORDER BY chain LIMIT 1", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, after);
    code = stmt_step(s, &row, reterr);
    if (code == OK && !row)
        return err_set(reterr, E_NOT_FOUND, "no further chain has a signed head");
    if (code == OK)
        *ret = col_int(s, 0);
    stmt_end(s);
    return code;
}

enum code rows_head_set(struct keyring *k, const struct chain_head *h, struct err *reterr) {
    uint8_t mac[HASH_SIZE];
    struct stmt *s = NULL;
    head_mac(&k->secret->mac, h, mac);
    enum code code = db_prepare(k->db, "INSERT INTO head (chain, seq, head, mac) VALUES (?1, ?2, ?3, ?4) "
                                "ON CONFLICT (chain) DO UPDATE SET seq = ?2, head = ?3, mac = ?4", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, h->chain);
    stmt_int(s, 2, (int64_t)h->seq);
    stmt_blob(s, 3, h->head, HASH_SIZE);
    stmt_blob(s, 4, mac, sizeof mac);
    return stmt_run(s, reterr);
}

#define HEADS_AT_ONCE 256
enum code rows_heads(struct keyring *k, enum code (*fn)(struct keyring *k, const struct chain_head *h, struct err *reterr), struct err *reterr) {
    struct chain_head some[HEADS_AT_ONCE];
    int64_t after = INT64_MIN;
    for (bool first = true;; first = false) {
        struct stmt *s = NULL;
        size_t n = 0;
        bool row = false;
        enum code code = db_prepare(k->db, "SELECT chain, seq, head, mac FROM head WHERE chain > ?1 OR ?2 ORDER BY chain LIMIT 256", &s, reterr);
        if (code != OK)
            return code;
        stmt_int(s, 1, after);
        stmt_int(s, 2, first);
        while ((code = stmt_step(s, &row, reterr)) == OK && row)
            if (!head_read(k, s, &some[n++])) {
                stmt_end(s);
                return altered("the head of chain", (uint64_t)some[n - 1].chain, reterr);
            }
        for (size_t i = 0; code == OK && fn != NULL && i < n; i++)
            code = fn(k, &some[i], reterr);
        if (code != OK || n < HEADS_AT_ONCE)
            return code;
        after = some[n - 1].chain;
    }
}
