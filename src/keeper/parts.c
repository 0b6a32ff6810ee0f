/* parts.c — keys of parts: made by blocks, opened, destroyed.
 * In a destroyed key's place stands the number of the epoch that it waits for: once the keyring has passed that one, a renewal since has
 * made it final. 0 where an older version of this program destroyed it. */
#include <endian.h>
#include <string.h>

#include "base/civil.h"
#include "base/rule.h"
#include "keeper/inside.h"

enum code bucket_key(struct keyring *k, const struct bucket *b, struct key *ret, struct err *reterr) {
    size_t at = b->id % CACHED;
    if (k->secret->cache[at].bucket == b->id) {
        *ret = k->secret->cache[at].key;
        return OK;
    }
    enum code code = key_unwrap(&k->secret->epoch, &b->key, ret, reterr);
    if (code != OK)
        return err_prefix(reterr, "bucket %llu", (unsigned long long)b->id);
    k->secret->cache[at].bucket = b->id;
    k->secret->cache[at].key = *ret;
    return OK;
}

void bucket_keys_forget(struct keyring *k) { crypto_wipe(k->secret->cache, sizeof k->secret->cache); }

static enum code bucket_make(struct keyring *k, int64_t tenant, uint32_t month, struct bucket **ret, struct err *reterr) {
    struct bucket b = { .id = k->meta.next_bucket, .tenant = tenant, .month = month };
    struct key key;
    crypto_random(&key, sizeof key);
    enum code code = key_wrap(&k->secret->epoch, &key, &b.key, reterr);
    crypto_wipe(&key, sizeof key);
    if (code == OK)
        code = rows_bucket_new(k, &b, reterr);
    if (code == OK)
        code = buckets_add(&k->buckets, &b, reterr);
    if (code != OK)
        return code;
    k->meta.next_bucket++;
    k->meta_dirty = true;
    *ret = buckets_find(&k->buckets, b.id);
    return OK;
}

/* n keys into the bucket's next blocks. The key in `above` is the bucket's. */
static enum code fill_bucket(struct keyring *k, struct bucket *b, const struct key *above, size_t n, key_id *ret_ids, struct key *ret_keys, struct err *reterr) {
    crypto_random(ret_keys, n * sizeof *ret_keys);
    enum code code = keys_wrap(above, ret_keys, n, k->wrapped, reterr);
    for (size_t i = 0; code == OK && i < n; i += BLOCK_KEYS)
        code = rows_block_new(k, b->id * BLOCKS_IN_BUCKET + (b->used + i) / BLOCK_KEYS, k->wrapped + i, reterr);
    if (code != OK)
        return code;
    for (size_t i = 0; i < n; i++)
        ret_ids[i] = b->id << SLOT_BITS | (b->used + i);
    b->used = (uint16_t)(b->used + n);
    b->live = (uint16_t)(b->live + n);
    k->keys += n;
    bucket_touch(k, b);
    return OK;
}

enum code keyring_make(struct keyring *k, int64_t tenant, uint32_t month, size_t count, key_id *ret_ids, struct key *ret_keys, struct err *reterr) {
    PRE(k != NULL && ret_ids != NULL && ret_keys != NULL && reterr != NULL);
    if (count == 0 || count > BUCKET_KEYS || count % BLOCK_KEYS != 0 || month > MONTH_MAX)
        return err_set(reterr, E_INVALID, "keys are made %u to %u at a time, by %u, for a month up to year 9999", BLOCK_KEYS, BUCKET_KEYS, BLOCK_KEYS);
    enum code code = keyring_write(k, reterr);
    struct key above;
    for (size_t done = 0; code == OK && done < count;) {
        struct bucket *b = buckets_newest(&k->buckets, tenant, month);
        if (b == NULL || b->used == BUCKET_KEYS)
            code = bucket_make(k, tenant, month, &b, reterr);
        if (code == OK)
            code = bucket_key(k, b, &above, reterr);
        if (code != OK)
            break;
        size_t room = BUCKET_KEYS - b->used, n = count - done < room ? count - done : room;
        code = fill_bucket(k, b, &above, n, ret_ids + done, ret_keys + done, reterr);
        done += n;
    }
    crypto_wipe(&above, sizeof above);
    if (code != OK)
        crypto_wipe(ret_keys, count * sizeof *ret_keys);
    return code;
}

