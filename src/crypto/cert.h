/* cert.h — certificates in PEM: a self-made one for a host without a public name, and what one says about itself.
 * Pure but for randomness; the caller passes the time. Thread-safe. Private keys go to a buf that the caller wipes. */
#pragma once
#include "base/time.h"
#include "crypto/crypto.h"

/* A certificate authority and a server certificate signed by it, both ECDSA P-256. The authority's key is forgotten at once:
 * it can never sign anything else. names: DNS names and numeric addresses, the first is the subject.
 * ret_chain: server certificate, then authority; ret_key: the server's private key (PKCS #8). */
MUST_USE enum code cert_make(const char *const *names, size_t count, usec_t now, int days,
                             struct buf *ret_authority, struct buf *ret_chain, struct buf *ret_key, struct err *reterr);

struct cert_info { usec_t from, until; };
/* Of the first certificate in the text. E_DAMAGED when there is none. */
MUST_USE enum code cert_read(const char *pem, size_t len, struct cert_info *ret, struct err *reterr);
/* Is the first certificate made for that name (RFC 6125) or numeric address? */
MUST_USE bool cert_covers(const char *pem, size_t len, const char *name);
/* E_CONFIG when the key is not that of the first certificate. */
MUST_USE enum code cert_key_fits(const char *pem, size_t len, const char *key, size_t key_len, struct err *reterr);
