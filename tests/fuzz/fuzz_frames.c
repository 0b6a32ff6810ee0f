/* fuzz_frames.c — any bytes as what a peer says to the keeper: the frames that come out are those that went in, none above its bound, and
 * getters never pass the end of one. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper/protocol.h"
#include "sys/ipc.h"

/* Reads a frame as requests are read: an op, numbers, then ids as many as announced. */
static void walk(const uint8_t *bytes, size_t len) {
    struct msg m = { bytes, len, false };
    uint8_t op = msg_u8(&m);
    uint64_t tenant = msg_u64(&m);
    uint32_t count = msg_u32(&m);
    (void)op;
    (void)tenant;
    for (uint32_t i = 0; i < count && !m.bad; i++)
        (void)msg_u64(&m);
    const void *rest = msg_bytes(&m, m.left);
    if (m.left > len || (!m.bad && len > 0 && rest == NULL))
        __builtin_trap();
    if (msg_done(&m) && m.bad)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int ends[2];
    struct ipc *ipc = NULL;
    struct err e;
    size_t at = 0, sent = 0;
    if (size > 1u << 15 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return 0;
    if (ipc_new(ends[0], 4096, &ipc, &e) != OK) {
        (void)close(ends[1]);
        return 0;
    }
    enum code code = OK;
    for (size_t piece = 1; code == OK && sent < size; piece = piece * 3 + 1) {
        size_t n = size - sent < piece ? size - sent : piece;
        const uint8_t *frame;
        size_t len;
        if (send(ends[1], data + sent, n, MSG_NOSIGNAL) != (ssize_t)n)
            break;
        sent += n;
        code = ipc_fill(ipc, &e);
        while (code == OK && ipc_next(ipc, &frame, &len)) {
            uint32_t said = (uint32_t)data[at] | (uint32_t)data[at + 1] << 8 | (uint32_t)data[at + 2] << 16 | (uint32_t)data[at + 3] << 24;
            if (len > 4096 || said != len || at + 4 + len > sent || memcmp(frame, data + at + 4, len) != 0)
                __builtin_trap();
            walk(frame, len);
            at += 4 + len;
        }
    }
    if (code != OK && code != E_INVALID && code != E_PEER)
        __builtin_trap();
    ipc_free(ipc);
    (void)close(ends[1]);
    return 0;
}
