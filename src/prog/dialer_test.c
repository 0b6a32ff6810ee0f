/* dialer_test.c — connections come from a child that has none of our descriptors, and it ends with us. */
#include "prog/dialer.c"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/test.h"

static int listens(int *ret_port) {
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0 && listen(fd, 1024) == 0 && getsockname(fd, (struct sockaddr *)&at, &len) == 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

/* What comes of one question. */
static enum dial_state asks(int line, int *ret_fd, char *ret_why, size_t room) {
    AUTO(dial_end) struct dial *d = NULL;
    struct err e;
    enum dial_state state = DIAL_WAITS;
    if (dial_ask(line, &d, &e) != OK) {
        snprintf(ret_why, room, "%.150s", e.text);
        return DIAL_FAILED;
    }
    for (int i = 0; i < 3000 && state == DIAL_WAITS; i++) {
        struct pollfd p = { .fd = dial_fd(d), .events = dial_events(d) };
        (void)poll(&p, 1, 20);
        state = dial_go_on(d, ret_fd);
    }
    snprintf(ret_why, room, "%s", dial_why(d));
    return state;
}

static void ended(int line) {
    int status = 0;
    fd_close(&line);
    CHECK(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(a_connection_is_handed_over) {
    int port = 0, line = -1, got = -1;
    char why[200], bytes[8] = "";
    struct err e;
    AUTO(fd_close) int listener = listens(&port);
    CHECK_OK(dialer_start(&(struct dialer_config){ .host = "127.0.0.1", .port = port }, &line, &e), &e);
    for (int i = 0; i < 20; i++) {
        CHECK_INT(asks(line, &got, why, sizeof why), DIAL_DONE);
        AUTO(fd_close) int other = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        CHECK(other >= 0 && write(other, "hello", 5) == 5);
        struct pollfd p = { .fd = got, .events = POLLIN };
        CHECK(poll(&p, 1, 30000) == 1 && read(got, bytes, sizeof bytes) == 5 && memcmp(bytes, "hello", 5) == 0);
        fd_close(&got);
    }
    ended(line);
}

TEST(nobody_there_is_said) {
    int port = 0, line = -1, got = -1;
    char why[200];
    struct err e;
    int listener = listens(&port);
    fd_close(&listener);
    CHECK_OK(dialer_start(&(struct dialer_config){ .host = "127.0.0.1", .port = port }, &line, &e), &e);
    CHECK_INT(asks(line, &got, why, sizeof why), DIAL_FAILED);
    CHECK_TEXT(why, "nobody answers there");
    CHECK(got < 0);
    ended(line);
}

/* Who asks and goes away holds nothing: more than there is room for, one after another. */
TEST(who_leaves_keeps_no_place) {
    int port = 0, line = -1, got = -1;
    char why[200];
    struct err e;
    AUTO(fd_close) UNUSED int listener = listens(&port);
    CHECK_OK(dialer_start(&(struct dialer_config){ .host = "127.0.0.1", .port = port }, &line, &e), &e);
    for (unsigned i = 0; i < 3 * GUESTS_MAX; i++) {
        struct dial *d = NULL;
        while (dial_ask(line, &d, &e) != OK)
            (void)poll(NULL, 0, 5);          /* the line is full of questions that nobody waits for */
        (void)dial_end(d);
    }
    enum dial_state came = DIAL_FAILED;
    for (int i = 0; i < 3000 && came != DIAL_DONE; i++)
        came = asks(line, &got, why, sizeof why);
    CHECK_INT(came, DIAL_DONE);
    fd_close(&got);
    ended(line);
}

static enum code refused(void *arg UNUSED, struct err *reterr) { return err_set(reterr, E_SYSTEM, "no sandbox"); }

/* Without its sandbox it does not begin, and the line says so. */
TEST(a_dialer_that_is_gone_is_seen) {
    int line = -1, got = -1;
    char why[200];
    struct err e;
    CHECK_OK(dialer_start(&(struct dialer_config){ .host = "127.0.0.1", .port = 9, .sandbox = refused }, &line, &e), &e);
    struct pollfd p = { .fd = line, .events = 0 };
    CHECK(poll(&p, 1, 30000) == 1 && (p.revents & POLLHUP) != 0);
    CHECK_INT(asks(line, &got, why, sizeof why), DIAL_FAILED);
    CHECK_TEXT(why, "the process that makes connections is away");
    int status = 0;
    CHECK(wait(&status) > 0 && WEXITSTATUS(status) == 1);
    fd_close(&line);
}
