/* keyring.h — the keys of all parts: root, epoch, bucket, part. The tree, the tables (keyring.db), the caps, and
 * what makes an erasure final. Everything is done for one caller in one thread: the keeper's loop.
 *
 * Changes collect in a transaction: keyring_write opens it where none is open, keyring_commit makes it durable.
 * A call that fails with E_INVALID, E_CONFLICT, E_TOO_MANY or E_NOT_FOUND has changed nothing; after any other
 * failure the caller must keyring_rollback. */
#pragma once
#include "base/uuid.h"
#include "keeper/client.h"
#include "keeper/root.h"
#include "keeper/statement.h"

#define BLOCK_KEYS 32u                       /* keys are made by whole blocks: one row of the table */
#define BUCKET_KEYS 4096u
#define MONTH_MAX 119999u                    /* year * 12 + month - 1; 0: no due date */

#define UNWRAPS_PER_MINUTE UINT64_C(2000000) /* of one tenant */
#define DESTRUCTIONS_PER_DAY UINT64_C(1000000)

struct keyring;
struct keyring_options {
    const char *directory;                   /* of the keyring, mode 0700 */
    struct root_source root;
    struct uuid owner;                       /* id of the data directory; null: not compared */
    uint64_t unwraps_per_minute, destructions_per_day;      /* 0: the defaults */
};

/* Makes directory, epoch file and keyring.db; a ROOT_FILE is made too when it is missing. E_CONFLICT: there is one. */
MUST_USE enum code keyring_create(const struct keyring_options *o, const struct root_cost *cost /* NULL: default */, struct err *reterr);
/* Refuses, with the mend: a loose file mode, a wrong root key, another directory's keyring, a damaged file, a second
 * keeper. Finishes or undoes a renewal that was cut. */
MUST_USE enum code keyring_open(const struct keyring_options *o, struct keyring **ret, struct err *reterr);
struct keyring *keyring_close(struct keyring *k);
DEFINE_AUTO(struct keyring, keyring_close)

MUST_USE enum code keyring_commit(struct keyring *k, struct err *reterr);
void keyring_rollback(struct keyring *k);
bool keyring_broken(const struct keyring *k);           /* it could not be read again: end, and start anew */
bool keyring_changed(const struct keyring *k);          /* is a transaction open */

/* `count`: a multiple of BLOCK_KEYS, at most BUCKET_KEYS. */
MUST_USE enum code keyring_make(struct keyring *k, int64_t tenant, uint32_t month, size_t count, key_id *ret_ids, struct key *ret_keys, struct err *reterr);
MUST_USE enum code keyring_unwrap(struct keyring *k, int64_t tenant, const key_id *ids, size_t count, struct key *ret_keys, bool *ok, struct err *reterr);
/* How many of these keys of the tenant were made for a month that has not come yet, or for none. */
MUST_USE uint64_t keyring_ahead(struct keyring *k, int64_t tenant, const key_id *ids, size_t count);
/* The cap of a day counts those alone. */
MUST_USE enum code keyring_destroy(struct keyring *k, int64_t tenant, const key_id *ids, size_t count, struct err *reterr);
MUST_USE enum code keyring_allow(struct keyring *k, uint64_t destructions, struct err *reterr);
MUST_USE enum code keyring_tighten(struct keyring *k, int64_t tenant, uint64_t per_minute, struct err *reterr);

MUST_USE enum code keyring_index_keys(struct keyring *k, int64_t tenant, struct index_keys *ret, struct err *reterr);
MUST_USE enum code keyring_index_renew(struct keyring *k, uint32_t *ret_generation, struct err *reterr);
MUST_USE enum code keyring_index_settled(struct keyring *k, struct err *reterr);

MUST_USE enum code keyring_sign_head(struct keyring *k, int64_t chain, uint64_t from_seq, const uint8_t (*digests)[HASH_SIZE], size_t count,
                                     const uint8_t head[HASH_SIZE], uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr);
MUST_USE enum code keyring_head(struct keyring *k, int64_t chain, uint64_t *ret_seq, uint8_t ret_head[HASH_SIZE], struct err *reterr);
/* The next chain after that one of which a head was signed; E_NOT_FOUND: none. */
MUST_USE enum code keyring_chain_after(struct keyring *k, int64_t after, int64_t *ret, struct err *reterr);
MUST_USE enum code keyring_public(struct keyring *k, uint8_t ret[PUBLIC_SIZE], struct err *reterr);

/* What is signed: see keeper/statement.h. Attest: never "certificate" (E_FORBIDDEN). */
MUST_USE enum code keyring_attest(struct keyring *k, const char *what, const uint8_t digest[HASH_SIZE], uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr);
/* E_CONFLICT unless each is destroyed and a renewal since has made it final. No transaction may be open. */
MUST_USE enum code keyring_gone(struct keyring *k, int64_t tenant, const key_id *ids, size_t count, struct err *reterr);
/* For whom keyring_gone said so of every key. E_CONFLICT: the keyring is at another epoch. */
MUST_USE enum code keyring_certify(struct keyring *k, const struct certified *c, uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr);

/* A renewal goes in small steps, so that the loop answers between them. No transaction may be open at a step.
 * After *ret_done, or a failure, it is over; what a failed one has not finished the next one does. */
void keyring_renew_begin(struct keyring *k);
MUST_USE enum code keyring_renew_step(struct keyring *k, bool *ret_done, struct renewal *ret, struct err *reterr);

MUST_USE enum code keyring_rehearse_copy(struct keyring *k, struct err *reterr);
MUST_USE enum code keyring_rehearse_open(struct keyring *k, int64_t tenant, const key_id *ids, size_t count, size_t *ret_opened, struct err *reterr);

void keyring_status(struct keyring *k, struct keeper_status *ret);

/* Offline, keeper stopped: a new root key, and a new epoch key with it. For a ROOT_FILE `to` may name the same path:
 * a new key is made and takes the old one's place. */
MUST_USE enum code keyring_rotate(const struct keyring_options *o, const struct root_source *to, const struct root_cost *cost, struct err *reterr);
