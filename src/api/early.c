/* early.c — one thread, no request is read further than its head, none is kept longer than DRAIN_MS. A connection is answered once and then
 * read empty, so that the answer is not lost over a body that still comes.
 * Invariant: conn[0] to conn[count - 1] have a descriptor. */
#include "api/early.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/plain.h"
#include "base/mem.h"
#include "base/time.h"
#include "sys/files.h"
#include "sys/sockets.h"

#define CONNS 64u
#define HEAD_MAX 8192u                        /* what of a head is looked at for what the caller reads best */
#define DRAIN_MS 5000
#define RETRY_AFTER 10
#define FIXED 3u                              /* stop, http, control */

struct conn { int fd; bool control, answered; usec_t until; size_t len; char head[HEAD_MAX]; };
struct early {
    int http_fd, control_fd, stop_fd, grace_ms;
    pthread_t thread;
    _Atomic(const char *) service;
    _Atomic int64_t records;
    size_t count;
    struct conn conn[CONNS];
};

static const char problem[] =
    "{\"type\":\"about:blank\",\"title\":\"The service is starting\",\"status\":503,\"detail\":\"stored records are being made ready; try again when Retry-After has passed\"}\n";

void early_tell(struct early *e, const char *service, int64_t records) {
    if (e == NULL)
        return;
    atomic_store(&e->service, service);
    atomic_store(&e->records, records);
}

/* The socket's buffer is empty and larger than any answer. */
static void put(const struct conn *c, const char *text, size_t len) { (void)!send(c->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT); }

/* The value of a header of the request, up to its line's end; "" when there is none. */
static const char *header_of(const struct conn *c, const char *name, char *ret, size_t room) {
    const char *at = strcasestr(c->head, name);
    size_t len = at == NULL ? 0 : strcspn(at + strlen(name), "\r\n");
    snprintf(ret, room, "%.*s", (int)(len < room ? len : room - 1), at == NULL ? "" : at + strlen(name));
    return ret;
}

static void answer_http(const struct conn *c) {
    char accept[512], wants[256];
    const struct plain *p = plain_of(503);
    enum lang lang = lang_accept(header_of(c, "\naccept-language:", wants, sizeof wants), (1u << LANG_COUNT) - 1, LANG_EN);
    AUTO(buf_done) struct buf body = BUF(8192), text = BUF(16384);
    bool people = strcasestr(header_of(c, "\naccept:", accept, sizeof accept), "text/html") != NULL;
    if (people)
        plain_put(&body, lang_code(lang), p->title.in[lang], p->text.in[lang]);
    else
        buf_text(&body, problem);
    buf_printf(&text, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: %s\r\nContent-Length: %zu\r\nRetry-After: %d\r\nCache-Control: no-store\r\n"
               "Connection: close\r\n\r\n", people ? "text/html; charset=utf-8" : "application/problem+json", body.len, RETRY_AFTER);
    if (strncmp(c->head, "HEAD ", 5) != 0)
        buf_add(&text, body.data, body.len);
    if (!text.failed && !body.failed)
        put(c, buf_str(&text), text.len);
}

static void answer_control(const struct early *e, const struct conn *c) {
    char text[1024], far[256] = "";
    const char *service = atomic_load(&e->service);
    if (service != NULL)
        snprintf(far, sizeof far, ": it brings the records of %s in line with its charter, %lld so far", service, (long long)atomic_load(&e->records));
    int n = snprintf(text, sizeof text, "{\"ok\":false,\"code\":%d,\"name\":\"%s\",\"text\":\"the server is starting%s; ask again in a while, the log says how far it is\",\"cause\":\"\",\"detail\":{}}\n",
                     E_BUSY, code_name(E_BUSY), far);
    if (n > 0 && (size_t)n < sizeof text)
        put(c, text, (size_t)n);
}

static void answer(const struct early *e, struct conn *c) {
    if (c->control)
        answer_control(e, c);
    else
        answer_http(c);
    c->answered = true;
    (void)shutdown(c->fd, SHUT_WR);
}

