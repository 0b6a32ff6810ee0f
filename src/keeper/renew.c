/* renew.c — what makes an erasure final.
 *
 *   touched buckets: a new bucket key, survivors rewrapped           (some buckets a step, each step one commit)
 *   then, in one step:
 *     1  a new epoch key goes, root-wrapped, to the slot that is not in use
 *     2  bucket keys, kept keys and row codes are rewrapped under it; the number in keyring.db changes: commit
 *     3  the WAL goes into the file, so that its old pages are cut off
 *     4  the old slot is overwritten in place
 *
 * Cut before the commit of 2, the number still names the old slot: the start blanks the other one, and nothing has
 * happened. Cut after it, the number names the new slot: the start blanks the old one, and everything has happened.
 * After 4 no key on any disk leads to what was destroyed: old bucket keys lie under the old epoch key alone. */
#include <string.h>

#include "base/rule.h"
#include "keeper/inside.h"

#define STEP_KEYS 8192u                      /* survivors that one step rewraps: a few milliseconds */
#define STEP_BUCKETS 256u

/* For tests: called before each step of the switch, and may end the process there. */
static void (*renew_fault)(int step);
static void fault(int step) {
    if (renew_fault != NULL)
        renew_fault(step);
}

/* Reads the bucket's keys into k->wrapped; zeros where there is none. */
static enum code bucket_read(struct keyring *k, const struct bucket *b, struct err *reterr) {
    memset(k->wrapped, 0, b->used * sizeof *k->wrapped);
    enum code code = OK;
    for (size_t at = 0; code == OK && at < b->used; at += BLOCK_KEYS) {
        bool there = false;
        code = rows_block(k->db, (b->id << SLOT_BITS | at) / BLOCK_KEYS, k->wrapped + at, &there, reterr);
    }
    return code;
}

static bool block_is_gone(const struct wrapped keys[BLOCK_KEYS]) {
    for (size_t i = 0; i < BLOCK_KEYS; i++)
        if (!wrapped_is_gone(&keys[i]))
            return false;
    return true;
}

/* From the old bucket key to the new one. A key that does not open under the old one is kept as it is: it was
 * unreadable before. */
static enum code bucket_rewrap(struct keyring *k, const struct bucket *b, const struct key *from, const struct key *to, struct err *reterr) {
    struct key *keys = k->secret->work;
    enum code code = keys_unwrap(from, k->wrapped, b->used, keys, k->ok, reterr);
    for (size_t at = 0; code == OK && at < b->used; at += BLOCK_KEYS) {
        struct wrapped old[BLOCK_KEYS];
        memcpy(old, k->wrapped + at, sizeof old);
        if (block_is_gone(old))
            continue;
        code = keys_wrap(to, keys + at, BLOCK_KEYS, k->wrapped + at, reterr);
        for (size_t i = 0; i < BLOCK_KEYS; i++)
            if (!k->ok[at + i])
                k->wrapped[at + i] = old[i];
        if (code == OK)
            code = rows_block_set(k, (b->id << SLOT_BITS | at) / BLOCK_KEYS, k->wrapped + at, reterr);
    }
    crypto_wipe(keys, b->used * sizeof *keys);
    return code;
}

static enum code bucket_renew(struct keyring *k, struct bucket *b, struct err *reterr) {
    struct key from, to;
    enum code code = OK;
    k->meta.noise += b->gone;
    k->meta.noise_buckets++;
    k->meta_dirty = true;
    k->gone -= b->gone;
    b->gone = 0;
    if (b->live == 0) {                      /* nobody is left; its id never comes again */
        code = rows_bucket_drop(k, b->id, reterr);
        k->dirty -= b->dirty;
        b->dirty = false;
        b->dropped = code == OK;
        return code;
    }
    crypto_random(&to, sizeof to);
    code = bucket_key(k, b, &from, reterr);
    if (code == OK)
        code = bucket_read(k, b, reterr);
    if (code == OK)
        code = bucket_rewrap(k, b, &from, &to, reterr);
    if (code == OK)
        code = key_wrap(&k->secret->epoch, &to, &b->key, reterr);
    if (code == OK)
        bucket_touch(k, b);
    crypto_wipe(&from, sizeof from);
    crypto_wipe(&to, sizeof to);
    return code;
}

/* The next few touched buckets; *ret_left false when there are no more. */
static enum code buckets_step(struct keyring *k, bool *ret_left, struct err *reterr) {
    struct renewing *r = &k->renewing;
    uint64_t keys = 0, buckets = 0;
    enum code code = keyring_write(k, reterr);
    size_t i = 0;
    while (i < k->buckets.count && k->buckets.list[i].id <= r->cursor)
        i++;
    for (; code == OK && i < k->buckets.count && keys < STEP_KEYS && buckets < STEP_BUCKETS; i++) {
        struct bucket *b = &k->buckets.list[i];
        r->cursor = b->id;
        if (b->gone == 0)
            continue;
        keys += b->live;
        buckets++;
        code = bucket_renew(k, b, reterr);
    }
    bool left = i < k->buckets.count;
    bucket_keys_forget(k);
    if (code == OK)
        buckets_compact(&k->buckets);
    if (code == OK)
        code = keyring_commit(k, reterr);
    if (code != OK)
        return code;
    r->keys += keys;
    r->buckets += buckets;
    *ret_left = left;
    return OK;
}

static enum code head_rewrap(struct keyring *k, const struct chain_head *h, struct err *reterr) {
    struct key mac = k->secret->mac;         /* the next page of heads is read under the old one */
    k->secret->mac = k->secret->next_mac;
    enum code code = rows_head_set(k, h, reterr);
    k->secret->mac = mac;
    crypto_wipe(&mac, sizeof mac);
    return code;
}

