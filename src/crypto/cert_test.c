/* cert_test.c — what is made verifies under its authority alone, for its names alone. */
#include "crypto/cert.c"
#include "base/test.h"

static const char *const names[] = { "localhost", "127.0.0.1", "::1" };
#define NOW (INT64_C(1790000000) * USEC_PER_SEC)

static bool verifies(const char *authority, const char *chain, time_t at) {
    struct err e;
    OWNED(auto_x509) X509 *ca = NULL;
    OWNED(auto_x509) X509 *leaf = NULL;
    CHECK_OK(first_of(authority, strlen(authority), &ca, &e), &e);
    CHECK_OK(first_of(chain, strlen(chain), &leaf, &e), &e);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    CHECK(ca != NULL && leaf != NULL && store != NULL && ctx != NULL && X509_STORE_add_cert(store, ca) == 1);
    CHECK(X509_STORE_CTX_init(ctx, store, leaf, NULL) == 1);
    X509_STORE_CTX_set_time(ctx, 0, at);
    X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
    bool ok = X509_verify_cert(ctx) == 1;
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return ok;
}

TEST(makes_a_chain_that_verifies) {
    struct err e;
    AUTO(buf_done) struct buf ca = BUF(65536);
    AUTO(buf_done) struct buf chain = BUF(65536);
    AUTO(buf_wipe) struct buf key = BUF(65536);
    CHECK_OK(cert_make(names, 3, NOW, 397, &ca, &chain, &key, &e), &e);
    time_t now = NOW / USEC_PER_SEC;
    CHECK(verifies(buf_str(&ca), buf_str(&chain), now));
    CHECK(!verifies(buf_str(&ca), buf_str(&chain), now + 398 * 86400L));
    CHECK(!verifies(buf_str(&ca), buf_str(&chain), now - 7200));
    struct cert_info info;
    CHECK_OK(cert_read(chain.data, chain.len, &info, &e), &e);
    CHECK(info.from == NOW - USEC_PER_HOUR && info.until == NOW + 397 * USEC_PER_DAY);
    CHECK(cert_covers(chain.data, chain.len, "localhost") && cert_covers(chain.data, chain.len, "127.0.0.1")
          && cert_covers(chain.data, chain.len, "::1"));
    CHECK(!cert_covers(chain.data, chain.len, "localhost.example") && !cert_covers(chain.data, chain.len, "127.0.0.2"));
    CHECK_OK(cert_key_fits(chain.data, chain.len, key.data, key.len, &e), &e);
}

TEST(another_authority_or_key_does_not_fit) {
    struct err e;
    struct buf ca[2] = { BUF(65536), BUF(65536) }, chain[2] = { BUF(65536), BUF(65536) }, key[2] = { BUF(65536), BUF(65536) };
    for (int i = 0; i < 2; i++)
        CHECK_OK(cert_make(names, 1, NOW, 30, &ca[i], &chain[i], &key[i], &e), &e);
    CHECK(!verifies(buf_str(&ca[0]), buf_str(&chain[1]), NOW / USEC_PER_SEC));
    CHECK_CODE(cert_key_fits(chain[0].data, chain[0].len, key[1].data, key[1].len, &e), E_CONFIG, &e);
    CHECK_CODE(cert_key_fits(chain[0].data, chain[0].len, "no key", 6, &e), E_CONFIG, &e);
    CHECK_CODE(cert_key_fits("no", 2, key[1].data, key[1].len, &e), E_DAMAGED, &e);
    struct cert_info info = { 1, 2 };
    CHECK_CODE(cert_read("-----BEGIN", 10, &info, &e), E_DAMAGED, &e);
    CHECK(info.from == 1 && info.until == 2);
    for (int i = 0; i < 2; i++) {
        buf_done(&ca[i]);
        buf_done(&chain[i]);
        buf_wipe(&key[i]);
    }
}

TEST(a_name_cannot_smuggle_another) {
    static const char *const odd[] = { "a.example,DNS:b.example" };
    struct err e;
    AUTO(buf_done) struct buf ca = BUF(65536);
    AUTO(buf_done) struct buf chain = BUF(65536);
    AUTO(buf_wipe) struct buf key = BUF(65536);
    CHECK_OK(cert_make(odd, 1, NOW, 30, &ca, &chain, &key, &e), &e);
    CHECK(!cert_covers(chain.data, chain.len, "b.example"));
}
