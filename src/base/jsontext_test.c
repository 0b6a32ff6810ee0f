/* jsontext_test.c — held to what the library writes. */
#include "base/jsontext.c"
#include "base/test.h"

#include <stdlib.h>

static void same(const char *text) {
    AUTO(buf_done) struct buf b = BUF(1 << 20);
    json_error_t e;
    json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
    char *want = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    if (value == NULL || want == NULL)
        fprintf(stderr, "%s: %s\n", text, e.text);
    CHECK(value != NULL && want != NULL);
    json_text_add(&b, value);
    CHECK_TEXT(buf_str(&b), want);
    free(want);
    json_decref(value);
}

TEST(writes_what_the_library_writes) {
    static const char *const texts[] = {
        "{}", "[]", "null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808", "1.5", "0.1", "1e300", "-2.0", "123456789.123456789",
        "\"\"", "\"a\"", "\"\\\"\\\\\\/\"", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"", "\"a\\u0000b\"", "\"\\u017c\\u00f3\\u0142\\u0107 \\ud83d\\ude00\"",
        "{\"b\":1,\"a\":[1,[2,{}],null],\"\\n\":{\"x\":{\"y\":\"z\"}},\"\":\"\"}", "[1,2.25,\"x\",false,{\"k\":[]}]",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        same(texts[i]);
}

TEST(fails_where_there_is_no_room_or_no_value) {
    struct buf small = BUF(8);
    json_t *o = json_pack("{s:s}", "name", "value");
    json_text_add(&small, o);
    CHECK(small.failed);
    buf_done(&small);
    struct buf b = BUF(100);
    json_text_add(&b, NULL);
    CHECK(b.failed);
    buf_done(&b);
    json_decref(o);
}
