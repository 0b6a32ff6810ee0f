/* torture_test.c — what asks OpenSSL for memory, with the n-th allocation failing: want of it is never called damage, a bad key or a bad file. */
#include <pthread.h>

#include "base/test.h"
#include "base/torture.h"
#include "crypto/cert.h"

#define NOW (INT64_C(1790000000) * USEC_PER_SEC)
static const char *const names[] = { "localhost", "127.0.0.1", "::1" };

/* Each in a thread that is new to the library: its contexts are made in the call. */
struct turn { enum code (*run)(struct buf *outcome, struct err *reterr); struct buf *outcome; struct err *reterr; enum code code; };
static void *turn_main(void *arg) {
    struct turn *t = arg;
    t->code = t->run(t->outcome, t->reterr);
    return NULL;
}
static enum code in_thread(void *arg, struct buf *outcome, struct err *reterr) {
    pthread_t thread;
    struct turn t = { *(enum code (**)(struct buf *, struct err *))arg, outcome, reterr, OK };
    if (pthread_create(&thread, NULL, turn_main, &t) != 0)
        return err_set(reterr, E_BUSY, "no thread");
    CHECK(pthread_join(thread, NULL) == 0);
    return t.code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : t.code;
}

static enum code certificates(struct buf *outcome UNUSED, struct err *reterr) {
    AUTO(buf_done) struct buf authority = BUF(1u << 16);
    AUTO(buf_done) struct buf chain = BUF(1u << 16);
    AUTO(buf_wipe) struct buf key = BUF(1u << 16);
    struct cert_info info;
    enum code code = cert_make(names, ARRAY_LEN(names), NOW, 30, &authority, &chain, &key, reterr);
    if (code == OK)
        code = cert_read(buf_str(&chain), chain.len, &info, reterr);
    if (code == OK)
        code = cert_key_fits(buf_str(&chain), chain.len, buf_str(&key), key.len, reterr);
    return code;
}

static enum code sealing(struct buf *outcome, struct err *reterr) {
    static const char plain[4096] = "more than libsodium takes";
    const struct key key = { { 7 } };
    for (size_t len = 100; len <= sizeof plain; len += sizeof plain - 100) {
        AUTO(buf_done) struct buf sealed = BUF(1u << 16);
        enum code code = seal(&key, "ad", 2, plain, len, &sealed, reterr);
        if (code == OK)
            code = seal_open(&key, "ad", 2, sealed.data, sealed.len, outcome, reterr);
        if (code != OK)
            return code;
    }
    return OK;
}

static enum code deriving(struct buf *outcome, struct err *reterr) {
    static const uint8_t seed[32] = { 1 }, base[32] = { 9 };
    struct key key, wrapping = { { 3 } };
    struct wrapped wrapped;
    uint8_t shared[32];
    struct token token;
    enum code code = hkdf_sha256(seed, sizeof seed, NULL, 0, "info", 4, key.bytes, KEY_SIZE, reterr);
    if (code == OK)
        code = key_wrap(&wrapping, &key, &wrapped, reterr);
    if (code == OK)
        code = key_unwrap(&wrapping, &wrapped, &key, reterr);
    if (code == OK)
        code = exchange(key.bytes, base, shared, reterr);
    if (code == OK && !token_make(&key, &wrapping, shared, sizeof shared, &token))
        code = err_set(reterr, E_MEMORY, "no memory for a token");
    if (code == OK)
        buf_add(outcome, token.bytes, sizeof token.bytes);
    return code;
}

TEST(want_of_memory_is_told_as_such) {
    enum code (*const calls[])(struct buf *, struct err *) = { certificates, sealing, deriving };
    static const struct { const char *name; long stride; } how[] = { { "certificates", 47 }, { "sealing", 1 }, { "deriving", 1 } };
    struct err e;
    bool fine = true;
    CHECK_OK(crypto_init(&e), &e);
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        enum code (*call)(struct buf *, struct err *) = calls[i];
        fine &= torture(&(struct torture){ .name = how[i].name, .call = in_thread, .arg = &call, .reach = TORTURE_ALL, .stride = how[i].stride, .uncounted = i == 0 });
    }
    CHECK(fine);
}
