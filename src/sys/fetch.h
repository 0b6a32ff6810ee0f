/* fetch.h — HTTPS requests by the process `sender`: the server itself can connect to nothing, so it hands each request over a line
 * (sys/sockets.h) and waits for the answer. Where a request may go is decided in the sender, by what sejf.yaml declares.
 *
 * A struct fetch_line may be used by many threads at once; so many requests at a time are let through that a destination which
 * does not answer never holds all of them. A reply is its caller's, from fetch until fetch_reply_done. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#define FETCH_BODY_MAX (1u << 20)            /* either way */
#define FETCH_HEADERS_MAX 24u
#define FETCH_HEAD_MAX (64u << 10)           /* headers of an answer, in bytes */
#define FETCH_FRAME_MAX (2 * FETCH_BODY_MAX)
#define FETCH_WAIT_MAX_MS 120000

struct fetch_line;
/* line: our end, the caller's. most: requests at a time. */
MUST_USE enum code fetch_line_new(int line, unsigned most, struct fetch_line **ret, struct err *reterr);
struct fetch_line *fetch_line_free(struct fetch_line *l);
DEFINE_AUTO(struct fetch_line, fetch_line_free)
void fetch_line_stop(struct fetch_line *l);  /* those who wait for an answer are given E_PEER within 3 s, and so is who comes later */

struct fetch_header { const char *name, *value; };
struct fetch_request {
    const char *method;                      /* GET, HEAD, POST, PUT, PATCH or DELETE */
    const char *url;                         /* https://… */
    const struct fetch_header *headers; size_t header_count;
    const void *body; size_t body_len;
    size_t most;                             /* bytes of the answer's body; above: E_PEER */
    int wait_ms;                             /* for all of it */
    bool *ret_left;                          /* NULL, or set where fetch fails: may it have left, so that the other side may have it? */
    unsigned use;                            /* enum destination_for of charter/instance.h: what it is for decides where it may go */
};
struct fetch_reply {
    int status;
    struct buf head;                         /* name NUL value NUL …, names in lower case */
    struct buf body;                         /* always terminated */
};
#define FETCH_REPLY (struct fetch_reply){ .head = BUF(FETCH_HEAD_MAX), .body = BUF(FETCH_BODY_MAX) }
void fetch_reply_done(struct fetch_reply *r);           /* wipes */
DEFINE_AUTO_VALUE(struct fetch_reply, fetch_reply_done)
/* The first header of that name (in lower case); NULL: none. */
const char *fetch_header(const struct fetch_reply *r, const char *name);

/* Blocks its thread. *ret is empty (FETCH_REPLY). Any status is an answer. E_PEER: none came, for the reason that the text says;
 * E_FORBIDDEN: sejf.yaml does not declare that destination; E_BUSY: too many at a time; E_INVALID: no request. Nothing is asked twice. */
MUST_USE enum code fetch(struct fetch_line *l, const struct fetch_request *request, struct fetch_reply *ret, struct err *reterr);

/* ---- the frames of both ends, for the sender: one request and one answer for each connection */
struct fetch_call {                          /* a request as it came: texts are in the frame, which outlives it */
    const char *method, *url;
    struct fetch_header headers[FETCH_HEADERS_MAX]; size_t header_count;
    const void *body; size_t body_len, most;
    int wait_ms;
    unsigned use;
};
MUST_USE bool fetch_call_read(const void *frame, size_t len, struct fetch_call *ret);
void fetch_answer_put(struct buf *ret, const struct fetch_reply *reply);
void fetch_refusal_put(struct buf *ret, const struct err *e, bool left);       /* left: the request may have gone out */
