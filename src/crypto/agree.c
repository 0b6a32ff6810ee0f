/* agree.c — keys that come from outside: a password (Argon2id), a peer (X25519). */
#include <sodium.h>
#include <string.h>

#include "crypto/crypto.h"

_Static_assert(crypto_pwhash_argon2id_SALTBYTES == 16, "the salt of password_key");
_Static_assert(crypto_scalarmult_curve25519_BYTES == 32, "X25519");

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

/* libsodium's needs no memory, so that a key is never called bad because there was none. */
enum code exchange(const uint8_t secret[32], const uint8_t public[32], uint8_t ret[32], struct err *reterr) {
    PRE(secret != NULL && public != NULL && ret != NULL && reterr != NULL);
    uint8_t shared[crypto_scalarmult_curve25519_BYTES];
    bool good = crypto_scalarmult_curve25519(shared, secret, public) == 0;
    if (good)
        memcpy(ret, shared, sizeof shared);
    crypto_wipe(shared, sizeof shared);
    return good ? OK : err_set(reterr, E_DAMAGED, "the public key of the peer is of low order: it is not a key that X25519 makes");
}
