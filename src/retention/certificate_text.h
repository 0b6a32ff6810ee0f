/* certificate_text.h — the bytes of a certificate, made in one place and read in another. Pure. Ownership: what is returned is the
 * caller's. */
#pragma once
#include "retention/certificate.h"

struct certificate_parts {
    const char *service; int64_t tenant, number; const char *made, *cause, *by, *from, *until; size_t destructions;
    const uint64_t *keys; size_t key_count;   /* ascending, each once */
    uint64_t epoch; const char *renewed; uint64_t seq; const uint8_t *head;
};
/* counts is taken over. */
MUST_USE enum code certificate_body(const struct certificate_parts *p, json_t *counts, json_t **ret, struct err *reterr);
/* SHA-256 over the canonical bytes. */
MUST_USE enum code certificate_digest(const json_t *body, uint8_t ret[HASH_SIZE], struct err *reterr);
MUST_USE enum code certificate_whole(const json_t *body, const uint8_t digest[HASH_SIZE], const uint8_t public[PUBLIC_SIZE], const uint8_t sig[SIGNATURE_SIZE],
                                     struct buf *ret, struct err *reterr);
/* "4096-4099,4101": the hash over the numbers and how many there are. False: not of this form (ascending, joined where they touch). */
MUST_USE bool certificate_ranges(const char *text, uint8_t ret_hash[HASH_SIZE], uint64_t *ret_count);
