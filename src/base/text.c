/* text.c — folding rests on utf8proc; the few letters that Unicode does not decompose are mapped here. */
#include "base/text.h"

#include <endian.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

bool text_is_utf8(const char *bytes, size_t len) {
    const uint8_t *p = (const uint8_t *)bytes;
    for (size_t at = 0; at < len;) {
        int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate(p + at, (utf8proc_ssize_t)(len - at), &c);
        if (n <= 0 || (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
            return false;
        at += (size_t)n;
    }
    return true;
}

size_t text_points(const char *text) {
    size_t n = 0;
    for (; *text != 0; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static bool is_space(int32_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0 || c == 0x2007 || c == 0x202f ||
           utf8proc_category(c) == UTF8PROC_CATEGORY_ZS;
}

static bool map(const char *text, size_t len, int options, uint8_t **ret, size_t *ret_len) {
    utf8proc_ssize_t n = utf8proc_map((const uint8_t *)text, (utf8proc_ssize_t)len, ret,
                                      (utf8proc_option_t)options);
    *ret_len = n < 0 ? 0 : (size_t)n;
    return n >= 0;
}

/* ---- eight bytes at once, the first lowest; masks have the highest bit of each byte that they mean */
#define EACH(byte) ((uint64_t)(byte) * UINT64_C(0x0101010101010101))
#define HIGH EACH(0x80)

static uint64_t eight(const uint8_t *p) {
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return le64toh(w);
}

/* Bytes of which the lower seven bits are at least n; 1 <= n <= 0x80. */
static uint64_t at_least(uint64_t w, unsigned n) { return ((w & ~HIGH) + EACH(0x80 - n)) & HIGH; }

/* Bytes that are no printable ASCII. */
static uint64_t not_plain(uint64_t w) { return (w & HIGH) | (at_least(w, 0x20) ^ HIGH) | at_least(w, 0x7f); }

static size_t bytes_before(uint64_t mask) { return mask == 0 ? sizeof mask : (size_t)__builtin_ctzll(mask) / 8; }

/* Nearly all that is written here is Latin: code points below U+0180, none of which joins with its neighbour or changes by NFC. */
#define LATIN 0x180u
static bool is_latin(const char *text, size_t len) {
    const uint8_t *p = (const uint8_t *)text;
    for (size_t at = 0; at < len; at++) {
        while (len - at >= 8 && not_plain(eight(p + at)) == 0)
            if ((at += 8) == len)
                return true;
        uint8_t c = p[at];
        if (c < 0x80 ? (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f : c < 0xc2 || c > 0xc5 || at + 1 == len || (p[++at] & 0xc0) != 0x80)
            return false;
    }
    return true;
}

static void add_trimmed(const char *text, size_t n, struct buf *ret) {
    size_t from = 0;
    while (from < n && (text[from] == ' ' || (text[from] >= '\t' && text[from] <= '\r')))
        from++;
    while (n > from && (text[n - 1] == ' ' || (text[n - 1] >= '\t' && text[n - 1] <= '\r')))
        n--;
    buf_add(ret, text + from, n - from);
}

bool text_clean(const char *text, size_t len, struct buf *ret) {
    uint8_t *nfc = NULL;
    size_t n;
    if (is_latin(text, len)) {
        add_trimmed(text, len, ret);
        return !ret->failed;
    }
    if (!text_is_utf8(text, len) || !map(text, len, UTF8PROC_COMPOSE | UTF8PROC_STABLE, &nfc, &n))
        return false;
    add_trimmed((const char *)nfc, n, ret);
    free(nfc);
    return !ret->failed;
}

/* What the canonical decomposition of one code point may take at the most (Unicode 15: four, of U+1F82 and its like). */
#define PARTS_MAX 8

/* Unicode 15, 3.11, D109: marks that follow one another stand by their class. */
static void marks_order(int32_t *points, utf8proc_ssize_t n) {
    for (utf8proc_ssize_t i = 1; i < n; i++)
        for (utf8proc_ssize_t k = i; k > 0; k--) {
            int before = utf8proc_get_property(points[k - 1])->combining_class, own = utf8proc_get_property(points[k])->combining_class;
            if (own == 0 || before <= own)
                break;
            int32_t held = points[k];
            points[k] = points[k - 1];
            points[k - 1] = held;
        }
}

static bool opaque_point(int32_t c) {
    utf8proc_category_t k = utf8proc_category(c);
    return k != UTF8PROC_CATEGORY_CC && k != UTF8PROC_CATEGORY_CN && k != UTF8PROC_CATEGORY_CS && c != 0x2028 && c != 0x2029;
}

bool text_opaque(const char *text, size_t len, struct buf *ret) {
    int32_t points[TEXT_OPAQUE_MAX * PARTS_MAX + 1];
    utf8proc_ssize_t n = 0;
    bool fine = len > 0 && len <= TEXT_OPAQUE_MAX;
    for (size_t at = 0; fine && at < len;) {
        int32_t c;
        utf8proc_ssize_t size = utf8proc_iterate((const uint8_t *)text + at, (utf8proc_ssize_t)(len - at), &c);
        if ((fine = size > 0 && opaque_point(c))) {
            int class = 0;
            c = utf8proc_category(c) == UTF8PROC_CATEGORY_ZS ? ' ' : c;
            utf8proc_ssize_t more = utf8proc_decompose_char(c, points + n, PARTS_MAX, UTF8PROC_DECOMPOSE | UTF8PROC_STABLE, &class);
            fine = more > 0 && more <= PARTS_MAX;
            n += fine ? more : 0;
            at += (size_t)size;
        }
    }
    if (fine) {
        marks_order(points, n);
        n = utf8proc_reencode(points, n, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
        if ((fine = n > 0))
            buf_add(ret, points, (size_t)n);
    }
    explicit_bzero(points, sizeof points);
    return fine && !ret->failed;
}

static const char *letter(int32_t c) {
    switch (c) {
    case 0x142: return "l";              /* ł */
    case 0x111: case 0xf0: return "d";   /* đ ð */
    case 0xf8: return "o";               /* ø */
    case 0x131: return "i";              /* ı */
    case 0xe6: return "ae";              /* æ */
    case 0x153: return "oe";             /* œ */
    default: return NULL;
    }
}

struct folding { struct buf *to; size_t start; bool gap; };

/* What utf8proc made of one code point or of a whole text. */
static void fold_add(struct folding *f, const uint8_t *flat, size_t n) {
    for (size_t at = 0; at < n;) {
        int32_t c;
        utf8proc_ssize_t size = utf8proc_iterate(flat + at, (utf8proc_ssize_t)(n - at), &c);
        if (size <= 0)
            break;
        if (is_space(c)) {
            f->gap = f->to->len > f->start;
        } else {
            const char *plain = letter(c);
            if (f->gap)
                buf_char(f->to, ' ');
            f->gap = false;
            if (plain != NULL)
                buf_text(f->to, plain);
            else
                buf_add(f->to, flat + at, (size_t)size);
        }
        at += (size_t)size;
    }
}

#define FOLDING (UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_STABLE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK)

/* What each Latin code point folds to, asked of utf8proc once; len 0: nothing, or it must be asked again. */
static struct { uint8_t text[7], len; } latin[LATIN];
static pthread_once_t latin_once = PTHREAD_ONCE_INIT;
static void latin_fill(void) {
    for (uint32_t c = 1; c < LATIN; c++) {
        uint8_t in[4], *flat = NULL;
        size_t n = 0, len = (size_t)utf8proc_encode_char((utf8proc_int32_t)c, in);
        if (map((const char *)in, len, FOLDING, &flat, &n) && n <= sizeof latin[c].text) {
            memcpy(latin[c].text, flat, n);
            latin[c].len = (uint8_t)n;
        }
        free(flat);
    }
}

/* Folds bytes at p, as long as they are printable ASCII and no space stands before anything but a letter or sign; of eight that there
 * are, how many it took. `to` has room for eight. */
static size_t fold_plain(const uint8_t *p, uint8_t *to) {
    uint64_t w = eight(p), sign = ~not_plain(w) & at_least(w, 0x21);
    uint64_t bad = ~(sign | sign >> 8) & HIGH;         /* neither a sign nor a space before one */
    bad |= not_plain(w);
    uint64_t upper = at_least(w, 'A') & ~at_least(w, 'Z' + 1);
    w = htole64(w | upper >> 2);
    memcpy(to, &w, sizeof w);
    return bytes_before(bad);
}

static void fold_latin(struct folding *f, const char *text, size_t len) {
    const uint8_t *p = (const uint8_t *)text;
    char *o = NULL;                           /* while there is room for all that is left, each code point as one byte */
    (void)pthread_once(&latin_once, latin_fill);
    for (size_t at = 0; at < len; at++) {
        if (o == NULL && (o = buf_more(f->to, len - at)) == NULL)
            return;
        while (!f->gap && len - at >= 8 && (p[at] > ' ' || o > f->to->data + f->start)) {
            size_t n = fold_plain(p + at, (uint8_t *)o);
            o += n;
            at += n;
            if (n < 8)
                break;
        }
        if (at == len)
            break;
        uint32_t c = p[at];
        if (c >= 0x80)
            c = (c & 0x1f) << 6 | (p[++at] & 0x3f);
        if (latin[c].len == 1 && latin[c].text[0] > ' ') {
            if (f->gap)
                *o++ = ' ';                   /* of a byte that was passed over */
            f->gap = false;
            *o++ = (char)latin[c].text[0];
        } else if (latin[c].len == 1) {
            f->gap = o > f->to->data + f->start;
        } else {
            buf_cut(f->to, (size_t)(o - f->to->data));
            fold_add(f, latin[c].text, latin[c].len);
            o = NULL;
        }
    }
    if (o != NULL)
        buf_cut(f->to, (size_t)(o - f->to->data));
}

bool text_fold(const char *text, size_t len, struct buf *ret) {
    struct folding f = { .to = ret, .start = ret->len };
    uint8_t *flat = NULL;
    size_t n;
    if (is_latin(text, len)) {
        fold_latin(&f, text, len);
        return !ret->failed;
    }
    if (!text_is_utf8(text, len) || !map(text, len, FOLDING, &flat, &n))
        return false;
    fold_add(&f, flat, n);
    free(flat);
    return !ret->failed;
}

static bool is_word(int32_t c) {
    utf8proc_category_t k = utf8proc_category(c);
    return (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO) || k == UTF8PROC_CATEGORY_ND;
}

void text_words(const char *folded, bool (*fn)(const char *, size_t, void *), void *arg) {
    const uint8_t *p = (const uint8_t *)folded;
    size_t len = strlen(folded), start = 0;
    bool inside = false;
    for (size_t at = 0; at <= len;) {
        int32_t c = 0;
        utf8proc_ssize_t n = at < len ? utf8proc_iterate(p + at, (utf8proc_ssize_t)(len - at), &c) : 1;
        if (n <= 0)
            return;
        bool word = at < len && is_word(c);
        if (word && !inside)
            start = at;
        if (!word && inside && !fn(folded + start, at - start, arg))
            return;
        inside = word;
        at += (size_t)n;
    }
}

bool text_int_n(const char *text, size_t len, int64_t min, int64_t max, int64_t *ret) {
    int64_t value = 0;
    bool minus = len > 0 && text[0] == '-';
    if (len == (size_t)minus)
        return false;
    for (size_t i = minus; i < len; i++) {
        int digit = text[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, minus ? -digit : digit, &value))
            return false;
    }
    if (value < min || value > max)
        return false;
    *ret = value;
    return true;
}

bool text_int(const char *text, int64_t min, int64_t max, int64_t *ret) {
    return text_int_n(text, strlen(text), min, max, ret);
}

void hex_encode(const void *bytes, size_t len, struct buf *ret) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++) {
        char two[2] = { digits[p[i] >> 4], digits[p[i] & 15] };
        buf_add(ret, two, 2);
    }
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_decode(const char *text, size_t len, void *ret, size_t ret_len) {
    uint8_t *out = ret;
    if (ret_len > SIZE_MAX / 2 || len != ret_len * 2)
        return false;
    for (size_t i = 0; i < len; i++)
        if (hex_digit(text[i]) < 0)
            return false;
    for (size_t i = 0; i < ret_len; i++)
        out[i] = (uint8_t)((unsigned)hex_digit(text[2 * i]) << 4 | (unsigned)hex_digit(text[2 * i + 1]));
    return true;
}

static const char b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Up to three bytes as four characters; how many of them count. */
static size_t b64_group(const uint8_t *p, size_t len, char ret[4]) {
    uint32_t v = (uint32_t)p[0] << 16 | (len > 1 ? (uint32_t)p[1] << 8 : 0) | (len > 2 ? p[2] : 0);
    for (unsigned i = 0; i < 4; i++)
        ret[i] = b64[v >> (18 - 6 * i) & 63];
    return len >= 3 ? 4 : len + 1;
}

void base64url_encode(const void *bytes, size_t len, struct buf *ret) {
    char four[4];
    for (size_t i = 0; i < len; i += 3)
        buf_add(ret, four, b64_group((const uint8_t *)bytes + i, len - i, four));
}

void base64url_text(const void *bytes, size_t len, char *ret) {
    char four[4];
    for (size_t i = 0; i < len; i += 3) {
        size_t n = b64_group((const uint8_t *)bytes + i, len - i, four);
        memcpy(ret, four, n);
        ret += n;
    }
    *ret = 0;
}

bool base64url_decode(const char *text, size_t len, void *ret, size_t room, size_t *ret_len) {
    uint8_t *out = ret;
    uint32_t v = 0;
    unsigned bits = 0;
    size_t n = 0;
    if (len % 4 == 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        const char *at = text[i] == 0 ? NULL : strchr(b64, text[i]);
        if (at == NULL)
            return false;
        v = v << 6 | (uint32_t)(at - b64);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            if (n == room)
                return false;
            out[n++] = (uint8_t)(v >> bits);
        }
    }
    if ((v & ((1u << bits) - 1)) != 0)       /* spare bits must be zero: one text for one value */
        return false;
    *ret_len = n;
    return true;
}

static void mask_name(const char *value, const char *at, struct buf *ret) {
    size_t first = 0;
    if (value[0] != 0)
        for (first = 1; ((unsigned char)value[first] & 0xc0) == 0x80; first++)
            ;
    if (at != NULL && (size_t)(at - value) < first)
        first = (size_t)(at - value);
    buf_add(ret, value, first);
    buf_text(ret, "**********");
}

void text_mask(const char *value, struct buf *ret) {
    const char *at = strrchr(value, '@');
    mask_name(value, at, ret);
    if (at != NULL)
        buf_text(ret, at);
}

void text_mask_name(const char *value, struct buf *ret) { mask_name(value, strrchr(value, '@'), ret); }

#define DISTANCE_MAX 40u
unsigned text_distance(const char *a, const char *b) {
    unsigned row[3][DISTANCE_MAX + 1];
    size_t la = strlen(a), lb = strlen(b);
    if (la > DISTANCE_MAX || lb > DISTANCE_MAX)
        return strcmp(a, b) == 0 ? 0 : 9;
    for (unsigned j = 0; j <= lb; j++)
        row[0][j] = j;
    memcpy(row[2], row[0], sizeof row[0]);
    for (unsigned i = 1; i <= la; i++) {
        unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];
        now[0] = i;
        for (unsigned j = 1; j <= lb; j++) {
            unsigned cost = a[i - 1] != b[j - 1], best = up[j - 1] + cost;
            if (up[j] + 1 < best)
                best = up[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && up2[j - 2] + 1 < best)
                best = up2[j - 2] + 1;
            now[j] = best;
        }
    }
    unsigned d = row[la % 3][lb];
    return d > 9 ? 9 : d;
}
