/* ledger.h — the append-only, hash-chained history: one chain for each tenant, chain 0 the instance's.
 * An entry is canonical JSON (keys sorted, no spaces) {at, do, who, what, …}; digest = SHA-256(entry),
 * head = SHA-256(head before ‖ digest). It never holds a personal value: subjects appear under
 * pseudonyms, sealed content by the hash of its ciphertext. */
#pragma once
#include <jansson.h>

#include "store/tables.h"

/* Appends within the caller's transaction. `what` is borrowed; json_null(): the entry has no "what"; NULL: it found no memory, E_MEMORY. */
MUST_USE enum code ledger_append(struct txn *t, const char *verb /* "record_made" */, const char *who /* "token 7", "sejf" */, json_t *what, struct err *reterr);
/* The same from outside a write: queues one of its own; waits when `wait`. */
MUST_USE enum code ledger_note(struct store *s, int64_t tenant, const char *verb, const char *who, json_t *what, bool wait, struct err *reterr);

/* entries and heads that are right; with E_DAMAGED also the chain and position of the first that is wrong (chain -1: the file as such). */
struct ledger_check { uint64_t entries, chains, signed_heads; uint64_t bad_seq; int64_t bad_chain; };
/* Recomputes every chain from the database and holds it to the signed heads. E_DAMAGED names chain and position
 * and fills *ret. public NULL: signatures are not tried (hashes are). */
MUST_USE enum code ledger_verify(struct store *s, const uint8_t public[PUBLIC_SIZE], struct ledger_check *ret, struct err *reterr);
/* NDJSON, one object a line: {"ledger":1,"public":…}, then for each chain its entries {"chain":…,"entry":{…},"head":…,"seq":…} with the
 * bytes of each entry as they were hashed, and its signed head {"chain":…,"at":…,"head":…,"seq":…,"signature":…} after the entry that it
 * signs; at the end the counts {"chains":…,"entries":…,"heads":…}, so that a cut file shows. */
MUST_USE enum code ledger_export(struct store *s, int64_t chain /* -1: all */, const uint8_t public[PUBLIC_SIZE] /* NULL: not in the file */,
                                 int fd, struct err *reterr);
/* Its offline check, in constant memory. E_DAMAGED as above. */
MUST_USE enum code ledger_verify_file(int fd, const uint8_t public[PUBLIC_SIZE] /* NULL: the one in the file */, struct ledger_check *ret, struct err *reterr);

/* Signs the heads of all chains that grew. The signer is the keeper (keeper_sign_head) behind this driver. `head` gives what it signed
 * last, `chain_after` the next chain of which it signed a head (-1: the first; E_NOT_FOUND: none); `sign` gets the digests of the entries after from_seq, the last signed one. E_DAMAGED when the signer has seen
 * more or another chain than the database holds: the data was put back from another time. */
struct ledger_signer {
    enum code (*head)(void *arg, int64_t chain, uint64_t *ret_seq, uint8_t ret_head[HASH_SIZE], struct err *reterr);
    enum code (*chain_after)(void *arg, int64_t after, int64_t *ret, struct err *reterr);
    enum code (*sign)(void *arg, int64_t chain, uint64_t from_seq, const uint8_t (*digests)[HASH_SIZE], size_t count,
                      const uint8_t head[HASH_SIZE], uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr);
    void *arg;
};
MUST_USE enum code ledger_sign(struct store *s, const struct ledger_signer *signer, struct err *reterr);
/* Holds the database to what the signer has signed. A head that is stored beside the entries goes with them when an old copy is put
 * back; the signer's own does not; and the other way round. E_DAMAGED names chain and entry and fills bad_chain and bad_seq of *ret. */
MUST_USE enum code ledger_compare(struct store *s, const struct ledger_signer *signer, struct ledger_check *ret, struct err *reterr);
/* What a signature covers: "sejf ledger head\0" ‖ chain (i64 be) ‖ seq (u64 be) ‖ head. 65 bytes. */
#define LEDGER_HEAD_TEXT_SIZE (17u + 8u + 8u + HASH_SIZE)
void ledger_head_text(int64_t chain, uint64_t seq, const uint8_t head[HASH_SIZE], uint8_t ret[LEDGER_HEAD_TEXT_SIZE]);
