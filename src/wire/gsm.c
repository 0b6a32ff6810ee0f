/* gsm.c — the alphabet as a table by septet, turned round once into one by code point. Parts are filled greedily, which is the least number of them. */
#include "wire/gsm.h"

#include <pthread.h>
#include <string.h>
#include <utf8proc.h>

#include "base/text.h"

/* The default alphabet, 3GPP TS 23.038 section 6.2.1; 0x1b is the escape. */
static const uint16_t basic[128] = {
    '@', 0xa3, '$', 0xa5, 0xe8, 0xe9, 0xf9, 0xec, 0xf2, 0xc7, '\n', 0xd8, 0xf8, '\r', 0xc5, 0xe5,
    0x394, '_', 0x3a6, 0x393, 0x39b, 0x3a9, 0x3a0, 0x3a8, 0x3a3, 0x398, 0x39e, 0, 0xc6, 0xe6, 0xdf, 0xc9,
    ' ', '!', '"', '#', 0xa4, '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    0xa1, 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 0xc4, 0xd6, 0xd1, 0xdc, 0xa7,
    0xbf, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 0xe4, 0xf6, 0xf1, 0xfc, 0xe0,
};
/* Its extension table, section 6.2.1.1: an escape before each. */
static const struct { uint8_t septet; uint16_t point; } extension[] = {
    { 0x14, '^' }, { 0x28, '{' }, { 0x29, '}' }, { 0x2f, '\\' }, { 0x3c, '[' }, { 0x3d, '~' }, { 0x3e, ']' }, { 0x40, '|' }, { 0x65, 0x20ac },
};
#define ESCAPE 0x1b
#define NONE 0xffff
#define LATE 0x400                           /* the alphabet's letters lie below it, but for the euro sign */

/* By code point: the septet, with ESCAPE in the high byte for a letter of the extension table. */
static uint16_t septet_by_point[LATE];
static pthread_once_t septets_once = PTHREAD_ONCE_INIT;

static void septets_fill(void) {
    memset(septet_by_point, 0xff, sizeof septet_by_point);
    for (unsigned i = 0; i < ARRAY_LEN(basic); i++)
        if (i != ESCAPE)
            septet_by_point[basic[i]] = (uint16_t)i;
    for (size_t i = 0; i < ARRAY_LEN(extension); i++)
        if (extension[i].point < LATE)
            septet_by_point[extension[i].point] = (uint16_t)(ESCAPE << 8 | extension[i].septet);
}

static uint16_t septets_of(int32_t c) {
    (void)pthread_once(&septets_once, septets_fill);
    if (c == 0x20ac)
        return ESCAPE << 8 | 0x65;
    return c >= 0 && c < LATE ? septet_by_point[c] : NONE;
}

const char *gsm_encoding_name(enum gsm_encoding e) { return e == GSM_SEVEN ? "gsm-7" : "ucs-2"; }

/* Of a text that is UTF-8. */
static size_t point_at(const char *text, size_t len, int32_t *ret) {
    utf8proc_ssize_t n = utf8proc_iterate((const uint8_t *)text, (utf8proc_ssize_t)len, ret);
    PRE(n > 0);
    return (size_t)n;
}

static int units_of(int32_t c, enum gsm_encoding e) {
    if (e == GSM_SEVEN)
        return septets_of(c) >> 8 != 0 ? 2 : 1;
    return c > 0xffff ? 2 : 1;
}

static int room_of(enum gsm_encoding e, bool alone) {
    static const int room[][2] = { [GSM_SEVEN] = { 153, 160 }, [GSM_SIXTEEN] = { 67, 70 } };
    return room[e][alone];
}

/* What fits into one part of that room, from the start of the text. */
static size_t part_end(const char *text, size_t len, enum gsm_encoding e, int room, int *ret_used) {
    size_t at = 0;
    int used = 0;
    while (at < len) {
        int32_t c;
        size_t n = point_at(text + at, len - at, &c);
        int units = units_of(c, e);
        if (used + units > room)
            break;
        used += units;
        at += n;
    }
    *ret_used = used;
    return at;
}

static enum gsm_encoding encoding_of(const char *text, size_t len) {
    int32_t c;
    for (size_t at = 0; at < len;) {
        at += point_at(text + at, len - at, &c);
        if (septets_of(c) == NONE)
            return GSM_SIXTEEN;
    }
    return GSM_SEVEN;
}

bool gsm_measure(const char *text, size_t len, struct gsm_measure *ret) {
    if (len > GSM_TEXT_MAX || !text_is_utf8(text, len))
        return false;
    struct gsm_measure m = { .encoding = encoding_of(text, len) };
    int32_t c;
    for (size_t at = 0; at < len; m.units += units_of(c, m.encoding))
        at += point_at(text + at, len - at, &c);
    bool alone = m.units <= room_of(m.encoding, true);
    int used = m.units;
    m.parts = alone ? 1 : 0;
    for (size_t at = 0; !alone && at < len; m.parts++)
        at += part_end(text + at, len - at, m.encoding, room_of(m.encoding, false), &used);
    m.left = room_of(m.encoding, alone) - used;
    *ret = m;
    return true;
}

size_t gsm_part(const char *text, size_t len, const struct gsm_measure *m) {
    int used;
    return part_end(text, len, m->encoding, room_of(m->encoding, m->parts == 1), &used);
}

static void add_sixteen(struct buf *b, uint32_t c) {
    char two[2] = { (char)(c >> 8), (char)(c & 0xff) };
    buf_add(b, two, 2);
}

