/* totp_test.c — the published vectors of RFC 4226 and RFC 6238, skew, and each code once. */
#include "crypto/totp.c"
#include "base/test.h"

static const uint8_t rfc[TOTP_SECRET_SIZE] = "12345678901234567890";
#define AT(seconds) ((usec_t)(seconds) * USEC_PER_SEC)

static bool takes(const char *code, usec_t now, int64_t last, int64_t want) {
    int64_t step = -7;
    bool yes = totp_verify(rfc, code, now, last, &step);
    CHECK(yes ? step == want : step == -7);
    return yes;
}

TEST(vectors_of_rfc_4226) {
    static const char *const code[] = { "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489" };
    for (int64_t i = 0; i < (int64_t)ARRAY_LEN(code); i++)
        CHECK(takes(code[i], AT(i * 30), i - 1, i));
}

TEST(vectors_of_rfc_6238) {                                     /* their last six digits */
    static const struct { int64_t seconds; const char *code; } row[] = {
        { 59, "287082" }, { 1111111109, "081804" }, { 1111111111, "050471" }, { 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        CHECK(takes(row[i].code, AT(row[i].seconds), -1, row[i].seconds / 30));
}

TEST(one_step_of_skew_and_no_more) {
    CHECK(takes("338314", AT(4 * 30), -1, 4) && takes("338314", AT(5 * 30 - 1), -1, 4));
    CHECK(takes("338314", AT(3 * 30), -1, 4) && takes("338314", AT(5 * 30), -1, 4) && takes("338314", AT(6 * 30) - 1, -1, 4));
    CHECK(!takes("338314", AT(3 * 30) - 1, -1, 4) && !takes("338314", AT(6 * 30), -1, 4));
    CHECK(!takes("755224", -1, -1, 0) && !takes("755224", AT(60), -1, 0));
}

TEST(each_code_once) {
    CHECK(takes("338314", AT(130), 3, 4));
    CHECK(!takes("338314", AT(130), 4, 4) && !takes("338314", AT(130), 5, 4));
    CHECK(takes("254676", AT(130), 4, 5));                      /* that of a clock which is fast */
    CHECK(!takes("338314", AT(131), 5, 4));                     /* and then none before it */
}

TEST(what_is_typed) {
    static const struct { const char *text; bool takes; } row[] = {
        { "338314", true }, { "338 314", true }, { " 3 3 8 3 1 4 ", true }, { "338314 ", true }, { "", false }, { "33831", false }, { "3383144", false },
        { "338-314", false }, { "33831a", false }, { "+38314", false }, { "338314\n", false }, { "338315", false }, { "038314", false },
        { "338314                                                   ", false }, { "\xd9\xa3\xd9\xa3\xd9\xa8", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        CHECK(takes(row[i].text, AT(130), -1, 4) == row[i].takes);
}

TEST(no_bit_of_the_secret_is_idle) {
    for (size_t i = 0; i < TOTP_SECRET_SIZE * 8; i++) {
        uint8_t other[TOTP_SECRET_SIZE];
        int64_t step;
        memcpy(other, rfc, sizeof other);
        other[i / 8] ^= (uint8_t)(1u << i % 8);
        CHECK(!totp_verify(other, "338314", AT(130), -1, &step));
    }
}

TEST(the_text_for_an_authenticator) {
    AUTO(buf_wipe) struct buf b = BUF(1024);
    char text[TOTP_SECRET_TEXT];
    uint8_t one[TOTP_SECRET_SIZE] = { 0 }, other[TOTP_SECRET_SIZE] = { 0 };
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    totp_text(rfc, text);
    CHECK_TEXT(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    totp_uri(rfc, "Bieg: \xc5\x81\xc3\xb3" "d\xc5\xba & co", "anna+1@poczta.example", &b);
    CHECK_TEXT(buf_str(&b), "otpauth://totp/Bieg%20%20%C5%81%C3%B3d%C5%BA%20%26%20co:anna%2B1%40poczta.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
                            "&issuer=Bieg%20%20%C5%81%C3%B3d%C5%BA%20%26%20co&algorithm=SHA1&digits=6&period=30");
    totp_make(one);
    totp_make(other);
    CHECK(memcmp(one, other, sizeof one) != 0);
}

TEST(what_an_authenticator_shows) {
    static const struct { int64_t seconds; const char *code; } row[] = { { 59, "287082" }, { 1111111109, "081804" }, { 2000000000, "279037" }, { 20000000000, "353130" } };
    char text[TOTP_SECRET_TEXT], shown[TOTP_CODE];
    int64_t step;
    totp_text(rfc, text);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        CHECK(totp_code(text, row[i].seconds * USEC_PER_SEC, shown));
        CHECK_TEXT(shown, row[i].code);
        CHECK(totp_verify(rfc, shown, row[i].seconds * USEC_PER_SEC, -1, &step));
    }
    CHECK(!totp_code("GEZDGNBV", 0, shown) && !totp_code("0189", 0, shown) && !totp_code(text, -1, shown));
}
