/* agree.c — keys that come from outside: a password (Argon2id), a peer (X25519). */
#include <openssl/evp.h>
#include <sodium.h>

#include "crypto/crypto.h"

_Static_assert(crypto_pwhash_argon2id_SALTBYTES == 16, "the salt of password_key");

static void auto_pkey(EVP_PKEY **p) { EVP_PKEY_free(*p); }
static void auto_pkey_ctx(EVP_PKEY_CTX **p) { EVP_PKEY_CTX_free(*p); }

enum code password_key(const char *password, size_t len, const uint8_t salt[16], uint64_t ops, size_t mem_bytes,
                       struct key *ret, struct err *reterr) {
    PRE((password != NULL || len == 0) && salt != NULL && ret != NULL && reterr != NULL);
    if (ops < crypto_pwhash_argon2id_OPSLIMIT_MIN || ops > 64 || mem_bytes < crypto_pwhash_argon2id_MEMLIMIT_MIN
        || mem_bytes > (size_t)4 << 30 || len > 1u << 20)
        return err_set(reterr, E_INVALID, "Argon2id takes 1 to 64 passes, 8 KiB to 4 GiB and a password of at most 1 MiB");
    struct key key;
    if (crypto_pwhash_argon2id(key.bytes, KEY_SIZE, len == 0 ? "" : password, len, salt, ops, mem_bytes,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
        return err_set(reterr, E_MEMORY, "no memory for Argon2id: it needs %zu KiB", mem_bytes / 1024);
    *ret = key;
    crypto_wipe(&key, sizeof key);
    return OK;
}

enum code exchange(const uint8_t secret[32], const uint8_t public[32], uint8_t ret[32], struct err *reterr) {
    PRE(secret != NULL && public != NULL && ret != NULL && reterr != NULL);
    size_t len = 32;
    uint8_t shared[32];
    AUTO(pkey) EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, 32);
    AUTO(pkey) EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public, 32);
    AUTO(pkey_ctx) EVP_PKEY_CTX *ctx = own == NULL ? NULL : EVP_PKEY_CTX_new(own, NULL);
    if (peer == NULL || ctx == NULL || EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer(ctx, peer) != 1)
        return err_set(reterr, E_MEMORY, "no memory for an X25519 exchange");
    if (EVP_PKEY_derive(ctx, shared, &len) != 1 || len != 32)
        return err_set(reterr, E_DAMAGED, "the public key of the peer is of low order: it is not a key that X25519 makes");
    for (size_t i = 0; i < 32; i++)
        ret[i] = shared[i];
    crypto_wipe(shared, sizeof shared);
    return OK;
}
