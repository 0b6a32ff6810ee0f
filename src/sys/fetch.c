/* fetch.c — a connection for each request: what was asked and what came stand in one frame each. The asking end closes it, which
 * before the answer gives the request up.
 *
 *   request   wait u32, most u32, use u32, method, url, headers u32, (name, value)…, body
 *   answer    code u32, then OK: status u32, headers (name NUL value NUL …), body; else: text, left u32
 *
 * A text or a body is its length (u32) and its bytes; a text is followed by a NUL that counts, so that the reader can use it in place. */
#include "sys/fetch.h"

#include <stdatomic.h>
#include <string.h>

#include "base/fiber.h"
#include "base/mem.h"
#include "base/pause.h"
#include "base/time.h"
#include "sys/ipc.h"
#include "sys/sockets.h"

#define GRACE_MS 2000                        /* the sender tells when a request has taken too long; this is for when it does not */

#define STOP_GRACE (3 * USEC_PER_SEC)        /* for answers that are on their way */
#define LOOK_MS 500

struct fetch_line { int line; unsigned most; _Atomic unsigned busy; _Atomic usec_t stopped /* by the steady clock; 0: not */; };

enum code fetch_line_new(int line, unsigned most, struct fetch_line **ret, struct err *reterr) {
    PRE(line >= 0 && most >= 1 && ret != NULL && reterr != NULL);
    struct fetch_line *l = mem_new(sizeof *l);
    if (l == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the line to the sender");
    l->line = line;
    l->most = most;
    *ret = l;
    return OK;
}

struct fetch_line *fetch_line_free(struct fetch_line *l) { return mem_free(l); }

void fetch_line_stop(struct fetch_line *l) { atomic_store(&l->stopped, clock_steady()); }

static bool is_stopped(struct fetch_line *l) {
    usec_t since = atomic_load(&l->stopped);
    return since != 0 && clock_steady() >= since + STOP_GRACE;
}

void fetch_reply_done(struct fetch_reply *r) {
    buf_wipe(&r->head);
    buf_wipe(&r->body);
}

const char *fetch_header(const struct fetch_reply *r, const char *name) {
    const char *at = buf_str(&r->head), *end = at + r->head.len;
    while (at < end) {
        const char *value = at + strlen(at) + 1;
        if (strcmp(at, name) == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}

/* ---- frames */

static void put_bytes(struct buf *b, const void *bytes, size_t len) {
    put_u32(b, (uint32_t)len);
    buf_add(b, bytes, len);
}

bool fetch_call_read(const void *frame, size_t len, struct fetch_call *ret) {
    struct msg m = { frame, len, false };
    struct fetch_call c = { .wait_ms = 0 };
    uint32_t wait = msg_u32(&m);
    c.most = msg_u32(&m);
    c.use = msg_u32(&m);
    c.method = msg_text(&m);
    c.url = msg_text(&m);
    c.header_count = msg_u32(&m);
    if (m.bad || wait == 0 || wait > FETCH_WAIT_MAX_MS || c.most > FETCH_BODY_MAX || c.header_count > FETCH_HEADERS_MAX)
        return false;
    c.wait_ms = (int)wait;
    for (size_t i = 0; i < c.header_count; i++) {
        c.headers[i].name = msg_text(&m);
        c.headers[i].value = msg_text(&m);
    }
    c.body_len = msg_u32(&m);
    c.body = msg_bytes(&m, c.body_len);
    if (!msg_done(&m) || c.body_len > FETCH_BODY_MAX)
        return false;
    *ret = c;
    return true;
}

static void request_put(struct buf *out, const struct fetch_request *r) {
    put_u32(out, (uint32_t)r->wait_ms);
    put_u32(out, (uint32_t)r->most);
    put_u32(out, r->use);
    put_text(out, r->method);
    put_text(out, r->url);
    put_u32(out, (uint32_t)r->header_count);
    for (size_t i = 0; i < r->header_count; i++) {
        put_text(out, r->headers[i].name);
        put_text(out, r->headers[i].value);
    }
    put_bytes(out, r->body, r->body_len);
}

void fetch_answer_put(struct buf *ret, const struct fetch_reply *reply) {
    put_u32(ret, OK);
    put_u32(ret, (uint32_t)reply->status);
    put_bytes(ret, reply->head.data, reply->head.len);
    put_bytes(ret, reply->body.data, reply->body.len);
    if (reply->head.failed || reply->body.failed)
        ret->failed = true;
}

void fetch_refusal_put(struct buf *ret, const struct err *e, bool left) {
    put_u32(ret, (uint32_t)e->code);
    put_text(ret, e->text);
    put_u32(ret, left);
}

/* Pairs of texts, each ended: what fetch_header goes through. */
static bool head_is_whole(const char *head, size_t len) {
    size_t ends = 0;
    for (size_t i = 0; i < len; i++)
        ends += head[i] == 0;
    return len == 0 || (head[len - 1] == 0 && ends % 2 == 0);
}

static void left_set(const struct fetch_request *r, bool left) {
    if (r->ret_left != NULL)
        *r->ret_left = left;
}

static enum code answer_read(const void *frame, size_t len, const struct fetch_request *r, struct fetch_reply *ret, struct err *reterr) {
    struct msg m = { frame, len, false };
    uint32_t code = msg_u32(&m);
    if (code != OK) {
        const char *text = msg_text(&m);
        bool left = msg_u32(&m) != 0;
        if (!msg_done(&m))
            return err_set(reterr, E_PEER, "the sender's refusal has not the form of one");
        left_set(r, left);
        return err_set(reterr, (enum code)code, "%s", text);
    }
    uint32_t status = msg_u32(&m);
    size_t head_len = msg_u32(&m);
    const char *head = msg_bytes(&m, head_len);
    size_t body_len = msg_u32(&m);
    const void *body = msg_bytes(&m, body_len);
    if (!msg_done(&m) || status < 100 || status > 999 || body_len > r->most || !head_is_whole(head, head_len))
        return err_set(reterr, E_PEER, "the sender's answer has not the form of one");
    buf_add(&ret->head, head, head_len);
    buf_add(&ret->body, body, body_len);
    if (ret->head.failed || ret->body.failed)
        return err_set(reterr, E_MEMORY, "no memory for an answer of %zu bytes", body_len);
    ret->status = (int)status;
    return OK;
}

/* ---- a request */

static enum code request_fits(const struct fetch_request *r, struct err *reterr) {
    if (r->header_count > FETCH_HEADERS_MAX || r->body_len > FETCH_BODY_MAX || r->most > FETCH_BODY_MAX || r->wait_ms < 1 || r->wait_ms > FETCH_WAIT_MAX_MS)
        return err_set(reterr, E_INVALID, "a request to another service is beyond what the sender takes: %u headers, %u bytes either way, %d s", FETCH_HEADERS_MAX,
                       FETCH_BODY_MAX, FETCH_WAIT_MAX_MS / 1000);
    return OK;
}

/* Until there is something to read or room to write; now and then it is looked whether the line stops. */
static enum code wait_some(struct fetch_line *l, struct ipc *ipc, usec_t until, struct err *reterr) {
    for (;;) {
        usec_t left = until - clock_steady();
        int ms = left <= 0 ? 0 : left / 1000 < LOOK_MS ? (int)(left / 1000) : LOOK_MS;
        enum code code = ipc_wait(ipc, ms, reterr);
        if (code != E_PEER || left <= 0)
            return code;
        if (is_stopped(l))
            return err_set(reterr, E_PEER, "the server stops");
    }
}

static enum code exchange(struct fetch_line *l, struct ipc *ipc, const struct fetch_request *r, struct fetch_reply *ret, struct err *reterr) {
    usec_t until = clock_steady() + ((usec_t)r->wait_ms + GRACE_MS) * 1000;
    const uint8_t *frame;
    size_t len;
    request_put(ipc_begin(ipc), r);
    enum code code = ipc_end(ipc, reterr);
    left_set(r, code == OK);                 /* from now on nobody here knows, until the sender says */
    while (code == OK && !ipc_next(ipc, &frame, &len)) {
        code = ipc_flush(ipc, reterr);
        if (code == OK)
            code = wait_some(l, ipc, until, reterr);
        if (code == OK)
            code = ipc_fill(ipc, reterr);
    }
    return code == OK ? answer_read(frame, len, r, ret, reterr) : code;
}

static enum code ask(struct fetch_line *l, const struct fetch_request *r, struct fetch_reply *ret, struct err *reterr) {
    AUTO(ipc_free) struct ipc *ipc = NULL;
    struct fetch_reply reply = FETCH_REPLY;
    int fd = -1;
    enum code code = line_send(l->line, &fd, reterr);
    if (code == OK)
        code = ipc_new(fd, FETCH_FRAME_MAX, &ipc, reterr);
    if (code == OK)
        code = exchange(l, ipc, r, &reply, reterr);
    if (code == OK) {
        *ret = reply;
        return OK;
    }
    fetch_reply_done(&reply);
    return code;
}

enum code fetch(struct fetch_line *l, const struct fetch_request *request, struct fetch_reply *ret, struct err *reterr) {
    PRE(l != NULL && request != NULL && ret != NULL && ret->head.data == NULL && ret->body.data == NULL && reterr != NULL);
    left_set(request, false);
    enum code code = request_fits(request, reterr);
    if (code != OK)
        return code;
    if (is_stopped(l))
        return err_set(reterr, E_PEER, "the server stops");
    if (!fiber_alone())                      /* others of this thread would wait with it */
        return err_set(reterr, E_BUSY, "a request to another service is made alone");
    if (atomic_fetch_add(&l->busy, 1) >= l->most) {
        atomic_fetch_sub(&l->busy, 1);
        return err_set(reterr, E_BUSY, "too many requests to other services are under way: try again in a moment");
    }
    pause_begin();
    code = ask(l, request, ret, reterr);
    pause_end();
    atomic_fetch_sub(&l->busy, 1);
    return code;
}
