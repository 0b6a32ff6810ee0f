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

TEST(labels_of_a_key) {
    static const struct { const char *bytes; size_t len; bool takes; } row[] = {
        { "\xa0", 1, true }, { "\xa1\x01\x02", 3, true }, { "\xa1\x20\x41x", 4, true }, { "\xa1\x39\x01\x00\xf5", 5, true } /* -257: not ours */, { "\xa1\x61x\xf5", 4, true },
        { "\xa2\x01\x02\x01\x02", 5, false }, { "\xa2\x20\x41x\x20\x01", 6, false }, { "\xa1\x01\xf5", 3, false }, { "\xa1\x01\x61x", 4, false }, { "\xa1\x01\x80", 3, false },
        { "\xa1\x1a\x80\0\0\0\x01", 7, false }, { "\xa1\x01\x1b\x80\0\0\0\0\0\0\0", 11, false }, { "\xa1\x01", 2, false }, { "\xa1\x01\x02\x03", 4, false }, { "\x80", 1, false }, { "", 0, false },
        { "\xa1\x41x\x01", 4, false }, { "\xa1\x80\x01", 3, false },
    };
    struct cose c;
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        CHECK(cose_read((const uint8_t *)row[i].bytes, row[i].len, &c) == row[i].takes);
    CHECK(cose_read((const uint8_t *)"\xa3\x01\x02\x03\x26\x21\x42xy", 9, &c));
    CHECK(c.value[COSE_KIND].number == 2 && c.value[COSE_ALGORITHM].is_integer && c.value[COSE_ALGORITHM].number == -7 && c.value[COSE_SECOND].len == 2
          && memcmp(c.value[COSE_SECOND].bytes, "xy", 2) == 0 && c.value[COSE_FIRST].bytes == NULL && !c.value[COSE_THIRD].is_integer);
}
