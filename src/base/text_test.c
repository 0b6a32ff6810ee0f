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

/* utf8proc's own way, whatever the text. */
static void fold_slowly(const char *text, size_t len, struct buf *ret) {
    uint8_t *flat = NULL;
    size_t n = 0;
    struct folding f = { .to = ret, .start = ret->len };
    CHECK(text_is_utf8(text, len) && map(text, len, FOLDING, &flat, &n));
    fold_add(&f, flat, n);
    free(flat);
}

/* Pieces of what people write, and of what only somebody who wants to break it does. */
static const char *const pieces[] = {
    "a", "b", "Z", "Q", "0", "9", "@", "[", "`", "{", "~", "!", "/", ":", " ", " ", " ", "  ", "\t", "\n", "\r", " \t ", "Anna ", "Kowalska", "LONG PLAIN TEXT ", "of some words, ",
    "ą", "ć", "ę", "ł", "Ł", "ń", "ó", "ś", "ź", "Ż", "Zażółć gęślą jaźń", "á", "ő", "Ű", "ÁRVÍZTŰRŐ tükörfúrógép", "ä", "ß", "ẞ", "Straße", "Æ", "œ", "ø", "đ", "ð", "þ",
    "ı", "İ", "I", "i", "ğ", "Ş", "ŉ", "ſ", "¼", "½", "ª", "º", "µ", "¨", "´", "¸", "¯", "\u00a0", "\u00ad", "\u2007", "\u202f", "\u3000", "\u200b", "\u200d", "\ufeff",
    "\u0301", "\u0327", "\u0307", "\u0345", "e\u0301", "\u0301\u0302\u0303", "ﬁ", "ﬃ", "Ǆ", "ǅ", "ΰ", "Σ", "ς", "Ж", "ё", "й", "中", "한국", "각", "が", "\U0001f600", "\U0001d400", "ﷺ", "㎏", "①",
};

static uint32_t below(uint32_t *seed, uint32_t n) {
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

static void some_text(uint32_t *seed, size_t count, uint32_t kinds, struct buf *ret) {
    for (size_t i = 0; i < count; i++)
        buf_text(ret, pieces[below(seed, kinds)]);
}

TEST(folds_any_text_as_unicode_does) {
    static const uint32_t kinds[] = { 8, 15, 25, 46, ARRAY_LEN(pieces) };       /* plain, with gaps, with Latin letters, all */
    AUTO(buf_done) struct buf text = BUF(1 << 16), fast = BUF(1 << 20), slow = BUF(1 << 20);
    for (uint32_t seed = 1, round = 0; round < 20000; round++) {
        size_t kept = below(&seed, 3);
        buf_cut(&text, 0);
        buf_cut(&fast, 0);
        buf_cut(&slow, 0);
        buf_add(&fast, "x ", kept);                   /* folding appends */
        buf_add(&slow, "x ", kept);
        some_text(&seed, below(&seed, 40), kinds[round % ARRAY_LEN(kinds)], &text);
        size_t from = text.len > 0 && (unsigned char)text.data[0] < 0x80 ? below(&seed, 2) : 0;      /* at any address */
        CHECK(text_fold(buf_str(&text) + from, text.len - from, &fast));
        fold_slowly(buf_str(&text) + from, text.len - from, &slow);
        if (fast.len != slow.len || memcmp(buf_str(&fast), buf_str(&slow), fast.len) != 0)
            fprintf(stderr, "%s:\n%s\n%s\n", buf_str(&text), buf_str(&fast), buf_str(&slow));
        CHECK(fast.len == slow.len && memcmp(buf_str(&fast), buf_str(&slow), fast.len) == 0);
    }
}

/* Each byte at each place of a long text: what is refused alone is refused there. */
TEST(looks_at_each_byte_wherever_it_stands) {
    AUTO(buf_done) struct buf b = BUF(200);
    for (unsigned c = 0; c < 256; c++)
        for (size_t at = 0; at < 24; at++) {
            char text[24];
            const char one[1] = { (char)c };
            memset(text, 'a', sizeof text);
            text[at] = (char)c;
            buf_cut(&b, 0);
            CHECK(is_latin(text, sizeof text) == is_latin(one, 1) && text_is_utf8(text, sizeof text) == text_is_utf8(one, 1));
            CHECK(text_fold(text, sizeof text, &b) == text_is_utf8(one, 1));
        }
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
        char text[BASE64URL_ROOM(sizeof in)];
        base64url_text(in, len, text);
        CHECK_TEXT(text, buf_str(&b));
        CHECK_INT(BASE64URL_ROOM(len), b.len + 1);
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
        buf_cut(&b, 0);
        text_mask_name(row[i].in, &b);
        CHECK(b.len == strcspn(row[i].want, "@") && strncmp(buf_str(&b), row[i].want, b.len) == 0);       /* without the domain */
    }
}

TEST(distance) {
    CHECK_INT(text_distance("keep", "kep"), 1);
    CHECK_INT(text_distance("hodls", "holds"), 1);
    CHECK_INT(text_distance("", "abc"), 3);
    CHECK_INT(text_distance("same", "same"), 0);
}

TEST(a_password_keeps_all_but_its_form) {
    static const struct { const char *in, *want; } row[] = {          /* NULL: refused */
        { " a ", " a " }, { "a\xc2\xa0" "b", "a b" }, { "e\xcc\x81", "\xc3\xa9" }, { "\xe0\xa5\x98", "\xe0\xa4\x95\xe0\xa4\xbc" },
        { "\xea\xb0\x80", "\xea\xb0\x80" }, { "\xe1\x84\x80\xe1\x85\xa1", "\xea\xb0\x80" } /* Hangul joins */, { "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80" },
        { "\xf0\x9d\x85\xa0", "\xf0\x9d\x85\x98\xf0\x9d\x85\xa5\xf0\x9d\x85\xae" }, { "", NULL }, { "\t", NULL }, { "\x1b", NULL }, { "\xe0\xa4", NULL }, { "\xcd\xb8", NULL } /* U+0378 */,
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf b = BUF(4096);
        CHECK(text_opaque(row[i].in, strlen(row[i].in), &b) == (row[i].want != NULL));
        if (row[i].want != NULL)
            CHECK_TEXT(buf_str(&b), row[i].want);
    }
}

/* The largest that may come, of what grows most; and against the library's own mapping. */
TEST(a_password_of_any_letters_is_as_the_library_writes_it) {
    for (int32_t c = 0xa1; c < 0x30000; c++) {
        uint8_t one[4], text[TEXT_OPAQUE_MAX], *nfc = NULL;
        size_t size = (size_t)utf8proc_encode_char(c, one), n = 0, len = 0;
        if (!utf8proc_codepoint_valid(c) || !opaque_point(c) || utf8proc_category(c) == UTF8PROC_CATEGORY_ZS)
            continue;
        AUTO(buf_done) struct buf b = BUF(16 * TEXT_OPAQUE_MAX);
        for (size_t times = c % 101 == 0 ? TEXT_OPAQUE_MAX / size : 1; times > 0; times--, len += size)
            memcpy(text + len, one, size);
        CHECK(text_opaque((const char *)text, len, &b) && map((const char *)text, len, UTF8PROC_COMPOSE | UTF8PROC_STABLE, &nfc, &n));
        CHECK(n == b.len && memcmp(nfc, b.data, n) == 0);
        free(nfc);
    }
}
