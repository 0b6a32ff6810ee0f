/* client.c — what the keeper is asked for. Calls share one connection (calls.h); slow requests (renewal, rehearsal) have a
 * connection of their own, so that nobody waits behind them. A thread in the background fills pools and wipes the cache. */
#include "keeper/client.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/civil.h"
#include "base/mem.h"
#include "keeper/cache.h"
#include "keeper/calls.h"
#include "keeper/keyring.h"
#include "keeper/link.h"
#include "keeper/pools.h"

#define FEW_KEYS 64u
#define SLOW_MS (60 * 60 * 1000)

struct keeper_client {
    char *path;
    struct door door;                        /* its path is the one above */
    struct calls *calls;
    struct cache *cache;
    struct pools *pools;
    pthread_t filler;
    pthread_cond_t fill;
    pthread_mutex_t fill_lock;
    bool filling, wanted, over;              /* filling: the thread was started */
};

/* What cannot fail but by our own bug; a function, so that nothing with an effect stands in an assertion. */
static void must(bool fine) { PRE(fine); }

static void lock(pthread_mutex_t *m) { must(pthread_mutex_lock(m) == 0); }
static void unlock(pthread_mutex_t *m) { must(pthread_mutex_unlock(m) == 0); }

/* --- calls --- */

static enum code ask_slow(struct keeper_client *k, struct call *c, struct err *reterr) {
    AUTO(link_free) struct link *own = NULL;
    enum code code = link_new(&k->door, &own, reterr);
    if (code == OK) {
        link_do(own, c, SLOW_MS);
        code = c->code;
    }
    buf_wipe(&c->request);
    return code;
}

