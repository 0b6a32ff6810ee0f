/* client.c — as much of HTTP/1.1 as the two servers speak: a status line, Content-Length or chunks, keep-alive. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "load.h"

static int connect_unix(const char *path) {
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof a.sun_path)
        return -1;
    memcpy(a.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static int connect_tcp(const char *host, const char *port) {
    struct addrinfo *list = NULL, want = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
    int fd = -1, on = 1;
    if (getaddrinfo(host, port, &want, &list) != 0)
        return -1;
    fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, list->ai_addr, list->ai_addrlen) != 0) {
        (void)close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    if (fd >= 0)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* Blocking until the connection stands, then not any more. */
bool line_open(const struct plan *p, SSL_CTX *tls, struct line *l) {
    l->fd = p->unix_path != NULL ? connect_unix(p->unix_path) : connect_tcp(p->host, p->port);
    if (l->fd < 0)
        return false;
    l->closes = false;
    if (tls != NULL) {
        l->tls = SSL_new(tls);
        if (l->tls == NULL || SSL_set_fd(l->tls, l->fd) != 1 || SSL_set_tlsext_host_name(l->tls, p->host) != 1 || SSL_set1_host(l->tls, p->host) != 1 ||
            SSL_connect(l->tls) != 1) {
            line_close(l);
            return false;
        }
    }
    int flags = fcntl(l->fd, F_GETFL);
    return flags >= 0 && fcntl(l->fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

void line_close(struct line *l) {
    SSL_free(l->tls);
    l->tls = NULL;
    if (l->fd >= 0)
        (void)close(l->fd);
    l->fd = -1;
}

/* > 0: bytes; 0: would block; -1: over. */
static ssize_t tls_result(struct line *l, int n) {
    if (n > 0)
        return n;
    int why = SSL_get_error(l->tls, n);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static ssize_t plain_result(ssize_t n) { return n > 0 ? n : n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : -1; }

static ssize_t put(struct line *l) {
    const char *at = l->out.data + l->sent;
    size_t len = l->out.len - l->sent;
    return l->tls != NULL ? tls_result(l, SSL_write(l->tls, at, (int)len)) : plain_result(send(l->fd, at, len, MSG_NOSIGNAL));
}

static ssize_t take(struct line *l, char *room, size_t len) {
    return l->tls != NULL ? tls_result(l, SSL_read(l->tls, room, (int)len)) : plain_result(recv(l->fd, room, len, 0));
}

static const char *field(const char *head, size_t len, const char *name, size_t *ret_len) {
    size_t n = strlen(name);
    for (const char *at = head, *end; (end = memmem(at, (size_t)(head + len - at), "\r\n", 2)) != NULL && end > at; at = end + 2)
        if ((size_t)(end - at) > n + 1 && strncasecmp(at, name, n) == 0 && at[n] == ':') {
            const char *value = at + n + 1 + (at[n + 1] == ' ');
            *ret_len = (size_t)(end - value);
            return value;
        }
    return NULL;
}

/* Is the reply whole? The body must have a Content-Length: both servers give one for all that is asked here. */
static enum step parse(struct line *l, int *ret_status, const char **ret_body, size_t *ret_len) {
    int64_t status, length;
    size_t n = 0;
    const char *end = memmem(buf_str(&l->in), l->in.len, "\r\n\r\n", 4);
    if (end == NULL)
        return l->in.len > 65536 ? STEP_GONE : STEP_WAIT;
    size_t head = (size_t)(end + 4 - l->in.data);
    const char *value = field(l->in.data, head, "Content-Length", &n);
    if (l->in.len < 13 || !text_int_n(l->in.data + 9, 3, 100, 599, &status) || value == NULL || !text_int_n(value, n, 0, (int64_t)REPLY_MAX, &length))
        return STEP_GONE;
    if (l->in.len < head + (size_t)length)
        return STEP_WAIT;
    value = field(l->in.data, head, "Connection", &n);
    l->closes = value != NULL && n == 5 && strncasecmp(value, "close", 5) == 0;
    *ret_status = (int)status;
    *ret_body = l->in.data + head;
    *ret_len = (size_t)length;
    return STEP_DONE;
}

enum step line_go_on(struct line *l, int *ret_status, const char **ret_body, size_t *ret_len) {
    while (l->sent < l->out.len) {
        ssize_t n = put(l);
        l->wants_write = n == 0;
        if (n <= 0)
            return n < 0 ? STEP_GONE : STEP_WAIT;
        l->sent += (size_t)n;
    }
    for (;;) {
        char piece[16384];
        ssize_t n = take(l, piece, sizeof piece);
        if (n < 0)
            return STEP_GONE;
        if (n == 0)
            return STEP_WAIT;
        buf_add(&l->in, piece, (size_t)n);
        if (l->in.failed)
            return STEP_GONE;
        enum step step = parse(l, ret_status, ret_body, ret_len);
        if (step != STEP_WAIT)
            return step;
    }
}
