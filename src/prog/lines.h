/* lines.h — bytes that come in pieces become lines; the last one of an answer is kept apart. One thread at a time. */
#pragma once
#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

struct lines {
    struct buf rest, last;                   /* begun line; whole line that may be the last */
    bool has_last;
    void (*each)(const char *line, size_t len, void *arg); void *arg;
};
#define LINES(fn, argument) (struct lines){ .rest = BUF(16u << 20), .last = BUF(16u << 20), .each = (fn), .arg = (argument) }
void lines_done(struct lines *l);
DEFINE_AUTO_VALUE(struct lines, lines_done)
/* As the write function of a struct sink; arg is the struct lines. */
MUST_USE bool lines_take(void *lines, const void *bytes, size_t len);
/* The last line: {"ok": true, …} becomes *ret, {"ok": false, "code": n, "text": "…"} the error. */
MUST_USE enum code lines_end(struct lines *l, json_t **ret, struct err *reterr);
