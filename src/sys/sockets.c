/* sockets.c — invariant: no descriptor leaves here without close-on-exec. */
#include "sys/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "sys/files.h"

#define BACKLOG 1024
#define LOOK_AGAIN 50000000                  /* nanoseconds between two looks at whether a listener went away */

union address { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; };

static enum code address_of(const char *text, uint16_t port, union address *ret, socklen_t *ret_len, struct err *reterr) {
    memset(ret, 0, sizeof *ret);
    if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1) {
        ret->v4.sin_family = AF_INET;
        ret->v4.sin_port = htons(port);
        *ret_len = sizeof ret->v4;
    } else if (inet_pton(AF_INET6, text, &ret->v6.sin6_addr) == 1) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons(port);
        *ret_len = sizeof ret->v6;
    } else {
        return err_set(reterr, E_INVALID, "\"%s\" is not a numeric address", text);
    }
    return OK;
}

enum code listen_tcp(const char *address, uint16_t port, int *ret_fd, struct err *reterr) {
    union address a;
    socklen_t len = 0;
    const int on = 1;
    enum code code = address_of(address, port, &a, &len, reterr);
    if (code != OK)
        return code;
    AUTO(fd_close) int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot make a socket for %s", address);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return err_errno(reterr, errno, "cannot set up the socket for %s", address);
    if (a.any.sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
        return err_errno(reterr, errno, "cannot set up the socket for %s", address);
    if (bind(fd, &a.any, len) != 0 || listen(fd, BACKLOG) != 0) {
        if (errno == EADDRINUSE)
            return err_set(reterr, E_CONFLICT, "port %u on %s is taken by another program; choose another port or stop that one",
                           (unsigned)port, address);
        if (errno == EACCES)
            return err_set(reterr, E_FORBIDDEN, "port %u needs root (or CAP_NET_BIND_SERVICE); choose a port above 1023", (unsigned)port);
        return err_errno(reterr, errno, "cannot listen on %s port %u", address, (unsigned)port);
    }
    *ret_fd = fd_take(&fd);
    return OK;
}

static enum code unix_address(const char *path, struct sockaddr_un *ret, struct err *reterr) {
    *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof ret->sun_path)
        return err_set(reterr, E_INVALID, "the socket path %s is longer than the %zu characters that the system takes; choose a shorter data directory",
                       path, sizeof ret->sun_path - 1);
    memcpy(ret->sun_path, path, strlen(path) + 1);
    return OK;
}

