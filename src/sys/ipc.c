/* ipc.c — invariant: start <= end <= room of the input; out.data[sent..len) waits to be sent, and what lies
 * before `sent` or before `start` is wiped when its place is used again. */
#include "sys/ipc.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/time.h"
#include "sys/files.h"

#define HEAD 4u
#define READ_AHEAD 65536u                    /* beside one whole frame */
#define OUT_FRAMES 64u                       /* so many of the largest frames may wait to be sent */

struct ipc {
    int fd;
    size_t frame_max, start, end, room;
    uint8_t *in;
    struct buf out;
    size_t sent, begun;
    bool open;                               /* a frame was begun */
};

enum code ipc_new(int fd, size_t frame_max, struct ipc **ret, struct err *reterr) {
    PRE(fd >= 0 && frame_max >= HEAD && frame_max <= UINT32_MAX / 2 && ret != NULL && reterr != NULL);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        int num = errno;
        fd_close(&fd);
        return err_errno(reterr, num, "cannot set up a socket between processes");
    }
    struct ipc *ipc = mem_new(sizeof *ipc);
    if (ipc == NULL) {
        fd_close(&fd);
        return err_set(reterr, E_MEMORY, "no memory for a socket between processes");
    }
    ipc->fd = fd;
    ipc->frame_max = frame_max;
    ipc->out = BUF((frame_max + HEAD) * OUT_FRAMES);
    *ret = ipc;
    return OK;
}

struct ipc *ipc_free(struct ipc *ipc) {
    if (ipc == NULL)
        return NULL;
    fd_close(&ipc->fd);
    if (ipc->in != NULL)
        explicit_bzero(ipc->in, ipc->room);
    (void)mem_free(ipc->in);
    buf_wipe(&ipc->out);
    return mem_free(ipc);
}

int ipc_fd(const struct ipc *ipc) { return ipc->fd; }

