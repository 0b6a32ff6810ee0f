/* client.h — asking the keeper: keys of parts by batch, index keys, signatures, renewal.
 * One keeper_client is shared by all threads of a process: calls of several threads are joined into
 * one round trip each. Reconnects by itself; while the keeper is away calls end with E_PEER.
 * Keys given out are cached for a second at most. */
#pragma once
#include "base/time.h"
#include "base/uuid.h"
#include "crypto/crypto.h"

struct keeper_client;
typedef uint64_t key_id;                     /* bucket << 12 | slot; 0 is none; stable for ever */

/* socket_path: Unix socket of the keeper process; the peer's user is checked (SO_PEERCRED). */
MUST_USE enum code keeper_connect(const char *socket_path, struct keeper_client **ret, struct err *reterr);
/* The same over a line (sys/sockets.h) whose other end the keeper has: for a process that may not connect. The line stays the caller's. */
MUST_USE enum code keeper_connect_line(int line, struct keeper_client **ret, struct err *reterr);
struct keeper_client *keeper_close(struct keeper_client *k);
DEFINE_AUTO(struct keeper_client, keeper_close)

/* A new durable key for a part of that tenant due at about `due` (USEC_NEVER: none); taken from
 * keys made ahead, so that the keeper's fsync is not in the way. */
MUST_USE enum code keeper_make(struct keeper_client *k, int64_t tenant, usec_t due, size_t count,
                               key_id *ret_ids, struct key *ret_keys, struct err *reterr);
/* ok[i] false: destroyed or never made. E_TOO_MANY above the cap of unwraps. */
MUST_USE enum code keeper_open(struct keeper_client *k, int64_t tenant, const key_id *ids, size_t count,
                               struct key *ret_keys, bool *ok, struct err *reterr);
/* Durable when it returns; already destroyed ones are fine. Purges the cache. E_TOO_MANY above
 * the cap of a day: a person must confirm (keeper_allow). */
MUST_USE enum code keeper_destroy(struct keeper_client *k, int64_t tenant, const key_id *ids, size_t count, struct err *reterr);
/* How many of them were made for a month that has not come yet (or for none): those count towards the cap. What is due by a date that stood
 * when its key was made does not, for it was foreseeable. */
MUST_USE enum code keeper_ahead(struct keeper_client *k, int64_t tenant, const key_id *ids, size_t count, uint64_t *ret, struct err *reterr);
MUST_USE enum code keeper_allow(struct keeper_client *k, uint64_t destructions, struct err *reterr);

/* Lowers the cap of unwraps a minute of one tenant until the keeper starts anew; a higher value than the one in
 * force is passed over. The probe of caps uses it on its own tenant. */
MUST_USE enum code keeper_tighten(struct keeper_client *k, int64_t tenant, uint64_t unwraps_a_minute, struct err *reterr);

/* The key that makes tokens and the one that encrypts them, of a tenant (derived; stable until
 * index_renew). `generation` counts the index keys; previous generation's key serves renewal. */
struct index_keys { struct key find, index; uint32_t generation; struct key index_before; bool has_before; };
MUST_USE enum code keeper_index_keys(struct keeper_client *k, int64_t tenant, struct index_keys *ret, struct err *reterr);
MUST_USE enum code keeper_index_renew(struct keeper_client *k, uint32_t *ret_generation, struct err *reterr);
MUST_USE enum code keeper_index_settled(struct keeper_client *k, struct err *reterr);   /* drop the key before */

/* Destroys keys made ahead that nobody took for `idle`, and those that found no room: they were never used. *ret counts them. What could
 * not be destroyed stays in the keyring and opens nothing. */
MUST_USE enum code keeper_collect(struct keeper_client *k, usec_t idle, uint64_t *ret, struct err *reterr);

/* Makes all destructions since the last time final: new bucket keys for touched buckets, new
 * epoch key, old epoch slot overwritten. Nothing to do: returns at once, *ret 0 buckets. */
struct renewal { uint64_t buckets, keys, epoch; usec_t took; };
MUST_USE enum code keeper_renew(struct keeper_client *k, struct renewal *ret, struct err *reterr);

struct keeper_status {
    uint64_t epoch, buckets, keys, pending /* destroyed, not yet final */, destroyed_today, opened_minute;
    uint64_t opened_most /* by one tenant in a minute */, destroyed_most /* in a day */, allowed_today /* beyond it, by hand */;
    usec_t renewed; char root[16] /* "file", "passphrase", "credential" */; bool in_place /* epoch slots are overwritten by O_DIRECT */;
    char filesystem[16];
    bool locked;                             /* the keeper's secrets lie in locked memory */
    struct uuid owner;                       /* id of the data directory that the keyring was made for */
};
MUST_USE enum code keeper_status(struct keeper_client *k, struct keeper_status *ret, struct err *reterr);

/* Signs the head of a ledger chain. `digests` are those of the entries after the head signed
 * last; the keeper recomputes head = SHA-256(head before ‖ digest) for each and refuses
 * (E_CONFLICT) one that does not extend what it signed. */
MUST_USE enum code keeper_sign_head(struct keeper_client *k, int64_t chain, uint64_t from_seq, const uint8_t (*digests)[HASH_SIZE],
                                    size_t count, const uint8_t head[HASH_SIZE], uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr);
MUST_USE enum code keeper_head(struct keeper_client *k, int64_t chain, uint64_t *ret_seq, uint8_t ret_head[HASH_SIZE], struct err *reterr);
/* The next chain after that one (-1: the first) of which the keeper signed a head; E_NOT_FOUND: none. */
MUST_USE enum code keeper_chain_after(struct keeper_client *k, int64_t after, int64_t *ret, struct err *reterr);
MUST_USE enum code keeper_public(struct keeper_client *k, uint8_t ret[PUBLIC_SIZE], struct err *reterr);

/* Signs a statement that is no head of a ledger: what it is ("pack"), and the SHA-256 of its text. Covers "sejf statement\0" ‖ what ‖ "\0" ‖
 * digest. "certificate" is keeper_certify's alone (E_FORBIDDEN). */
MUST_USE enum code keeper_attest(struct keeper_client *k, const char *what, const uint8_t digest[HASH_SIZE], uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr);
/* Signs a certificate of erasure, and only when each of the keys of that tenant is destroyed and a renewal has made it final, which the
 * keeper looks at itself: else E_CONFLICT. ids: ascending, each once, any number of them. epoch: the keyring's, as the text names it;
 * E_CONFLICT when another has begun. What is signed binds text and keys together: keeper/statement.h. */
MUST_USE enum code keeper_certify(struct keeper_client *k, int64_t tenant, uint64_t epoch, const key_id *ids, size_t count, const uint8_t digest[HASH_SIZE],
                                  uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr);

/* For the probe of erasure: keep a copy of every file of the keyring as it is now; later try to
 * open keys from that copy with today's root and epoch keys. *ret_opened counts what could be opened. */
MUST_USE enum code keeper_rehearse_copy(struct keeper_client *k, struct err *reterr);
MUST_USE enum code keeper_rehearse_open(struct keeper_client *k, int64_t tenant, const key_id *ids, size_t count, size_t *ret_opened, struct err *reterr);
