/* http_loop.c — the threads that read and write sockets. The library is run by us, a turn at a time (MHD_run), so that what one
 * turn has read goes to the workers at once, and what they have finished comes back at once: a switch of threads costs more
 * than most requests.
 *
 *   wait; take back what is done and resume it; run the library; hand on what it has read
 *
 * Invariants: a loop's `ready` is its thread's alone. `done` is a list that workers push to and the loop takes whole; who
 * pushes to an empty one rings the bell, so that a bell rung is a list to take. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "api/http_int.h"
#include "base/mem.h"

#define MEMORY_PER_CONNECTION (32u * 1024)

struct loop {
    struct http *http;
    struct MHD_Daemon *daemon;
    int epoll, bell;
    pthread_t thread;
    bool runs;
    struct http_req *ready, **ready_last;
    struct http_req *_Atomic done;
    bool again;                               /* a connection ended: where no more could be, the library listens again in its next turn */
    bool quiesced;
    atomic_bool quiesce, stop;
};

struct http *loop_http(const struct loop *l) { return l->http; }

void loop_freed(struct loop *l) { l->again = true; }

void loop_ready(struct loop *l, struct http_req *req) {
    req->next = NULL;
    *l->ready_last = req;
    l->ready_last = &req->next;
}

static void bell_ring(struct loop *l) {
    uint64_t one = 1;
    while (write(l->bell, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

/* A library that is run by others does not wake them. */
void loop_resume(struct loop *l, struct MHD_Connection *conn) {
    MHD_resume_connection(conn);
    bell_ring(l);
}

void loop_done(struct http_req *req) {
    struct loop *l = req->loop;
    struct http_req *first = atomic_load(&l->done);
    do
        req->next = first;
    while (!atomic_compare_exchange_weak(&l->done, &first, req));
    if (first == NULL)
        bell_ring(l);
}

/* The newest is the first of the list; replies go out in the order in which they were made. */
static void resume_done(struct loop *l) {
    struct http_req *list = atomic_exchange(&l->done, NULL), *in_order = NULL;
    while (list != NULL) {
        struct http_req *next = list->next;
        list->next = in_order;
        in_order = list;
        list = next;
    }
    while (in_order != NULL) {
        struct http_req *next = in_order->next;
        MHD_resume_connection(in_order->conn);
        in_order = next;
    }
}

/* Until a socket or the bell has something, or the library wants to look at its timeouts. */
static void loop_wait(struct loop *l) {
    struct epoll_event events[2];
    MHD_UNSIGNED_LONG_LONG ms = 0;
    uint64_t rung;
    int wait = MHD_get_timeout(l->daemon, &ms) != MHD_YES ? -1 : ms > 60000 ? 60000 : (int)ms;
    if (l->again)
        wait = 0;
    l->again = false;
    int n = epoll_wait(l->epoll, events, 2, wait);
    for (int i = 0; i < n; i++)
        if (events[i].data.fd == l->bell)
            (void)!read(l->bell, &rung, sizeof rung);
}

/* Gives the listening socket back to the caller. */
static void loop_quiesce(struct loop *l) {
    if (!l->quiesced)
        MHD_quiesce_daemon(l->daemon);
    l->quiesced = true;
}

static void *loop_main(void *arg) {
    struct loop *l = arg;
    while (!atomic_load(&l->stop)) {
        loop_wait(l);
        if (atomic_exchange(&l->quiesce, false))
            loop_quiesce(l);
        resume_done(l);
        (void)MHD_run(l->daemon);
        if (l->ready != NULL) {
            queue_add(l->http, l->ready, l->ready_last);
            l->ready = NULL;
            l->ready_last = &l->ready;
        }
    }
    return NULL;
}

static struct MHD_Daemon *daemon_start(struct loop *l) {
    const struct http_options *o = &l->http->o;
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL, NULL, on_access, l,
                            MHD_OPTION_LISTEN_SOCKET, o->listen_fd,
                            MHD_OPTION_URI_LOG_CALLBACK, on_uri, l,
                            MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, l,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, l,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
                            MHD_OPTION_CONNECTION_LIMIT, o->connections / o->loops,
                            MHD_OPTION_CONNECTION_TIMEOUT, o->timeout_seconds,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_PER_CONNECTION,
                            MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

static int watch(const struct loop *l, int fd) {
    struct epoll_event on = { .events = EPOLLIN, .data.fd = fd };
    return epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &on) == 0 ? 0 : errno;
}

static int loop_start(struct loop *l, struct http *h) {
    *l = (struct loop){ .http = h, .ready_last = &l->ready };
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->epoll < 0 || l->bell < 0)
        return errno;
    l->daemon = daemon_start(l);
    if (l->daemon == NULL)
        return errno != 0 ? errno : ENOMEM;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL)
        return ENOTSUP;
    int num = watch(l, info->epoll_fd);
    if (num == 0)
        num = watch(l, l->bell);
    if (num == 0)
        num = pthread_create(&l->thread, NULL, loop_main, l);
    l->runs = num == 0;
    return num;
}

static void loop_end(struct loop *l) {
    atomic_store(&l->stop, true);
    if (l->runs) {
        bell_ring(l);
        pthread_join(l->thread, NULL);
    }
    if (l->daemon != NULL) {
        resume_done(l);
        loop_quiesce(l);                      /* else it would close the socket */
        MHD_stop_daemon(l->daemon);
    }
    if (l->bell >= 0)
        close(l->bell);
    if (l->epoll >= 0)
        close(l->epoll);
}

int loops_start(struct http *h) {
    int num = 0;
    h->loops = mem_new_array(h->o.loops, sizeof *h->loops);
    if (h->loops == NULL)
        return ENOMEM;
    while (num == 0 && h->loop_count < h->o.loops)
        num = loop_start(&h->loops[h->loop_count++], h);
    return num;
}

void loops_quiesce(struct http *h) {
    for (unsigned i = 0; i < h->loop_count; i++) {
        atomic_store(&h->loops[i].quiesce, true);
        bell_ring(&h->loops[i]);
    }
}

void loops_end(struct http *h) {
    for (unsigned i = 0; i < h->loop_count; i++)
        loop_end(&h->loops[i]);
    h->loop_count = 0;
    h->loops = mem_free(h->loops);
}
