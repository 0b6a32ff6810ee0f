/* statement.h — what the keeper's signature covers where it signs no head of the ledger. Pure; who checks such a signature needs no
 * keeper. Numbers are big-endian. */
#pragma once
#include "crypto/crypto.h"

#define STATEMENT_WHAT_MAX 32u               /* letters of what it is: "pack", "certificate" */

/* "sejf statement\0" ‖ what ‖ "\0" ‖ digest, the SHA-256 of the statement's text. */
void statement_text(const char *what, const uint8_t digest[HASH_SIZE], struct buf *ret);

/* A certificate of erasure: the above with "certificate", then tenant (8) ‖ epoch (8) ‖ count (8) ‖ keys, where keys is the SHA-256 over
 * the numbers (8 each) of the destroyed keys, ascending. So the keeper answers for just these keys, and for no others. */
struct certified { uint8_t digest[HASH_SIZE]; int64_t tenant; uint64_t epoch, count; uint8_t keys[HASH_SIZE]; };
void certified_text(const struct certified *c, struct buf *ret);
/* Adds the number of a key to the hash over them. */
void certified_key(struct hash *h, uint64_t id);