/* The block of a key, read once for keys that follow one another in it. */
struct reader { uint64_t block; bool there; struct wrapped keys[BLOCK_KEYS]; };
#define NO_BLOCK UINT64_MAX

static enum code read_key(struct keyring *k, struct reader *r, key_id id, struct wrapped **ret, struct err *reterr) {
    uint64_t block = id / BLOCK_KEYS;
    if (r->block != block) {
        enum code code = rows_block(k->db, block, r->keys, &r->there, reterr);
        if (code != OK)
            return code;
        r->block = block;
    }
    struct wrapped *w = &r->keys[id % BLOCK_KEYS];
    *ret = r->there && !wrapped_is_gone(w) ? w : NULL;
    return OK;
}

static bool bucket_has(const struct bucket *b, int64_t tenant, key_id id) {
    return b != NULL && b->tenant == tenant && (id & (BUCKET_KEYS - 1)) < b->used;
}

/* NULL: no such key of that tenant was ever given out. */
static struct bucket *bucket_of(struct keyring *k, int64_t tenant, key_id id) {
    struct bucket *b = buckets_find(&k->buckets, id >> SLOT_BITS);
    return bucket_has(b, tenant, id) ? b : NULL;
}

/* Keys that follow one another in the same bucket are unwrapped together, which takes a tenth of the time of each alone. They lie in
 * k->wrapped meanwhile, and `at` says whose they are. */
#define RUN_KEYS 256u
struct run { const struct bucket *bucket; size_t count; uint16_t at[RUN_KEYS]; };
_Static_assert(RUN_KEYS <= BUCKET_KEYS, "a run lies where the keys of a bucket do");

static enum code run_unwrap(struct keyring *k, struct run *run, struct key *ret_keys, bool *ok, struct err *reterr) {
    struct key above, *keys = k->secret->work;
    size_t n = run->count;
    run->count = 0;
    if (n == 0)
        return OK;
    enum code code = bucket_key(k, run->bucket, &above, reterr);
    if (code == OK)
        code = keys_unwrap(&above, k->wrapped, n, keys, k->ok, reterr);
    for (size_t i = 0; code == OK && i < n; i++) {
        ret_keys[run->at[i]] = keys[i];
        ok[run->at[i]] = k->ok[i];
    }
    crypto_wipe(keys, n * sizeof *keys);
    crypto_wipe(&above, sizeof above);
    return code;
}

static enum code unwrap_all(struct keyring *k, int64_t tenant, const key_id *ids, size_t count, struct key *ret_keys, bool *ok, struct err *reterr) {
    struct reader r = { .block = NO_BLOCK };
    struct run run = { .bucket = NULL };
    enum code code = OK;
    for (size_t i = 0; code == OK && i < count; i++) {
        const struct bucket *b = run.bucket != NULL && run.bucket->id == ids[i] >> SLOT_BITS ? run.bucket : buckets_find(&k->buckets, ids[i] >> SLOT_BITS);
        struct wrapped *w = NULL;
        ok[i] = false;
        if (!bucket_has(b, tenant, ids[i]))
            continue;
        if (b != run.bucket || run.count == RUN_KEYS)
            code = run_unwrap(k, &run, ret_keys, ok, reterr);
        run.bucket = b;
        if (code == OK)
            code = read_key(k, &r, ids[i], &w, reterr);
        if (code != OK || w == NULL)
            continue;
        k->wrapped[run.count] = *w;
        run.at[run.count++] = (uint16_t)i;
    }
    return code == OK ? run_unwrap(k, &run, ret_keys, ok, reterr) : code;
}

