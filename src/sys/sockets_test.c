/* sockets_test.c — taken ports, stale sockets, peers. */
#include "sys/sockets.c"
#include "base/test.h"

#include <fcntl.h>
#include <stdlib.h>

static uint16_t first_port(void) { return (uint16_t)(20000 + getpid() % 10000); }

TEST(a_taken_port_says_so) {
    struct err e;
    AUTO(fd_close) int a = -1;
    int b = -1;
    uint16_t port = port_free("127.0.0.1", first_port(), 32000);
    CHECK(port != 0);
    CHECK_OK(listen_tcp("127.0.0.1", port, &a, &e), &e);
    CHECK((fcntl(a, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK_CODE(listen_tcp("127.0.0.1", port, &b, &e), E_CONFLICT, &e);
    CHECK(b == -1);
    CHECK_CODE(listen_tcp("localhost", port, &b, &e), E_INVALID, &e);
    AUTO(fd_close) int c = -1;
    CHECK_OK(connect_tcp("127.0.0.1", port, 1000, &c, &e), &e);
    fd_close(&a);
    CHECK_CODE(connect_tcp("127.0.0.1", port, 1000, &b, &e), E_PEER, &e);
}

TEST(a_stale_socket_is_replaced_and_a_live_one_is_not) {
    struct err e;
    char dir[] = "/tmp/sejf-socket-XXXXXX", path[64];
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/s", dir);
    AUTO(fd_close) int a = -1;
    int b = -1;
    CHECK_OK(listen_unix(path, 0600, &a, &e), &e);
    CHECK_CODE(listen_unix(path, 0600, &b, &e), E_CONFLICT, &e);
    fd_close(&a);
    CHECK_CODE(connect_unix(path, &b, &e), E_PEER, &e);
    CHECK_OK(listen_unix(path, 0660, &a, &e), &e);
    struct stat st;
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0660);
    CHECK_OK(connect_unix(path, &b, &e), &e);
    struct peer p = { 0 };
    CHECK_OK(socket_peer(b, &p, &e), &e);
    CHECK(p.uid == geteuid() && p.pid == getpid());
    fd_close(&b);
    CHECK_OK(dir_remove(dir, &e), &e);
}

TEST(a_path_too_long_is_refused_not_cut) {
    struct err e;
    int fd = -1;
    char path[200];
    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = 0;
    CHECK_CODE(listen_unix(path, 0600, &fd, &e), E_INVALID, &e);
    CHECK_CODE(connect_unix(path, &fd, &e), E_INVALID, &e);
}
