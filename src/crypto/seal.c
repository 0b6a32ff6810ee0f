/* seal.c — AES-256-GCM with a random nonce: nonce ‖ ciphertext ‖ tag.
 *
 * Two libraries write the same bytes. A record has a key of its own, so each call sets up a key: for the few hundred bytes of a
 * record that costs OpenSSL more than the cipher does, and libsodium half of it; for more bytes OpenSSL's cipher is twice as fast.
 * libsodium has this cipher where the processor does; elsewhere everything goes through OpenSSL. */
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "crypto/context.h"

#define LONGEST (1u << 30)                   /* far below the limit of GCM (2^36) and of int */

#define BRIEF 768u                           /* bytes up to which libsodium is the faster; measured */

static bool is_brief(const struct context *c, size_t len) { return c->has_brief && len <= BRIEF; }

static enum code no_context(struct err *reterr) {
    return err_set(reterr, E_MEMORY, "no memory for the cipher contexts of a thread");
}

/* With a key, a nonce and bounded lengths, nothing else can keep the cipher from starting. */
static enum code no_cipher(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for AES-256-GCM"); }

static bool brief_seal(struct context *c, const struct key *key, const uint8_t nonce[NONCE_SIZE], const void *ad, size_t ad_len,
                       const void *plain, size_t len, uint8_t *to) {
    return crypto_aead_aes256gcm_beforenm(&c->brief, key->bytes) == 0
        && crypto_aead_aes256gcm_encrypt_afternm(to, NULL, plain, len, ad, ad_len, NULL, nonce, &c->brief) == 0;
}

/* Writes ciphertext and tag to `to`. The nonce comes from outside only for the published vectors. */
static bool gcm_seal(struct context *c, const struct key *key, const uint8_t nonce[NONCE_SIZE], const void *ad, size_t ad_len,
                     const void *plain, size_t len, uint8_t *to) {
    int n = 0;
    if (is_brief(c, len))
        return brief_seal(c, key, nonce, ad, ad_len, plain, len, to);
    OSSL_PARAM tag[] = { OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, to + len, TAG_SIZE), OSSL_PARAM_construct_end() };
    return EVP_EncryptInit_ex2(c->seal, NULL, key->bytes, nonce, NULL) == 1
        && (ad_len == 0 || EVP_EncryptUpdate(c->seal, NULL, &n, ad, (int)ad_len) == 1)
        && (len == 0 || EVP_EncryptUpdate(c->seal, to, &n, plain, (int)len) == 1)
        && EVP_EncryptFinal_ex(c->seal, to + len, &n) == 1
        && EVP_CIPHER_CTX_get_params(c->seal, tag) == 1;
}

enum code seal(const struct key *key, const void *ad, size_t ad_len, const void *plain, size_t len,
               struct buf *ret, struct err *reterr) {
    PRE(key != NULL && ret != NULL && reterr != NULL);
    if (len > LONGEST || ad_len > LONGEST)
        return err_set(reterr, E_TOO_LARGE, "more than 1 GiB cannot be sealed in one piece: seal it in chunks");
    struct context *c = context_get();
    if (c == NULL)
        return no_context(reterr);
    size_t start = ret->len;
    uint8_t *to = (uint8_t *)buf_more(ret, len + SEAL_OVERHEAD);
    if (to == NULL)
        return err_set(reterr, E_MEMORY, "no memory for %zu sealed bytes", len + SEAL_OVERHEAD);
    crypto_random(to, NONCE_SIZE);
    if (!gcm_seal(c, key, to, ad, ad_len, plain, len, to + NONCE_SIZE)) {
        buf_cut(ret, start);
        return no_cipher(reterr);
    }
    return OK;
}

/* `body` is ciphertext and tag; len bytes go to `to`, which has room for one even where there are none. E_DAMAGED: the tag is another's. */
static enum code gcm_open(struct context *c, const struct key *key, const uint8_t nonce[NONCE_SIZE], const void *ad, size_t ad_len,
                     const uint8_t *body, size_t len, uint8_t *to) {
    uint8_t tag_bytes[TAG_SIZE], none[1];
    int n = 0;
    if (is_brief(c, len))
        return crypto_aead_aes256gcm_beforenm(&c->brief, key->bytes) == 0
            && crypto_aead_aes256gcm_decrypt_afternm(to, NULL, NULL, body, len + TAG_SIZE, ad, ad_len, nonce, &c->brief) == 0 ? OK : E_DAMAGED;
    memcpy(tag_bytes, body + len, TAG_SIZE);
    OSSL_PARAM tag[] = { OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag_bytes, TAG_SIZE), OSSL_PARAM_construct_end() };
    if (EVP_DecryptInit_ex2(c->open, NULL, key->bytes, nonce, tag) != 1 || (ad_len > 0 && EVP_DecryptUpdate(c->open, NULL, &n, ad, (int)ad_len) != 1)
        || (len > 0 && EVP_DecryptUpdate(c->open, to, &n, body, (int)len) != 1))
        return E_MEMORY;
    return EVP_DecryptFinal_ex(c->open, none, &n) == 1 ? OK : E_DAMAGED;
}

enum code seal_open(const struct key *key, const void *ad, size_t ad_len, const void *sealed, size_t len,
                    struct buf *ret, struct err *reterr) {
    PRE(key != NULL && ret != NULL && reterr != NULL);
    if (len < SEAL_OVERHEAD || len > LONGEST || ad_len > LONGEST)
        return err_set(reterr, E_DAMAGED, "sealed bytes have a length that seal never makes");
    struct context *c = context_get();
    if (c == NULL)
        return no_context(reterr);
    const uint8_t *nonce = sealed, *body = nonce + NONCE_SIZE;
    size_t body_len = len - SEAL_OVERHEAD, start = ret->len;
    uint8_t none[1];
    uint8_t *to = body_len == 0 ? none : (uint8_t *)buf_more(ret, body_len);
    if (to == NULL)
        return err_set(reterr, E_MEMORY, "no memory for %zu opened bytes", body_len);
    enum code code = gcm_open(c, key, nonce, ad, ad_len, body, body_len, to);
    if (code != OK) {
        crypto_wipe(to, body_len);           /* nothing that failed the check is ever seen */
        buf_cut(ret, start);
        return code == E_MEMORY ? no_cipher(reterr) : err_set(reterr, E_DAMAGED, "sealed bytes do not open: they, their key or their place are not those of the sealing");
    }
    return OK;
}

void piece_add(struct buf *ret, const void *bytes, size_t len) {
    PRE(len <= UINT32_MAX);
    uint8_t size[4] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };
    buf_add(ret, size, sizeof size);
    buf_add(ret, bytes, len);
}
