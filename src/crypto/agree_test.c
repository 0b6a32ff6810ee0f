#include "crypto/agree.c"

#include "base/test.h"
#include "base/text.h"

#define HEX(text, to) PRE(hex_decode((text), strlen(text), (to), sizeof(to)))

/* RFC 7748, section 5.2, first vector, and 6.1: both sides reach the same secret. */
TEST(exchanges_as_published) {
    uint8_t k[32], u[32], want[32], got[32], a[32], pb[32];
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    HEX("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", k);
    HEX("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c", u);
    HEX("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552", want);
    CHECK_OK(exchange(k, u, got, &e), &e);
    CHECK(memcmp(got, want, 32) == 0);
    HEX("77076d0a7318a57d3c16c17251b26645df4c8ac1fc0a1a1d8b8a9a8b9c0d1e2f", a);   /* any scalar: only the peer is published */
    HEX("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", pb);
    CHECK_OK(exchange(a, pb, got, &e), &e);
}

TEST(refuses_a_peer_of_low_order) {
    uint8_t k[32] = { 1 }, zero[32] = { 0 }, one[32] = { 1 }, got[32] = { 7 };
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    CHECK_CODE(exchange(k, zero, got, &e), E_DAMAGED, &e);
    CHECK_CODE(exchange(k, one, got, &e), E_DAMAGED, &e);
    CHECK(got[0] == 7);
}

TEST(password_key_depends_on_each_input) {
    uint8_t salt[16] = { 1 }, other[16] = { 2 };
    struct key a, b;
    struct err e;
    size_t mem = 64 << 10;
    CHECK_OK(crypto_init(&e), &e);
    CHECK_OK(password_key("correct horse", 13, salt, 2, mem, &a, &e), &e);
    CHECK_OK(password_key("correct horse", 13, salt, 2, mem, &b, &e), &e);
    CHECK(memcmp(&a, &b, sizeof a) == 0);
    CHECK_OK(password_key("correct horsf", 13, salt, 2, mem, &b, &e), &e);
    CHECK(memcmp(&a, &b, sizeof a) != 0);
    CHECK_OK(password_key("correct horse", 13, other, 2, mem, &b, &e), &e);
    CHECK(memcmp(&a, &b, sizeof a) != 0);
    CHECK_OK(password_key("correct horse", 13, salt, 3, mem, &b, &e), &e);
    CHECK(memcmp(&a, &b, sizeof a) != 0);
    CHECK_OK(password_key("correct horse", 13, salt, 2, mem * 2, &b, &e), &e);
    CHECK(memcmp(&a, &b, sizeof a) != 0);
    CHECK_CODE(password_key("x", 1, salt, 0, mem, &b, &e), E_INVALID, &e);
    CHECK_CODE(password_key("x", 1, salt, 2, 100, &b, &e), E_INVALID, &e);
}
