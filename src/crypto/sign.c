/* sign.c — Ed25519 (RFC 8032): the private key is the 32-byte seed. */
#include <openssl/evp.h>

#include "crypto/crypto.h"

static void auto_pkey(EVP_PKEY **p) { EVP_PKEY_free(*p); }
static void auto_mdctx(EVP_MD_CTX **p) { EVP_MD_CTX_free(*p); }

enum code sign_public(const uint8_t seed[32], uint8_t ret_public[PUBLIC_SIZE], struct err *reterr) {
    PRE(seed != NULL && ret_public != NULL && reterr != NULL);
    size_t len = PUBLIC_SIZE;
    uint8_t public[PUBLIC_SIZE];
    AUTO(pkey) EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    if (key == NULL || EVP_PKEY_get_raw_public_key(key, public, &len) != 1 || len != PUBLIC_SIZE)
        return err_set(reterr, E_INTERNAL, "an Ed25519 key could not be made from its seed");
    for (size_t i = 0; i < PUBLIC_SIZE; i++)
        ret_public[i] = public[i];
    return OK;
}

enum code sign_make(uint8_t seed[32], uint8_t ret_public[PUBLIC_SIZE], struct err *reterr) {
    PRE(seed != NULL);
    crypto_random(seed, 32);
    return sign_public(seed, ret_public, reterr);
}

enum code sign(const uint8_t seed[32], const void *bytes, size_t len, uint8_t ret[SIGNATURE_SIZE], struct err *reterr) {
    PRE(seed != NULL && (bytes != NULL || len == 0) && ret != NULL && reterr != NULL);
    size_t sig_len = SIGNATURE_SIZE;
    AUTO(pkey) EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    AUTO(mdctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (key == NULL || ctx == NULL || EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) != 1
        || EVP_DigestSign(ctx, ret, &sig_len, len == 0 ? (const uint8_t *)"" : bytes, len) != 1 || sig_len != SIGNATURE_SIZE)
        return err_set(reterr, E_INTERNAL, "Ed25519 failed to sign");
    return OK;
}

/* False also without memory: what could not be verified is not verified. */
bool sign_verify(const uint8_t public[PUBLIC_SIZE], const void *bytes, size_t len, const uint8_t sig[SIGNATURE_SIZE]) {
    PRE(public != NULL && (bytes != NULL || len == 0) && sig != NULL);
    AUTO(pkey) EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, PUBLIC_SIZE);
    AUTO(mdctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    return key != NULL && ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1
        && EVP_DigestVerify(ctx, sig, SIGNATURE_SIZE, len == 0 ? (const uint8_t *)"" : bytes, len) == 1;
}