enum code keyring_unwrap(struct keyring *k, int64_t tenant, const key_id *ids, size_t count, struct key *ret_keys, bool *ok, struct err *reterr) {
    PRE(k != NULL && (count == 0 || (ids != NULL && ret_keys != NULL && ok != NULL)) && count <= UINT16_MAX && reterr != NULL);
    size_t known = 0;
    if (k->broken)
        return err_set(reterr, E_IO, "the keyring could not be read again after a failure: the keeper must start anew");
    for (size_t i = 0; i < count; i++)
        known += bucket_of(k, tenant, ids[i]) != NULL;
    enum code code = known == 0 ? OK : caps_take(k->caps, tenant, known, clock_steady(), reterr);
    bool reading = code == OK && known > 1 && !k->writing;   /* one lock of the file for all of them */
    if (reading)
        code = db_begin(k->db, false, reterr);
    if (code != OK)
        return code;
    code = unwrap_all(k, tenant, ids, count, ret_keys, ok, reterr);
    if (reading)
        db_rollback(k->db);
    return code;
}

/* --- destroying --- */

static void day_turn(struct meta *m) {
    int64_t today = clock_now() / USEC_PER_DAY;
    if (today > m->day) {                    /* a clock that went back earns nothing */
        m->day = today;
        m->destroyed = m->allowed = 0;
    }
}

/* Of UTC, as the client reckons the month that it asks a key for. */
static uint32_t month_now(void) {
    struct civil c = civil_of_utc(clock_now());
    return (uint32_t)(c.year * 12 + c.month - 1);
}

/* Was the key made for a later month than this, or for none? What is due by the date that stood when it was made was to be foreseen; a charter that
 * was changed by mistake, or dates that were moved, cannot make a key older than it is. */
static bool is_ahead(const struct bucket *b, uint32_t month) { return b->month == 0 || b->month > month; }

uint64_t keyring_ahead(struct keyring *k, int64_t tenant, const key_id *ids, size_t count) {
    PRE(k != NULL && (count == 0 || ids != NULL));
    uint32_t month = month_now();
    uint64_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct bucket *b = bucket_of(k, tenant, ids[i]);
        n += b != NULL && is_ahead(b, month);
    }
    return n;
}

static enum code day_take(struct keyring *k, uint64_t n, struct err *reterr) {
    struct meta *m = &k->meta;
    day_turn(m);
    uint64_t cap = k->destructions_per_day + m->allowed;
    if (rule_on(RULE_key_caps) && (n > cap || m->destroyed > cap - n))
        return err_set(reterr, E_TOO_MANY, "%llu keys were destroyed today, %llu more are asked, and %llu a day are allowed (key_destructions in sejf.yaml): somebody must "
                       "confirm with \"sejf key allow N\"", (unsigned long long)m->destroyed, (unsigned long long)n, (unsigned long long)cap);
    m->destroyed += n;
    k->meta_dirty = true;
    return OK;
}

static enum code count_there(struct keyring *k, int64_t tenant, const key_id *ids, size_t count, uint64_t *ret, uint64_t *ret_ahead, struct err *reterr) {
    struct reader r = { .block = NO_BLOCK };
    enum code code = OK;
    uint32_t month = month_now();
    *ret = *ret_ahead = 0;
    for (size_t i = 0; code == OK && i < count; i++) {
        struct wrapped *w = NULL;
        const struct bucket *b = bucket_of(k, tenant, ids[i]);
        if (b != NULL)
            code = read_key(k, &r, ids[i], &w, reterr);
        *ret += w != NULL;
        *ret_ahead += w != NULL && is_ahead(b, month);
    }
    return code;
}

/* A renewal that is under way has passed the key's bucket, or will: only the one after it is sure to come later. */
static struct wrapped gone_mark(const struct keyring *k) {
    struct wrapped w = { { 0 } };
    uint64_t after = htole64(k->meta.epoch + (k->renewing.on ? 2 : 1));
    memcpy(w.bytes, &after, sizeof after);
    return w;
}

