/* buf.c — invariant: data is NULL, or data[len] == 0 and len < room <= max + 1. */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_ROOM 256u

void buf_done(struct buf *b) {
    mem_free(b->data);
    *b = BUF(b->max);
}

void buf_wipe(struct buf *b) {
    if (b->data != NULL)
        explicit_bzero(b->data, b->room);
    buf_done(b);
}

/* Room for len more bytes and the zero; old bytes are wiped because any buf may hold a secret. */
static bool buf_reserve(struct buf *b, size_t len) {
    size_t need;
    if (b->failed || b->max - b->len < len || __builtin_add_overflow(b->len + 1, len, &need)) {
        b->failed = true;
        return false;
    }
    if (need <= b->room)
        return true;
    size_t room = b->room < FIRST_ROOM ? FIRST_ROOM : b->room;
    while (room < need)
        room = room > b->max / 2 ? b->max + 1 : room * 2;
    char *data = mem_grow(NULL, room, 1);      /* not cleared: what stands in it is written first */
    if (data == NULL) {
        b->failed = true;
        return false;
    }
    if (b->data != NULL) {
        memcpy(data, b->data, b->len);
        explicit_bzero(b->data, b->len);
        mem_free(b->data);
    }
    data[b->len] = 0;
    b->data = data;
    b->room = room;
    return true;
}

void buf_fail(struct buf *b) { b->failed = true; }

void buf_add(struct buf *b, const void *bytes, size_t len) {
    if (len == 0 || !buf_reserve(b, len))
        return;
    memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = 0;
}

char *buf_more(struct buf *b, size_t len) {
    PRE(len > 0);
    if (!buf_reserve(b, len))
        return NULL;
    char *start = b->data + b->len;
    b->len += len;
    b->data[b->len] = 0;
    return start;
}

void buf_text(struct buf *b, const char *text) { buf_add(b, text, strlen(text)); }
void buf_char(struct buf *b, char c) { buf_add(b, &c, 1); }

void buf_vprintf(struct buf *b, const char *fmt, va_list ap) {
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n > 0 && buf_reserve(b, (size_t)n)) {
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    } else if (n < 0) {
        b->failed = true;
    }
    va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

void buf_html(struct buf *b, const char *text) {
    for (const char *p = text; *p != 0; p++)
        switch (*p) {
        case '&': buf_text(b, "&amp;"); break;
        case '<': buf_text(b, "&lt;"); break;
        case '>': buf_text(b, "&gt;"); break;
        case '"': buf_text(b, "&quot;"); break;
        case '\'': buf_text(b, "&#39;"); break;
        default: buf_char(b, *p);
        }
}

void buf_cut(struct buf *b, size_t len) {
    PRE(len <= b->len);
    if (b->data == NULL)
        return;
    b->len = len;
    b->data[len] = 0;
}

const char *buf_str(const struct buf *b) { return b->data == NULL ? "" : b->data; }
