/* mail_in.c — server: hello 7; mailer: message 8, to, bytes; server: answer 9, u8; mailer: the next message … Whoever closes before an answer has not taken it. */
#include "sys/mail_in.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "base/pause.h"
#include "sys/ipc.h"
#include "sys/sockets.h"

enum frame { HELLO = 7, MESSAGE, ANSWER };   /* further than those of mail.c, which come over the same line */
#define LOOK_MS 500
#define FRAME_MAX (MAIL_IN_MAX + 4096)

struct mail_ear { int line; _Atomic bool stop; };

enum code mail_ear_new(int line, struct mail_ear **ret, struct err *reterr) {
    PRE(line >= 0 && ret != NULL && reterr != NULL);
    struct mail_ear *e = mem_new(sizeof *e);
    if (e == NULL)
        return err_set(reterr, E_MEMORY, "no memory for mail that comes in");
    e->line = line;
    *ret = e;
    return OK;
}
struct mail_ear *mail_ear_free(struct mail_ear *e) { return mem_free(e); }
void mail_ear_stop(struct mail_ear *e) { atomic_store(&e->stop, true); }
bool mail_ear_stopped(const struct mail_ear *e) { return atomic_load(&e->stop); }

static enum code say(struct ipc *ipc, struct err *reterr) {
    enum code code = ipc_end(ipc, reterr);
    return code == OK ? ipc_flush(ipc, reterr) : code;
}

static enum code answer(struct ipc *ipc, const uint8_t *frame, size_t len, mail_in_fn fn, void *arg, struct err *reterr) {
    struct msg m = { frame, len, false };
    uint8_t kind = msg_u8(&m);
    const char *to = msg_text(&m);
    uint32_t size = msg_u32(&m);
    const void *bytes = msg_bytes(&m, size);
    if (!msg_done(&m) || kind != MESSAGE)
        return err_set(reterr, E_PEER, "what the mailer says is no message");
    uint8_t said = (uint8_t)fn(arg, to, bytes == NULL ? "" : bytes, size);
    struct buf *out = ipc_begin(ipc);
    put_u8(out, ANSWER);
    put_u8(out, said);
    return say(ipc, reterr);
}

static enum code serve(struct mail_ear *e, struct ipc *ipc, mail_in_fn fn, void *arg, struct err *reterr) {
    const uint8_t *frame;
    size_t len;
    enum code code = OK;
    while (code == OK && !mail_ear_stopped(e)) {
        struct pollfd p = { .fd = ipc_fd(ipc), .events = (short)(POLLIN | (ipc_pending(ipc) > 0 ? POLLOUT : 0)) };
        int n = poll(&p, 1, LOOK_MS);
        if (n == 0 || (n < 0 && errno == EINTR))
            continue;
        code = ipc_pending(ipc) > 0 ? ipc_flush(ipc, reterr) : OK;
        if (code == OK && (p.revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            code = ipc_fill(ipc, reterr);
        while (code == OK && ipc_next(ipc, &frame, &len))
            code = answer(ipc, frame, len, fn, arg, reterr);
    }
    return code;
}

enum code mail_ear_hear(struct mail_ear *e, mail_in_fn fn, void *arg, struct err *reterr) {
    PRE(e != NULL && fn != NULL && reterr != NULL);
    AUTO(ipc_free) struct ipc *ipc = NULL;
    int fd = -1;
    enum code code = line_send(e->line, &fd, reterr);
    if (code == OK)
        code = ipc_new(fd, FRAME_MAX, &ipc, reterr);
    if (code != OK)
        return code;
    put_u8(ipc_begin(ipc), HELLO);
    code = say(ipc, reterr);
    return code == OK ? serve(e, ipc, fn, arg, reterr) : code;
}

/* ---- the other end */

bool mail_in_hello(const void *frame, size_t len) { return len == 1 && *(const uint8_t *)frame == HELLO; }

void mail_in_put(struct buf *ret, const char *to, const void *message, size_t len) {
    put_u8(ret, MESSAGE);
    put_text(ret, to);
    put_u32(ret, (uint32_t)len);
    buf_add(ret, message, len);
}

bool mail_in_answer_read(const void *frame, size_t len, enum mail_in_answer *ret) {
    const uint8_t *p = frame;
    if (len != 2 || p[0] != ANSWER || p[1] > MAIL_IN_NOBODY)
        return false;
    *ret = (enum mail_in_answer)p[1];
    return true;
}
