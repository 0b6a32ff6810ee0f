/* control_socket.c — both ends of the control socket. Its peers are the operator and root, checked by the kernel's
 * word (SO_PEERCRED) on both sides; still, a line is bounded and a bad one closes that peer alone. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api_int.h"
#include "api/control.h"
#include "base/jsontext.h"
#include "base/log.h"
#include "base/mem.h"
#include "sys/sockets.h"

#define LINE_MAX_BYTES (1u << 20)
#define CALLS_MAX 16u

/* ---- bytes */

static bool send_all(void *arg, const void *bytes, size_t len) {
    const char *p = bytes;
    while (len > 0) {
        ssize_t n = send(*(int *)arg, p, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

/* The first line, and what came with it. */
struct incoming { int fd; struct buf line; size_t at; };

static ssize_t incoming_read(void *arg, void *ret, size_t room) {
    struct incoming *in = arg;
    size_t left = in->line.len - in->at;
    if (left > 0) {
        size_t n = left < room ? left : room;
        memcpy(ret, in->line.data + in->at, n);
        in->at += n;
        return (ssize_t)n;
    }
    ssize_t n;
    do
        n = recv(in->fd, ret, room, 0);
    while (n < 0 && errno == EINTR);
    return n;
}

/* Up to the first line break; in->at stands behind it. False: too long, or the peer left. */
static bool incoming_line(struct incoming *in, size_t *ret_len) {
    char piece[4096];
    const char *end = NULL;
    while (end == NULL) {
        ssize_t n = recv(in->fd, piece, sizeof piece, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        buf_add(&in->line, piece, (size_t)n);
        explicit_bzero(piece, sizeof piece);
        if (in->line.failed)
            return false;
        end = memchr(in->line.data, '\n', in->line.len);
    }
    *ret_len = (size_t)(end - in->line.data);
    in->at = *ret_len + 1;
    return true;
}

/* ---- the server's side */

struct control {
    struct api *api;
    int listen_fd, stop_fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t idle;
    unsigned calls;
    int fds[CALLS_MAX];                       /* of calls that run; -1: free. So that a stop can end a silent peer */
};
struct control_conn { struct control *control; int fd; size_t slot; };

static bool peer_is_ours(int fd) {
    struct peer p;
    struct err e;
    return socket_peer(fd, &p, &e) == OK && (p.uid == geteuid() || p.uid == 0);
}

/* What the peer still sends after an answer that came early is read away: a close over it would reset the connection, and
 * take the answer with it. It ends the sending when it has read the answer. */
static void conn_drain(int fd) {
    char piece[16384];
    ssize_t n = 1;
    shutdown(fd, SHUT_WR);
    while (n > 0 || (n < 0 && errno == EINTR))
        n = recv(fd, piece, sizeof piece, 0);
    explicit_bzero(piece, sizeof piece);
}

static void conn_serve(struct control *c, int fd) {
    struct incoming in = { .fd = fd, .line = BUF(LINE_MAX_BYTES) };
    size_t len;
    struct err e;
    json_t *json = NULL;
    struct sink out = { send_all, &fd };
    if (incoming_line(&in, &len)) {
        size_t lost = mem_lost();
        if (json_read(in.line.data, len, &json, &e) != OK && mem_lost() == lost)
            json = json_object();
        control_call(c->api, json, &(struct source){ incoming_read, &in }, &out);
        json_decref(json);
        conn_drain(fd);
    }
    buf_wipe(&in.line);
}

static void *conn_thread(void *arg) {
    struct control_conn *conn = arg;
    struct control *c = conn->control;
    conn_serve(c, conn->fd);
    pthread_mutex_lock(&c->lock);
    c->fds[conn->slot] = -1;
    c->calls--;
    pthread_cond_broadcast(&c->idle);
    close(conn->fd);
    pthread_mutex_unlock(&c->lock);
    mem_free(conn);
    return NULL;
}

/* A thread for the connection, or its end: too many, no memory. */
static void conn_start(struct control *c, int fd) {
    struct control_conn *conn = mem_new(sizeof *conn);
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_mutex_lock(&c->lock);
    size_t slot = 0;
    while (slot < CALLS_MAX && c->fds[slot] >= 0)
        slot++;
    bool fine = conn != NULL && slot < CALLS_MAX;
    if (fine) {
        *conn = (struct control_conn){ c, fd, slot };
        fine = pthread_create(&thread, &attr, conn_thread, conn) == 0;
    }
    if (fine) {
        c->fds[slot] = fd;
        c->calls++;
    }
    pthread_mutex_unlock(&c->lock);
    pthread_attr_destroy(&attr);
    if (!fine) {
        mem_free(conn);
        close(fd);
    }
}

static void *control_thread(void *arg) {
    struct control *c = arg;
    for (;;) {
        struct pollfd p[] = { { c->listen_fd, POLLIN, 0 }, { c->stop_fd, POLLIN, 0 } };
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (p[1].revents != 0)
            return NULL;
        if ((p[0].revents & POLLIN) == 0)
            continue;
        int fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno != EINTR && errno != ECONNABORTED)
                (void)poll(NULL, 0, 100);     /* no descriptor is left: whoever waits is still there when one comes free */
            continue;
        }
        if (peer_is_ours(fd)) {
            conn_start(c, fd);
        } else {
            log_event(LOG_WARN, "control_peer_refused");
            close(fd);
        }
    }
}

static struct control *control_free(struct control *c) {
    if (c->stop_fd >= 0)
        close(c->stop_fd);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->idle);
    return mem_free(c);
}

enum code control_start(struct api *a, int listen_fd, struct control **ret, struct err *reterr) {
    struct control *c = mem_new(sizeof *c);
    if (c == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the control socket");
    *c = (struct control){ .api = a, .listen_fd = listen_fd, .stop_fd = eventfd(0, EFD_CLOEXEC) };
    for (size_t i = 0; i < CALLS_MAX; i++)
        c->fds[i] = -1;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->idle, NULL);
    enum code code = c->stop_fd < 0 ? err_errno(reterr, errno, "no eventfd for the control socket") : OK;
    int num = code == OK ? pthread_create(&c->thread, NULL, control_thread, c) : 0;
    if (num != 0)
        code = err_errno(reterr, num, "no thread for the control socket");
    if (code == OK)
        *ret = c;
    else
        control_free(c);
    return code;
}

struct control *control_stop(struct control *c) {
    uint64_t one = 1;
    if (c == NULL)
        return NULL;
    if (write(c->stop_fd, &one, sizeof one) != sizeof one)
        log_event(LOG_WARN, "control_stop_failed");
    pthread_join(c->thread, NULL);
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < CALLS_MAX; i++)
        if (c->fds[i] >= 0)
            shutdown(c->fds[i], SHUT_RD);     /* answers still go out */
    while (c->calls > 0)
        pthread_cond_wait(&c->idle, &c->lock);
    pthread_mutex_unlock(&c->lock);
    return control_free(c);
}

