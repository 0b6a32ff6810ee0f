/* mail.c — a connection for each letter:
 *
 *   server  send: 1, id, attempt u32, to, from, message     or  ask: 2, id, attempt u32     or  try: 6, or  reach: 7, and the rest of ask, all zero
 *   mailer  may it go: 3      (of a letter that is sent, at most once)
 *   server  it may: 4
 *   mailer  answer: 5, outcome u8, about u8, stage u8, status u32, enhanced, tls, said
 *
 * A text is its length (u32) and its bytes, of which the last is NUL. Whoever closes before gives up. */
#include "sys/mail.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/pause.h"
#include "base/text.h"
#include "base/time.h"
#include "sys/ipc.h"
#include "sys/sockets.h"

enum frame { SEND = 1, ASK, MAY_GO, GO, ANSWER, TRY, REACH };
#define WAIT_USEC (45 * USEC_PER_MINUTE)     /* above all that the mailer itself waits for; this is for when it does not */

#define LOOK_MS 500                          /* between looks at whether to stop */

#define LAST_USEC (15 * USEC_PER_SEC)        /* that an answer is waited for while we stop: the parent gives the server 20 s, and the mailer ends after it */

struct mail_line { int line; _Atomic bool stop; _Atomic usec_t stopped /* by the steady clock */; };

