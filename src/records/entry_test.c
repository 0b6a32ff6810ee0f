/* entry_test.c — an entry opens in its own place and nowhere else. */
#include "records/entry.c"

#include "base/test.h"

TEST(an_entry_stands_in_its_place_alone) {
    struct key key = { { 7 } };
    struct err e;
    struct entry_place at = { .name = "authorisation", .tenant = 1, .number = 2, .id = { { 3 } }, .key = 4 }, other[5];
    AUTO(buf_done) struct buf sealed = BUF(1000);
    json_t *o = json_pack("{s:s}", "post", "clerk"), *got = NULL;
    CHECK_OK(crypto_init(&e), &e);
    CHECK_OK(entry_seal(&at, &key, o, &sealed, &e), &e);
    CHECK_OK(entry_open(&at, &key, sealed.data, sealed.len, &got, &e), &e);
    CHECK(json_equal(o, got));
    json_decref(got);
    for (size_t i = 0; i < ARRAY_LEN(other); i++)
        other[i] = at;
    other[0].name = "window";
    other[1].tenant = 2;
    other[2].number = 1;
    other[3].id.bytes[0] = 9;
    other[4].key = 5;
    for (size_t i = 0; i < ARRAY_LEN(other); i++)
        CHECK_CODE(entry_open(&other[i], &key, sealed.data, sealed.len, &got, &e), E_DAMAGED, &e);
    json_decref(o);
}

