#include "crypto/seal.c"

#include "base/mem.h"
#include "base/test.h"
#include "base/text.h"

#define HEX(text, to) PRE(hex_decode((text), strlen(text), (to), sizeof(to)))

/* McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test case 16. */
TEST(seals_as_published) {
    struct key key;
    uint8_t nonce[12], plain[60], ad[20], want[76], got[76];
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    HEX("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", key.bytes);
    HEX("cafebabefacedbaddecaf888", nonce);
    HEX("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39", plain);
    HEX("feedfacedeadbeeffeedfacedeadbeefabaddad2", ad);
    HEX("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b", want);
    CHECK(gcm_seal(context_get(), &key, nonce, ad, sizeof ad, plain, sizeof plain, got));
    CHECK(memcmp(got, want, sizeof want) == 0);
}

TEST(opens_what_it_sealed_and_nothing_else) {
    struct key key, other;
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    crypto_random(&key, sizeof key);
    crypto_random(&other, sizeof other);
    for (size_t len = 0; len < 5000; len = len * 3 + 1) {
        AUTO(buf_wipe) struct buf sealed = BUF(8192), open = BUF(8192);
        uint8_t plain[5000];
        crypto_random(plain, sizeof plain);
        buf_text(&sealed, "head");           /* seal appends */
        CHECK_OK(seal(&key, "place", 5, plain, len, &sealed, &e), &e);
        CHECK(sealed.len == 4 + len + SEAL_OVERHEAD && memcmp(sealed.data, "head", 4) == 0);
        uint8_t *s = (uint8_t *)sealed.data + 4;
        buf_text(&open, "kept");
        CHECK_OK(seal_open(&key, "place", 5, s, len + SEAL_OVERHEAD, &open, &e), &e);
        CHECK(open.len == 4 + len && memcmp(open.data + 4, plain, len) == 0);
        CHECK_CODE(seal_open(&other, "place", 5, s, len + SEAL_OVERHEAD, &open, &e), E_DAMAGED, &e);
        CHECK_CODE(seal_open(&key, "plack", 5, s, len + SEAL_OVERHEAD, &open, &e), E_DAMAGED, &e);
        CHECK_CODE(seal_open(&key, "place", 4, s, len + SEAL_OVERHEAD, &open, &e), E_DAMAGED, &e);
        CHECK_CODE(seal_open(&key, "place", 5, s, len + SEAL_OVERHEAD - 1, &open, &e), E_DAMAGED, &e);
        CHECK_CODE(seal_open(&key, "place", 5, s, SEAL_OVERHEAD - 1, &open, &e), E_DAMAGED, &e);
        for (size_t at = 0; at < len + SEAL_OVERHEAD; at += 7) {
            s[at] ^= 0x10;
            CHECK_CODE(seal_open(&key, "place", 5, s, len + SEAL_OVERHEAD, &open, &e), E_DAMAGED, &e);
            s[at] ^= 0x10;
        }
        CHECK(open.len == 4 + len);          /* what failed left nothing behind */
    }
}

/* What one library sealed the other opens, byte for byte, on both sides of the length at which they change. */
TEST(both_libraries_write_the_same) {
    struct key key;
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    struct context *c = context_get();
    const bool has = c->has_brief;
    uint8_t nonce[NONCE_SIZE], plain[BRIEF + 40], ad[64], one[sizeof plain + TAG_SIZE], two[sizeof one], open[sizeof plain + 1];
    for (size_t len = 0; len <= sizeof plain; len++) {
        size_t ad_len = len % (sizeof ad + 1);
        crypto_random(&key, sizeof key);
        crypto_random(nonce, sizeof nonce);
        crypto_random(ad, sizeof ad);
        crypto_random(plain, sizeof plain);
        c->has_brief = has;
        CHECK(is_brief(c, len) == (has && len <= BRIEF));
        CHECK(gcm_seal(c, &key, nonce, ad, ad_len, plain, len, one));
        c->has_brief = false;
        CHECK(gcm_seal(c, &key, nonce, ad, ad_len, plain, len, two));
        CHECK(memcmp(one, two, len + TAG_SIZE) == 0);
        for (int brief = 0; brief < 2; brief++) {
            c->has_brief = has && brief != 0;
            memset(open, 0, sizeof open);
            CHECK(gcm_open(c, &key, nonce, ad, ad_len, one, len, open) == OK && memcmp(open, plain, len) == 0);
            two[len % (len + TAG_SIZE)] ^= 1;
            CHECK(gcm_open(c, &key, nonce, ad, ad_len, two, len, open) == E_DAMAGED);
            two[len % (len + TAG_SIZE)] ^= 1;
            nonce[len % NONCE_SIZE] ^= 0x80;
            CHECK(gcm_open(c, &key, nonce, ad, ad_len, two, len, open) == E_DAMAGED);
            nonce[len % NONCE_SIZE] ^= 0x80;
        }
    }
    c->has_brief = has;
}

TEST(forgets_the_key_of_few_bytes) {
    static const crypto_aead_aes256gcm_state none;
    struct key key = { { 7 } };
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    AUTO(buf_done) struct buf b = BUF(100);
    CHECK_OK(seal(&key, NULL, 0, "x", 1, &b, &e), &e);
    struct context *c = context_get();
    CHECK(!c->has_brief || memcmp(&c->brief, &none, sizeof none) != 0);
    crypto_forget();
    CHECK(memcmp(&c->brief, &none, sizeof none) == 0);
}

TEST(never_repeats_a_nonce) {
    struct key key = { { 1 } };
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    AUTO(buf_done) struct buf all = BUF(1 << 20);
    for (int i = 0; i < 500; i++)
        CHECK_OK(seal(&key, NULL, 0, "x", 1, &all, &e), &e);
    for (size_t i = 0; i < 500; i++)
        for (size_t j = 0; j < i; j++)
            CHECK(memcmp(all.data + i * 29, all.data + j * 29, NONCE_SIZE) != 0);
}

TEST(refuses_without_room) {
    struct key key = { { 1 } };
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    AUTO(buf_done) struct buf small = BUF(20), big = BUF(100);
    CHECK_CODE(seal(&key, NULL, 0, "x", 1, &small, &e), E_MEMORY, &e);
    mem_fail_at = 1;
    CHECK_CODE(seal(&key, NULL, 0, "x", 1, &big, &e), E_MEMORY, &e);
}

TEST(pieces_have_their_length_in_front) {
    AUTO(buf_done) struct buf b = BUF(100);
    piece_add(&b, "ab", 2);
    piece_add(&b, "", 0);
    CHECK(b.len == 10 && memcmp(b.data, "\0\0\0\2ab\0\0\0\0", 10) == 0);
}
