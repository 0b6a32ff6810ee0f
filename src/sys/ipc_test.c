#include "sys/ipc.c"

#include "base/test.h"

static void pair(struct ipc **a, struct ipc **b, size_t max) {
    int fd[2];
    struct err e;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == 0);
    CHECK_OK(ipc_new(fd[0], max, a, &e), &e);
    CHECK_OK(ipc_new(fd[1], max, b, &e), &e);
}

TEST(frames_come_whole_and_in_order) {
    AUTO(ipc_free) struct ipc *a = NULL, *b = NULL;
    struct err e;
    pair(&a, &b, 200000);
    uint32_t got = 0, put = 0;
    while (got < 300) {
        if (put < 300) {
            struct buf *out = ipc_begin(a);
            put_u32(out, put);
            for (uint32_t i = 0; i < put * 7; i++)
                put_u8(out, (uint8_t)(i ^ put));
            CHECK_OK(ipc_end(a, &e), &e);
            put++;
        }
        CHECK_OK(ipc_flush(a, &e), &e);
        CHECK_OK(ipc_fill(b, &e), &e);
        const uint8_t *p;
        size_t len;
        while (ipc_next(b, &p, &len)) {
            struct msg m = { p, len, false };
            CHECK(msg_u32(&m) == got && m.left == got * 7);
            for (uint32_t i = 0; i < got * 7; i++)
                CHECK(msg_u8(&m) == (uint8_t)(i ^ got));
            CHECK(msg_done(&m));
            got++;
        }
    }
    CHECK(ipc_pending(a) == 0);
}

TEST(getters_stop_at_the_end) {
    uint8_t bytes[9] = { 1, 0, 0, 0, 2, 0, 0, 0, 3 };
    struct msg m = { bytes, sizeof bytes, false };
    CHECK(msg_u64(&m) == UINT64_C(0x0000000200000001) && !msg_done(&m));
    CHECK(msg_u32(&m) == 0 && m.bad && !msg_done(&m));
    CHECK(msg_u8(&m) == 0);                  /* once bad, nothing more is given */
    m = (struct msg){ bytes, sizeof bytes, false };
    CHECK(msg_bytes(&m, SIZE_MAX) == NULL && m.bad);
}

TEST(a_frame_above_the_maximum_is_refused_at_its_head) {
    AUTO(ipc_free) struct ipc *a = NULL, *b = NULL;
    struct err e;
    const uint8_t *p;
    size_t len;
    pair(&a, &b, 100);
    CHECK(send(ipc_fd(a), "\x65\0\0\0", 4, 0) == 4);
    enum code code = OK;
    for (int i = 0; i < 3 && code == OK; i++)
        code = ipc_fill(b, &e);
    CHECK(code == E_INVALID && !ipc_next(b, &p, &len));
    struct buf *out = ipc_begin(a);
    for (int i = 0; i < 101; i++)
        put_u8(out, 1);
    CHECK_CODE(ipc_end(a, &e), E_TOO_LARGE, &e);
    CHECK(ipc_pending(a) == 0);
}

TEST(a_closed_peer_and_a_silent_one_are_told) {
    AUTO(ipc_free) struct ipc *a = NULL, *b = NULL;
    struct err e;
    pair(&a, &b, 100);
    CHECK_CODE(ipc_wait(b, 10, &e), E_PEER, &e);
    a = ipc_free(a);
    CHECK_OK(ipc_wait(b, 1000, &e), &e);
    CHECK_CODE(ipc_fill(b, &e), E_PEER, &e);
    put_u8(ipc_begin(b), 1);
    CHECK_OK(ipc_end(b, &e), &e);
    CHECK_CODE(ipc_flush(b, &e), E_PEER, &e);
}

TEST(cut_takes_back_what_was_not_sent) {
    AUTO(ipc_free) struct ipc *a = NULL, *b = NULL;
    struct err e;
    const uint8_t *p;
    size_t len, mark;
    pair(&a, &b, 100);
    put_u8(ipc_begin(a), 1);
    CHECK_OK(ipc_end(a, &e), &e);
    mark = ipc_pending(a);
    put_u8(ipc_begin(a), 2);
    CHECK_OK(ipc_end(a, &e), &e);
    ipc_cut(a, mark);
    CHECK_OK(ipc_flush(a, &e), &e);
    CHECK_OK(ipc_fill(b, &e), &e);
    CHECK(ipc_next(b, &p, &len) && len == 1 && p[0] == 1 && !ipc_next(b, &p, &len));
}

TEST(without_memory) {
    AUTO(ipc_free) struct ipc *a = NULL, *b = NULL, *c = NULL;
    struct err e;
    int fd[2];
    pair(&a, &b, 100);
    mem_fail_at = 1;
    put_u8(ipc_begin(a), 1);
    CHECK_CODE(ipc_end(a, &e), E_MEMORY, &e);
    put_u8(ipc_begin(a), 2);                 /* and it works again */
    CHECK_OK(ipc_end(a, &e), &e);
    CHECK_OK(ipc_flush(a, &e), &e);
    mem_fail_at = 1;
    CHECK_CODE(ipc_fill(b, &e), E_MEMORY, &e);
    CHECK_OK(ipc_fill(b, &e), &e);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == 0);
    mem_fail_at = 1;
    CHECK_CODE(ipc_new(fd[0], 100, &c, &e), E_MEMORY, &e);
    fd_close(&fd[1]);
}
