#include "crypto/hash.c"

#include <pthread.h>

#include "base/test.h"
#include "base/text.h"

static void check_hex(const uint8_t *got, size_t len, const char *want) {
    AUTO(buf_done) struct buf b = BUF(4096);
    hex_encode(got, len, &b);
    CHECK_TEXT(buf_str(&b), want);
}

static const char abc_hash[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/* FIPS 180-4 examples ("abc", two blocks), and the same text in pieces. */
TEST(sha256_as_published) {
    uint8_t got[HASH_SIZE];
    struct err e;
    static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    CHECK_OK(crypto_init(&e), &e);
    hash_sha256("abc", 3, got);
    check_hex(got, sizeof got, abc_hash);
    hash_sha256(two, strlen(two), got);
    check_hex(got, sizeof got, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    hash_sha256(NULL, 0, got);
    check_hex(got, sizeof got, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    AUTO(hash_free) struct hash *h = hash_new();
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < strlen(two); i++)
            hash_add(h, two + i, 1);
        hash_end(h, got);
        check_hex(got, sizeof got, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    }
}

/* RFC 4231, test cases 1, 2 and 6. */
TEST(hmac_as_published) {
    uint8_t key[131], got[HASH_SIZE];
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    memset(key, 0x0b, 20);
    hmac_sha256(key, 20, "Hi There", 8, got);
    check_hex(got, sizeof got, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, got);
    check_hex(got, sizeof got, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    hmac_sha256(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54, got);
    check_hex(got, sizeof got, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* The key of before is taken up again only where it is the same; keys of other lengths come in between. */
TEST(hmac_is_right_in_whatever_order_keys_come) {
    uint8_t keys[3][KEY_SIZE + 1], text[300], got[HASH_SIZE], want[HASH_SIZE];
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    crypto_random(keys[0], sizeof keys[0]);
    memcpy(keys[1], keys[0], sizeof keys[0]);
    keys[1][KEY_SIZE - 1] ^= 1;              /* nearly the same */
    crypto_random(keys[2], sizeof keys[2]);
    for (size_t i = 0; i < 400; i++) {
        uint8_t pick[2];
        crypto_random(pick, sizeof pick);
        crypto_random(text, sizeof text);
        size_t len = i % 7 == 6 ? KEY_SIZE + 1 : i % 5 == 4 ? KEY_SIZE - 1 : KEY_SIZE, n = pick[1];
        const uint8_t *key = keys[pick[0] % 3];
        if (i % 50 == 49)
            crypto_forget();
        hmac_sha256(key, len, text, n, got);
        hmac_small(key, len, text, n, want);
        CHECK(memcmp(got, want, sizeof got) == 0);
    }
    static const struct key zero;
    crypto_forget();
    CHECK(!context_get()->hmac_known && memcmp(&context_get()->hmac_key, &zero, sizeof zero) == 0);
}

TEST(hmac_of_an_empty_key_is_not_that_of_the_key_before) {
    uint8_t a[HASH_SIZE], b[HASH_SIZE];
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    hmac_sha256("Jefe", 4, "x", 1, a);
    hmac_sha256(NULL, 0, "x", 1, a);
    hmac_small("", 0, "x", 1, b);
    CHECK(memcmp(a, b, sizeof a) == 0);
}

/* RFC 5869, appendix A.1 and A.3. */
TEST(hkdf_as_published) {
    uint8_t ikm[22], salt[13], info[10], okm[42], big[8161];
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    memset(ikm, 0x0b, sizeof ikm);
    for (uint8_t i = 0; i < 13; i++)
        salt[i] = i;
    for (uint8_t i = 0; i < 10; i++)
        info[i] = (uint8_t)(0xf0 + i);
    CHECK_OK(hkdf_sha256(ikm, 22, salt, 13, info, 10, okm, 42, &e), &e);
    check_hex(okm, 42, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    CHECK_OK(hkdf_sha256(ikm, 22, NULL, 0, NULL, 0, okm, 42, &e), &e);
    check_hex(okm, 42, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
    CHECK_OK(hkdf_sha256(ikm, 22, NULL, 0, NULL, 0, big, 8160, &e), &e);
    CHECK_CODE(hkdf_sha256(ikm, 22, NULL, 0, NULL, 0, big, 8161, &e), E_INVALID, &e);
}

/* A thread whose contexts cannot be had gives the same bytes through libsodium. */
static void *without_memory(void *arg) {
    uint8_t *got = arg;
    mem_fail_at = 1;
    hash_sha256("abc", 3, got);
    mem_fail_at = 1;
    hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, got + HASH_SIZE);
    return NULL;
}

TEST(hashes_without_memory) {
    uint8_t got[2 * HASH_SIZE];
    struct err e;
    pthread_t t;
    CHECK_OK(crypto_init(&e), &e);
    CHECK(pthread_create(&t, NULL, without_memory, got) == 0 && pthread_join(t, NULL) == 0);
    check_hex(got, HASH_SIZE, abc_hash);
    check_hex(got + HASH_SIZE, HASH_SIZE, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    mem_fail_at = 1;
    CHECK(hash_new() == NULL);
}