enum code keyring_destroy(struct keyring *k, int64_t tenant, const key_id *ids, size_t count, struct err *reterr) {
    PRE(k != NULL && (count == 0 || ids != NULL) && reterr != NULL);
    uint64_t there = 0, ahead = 0;
    struct reader r = { .block = NO_BLOCK };
    enum code code = count_there(k, tenant, ids, count, &there, &ahead, reterr);
    if (code != OK || there == 0)
        return code;
    code = day_take(k, ahead, reterr);
    if (code == OK)
        code = keyring_write(k, reterr);
    bool edited = false;
    for (size_t i = 0; code == OK && i < count; i++) {
        struct bucket *b = bucket_of(k, tenant, ids[i]);
        struct wrapped *w = NULL;
        if (b == NULL)
            continue;
        if (edited && r.block != ids[i] / BLOCK_KEYS) {
            code = rows_block_set(k, r.block, r.keys, reterr);
            edited = false;
        }
        if (code == OK)
            code = read_key(k, &r, ids[i], &w, reterr);
        if (code != OK || w == NULL)
            continue;
        *w = gone_mark(k);
        edited = true;
        b->live--;
        b->gone++;
        k->keys--;
        k->gone++;
        bucket_touch(k, b);
    }
    return code == OK && edited ? rows_block_set(k, r.block, r.keys, reterr) : code;
}

/* Buckets that are dropped had nobody left, and their numbers never come again: whose they were nobody knows any more. */
static enum code gone_check(struct keyring *k, int64_t tenant, key_id id, struct reader *r, bool *ret_gone, bool *ret_final, struct err *reterr) {
    const struct bucket *b = buckets_find(&k->buckets, id >> SLOT_BITS);
    struct wrapped *w = NULL;
    uint64_t after = 0;
    *ret_final = k->meta.noise_buckets == 0;
    *ret_gone = b == NULL && id >> SLOT_BITS < k->meta.next_bucket && id >> SLOT_BITS > 0;
    if (b == NULL || !bucket_has(b, tenant, id))
        return OK;
    enum code code = read_key(k, r, id, &w, reterr);
    if (code != OK)
        return code;
    *ret_gone = r->there && w == NULL;
    memcpy(&after, r->keys[id % BLOCK_KEYS].bytes, sizeof after);
    after = le64toh(after);
    *ret_final = (*ret_final && b->gone == 0) || (after != 0 && k->meta.epoch >= after);
    return OK;
}

enum code keyring_gone(struct keyring *k, int64_t tenant, const key_id *ids, size_t count, struct err *reterr) {
    PRE(k != NULL && !k->writing && (count == 0 || ids != NULL) && reterr != NULL);
    struct reader r = { .block = NO_BLOCK };
    bool gone = true, final = true;
    if (k->broken)
        return err_set(reterr, E_IO, "the keyring could not be read again after a failure: the keeper must start anew");
    if (epoch_left(k->epoch, 1 - k->slot))
        return err_set(reterr, E_CONFLICT, "the epoch key before this one is not overwritten yet: nothing of its time is final");
    enum code code = count > 1 ? db_begin(k->db, false, reterr) : OK;       /* one lock of the file for all of them */
    if (code != OK)
        return code;
    for (size_t i = 0; code == OK && gone && final && i < count; i++) {
        code = gone_check(k, tenant, ids[i], &r, &gone, &final, reterr);
        if (code == OK && !gone)
            code = err_set(reterr, E_CONFLICT, "key %llu of tenant %lld is not destroyed: a certificate cannot say so", (unsigned long long)ids[i], (long long)tenant);
        else if (code == OK && !final)
            code = err_set(reterr, E_CONFLICT, "key %llu of tenant %lld is destroyed, but no renewal has made that final yet", (unsigned long long)ids[i], (long long)tenant);
    }
    if (count > 1)
        db_rollback(k->db);
    return code;
}

enum code keyring_allow(struct keyring *k, uint64_t destructions, struct err *reterr) {
    PRE(k != NULL && reterr != NULL);
    if (destructions > UINT64_C(1) << 40)
        return err_set(reterr, E_INVALID, "at most %llu destructions are allowed at once", 1ULL << 40);
    enum code code = keyring_write(k, reterr);
    if (code != OK)
        return code;
    day_turn(&k->meta);
    k->meta.allowed += destructions;
    k->meta_dirty = true;
    return OK;
}

enum code keyring_tighten(struct keyring *k, int64_t tenant, uint64_t per_minute, struct err *reterr) {
    return caps_tighten(k->caps, tenant, per_minute, reterr);
}
