/* rsa.h — RSA signatures over SHA-256 (PKCS #1 v1.5, RFC 8017), as mail is signed with them. A key is read once and shared by threads; each thread keeps a
 * context for the key that it used last, for making one anew costs more than half a signature. */
#pragma once
#include "base/buf.h"
#include "crypto/crypto.h"

#define RSA_KEY_LEAST 2048                    /* bits */
#define RSA_KEY_MOST 4096
struct rsa_key;
/* A private key in PEM. E_CONFIG: it is none, is sealed with a password, is no RSA key, or has too few bits or too many. */
MUST_USE enum code rsa_read(const char *pem, size_t len, struct rsa_key **ret, struct err *reterr);
struct rsa_key *rsa_free(struct rsa_key *k);
DEFINE_AUTO(struct rsa_key, rsa_free)
int rsa_bits(const struct rsa_key *k);
/* Appended. */
MUST_USE enum code rsa_sign(const struct rsa_key *k, const void *bytes, size_t len, struct buf *ret, struct err *reterr);
/* The public key as SubjectPublicKeyInfo (DER), appended. */
MUST_USE enum code rsa_public(const struct rsa_key *k, struct buf *ret, struct err *reterr);
/* A new key of 2048 bits in PEM, appended; the caller wipes it. */
MUST_USE enum code rsa_make(struct buf *ret, struct err *reterr);
