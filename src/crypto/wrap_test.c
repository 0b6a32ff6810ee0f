#include "crypto/wrap.c"

#include "base/mem.h"
#include "base/test.h"
#include "base/text.h"

#define HEX(text, to) PRE(hex_decode((text), strlen(text), (to), sizeof(to)))

/* RFC 3394, section 4.6: 256 bits of key data under a 256-bit key. */
TEST(wraps_as_published) {
    struct key kek, key, back;
    struct wrapped want, got;
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    HEX("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", kek.bytes);
    HEX("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f", key.bytes);
    HEX("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21", want.bytes);
    CHECK_OK(key_wrap(&kek, &key, &got, &e), &e);
    CHECK(memcmp(&got, &want, sizeof got) == 0);
    CHECK_OK(key_unwrap(&kek, &got, &back, &e), &e);
    CHECK(memcmp(&back, &key, sizeof key) == 0);
}

static void openssl_wrap(const struct key *kek, const struct key *key, struct wrapped *ret) {
    EVP_CIPHER *kw = EVP_CIPHER_fetch(NULL, "AES-256-WRAP", NULL);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0;
    EVP_CIPHER_CTX_set_flags(c, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    CHECK(EVP_EncryptInit_ex2(c, kw, kek->bytes, NULL, NULL) == 1);
    CHECK(EVP_EncryptUpdate(c, ret->bytes, &n, key->bytes, KEY_SIZE) == 1 && n == (int)WRAPPED_SIZE);
    EVP_CIPHER_CTX_free(c);
    EVP_CIPHER_free(kw);
}

/* Every size of lane, its border and more than one lane, against OpenSSL's own AES-KW. */
TEST(lanes_agree_with_openssl) {
    static const size_t counts[] = { 0, 1, 2, 3, 63, LANE - 1, LANE, LANE + 1, 2 * LANE + 5 };
    struct key kek;
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    for (size_t t = 0; t < ARRAY_LEN(counts); t++) {
        size_t n = counts[t];
        AUTO(mem_free) struct key *keys = mem_new_array(n, sizeof *keys), *back = mem_new_array(n, sizeof *back);
        AUTO(mem_free) struct wrapped *w = mem_new_array(n, sizeof *w);
        AUTO(mem_free) bool *ok = mem_new_array(n, sizeof *ok);
        crypto_random(&kek, sizeof kek);
        crypto_random(keys, n * sizeof *keys);
        CHECK_OK(keys_wrap(&kek, keys, n, w, &e), &e);
        for (size_t i = 0; i < n; i++) {
            struct wrapped want;
            openssl_wrap(&kek, &keys[i], &want);
            CHECK(memcmp(&want, &w[i], sizeof want) == 0);
        }
        CHECK_OK(keys_unwrap(&kek, w, n, back, ok, &e), &e);
        CHECK(n == 0 || memcmp(back, keys, n * sizeof *keys) == 0);
        for (size_t i = 0; i < n; i++)
            CHECK(ok[i]);
    }
}

TEST(one_bad_key_spoils_only_itself) {
    struct key kek, keys[20], back[20];
    struct wrapped w[20];
    bool ok[20];
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    crypto_random(&kek, sizeof kek);
    crypto_random(keys, sizeof keys);
    CHECK_OK(keys_wrap(&kek, keys, 20, w, &e), &e);
    for (size_t bit = 0; bit < WRAPPED_SIZE * 8; bit++) {
        size_t who = bit % 20;
        static const struct key zero;
        w[who].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_OK(keys_unwrap(&kek, w, 20, back, ok, &e), &e);
        for (size_t i = 0; i < 20; i++)
            CHECK(ok[i] == (i != who) && memcmp(&back[i], i == who ? &zero : &keys[i], sizeof zero) == 0);
        w[who].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

TEST(wrong_key_above_is_told_and_gives_nothing) {
    struct key kek = { { 1 } }, other = { { 2 } }, key = { { 3 } }, out = { { 9 } };
    struct wrapped w;
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    CHECK_OK(key_wrap(&kek, &key, &w, &e), &e);
    CHECK_CODE(key_unwrap(&other, &w, &out, &e), E_DAMAGED, &e);
    CHECK(out.bytes[0] == 9);
    CHECK(strstr(e.text, "wrapped key") != NULL);
}
