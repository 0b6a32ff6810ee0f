/* certificate.h — certificates of erasure: what was destroyed, of which kinds and how much, why and by whom, in which time, the numbers of
 * the destroyed keys, the renewal that made it final, and where the ledger stood. Signed by the keeper, which looks at each key itself.
 * Nothing personal stands in one. It is one line of canonical JSON (keys sorted, no spaces, a line break at the end):
 *   {"body":{…},"hash":"…","public":"…","signature":"…"}
 * hash: SHA-256 over the bytes of body; what the signature covers: keeper/statement.h. Thread-safe. */
#pragma once
#include "keeper/client.h"
#include "ledger/ledger.h"
#include "store/store.h"

#define CERTIFICATE_VERSION 1
#define CERTIFICATE_KEYS ((size_t)1 << 20)    /* of several destructions in one; a single one of more has its own */
#define CERTIFICATE_MOST ((size_t)64 << 20)   /* bytes */

/* For all that was destroyed in that tenant, is final, and which no certificate tells of yet: one for each cause and by whom. What is not
 * final waits. Written together with its ledger entry (certificate_made), so there are never two of one destruction; cut before that,
 * it is made the next time. E_DAMAGED: one cannot be read any more; *ret_made says how many others have theirs. */
MUST_USE enum code certificates_make(struct store *s, struct keeper_client *k, const char *service, int64_t tenant, size_t *ret_made, struct err *reterr);

/* {items: [{number, made, cause, by, counts, from, until, keys, hash}], next}, the newest first; before: a number, INT64_MAX for all. */
MUST_USE enum code certificates_told(struct store *s, int64_t tenant, int64_t before, size_t limit, json_t **ret, struct err *reterr);
/* The text as it was signed, appended. E_NOT_FOUND. */
MUST_USE enum code certificate_text(struct store *s, int64_t tenant, int64_t number, struct buf *ret, struct err *reterr);

/* ---- anywhere, without an installation */
struct certificate { json_t *body; uint8_t hash[HASH_SIZE], public[PUBLIC_SIZE]; uint64_t keys; };
void certificate_done(struct certificate *c);
DEFINE_AUTO_VALUE(struct certificate, certificate_done)
/* Form, hash, keys and signature. public NULL: by the key that stands in it. E_DAMAGED names what was altered. */
MUST_USE enum code certificate_verify(const char *text, size_t len, const uint8_t public[PUBLIC_SIZE], struct certificate *ret, struct err *reterr);
/* In an export of the ledger, which is held to that key from end to end: does the chain stand where the certificate says, and does it tell
 * of the certificate? E_DAMAGED: not so. */
MUST_USE enum code certificate_in_ledger(const struct certificate *c, int fd, const uint8_t public[PUBLIC_SIZE], struct err *reterr);
