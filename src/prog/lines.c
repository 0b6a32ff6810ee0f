/* lines.c — invariant: a line is handed on only when the next one has begun, since the last is no line of the answer. */
#include "prog/lines.h"

#include <string.h>

void lines_done(struct lines *l) {
    buf_wipe(&l->rest);                      /* a token may have passed through */
    buf_wipe(&l->last);
}

static void line_whole(struct lines *l) {
    if (l->has_last && l->each != NULL)
        l->each(buf_str(&l->last), l->last.len, l->arg);
    buf_cut(&l->last, 0);
    buf_add(&l->last, buf_str(&l->rest), l->rest.len);
    buf_cut(&l->rest, 0);
    l->has_last = true;
}

bool lines_take(void *lines, const void *bytes, size_t len) {
    struct lines *l = lines;
    const char *p = bytes;
    while (len > 0) {
        const char *end = memchr(p, '\n', len);
        size_t n = end == NULL ? len : (size_t)(end - p);
        buf_add(&l->rest, p, n);
        if (end == NULL)
            break;
        line_whole(l);
        p += n + 1;
        len -= n + 1;
    }
    return !l->rest.failed && !l->last.failed;
}

static enum code code_of(json_int_t number) {
    static const enum code codes[] = {
#define CODE(name, number, status, title) name,
#include "base/codes.tbl"
#undef CODE
    };
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if ((json_int_t)codes[i] == number && codes[i] != OK)
            return codes[i];
    return E_INTERNAL;
}

enum code lines_end(struct lines *l, json_t **ret, struct err *reterr) {
    json_error_t why;
    json_t *last = l->has_last && l->rest.len == 0 ? json_loadb(buf_str(&l->last), l->last.len, JSON_REJECT_DUPLICATES, &why) : NULL;
    json_t *ok = json_object_get(last, "ok");
    if (!json_is_boolean(ok)) {
        json_decref(last);
        return err_set(reterr, E_PEER, "the server's answer was cut off: it may have ended meanwhile; look with `sejf doctor`, then ask again");
    }
    if (json_is_true(ok)) {
        *ret = last;
        return OK;
    }
    const char *text = json_string_value(json_object_get(last, "text"));
    enum code code = err_set(reterr, code_of(json_integer_value(json_object_get(last, "code"))), "%s", text == NULL ? "the server refused" : text);
    json_decref(last);
    return code;
}
