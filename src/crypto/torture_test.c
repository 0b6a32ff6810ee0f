/* torture_test.c — what asks OpenSSL for memory, with the n-th allocation failing: want of it is never called damage, a bad key or a bad file. */
#include <pthread.h>

#include "base/test.h"
#include "base/torture.h"
#include "crypto/cert.h"
#include "crypto/password.h"
#include "crypto/testdevice.h"
#include "crypto/jwt_bed.h"

#define NOW (INT64_C(1790000000) * USEC_PER_SEC)
#define ISSUER "https://login.company.example"
static struct buf signed_set = BUF(JWKS_MAX), signed_tokens[] = { BUF(JWT_MAX), BUF(JWT_MAX), BUF(JWT_MAX) };
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

/* A wrong signature is told from one for which there was no memory. */
static enum code tokens(struct buf *outcome, struct err *reterr) {
    AUTO(jwks_free) struct jwks *keys = NULL;
    const struct jwt_wish wish = { .issuer = ISSUER, .audience = "sejf", .now = NOW };
    json_t *claims = NULL;
    enum code code = jwks_read(buf_str(&signed_set), signed_set.len, &keys, reterr);
    for (size_t i = 0; code == OK && i < ARRAY_LEN(signed_tokens); i++) {
        code = jwt_verify(keys, signed_tokens[i].data, signed_tokens[i].len, &wish, &claims, reterr);
        json_decref(claims);
        claims = NULL;
        buf_char(outcome, 'a');
    }
    return code;
}

/* What authenticators answered, made before memory fails. */
static const uint8_t challenge[WEBAUTHN_CHALLENGE_SIZE] = "a challenge of 32 random bytes.";
static const int kinds[] = { -7, -8, -257 };
static struct given registered[ARRAY_LEN(kinds)], asserted[ARRAY_LEN(kinds)];
static char hash[PASSWORD_HASH_MAX];

static void proofs_prepare(void) {
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct device d;
        device_make(&d, kinds[i]);
        device_registers(&d, challenge, &registered[i]);
        device_asserts(&d, challenge, &asserted[i]);
        device_done(&d);
    }
    CHECK_OK(password_hash(&(struct password_cost){ 1, 8192 }, "za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87", 10, hash, &e), &e);
}

static enum code passkeys(struct buf *outcome, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < ARRAY_LEN(kinds); i++) {
        struct webauthn_answer given = given_answer(&registered[i]), proof = given_answer(&asserted[i]);
        struct webauthn_seen seen;
        struct passkey p;
        if ((code = webauthn_register(&device_site, challenge, &given, true, &p, reterr)) == OK
            && (code = webauthn_assert(&device_site, challenge, &p, &proof, true, &seen, reterr)) == OK)
            buf_printf(outcome, "%d ", p.algorithm);
    }
    return code;
}

static enum code passwords(struct buf *outcome, struct err *reterr) {
    enum code code = OK;
    for (int i = 0; code == OK && i < 20; i++) {
        bool yes = false, no = true;
        code = password_verify(hash, "zaz\xcc\x87o\xcc\x81\xc5\x82" "c\xcc\x81", 13, &yes, reterr);
        if (code == OK)
            code = password_verify(hash, "zaz", 3, &no, reterr);
        buf_printf(outcome, "%d%d", yes, no);
    }
    return code;
}

TEST(want_of_memory_is_told_as_such) {
    enum code (*const calls[])(struct buf *, struct err *) = { certificates, sealing, deriving, passkeys, passwords };
    static const struct { const char *name; long stride; } how[] = { { "certificates", 47 }, { "sealing", 1 }, { "deriving", 1 }, { "passkeys", 1 }, { "passwords", 1 } };
    struct err e;
    bool fine = true;
    CHECK_OK(crypto_init(&e), &e);
    proofs_prepare();
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        enum code (*call)(struct buf *, struct err *) = calls[i];
        fine &= torture(&(struct torture){ .name = how[i].name, .call = in_thread, .arg = &call, .reach = TORTURE_ALL, .stride = how[i].stride, .uncounted = i == 0 });
        if (call == passkeys || call == passwords)
            fine &= torture(&(struct torture){ .name = "for good", .call = in_thread, .arg = &call, .reach = TORTURE_ALL, .stride = 5, .for_good = true });
    }
    CHECK(fine);
}

TEST(want_of_memory_is_no_wrong_token) {
    static const char *const algorithms[] = { "PS256", "ES256", "EdDSA" };
    enum code (*call)(struct buf *, struct err *) = tokens;
    AUTO(bed_done) struct jwt_bed b = { .key = { NULL } };
    bed_make(&b);
    bed_set(&b, &signed_set);
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
        bed_token(&b, algorithms[i], "{\"iss\":\"" ISSUER "\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":1790000300,\"iat\":1790000000}", &signed_tokens[i]);
    CHECK(torture(&(struct torture){ .name = "tokens", .call = in_thread, .arg = &call, .reach = TORTURE_ALL, .uncounted = true }));
    buf_done(&signed_set);
    for (size_t i = 0; i < ARRAY_LEN(signed_tokens); i++)
        buf_done(&signed_tokens[i]);
}
