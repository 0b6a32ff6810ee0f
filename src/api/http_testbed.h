/* http_testbed.h — for the tests of the HTTP layer: real bytes through a real Unix socket, with handlers that wait, stream and
 * take turns. The library underneath is part of what is tested. */
#pragma once
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/http_int.h"
#include "base/fiber.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/test.h"

/* ---- a latch that handlers wait at */
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_cond = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static unsigned gate_inside, gate_passes;      /* passes: so many go through though it is shut */
static atomic_int stream_saw;                 /* what http_body_read or http_reply_write ended with */

static UNUSED void gate_set(bool open) {
    pthread_mutex_lock(&gate_lock);
    gate_open = open;
    gate_passes = 0;
    pthread_cond_broadcast(&gate_cond);
    pthread_mutex_unlock(&gate_lock);
}

static UNUSED void gate_once(void) {
    pthread_mutex_lock(&gate_lock);
    gate_passes++;
    pthread_cond_broadcast(&gate_cond);
    pthread_mutex_unlock(&gate_lock);
}

static UNUSED void gate_await(unsigned inside) {
    pthread_mutex_lock(&gate_lock);
    while (gate_inside < inside)
        pthread_cond_wait(&gate_cond, &gate_lock);
    pthread_mutex_unlock(&gate_lock);
}

/* ---- handlers */
static void on_hello(struct http_req *req) {
    http_reply_header(req, "X-Injected", "a\r\nX-Evil: 1");
    http_reply_text(req, 200, "text/plain", http_param(req, "name"));
}

static void on_echo(struct http_req *req) {
    size_t n;
    const char *body = http_body(req, &n);
    http_reply(req, 200, "application/octet-stream", body, n);
}

static void on_json(struct http_req *req) {
    json_t *json = NULL;
    struct err e;
    if (http_json_read(req, "application/json, application/merge-patch+json", &json, &e) != OK) {
        http_reply_error(req, &e, NULL);
        return;
    }
    http_reply_json(req, 200, json);
    json_decref(json);
}

static void on_gate(struct http_req *req) {
    pthread_mutex_lock(&gate_lock);
    gate_inside++;
    pthread_cond_broadcast(&gate_cond);
    while (!gate_open && gate_passes == 0)
        pthread_cond_wait(&gate_cond, &gate_lock);
    gate_passes -= gate_passes > 0;
    gate_inside--;
    pthread_cond_broadcast(&gate_cond);
    pthread_mutex_unlock(&gate_lock);
    http_reply_text(req, 200, "text/plain", "through");
}

static void on_silent(struct http_req *req UNUSED) {}

static void on_count(struct http_req *req) {
    char piece[1000], text[32];
    uint64_t total = 0;
    ssize_t n;
    while ((n = http_body_read(req, piece, sizeof piece)) > 0)
        total += (uint64_t)n;
    stream_saw = (int)n;
    snprintf(text, sizeof text, "%llu", (unsigned long long)total);
    http_reply_text(req, 200, "text/plain", text);
}

static void on_big(struct http_req *req) {
    char piece[4096];
    bool fine = true;
    memset(piece, 'x', sizeof piece);
    http_reply_begin(req, 200, "text/plain", strcmp(http_param(req, "how"), "known") == 0 ? 1280 * 4096 : -1);
    for (int i = 0; i < 1280 && fine; i++)    /* 5 MiB */
        fine = http_reply_write(req, piece, sizeof piece);
    stream_saw = fine ? 1 : -1;
    if (strcmp(http_param(req, "how"), "cut") == 0)
        http_reply_abort(req);
}

/* Writes while it reads, more than a ring holds. */
static void on_double(struct http_req *req) {
    char piece[4096];
    ssize_t n;
    http_reply_begin(req, 200, "text/plain", -1);
    while ((n = http_body_read(req, piece, sizeof piece)) > 0)
        if (!http_reply_write(req, piece, (size_t)n) || !http_reply_write(req, piece, (size_t)n))
            break;
    stream_saw = (int)n;
}

/* Who asks stands in the path: /share/7. */
static _Atomic unsigned share_held;           /* those that were found fine */
static void on_share(struct http_req *req) {
    char byte;
    http_note_tenant(req, strcmp(http_param(req, "tenant"), "7") == 0 ? 7 : 8);
    if (!http_share_fine(req)) {
        http_reply_text(req, 503, "text/plain", "share}\n");
        return;
    }
    share_held++;
    while (http_body_read(req, &byte, 1) > 0)
        ;
    http_reply_text(req, 200, "text/plain", "mine}\n");
}

static void on_refusal(struct http_req *req) { http_reply_text(req, 401, "text/plain", "who}\n"); }

static struct http_events *_Atomic held;
static void on_events(struct http_req *req) {
    struct http_events *e = http_events_begin(req);
    if (e != NULL)
        held = e;
}

