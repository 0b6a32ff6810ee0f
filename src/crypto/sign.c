/* sign.c — Ed25519 (RFC 8032): the private key is the 32-byte seed. libsodium's needs no memory of its own, so that a signature
 * is never called wrong because there was none. */
#include <sodium.h>
#include <string.h>

#include "crypto/context.h"

_Static_assert(crypto_sign_ed25519_SEEDBYTES == 32 && crypto_sign_ed25519_PUBLICKEYBYTES == PUBLIC_SIZE && crypto_sign_ed25519_BYTES == SIGNATURE_SIZE, "Ed25519");

enum code sign_public(const uint8_t seed[32], uint8_t ret_public[PUBLIC_SIZE], struct err *reterr) {
    PRE(seed != NULL && ret_public != NULL && reterr != NULL);
    uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
    must(crypto_sign_ed25519_seed_keypair(ret_public, secret, seed) == 0);
    crypto_wipe(secret, sizeof secret);
    return OK;
}

enum code sign_make(uint8_t seed[32], uint8_t ret_public[PUBLIC_SIZE], struct err *reterr) {
    PRE(seed != NULL);
    crypto_random(seed, 32);
    return sign_public(seed, ret_public, reterr);
}

enum code sign(const uint8_t seed[32], const void *bytes, size_t len, uint8_t ret[SIGNATURE_SIZE], struct err *reterr) {
    PRE(seed != NULL && (bytes != NULL || len == 0) && ret != NULL && reterr != NULL);
    uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES], public[PUBLIC_SIZE];
    must(crypto_sign_ed25519_seed_keypair(public, secret, seed) == 0
        && crypto_sign_ed25519_detached(ret, NULL, len == 0 ? (const uint8_t *)"" : bytes, len, secret) == 0);
    crypto_wipe(secret, sizeof secret);
    return OK;
}

bool sign_verify(const uint8_t public[PUBLIC_SIZE], const void *bytes, size_t len, const uint8_t sig[SIGNATURE_SIZE]) {
    PRE(public != NULL && (bytes != NULL || len == 0) && sig != NULL);
    return crypto_sign_ed25519_verify_detached(sig, len == 0 ? (const uint8_t *)"" : bytes, len, public) == 0;
}
