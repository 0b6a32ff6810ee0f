/* text_test.c */
#include "base/text.c"
#include "base/test.h"

/* The short way of Latin text gives what utf8proc gives, for every pair of its code points. */
TEST(latin_folds_as_unicode_does) {
    AUTO(buf_done) struct buf fast = BUF(64), slow = BUF(64);
    for (int32_t a = 0x20; a < (int32_t)LATIN; a++)
        for (int32_t b = 0x20; b < (int32_t)LATIN; b++) {
            uint8_t text[12], *flat = NULL;
            size_t len = (size_t)utf8proc_encode_char(a, text), n = 0;
            len += (size_t)utf8proc_encode_char(b, text + len);
            if (a == 0x7f || b == 0x7f)
                continue;
            buf_cut(&fast, 0);
            buf_cut(&slow, 0);
            struct folding f = { .to = &slow };
            CHECK(is_latin((const char *)text, len) && text_fold((const char *)text, len, &fast));
            CHECK(map((const char *)text, len, FOLDING, &flat, &n));
            fold_add(&f, flat, n);
            free(flat);
            if (fast.len != slow.len || memcmp(buf_str(&fast), buf_str(&slow), fast.len) != 0)
                fprintf(stderr, "U+%04x U+%04x: %s, %s\n", (unsigned)a, (unsigned)b, buf_str(&fast), buf_str(&slow));
            CHECK(fast.len == slow.len && memcmp(buf_str(&fast), buf_str(&slow), fast.len) == 0);
            buf_cut(&fast, 0);
            CHECK(text_clean((const char *)text, len, &fast) && map((const char *)text, len, UTF8PROC_COMPOSE | UTF8PROC_STABLE, &flat, &n));
            CHECK(n == len && memcmp(flat, text, n) == 0);
            free(flat);
        }
    CHECK(!is_latin("\x7f", 1) && !is_latin("a\1", 2) && !is_latin("\xc3", 1) && !is_latin("\xc1\x80", 2) && !is_latin("\xc6\x80", 2) && !is_latin("\xc3\x28", 2));
}

TEST(folds_what_people_type) {
    static const struct { const char *in, *want; } row[] = {
        { "Żółć  GĘŚLĄ", "zolc gesla" }, { "Őrült ÁRVÍZTŰRŐ", "orult arvizturo" }, { " Straße ", "strasse" },
        { "ﬁne", "fine" }, { "Łódź\tØ", "lodz o" }, { "", "" }, { "a\u0301", "a" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf b = BUF(200);
        CHECK(text_fold(row[i].in, strlen(row[i].in), &b));
        CHECK_TEXT(buf_str(&b), row[i].want);
    }
}

TEST(refuses_what_is_not_utf8) {
    static const struct { const char *bytes; size_t len; } row[] = {
        { "\xff", 1 }, { "a\0b", 3 }, { "\xc3", 1 }, { "\xed\xa0\x80", 3 }, { "\x1b[0m", 4 }, { "\x7f", 1 },
    };
    AUTO(buf_done) struct buf b = BUF(200);
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        CHECK(!text_clean(row[i].bytes, row[i].len, &b) && !text_fold(row[i].bytes, row[i].len, &b) && b.len == 0);
}

static bool join(const char *word, size_t len, void *arg) {
    buf_char(arg, '|');
    buf_add(arg, word, len);
    return true;
}

TEST(finds_words) {
    AUTO(buf_done) struct buf b = BUF(200);
    text_words("anna maria-kowalska, 12b", join, &b);
    CHECK_TEXT(buf_str(&b), "|anna|maria|kowalska|12b");
}

TEST(reads_whole_numbers_only) {
    static const struct { const char *in; bool ok; int64_t want; } row[] = {
        { "0", true, 0 }, { "007", true, 7 }, { "-5", true, -5 }, { "", false, 0 }, { "-", false, 0 }, { "1 ", false, 0 },
        { "+1", false, 0 }, { "9223372036854775807", true, INT64_MAX }, { "9223372036854775808", false, 0 },
        { "-9223372036854775808", true, INT64_MIN }, { "0x1", false, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        int64_t v = 99;
        CHECK(text_int(row[i].in, INT64_MIN, INT64_MAX, &v) == row[i].ok && v == (row[i].ok ? row[i].want : 99));
    }
}

TEST(base64url_there_and_back) {
    for (size_t len = 0; len < 40; len++) {
        uint8_t in[40], out[40];
        size_t n = 99;
        AUTO(buf_done) struct buf b = BUF(200);
        for (size_t i = 0; i < len; i++)
            in[i] = (uint8_t)(i * 37 + len);
        base64url_encode(in, len, &b);
        CHECK(base64url_decode(buf_str(&b), b.len, out, sizeof out, &n) && n == len && memcmp(in, out, len) == 0);
    }
    uint8_t out[4];
    size_t n;
    CHECK(!base64url_decode("AB", 2, out, 4, &n) && !base64url_decode("A", 1, out, 4, &n) && !base64url_decode("A+==", 4, out, 4, &n));
}

TEST(masks) {
    static const struct { const char *in, *want; } row[] = {
        { "john.walk@abcabc.example", "j**********@abcabc.example" }, { "a@b.example", "a**********@b.example" },
        { "@b", "**********@b" }, { "żaba@b", "ż**********@b" }, { "\"a@b\"@c", "\"**********@c" }, { "Anna", "A**********" }, { "", "**********" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf b = BUF(200);
        text_mask(row[i].in, &b);
        CHECK_TEXT(buf_str(&b), row[i].want);
    }
}

TEST(distance) {
    CHECK_INT(text_distance("keep", "kep"), 1);
    CHECK_INT(text_distance("hodls", "holds"), 1);
    CHECK_INT(text_distance("", "abc"), 3);
    CHECK_INT(text_distance("same", "same"), 0);
}
