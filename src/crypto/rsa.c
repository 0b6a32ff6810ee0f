/* rsa.c — see rsa.h. */
#include "crypto/rsa.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/context.h"

struct rsa_key { EVP_PKEY *key; uint64_t id; };     /* id: of this process; no two keys have the same */

static enum code no_memory(struct err *reterr) {
    ERR_clear_error();
    return err_set(reterr, E_MEMORY, "no memory for a signature");
}

/* Nobody is asked for a password. */
static int no_password(char *to UNUSED, int room UNUSED, int writes UNUSED, void *arg UNUSED) { return -1; }

enum code rsa_read(const char *pem, size_t len, struct rsa_key **ret, struct err *reterr) {
    PRE(pem != NULL && ret != NULL && reterr != NULL);
    static _Atomic uint64_t ids;
    struct rsa_key *k = mem_new(sizeof *k);
    BIO *in = len > 1u << 20 ? NULL : BIO_new_mem_buf(pem, (int)len);
    EVP_PKEY *key = in == NULL ? NULL : PEM_read_bio_PrivateKey(in, NULL, no_password, NULL);
    BIO_free(in);
    ERR_clear_error();
    int bits = key == NULL ? 0 : EVP_PKEY_get_bits(key);
    if (k == NULL || key == NULL || !EVP_PKEY_is_a(key, "RSA") || bits < RSA_KEY_LEAST || bits > RSA_KEY_MOST) {
        bool rsa = key != NULL && EVP_PKEY_is_a(key, "RSA");
        EVP_PKEY_free(key);
        if (k == NULL)
            return no_memory(reterr);
        mem_free(k);
        return rsa ? err_set(reterr, E_CONFIG, "an RSA key of %d bits: it has to have %d to %d", bits, RSA_KEY_LEAST, RSA_KEY_MOST)
                   : err_set(reterr, E_CONFIG, "this is no private RSA key in PEM without a password");
    }
    *k = (struct rsa_key){ key, atomic_fetch_add(&ids, 1) + 1 };
    *ret = k;
    return OK;
}

struct rsa_key *rsa_free(struct rsa_key *k) {
    if (k != NULL)
        EVP_PKEY_free(k->key);
    return mem_free(k);
}

int rsa_bits(const struct rsa_key *k) { return EVP_PKEY_get_bits(k->key); }

/* The thread's context, set to this key. NULL: no memory. */
static EVP_PKEY_CTX *context_for(const struct rsa_key *k) {
    struct context *c = context_get();
    if (c == NULL || (c->rsa != NULL && c->rsa_of == k->id))
        return c == NULL ? NULL : c->rsa;
    EVP_PKEY_CTX *fresh = EVP_PKEY_CTX_new_from_pkey(NULL, k->key, NULL);
    if (fresh == NULL || EVP_PKEY_sign_init(fresh) != 1 || EVP_PKEY_CTX_set_rsa_padding(fresh, RSA_PKCS1_PADDING) != 1 || EVP_PKEY_CTX_set_signature_md(fresh, EVP_sha256()) != 1) {
        EVP_PKEY_CTX_free(fresh);
        return NULL;
    }
    EVP_PKEY_CTX_free(c->rsa);
    c->rsa = fresh;
    c->rsa_of = k->id;
    return fresh;
}

enum code rsa_sign(const struct rsa_key *k, const void *bytes, size_t len, struct buf *ret, struct err *reterr) {
    PRE(k != NULL && (bytes != NULL || len == 0) && ret != NULL && reterr != NULL);
    uint8_t hash[HASH_SIZE], out[RSA_KEY_MOST / 8];
    size_t n = sizeof out;
    EVP_PKEY_CTX *c = context_for(k);
    hash_sha256(bytes, len, hash);
    if (c == NULL || EVP_PKEY_sign(c, out, &n, hash, sizeof hash) != 1)
        return no_memory(reterr);
    buf_add(ret, out, n);
    return ret->failed ? no_memory(reterr) : OK;
}

enum code rsa_public(const struct rsa_key *k, struct buf *ret, struct err *reterr) {
    PRE(k != NULL && ret != NULL && reterr != NULL);
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(k->key, &der);
    if (n > 0)
        buf_add(ret, der, (size_t)n);
    OPENSSL_free(der);
    return n <= 0 || ret->failed ? no_memory(reterr) : OK;
}

enum code rsa_make(struct buf *ret, struct err *reterr) {
    PRE(ret != NULL && reterr != NULL);
    EVP_PKEY *key = EVP_RSA_gen(RSA_KEY_LEAST);
    BIO *out = key == NULL ? NULL : BIO_new(BIO_s_secmem());
    char *text = NULL;
    long n = out != NULL && PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1 ? BIO_get_mem_data(out, &text) : 0;
    if (n > 0)
        buf_add(ret, text, (size_t)n);
    BIO_free(out);
    EVP_PKEY_free(key);
    return n <= 0 || ret->failed ? no_memory(reterr) : OK;
}