enum code connect_unix(const char *path, int *ret_fd, struct err *reterr) {
    struct sockaddr_un a;
    enum code code = unix_address(path, &a, reterr);
    if (code != OK)
        return code;
    AUTO(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot make a socket");
    if (connect(fd, (const struct sockaddr *)&a, sizeof a) != 0) {
        int num = errno;
        (void)err_set(reterr, E_PEER, "nobody answers at %s", path);
        return err_hide(reterr, "errno %d", num);
    }
    *ret_fd = fd_take(&fd);
    return OK;
}

static bool time_left(usec_t until) {
    if (clock_steady() >= until)
        return false;
    nanosleep(&(struct timespec){ 0, LOOK_AGAIN }, NULL);
    return true;
}

/* Never waits: a listener whose queue is full listens still. */
static bool unix_listened(const struct sockaddr_un *a) {
    AUTO(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 && (connect(fd, (const struct sockaddr *)a, sizeof *a) == 0 || errno == EAGAIN);
}

enum code listen_unix(const char *path, mode_t mode, int *ret_fd, struct err *reterr) {
    return listen_unix_after(path, mode, 0, ret_fd, reterr);
}

enum code listen_unix_after(const char *path, mode_t mode, int wait_ms, int *ret_fd, struct err *reterr) {
    struct sockaddr_un a;
    usec_t until = clock_steady() + (usec_t)wait_ms * 1000;
    enum code code = unix_address(path, &a, reterr);
    if (code != OK)
        return code;
    while (unix_listened(&a))
        if (!time_left(until))
            return err_set(reterr, E_CONFLICT, "another program listens at %s", path);
    if (unlink(path) != 0 && errno != ENOENT)
        return err_errno(reterr, errno, "cannot replace the socket %s", path);
    AUTO(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot make a socket");
    mode_t before = umask(0177);             /* nobody gets in before chmod has said who may */
    int bound = bind(fd, (const struct sockaddr *)&a, sizeof a);
    int num = errno;
    umask(before);
    if (bound != 0)
        return err_errno(reterr, num, "cannot make the socket %s", path);
    if (chmod(path, mode) != 0 || listen(fd, BACKLOG) != 0)
        return err_errno(reterr, errno, "cannot listen at %s", path);
    *ret_fd = fd_take(&fd);
    return OK;
}

enum code connect_tcp(const char *address, uint16_t port, int wait_ms, int *ret_fd, struct err *reterr) {
    union address a;
    socklen_t len = 0, size = sizeof(int);
    int failed = 0;
    enum code code = address_of(address, port, &a, &len, reterr);
    if (code != OK)
        return code;
    AUTO(fd_close) int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot make a socket");
    if (connect(fd, &a.any, len) != 0) {
        struct pollfd p = { .fd = fd, .events = POLLOUT };
        if (errno != EINPROGRESS || poll(&p, 1, wait_ms) != 1 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0 || failed != 0)
            return err_set(reterr, E_PEER, "nobody answers at %s port %u", address, (unsigned)port);
    }
    *ret_fd = fd_take(&fd);
    return OK;
}

enum code listen_tcp_after(const char *address, uint16_t port, int wait_ms, int *ret_fd, struct err *reterr) {
    usec_t until = clock_steady() + (usec_t)wait_ms * 1000;
    enum code code;
    while ((code = listen_tcp(address, port, ret_fd, reterr)) == E_CONFLICT && time_left(until))
        ;
    return code;
}

uint16_t port_free(const char *address, uint16_t from, uint16_t until) {
    for (uint32_t port = from; port <= until; port++) {
        AUTO(fd_close) int fd = -1;
        struct err e;
        if (listen_tcp(address, (uint16_t)port, &fd, &e) == OK)
            return (uint16_t)port;
    }
    return 0;
}

enum code line_make(int *ret_from, int *ret_to, struct err *reterr) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return err_errno(reterr, errno, "cannot make a line between two processes");
    *ret_from = ends[0];
    *ret_to = ends[1];
    return OK;
}


#define ONE_FD CMSG_SPACE(sizeof(int))
#define GIVEN_MOST 201u
union one_fd { struct cmsghdr head; char bytes[ONE_FD]; };

bool socket_give(int fd, const char *text, int given) {
    union one_fd room = { .bytes = { 0 } };
    struct iovec iov = { (void *)(uintptr_t)text, strlen(text) + 1 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (given >= 0) {
        m.msg_control = room.bytes;
        m.msg_controllen = sizeof room.bytes;
        room.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
        memcpy(CMSG_DATA(&room.head), &given, sizeof given);
    }
    PRE(iov.iov_len <= GIVEN_MOST);
    ssize_t n;
    do
        n = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)iov.iov_len;
}

int socket_given(int fd, char *ret_text, size_t room, int *ret_given) {
    char bytes[GIVEN_MOST];
    union one_fd space;
    struct iovec iov = { bytes, sizeof bytes };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = CMSG_LEN(sizeof(int)) };
    PRE(room > 0 && ret_text != NULL && ret_given != NULL);
    ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
    *ret_given = -1;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);   /* room for exactly one: the kernel closes what more was sent */
    if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(ret_given, CMSG_DATA(c), sizeof(int));
    bytes[n - 1] = 0;
    snprintf(ret_text, room, "%s", bytes);
    return 1;
}

enum code line_send(int line, int *ret_fd, struct err *reterr) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return err_errno(reterr, errno, "cannot make a connection to another process");
    bool sent = socket_give(line, "", ends[1]);
    close(ends[1]);
    if (!sent) {
        close(ends[0]);
        return err_set(reterr, E_PEER, "the process at the other end takes no new connection");
    }
    *ret_fd = ends[0];
    return OK;
}

int line_take(int line) {
    char none[GIVEN_MOST];
    int fd = -1;
    return socket_given(line, none, sizeof none, &fd) == 1 ? fd : -1;
}

enum code socket_peer(int fd, struct peer *ret, struct err *reterr) {
    struct ucred cred;
    socklen_t len = sizeof cred;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 || len != sizeof cred)
        return err_errno(reterr, errno, "cannot learn who is at the other end");
    *ret = (struct peer){ cred.pid, cred.uid, cred.gid };
    return OK;
}
