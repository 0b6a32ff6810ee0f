/* link.c — invariant: answers are owed for the calls from `owed` on, in their order, and for nothing else. */
#include "keeper/link.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/files.h"
#include "sys/sockets.h"

#define HELLO_MS 10000

struct link { char *path; int line; struct ipc *ipc; };

enum code link_new(const struct door *door, struct link **ret, struct err *reterr) {
    PRE(door != NULL && (door->path != NULL || door->line >= 0) && ret != NULL && reterr != NULL);
    AUTO(link_free) struct link *l = mem_new(sizeof *l);
    if (l == NULL || (door->path != NULL && (l->path = mem_text(door->path)) == NULL))
        return err_set(reterr, E_MEMORY, "no memory for a connection to the keeper");
    l->line = door->line;
    *ret = TAKE(l);
    return OK;
}

struct link *link_free(struct link *l) {
    if (l == NULL)
        return NULL;
    l->ipc = ipc_free(l->ipc);
    (void)mem_free(l->path);
    return mem_free(l);
}

/* Whoever answers must be root, we ourselves, or whom the socket file belongs to. */
static enum code check_peer(const struct link *l, int fd, struct err *reterr) {
    struct peer p;
    struct stat st;
    enum code code = socket_peer(fd, &p, reterr);
    if (code != OK)
        return code;
    if (stat(l->path, &st) != 0)
        return err_errno(reterr, errno, "cannot look at %s", l->path);
    if (p.uid != 0 && p.uid != geteuid() && p.uid != st.st_uid)
        return err_set(reterr, E_FORBIDDEN, "the process behind %s belongs to another user, so it is not the keeper: end that process, then start sejf anew", l->path);
    return OK;
}

static enum code put_call(struct ipc *ipc, const struct call *c, struct err *reterr) {
    struct buf *out = ipc_begin(ipc);
    put_u8(out, (uint8_t)c->op);
    buf_add(out, c->request.data, c->request.len);
    if (c->request.failed)
        out->failed = true;
    return ipc_end(ipc, reterr);
}

static void end(struct call *c, enum code code) {
    c->code = code;
    c->done = true;
}

static enum code take_answer(struct call *c, const uint8_t *bytes, size_t len, struct err *reterr) {
    struct msg m = { bytes, len, false };
    uint8_t op = msg_u8(&m);
    uint32_t code = msg_u32(&m);
    if (m.bad || op != (uint8_t)c->op)
        return err_set(reterr, E_PEER, "the keeper answered something else than was asked");
    if (code != OK) {
        end(c, err_set(c->err, (enum code)code, "%.*s", (int)(m.left < 400 ? m.left : 400), (const char *)m.at));
        return OK;
    }
    if (c->take != NULL)
        c->take(c, &m);
    if (!msg_done(&m))
        return err_set(reterr, E_PEER, "the keeper's answer has not the form of its kind");
    end(c, OK);
    return OK;
}

/* Sends what is pending and takes answers until none is owed. *owed moves on with each. */
static enum code exchange_all(struct ipc *ipc, struct call **owed, int wait_ms, struct err *reterr) {
    while (*owed != NULL) {
        const uint8_t *bytes;
        size_t len;
        enum code code = ipc_flush(ipc, reterr);
        if (code == OK)
            code = ipc_wait(ipc, wait_ms, reterr);
        if (code == OK)
            code = ipc_fill(ipc, reterr);
        while (code == OK && *owed != NULL && ipc_next(ipc, &bytes, &len)) {
            struct call *c = *owed;
            code = take_answer(c, bytes, len, reterr);
            if (code == OK)
                *owed = c->next;
        }
        if (code != OK)
            return code;
    }
    return OK;
}

static void take_hello(struct call *c, struct msg *in) { *(uint32_t *)c->arg = msg_u32(in); }

static enum code hello(struct ipc *ipc, struct err *reterr) {
    uint32_t version = 0;
    struct call c = CALL(OP_hello, take_hello, &version, reterr), *owed = &c;
    put_u32(&c.request, PROTOCOL_VERSION);
    enum code code = put_call(ipc, &c, reterr);
    if (code == OK)
        code = exchange_all(ipc, &owed, HELLO_MS, reterr);
    buf_wipe(&c.request);
    if (code != OK || c.code != OK)
        return code != OK ? code : c.code;
    return version == PROTOCOL_VERSION ? OK : err_set(reterr, E_PEER, "the keeper is of another version of sejf: restart sejf");
}

enum code link_connect(struct link *l, struct err *reterr) {
    PRE(l != NULL && reterr != NULL);
    int fd = -1;
    if (l->ipc != NULL)
        return OK;
    enum code code = l->path == NULL ? line_send(l->line, &fd, reterr) : connect_unix(l->path, &fd, reterr);
    if (code != OK)
        return code;
    if (l->path != NULL)                     /* what has the other end of a line was chosen by the parent */
        code = check_peer(l, fd, reterr);
    if (code != OK) {
        fd_close(&fd);
        return code;
    }
    code = ipc_new(fd, FRAME_MAX, &l->ipc, reterr);
    if (code == OK)
        code = hello(l->ipc, reterr);
    if (code != OK)
        l->ipc = ipc_free(l->ipc);
    return code;
}

/* One attempt at the calls from *owed on. */
static enum code attempt(struct link *l, struct call **owed, int wait_ms, struct err *reterr) {
    enum code code = link_connect(l, reterr);
    for (struct call *c = *owed; code == OK && c != NULL; c = c->next)
        code = put_call(l->ipc, c, reterr);
    if (code == OK)
        code = exchange_all(l->ipc, owed, wait_ms, reterr);
    if (code != OK)
        l->ipc = ipc_free(l->ipc);           /* answers that may still come would meet the wrong calls */
    return code;
}

void link_do(struct link *l, struct call *list, int wait_ms) {
    PRE(l != NULL && list != NULL);
    struct err e = { .code = OK };
    struct call *owed = list;
    bool again = l->ipc != NULL;             /* a keeper that was started anew since: every request may be asked twice */
    enum code code = attempt(l, &owed, wait_ms, &e);
    if (code == E_PEER && again)
        code = attempt(l, &owed, wait_ms, &e);
    for (struct call *c = owed; code != OK && c != NULL; c = c->next) {
        *c->err = e;
        if (c->err->code == E_PEER)
            (void)err_prefix(c->err, "the keeper");
        end(c, c->err->code);
    }
}
