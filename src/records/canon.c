/* canon.c — a writer of strings and a walker of objects. The walker trusts nothing: every step is bounded by end. */
#include "records/canon.h"

#include <string.h>

void canon_text(struct buf *b, const char *text, size_t len) {
    size_t from = 0;
    buf_char(b, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(b, text + from, i - from);
        from = i + 1;
        if (c == '\n')
            buf_add(b, "\\n", 2);
        else if (c < 0x20)
            buf_printf(b, "\\u%04x", c);
        else
            buf_add(b, (char[2]){ '\\', (char)c }, 2);
    }
    buf_add(b, text + from, len - from);
    buf_char(b, '"');
}

bool canon_begin(struct canon *c, const char *json, size_t len) {
    if (len < 2 || json[0] != '{' || json[len - 1] != '}')
        return false;
    *c = (struct canon){ .at = json + 1, .end = json + len - 1 };
    return true;
}

/* Past the closing quote of the string that begins at p; NULL: none. Most have nothing that is escaped before it. */
static const char *string_end(const char *p, const char *end) {
    const char *quote = memchr(p + 1, '"', (size_t)(end - p) - 1), *back = quote == NULL ? NULL : memchr(p + 1, '\\', (size_t)(quote - p) - 1);
    if (back == NULL)
        return quote == NULL ? NULL : quote + 1;
    for (p = back; p < end; p++) {
        if (*p == '\\')
            p++;
        else if (*p == '"')
            return p + 1;
    }
    return NULL;
}

/* Past the value that begins at p: a string, a nested thing, or a bare word. */
static const char *value_end(const char *p, const char *end) {
    unsigned depth = 0;
    while (p < end) {
        if (*p == '"') {
            p = string_end(p, end);
            if (p == NULL)
                return NULL;
            if (depth == 0)
                return p;
            continue;
        }
        if (*p == '{' || *p == '[')
            depth++;
        else if (*p == '}' || *p == ']') {
            if (depth == 0)
                return NULL;
            if (--depth == 0)
                return p + 1;
        } else if (*p == ',' && depth == 0)
            return p;
        p++;
    }
    return depth == 0 ? p : NULL;
}

bool canon_next(struct canon *c, struct slice *ret_key, struct slice *ret_value) {
    if (c->bad || c->at >= c->end)
        return false;
    c->bad = true;                           /* until this member has been read whole */
    const char *key = c->at, *key_end = *key == '"' ? string_end(key, c->end) : NULL;
    if (key_end == NULL || key_end >= c->end || *key_end != ':')
        return false;
    const char *value = key_end + 1, *end = value_end(value, c->end);
    if (end == NULL || end == value)
        return false;
    if (end < c->end && *end != ',')
        return false;
    *ret_key = (struct slice){ key + 1, (size_t)(key_end - key) - 2 };
    *ret_value = (struct slice){ value, (size_t)(end - value) };
    c->at = end < c->end ? end + 1 : end;
    c->bad = end < c->end && c->at == c->end;        /* a comma with nothing behind it */
    return !c->bad;
}

static int hex4(const char *p) {
    int v = 0;
    for (int i = 0; i < 4; i++) {
        int d = p[i] >= '0' && p[i] <= '9' ? p[i] - '0' : p[i] >= 'a' && p[i] <= 'f' ? p[i] - 'a' + 10 : p[i] >= 'A' && p[i] <= 'F' ? p[i] - 'A' + 10 : -1;
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

/* What canon_text and jansson (compact, without ensure-ascii) escape: short forms, and \u of control characters. */
static bool unescape(const char **p, const char *end, char *ret) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *q = *p;
    if (q >= end)
        return false;
    if (*q == 'u') {
        int v = end - q > 4 ? hex4(q + 1) : -1;
        *p = q + 5;
        *ret = (char)v;
        return v > 0 && v < 0x80;
    }
    const char *at = *q == 0 ? NULL : strchr(from, *q);
    if (at == NULL)
        return false;
    *p = q + 1;
    *ret = to[at - from];
    return true;
}

char *canon_string(struct arena *arena, struct slice v) {
    if (v.len < 2 || v.at[0] != '"' || v.at[v.len - 1] != '"')
        return NULL;
    const char *p = v.at + 1, *end = v.at + v.len - 1;
    char *text = arena_get(arena, v.len), *out = text;
    if (text == NULL)
        return NULL;
    while (p < end) {
        const char *back = memchr(p, '\\', (size_t)(end - p));
        size_t plain = (size_t)((back == NULL ? end : back) - p);
        memcpy(out, p, plain);
        out += plain;
        p += plain;
        if (back == NULL)
            break;
        p++;
        if (!unescape(&p, end, out++))
            return NULL;
    }
    *out = 0;
    return text;
}

bool canon_look(const char *json, size_t len, const char *name, struct slice *ret) {
    struct canon c;
    struct slice key, value;
    size_t n = strlen(name);
    if (!canon_begin(&c, json, len))
        return false;
    while (canon_next(&c, &key, &value))
        if (key.len == n && memcmp(key.at, name, n) == 0) {
            *ret = value;
            return true;
        }
    if (c.bad)
        return false;
    *ret = (struct slice){ NULL, 0 };
    return true;
}

bool canon_get(const char *json, size_t len, const char *name, struct slice *ret) {
    struct slice value;
    if (!canon_look(json, len, name, &value) || value.len == 0)
        return false;
    *ret = value;
    return true;
}
