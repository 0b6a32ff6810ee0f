/* gsm_test.c — golden rows, and random texts against a plain reference that knows nothing of the table's shape. */
#include "wire/gsm.c"

#include <stdlib.h>

#include "base/test.h"

static struct gsm_measure measured(const char *text) {
    struct gsm_measure m;
    CHECK(gsm_measure(text, strlen(text), &m));
    return m;
}

static void repeated(const char *piece, int times, struct buf *ret) {
    for (int i = 0; i < times; i++)
        buf_text(ret, piece);
}

TEST(measures) {
    static const struct { const char *first; const char *piece; int times; enum gsm_encoding encoding; int parts, units, left; } rows[] = {
        { "", "", 0, GSM_SEVEN, 1, 0, 160 }, { "", "a", 1, GSM_SEVEN, 1, 1, 159 }, { "", "a", 160, GSM_SEVEN, 1, 160, 0 },
        { "", "a", 161, GSM_SEVEN, 2, 161, 145 }, { "", "a", 306, GSM_SEVEN, 2, 306, 0 }, { "", "a", 307, GSM_SEVEN, 3, 307, 152 },
        /* Letters of the extension table take two; the one that would be cut goes into the next part, and a septet stays empty. */
        { "", "€", 80, GSM_SEVEN, 1, 160, 0 }, { "a", "€", 80, GSM_SEVEN, 2, 161, 153 - 8 }, { "", "€", 153, GSM_SEVEN, 3, 306, 151 },
        { "", "[", 77, GSM_SEVEN, 1, 154, 6 }, { "", "^{}\\~]|[", 10, GSM_SEVEN, 1, 160, 0 }, { "", "^{}\\~]|[€", 9, GSM_SEVEN, 2, 162, 153 - 10 },
        /* What Polish and Hungarian people write. */
        { "", "ą", 1, GSM_SIXTEEN, 1, 1, 69 }, { "", "ą", 70, GSM_SIXTEEN, 1, 70, 0 }, { "", "ą", 71, GSM_SIXTEEN, 2, 71, 63 }, { "ż", "a", 159, GSM_SIXTEEN, 3, 160, 41 },
        { "", "é", 160, GSM_SEVEN, 1, 160, 0 }, { "", "ö", 160, GSM_SEVEN, 1, 160, 0 }, { "", "üä", 80, GSM_SEVEN, 1, 160, 0 }, { "", "á", 1, GSM_SIXTEEN, 1, 1, 69 },
        { "", "ő", 134, GSM_SIXTEEN, 2, 134, 0 }, { "", "ű", 135, GSM_SIXTEEN, 3, 135, 66 }, { "", "ç", 1, GSM_SIXTEEN, 1, 1, 69 }, { "", "Ç", 1, GSM_SEVEN, 1, 1, 159 },
        /* A pair of surrogates is never cut: 35 pictures fill 70 units alone, 33 a part of 67. */
        { "", "😀", 35, GSM_SIXTEEN, 1, 70, 0 }, { "", "😀", 36, GSM_SIXTEEN, 2, 72, 67 - 6 }, { "", "😀", 66, GSM_SIXTEEN, 2, 132, 1 }, { "a", "😀", 66, GSM_SIXTEEN, 2, 133, 1 },
        { "", "`", 1, GSM_SIXTEEN, 1, 1, 69 }, { "", "\t", 1, GSM_SIXTEEN, 1, 1, 69 }, { "", "\n", 160, GSM_SEVEN, 1, 160, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf text = BUF(4096);
        buf_text(&text, rows[i].first);
        repeated(rows[i].piece, rows[i].times, &text);
        struct gsm_measure m = measured(buf_str(&text));
        CHECK_INT(m.encoding, rows[i].encoding);
        CHECK_INT(m.parts, rows[i].parts);
        CHECK_INT(m.units, rows[i].units);
        CHECK_INT(m.left, rows[i].left);
    }
    CHECK_TEXT(gsm_encoding_name(GSM_SEVEN), "gsm-7");
    CHECK_TEXT(gsm_encoding_name(GSM_SIXTEEN), "ucs-2");
}

TEST(the_whole_alphabet_takes_seven_bits) {
    static const char all[] = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    AUTO(buf_done) struct buf septets = BUF(4096), extended = BUF(64);
    struct gsm_measure m = measured(all);
    CHECK(m.encoding == GSM_SEVEN && m.units == 127);
    gsm_encode(all, strlen(all), GSM_SEVEN, &septets);
    CHECK_INT(septets.len, 127);
    for (size_t i = 0; i < 127; i++)
        CHECK_INT((unsigned char)septets.data[i], i < 0x1b ? i : i + 1);     /* in the order of the table, without the escape */
    gsm_encode("^{}\\[~]|€", strlen("^{}\\[~]|€"), GSM_SEVEN, &extended);
    CHECK(extended.len == 18 && memcmp(extended.data, "\x1b\x14\x1b\x28\x1b\x29\x1b\x2f\x1b\x3c\x1b\x3d\x1b\x3e\x1b\x40\x1b\x65", 18) == 0);
    int taken = 0;
    for (int32_t c = 1; c <= 0x10ffff; c++)
        taken += septets_of(c) != NONE;
    CHECK_INT(taken, 127 + 9);
}

TEST(sixteen_bits_with_the_high_byte_first) {
    AUTO(buf_done) struct buf b = BUF(64);
    gsm_encode("aż😀", strlen("aż😀"), GSM_SIXTEEN, &b);
    CHECK(b.len == 8 && memcmp(b.data, "\x00\x61\x01\x7c\xd8\x3d\xde\x00", 8) == 0);
}

TEST(refuses_what_is_no_text) {
    static const struct { const char *text; size_t len; } rows[] = {
        { "\xff", 1 }, { "a\0b", 3 }, { "\xc0\x80", 2 }, { "\xed\xa0\x80", 3 /* half a pair */ }, { "\xf4\x90\x80\x80", 4 }, { "a\x1b", 2 }, { "\x7f", 1 }, { "\xc5", 1 },
    };
    struct gsm_measure m = { .parts = 7 };
    AUTO(buf_done) struct buf b = BUF(64);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK(!gsm_measure(rows[i].text, rows[i].len, &m) && !gsm_plain(rows[i].text, rows[i].len, &b));
        CHECK(m.parts == 7 && b.len == 0);
    }
    char *large = malloc(GSM_TEXT_MAX + 1);
    CHECK(large != NULL);
    memset(large, 'a', GSM_TEXT_MAX + 1);
    CHECK(!gsm_measure(large, GSM_TEXT_MAX + 1, &m));
    CHECK(gsm_measure(large, GSM_TEXT_MAX, &m) && m.parts == 429);           /* 65,536 = 428 * 153 + 52 */
    free(large);
}

