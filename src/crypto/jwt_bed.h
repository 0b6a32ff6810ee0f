/* jwt_bed.h — for tests: a provider's keys, its set of them as JSON, and tokens that it signs. */
#pragma once
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"
#include "base/text.h"
#include "crypto/jwt.h"

enum bed_key { BED_RSA, BED_P256, BED_ED25519, BED_KEYS };
struct jwt_bed { EVP_PKEY *key[BED_KEYS]; };

UNUSED static void bed_make(struct jwt_bed *b) {
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    b->key[BED_RSA] = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    b->key[BED_P256] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    b->key[BED_ED25519] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    for (int i = 0; i < BED_KEYS; i++)
        CHECK(b->key[i] != NULL);
}

UNUSED static void bed_done(struct jwt_bed *b) {
    for (int i = 0; i < BED_KEYS; i++)
        EVP_PKEY_free(b->key[i]);
}
DEFINE_AUTO_VALUE(struct jwt_bed, bed_done)

/* "name":"number in base64url" */
UNUSED static void bed_number(struct buf *out, EVP_PKEY *key, const char *param, const char *name) {
    BIGNUM *n = NULL;
    uint8_t bytes[1024];
    CHECK(EVP_PKEY_get_bn_param(key, param, &n) == 1);
    int len = strcmp(name, "x") == 0 || strcmp(name, "y") == 0 ? BN_bn2binpad(n, bytes, 32) : BN_bn2bin(n, bytes);
    CHECK(len > 0);
    buf_printf(out, ",\"%s\":\"", name);
    base64url_encode(bytes, (size_t)len, out);
    buf_char(out, '"');
    BN_free(n);
}

/* One key; more: further members, such as ",\"use\":\"sig\"". */
UNUSED static void bed_jwk(struct buf *out, EVP_PKEY *key, const char *more) {
    uint8_t raw[32];
    size_t len = sizeof raw;
    if (EVP_PKEY_is_a(key, "RSA")) {
        buf_text(out, "{\"kty\":\"RSA\"");
        bed_number(out, key, OSSL_PKEY_PARAM_RSA_N, "n");
        bed_number(out, key, OSSL_PKEY_PARAM_RSA_E, "e");
    } else if (EVP_PKEY_is_a(key, "EC")) {
        buf_text(out, "{\"kty\":\"EC\",\"crv\":\"P-256\"");
        bed_number(out, key, OSSL_PKEY_PARAM_EC_PUB_X, "x");
        bed_number(out, key, OSSL_PKEY_PARAM_EC_PUB_Y, "y");
    } else {
        CHECK(EVP_PKEY_get_raw_public_key(key, raw, &len) == 1);
        buf_text(out, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
        base64url_encode(raw, len, out);
        buf_char(out, '"');
    }
    buf_text(out, more);
    buf_char(out, '}');
}

/* All keys, named "rsa", "p256" and "ed25519". */
UNUSED static void bed_set(const struct jwt_bed *b, struct buf *out) {
    static const char *const names[BED_KEYS] = { ",\"kid\":\"rsa\"", ",\"kid\":\"p256\",\"use\":\"sig\"", ",\"kid\":\"ed25519\",\"alg\":\"EdDSA\"" };
    buf_text(out, "{\"keys\":[");
    for (int i = 0; i < BED_KEYS; i++) {
        buf_text(out, i == 0 ? "" : ",");
        bed_jwk(out, b->key[i], names[i]);
    }
    buf_text(out, "]}");
}

/* Two numbers of 32 bytes from what OpenSSL writes. */
UNUSED static size_t bed_flat(const uint8_t *der, size_t len, uint8_t ret[64]) {
    const uint8_t *at = der;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)len);
    CHECK(pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), ret, 32) == 32 && BN_bn2binpad(ECDSA_SIG_get0_s(pair), ret + 32, 32) == 32);
    ECDSA_SIG_free(pair);
    return 64;
}

/* header "." payload, signed as `alg` says with that key; appended to *out. */
UNUSED static void bed_sign(EVP_PKEY *key, const char *alg, const char *header, const char *payload, struct buf *out) {
    uint8_t sig[1024], flat[64], *use = sig;
    size_t len = sizeof sig, from = out->len;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL;
    base64url_encode(header, strlen(header), out);
    buf_char(out, '.');
    base64url_encode(payload, strlen(payload), out);
    CHECK(EVP_DigestSignInit_ex(c, &how, EVP_PKEY_is_a(key, "ED25519") ? NULL : "SHA256", NULL, NULL, key, NULL) == 1);
    if (strcmp(alg, "PS256") == 0)
        CHECK(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1);
    CHECK(EVP_DigestSign(c, sig, &len, (const uint8_t *)out->data + from, out->len - from) == 1);
    if (EVP_PKEY_is_a(key, "EC")) {
        len = bed_flat(sig, len, flat);
        use = flat;
    }
    buf_char(out, '.');
    base64url_encode(use, len, out);
    EVP_MD_CTX_free(c);
}

/* The usual header: algorithm and name of one of the set's keys. */
UNUSED static void bed_token(const struct jwt_bed *b, const char *alg, const char *payload, struct buf *out) {
    static const struct { const char *alg; enum bed_key key; const char *kid; } rows[] = {
        { "RS256", BED_RSA, "rsa" }, { "PS256", BED_RSA, "rsa" }, { "ES256", BED_P256, "p256" }, { "EdDSA", BED_ED25519, "ed25519" },
    };
    char header[80];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].alg, alg) == 0) {
            snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"%s\"}", alg, rows[i].kid);
            bed_sign(b->key[rows[i].key], alg, header, payload, out);
        }
}
