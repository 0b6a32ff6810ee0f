/* hash.c — SHA-256, HMAC, HKDF. Where a thread has no memory for its OpenSSL contexts, libsodium's
 * slower functions, which need none, give the same bytes: so these calls cannot fail. */
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/context.h"

_Static_assert(crypto_hash_sha256_BYTES == HASH_SIZE, "SHA-256");

struct hash { crypto_hash_sha256_state state; };       /* OpenSSL's asks for memory again each time it starts anew */

void hash_sha256(const void *bytes, size_t len, uint8_t ret[HASH_SIZE]) {
    PRE((bytes != NULL || len == 0) && ret != NULL);
    struct context *c = context_get();
    if (c != NULL && EVP_DigestInit_ex2(c->sha256, NULL, NULL) == 1 && EVP_DigestUpdate(c->sha256, bytes, len) == 1
        && EVP_DigestFinal_ex(c->sha256, ret, NULL) == 1)
        return;
    must(crypto_hash_sha256(ret, bytes, len) == 0);
}

struct hash *hash_new(void) {
    struct hash *h = mem_new(sizeof *h);
    if (h != NULL)
        must(crypto_hash_sha256_init(&h->state) == 0);
    return h;
}

void hash_add(struct hash *h, const void *bytes, size_t len) {
    PRE(h != NULL);
    must(crypto_hash_sha256_update(&h->state, bytes, len) == 0);
}

void hash_end(struct hash *h, uint8_t ret[HASH_SIZE]) {
    PRE(h != NULL);
    must(crypto_hash_sha256_final(&h->state, ret) == 0 && crypto_hash_sha256_init(&h->state) == 0);
}

struct hash *hash_free(struct hash *h) {
    if (h != NULL)
        crypto_wipe(h, sizeof *h);
    return mem_free(h);
}

static void hmac_small(const void *key, size_t key_len, const void *bytes, size_t len, uint8_t ret[HASH_SIZE]) {
    crypto_auth_hmacsha256_state s;
    must(crypto_auth_hmacsha256_init(&s, key_len == 0 ? (const uint8_t *)"" : key, key_len) == 0 && crypto_auth_hmacsha256_update(&s, bytes, len) == 0
        && crypto_auth_hmacsha256_final(&s, ret) == 0);
    crypto_wipe(&s, sizeof s);
}

/* A thread makes one token after another under the same key, which OpenSSL then need not take up again (a NULL key is the one of
 * before; it costs half). An empty key means that to it as well, so it takes the other way. */
static bool hmac_begin(struct context *c, const void *key, size_t key_len) {
    if (key_len == 0)
        return false;
    if (key_len == KEY_SIZE && c->hmac_known && crypto_equal(key, c->hmac_key.bytes, KEY_SIZE))
        return EVP_MAC_init(c->hmac, NULL, 0, NULL) == 1;
    c->hmac_known = false;
    if (EVP_MAC_init(c->hmac, key, key_len, NULL) != 1)
        return false;
    if (key_len == KEY_SIZE) {
        memcpy(c->hmac_key.bytes, key, KEY_SIZE);
        c->hmac_known = true;
    }
    return true;
}

void hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len, uint8_t ret[HASH_SIZE]) {
    PRE((key != NULL || key_len == 0) && (bytes != NULL || len == 0) && ret != NULL);
    struct context *c = context_get();
    size_t n = 0;
    if (c != NULL && hmac_begin(c, key, key_len)
        && EVP_MAC_update(c->hmac, bytes, len) == 1 && EVP_MAC_final(c->hmac, ret, &n, HASH_SIZE) == 1 && n == HASH_SIZE)
        return;
    hmac_small(key, key_len, bytes, len, ret);
}

static OSSL_PARAM piece(const char *name, const void *bytes, size_t len) {
    static uint8_t none[1];
    union { const void *in; void *out; } p = { .in = len == 0 ? none : bytes };   /* OpenSSL only reads it */
    return OSSL_PARAM_construct_octet_string(name, p.out, len);
}

enum code hkdf_sha256(const void *ikm, size_t ikm_len, const void *salt, size_t salt_len,
                      const void *info, size_t info_len, void *ret, size_t ret_len, struct err *reterr) {
    PRE(ikm != NULL && ikm_len > 0 && ret != NULL && ret_len > 0 && reterr != NULL);
    if (ret_len > 255u * HASH_SIZE)
        return err_set(reterr, E_INVALID, "HKDF-SHA-256 gives at most 8160 bytes, not %zu", ret_len);
    struct context *c = context_get();
    if (c == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the key derivation of a thread");
    char digest[] = "SHA256";
    OSSL_PARAM p[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        piece(OSSL_KDF_PARAM_KEY, ikm, ikm_len),
        piece(OSSL_KDF_PARAM_SALT, salt, salt_len),
        piece(OSSL_KDF_PARAM_INFO, info, info_len),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF_CTX_reset(c->hkdf);
    bool fine = EVP_KDF_derive(c->hkdf, ret, ret_len, p) == 1;
    EVP_KDF_CTX_reset(c->hkdf);              /* drops its copy of the key */
    return fine ? OK : err_set(reterr, E_MEMORY, "no memory for deriving a key");   /* nothing else can fail here */
}