/* All bucket keys, a lane at a time, from the epoch key to the next. */
static enum code buckets_rewrap(struct keyring *k, struct err *reterr) {
    struct key *keys = k->secret->work;
    enum code code = OK;
    for (size_t at = 0; code == OK && at < k->buckets.count; at += BUCKET_KEYS) {
        size_t n = k->buckets.count - at < BUCKET_KEYS ? k->buckets.count - at : BUCKET_KEYS;
        for (size_t i = 0; i < n; i++)
            k->wrapped[i] = k->buckets.list[at + i].key;
        code = keys_unwrap(&k->secret->epoch, k->wrapped, n, keys, k->ok, reterr);
        for (size_t i = 0; code == OK && i < n; i++)
            if (!k->ok[i])
                code = err_set(reterr, E_DAMAGED, "the key of bucket %llu does not open: restore the keyring (with its epoch file) from the keyring's backup", (unsigned long long)k->buckets.list[at + i].id);
        if (code == OK)
            code = keys_wrap(&k->secret->next_epoch, keys, n, k->wrapped, reterr);
        for (size_t i = 0; code == OK && i < n; i++) {
            k->buckets.list[at + i].key = k->wrapped[i];
            bucket_touch(k, &k->buckets.list[at + i]);
        }
        crypto_wipe(keys, n * sizeof *keys);
    }
    return code;
}

static enum code kept_rewrap(struct keyring *k, struct err *reterr) {
    const struct secrets *s = k->secret;
    const struct { const struct key *from; struct wrapped *to; } list[] = {
        { &s->find, &k->meta.find }, { &s->index, &k->meta.index }, { &s->before, &k->meta.before }, { &s->seed, &k->meta.seed } };
    enum code code = OK;
    for (size_t i = 0; code == OK && i < ARRAY_LEN(list); i++)
        code = key_wrap(&s->next_epoch, list[i].from, list[i].to, reterr);
    return code;
}

/* Step 2: everything under the next epoch key, in one commit. On failure the caller rolls back. */
static enum code switch_rows(struct keyring *k, uint64_t epoch, struct err *reterr) {
    enum code code = keyring_write(k, reterr);
    if (code == OK)
        code = buckets_rewrap(k, reterr);
    if (code == OK)
        code = kept_rewrap(k, reterr);
    if (code == OK)
        code = rows_heads(k, head_rewrap, reterr);
    if (code != OK)
        return code;
    k->meta.epoch = epoch;
    k->meta.noise = k->meta.noise_buckets = 0;
    k->meta.renewed = clock_now();
    k->meta_dirty = true;
    k->secret->mac = k->secret->next_mac;    /* the rows are flushed under it */
    fault(3);
    return keyring_commit(k, reterr);
}

enum code epoch_switch(struct keyring *k, enum root_kind root, const struct root_cost *cost, struct err *reterr) {
    PRE(!k->writing);
    struct secrets *s = k->secret;
    int pending = 1 - k->slot;
    struct epoch_slot slot = { .epoch = k->meta.epoch + 1, .owner = k->meta.owner, .root = root, .cost = *cost };
    crypto_random(&s->next_epoch, sizeof s->next_epoch);
    enum code code = epoch_seal(&slot, &s->root, &s->next_epoch, reterr);
    if (code == OK)
        code = mac_key(&s->next_epoch, &slot.owner, &s->next_mac, reterr);
    fault(1);
    if (code == OK)
        code = epoch_write(k->epoch, pending, &slot, reterr);
    fault(2);
    if (code == OK)
        code = switch_rows(k, slot.epoch, reterr);
    if (code == OK) {
        s->epoch = s->next_epoch;
        k->slot = pending;
        k->active = slot;
        bucket_keys_forget(k);
    }
    crypto_wipe(&s->next_epoch, sizeof s->next_epoch);
    crypto_wipe(&s->next_mac, sizeof s->next_mac);
    if (code != OK)
        return code;
    fault(4);
    code = db_checkpoint(k->db, reterr);
    fault(5);
    if (code == OK)
        code = epoch_blank(k->epoch, 1 - k->slot, reterr);
    fault(6);
    return code;
}

void keyring_renew_begin(struct keyring *k) {
    PRE(k != NULL && !k->renewing.on);
    k->renewing = (struct renewing){ .on = true, .began = clock_steady() };
}

static void renewed(struct keyring *k, bool *ret_done, struct renewal *ret) {
    const struct renewing *r = &k->renewing;
    *ret = (struct renewal){ .buckets = r->buckets, .keys = r->keys, .epoch = k->meta.epoch, .took = clock_steady() - r->began };
    *ret_done = true;
    k->renewing.on = false;
}

static enum code renew_step(struct keyring *k, bool *ret_done, struct renewal *ret, struct err *reterr) {
    bool left = true;
    enum code code = OK;
    if (k->gone > 0)
        code = buckets_step(k, &left, reterr);
    else
        left = false;
    if (code != OK || left)
        return code;
    code = other_slot_blank(k, reterr);              /* one that failed has left it: it goes first */
    if (code == OK && k->meta.noise > 0)
        code = epoch_switch(k, k->active.root, &k->active.cost, reterr);
    if (code == OK)
        renewed(k, ret_done, ret);
    return code;
}

enum code keyring_renew_step(struct keyring *k, bool *ret_done, struct renewal *ret, struct err *reterr) {
    PRE(k != NULL && k->renewing.on && !k->writing && ret_done != NULL && ret != NULL && reterr != NULL);
    *ret_done = false;
    if (!rule_on(RULE_erasure_final)) {
        renewed(k, ret_done, ret);
        return OK;
    }
    enum code code = renew_step(k, ret_done, ret, reterr);
    if (code != OK) {
        k->renewing.on = false;
        keyring_rollback(k);
    }
    return code;
}
