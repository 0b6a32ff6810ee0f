/* authdata_test.c — CBOR items; the whole is tried in webauthn_test.c. */
#include "crypto/authdata.c"
#include "base/test.h"

TEST(one_item_and_its_length) {
    static const struct { const char *bytes; size_t len, want; } row[] = {
        { "\x00", 1, 1 }, { "\x17", 1, 1 }, { "\x18\xff", 2, 2 }, { "\x18", 1, 0 }, { "\x19\x01\x00", 3, 3 }, { "\x19\x01", 2, 0 }, { "\x1a\0\0\0\0", 5, 5 }, { "\x1b\0\0\0\0\0\0\0\0", 9, 9 },
        { "\x1b\0\0\0\0\0\0\0", 8, 0 }, { "\x1c", 1, 0 }, { "\x1f", 1, 0 }, { "\x20", 1, 1 }, { "\x41x", 2, 2 }, { "\x41", 1, 0 }, { "\x58\x20", 2, 0 }, { "\x5f\xff", 2, 0 },
        { "\x5b\xff\xff\xff\xff\xff\xff\xff\xff", 9, 0 }, { "\x63" "abc", 4, 4 }, { "\x80", 1, 1 }, { "\x82\x01\x02\x03", 4, 3 }, { "\x82\x01", 2, 0 },
        { "\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x00", 10, 0 }, { "\xbb\x80\0\0\0\0\0\0\0\x00", 10, 0 }, { "\xbb\x7f\xff\xff\xff\xff\xff\xff\xff\x00", 10, 0 }, { "\xa1\x01\x02", 3, 3 }, { "\xa1\x01", 2, 0 }, { "\xa0", 1, 1 },
        { "\xc0\x00", 2, 0 }, { "\xf5", 1, 1 }, { "\xfb\0\0\0\0\0\0\0\0", 9, 9 }, { "\xff", 1, 0 }, { "", 0, 0 }, { "\x81\x81\x81\x81\x81\x01", 6, 6 }, { "\x81\x81\x81\x81\x81\x81\x01", 7, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        CHECK_INT(cbor_item((const uint8_t *)row[i].bytes, row[i].len), row[i].want);
}

TEST(what_a_head_holds) {
    uint8_t bytes[AUTHDATA_MAX + 1] = { [32] = 0x05, [36] = 9 };
    struct authdata a = { .count = 1 };
    CHECK(authdata_read(bytes, AUTHDATA_HEAD, &a) && a.count == 9 && a.flags == 5 && a.id == NULL && a.key == NULL && a.site_hash == bytes);
    CHECK(!authdata_read(bytes, AUTHDATA_HEAD - 1, &a) && !authdata_read(bytes, AUTHDATA_HEAD + 1, &a) && !authdata_read(bytes, sizeof bytes, &a));
}
