/* fuzz_feed.h — for the fuzzers: bytes as a source that gives at most `piece` of them at a time, and a sink that keeps what it gets. */
#pragma once
#include <string.h>

#include "records/records.h"

struct feed { const uint8_t *at; size_t left, piece; };
static inline ssize_t feed_read(void *arg, void *ret, size_t room) {
    struct feed *f = arg;
    size_t n = f->left < room ? f->left : room;
    if (n > f->piece)
        n = f->piece;
    if (n > 0)
        memcpy(ret, f->at, n);
    f->at += n;
    f->left -= n;
    return (ssize_t)n;
}

/* arg: a struct buf. */
static inline bool feed_keep(void *arg, const void *bytes, size_t len) {
    buf_add(arg, bytes, len);
    return true;
}