static void take(struct early *e, int from, bool control) {
    struct peer p;
    struct err ignored;
    int fd = accept4(from, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (control && (socket_peer(fd, &p, &ignored) != OK || (p.uid != geteuid() && p.uid != 0))) {
        close(fd);
        return;
    }
    struct conn *c = &e->conn[e->count++];
    c->fd = fd;
    c->control = control;
    c->answered = false;
    c->len = 0;
    c->head[0] = 0;
    c->until = clock_steady() + DRAIN_MS * (USEC_PER_SEC / 1000);
}

/* False: it is over. */
static bool serve(const struct early *e, struct conn *c) {
    char piece[16384];
    ssize_t n = recv(c->fd, piece, sizeof piece, MSG_DONTWAIT);
    if (n <= 0)
        return false;
    size_t room = HEAD_MAX - 1 - c->len, more = (size_t)n < room ? (size_t)n : room;
    if (!c->answered) {
        memcpy(c->head + c->len, piece, more);
        c->len += more;
        c->head[c->len] = 0;
        if (c->len == HEAD_MAX - 1 || strstr(c->head, c->control ? "\n" : "\r\n\r\n") != NULL)
            answer(e, c);
    }
    explicit_bzero(piece, (size_t)n);
    return true;
}

static void drop(struct early *e, size_t at) {
    close(e->conn[at].fd);
    explicit_bzero(e->conn[at].head, e->conn[at].len);
    e->conn[at] = e->conn[--e->count];
}

static void *early_thread(void *arg) {
    struct early *e = arg;
    struct pollfd p[FIXED + CONNS] = { { .fd = e->stop_fd, .events = POLLIN } };
    if (poll(p, 1, e->grace_ms) != 0)
        return NULL;
    for (;;) {
        bool room = e->count + 2 <= CONNS;
        p[1] = (struct pollfd){ .fd = room ? e->http_fd : -1, .events = POLLIN };
        p[2] = (struct pollfd){ .fd = room ? e->control_fd : -1, .events = POLLIN };
        for (size_t i = 0; i < e->count; i++)
            p[FIXED + i] = (struct pollfd){ .fd = e->conn[i].fd, .events = POLLIN };
        (void)poll(p, FIXED + e->count, e->count > 0 ? 500 : -1);
        if ((p[0].revents & POLLIN) != 0)
            return NULL;
        for (size_t i = e->count; i-- > 0;)   /* from the end: the last one takes the place of one that goes */
            if ((p[FIXED + i].revents != 0 && !serve(e, &e->conn[i])) || clock_steady() > e->conn[i].until)
                drop(e, i);
        if ((p[1].revents & POLLIN) != 0)
            take(e, e->http_fd, false);
        if ((p[2].revents & POLLIN) != 0)
            take(e, e->control_fd, true);
    }
}

enum code early_start(int http_fd, int control_fd, int grace_ms, struct early **ret, struct err *reterr) {
    PRE(ret != NULL && reterr != NULL);
    struct early *e = mem_new(sizeof *e);
    if (e == NULL)
        return err_set(reterr, E_MEMORY, "no memory for answers during the start");
    e->http_fd = http_fd;
    e->control_fd = control_fd;
    e->grace_ms = grace_ms;
    e->stop_fd = eventfd(0, EFD_CLOEXEC);
    enum code code = e->stop_fd < 0 ? err_set(reterr, E_SYSTEM, "no eventfd for answers during the start") : OK;
    int num = code == OK ? pthread_create(&e->thread, NULL, early_thread, e) : 0;
    if (num != 0)
        code = err_errno(reterr, num, "no thread for answers during the start");
    if (code == OK) {
        *ret = e;
        return OK;
    }
    fd_close(&e->stop_fd);
    mem_free(e);
    return code;
}

struct early *early_stop(struct early *e) {
    uint64_t one = 1;
    if (e == NULL)
        return NULL;
    (void)!write(e->stop_fd, &one, sizeof one);
    pthread_join(e->thread, NULL);
    while (e->count > 0) {
        if (!e->conn[e->count - 1].answered)
            answer(e, &e->conn[e->count - 1]);
        drop(e, e->count - 1);
    }
    fd_close(&e->stop_fd);
    return mem_free(e);
}
