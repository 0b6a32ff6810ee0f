/* rsa_test.c */
#include "crypto/rsa.c"
#include "base/test.h"

#include <pthread.h>

/* For this test alone: its other half stands below. */
static struct rsa_key *made(struct buf *pem) {
    struct rsa_key *k = NULL;
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    CHECK_OK(rsa_make(pem, &e), &e);
    CHECK_OK(rsa_read(pem->data, pem->len, &k, &e), &e);
    return k;
}

static bool verifies(const struct rsa_key *k, const char *text, const struct buf *sig) {
    struct err e;
    AUTO(buf_done) struct buf der = BUF(1000);
    CHECK_OK(rsa_public(k, &der, &e), &e);
    const unsigned char *p = (const unsigned char *)der.data;
    EVP_PKEY *public = d2i_PUBKEY(NULL, &p, (long)der.len);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    CHECK(public != NULL && c != NULL && EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, public) == 1);
    bool fine = EVP_DigestVerify(c, (const unsigned char *)sig->data, sig->len, (const unsigned char *)text, strlen(text)) == 1;
    ERR_clear_error();
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(public);
    return fine;
}

TEST(signs_what_its_public_key_verifies) {
    AUTO(buf_wipe) struct buf pem = BUF(10000), other_pem = BUF(10000);
    AUTO(rsa_free) struct rsa_key *k = made(&pem), *other = made(&other_pem);
    struct err e;
    CHECK(rsa_bits(k) == 2048);
    for (int i = 0; i < 3; i++) {            /* the thread's context is used again, and changes keys */
        AUTO(buf_done) struct buf a = BUF(1000), b = BUF(1000);
        CHECK_OK(rsa_sign(k, "abc", 3, &a, &e), &e);
        CHECK_OK(rsa_sign(i == 1 ? k : other, "abc", 3, &b, &e), &e);
        CHECK(a.len == 256 && verifies(k, "abc", &a) && !verifies(k, "abd", &a) && verifies(i == 1 ? k : other, "abc", &b) && verifies(k, "abc", &b) == (i == 1));
    }
    crypto_forget();
    AUTO(buf_done) struct buf again = BUF(1000), none = BUF(1000);
    CHECK_OK(rsa_sign(k, "abc", 3, &again, &e), &e);
    CHECK_OK(rsa_sign(k, NULL, 0, &none, &e), &e);
    CHECK(verifies(k, "abc", &again) && verifies(k, "", &none));
}

static void *sign_many(void *arg) {
    struct err e;
    for (int i = 0; i < 20; i++) {
        AUTO(buf_done) struct buf b = BUF(1000);
        CHECK_OK(rsa_sign(arg, "x", 1, &b, &e), &e);
        CHECK(verifies(arg, "x", &b));
    }
    return NULL;
}

TEST(threads_share_a_key) {
    AUTO(buf_wipe) struct buf pem = BUF(10000);
    AUTO(rsa_free) struct rsa_key *k = made(&pem);
    pthread_t t[4];
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        CHECK(pthread_create(&t[i], NULL, sign_many, k) == 0);
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        CHECK(pthread_join(t[i], NULL) == 0);
}

TEST(what_is_no_key_is_refused) {
    struct rsa_key *k = NULL;
    struct err e;
    AUTO(buf_wipe) struct buf pem = BUF(10000);
    rsa_free(made(&pem));
    CHECK_CODE(rsa_read("x", 1, &k, &e), E_CONFIG, &e);
    CHECK_CODE(rsa_read(pem.data, pem.len / 2, &k, &e), E_CONFIG, &e);
    CHECK_CODE(rsa_read("", 0, &k, &e), E_CONFIG, &e);
    EVP_PKEY *weak = EVP_RSA_gen(1024), *curve = EVP_EC_gen("P-256");
    EVP_PKEY *const list[] = { weak, curve };
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        BIO *out = BIO_new(BIO_s_mem());
        char *text = NULL;
        CHECK(PEM_write_bio_PKCS8PrivateKey(out, list[i], NULL, NULL, 0, NULL, NULL) == 1);
        long n = BIO_get_mem_data(out, &text);
        CHECK_CODE(rsa_read(text, (size_t)n, &k, &e), E_CONFIG, &e);
        CHECK(strstr(e.text, i == 0 ? "1024 bits" : "no private RSA key") != NULL);
        BIO_free(out);
        EVP_PKEY_free(list[i]);
    }
    CHECK(k == NULL);
}
