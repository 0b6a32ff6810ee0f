/* context.c — invariant: a struct context that context_get returns has every member set but rsa. */
#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <pthread.h>

#include "base/mem.h"

static struct {
    EVP_CIPHER *gcm, *ecb;
    EVP_MD *sha256;
    EVP_MAC *hmac;
    EVP_KDF *hkdf;
    pthread_key_t at_exit;
    bool ready;
} fetched;

static _Thread_local struct context *mine;

static void context_free(void *p) {
    struct context *c = p;
    if (c == NULL)
        return;
    EVP_CIPHER_CTX_free(c->seal);
    EVP_CIPHER_CTX_free(c->open);
    EVP_CIPHER_CTX_free(c->lane_wrap);
    EVP_CIPHER_CTX_free(c->lane_unwrap);
    EVP_MD_CTX_free(c->sha256);
    EVP_MAC_CTX_free(c->hmac);
    EVP_KDF_CTX_free(c->hkdf);
    EVP_PKEY_CTX_free(c->rsa);
    crypto_wipe(c, sizeof *c);
    mem_free(c);
    mine = NULL;
}

/* The cipher is bound here once: a later init with a NULL cipher only changes key and nonce,
 * which is four times as fast. A context without padding takes its parameters anew at each init; GCM never pads, and whole
 * blocks that are encrypted come out at once, padding or not, because nothing here ever ends such a run. */
static EVP_CIPHER_CTX *cipher_new(const EVP_CIPHER *cipher, int encrypts, bool bare) {
    static const uint8_t zero[KEY_SIZE];
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    if (c == NULL)
        return NULL;
    if (EVP_CipherInit_ex2(c, cipher, zero, NULL, encrypts, NULL) != 1 || (bare && EVP_CIPHER_CTX_set_padding(c, 0) != 1)) {
        EVP_CIPHER_CTX_free(c);
        return NULL;
    }
    return c;
}

static bool context_fill(struct context *c) {
    char digest[] = "SHA256";
    OSSL_PARAM with_sha256[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end() };
    static const uint8_t zero[KEY_SIZE];
    return (c->seal = cipher_new(fetched.gcm, 1, false)) != NULL && (c->open = cipher_new(fetched.gcm, 0, false)) != NULL
        && (c->lane_wrap = cipher_new(fetched.ecb, 1, false)) != NULL && (c->lane_unwrap = cipher_new(fetched.ecb, 0, true)) != NULL
        && (c->sha256 = EVP_MD_CTX_new()) != NULL && EVP_DigestInit_ex2(c->sha256, fetched.sha256, NULL) == 1
        && (c->hmac = EVP_MAC_CTX_new(fetched.hmac)) != NULL && EVP_MAC_init(c->hmac, zero, sizeof zero, with_sha256) == 1
        && (c->hkdf = EVP_KDF_CTX_new(fetched.hkdf)) != NULL;
}

struct context *context_get(void) {
    if (mine != NULL)
        return mine;
    PRE(fetched.ready);
    struct context *c = mem_new(sizeof *c);
    if (c == NULL)
        return NULL;
    c->has_brief = crypto_aead_aes256gcm_is_available() == 1;
    if (!context_fill(c) || pthread_setspecific(fetched.at_exit, c) != 0) {
        context_free(c);
        return NULL;
    }
    mine = c;
    return c;
}

enum code crypto_init(struct err *reterr) {
    PRE(reterr != NULL);
    if (fetched.ready)
        return OK;
    if (sodium_init() < 0)
        return err_set(reterr, E_SYSTEM, "libsodium does not start: the system gives no random bytes");
    fetched.gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    fetched.ecb = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
    fetched.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    fetched.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    fetched.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    if (fetched.gcm == NULL || fetched.ecb == NULL || fetched.sha256 == NULL || fetched.hmac == NULL || fetched.hkdf == NULL)
        return err_set(reterr, E_SYSTEM, "OpenSSL lacks AES-256-GCM, AES-256-ECB, SHA-256, HMAC or HKDF: "
                                         "check that openssl.cnf activates the default provider");
    if (pthread_key_create(&fetched.at_exit, context_free) != 0)
        return err_set(reterr, E_SYSTEM, "no thread key is left for the cipher contexts");
    fetched.ready = true;
    if (context_get() == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the cipher contexts");
    return OK;
}

void crypto_forget(void) {
    static const uint8_t zero[KEY_SIZE];
    if (mine == NULL)
        return;
    struct context *c = mine;
    EVP_CIPHER_CTX *const all[] = { c->seal, c->open, c->lane_wrap, c->lane_unwrap };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        must(EVP_CipherInit_ex2(all[i], NULL, zero, NULL, -1, NULL) == 1);
    EVP_KDF_CTX_reset(c->hkdf);
    EVP_PKEY_CTX_free(c->rsa);
    c->rsa = NULL;
    crypto_wipe(&c->brief, sizeof c->brief);
    crypto_wipe(&c->hmac_key, sizeof c->hmac_key);
    c->hmac_known = false;
    if (EVP_MAC_init(c->hmac, zero, sizeof zero, NULL) != 1) {     /* it copies the key, and there is no memory: then all of it goes */
        (void)pthread_setspecific(fetched.at_exit, NULL);
        context_free(c);
    }
}
