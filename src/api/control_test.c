/* control_test.c — the socket and its lines, with an instance that has no services: what a peer may send must never
 * harm more than that peer. */
#include "api/control_socket.c"

#include <stdio.h>
#include <stdlib.h>

#include "base/test.h"

static bool take(void *arg, const void *bytes, size_t len) {
    buf_add(arg, bytes, len);
    return true;
}

struct bench { char dir[32], path[48]; int listener; struct api api; struct control *control; };

static void up(struct bench *b) {
    struct err e;
    *b = (struct bench){ .dir = "/tmp/sejf-control-XXXXXX" };
    log_init("test", LOG_ERROR, -1);
    CHECK(mkdtemp(b->dir) != NULL);
    snprintf(b->path, sizeof b->path, "%s/c", b->dir);
    b->api.wake_fd = eventfd(0, EFD_CLOEXEC);
    CHECK_OK(listen_unix(b->path, 0600, &b->listener, &e), &e);
    CHECK_OK(control_start(&b->api, b->listener, &b->control, &e), &e);
}

static void down(struct bench *b) {
    control_stop(b->control);
    close(b->listener);
    close(b->api.wake_fd);
    unlink(b->path);
    rmdir(b->dir);
}

static json_t *ask(struct bench *b, json_t *in) {
    AUTO(buf_done) struct buf out = BUF(1 << 16);
    struct err e;
    CHECK_OK(control_ask(b->path, in, NULL, &(struct sink){ take, &out }, &e), &e);
    json_decref(in);
    json_t *answer = json_loads(buf_str(&out), 0, NULL);
    CHECK(answer != NULL);
    return answer;
}

static void refused(struct bench *b, json_t *in, int code, const char *says) {
    json_t *answer = ask(b, in);
    CHECK(json_is_false(json_object_get(answer, "ok")));
    CHECK_INT(json_integer_value(json_object_get(answer, "code")), code);
    CHECK(strstr(json_string_value(json_object_get(answer, "text")), says) != NULL);
    json_decref(answer);
}

TEST(a_wrong_request_is_answered_with_its_reason) {
    struct bench b;
    up(&b);
    refused(&b, json_pack("{s:s}", "do", "dance"), E_INVALID, "does not know that verb");
    refused(&b, json_pack("{s:i}", "do", 7), E_INVALID, "no verb");
    refused(&b, json_array(), E_INVALID, "no verb");
    refused(&b, json_pack("{s:s, s:s}", "do", "tenant_new", "service", "nothing"), E_NOT_FOUND, "no service of that name");
    refused(&b, json_pack("{s:s}", "do", "tenant_new"), E_INVALID, "needs the name of a service");
    refused(&b, json_pack("{s:s}", "do", "probe_begin"), E_INVALID, "needs the name of a service");
    refused(&b, json_pack("{s:s, s:i}", "do", "ledger_show", "after", -1), E_INVALID, "must not be below 0");
    down(&b);
}

TEST(stop_wakes_the_server) {
    struct bench b;
    uint64_t n = 0;
    up(&b);
    json_t *answer = ask(&b, json_pack("{s:s}", "do", "stop"));
    CHECK(json_is_true(json_object_get(answer, "ok")));
    json_decref(answer);
    CHECK(read(b.api.wake_fd, &n, sizeof n) == sizeof n && n == 1);
    down(&b);
}

static int dial(struct bench *b) {
    int fd = -1;
    struct err e;
    CHECK_OK(connect_unix(b->path, &fd, &e), &e);
    return fd;
}

TEST(bytes_that_are_no_request_harm_their_sender_only) {
    struct bench b;
    char piece[65536], got[256];
    up(&b);
    int fd = dial(&b);
    CHECK(send_all(&fd, "{\"do\": \"sta", 11));
    close(fd);                                /* half a line */
    fd = dial(&b);
    CHECK(send_all(&fd, "\0\xff nonsense\n", 12));
    ssize_t n = recv(fd, got, sizeof got - 1, 0);
    CHECK(n > 0 && memmem(got, (size_t)n, "\"ok\":false", 10) != NULL);
    close(fd);
    fd = dial(&b);                            /* a line without end */
    memset(piece, 'x', sizeof piece);
    for (int i = 0; i < 40 && send_all(&fd, piece, sizeof piece); i++)
        ;
    CHECK(recv(fd, got, sizeof got, 0) <= 0);
    close(fd);
    refused(&b, json_pack("{s:s}", "do", "dance"), E_INVALID, "does not know that verb");
    down(&b);
}

TEST(a_stop_does_not_wait_for_a_silent_peer) {
    struct bench b;
    up(&b);
    int fd = dial(&b);
    CHECK(send_all(&fd, "{", 1));
    refused(&b, json_pack("{s:s}", "do", "dance"), E_INVALID, "does not know that verb");
    down(&b);
    close(fd);
}

TEST(nobody_there_is_said) {
    AUTO(buf_done) struct buf out = BUF(1024);
    struct err e;
    json_t *in = json_object();
    CHECK_CODE(control_ask("/tmp/sejf-nobody-serves-here/c", in, NULL, &(struct sink){ take, &out }, &e), E_PEER, &e);
    json_decref(in);
}
