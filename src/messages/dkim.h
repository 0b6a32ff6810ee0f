/* dkim.h — DKIM signatures (RFC 6376) over whole messages: rsa-sha256, relaxed/relaxed. Every header that a reader sees is signed once more than it
 * stands there, so that nobody adds a second one. Made once and shared by threads. */
#pragma once
#include "base/time.h"
#include "crypto/rsa.h"

struct dkim;
/* key: becomes the dkim's. E_CONFIG: a domain or selector that is no name. */
MUST_USE enum code dkim_new(const char *domain, const char *selector, struct rsa_key *key, struct dkim **ret, struct err *reterr);
struct dkim *dkim_free(struct dkim *d);
DEFINE_AUTO(struct dkim, dkim_free)
const char *dkim_domain(const struct dkim *d);
/* The header for that message, whose lines end in CRLF, appended with its CRLF; it goes before the message. E_INVALID: a message without From. */
MUST_USE enum code dkim_sign(const struct dkim *d, const char *message, size_t len, usec_t now, struct buf *ret, struct err *reterr);
/* Where the public key has to stand ("s2026._domainkey.seats.example"), and what ("v=DKIM1; k=rsa; p=…"). */
MUST_USE enum code dkim_record(const struct dkim *d, struct buf *ret_name, struct buf *ret_text, struct err *reterr);
