/* recovery_test.c — made, typed in all the ways that people type, and nothing else. */
#include "crypto/recovery.c"
#include "base/test.h"

TEST(codes_are_found_as_people_type_them) {
    struct recovery_code code[RECOVERY_CODES], again[RECOVERY_CODES];
    struct recovery_hash hash[RECOVERY_CODES], other[RECOVERY_CODES];
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    recovery_make(code, hash);
    recovery_make(again, other);
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        char typed[64] = " ", bare[64] = "";
        size_t n = 1, m = 0;
        CHECK(strlen(code[i].text) == 19 && code[i].text[4] == '-' && code[i].text[9] == '-' && code[i].text[14] == '-');
        for (const char *p = code[i].text; *p != 0; p++) {
            typed[n++] = *p == '0' ? 'o' : *p == '1' ? (i % 2 == 0 ? 'l' : 'I') : *p == '-' ? ' ' : *p >= 'A' ? (char)(*p - 'A' + 'a') : *p;
            if (*p != '-')
                bare[m++] = *p;
        }
        CHECK_INT(recovery_find(hash, RECOVERY_CODES, code[i].text), (int)i);
        CHECK_INT(recovery_find(hash, RECOVERY_CODES, typed), (int)i);
        CHECK_INT(recovery_find(hash, RECOVERY_CODES, bare), (int)i);
        CHECK_INT(recovery_find(hash, i, code[i].text), -1);
        CHECK_INT(recovery_find(hash, RECOVERY_CODES, again[i].text), -1);
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(code[i].text, code[k].text) != 0);
    }
}

TEST(what_is_no_code_is_none) {
    struct recovery_hash zero[1], hash;
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    memset(zero, 0, sizeof zero);
    hash_sha256("0123456789ABCDEF", SYMBOLS, hash.bytes);
    CHECK_INT(recovery_find(&hash, 1, "0123-4567-89ab-cdef"), 0);
    CHECK_INT(recovery_find(&hash, 1, "ol23 4567 89AB CDEF"), 0);
    CHECK_INT(recovery_find(NULL, 0, "0123-4567-89AB-CDEF"), -1);
    CHECK_INT(recovery_find(zero, 1, "0123-4567-89AB-CDEF"), -1);
    static const char *const bad[] = { "", "-", "0123-4567-89AB-CDE", "0123-4567-89AB-CDEF0", "0123-4567-89AB-CDEU", "0123_4567_89AB_CDEF", "0123-4567-89AB-CDEG", "0123-4567-89AB-CDE\xc5\xbb",
                                       "0123-4567-89AB-CDEF                                                  " };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK_INT(recovery_find(&hash, 1, bad[i]), -1);
}

TEST(both_alphabets) {
    static const uint8_t bytes[10] = { 0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf };
    char text[BASE32_ROOM(sizeof bytes)];
    base32_text(base32_crockford, bytes, sizeof bytes, text);
    CHECK_TEXT(text, "0123456789ABCDEF");
    base32_text(base32_rfc, (const uint8_t *)"fooba", 5, text);      /* RFC 4648, section 10 */
    CHECK_TEXT(text, "MZXW6YTB");
}
