#include "crypto/sign.c"

#include "base/test.h"
#include "base/text.h"

#define HEX(text, to) PRE(hex_decode((text), strlen(text), (to), sizeof(to)))

/* RFC 8032, section 7.1, tests 1 and 2. */
TEST(signs_as_published) {
    static const struct { const char *seed, *public, *text, *sig; } row[] = {
        { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
          "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
          "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
        { "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
          "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "\x72",
          "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
    };
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        uint8_t seed[32], public[32], got_public[32], sig[64], got[64];
        HEX(row[i].seed, seed);
        HEX(row[i].public, public);
        HEX(row[i].sig, sig);
        CHECK_OK(sign_public(seed, got_public, &e), &e);
        CHECK(memcmp(public, got_public, 32) == 0);
        CHECK_OK(sign(seed, row[i].text, strlen(row[i].text), got, &e), &e);
        CHECK(memcmp(sig, got, 64) == 0);
        CHECK(sign_verify(public, row[i].text, strlen(row[i].text), sig));
        CHECK(!sign_verify(public, "other", 5, sig));
        sig[40] ^= 1;
        CHECK(!sign_verify(public, row[i].text, strlen(row[i].text), sig));
    }
}

TEST(makes_a_key_of_its_own_each_time) {
    uint8_t a[32], b[32], pa[32], pb[32], sig[64];
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    CHECK_OK(sign_make(a, pa, &e), &e);
    CHECK_OK(sign_make(b, pb, &e), &e);
    CHECK(memcmp(a, b, 32) != 0 && memcmp(pa, pb, 32) != 0);
    CHECK_OK(sign(a, "text", 4, sig, &e), &e);
    CHECK(sign_verify(pa, "text", 4, sig) && !sign_verify(pb, "text", 4, sig));
}