/* Room for at least `need` bytes from start on; what was consumed goes. */
static enum code in_room(struct ipc *ipc, size_t need, struct err *reterr) {
    size_t have = ipc->end - ipc->start;
    if (ipc->start > 0) {
        memmove(ipc->in, ipc->in + ipc->start, have);
        explicit_bzero(ipc->in + have, ipc->start);
        ipc->start = 0;
        ipc->end = have;
    }
    if (ipc->room >= need)
        return OK;
    uint8_t *in = mem_new(need);
    if (in == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a message of %zu bytes", need);
    if (ipc->in != NULL) {
        memcpy(in, ipc->in, have);
        explicit_bzero(ipc->in, ipc->room);
        (void)mem_free(ipc->in);
    }
    ipc->in = in;
    ipc->room = need;
    return OK;
}

/* Length of the frame at start, when its head is there. */
static bool head_at(const struct ipc *ipc, size_t *ret) {
    uint32_t len;
    if (ipc->end - ipc->start < HEAD)
        return false;
    memcpy(&len, ipc->in + ipc->start, HEAD);
    *ret = le32toh(len);
    return true;
}

enum code ipc_fill(struct ipc *ipc, struct err *reterr) {
    PRE(ipc != NULL && reterr != NULL);
    for (;;) {
        size_t len = 0;
        bool head = head_at(ipc, &len);
        if (head && len > ipc->frame_max)
            return err_set(reterr, E_INVALID, "a message of %zu bytes was announced; at most %zu are taken", len, ipc->frame_max);
        if (head && ipc->end - ipc->start >= HEAD + len && ipc->end - ipc->start >= READ_AHEAD)
            return OK;                       /* enough for one turn: the socket holds the rest */
        enum code code = in_room(ipc, HEAD + len + READ_AHEAD, reterr);
        if (code != OK)
            return code;
        ssize_t n = recv(ipc->fd, ipc->in + ipc->end, ipc->room - ipc->end, MSG_DONTWAIT);     /* the peer may share the flags of fd */
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return OK;
        if (n <= 0)
            return err_set(reterr, E_PEER, "the process at the other end has closed the connection");
        ipc->end += (size_t)n;
    }
}

bool ipc_next(struct ipc *ipc, const uint8_t **ret, size_t *ret_len) {
    size_t len = 0;
    if (!head_at(ipc, &len) || len > ipc->frame_max || ipc->end - ipc->start - HEAD < len)
        return false;
    *ret = ipc->in + ipc->start + HEAD;
    *ret_len = len;
    ipc->start += HEAD + len;
    return true;
}

struct buf *ipc_begin(struct ipc *ipc) {
    PRE(ipc != NULL && !ipc->open);
    ipc->open = true;
    ipc->begun = ipc->out.len;
    buf_add(&ipc->out, "\0\0\0\0", HEAD);
    return &ipc->out;
}

enum code ipc_end(struct ipc *ipc, struct err *reterr) {
    PRE(ipc != NULL && ipc->open);
    ipc->open = false;
    if (ipc->out.failed) {
        ipc->out.failed = false;
        ipc_cut(ipc, ipc->begun - ipc->sent);
        return err_set(reterr, E_MEMORY, "no memory for a message to another process");
    }
    size_t len = ipc->out.len - ipc->begun - HEAD;
    if (len > ipc->frame_max) {
        ipc_cut(ipc, ipc->begun - ipc->sent);
        return err_set(reterr, E_TOO_LARGE, "a message of %zu bytes is above the %zu that the other process takes", len, ipc->frame_max);
    }
    uint32_t head = htole32((uint32_t)len);
    memcpy(ipc->out.data + ipc->begun, &head, HEAD);
    return OK;
}

size_t ipc_pending(const struct ipc *ipc) { return ipc->out.len - ipc->sent; }

void ipc_cut(struct ipc *ipc, size_t pending) {
    PRE(pending <= ipc_pending(ipc));
    ipc->open = false;
    size_t to = ipc->sent + pending;
    if (to < ipc->out.len)
        explicit_bzero(ipc->out.data + to, ipc->out.len - to);
    buf_cut(&ipc->out, to);
}

enum code ipc_flush(struct ipc *ipc, struct err *reterr) {
    PRE(ipc != NULL && !ipc->open);
    while (ipc_pending(ipc) > 0) {
        ssize_t n = send(ipc->fd, ipc->out.data + ipc->sent, ipc_pending(ipc), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return OK;
        if (n <= 0)
            return err_set(reterr, E_PEER, "the process at the other end has closed the connection");
        ipc->sent += (size_t)n;
    }
    if (ipc->out.len > 0) {
        explicit_bzero(ipc->out.data, ipc->out.len);
        buf_cut(&ipc->out, 0);
    }
    ipc->sent = 0;
    return OK;
}

enum code ipc_wait(struct ipc *ipc, int wait_ms, struct err *reterr) {
    usec_t until = clock_steady() + (usec_t)wait_ms * 1000;
    for (;;) {
        usec_t left = until - clock_steady();
        struct pollfd p = { .fd = ipc->fd, .events = (short)(POLLIN | (ipc_pending(ipc) > 0 ? POLLOUT : 0)) };
        int n = poll(&p, 1, left > 0 ? (int)((left + 999) / 1000) : 0);
        if (n > 0)
            return OK;
        if (n < 0 && errno != EINTR)
            return err_errno(reterr, errno, "cannot wait for another process");
        if (n == 0 && left <= 0)
            return err_set(reterr, E_PEER, "the process at the other end does not answer");
    }
}

const void *msg_bytes(struct msg *m, size_t len) {
    if (m->bad || len > m->left) {
        m->bad = true;
        return NULL;
    }
    const uint8_t *p = m->at;
    m->at += len;
    m->left -= len;
    return p;
}

uint8_t msg_u8(struct msg *m) {
    const uint8_t *p = msg_bytes(m, 1);
    return p == NULL ? 0 : *p;
}

uint32_t msg_u32(struct msg *m) {
    uint32_t v = 0;
    const void *p = msg_bytes(m, sizeof v);
    if (p != NULL)
        memcpy(&v, p, sizeof v);
    return le32toh(v);
}

uint64_t msg_u64(struct msg *m) {
    uint64_t v = 0;
    const void *p = msg_bytes(m, sizeof v);
    if (p != NULL)
        memcpy(&v, p, sizeof v);
    return le64toh(v);
}

bool msg_done(const struct msg *m) { return !m->bad && m->left == 0; }

void put_u8(struct buf *b, uint8_t v) { buf_add(b, &v, 1); }

void put_u32(struct buf *b, uint32_t v) {
    v = htole32(v);
    buf_add(b, &v, sizeof v);
}

void put_u64(struct buf *b, uint64_t v) {
    v = htole64(v);
    buf_add(b, &v, sizeof v);
}

const char *msg_text(struct msg *m) {
    size_t len = msg_u32(m);
    const char *text = msg_bytes(m, len);
    if (text == NULL || len == 0 || strnlen(text, len) != len - 1) {
        m->bad = true;
        return "";
    }
    return text;
}

void put_text(struct buf *b, const char *text) {
    put_u32(b, (uint32_t)strlen(text) + 1);
    buf_add(b, text, strlen(text) + 1);
}
