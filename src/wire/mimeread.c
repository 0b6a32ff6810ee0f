/* mimeread.c — see mimeread.h. Lines end in LF, with or without a CR before it. */
#include "wire/mimeread.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define BOUNDARY_MAX 70u

static const char *line_end(const char *p, const char *end) {
    const char *lf = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
    return lf == NULL ? end : lf + 1;
}
static bool is_empty(const char *p, const char *next) { return next - p == 1 ? *p == '\n' : next - p == 2 && p[0] == '\r' && p[1] == '\n'; }

void mime_split(const char *message, size_t len, size_t *ret_head, size_t *ret_body) {
    const char *end = message + len;
    for (const char *p = message, *next; p < end; p = next) {
        next = line_end(p, end);
        if (is_empty(p, next)) {
            *ret_head = (size_t)(p - message);
            *ret_body = (size_t)(next - message);
            return;
        }
    }
    *ret_head = len;
    *ret_body = len;
}

/* ---- headers */

static void put_value(const char *p, size_t len, struct buf *ret) {
    for (size_t i = 0; i < len && ret->len < MIME_VALUE; i++)
        if ((unsigned char)p[i] >= 0x20 && p[i] != 0x7f)
            buf_char(ret, p[i]);
        else if (p[i] == '\t')
            buf_char(ret, ' ');
}

bool mime_header(const char *head, size_t len, const char *name, struct buf *ret) {
    const char *end = head + len;
    size_t n = strlen(name);
    for (const char *p = head, *next; p < end; p = next) {
        next = line_end(p, end);
        if ((size_t)(next - p) <= n || strncasecmp(p, name, n) != 0)
            continue;
        const char *at = p + n;
        while (at < next && (*at == ' ' || *at == '\t'))
            at++;
        if (at >= next || *at != ':')
            continue;
        for (at++; at < next && (*at == ' ' || *at == '\t'); at++)
            ;
        put_value(at, (size_t)(next - at), ret);
        while (next < end && (*next == ' ' || *next == '\t')) {
            const char *more = next;
            next = line_end(next, end);
            put_value(more, (size_t)(next - more), ret);
        }
        return true;
    }
    return false;
}

static const char *skip(const char *p, const char *of) { return p + strspn(p, of); }

/* "; name=value" or "; name=\"va\\lue\"". Comments in parentheses are not looked into: nobody writes them there. */
bool mime_param(const char *value, const char *name, struct buf *ret) {
    size_t n = strlen(name);
    for (const char *p = strchr(value, ';'); p != NULL; p = strchr(p, ';')) {
        p = skip(p + 1, " \t");
        bool wanted = strncasecmp(p, name, n) == 0 && *skip(p + n, " \t") == '=';
        const char *at = p + strcspn(p, "=;");
        if (*at != '=')
            continue;
        at = skip(at + 1, " \t");
        bool quoted = *at == '"';
        for (at += quoted; *at != 0 && (quoted ? *at != '"' : strchr("; \t", *at) == NULL); at++) {
            if (quoted && *at == '\\' && at[1] != 0)
                at++;
            if (wanted)
                buf_char(ret, *at);
        }
        if (wanted)
            return true;
        p = at;
        if (*p == 0)
            return false;
    }
    return false;
}

/* ---- parts */

static void type_read(const char *value, char ret[MIME_TYPE]) {
    size_t n = strcspn(value, "; \t(");
    if (n == 0 || n >= MIME_TYPE) {
        memcpy(ret, "text/plain", sizeof "text/plain");
        return;
    }
    for (size_t i = 0; i < n; i++)
        ret[i] = value[i] >= 'A' && value[i] <= 'Z' ? (char)(value[i] + 32) : value[i];
    ret[n] = 0;
}

/* Is that line "--boundary" or "--boundary--"? */
static bool is_boundary(const char *p, const char *next, const char *boundary, size_t n, bool *ret_last) {
    size_t len = (size_t)(next - p);
    while (len > 0 && strchr("\r\n \t", p[len - 1]) != NULL)
        len--;
    if (len < n + 2 || p[0] != '-' || p[1] != '-' || memcmp(p + 2, boundary, n) != 0)
        return false;
    *ret_last = len == n + 4 && p[n + 2] == '-' && p[n + 3] == '-';
    return len == n + 2 || *ret_last;
}

