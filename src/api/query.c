/* query.c — one decoder for both: an escape is checked, then the whole text is held to UTF-8. */
#include "api/query.h"

#include <string.h>

#include "base/text.h"

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL: a bad escape, a control character or no UTF-8. */
static char *decode(const char *text, size_t len, bool plus, struct arena *arena) {
    char *out = arena_get(arena, len + 1);
    size_t n = 0;
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            int hi = len - i < 3 ? -1 : hex_value(text[i + 1]);
            int lo = hi < 0 ? -1 : hex_value(text[i + 2]);
            if (lo < 0)
                return NULL;
            c = (char)(hi << 4 | lo);
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        out[n++] = c;
    }
    out[n] = 0;
    return text_is_utf8(out, n) ? out : NULL;
}

static enum code pair_add(const char *text, size_t len, struct arena *arena, struct pair *ret, struct err *reterr) {
    const char *eq = memchr(text, '=', len);
    size_t name_len = eq == NULL ? len : (size_t)(eq - text);
    char *name = decode(text, name_len, true, arena);
    char *value = eq == NULL ? arena_text(arena, "") : decode(eq + 1, len - name_len - 1, true, arena);
    if (arena_overflowed(arena))
        return err_set(reterr, E_MEMORY, "no memory for the parameters of the request");
    if (name == NULL || value == NULL)
        return err_set(reterr, E_INVALID, "a parameter of the request is not percent-encoded UTF-8 without control characters");
    *ret = (struct pair){ name, value };
    return OK;
}

enum code pairs_parse(const char *text, size_t len, struct arena *arena, struct pairs *ret, struct err *reterr) {
    PRE(arena != NULL && ret != NULL);
    size_t count = len > 0;
    for (size_t i = 0; i < len; i++)
        count += text[i] == '&';
    if (count > PAIRS_MAX)
        return err_set(reterr, E_INVALID, "more than %u parameters in one request", PAIRS_MAX);
    struct pairs out = { .list = arena_array(arena, count == 0 ? 1 : count, sizeof *out.list) };
    if (out.list == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the parameters of the request");
    for (size_t at = 0; at < len;) {
        const char *amp = memchr(text + at, '&', len - at);
        size_t n = amp == NULL ? len - at : (size_t)(amp - (text + at));
        if (n > 0) {
            enum code code = pair_add(text + at, n, arena, &out.list[out.count], reterr);
            if (code != OK)
                return code;
            out.count++;
        }
        at += n + 1;
    }
    *ret = out;
    return OK;
}

const char *pairs_get(const struct pairs *p, const char *name) {
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->list[i].name, name) == 0)
            return p->list[i].value;
    return NULL;
}

static bool segment_fine(const char *s, bool last) {
    if (s[0] == 0)
        return last;
    if (strcmp(s, ".") == 0 || strcmp(s, "..") == 0)
        return false;
    for (const unsigned char *p = (const unsigned char *)s; *p != 0; p++)
        if (*p < 0x20 || *p == 0x7f || *p == '/')
            return false;
    return true;
}

enum code path_parse(const char *text, size_t len, struct arena *arena, struct path *ret, struct err *reterr) {
    struct path out = { .count = 0 };
    if (len == 0 || text[0] != '/')
        return err_set(reterr, E_INVALID, "the path of the request must begin with a slash");
    for (size_t at = 1; at <= len;) {
        const char *slash = at < len ? memchr(text + at, '/', len - at) : NULL;
        size_t n = slash == NULL ? len - at : (size_t)(slash - (text + at));
        if (out.count == PATH_SEGMENTS)
            return err_set(reterr, E_NOT_FOUND, "there is nothing at this address");
        char *s = decode(text + at, n, false, arena);
        if (s == NULL || !segment_fine(s, slash == NULL))
            return err_set(reterr, E_INVALID, "the path of the request is not well formed");
        out.segment[out.count++] = s;
        if (slash == NULL)
            break;
        at += n + 1;
    }
    *ret = out;
    return OK;
}