void gsm_encode(const char *text, size_t len, enum gsm_encoding e, struct buf *ret) {
    for (size_t at = 0; at < len;) {
        int32_t c;
        at += point_at(text + at, len - at, &c);
        if (e == GSM_SIXTEEN && c > 0xffff) {
            add_sixteen(ret, 0xd800 + (uint32_t)((c - 0x10000) >> 10));
            add_sixteen(ret, 0xdc00 + (uint32_t)((c - 0x10000) & 0x3ff));
        } else if (e == GSM_SIXTEEN) {
            add_sixteen(ret, (uint32_t)c);
        } else {
            uint16_t s = septets_of(c);
            if (s >> 8 != 0)
                buf_char(ret, ESCAPE);
            buf_char(ret, s == NONE ? '?' : (char)(s & 0x7f));
        }
    }
}

/* What Unicode does not take apart into letters of the alphabet, or takes apart badly. Sorted by code point. */
static const struct plain { int32_t point; const char *text; } plain[] = {
    { '\t', " " }, { '`', "'" }, { 0xa0, " " }, { 0xa6, "|" }, { 0xa8, "\"" }, { 0xa9, "(C)" }, { 0xab, "\"" }, { 0xad, "" }, { 0xae, "(R)" }, { 0xaf, "-" }, { 0xb4, "'" },
    { 0xb5, "u" }, { 0xb7, "." }, { 0xb8, "," }, { 0xbb, "\"" }, { 0xd0, "D" }, { 0xd7, "x" }, { 0xde, "Th" }, { 0xf0, "d" }, { 0xf7, "/" }, { 0xfe, "th" },
    { 0x110, "D" }, { 0x111, "d" }, { 0x126, "H" }, { 0x127, "h" }, { 0x131, "i" }, { 0x138, "k" }, { 0x141, "L" }, { 0x142, "l" }, { 0x14a, "N" }, { 0x14b, "n" },
    { 0x152, "OE" }, { 0x153, "oe" }, { 0x166, "T" }, { 0x167, "t" }, { 0x192, "f" }, { 0x2bc, "'" }, { 0x2c6, "^" }, { 0x2dc, "~" }, { 0x1e9e, "SS" },
    { 0x2010, "-" }, { 0x2011, "-" }, { 0x2012, "-" }, { 0x2013, "-" }, { 0x2014, "-" }, { 0x2015, "-" }, { 0x2018, "'" }, { 0x2019, "'" }, { 0x201a, "'" }, { 0x201b, "'" },
    { 0x201c, "\"" }, { 0x201d, "\"" }, { 0x201e, "\"" }, { 0x201f, "\"" }, { 0x2022, "*" }, { 0x2028, "\n" }, { 0x2029, "\n" }, { 0x2032, "'" }, { 0x2033, "\"" },
    { 0x2039, "<" }, { 0x203a, ">" }, { 0x2044, "/" }, { 0x2060, "" }, { 0x200b, "" }, { 0x2212, "-" }, { 0x2215, "/" }, { 0xfeff, "" },
};

static const char *plain_of(int32_t c) {
    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        if (plain[i].point == c)
            return plain[i].text;
    return NULL;
}

static void add_point(struct buf *b, int32_t c) {
    uint8_t bytes[4];
    buf_add(b, bytes, (size_t)utf8proc_encode_char(c, bytes));
}

static bool is_mark(int32_t c) {
    utf8proc_category_t k = utf8proc_category(c);
    return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_ME;
}

/* One letter in the alphabet's; false: it has no such form, and nothing was added. */
static bool add_plain(struct buf *b, int32_t c) {
    int32_t apart[32];
    int class = 0;
    const char *text = plain_of(c);
    if (text != NULL || septets_of(c) != NONE) {
        text != NULL ? buf_text(b, text) : add_point(b, c);
        return true;
    }
    utf8proc_ssize_t n = utf8proc_decompose_char(c, apart, ARRAY_LEN(apart), UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STABLE, &class);
    if (n < 1 || n > (utf8proc_ssize_t)ARRAY_LEN(apart) || (n == 1 && is_mark(c)))
        return false;
    for (utf8proc_ssize_t i = 0; i < n; i++)
        if (septets_of(apart[i]) == NONE && plain_of(apart[i]) == NULL && !is_mark(apart[i]))
            return false;
    for (utf8proc_ssize_t i = 0; i < n; i++)
        if (plain_of(apart[i]) != NULL)
            buf_text(b, plain_of(apart[i]));
        else if (!is_mark(apart[i]))
            add_point(b, apart[i]);
    return true;
}

#define MARKS_MAX 8
/* A letter and the marks behind it, as one piece: composed where Unicode has such a letter (e and an acute are é, which the alphabet has). */
static size_t letter_with_marks(const char *text, size_t len, int32_t ret[1 + MARKS_MAX], utf8proc_ssize_t *ret_n) {
    utf8proc_ssize_t n = 1;
    size_t at = point_at(text, len, &ret[0]);
    for (int32_t c; at < len;) {
        size_t more = point_at(text + at, len - at, &c);
        if (utf8proc_get_property(c)->combining_class == 0)
            break;
        at += more;
        if (n <= MARKS_MAX)                   /* no letter of any language carries more */
            ret[n++] = c;
    }
    *ret_n = n == 1 ? 1 : utf8proc_normalize_utf32(ret, n, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    return at;
}

bool gsm_plain(const char *text, size_t len, struct buf *ret) {
    struct gsm_measure m;
    if (!gsm_measure(text, len, &m))
        return false;
    for (size_t at = 0; at < len;) {
        int32_t piece[1 + MARKS_MAX];
        utf8proc_ssize_t n;
        at += letter_with_marks(text + at, len - at, piece, &n);
        if (!add_plain(ret, piece[0]))
            for (utf8proc_ssize_t i = 0; i < n; i++)
                add_point(ret, piece[i]);
    }
    return !ret->failed;
}