static void put_ids(struct buf *to, int64_t tenant, const key_id *ids, size_t count) {
    put_u64(to, (uint64_t)tenant);
    put_u32(to, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        put_u64(to, ids[i]);
}

static bool copy(struct msg *in, void *to, size_t len) {
    const void *p = msg_bytes(in, len);
    if (p != NULL)
        memcpy(to, p, len);
    return p != NULL;
}

/* --- making --- */

static uint32_t month_of(usec_t due) {
    if (due == USEC_NEVER)
        return 0;
    struct civil c = civil_of_utc(due);
    int64_t month = (int64_t)c.year * 12 + c.month - 1;
    return month < 1 ? 1 : month > (int64_t)MONTH_MAX ? MONTH_MAX : (uint32_t)month;
}

struct made { key_id *ids; struct key *keys; size_t count; };
static void take_made(struct call *c, struct msg *in) {
    struct made *m = c->arg;
    for (size_t i = 0; i < m->count; i++) {
        m->ids[i] = msg_u64(in);
        (void)copy(in, &m->keys[i], KEY_SIZE);
    }
}

static enum code make_now(struct keeper_client *k, int64_t tenant, uint32_t month, struct made *m, struct err *reterr) {
    struct call c = CALL(OP_make, take_made, m, reterr);
    put_u64(&c.request, (uint64_t)tenant);
    put_u32(&c.request, month);
    put_u32(&c.request, (uint32_t)m->count);
    return calls_do(k->calls, &c);
}

struct batch { key_id ids[BATCH_KEYS]; struct key keys[BATCH_KEYS]; };

/* What the pool does not have: asked for now, in whole blocks; what is left over goes to the pool. */
static enum code make_rest(struct keeper_client *k, int64_t tenant, uint32_t month, size_t count, key_id *ids, struct key *keys, struct err *reterr) {
    __attribute__((cleanup(auto_secret_free))) struct batch *b = secret_new(sizeof *b);
    enum code code = OK;
    if (b == NULL)
        return err_set(reterr, E_MEMORY, "no memory for new keys");
    for (size_t done = 0; code == OK && done < count;) {
        size_t n = count - done < BATCH_KEYS ? count - done : BATCH_KEYS;
        struct made m = { b->ids, b->keys, (n + BLOCK_KEYS - 1) / BLOCK_KEYS * BLOCK_KEYS };
        code = make_now(k, tenant, month, &m, reterr);
        if (code != OK)
            break;
        memcpy(ids + done, b->ids, n * sizeof *ids);
        memcpy(keys + done, b->keys, n * sizeof *keys);
        pools_put(k->pools, tenant, month, b->ids + n, b->keys + n, m.count - n, clock_steady());
        done += n;
    }
    return code;
}

static void wake_filler(struct keeper_client *k) {
    lock(&k->fill_lock);
    k->wanted = true;
    must(pthread_cond_signal(&k->fill) == 0);
    unlock(&k->fill_lock);
}

enum code keeper_make(struct keeper_client *k, int64_t tenant, usec_t due, size_t count, key_id *ret_ids, struct key *ret_keys, struct err *reterr) {
    PRE(k != NULL && (count == 0 || (ret_ids != NULL && ret_keys != NULL)) && reterr != NULL);
    bool low = false;
    uint32_t month = month_of(due);
    size_t got = pools_take(k->pools, tenant, month, count, clock_steady(), ret_ids, ret_keys, &low);
    enum code code = got == count ? OK : make_rest(k, tenant, month, count - got, ret_ids + got, ret_keys + got, reterr);
    if (low)
        wake_filler(k);
    if (code != OK)
        crypto_wipe(ret_keys, count * sizeof *ret_keys);
    return code;
}

/* Fills every pool that asks. A keeper that is away is met again by the next keeper_make. */
static void fill_pools(struct keeper_client *k, struct batch *b) {
    int64_t tenant;
    uint32_t month;
    struct made m = { b->ids, b->keys, 0 };
    while (pools_wanting(k->pools, clock_steady(), &tenant, &month, &m.count)) {
        struct err ignored;
        if (make_now(k, tenant, month, &m, &ignored) != OK)
            m.count = 0;
        pools_put(k->pools, tenant, month, m.ids, m.keys, m.count, clock_steady());
        crypto_wipe(b, sizeof *b);
    }
}

static void *filler(void *arg) {
    struct keeper_client *k = arg;
    __attribute__((cleanup(auto_secret_free))) struct batch *b = secret_new(sizeof *b);
    lock(&k->fill_lock);
    while (!k->over) {
        struct timespec until;
        must(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
        until.tv_sec += 1;
        if (!k->wanted)
            (void)pthread_cond_clockwait(&k->fill, &k->fill_lock, CLOCK_MONOTONIC, &until);
        bool wanted = k->wanted;
        k->wanted = false;
        unlock(&k->fill_lock);
        if (wanted && b != NULL)
            fill_pools(k, b);
        (void)cache_sweep(k->cache, clock_steady());
        lock(&k->fill_lock);
    }
    unlock(&k->fill_lock);
    return NULL;
}

/* --- opening and destroying --- */

struct opened { struct key *keys; bool *ok; const size_t *at; size_t count; };
static void take_opened(struct call *c, struct msg *in) {
    struct opened *o = c->arg;
    for (size_t i = 0; i < o->count; i++) {
        bool ok = msg_u8(in) != 0;
        struct key *to = &o->keys[o->at[i]];
        o->ok[o->at[i]] = copy(in, to, KEY_SIZE) && ok;
    }
}

/* Those that the cache does not have, in one request; at: room for count. */
static enum code open_rest(struct keeper_client *k, int64_t tenant, const key_id *ids, size_t count, size_t *at, struct key *keys, bool *ok, struct err *reterr) {
    struct opened o = { keys, ok, at, 0 };
    struct call c = CALL(OP_open, take_opened, &o, reterr);
    uint64_t turn = cache_turn(k->cache);
    usec_t asked = clock_steady();
    for (size_t i = 0; i < count; i++)
        if (!ok[i])
            at[o.count++] = i;
    put_u64(&c.request, (uint64_t)tenant);
    put_u32(&c.request, (uint32_t)o.count);
    for (size_t i = 0; i < o.count; i++)
        put_u64(&c.request, ids[at[i]]);
    enum code code = calls_do(k->calls, &c);
    if (code == OK)
        cache_put(k->cache, turn, tenant, ids, count, asked, keys, ok);
    return code;
}

/* At most BATCH_KEYS. The list of a few lies on the stack; that of a whole batch would be cleared at each call. */
static enum code open_some(struct keeper_client *k, int64_t tenant, const key_id *ids, size_t count, struct key *keys, bool *ok, struct err *reterr) {
    size_t few[FEW_KEYS];
    if (cache_get(k->cache, tenant, ids, count, clock_steady(), keys, ok) == count)
        return OK;
    if (count <= FEW_KEYS)
        return open_rest(k, tenant, ids, count, few, keys, ok, reterr);
    AUTO(mem_free) size_t *at = mem_new_array(count, sizeof *at);
    return at == NULL ? err_set(reterr, E_MEMORY, "no memory to open keys") : open_rest(k, tenant, ids, count, at, keys, ok, reterr);
}

enum code keeper_open(struct keeper_client *k, int64_t tenant, const key_id *ids, size_t count, struct key *ret_keys, bool *ok, struct err *reterr) {
    PRE(k != NULL && (count == 0 || (ids != NULL && ret_keys != NULL && ok != NULL)) && reterr != NULL);
    enum code code = OK;
    for (size_t at = 0; code == OK && at < count; at += BATCH_KEYS)
        code = open_some(k, tenant, ids + at, count - at < BATCH_KEYS ? count - at : BATCH_KEYS, ret_keys + at, ok + at, reterr);
    if (code != OK)
        crypto_wipe(ret_keys, count * sizeof *ret_keys);
    return code;
}

enum code keeper_destroy(struct keeper_client *k, int64_t tenant, const key_id *ids, size_t count, struct err *reterr) {
    PRE(k != NULL && (count == 0 || ids != NULL) && reterr != NULL);
    enum code code = OK;
    for (size_t at = 0; code == OK && at < count; at += BATCH_KEYS) {
        size_t n = count - at < BATCH_KEYS ? count - at : BATCH_KEYS;
        struct call c = CALL(OP_destroy, NULL, NULL, reterr);
        put_ids(&c.request, tenant, ids + at, n);
        code = calls_do(k->calls, &c);
    }
    cache_purge(k->cache, ids, count);       /* also when only some are destroyed */
    return code;
}

static void take_u64(struct call *c, struct msg *in) { *(uint64_t *)c->arg = msg_u64(in); }

enum code keeper_ahead(struct keeper_client *k, int64_t tenant, const key_id *ids, size_t count, uint64_t *ret, struct err *reterr) {
    PRE(k != NULL && (count == 0 || ids != NULL) && ret != NULL && reterr != NULL);
    enum code code = OK;
    uint64_t all = 0, some = 0;
    for (size_t at = 0; code == OK && at < count; at += BATCH_KEYS) {
        struct call c = CALL(OP_ahead, take_u64, &some, reterr);
        put_ids(&c.request, tenant, ids + at, count - at < BATCH_KEYS ? count - at : BATCH_KEYS);
        code = calls_do(k->calls, &c);
        all += some;
    }
    if (code == OK)
        *ret = all;
    return code;
}

enum code keeper_collect(struct keeper_client *k, usec_t idle, uint64_t *ret, struct err *reterr) {
    PRE(k != NULL && ret != NULL && reterr != NULL);
    key_id ids[POOL_MOST];
    uint64_t all = 0;
    int64_t tenant = 0;
    size_t n;
    enum code code = OK;
    while (code == OK && (n = pools_idle(k->pools, clock_steady() - idle, &tenant, ids, ARRAY_LEN(ids))) > 0) {
        code = keeper_destroy(k, tenant, ids, n, reterr);
        all += code == OK ? n : 0;
    }
    *ret = all;
    return code;
}

enum code keeper_allow(struct keeper_client *k, uint64_t destructions, struct err *reterr) {
    PRE(k != NULL && reterr != NULL);
    struct call c = CALL(OP_allow, NULL, NULL, reterr);
    put_u64(&c.request, destructions);
    return calls_do(k->calls, &c);
}

/* Purges the cache: from now on every key of the tenant counts. */
enum code keeper_tighten(struct keeper_client *k, int64_t tenant, uint64_t unwraps_a_minute, struct err *reterr) {
    PRE(k != NULL && reterr != NULL);
    struct call c = CALL(OP_tighten, NULL, NULL, reterr);
    put_u64(&c.request, (uint64_t)tenant);
    put_u64(&c.request, unwraps_a_minute);
    enum code code = calls_do(k->calls, &c);
    cache_purge_all(k->cache);
    return code;
}

/* --- the index --- */

static void take_index_keys(struct call *c, struct msg *in) {
    struct index_keys *keys = c->arg;
    keys->generation = msg_u32(in);
    keys->has_before = msg_u8(in) != 0;
    (void)copy(in, &keys->find, KEY_SIZE);
    (void)copy(in, &keys->index, KEY_SIZE);
    (void)copy(in, &keys->index_before, KEY_SIZE);
}

enum code keeper_index_keys(struct keeper_client *k, int64_t tenant, struct index_keys *ret, struct err *reterr) {
    PRE(k != NULL && ret != NULL && reterr != NULL);
    struct index_keys keys = { 0 };
    struct call c = CALL(OP_index_keys, take_index_keys, &keys, reterr);
    put_u64(&c.request, (uint64_t)tenant);
    enum code code = calls_do(k->calls, &c);
    if (code == OK)
        *ret = keys;
    crypto_wipe(&keys, sizeof keys);
    return code;
}

static void take_u32(struct call *c, struct msg *in) { *(uint32_t *)c->arg = msg_u32(in); }

enum code keeper_index_renew(struct keeper_client *k, uint32_t *ret_generation, struct err *reterr) {
    PRE(k != NULL && ret_generation != NULL && reterr != NULL);
    uint32_t generation = 0;
    struct call c = CALL(OP_index_renew, take_u32, &generation, reterr);
    enum code code = calls_do(k->calls, &c);
    if (code == OK)
        *ret_generation = generation;
    return code;
}

enum code keeper_index_settled(struct keeper_client *k, struct err *reterr) {
    PRE(k != NULL && reterr != NULL);
    struct call c = CALL(OP_index_settled, NULL, NULL, reterr);
    return calls_do(k->calls, &c);
}

/* --- renewal and status --- */

static void take_renewal(struct call *c, struct msg *in) {
    struct renewal *r = c->arg;
    *r = (struct renewal){ .buckets = msg_u64(in) };
    r->keys = msg_u64(in);
    r->epoch = msg_u64(in);
    r->took = (usec_t)msg_u64(in);
}

enum code keeper_renew(struct keeper_client *k, struct renewal *ret, struct err *reterr) {
    PRE(k != NULL && ret != NULL && reterr != NULL);
    struct renewal r = { 0 };
    struct call c = CALL(OP_renew, take_renewal, &r, reterr);
    enum code code = ask_slow(k, &c, reterr);
    if (code == OK)
        *ret = r;
    return code;
}

static void take_status(struct call *c, struct msg *in) {
    struct keeper_status *st = c->arg;
    uint64_t *numbers[] = { &st->epoch, &st->buckets, &st->keys, &st->pending, &st->destroyed_today, &st->opened_minute, &st->opened_most, &st->destroyed_most,
                            &st->allowed_today };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        *numbers[i] = msg_u64(in);
    st->renewed = (usec_t)msg_u64(in);
    st->in_place = msg_u8(in) != 0;
    st->locked = msg_u8(in) != 0;
    (void)copy(in, st->root, sizeof st->root);
    (void)copy(in, st->filesystem, sizeof st->filesystem);
    (void)copy(in, st->owner.bytes, sizeof st->owner.bytes);
    st->root[sizeof st->root - 1] = st->filesystem[sizeof st->filesystem - 1] = 0;
}

enum code keeper_status(struct keeper_client *k, struct keeper_status *ret, struct err *reterr) {
    PRE(k != NULL && ret != NULL && reterr != NULL);
    struct keeper_status st = { 0 };
    struct call c = CALL(OP_status, take_status, &st, reterr);
    enum code code = calls_do(k->calls, &c);
    if (code == OK)
        *ret = st;
    return code;
}

/* --- the ledger --- */

struct piece { void *to; size_t len; };
static void take_piece(struct call *c, struct msg *in) {
    const struct piece *p = c->arg;
    (void)copy(in, p->to, p->len);
}

static enum code sign_some(struct keeper_client *k, int64_t chain, uint64_t from, const uint8_t (*digests)[HASH_SIZE], size_t count,
                           /* NOLINTNEXTLINE(readability-non-const-parameter): it is filled through the piece */
                           const uint8_t head[HASH_SIZE], uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr) {
    struct piece p = { ret_sig, SIGNATURE_SIZE };
    struct call c = CALL(OP_sign_head, take_piece, &p, reterr);
    put_u64(&c.request, (uint64_t)chain);
    put_u64(&c.request, from);
    buf_add(&c.request, head, HASH_SIZE);
    put_u32(&c.request, (uint32_t)count);
    buf_add(&c.request, digests, count * HASH_SIZE);
    return calls_do(k->calls, &c);
}

static void extend(uint8_t head[HASH_SIZE], const uint8_t digest[HASH_SIZE]) {
    uint8_t both[2 * HASH_SIZE];
    memcpy(both, head, HASH_SIZE);
    memcpy(both + HASH_SIZE, digest, HASH_SIZE);
    hash_sha256(both, sizeof both, head);
}

/* More digests than one request takes are signed in steps, each of which extends the one before. */
enum code keeper_sign_head(struct keeper_client *k, int64_t chain, uint64_t from_seq, const uint8_t (*digests)[HASH_SIZE], size_t count,
                           const uint8_t head[HASH_SIZE], uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr) {
    PRE(k != NULL && (digests != NULL || count == 0) && head != NULL && ret_sig != NULL && reterr != NULL);
    uint8_t sig[SIGNATURE_SIZE], at[HASH_SIZE];
    uint64_t seq = 0;
    enum code code = OK;
    if (count > BATCH_KEYS)
        code = keeper_head(k, chain, &seq, at, reterr);
    if (code == OK && count > BATCH_KEYS && seq != from_seq)
        return err_set(reterr, E_CONFLICT, "the ledger continues chain %lld after entry %llu, but its signed head is at %llu", (long long)chain,
                       (unsigned long long)from_seq, (unsigned long long)seq);
    while (code == OK && count > BATCH_KEYS) {
        for (size_t i = 0; i < BATCH_KEYS; i++)
            extend(at, digests[i]);
        code = sign_some(k, chain, from_seq, digests, BATCH_KEYS, at, sig, reterr);
        digests += BATCH_KEYS;
        count -= BATCH_KEYS;
        from_seq += BATCH_KEYS;
    }
    if (code == OK)
        code = sign_some(k, chain, from_seq, digests, count, head, sig, reterr);
    if (code == OK)
        memcpy(ret_sig, sig, SIGNATURE_SIZE);
    return code;
}

struct head_answer { uint64_t seq; uint8_t head[HASH_SIZE]; };
static void take_head(struct call *c, struct msg *in) {
    struct head_answer *h = c->arg;
    h->seq = msg_u64(in);
    (void)copy(in, h->head, HASH_SIZE);
}

enum code keeper_head(struct keeper_client *k, int64_t chain, uint64_t *ret_seq, uint8_t ret_head[HASH_SIZE], struct err *reterr) {
    PRE(k != NULL && ret_seq != NULL && ret_head != NULL && reterr != NULL);
    struct head_answer h = { 0 };
    struct call c = CALL(OP_head, take_head, &h, reterr);
    put_u64(&c.request, (uint64_t)chain);
    enum code code = calls_do(k->calls, &c);
    if (code != OK)
        return code;
    *ret_seq = h.seq;
    memcpy(ret_head, h.head, HASH_SIZE);
    return OK;
}

static void take_chain(struct call *c, struct msg *in) { *(int64_t *)c->arg = (int64_t)msg_u64(in); }

enum code keeper_chain_after(struct keeper_client *k, int64_t after, int64_t *ret, struct err *reterr) {
    PRE(k != NULL && ret != NULL && reterr != NULL);
    int64_t chain = 0;
    struct call c = CALL(OP_chain_after, take_chain, &chain, reterr);
    put_u64(&c.request, (uint64_t)after);
    enum code code = calls_do(k->calls, &c);
    if (code == OK)
        *ret = chain;
    return code;
}

enum code keeper_public(struct keeper_client *k, uint8_t ret[PUBLIC_SIZE], struct err *reterr) {
    PRE(k != NULL && ret != NULL && reterr != NULL);
    uint8_t public[PUBLIC_SIZE];
    struct piece p = { public, sizeof public };
    struct call c = CALL(OP_public, take_piece, &p, reterr);
    enum code code = calls_do(k->calls, &c);
    if (code == OK)
        memcpy(ret, public, sizeof public);
    return code;
}

/* --- statements --- */

enum code keeper_attest(struct keeper_client *k, const char *what, const uint8_t digest[HASH_SIZE], uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr) {
    PRE(k != NULL && what != NULL && digest != NULL && ret_sig != NULL && reterr != NULL);
    uint8_t sig[SIGNATURE_SIZE];
    struct piece p = { sig, sizeof sig };
    struct call c = CALL(OP_attest, take_piece, &p, reterr);
    if (strlen(what) > STATEMENT_WHAT_MAX)
        return err_set(reterr, E_INVALID, "a statement is named by at most %u small letters", STATEMENT_WHAT_MAX);
    buf_add(&c.request, digest, HASH_SIZE);
    buf_text(&c.request, what);
    enum code code = calls_do(k->calls, &c);
    if (code == OK)
        memcpy(ret_sig, sig, sizeof sig);
    return code;
}

/* Over a connection of its own: the keeper holds there what it has looked at so far. */
enum code keeper_certify(struct keeper_client *k, int64_t tenant, uint64_t epoch, const key_id *ids, size_t count, const uint8_t digest[HASH_SIZE],
                         uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr) {
    PRE(k != NULL && (ids != NULL || count == 0) && digest != NULL && ret_sig != NULL && reterr != NULL);
    AUTO(link_free) struct link *own = NULL;
    uint8_t sig[SIGNATURE_SIZE];
    struct piece p = { sig, sizeof sig };
    enum code code = link_new(&k->door, &own, reterr);
    bool last = false;
    for (size_t at = 0; code == OK && !last; at += BATCH_KEYS) {
        size_t n = count - at < BATCH_KEYS ? count - at : BATCH_KEYS;
        last = at + n == count;
        struct call c = CALL(OP_certify, last ? take_piece : NULL, &p, reterr);
        put_u64(&c.request, at);
        put_u8(&c.request, last);
        put_u64(&c.request, epoch);
        buf_add(&c.request, digest, HASH_SIZE);
        put_ids(&c.request, tenant, ids + at, n);
        link_do(own, &c, SLOW_MS);
        buf_wipe(&c.request);
        code = c.code;
    }
    if (code == OK)
        memcpy(ret_sig, sig, sizeof sig);
    return code;
}

/* --- rehearsal --- */

enum code keeper_rehearse_copy(struct keeper_client *k, struct err *reterr) {
    PRE(k != NULL && reterr != NULL);
    struct call c = CALL(OP_rehearse_copy, NULL, NULL, reterr);
    return ask_slow(k, &c, reterr);
}


enum code keeper_rehearse_open(struct keeper_client *k, int64_t tenant, const key_id *ids, size_t count, size_t *ret_opened, struct err *reterr) {
    PRE(k != NULL && (ids != NULL || count == 0) && ret_opened != NULL && reterr != NULL);
    uint64_t opened = 0;
    if (count > BATCH_KEYS)
        return err_set(reterr, E_INVALID, "at most %u keys are tried at once", BATCH_KEYS);
    struct call c = CALL(OP_rehearse_open, take_u64, &opened, reterr);
    put_ids(&c.request, tenant, ids, count);
    enum code code = ask_slow(k, &c, reterr);
    if (code == OK)
        *ret_opened = (size_t)opened;
    return code;
}

/* --- connecting --- */

static enum code start_filler(struct keeper_client *k, struct err *reterr) {
    if (pthread_create(&k->filler, NULL, filler, k) != 0)
        return err_set(reterr, E_SYSTEM, "no thread can be made for keys made ahead");
    k->filling = true;
    return OK;
}

static enum code connect_by(const struct door *door, struct keeper_client **ret, struct err *reterr) {
    PRE(ret != NULL && reterr != NULL);
    struct keeper_client *fresh = mem_new(sizeof *fresh);
    if (fresh == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a connection to the keeper");
    must(pthread_mutex_init(&fresh->fill_lock, NULL) == 0 && pthread_cond_init(&fresh->fill, NULL) == 0);
    AUTO(keeper_close) struct keeper_client *k = fresh;
    if (door->path != NULL && (k->path = mem_text(door->path)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a connection to the keeper");
    k->door = (struct door){ k->path, door->line };
    enum code code = crypto_init(reterr);
    if (code == OK)
        code = cache_new(&k->cache, reterr);
    if (code == OK)
        code = pools_new(&k->pools, reterr);
    if (code == OK)
        code = calls_new(&k->door, &k->calls, reterr);
    if (code == OK)
        code = calls_connect(k->calls, reterr);
    if (code == OK)
        code = start_filler(k, reterr);
    if (code == OK)
        *ret = TAKE(k);
    return code;
}

enum code keeper_connect(const char *socket_path, struct keeper_client **ret, struct err *reterr) {
    PRE(socket_path != NULL);
    return connect_by(&(struct door){ socket_path, -1 }, ret, reterr);
}

enum code keeper_connect_line(int line, struct keeper_client **ret, struct err *reterr) {
    PRE(line >= 0);
    return connect_by(&(struct door){ NULL, line }, ret, reterr);
}

struct keeper_client *keeper_close(struct keeper_client *k) {
    if (k == NULL)
        return NULL;
    if (k->filling) {
        lock(&k->fill_lock);
        k->over = true;
        must(pthread_cond_signal(&k->fill) == 0);
        unlock(&k->fill_lock);
        must(pthread_join(k->filler, NULL) == 0);
    }
    k->calls = calls_free(k->calls);
    k->pools = pools_free(k->pools);
    k->cache = cache_free(k->cache);
    must(pthread_mutex_destroy(&k->fill_lock) == 0 && pthread_cond_destroy(&k->fill) == 0);
    (void)mem_free(k->path);
    return mem_free(k);
}