enum code mail_line_new(int line, struct mail_line **ret, struct err *reterr) {
    PRE(line >= 0 && ret != NULL && reterr != NULL);
    struct mail_line *l = mem_new(sizeof *l);
    if (l == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the line to the mailer");
    l->line = line;
    *ret = l;
    return OK;
}

struct mail_line *mail_line_free(struct mail_line *l) { return mem_free(l); }
void mail_line_stop(struct mail_line *l) {
    atomic_store(&l->stopped, clock_steady());
    atomic_store(&l->stop, true);
}

/* ---- frames */

/* The mailer talks to strangers: what it hands on is text, or is left out. */
static void take_into(struct msg *m, char *ret, size_t room) {
    const char *text = msg_text(m);
    if (strlen(text) >= room)
        m->bad = true;
    snprintf(ret, room, "%s", text_is_utf8(text, strlen(text)) ? text : "");
}

bool mail_call_read(const void *frame, size_t len, struct mail_call *ret) {
    struct msg m = { frame, len, false };
    struct mail_call c = { .kind = MAIL_CALL_SENDS };
    uint8_t kind = msg_u8(&m);
    const void *id = msg_bytes(&m, sizeof c.letter.id.bytes);
    c.letter.attempt = msg_u32(&m);
    c.kind = kind == ASK ? MAIL_CALL_ASKS : kind == TRY ? MAIL_CALL_TRIES : kind == REACH ? MAIL_CALL_REACHES : MAIL_CALL_SENDS;
    if (id == NULL || m.bad || (kind != SEND && kind != ASK && kind != TRY && kind != REACH))
        return false;
    memcpy(c.letter.id.bytes, id, sizeof c.letter.id.bytes);
    if (kind == SEND) {
        c.letter.to = msg_text(&m);
        c.letter.from = msg_text(&m);
        c.letter.len = msg_u32(&m);
        c.letter.message = msg_bytes(&m, c.letter.len);
    }
    if (!msg_done(&m))
        return false;
    *ret = c;
    return true;
}

static bool is_frame(const void *frame, size_t len, enum frame kind) { return len == 1 && *(const uint8_t *)frame == kind; }
bool mail_go_read(const void *frame, size_t len) { return is_frame(frame, len, GO); }
void mail_go_put(struct buf *ret) { put_u8(ret, MAY_GO); }

void mail_answer_put(struct buf *ret, const struct mail_reply *r) {
    put_u8(ret, ANSWER);
    put_u8(ret, (uint8_t)r->outcome);
    put_u8(ret, r->about);
    put_u8(ret, (uint8_t)r->stage);
    put_u32(ret, (uint32_t)r->status);
    put_text(ret, r->enhanced);
    put_text(ret, r->tls);
    put_text(ret, r->said);
}

static bool answer_read(const void *frame, size_t len, struct mail_reply *ret) {
    struct msg m = { frame, len, false };
    struct mail_reply r = { .status = 0 };
    uint8_t kind = msg_u8(&m), outcome = msg_u8(&m), about = msg_u8(&m), stage = msg_u8(&m);
    uint32_t status = msg_u32(&m);
    take_into(&m, r.enhanced, sizeof r.enhanced);
    take_into(&m, r.tls, sizeof r.tls);
    take_into(&m, r.said, sizeof r.said);
    if (!msg_done(&m) || kind != ANSWER || outcome > MAIL_NEVER || about > 1 || status > 999)
        return false;
    r.outcome = (enum mail_outcome)outcome;
    r.about = about == 1;
    r.stage = stage;
    r.status = (int)status;
    *ret = r;
    return true;
}

/* ---- a letter */

/* Whose letter has gone waits for its answer a while longer, else nobody would ever know it. */
static bool lets_go(struct mail_line *l, bool went) { return atomic_load(&l->stop) && (!went || clock_steady() - atomic_load(&l->stopped) > LAST_USEC); }

/* Until there is something to read or room to write; looks now and then whether to stop. */
static enum code wait_a_while(struct mail_line *l, struct ipc *ipc, bool went, usec_t until, struct err *reterr) {
    enum code code = E_PEER;
    while (code == E_PEER && !lets_go(l, went) && clock_steady() < until) {
        struct pollfd p = { .fd = ipc_fd(ipc), .events = (short)(POLLIN | (ipc_pending(ipc) > 0 ? POLLOUT : 0)) };
        int n = poll(&p, 1, LOOK_MS);
        code = n > 0 || (n < 0 && errno != EINTR) ? OK : E_PEER;
    }
    return code == OK ? OK : err_set(reterr, E_PEER, atomic_load(&l->stop) ? "the server is stopping" : "the mailer does not answer");
}

static enum code next_frame(struct mail_line *l, struct ipc *ipc, bool went, usec_t until, const uint8_t **ret, size_t *ret_len, struct err *reterr) {
    enum code code = OK;
    while (code == OK && !ipc_next(ipc, ret, ret_len)) {
        code = ipc_flush(ipc, reterr);
        if (code == OK)
            code = wait_a_while(l, ipc, went, until, reterr);
        if (code == OK)
            code = ipc_fill(ipc, reterr);
        if (code == E_PEER && ipc_next(ipc, ret, ret_len))
            return OK;                       /* said, and then closed */
    }
    return code;
}

static enum code say_go(struct ipc *ipc, struct err *reterr) {
    put_u8(ipc_begin(ipc), GO);
    enum code code = ipc_end(ipc, reterr);
    return code == OK ? ipc_flush(ipc, reterr) : code;
}

struct asker { mail_go_fn go; void *arg; bool went; };

static enum code exchange(struct mail_line *l, struct ipc *ipc, usec_t wait, struct asker *a, struct mail_reply *ret, struct err *reterr) {
    usec_t until = clock_steady() + wait;
    const uint8_t *frame = NULL;
    size_t len = 0;
    enum code code = ipc_end(ipc, reterr);
    if (code == OK)
        code = next_frame(l, ipc, false, until, &frame, &len, reterr);
    if (code == OK && is_frame(frame, len, MAY_GO) && a->go != NULL && !a->went) {
        code = a->go(a->arg, reterr);
        a->went = code == OK;
        if (code == OK)
            code = say_go(ipc, reterr);
        if (code == OK)
            code = next_frame(l, ipc, true, until, &frame, &len, reterr);
    }
    if (code == OK && !answer_read(frame, len, ret))
        code = err_set(reterr, E_PEER, "the mailer's answer has not the form of one");
    return code;
}

static enum code call(struct mail_line *l, const struct mail_letter *letter, enum frame kind, struct asker *a, struct mail_reply *ret, struct err *reterr) {
    AUTO(ipc_free) struct ipc *ipc = NULL;
    int fd = -1;
    enum code code = line_send(l->line, &fd, reterr);
    if (code == OK)
        code = ipc_new(fd, MAIL_FRAME_MAX, &ipc, reterr);
    if (code != OK)
        return code;
    struct buf *out = ipc_begin(ipc);
    put_u8(out, kind);
    buf_add(out, letter->id.bytes, sizeof letter->id.bytes);
    put_u32(out, letter->attempt);
    if (kind == SEND) {
        put_text(out, letter->to);
        put_text(out, letter->from);
        put_u32(out, (uint32_t)letter->len);
        buf_add(out, letter->message, letter->len);
    }
    pause_begin();
    code = exchange(l, ipc, kind == TRY ? MAIL_TRY_USEC : WAIT_USEC, a, ret, reterr);
    pause_end();
    return code;
}

enum code mail_send(struct mail_line *l, const struct mail_letter *letter, mail_go_fn go, void *arg, bool *ret_went, struct mail_reply *ret, struct err *reterr) {
    PRE(l != NULL && letter != NULL && letter->to != NULL && letter->from != NULL && go != NULL && ret_went != NULL && ret != NULL && reterr != NULL);
    struct asker a = { go, arg, false };
    *ret_went = false;
    if (letter->len == 0 || letter->len > MAIL_MESSAGE_MAX || strlen(letter->to) >= MAIL_TEXT_MAX || strlen(letter->from) >= MAIL_TEXT_MAX)
        return err_set(reterr, E_TOO_LARGE, "a letter is larger than the mailer takes");
    enum code code = call(l, letter, SEND, &a, ret, reterr);
    *ret_went = a.went;
    return code;
}

enum code mail_ask(struct mail_line *l, const struct uuid *id, uint32_t attempt, struct mail_reply *ret, struct err *reterr) {
    PRE(l != NULL && id != NULL && ret != NULL && reterr != NULL);
    const struct mail_letter letter = { .id = *id, .attempt = attempt };
    struct asker a = { NULL, NULL, false };
    return call(l, &letter, ASK, &a, ret, reterr);
}

static enum code call_bare(struct mail_line *l, enum frame frame, struct mail_reply *ret, struct err *reterr) {
    PRE(l != NULL && ret != NULL && reterr != NULL);
    const struct mail_letter none = { .attempt = 0 };
    struct asker a = { NULL, NULL, false };
    return call(l, &none, frame, &a, ret, reterr);
}

enum code mail_try(struct mail_line *l, struct mail_reply *ret, struct err *reterr) { return call_bare(l, TRY, ret, reterr); }
enum code mail_reach(struct mail_line *l, struct mail_reply *ret, struct err *reterr) { return call_bare(l, REACH, ret, reterr); }
