/* tls.c — OpenSSL over two memory buffers. Invariant: nothing is said or given out before the certificate and its name were verified. */
#include "crypto/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/mem.h"

struct tls_trust { SSL_CTX *ctx; };
struct tls { SSL *ssl; BIO *in, *out; bool ready, ended; };

enum code tls_trust_new(const char *file, struct tls_trust **ret, struct err *reterr) {
    PRE(file != NULL && ret != NULL && reterr != NULL);
    AUTO(tls_trust_free) struct tls_trust *t = mem_new(sizeof *t);
    if (t == NULL || (t->ctx = SSL_CTX_new(TLS_client_method())) == NULL || SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION) != 1)
        return err_set(reterr, E_MEMORY, "no memory for TLS");
    SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_options(t->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_load_verify_file(t->ctx, file) != 1) {
        ERR_clear_error();
        return err_set(reterr, E_CONFIG, "%s cannot be read as certificates of authorities", file);
    }
    *ret = TAKE(t);
    return OK;
}

struct tls_trust *tls_trust_free(struct tls_trust *t) {
    if (t == NULL)
        return NULL;
    SSL_CTX_free(t->ctx);
    return mem_free(t);
}

enum code tls_new(struct tls_trust *trust, const char *host, struct tls **ret, struct err *reterr) {
    PRE(trust != NULL && host != NULL && ret != NULL && reterr != NULL);
    AUTO(tls_free) struct tls *t = mem_new(sizeof *t);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    if (t == NULL || in == NULL || out == NULL || (t->ssl = SSL_new(trust->ctx)) == NULL) {
        BIO_free(in);
        BIO_free(out);
        return err_set(reterr, E_MEMORY, "no memory for TLS");
    }
    BIO_set_mem_eof_return(in, -1);          /* nothing there yet is no end */
    BIO_set_mem_eof_return(out, -1);
    SSL_set_bio(t->ssl, in, out);
    t->in = in;
    t->out = out;
    SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    char *name = mem_text(host);             /* what is asked for takes no constant */
    bool fine = name != NULL && SSL_set1_host(t->ssl, host) == 1 && SSL_set_tlsext_host_name(t->ssl, name) == 1;
    mem_free(name);
    if (!fine)
        return err_set(reterr, E_MEMORY, "no memory for TLS");
    SSL_set_connect_state(t->ssl);
    *ret = TAKE(t);
    return OK;
}

struct tls *tls_free(struct tls *t) {
    if (t == NULL)
        return NULL;
    SSL_free(t->ssl);                        /* both buffers with it */
    return mem_free(t);
}

static void carry_out(struct tls *t, struct buf *out) {
    char piece[4096];
    for (int n; (n = BIO_read(t->out, piece, sizeof piece)) > 0;)
        buf_add(out, piece, (size_t)n);
}

static enum code failed(struct tls *t, struct buf *out, struct err *reterr) {
    long verified = SSL_get_verify_result(t->ssl);
    unsigned long why = ERR_peek_last_error();
    carry_out(t, out);
    bool memory = ERR_GET_REASON(why) == ERR_R_MALLOC_FAILURE;
    const char *reason = ERR_reason_error_string(why);
    ERR_clear_error();
    if (memory)
        return err_set(reterr, E_MEMORY, "no memory for TLS");
    if (verified != X509_V_OK)
        return err_set(reterr, E_PEER, "the certificate is not vouched for by an authority that is trusted here, or is for another name (%s)", X509_verify_cert_error_string(verified));
    return err_set(reterr, E_PEER, "no TLS 1.2 or newer (%s)", reason == NULL ? "broken off" : reason);
}

/* 1: went on; 0: waits for the other end; -1: failed. */
static int went(struct tls *t, int n) {
    int how = n > 0 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, n);
    if (how == SSL_ERROR_ZERO_RETURN)
        t->ended = true;
    return how == SSL_ERROR_NONE ? 1 : how == SSL_ERROR_WANT_READ || how == SSL_ERROR_WANT_WRITE || how == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

enum code tls_hear(struct tls *t, const void *bytes, size_t len, struct buf *ret, struct buf *out, bool *ret_ready, struct err *reterr) {
    PRE(t != NULL && ret != NULL && out != NULL && ret_ready != NULL && reterr != NULL && len <= 1u << 20);
    char piece[4096];
    ERR_clear_error();
    if (len > 0 && BIO_write(t->in, bytes, (int)len) != (int)len)
        return err_set(reterr, E_MEMORY, "no memory for TLS");
    if (!t->ready) {
        int how = went(t, SSL_do_handshake(t->ssl));
        if (how < 0)
            return failed(t, out, reterr);
        t->ready = how > 0 && SSL_get_verify_result(t->ssl) == X509_V_OK;
    }
    for (int n, how = 1; t->ready && how > 0;) {
        n = SSL_read(t->ssl, piece, sizeof piece);
        how = went(t, n);
        if (how < 0)
            return failed(t, out, reterr);
        if (how > 0)
            buf_add(ret, piece, (size_t)n);
    }
    carry_out(t, out);
    *ret_ready = t->ready;
    return ret->failed || out->failed ? err_set(reterr, E_MEMORY, "no memory for TLS") : OK;
}

enum code tls_say(struct tls *t, const void *bytes, size_t len, struct buf *out, struct err *reterr) {
    PRE(t != NULL && t->ready && out != NULL && reterr != NULL);
    const char *p = bytes;
    ERR_clear_error();
    while (len > 0) {
        int n = len < 16384 ? (int)len : 16384;
        if (went(t, SSL_write(t->ssl, p, n)) <= 0)
            return failed(t, out, reterr);
        p += n;
        len -= (size_t)n;
    }
    carry_out(t, out);
    return out->failed ? err_set(reterr, E_MEMORY, "no memory for TLS") : OK;
}

const char *tls_version(const struct tls *t) { return SSL_get_version(t->ssl); }
bool tls_ended(const struct tls *t) { return t->ended; }