/* ---- the client's side */

struct body_sender { const struct source *body; int fd; };

/* In a thread of its own, since the answer comes while the body goes. */
static void *body_thread(void *arg) {
    struct body_sender *s = arg;
    char piece[65536];
    ssize_t n;
    while ((n = s->body->read(s->body->arg, piece, sizeof piece)) > 0 && send_all(&s->fd, piece, (size_t)n))
        ;
    shutdown(s->fd, SHUT_WR);
    return NULL;
}

static enum code answer_pass(int fd, const struct sink *out, struct err *reterr) {
    char piece[65536], last = 0;
    for (;;) {
        ssize_t n = recv(fd, piece, sizeof piece, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(reterr, errno, "the answer of the server was cut off");
        if (n == 0)
            return last == '\n' ? OK : err_set(reterr, E_PEER, "the server ended without an answer");
        last = piece[n - 1];
        if (!out->write(out->arg, piece, (size_t)n))
            return err_set(reterr, E_IO, "the answer could not be written");
        explicit_bzero(piece, (size_t)n);     /* it may hold a new token */
    }
}

/* The server may run as a user of its own: it is the one that owns the directory of the socket, where nobody else can bind. */
static bool peer_is_server(int fd, const char *path) {
    struct peer p;
    struct stat st;
    struct err e;
    const char *slash = strrchr(path, '/');
    char *dir = mem_text_n(path, slash == NULL ? 0 : (size_t)(slash - path));
    bool fine = slash != NULL && dir != NULL && lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
                socket_peer(fd, &p, &e) == OK && p.uid == st.st_uid;
    mem_free(dir);
    return fine;
}

enum code control_ask(const char *path, const json_t *in, const struct source *body, const struct sink *out, struct err *reterr) {
    int fd = -1;
    pthread_t thread;
    AUTO(buf_wipe) struct buf line = BUF(LINE_MAX_BYTES);
    size_t lost = mem_lost();
    enum code code = in == NULL ? err_set(reterr, E_MEMORY, "no memory for a request to the server") : connect_unix(path, &fd, reterr);
    if (code != OK)
        return code;
    json_text_add(&line, in);
    buf_char(&line, '\n');
    if (!peer_is_ours(fd) && !peer_is_server(fd, path))
        code = err_set(reterr, E_PEER, "the control socket belongs to another user");
    else if (line.failed)
        code = mem_lost() != lost ? err_set(reterr, E_MEMORY, "no memory for a request to the server") : err_set(reterr, E_INVALID, "the request is larger than 1 MiB");
    else if (!send_all(&fd, buf_str(&line), line.len))
        code = err_set(reterr, E_PEER, "the server does not take the request");
    struct body_sender sender = { body, fd };
    int num = -1;
    if (code == OK && body != NULL && (num = pthread_create(&thread, NULL, body_thread, &sender)) != 0)
        code = err_errno(reterr, num, "no thread to send the file");
    if (code == OK && body == NULL)
        shutdown(fd, SHUT_WR);
    if (code == OK)
        code = answer_pass(fd, out, reterr);
    if (num == 0) {
        shutdown(fd, SHUT_RDWR);              /* an answer that came early ends the sending, too */
        pthread_join(thread, NULL);
    }
    close(fd);
    return code;
}
