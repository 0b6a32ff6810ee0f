/* jwt.h — is this ID token what the provider signed for us, and of now? (JWS compact form, RFC 7515; keys of RFC 7517; OpenID Connect Core 1.0
 * section 3.1.3.7.) Signatures are RS256, PS256, ES256 and EdDSA (Ed25519); "none" and every HMAC are refused, and a key serves the
 * algorithms of its kind alone. Pure: the caller passes the time. Thread-safe. crypto_init has run. */
#pragma once
#include <jansson.h>

#include "base/time.h"
#include "crypto/crypto.h"

#define JWT_MAX 16384u                        /* bytes of a token */
#define JWKS_MAX (256u << 10)                 /* bytes of a set of keys */
#define JWT_SKEW (2 * USEC_PER_MINUTE)

struct jwks;
/* Keys of other kinds and uses, and weak ones (RSA below 2048 bits), are left out. E_INVALID: no set of keys, or none that is of use here. */
MUST_USE enum code jwks_read(const char *text, size_t len, struct jwks **ret, struct err *reterr);
struct jwks *jwks_free(struct jwks *k);
DEFINE_AUTO(struct jwks, jwks_free)
size_t jwks_count(const struct jwks *k);

struct jwt_wish {
    const char *issuer, *audience;           /* who must have signed, for whom */
    const char *nonce;                       /* that the token must carry; NULL: none is looked at */
    const char *access_token;                /* what at_hash must be of, where it stands; NULL: none came */
    usec_t now;
};
/* The claims (a new reference); texts "iss" and "sub" are there. E_NOT_FOUND: signed by a key that is not in the set, which may have been
 * renewed since; E_INVALID: anything else that is not as it must be. */
MUST_USE enum code jwt_verify(const struct jwks *keys, const char *token, size_t len, const struct jwt_wish *wish, json_t **ret, struct err *reterr);
/* Only the signature, as jwt_verify looks at it: the payload, decoded, appended to *ret. */
MUST_USE enum code jws_verify(const struct jwks *keys, const char *token, size_t len, struct buf *ret, struct err *reterr);
