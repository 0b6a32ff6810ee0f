/* testdevice.h — for tests: an authenticator and the browser before it, in software, with keys of OpenSSL. What they answer may be bent
 * before it is signed (struct device) or afterwards (struct given). */
#pragma once
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/test.h"
#include "base/text.h"
#include "crypto/webauthn.h"

struct device {
    int algorithm;
    EVP_PKEY *key;
    uint8_t id[1100]; size_t id_len;
    uint32_t count;
    uint8_t flags;                           /* of the next answers, AT apart */
    const char *type, *origin, *rp, *more;   /* NULL: as it should be; more: further members of the client data */
    uint8_t extensions[64]; size_t extensions_len;
    const uint8_t *cose; size_t cose_len;    /* another key in place of its own */
};
struct given { uint8_t client_data[8192], authdata[8192], signature[512]; size_t client_data_len, authdata_len, signature_len; };

static const struct webauthn_site device_site = { "sejf.example", "https://sejf.example" };

static inline void device_make(struct device *d, int algorithm) {
    *d = (struct device){ .algorithm = algorithm, .id_len = 32, .flags = 0x05 };
    crypto_random(d->id, d->id_len);
    d->key = algorithm == -7 ? EVP_EC_gen("P-256") : algorithm == -8 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : EVP_RSA_gen(2048);
    CHECK(d->key != NULL);
}
static inline void device_done(struct device *d) { EVP_PKEY_free(d->key); }

/* CBOR as CTAP 2 writes it. */
static inline void put(uint8_t *to, size_t *at, const void *bytes, size_t len) {
    memcpy(to + *at, bytes, len);
    *at += len;
}
static inline size_t device_cose(const struct device *d, uint8_t *to) {
    size_t at = 0, len = 32;
    uint8_t raw[80];
    if (d->cose != NULL) {
        put(to, &at, d->cose, d->cose_len);
    } else if (d->algorithm == -7) {
        CHECK(EVP_PKEY_get_octet_string_param(d->key, OSSL_PKEY_PARAM_PUB_KEY, raw, sizeof raw, &len) == 1 && len == 65 && raw[0] == 4);
        put(to, &at, "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", 10);
        put(to, &at, raw + 1, 32);
        put(to, &at, "\x22\x58\x20", 3);
        put(to, &at, raw + 33, 32);
    } else if (d->algorithm == -8) {
        CHECK(EVP_PKEY_get_raw_public_key(d->key, raw, &len) == 1 && len == 32);
        put(to, &at, "\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20", 10);
        put(to, &at, raw, 32);
    } else {
        BIGNUM *n = NULL;
        uint8_t modulus[256];
        CHECK(EVP_PKEY_get_bn_param(d->key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 && BN_bn2binpad(n, modulus, 256) == 256);
        BN_free(n);
        put(to, &at, "\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00", 11);
        put(to, &at, modulus, 256);
        put(to, &at, "\x21\x43\x01\x00\x01", 5);
    }
    return at;
}

static inline void device_client_data(const struct device *d, const char *type, const uint8_t *challenge, struct given *g) {
    char text[64];
    base64url_text(challenge, WEBAUTHN_CHALLENGE_SIZE, text);
    int n = snprintf((char *)g->client_data, sizeof g->client_data, "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\"%s}", d->type != NULL ? d->type : type, text,
                     d->origin != NULL ? d->origin : device_site.origin, d->more != NULL ? d->more : ",\"crossOrigin\":false");
    CHECK(n > 0 && n < (int)sizeof g->client_data);
    g->client_data_len = (size_t)n;
}

static inline void device_authdata(const struct device *d, bool attested, struct given *g) {
    const char *rp = d->rp != NULL ? d->rp : device_site.id;
    uint8_t *to = g->authdata, *id_len = (uint8_t[2]){ (uint8_t)(d->id_len >> 8), (uint8_t)d->id_len };
    size_t at = 37;
    hash_sha256(rp, strlen(rp), to);
    to[32] = (uint8_t)(d->flags | (attested ? 0x40 : 0) | (d->extensions_len > 0 ? 0x80 : 0));
    for (int i = 0; i < 4; i++)
        to[33 + i] = (uint8_t)(d->count >> (24 - 8 * i));
    if (attested) {
        put(to, &at, "0123456789abcdef", 16);
        put(to, &at, id_len, 2);
        put(to, &at, d->id, d->id_len);
        at += device_cose(d, to + at);
    }
    put(to, &at, d->extensions, d->extensions_len);
    g->authdata_len = at;
}

static inline void device_sign(const struct device *d, struct given *g) {
    uint8_t text[sizeof g->authdata + HASH_SIZE];
    size_t at = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    put(text, &at, g->authdata, g->authdata_len);
    hash_sha256(g->client_data, g->client_data_len, text + at);
    g->signature_len = sizeof g->signature;
    CHECK(ctx != NULL && EVP_DigestSignInit(ctx, NULL, d->algorithm == -8 ? NULL : EVP_sha256(), NULL, d->key) == 1
          && EVP_DigestSign(ctx, g->signature, &g->signature_len, text, at + HASH_SIZE) == 1);
    EVP_MD_CTX_free(ctx);
}

static inline void device_registers(const struct device *d, const uint8_t *challenge, struct given *g) {
    device_client_data(d, "webauthn.create", challenge, g);
    device_authdata(d, true, g);
    g->signature_len = 0;
}
static inline void device_asserts(const struct device *d, const uint8_t *challenge, struct given *g) {
    device_client_data(d, "webauthn.get", challenge, g);
    device_authdata(d, false, g);
    device_sign(d, g);
}
static inline struct webauthn_answer given_answer(const struct given *g) {
    return (struct webauthn_answer){ g->client_data, g->client_data_len, g->authdata, g->authdata_len, g->signature, g->signature_len };
}
