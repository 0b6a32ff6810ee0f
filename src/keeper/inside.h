/* inside.h — what the files of the keyring share; nobody else includes it. The keyring is one thread's.
 *
 * What is secret lies in struct secrets (locked, wiped); everything else here is wrapped, or counts. */
#pragma once
#include <string.h>

#include "db/db.h"
#include "keeper/caps.h"
#include "keeper/epoch.h"
#include "keeper/keyring.h"

#define SLOT_BITS 12u
_Static_assert(BUCKET_KEYS == 1u << SLOT_BITS, "a key id is bucket << 12 | slot");
#define BLOCKS_IN_BUCKET (BUCKET_KEYS / BLOCK_KEYS)

struct bucket {
    uint64_t id;
    int64_t tenant;
    uint32_t month;
    uint16_t used, live, gone;               /* slots given out; keys there; destroyed since the bucket's key is new */
    bool dirty, dropped;
    struct wrapped key;                      /* under the epoch key */
};

/* Buckets in the order of their ids, and a hash from (tenant, month) to the newest of them. */
struct buckets { struct bucket *list; size_t count, room; uint32_t *slot; size_t slots; };
MUST_USE enum code buckets_add(struct buckets *t, const struct bucket *b, struct err *reterr);   /* ids only grow */
struct bucket *buckets_find(const struct buckets *t, uint64_t id);                     /* NULL: there is none */
struct bucket *buckets_newest(const struct buckets *t, int64_t tenant, uint32_t month);
void buckets_compact(struct buckets *t);                /* those that are dropped leave the list */
void buckets_done(struct buckets *t);

#define CACHED 64u
struct secrets {
    struct key root, epoch, mac;             /* mac: derived from the epoch key; closes the rows */
    struct key next_epoch, next_mac;         /* during a renewal */
    struct key find, index, before, seed;
    struct { uint64_t bucket; struct key key; } cache[CACHED];
    struct key work[BUCKET_KEYS];            /* keys of one bucket while they are rewrapped */
};

struct meta {
    struct uuid owner;
    uint64_t epoch, next_bucket;
    uint64_t noise, noise_buckets;           /* keys and buckets whose old wrapping ends with this epoch */
    int64_t day;                             /* destructions of a day, and what a person allowed beyond the cap */
    uint64_t destroyed, allowed;
    usec_t renewed;
    uint32_t generation;
    bool has_before;
    struct wrapped find, index, before, seed;
};

struct renewing { bool on; uint64_t cursor, buckets, keys; usec_t began; };

struct keyring {
    char *directory;
    int lock_fd, copy_fd;                    /* copy_fd: of keyring.db, for rehearsals; closed after the database */
    struct db *db;
    struct epoch_file *epoch;
    int slot;                                /* of the epoch key in use */
    struct epoch_slot active;
    struct secrets *secret;
    bool locked, writing, broken, meta_dirty;
    struct meta meta;
    struct buckets buckets;
    uint64_t keys, gone, dirty;              /* sums over the buckets */
    struct caps *caps;
    uint64_t destructions_per_day;
    struct renewing renewing;
    struct wrapped wrapped[BUCKET_KEYS];     /* the other side of secret->work */
    bool ok[BUCKET_KEYS];
};

/* rows.c: the tables */
MUST_USE enum code rows_open(const char *path, bool create, struct db **ret, struct err *reterr);
MUST_USE enum code rows_meta(struct db *db, struct meta *ret, uint8_t ret_mac[HASH_SIZE], struct err *reterr);
MUST_USE enum code rows_load(struct keyring *k, struct err *reterr);          /* all, each held to its MAC */
MUST_USE enum code rows_flush(struct keyring *k, struct err *reterr);         /* what is dirty */
MUST_USE enum code rows_first(struct db *db, const struct meta *m, const struct key *mac, struct err *reterr);
/* One bucket of any copy of the tables, its code not looked at. */
MUST_USE enum code rows_bucket(struct db *db, uint64_t id, struct bucket *ret, bool *ret_there, struct err *reterr);
MUST_USE enum code rows_bucket_new(struct keyring *k, const struct bucket *b, struct err *reterr);
MUST_USE enum code rows_bucket_drop(struct keyring *k, uint64_t bucket, struct err *reterr);
/* Blocks of wrapped keys: BLOCK_KEYS of them; zeros where a key was destroyed. *ret_there: is there such a row. */
MUST_USE enum code rows_block(struct db *db, uint64_t block, struct wrapped ret[BLOCK_KEYS], bool *ret_there, struct err *reterr);
MUST_USE enum code rows_block_new(struct keyring *k, uint64_t block, const struct wrapped keys[BLOCK_KEYS], struct err *reterr);
MUST_USE enum code rows_block_set(struct keyring *k, uint64_t block, const struct wrapped keys[BLOCK_KEYS], struct err *reterr);
struct chain_head { int64_t chain; uint64_t seq; uint8_t head[HASH_SIZE]; };
MUST_USE enum code rows_head(struct keyring *k, int64_t chain, struct chain_head *ret, struct err *reterr);   /* E_NOT_FOUND */
MUST_USE enum code rows_chain_after(struct keyring *k, int64_t after, int64_t *ret, struct err *reterr);   /* E_NOT_FOUND */
MUST_USE enum code rows_head_set(struct keyring *k, const struct chain_head *h, struct err *reterr);
/* Calls fn for each head in turn; fn may write. */
MUST_USE enum code rows_heads(struct keyring *k, enum code (*fn)(struct keyring *k, const struct chain_head *h, struct err *reterr), struct err *reterr);

/* keyring.c */
MUST_USE enum code keyring_write(struct keyring *k, struct err *reterr);      /* opens a transaction where none is */
MUST_USE enum code keyring_path(const struct keyring *k, const char *name, struct buf *ret, struct err *reterr);
/* Takes the epoch key of `epoch` out of the slot that has it, under secret->root. */
MUST_USE enum code epoch_adopt(struct keyring *k, uint64_t epoch, struct err *reterr);
MUST_USE enum code mac_key(const struct key *epoch, const struct uuid *owner, struct key *ret, struct err *reterr);
/* The part key under which a bucket's keys are wrapped. */
MUST_USE enum code bucket_key(struct keyring *k, const struct bucket *b, struct key *ret, struct err *reterr);
void bucket_keys_forget(struct keyring *k);
/* The slot that is not in use holds noise, whatever a cut renewal or rotation left there. Before it is overwritten, the number in
 * keyring.db must be where no crash takes it back: a commit that failed, or that a killed keeper left in the WAL, may
 * name the other slot yet. */
MUST_USE enum code other_slot_blank(struct keyring *k, struct err *reterr);

/* No key of AES-KW ends so: it was destroyed, or never was (parts.c). */
static inline bool wrapped_is_gone(const struct wrapped *w) {
    static const uint8_t none[WRAPPED_SIZE - sizeof(uint64_t)];
    return memcmp(w->bytes + sizeof(uint64_t), none, sizeof none) == 0;
}

static inline void bucket_touch(struct keyring *k, struct bucket *b) {
    k->dirty += !b->dirty;
    b->dirty = true;
}

/* renew.c: new epoch key; `root` and `cost` describe the slot that is written. secret->root is already the one to use. */
MUST_USE enum code epoch_switch(struct keyring *k, enum root_kind root, const struct root_cost *cost, struct err *reterr);
