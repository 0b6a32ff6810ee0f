/* ledger.h — the append-only, hash-chained history: one chain for each tenant, chain 0 the instance's.
 * An entry is canonical JSON (keys sorted, no spaces) {at, do, who, what, …}; digest = SHA-256(entry),
 * head = SHA-256(head before ‖ digest). It never holds a personal value: subjects appear under
 * pseudonyms, sealed content by the hash of its ciphertext. */
#pragma once
#include <jansson.h>

#include "store/tables.h"

/* Appends within the caller's transaction. `what` is borrowed; may be NULL. */
MUST_USE enum code ledger_append(struct txn *t, const char *verb /* "record_made" */, const char *who /* "token 7", "sejf" */, json_t *what, struct err *reterr);
/* The same from outside a write: queues one of its own; waits when `wait`. */
MUST_USE enum code ledger_note(struct store *s, int64_t tenant, const char *verb, const char *who, json_t *what, bool wait, struct err *reterr);

struct ledger_check { uint64_t entries, chains, signed_heads; uint64_t bad_seq; int64_t bad_chain; };
typedef bool (*verify_fn)(const uint8_t public[PUBLIC_SIZE], const void *bytes, size_t len, const uint8_t sig[SIGNATURE_SIZE]);
/* Recomputes every chain from the database and holds it to the signed heads. E_DAMAGED names chain and position. */
MUST_USE enum code ledger_verify(struct store *s, const uint8_t public[PUBLIC_SIZE], struct ledger_check *ret, struct err *reterr);
/* NDJSON: entries with their heads, then the signed heads; and its offline check. */
MUST_USE enum code ledger_export(struct store *s, int64_t chain /* -1: all */, int fd, struct err *reterr);
MUST_USE enum code ledger_verify_file(int fd, const uint8_t public[PUBLIC_SIZE] /* NULL: the one in the file */, struct ledger_check *ret, struct err *reterr);

/* Signs the heads of all chains that grew. The signer is the keeper (keeper_sign_head) behind this driver. */
struct ledger_signer {
    enum code (*head)(void *arg, int64_t chain, uint64_t *ret_seq, uint8_t ret_head[HASH_SIZE], struct err *reterr);
    enum code (*sign)(void *arg, int64_t chain, uint64_t from_seq, const uint8_t (*digests)[HASH_SIZE], size_t count,
                      const uint8_t head[HASH_SIZE], uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr);
    void *arg;
};
MUST_USE enum code ledger_sign(struct store *s, const struct ledger_signer *signer, struct err *reterr);
/* What a signature covers: "sejf ledger head\0" ‖ chain (i64 be) ‖ seq (u64 be) ‖ head. 65 bytes. */
#define LEDGER_HEAD_TEXT_SIZE (17u + 8u + 8u + HASH_SIZE)
void ledger_head_text(int64_t chain, uint64_t seq, const uint8_t head[HASH_SIZE], uint8_t ret[LEDGER_HEAD_TEXT_SIZE]);
