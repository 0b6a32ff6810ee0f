/* tls.h — the client's side of TLS 1.2 or newer over bytes: it knows no socket. The other end must show a certificate for its host that an
 * authority of ours vouches for; there is no way round it. Trust may be shared by connections of one thread; a connection is one thread's. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct tls_trust;
/* The authorities of that PEM file, read now. E_CONFIG: it holds none, or cannot be read. */
MUST_USE enum code tls_trust_new(const char *file, struct tls_trust **ret, struct err *reterr);
struct tls_trust *tls_trust_free(struct tls_trust *t);
DEFINE_AUTO(struct tls_trust, tls_trust_free)

struct tls;
MUST_USE enum code tls_new(struct tls_trust *trust, const char *host, struct tls **ret, struct err *reterr);
struct tls *tls_free(struct tls *t);
DEFINE_AUTO(struct tls, tls_free)
/* What came; what is to be carried away is appended to *out, what was said inside to *ret. *ret_ready: the handshake is made and the other end is
 * who it should be. E_PEER: it is not, or what came is no TLS; *out may still hold what is to be told it. */
MUST_USE enum code tls_hear(struct tls *t, const void *bytes, size_t len, struct buf *ret, struct buf *out, bool *ret_ready, struct err *reterr);
MUST_USE enum code tls_say(struct tls *t, const void *bytes, size_t len, struct buf *out, struct err *reterr);      /* after the handshake */
const char *tls_version(const struct tls *t);           /* "TLSv1.3" */
bool tls_ended(const struct tls *t);                    /* the other end has said that it says no more */