TEST(plain_letters) {
    static const struct { const char *text, *want; } rows[] = {
        { "Zażółć gęślą jaźń", "Zazolc gesla jazn" }, { "ĄĆĘŁŃÓŚŹŻ ąćęłńóśźż", "ACELNOSZZ acelnoszz" }, { "Árvíztűrő tükörfúrógép", "Arvizturo tükörfurogép" },
        { "ÁÍÓŐÚŰ áíóőúű éöüäÉÖÜÄ", "AIOOUU aioouu éöüäÉÖÜÄ" }, { "„Tak” – rzekł… ‘nie’", "\"Tak\" - rzekl... 'nie'" }, { "a\xc2\xa0z", "a z" },
        { "Příliš žluťoučký kůň", "Prilis zlutoucky kun" }, { "Țară Șes țș", "Tara Ses ts" }, { "Đorđe š č ž", "Dorde s c z" }, { "Straße ẞ ñ Ø å", "Straße SS ñ Ø å" },
        { "e\xcc\x81 o\xcc\x88 a\xcc\xa8 q\xcc\x83", "é ö a q" }, { "5 €, 3½ m², ﬁn, №", "5 €, 31/2 m2, fin, No" }, { "Ωmega µ", "Ωmega u" },
        { "Привет", "Привет" }, { "καλημέρα", "καλημέρα" }, { "😀 tak, żółw", "😀 tak, zolw" }, { "żó\xe2\x80\x8b" "ł", "zol" }, { "a`b\tc", "a'b c" }, { "", "" },
        { "©®™", "(C)(R)TM" }, { "œuvre", "oeuvre" }, { "ªº", "ao" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf b = BUF(4096), again = BUF(4096);
        CHECK(gsm_plain(rows[i].text, strlen(rows[i].text), &b));
        CHECK_TEXT(buf_str(&b), rows[i].want);
        CHECK(gsm_plain(buf_str(&b), b.len, &again));
        CHECK_TEXT(buf_str(&again), buf_str(&b));
    }
    struct buf small = BUF(2);
    CHECK(!gsm_plain("abc", 3, &small));
    buf_done(&small);
}

/* ---- random texts. The reference works on units one by one, and looks for the least number of parts by trying every cut. */
static uint64_t dice = 20261122;
static uint32_t roll(uint32_t sides) {
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((dice >> 33) % sides);
}

static void random_text(struct buf *ret) {
    static const char *const pieces[] = { "a", "Z", "7", " ", "\n", "é", "Ω", "ß", "€", "[", "^", "|", "~" }, *const dear[] = { "ą", "ő", "’", "я", "😀", "𝄞", "…", "e\xcc\x81", "\xe2\x80\x8b" };
    uint32_t len = roll(8) == 0 ? roll(500) : 55 + roll(120), share = roll(3);     /* no dear letter, few, many */
    for (uint32_t i = 0; i < len; i++)
        buf_text(ret, share > 0 && roll(share == 1 ? 200 : 3) == 0 ? dear[roll(ARRAY_LEN(dear))] : pieces[roll(share == 0 && roll(2) == 0 ? 6 : ARRAY_LEN(pieces))]);
}

static bool in_alphabet(const char *letter, size_t len, int *ret_units) {
    static const char one[] = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà", two[] = "^{}\\[~]|€";
    char word[5] = { 0 };
    memcpy(word, letter, len);
    *ret_units = strstr(two, word) != NULL ? 2 : 1;
    return strstr(two, word) != NULL || strstr(one, word) != NULL;
}

static size_t letter_len(const char *p) { return (unsigned char)*p < 0x80 ? 1 : (unsigned char)*p < 0xe0 ? 2 : (unsigned char)*p < 0xf0 ? 3 : 4; }

struct reference { bool seven; int units[2048], count, total; };
static void refer(const char *text, struct reference *r) {
    int units;
    *r = (struct reference){ .seven = true };
    for (const char *p = text; *p != 0; p += letter_len(p))
        r->seven &= in_alphabet(p, letter_len(p), &units);
    for (const char *p = text; *p != 0; p += letter_len(p)) {
        units = letter_len(p) == 4 ? 2 : 1;
        if (r->seven)
            (void)in_alphabet(p, letter_len(p), &units);
        r->units[r->count] = units;
        r->total += r->units[r->count++];
    }
}

/* The least number of parts: best[i] for the first i letters, over every place where the last part may begin. */
static int least_parts(const struct reference *r) {
    static int best[2049];
    int room = r->seven ? 153 : 67;
    if (r->total <= (r->seven ? 160 : 70))
        return 1;
    best[0] = 0;
    for (int i = 1; i <= r->count; i++) {
        best[i] = 10000;
        for (int k = i - 1, sum = r->units[k]; k >= 0 && sum <= room; sum += k > 0 ? r->units[k - 1] : 0, k--)
            best[i] = best[k] + 1 < best[i] ? best[k] + 1 : best[i];
    }
    return best[r->count];
}

/* Parts joined give the text, no part is fuller than it may be, and none ends inside a letter's units. */
static void check_parts(const char *text, const struct gsm_measure *m) {
    AUTO(buf_done) struct buf joined = BUF(1 << 16), whole = BUF(1 << 16);
    size_t at = 0, len = strlen(text), room = m->encoding == GSM_SEVEN ? (m->parts == 1 ? 160 : 153) : (m->parts == 1 ? 140 : 134);
    int parts = 0;
    for (size_t n; (n = gsm_part(text + at, len - at, m)) > 0; at += n, parts++) {
        AUTO(buf_done) struct buf one = BUF(1024);
        gsm_encode(text + at, n, m->encoding, &one);
        CHECK(one.len <= room && one.len > 0);
        unsigned char last = (unsigned char)one.data[one.len - 1];
        if (m->encoding == GSM_SEVEN)
            CHECK(last != ESCAPE);
        else
            CHECK((one.data[one.len - 2] & 0xfc) != (char)0xd8);     /* the first half of a pair */
        if (parts + 1 == m->parts)
            CHECK_INT((int)(m->encoding == GSM_SEVEN ? room - one.len : (room - one.len) / 2), m->left);
        buf_add(&joined, one.data, one.len);
    }
    gsm_encode(text, len, m->encoding, &whole);
    CHECK(at == len && joined.len == whole.len && memcmp(buf_str(&joined), buf_str(&whole), whole.len) == 0);
    CHECK_INT(parts, len == 0 ? 0 : m->parts);
}

TEST(random_texts_agree_with_the_reference) {
    static struct reference r;
    for (int i = 0; i < 100000; i++) {
        AUTO(buf_done) struct buf text = BUF(1 << 14), plainly = BUF(1 << 14), again = BUF(1 << 14);
        random_text(&text);
        const char *t = buf_str(&text);
        struct gsm_measure m = measured(t), p;
        refer(t, &r);
        CHECK_INT(m.encoding, r.seven ? GSM_SEVEN : GSM_SIXTEEN);
        CHECK_INT(m.units, r.total);
        if (i % 8 == 0)                       /* every cut of a long text takes its time */
            CHECK_INT(m.parts, least_parts(&r));
        check_parts(t, &m);
        CHECK(gsm_plain(t, text.len, &plainly) && gsm_measure(buf_str(&plainly), plainly.len, &p) && p.units <= 3 * m.units);
        CHECK(!r.seven || strcmp(buf_str(&plainly), t) == 0);        /* what needs no help is left alone */
        CHECK(gsm_plain(buf_str(&plainly), plainly.len, &again) && strcmp(buf_str(&again), buf_str(&plainly)) == 0);
    }
}
