/* text.c — folding rests on utf8proc; the few letters that Unicode does not decompose are mapped here. */
#include "base/text.h"

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

bool text_clean(const char *text, size_t len, struct buf *ret) {
    uint8_t *nfc = NULL;
    size_t n, from = 0;
    if (!text_is_utf8(text, len) || !map(text, len, UTF8PROC_COMPOSE | UTF8PROC_STABLE, &nfc, &n))
        return false;
    while (from < n && (nfc[from] == ' ' || (nfc[from] >= '\t' && nfc[from] <= '\r')))
        from++;
    while (n > from && (nfc[n - 1] == ' ' || (nfc[n - 1] >= '\t' && nfc[n - 1] <= '\r')))
        n--;
    buf_add(ret, nfc + from, n - from);
    free(nfc);
    return !ret->failed;
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

bool text_fold(const char *text, size_t len, struct buf *ret) {
    uint8_t *flat = NULL;
    size_t n;
    if (!text_is_utf8(text, len) ||
        !map(text, len, UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_STABLE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK, &flat, &n))
        return false;
    bool gap = false;
    size_t start = ret->len;
    for (size_t at = 0; at < n;) {
        int32_t c;
        utf8proc_ssize_t size = utf8proc_iterate(flat + at, (utf8proc_ssize_t)(n - at), &c);
        if (size <= 0)
            break;
        if (is_space(c)) {
            gap = ret->len > start;
        } else {
            const char *plain = letter(c);
            if (gap)
                buf_char(ret, ' ');
            gap = false;
            if (plain != NULL)
                buf_text(ret, plain);
            else
                buf_add(ret, flat + at, (size_t)size);
        }
        at += (size_t)size;
    }
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
        out[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    return true;
}

static const char b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_encode(const void *bytes, size_t len, struct buf *ret) {
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < len ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < len ? p[i + 2] : 0);
        char four[4] = { b64[v >> 18 & 63], b64[v >> 12 & 63], b64[v >> 6 & 63], b64[v & 63] };
        buf_add(ret, four, len - i >= 3 ? 4 : len - i + 1);
    }
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

void text_mask(const char *value, struct buf *ret) {
    const char *at = strrchr(value, '@');
    size_t first = 0;
    if (value[0] != 0)
        for (first = 1; ((unsigned char)value[first] & 0xc0) == 0x80; first++)
            ;
    if (at != NULL && (size_t)(at - value) < first)
        first = (size_t)(at - value);
    buf_add(ret, value, first);
    buf_text(ret, "**********");
    if (at != NULL)
        buf_text(ret, at);
}

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