struct piece { const char *at; size_t len; };
/* The next part of a body; *at moves behind it. false: there is none. */
static bool part_next(const char **at, const char *end, const char *boundary, bool *begun, struct piece *ret) {
    size_t n = strlen(boundary);
    const char *from = *begun ? *at : NULL;
    for (const char *p = *at, *next; p < end; p = next) {
        bool last = false;
        next = line_end(p, end);
        if (!is_boundary(p, next, boundary, n, &last))
            continue;
        *at = last ? end : next;
        if (from != NULL) {
            size_t len = (size_t)(p - from);
            len -= len > 0 && from[len - 1] == '\n';
            len -= len > 0 && from[len - 1] == '\r';
            *ret = (struct piece){ from, len };
            return true;
        }
        *begun = true;
        if (last)
            return false;
        from = next;
    }
    if (from == NULL || from >= end)
        return false;
    *ret = (struct piece){ from, (size_t)(end - from) };         /* cut off */
    *at = end;
    return true;
}

/* A body without its boundary is a text. Parts within parts wait on a stack of bounded depth. */
struct level { const char *at, *end; char boundary[BOUNDARY_MAX + 1]; bool begun; };

static bool level_open(const struct mime_part *p, struct level *ret) {
    AUTO(buf_done) struct buf value = BUF(MIME_VALUE + 1), boundary = BUF(BOUNDARY_MAX);
    if (strncmp(p->type, "multipart/", 10) != 0 || !mime_header(p->head, p->head_len, "Content-Type", &value) || !mime_param(buf_str(&value), "boundary", &boundary) || boundary.failed || boundary.len == 0)
        return false;
    *ret = (struct level){ .at = p->body, .end = p->body + p->body_len };
    memcpy(ret->boundary, boundary.data, boundary.len + 1);
    return true;
}

static struct mime_part part_of(const char *text, size_t len) {
    AUTO(buf_done) struct buf value = BUF(MIME_VALUE + 1);
    size_t head, body;
    mime_split(text, len, &head, &body);
    struct mime_part p = { .head = text, .head_len = head, .body = text + body, .body_len = len - body };
    type_read(mime_header(text, head, "Content-Type", &value) && !value.failed ? buf_str(&value) : "text/plain", p.type);
    return p;
}

void mime_parts(const char *message, size_t len, mime_part_fn fn, void *arg) {
    struct level stack[MIME_DEPTH];
    int depth = 0;
    struct mime_part p = part_of(message, len);
    size_t given = 0;
    if (!level_open(&p, &stack[0])) {
        (void)fn(&p, arg);
        return;
    }
    while (depth >= 0 && given < MIME_PARTS) {
        struct level *l = &stack[depth];
        struct piece piece;
        if (!part_next(&l->at, l->end, l->boundary, &l->begun, &piece)) {
            depth--;
            continue;
        }
        given++;
        p = part_of(piece.at, piece.len);
        if (depth + 1 < MIME_DEPTH && level_open(&p, &stack[depth + 1]))
            depth++;
        else if (!fn(&p, arg))
            return;
    }
}

/* ---- what was meant */

static int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

static void undo_quoted(const char *p, size_t len, struct buf *ret) {
    for (size_t i = 0; i < len && !ret->failed; i++) {
        if (p[i] != '=') {
            buf_char(ret, p[i]);
        } else if (i + 2 < len && hex(p[i + 1]) >= 0 && hex(p[i + 2]) >= 0) {
            buf_char(ret, (char)(hex(p[i + 1]) << 4 | hex(p[i + 2])));
            i += 2;
        } else if (i + 1 < len && p[i + 1] == '\n') {
            i++;
        } else if (i + 2 < len && p[i + 1] == '\r' && p[i + 2] == '\n') {
            i += 2;
        } else {
            buf_char(ret, '=');
        }
    }
}

static void undo_base64(const char *p, size_t len, struct buf *ret) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0, have = 0;
    for (size_t i = 0; i < len && p[i] != '=' && !ret->failed; i++) {
        const char *at = p[i] == 0 ? NULL : strchr(letters, p[i]);
        if (at == NULL)
            continue;
        bits = (bits << 6 | (unsigned)(at - letters)) & 0xffff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            buf_char(ret, (char)(bits >> have));
        }
    }
}

void mime_decode(const struct mime_part *p, struct buf *ret) {
    AUTO(buf_done) struct buf how = BUF(MIME_VALUE + 1);
    bool said = mime_header(p->head, p->head_len, "Content-Transfer-Encoding", &how);
    if (said && strncasecmp(buf_str(&how), "base64", 6) == 0)
        undo_base64(p->body, p->body_len, ret);
    else if (said && strncasecmp(buf_str(&how), "quoted-printable", 16) == 0)
        undo_quoted(p->body, p->body_len, ret);
    else
        buf_add(ret, p->body, p->body_len <= ret->max - ret->len ? p->body_len : ret->max - ret->len);
    ret->failed = false;                     /* what fits is what is looked at */
}
