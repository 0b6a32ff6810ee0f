/* tls_test.c — our side against OpenSSL's own server in memory: the certificate must be known and for that name, the version new enough. */
#include "crypto/tls.c"

#include <stdlib.h>
#include <unistd.h>

#include "base/test.h"
#include "crypto/cert.h"
#include "crypto/crypto.h"

struct bed { SSL_CTX *ctx; SSL *ssl; BIO *in, *out; char file[64]; struct tls_trust *trust; };

static EVP_PKEY *key_new(void) { return EVP_EC_gen("P-256"); }

static X509 *cert_new(EVP_PKEY *key, const char *name) {
    X509 *x = X509_new();
    char alt[80];
    snprintf(alt, sizeof alt, "DNS:%s", name);
    CHECK(x != NULL && X509_set_version(x, 2) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x), 7) == 1);
    CHECK(X509_gmtime_adj(X509_getm_notBefore(x), -3600) != NULL && X509_gmtime_adj(X509_getm_notAfter(x), 86400) != NULL);
    CHECK(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) == 1);
    CHECK(X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 && X509_set_pubkey(x, key) == 1);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alt);
    CHECK(ext != NULL && X509_add_ext(x, ext, -1) == 1 && X509_sign(x, key, EVP_sha256()) > 0);
    X509_EXTENSION_free(ext);
    return x;
}

/* A server for that name; trusted: its own certificate stands in our file, else another's. */
static void start(struct bed *b, const char *name, bool trusted, int newest) {
    struct err e;
    EVP_PKEY *key = key_new(), *other = key_new();
    X509 *cert = cert_new(key, name), *stranger = cert_new(other, name);
    *b = (struct bed){ .file = "/tmp/sejf-tls-XXXXXX" };
    int fd = mkstemp(b->file);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    CHECK(f != NULL && PEM_write_X509(f, trusted ? cert : stranger) == 1 && fclose(f) == 0);
    CHECK_OK(tls_trust_new(b->file, &b->trust, &e), &e);
    b->ctx = SSL_CTX_new(TLS_server_method());
    CHECK(b->ctx != NULL && SSL_CTX_use_certificate(b->ctx, cert) == 1 && SSL_CTX_use_PrivateKey(b->ctx, key) == 1);
    SSL_CTX_set_security_level(b->ctx, 0);
    CHECK(SSL_CTX_set_min_proto_version(b->ctx, TLS1_VERSION) == 1 && SSL_CTX_set_max_proto_version(b->ctx, newest) == 1);
    b->ssl = SSL_new(b->ctx);
    b->in = BIO_new(BIO_s_mem());
    b->out = BIO_new(BIO_s_mem());
    CHECK(b->ssl != NULL && b->in != NULL && b->out != NULL);
    BIO_set_mem_eof_return(b->in, -1);
    SSL_set_bio(b->ssl, b->in, b->out);
    SSL_set_accept_state(b->ssl);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    X509_free(cert);
    X509_free(stranger);
}

static void stop(struct bed *b) {
    SSL_free(b->ssl);
    SSL_CTX_free(b->ctx);
    tls_trust_free(b->trust);
    CHECK(unlink(b->file) == 0);
    ERR_clear_error();
}

/* What the server has to say by now, at most `most` bytes of it at a time. */
static size_t server_turn(struct bed *b, struct buf *to_server, char *ret, size_t room) {
    if (to_server->len > 0)
        CHECK(BIO_write(b->in, to_server->data, (int)to_server->len) == (int)to_server->len);
    buf_cut(to_server, 0);
    (void)SSL_do_handshake(b->ssl);
    ERR_clear_error();
    int n = BIO_read(b->out, ret, (int)room);
    return n > 0 ? (size_t)n : 0;
}

static enum code shake(struct bed *b, struct tls *t, struct buf *said, struct buf *out, struct err *e) {
    char bytes[700];
    bool ready = false;
    enum code code = tls_hear(t, "", 0, said, out, &ready, e);
    for (int i = 0; code == OK && !ready && i < 100; i++) {
        size_t n = server_turn(b, out, bytes, sizeof bytes);
        code = tls_hear(t, bytes, n, said, out, &ready, e);
    }
    CHECK(code != OK || ready);
    return code;
}

TEST(what_is_said_arrives_both_ways) {
    struct bed b;
    struct err e;
    AUTO(buf_done) struct buf said = BUF(1 << 20), out = BUF(1 << 20);
    AUTO(tls_free) struct tls *t = NULL;
    char bytes[64], large[40000];
    bool ready = false;
    int n = 0;
    start(&b, "relay.example", true, TLS1_3_VERSION);
    CHECK_OK(tls_new(b.trust, "relay.example", &t, &e), &e);
    CHECK_OK(shake(&b, t, &said, &out, &e), &e);
    CHECK_TEXT(tls_version(t), "TLSv1.3");
    memset(large, 'x', sizeof large);
    CHECK_OK(tls_say(t, large, sizeof large, &out, &e), &e);
    CHECK(out.len > sizeof large && memmem(out.data, out.len, "xxxxxxxx", 8) == NULL);
    CHECK(BIO_write(b.in, out.data, (int)out.len) == (int)out.len);
    buf_cut(&out, 0);
    for (int got; (got = SSL_read(b.ssl, large, sizeof large)) > 0;)
        n += got;
    CHECK_INT(n, sizeof large);
    CHECK(SSL_write(b.ssl, "220 hello", 9) == 9 && SSL_shutdown(b.ssl) >= 0);
    for (int got; (got = BIO_read(b.out, bytes, 5)) > 0;)          /* in small pieces */
        CHECK_OK(tls_hear(t, bytes, (size_t)got, &said, &out, &ready, &e), &e);
    CHECK_TEXT(buf_str(&said), "220 hello");
    CHECK(tls_ended(t));
    stop(&b);
}

TEST(a_stranger_is_refused) {
    static const struct { const char *name, *asked; bool trusted; int newest; const char *why; } rows[] = {
        { "relay.example", "relay.example", false, TLS1_3_VERSION, "not vouched for" }, { "other.example", "relay.example", true, TLS1_3_VERSION, "another name" },
        { "relay.example", "relay.example", true, TLS1_1_VERSION, "no TLS 1.2" }, { "relay.example", "relay.example", false, TLS1_2_VERSION, "not vouched for" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bed b;
        struct err e;
        AUTO(buf_done) struct buf said = BUF(1 << 20), out = BUF(1 << 20);
        AUTO(tls_free) struct tls *t = NULL;
        start(&b, rows[i].name, rows[i].trusted, rows[i].newest);
        CHECK_OK(tls_new(b.trust, rows[i].asked, &t, &e), &e);
        CHECK_CODE(shake(&b, t, &said, &out, &e), E_PEER, &e);
        CHECK(strstr(e.text, rows[i].why) != NULL && said.len == 0);
        stop(&b);
    }
}

TEST(what_is_no_tls_is_refused) {
    struct bed b;
    struct err e;
    AUTO(buf_done) struct buf said = BUF(1 << 20), out = BUF(1 << 20);
    AUTO(tls_free) struct tls *t = NULL;
    struct tls_trust *none = NULL;
    bool ready = false;
    start(&b, "relay.example", true, TLS1_3_VERSION);
    CHECK_OK(tls_new(b.trust, "relay.example", &t, &e), &e);
    CHECK_CODE(tls_hear(t, "250 ok, in the clear\r\n", 22, &said, &out, &ready, &e), E_PEER, &e);
    CHECK(!ready && said.len == 0);
    CHECK_CODE(tls_trust_new("/nonexistent", &none, &e), E_CONFIG, &e);
    stop(&b);
}