/* /turn/{how}: waits as a call of the keeper does, or is long at it. */
static _Atomic unsigned turns_together, turns_served, turns_long;
static void turn_serve(void *by UNUSED, struct parked *first) {
    unsigned n = 0;
    for (struct parked *p = first; p != NULL; p = p->next)
        n++;
    turns_together = n > turns_together ? n : turns_together;
    turns_served += n;
}
static void on_turn(struct http_req *req) {
    struct parked p;
    if (strcmp(http_param(req, "how"), "long") == 0) {
        struct err e;
        turns_long++;
        if (fiber_alone()) {
            on_gate(req);
            return;
        }
        (void)err_set(&e, E_BUSY, "later");
        http_reply_error(req, &e, NULL);
        return;
    }
    if (strcmp(http_param(req, "how"), "slow") == 0) {
        on_gate(req);
        return;
    }
    if (fiber_parks())
        fiber_park(&p, turn_serve, NULL);
    http_reply_text(req, 200, "text/plain", "turned");
}

static const struct route routes[] = {
    { "GET", "/hello/{name}", 0, on_hello }, { "POST", "/echo", 0, on_echo }, { "PATCH", "/echo", 0, on_echo },
    { "POST", "/json", 0, on_json }, { "GET", "/gate", 0, on_gate }, { "GET", "/silent", 0, on_silent },
    { "POST", "/count", ROUTE_STREAM, on_count }, { "GET", "/big/{how}", ROUTE_STREAM, on_big },
    { "POST", "/double", ROUTE_STREAM, on_double }, { "GET", "/events", ROUTE_STREAM, on_events },
    { "POST", "/share/{tenant}", ROUTE_STREAM, on_share }, { "POST", "/refusal", ROUTE_STREAM, on_refusal },
    { "GET", "/turn/{how}", ROUTE_TURNS, on_turn }, { "GET", "/private", ROUTE_DIRECT, on_silent }, { "GET", "/v1/x", 0, on_hello },
};
static const struct route_table table = { routes, ARRAY_LEN(routes) };

/* ---- a server and clients */
static char dir[] = "/tmp/sejf-http-XXXXXX";
static struct sockaddr_un where;
static int listener = -1;
static unsigned body_seconds, silent_seconds = 60, connections_most;     /* 0: as usual */
static const char *const origins[] = { "https://app.example" };

static UNUSED struct http *up(unsigned workers, size_t queue) {
    struct http *h = NULL;
    struct err e;
    if (where.sun_family == 0) {
        CHECK(mkdtemp(dir) != NULL);
        where.sun_family = AF_UNIX;
        snprintf(where.sun_path, sizeof where.sun_path, "%s/s", dir);
        struct rlimit r;
        getrlimit(RLIMIT_NOFILE, &r);
        r.rlim_cur = r.rlim_max < 8192 ? r.rlim_max : 8192;
        setrlimit(RLIMIT_NOFILE, &r);
        log_init("test", LOG_ERROR, -1);
    }
    unlink(where.sun_path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(bind(listener, (struct sockaddr *)&where, sizeof where) == 0 && listen(listener, 1024) == 0);
    gate_set(false);
    struct http_options o = { .listen_fd = listener, .tables = &table, .table_count = 1, .workers = workers, .queue = queue, .streams = 4,
                              .timeout_seconds = silent_seconds, .connections = connections_most, .body_seconds = body_seconds, .origins = origins, .origin_count = 1 };
    CHECK_OK(http_start(&o, &h, &e), &e);
    return h;
}

static UNUSED void down(struct http *h) {
    http_stop(h);
    close(listener);
    unlink(where.sun_path);
    rmdir(dir);
    memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
    where.sun_family = 0;
}

/* Looks at the server until the condition on `s` holds; a machine under load may take its time, a wrong count fails. */
#define AWAIT(condition) do { \
        usec_t await_end = clock_steady() + 60 * USEC_PER_SEC; \
        http_status(h, &s); \
        while (!(condition) && clock_steady() < await_end) { \
            usleep(1000); \
            http_status(h, &s); \
        } \
        CHECK(condition); \
    } while (0)

static UNUSED int dial(void) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(fd, (struct sockaddr *)&where, sizeof where) == 0);
    return fd;
}

static UNUSED void say_n(int fd, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        bytes += n;
        len -= (size_t)n;
    }
}
static UNUSED void say(int fd, const char *text) { say_n(fd, text, strlen(text)); }

/* Reads until `count` times `mark` stood there, or the end, or 10 silent seconds. */
static UNUSED void hear(int fd, const char *mark, size_t count, struct buf *ret) {
    char piece[65536];
    size_t seen = 0, from = 0;
    for (;;) {
        for (const char *at; count > 0 && (at = strstr(buf_str(ret) + from, mark)) != NULL; from = (size_t)(at - buf_str(ret)) + strlen(mark))
            if (++seen == count)
                return;
        struct pollfd p = { fd, POLLIN, 0 };
        if (poll(&p, 1, 10000) != 1)
            return;
        ssize_t n = recv(fd, piece, sizeof piece, 0);
        if (n <= 0)
            return;
        buf_add(ret, piece, (size_t)n);
    }
}

static UNUSED void ask(const char *request, const char *mark, struct buf *ret) {
    int fd = dial();
    buf_cut(ret, 0);
    say(fd, request);
    hear(fd, mark, 1, ret);
    close(fd);
}

static UNUSED bool has(const struct buf *b, const char *text) { return strstr(buf_str(b), text) != NULL; }
