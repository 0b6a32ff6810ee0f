/* jsontext.c */
#include "base/jsontext.h"

#include <stdio.h>
#include <string.h>

static void escape(struct buf *b, unsigned char c) {
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    static const char hex[] = "0123456789ABCDEF";
    for (const char *p = named; *p != 0; p += 2)
        if ((unsigned char)p[0] == c) {
            char two[2] = { '\\', p[1] };
            buf_add(b, two, sizeof two);
            return;
        }
    char six[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
    buf_add(b, six, sizeof six);
}

void json_text_quote(struct buf *b, const char *text, size_t len) {
    size_t from = 0;
    buf_char(b, '"');
    for (size_t at = 0; at < len; at++) {
        unsigned char c = (unsigned char)text[at];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(b, text + from, at - from);
        escape(b, c);
        from = at + 1;
    }
    buf_add(b, text + from, len - from);
    buf_char(b, '"');
}

void json_text_integer(struct buf *b, json_int_t number) {
    char digits[24], *p = digits + sizeof digits;
    unsigned long long left = number < 0 ? -(unsigned long long)number : (unsigned long long)number;
    do
        *--p = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        *--p = '-';
    buf_add(b, p, (size_t)(digits + sizeof digits - p));
}

/* Rare, and the library knows how to keep them apart from integers. */
static void add_real(struct buf *b, const json_t *value) {
    char text[64];
    size_t n = json_dumpb(value, text, sizeof text, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    if (n == 0 || n > sizeof text)
        b->failed = true;
    else
        buf_add(b, text, n);
}

static void add_object(struct buf *b, const json_t *o) {
    json_t *object = (json_t *)(uintptr_t)o;  /* its iterator asks for one that could be changed */
    bool first = true;
    buf_char(b, '{');
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        if (!first)
            buf_char(b, ',');
        first = false;
        json_text_quote(b, key, strlen(key));
        buf_char(b, ':');
        json_text_add(b, json_object_iter_value(at));
    }
    buf_char(b, '}');
}

static void add_array(struct buf *b, const json_t *a) {
    buf_char(b, '[');
    for (size_t i = 0; i < json_array_size(a); i++) {
        if (i > 0)
            buf_char(b, ',');
        json_text_add(b, json_array_get(a, i));
    }
    buf_char(b, ']');
}

void json_text_add(struct buf *b, const json_t *value) {
    if (b->failed)
        return;
    if (value == NULL) {
        b->failed = true;
        return;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT: add_object(b, value); break;
    case JSON_ARRAY: add_array(b, value); break;
    case JSON_STRING: json_text_quote(b, json_string_value(value), json_string_length(value)); break;
    case JSON_INTEGER: json_text_integer(b, json_integer_value(value)); break;
    case JSON_REAL: add_real(b, value); break;
    case JSON_TRUE: buf_text(b, "true"); break;
    case JSON_FALSE: buf_text(b, "false"); break;
    default: buf_text(b, "null"); break;
    }
}
