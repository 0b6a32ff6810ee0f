/* sockets_test.c — taken ports, stale sockets, peers. */
#include "sys/sockets.c"
#include "base/test.h"

#include <fcntl.h>
#include <pthread.h>
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

static void *end_in_a_second(void *fd) {
    nanosleep(&(struct timespec){ 1, 0 }, NULL);
    close(*(int *)fd);
    return NULL;
}

TEST(who_listens_is_given_time_to_go) {
    struct err e;
    char dir[] = "/tmp/sejf-socket-XXXXXX", path[64];
    pthread_t ending;
    int old = -1;
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/s", dir);
    AUTO(fd_close) int fd = -1;
    CHECK_OK(listen_unix(path, 0600, &old, &e), &e);
    usec_t began = clock_steady();
    CHECK_CODE(listen_unix_after(path, 0600, 200, &fd, &e), E_CONFLICT, &e);
    CHECK(fd == -1 && clock_steady() - began >= 200000);
    CHECK_INT(pthread_create(&ending, NULL, end_in_a_second, &old), 0);
    CHECK_OK(listen_unix_after(path, 0600, 60000, &fd, &e), &e);
    CHECK_INT(pthread_join(ending, NULL), 0);
    CHECK_OK(connect_unix(path, &old, &e), &e);
    fd_close(&old);
    fd_close(&fd);
    CHECK_OK(dir_remove(dir, &e), &e);
    uint16_t port = port_free("127.0.0.1", first_port(), 32000);
    CHECK_OK(listen_tcp("127.0.0.1", port, &old, &e), &e);
    CHECK_CODE(listen_tcp_after("127.0.0.1", port, 200, &fd, &e), E_CONFLICT, &e);
    CHECK_INT(pthread_create(&ending, NULL, end_in_a_second, &old), 0);
    CHECK_OK(listen_tcp_after("127.0.0.1", port, 60000, &fd, &e), &e);
    CHECK_INT(pthread_join(ending, NULL), 0);
}

/* One that takes nobody in any more holds its path still, and nobody up. */
TEST(a_listener_whose_queue_is_full_is_not_waited_for) {
    struct err e;
    char dir[] = "/tmp/sejf-socket-XXXXXX", path[64];
    int waiting[8], fd = -1;
    size_t n = 0;
    struct sockaddr_un a;
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/s", dir);
    AUTO(fd_close) int old = -1;
    CHECK_OK(listen_unix(path, 0600, &old, &e), &e);
    CHECK_INT(listen(old, 0), 0);
    CHECK_OK(unix_address(path, &a, &e), &e);
    bool full = false;
    while (!full && n < sizeof waiting / sizeof *waiting) {
        waiting[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        full = connect(waiting[n++], (const struct sockaddr *)&a, sizeof a) != 0 && errno == EAGAIN;
    }
    CHECK(full);
    CHECK_CODE(listen_unix(path, 0600, &fd, &e), E_CONFLICT, &e);
    while (n > 0)
        close(waiting[--n]);
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

TEST(a_line_hands_connections_over) {
    int from = -1, to = -1, fd = -1;
    struct err e;
    struct peer who;
    char byte = 0;
    CHECK_OK(line_make(&from, &to, &e), &e);
    CHECK_INT(line_take(to), -1);             /* nothing waits, and neither do we */
    CHECK_OK(line_send(from, &fd, &e), &e);
    int end = line_take(to);
    CHECK(end >= 0 && fcntl(end, F_GETFD) == FD_CLOEXEC);
    CHECK_OK(socket_peer(end, &who, &e), &e);
    CHECK(who.uid == geteuid() && who.pid == getpid());
    CHECK(write(fd, "x", 1) == 1 && read(end, &byte, 1) == 1 && byte == 'x');
    close(fd);
    close(end);
    CHECK(send(from, "y", 1, 0) == 1);
    CHECK_INT(line_take(to), -1);             /* a message without a descriptor */
    close(to);
    CHECK_CODE(line_send(from, &fd, &e), E_PEER, &e);
    close(from);
}

/* Two where one is awaited: none may be left open. */
TEST(more_descriptors_than_one_are_not_kept) {
    int from = -1, to = -1;
    struct err e;
    union { struct cmsghdr head; char bytes[CMSG_SPACE(2 * sizeof(int))]; } room = { .bytes = { 0 } };
    char byte = 0;
    struct iovec iov = { &byte, 1 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = CMSG_SPACE(2 * sizeof(int)) };
    const int two[] = { 0, 0 };
    CHECK_OK(line_make(&from, &to, &e), &e);
    room.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof two), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(&room.head), two, sizeof two);
    int before = dup(0);
    close(before);
    CHECK(sendmsg(from, &m, 0) == 1);
    int end = line_take(to);
    int after = dup(0);
    CHECK(after == (end >= 0 && end == before ? end + 1 : before));
    close(after);
    fd_close(&end);
    close(from);
    close(to);
}
