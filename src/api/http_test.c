/* http_test.c — real bytes through a real Unix socket: the library underneath is part of what is tested. */
#include "api/http.c"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/test.h"

/* ---- a latch that handlers wait at */
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_cond = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static unsigned gate_inside;
static atomic_int stream_saw;                 /* what http_body_read or http_reply_write ended with */

static void gate_set(bool open) {
    pthread_mutex_lock(&gate_lock);
    gate_open = open;
    pthread_cond_broadcast(&gate_cond);
    pthread_mutex_unlock(&gate_lock);
}

static void gate_await(unsigned inside) {
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
    while (!gate_open)
        pthread_cond_wait(&gate_cond, &gate_lock);
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

static const struct route routes[] = {
    { "GET", "/hello/{name}", 0, on_hello }, { "POST", "/echo", 0, on_echo }, { "PATCH", "/echo", 0, on_echo },
    { "POST", "/json", 0, on_json }, { "GET", "/gate", 0, on_gate }, { "GET", "/silent", 0, on_silent },
    { "POST", "/count", ROUTE_STREAM, on_count }, { "GET", "/big/{how}", ROUTE_STREAM, on_big },
    { "POST", "/double", ROUTE_STREAM, on_double }, { "GET", "/events", ROUTE_STREAM, on_events },
    { "POST", "/share/{tenant}", ROUTE_STREAM, on_share }, { "POST", "/refusal", ROUTE_STREAM, on_refusal },
    { "GET", "/private", ROUTE_DIRECT, on_silent }, { "GET", "/v1/x", 0, on_hello },
};
static const struct route_table table = { routes, ARRAY_LEN(routes) };

/* ---- a server and clients */
static char dir[] = "/tmp/sejf-http-XXXXXX";
static struct sockaddr_un where;
static int listener = -1;
static unsigned body_seconds;                 /* 0: as usual */
static const char *const origins[] = { "https://app.example" };

static struct http *up(unsigned workers, size_t queue) {
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
                              .timeout_seconds = 60, .body_seconds = body_seconds, .origins = origins, .origin_count = 1 };
    CHECK_OK(http_start(&o, &h, &e), &e);
    return h;
}

static void down(struct http *h) {
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

static int dial(void) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(fd, (struct sockaddr *)&where, sizeof where) == 0);
    return fd;
}

static void say_n(int fd, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        bytes += n;
        len -= (size_t)n;
    }
}
static void say(int fd, const char *text) { say_n(fd, text, strlen(text)); }

/* Reads until `count` times `mark` stood there, or the end, or 10 silent seconds. */
static void hear(int fd, const char *mark, size_t count, struct buf *ret) {
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

static void ask(const char *request, const char *mark, struct buf *ret) {
    int fd = dial();
    buf_cut(ret, 0);
    say(fd, request);
    hear(fd, mark, 1, ret);
    close(fd);
}

static bool has(const struct buf *b, const char *text) { return strstr(buf_str(b), text) != NULL; }

TEST(replies_are_made_and_headers_kept_clean) {
    struct http *h = up(2, 16);
    AUTO(buf_done) struct buf b = BUF(1 << 20);
    ask("GET /hello/J%C3%B3zef?a=1 HTTP/1.1\r\nHost: x\r\nX-Request-Id: abcdefgh-1\r\n\r\n", "\r\n\r\nJ\xc3\xb3zef", &b);
    CHECK(has(&b, "HTTP/1.1 200") && has(&b, "\r\n\r\nJ\xc3\xb3zef") && has(&b, "X-Request-Id: abcdefgh-1\r\n"));
    CHECK(has(&b, "Cache-Control: no-store") && !has(&b, "X-Evil") && !has(&b, "X-Injected"));
    ask("GET /hello/a HTTP/1.1\r\nHost: x\r\nX-Request-Id: a b\r\n\r\n", "\r\n\r\na", &b);
    CHECK(has(&b, "X-Request-Id: ") && !has(&b, "X-Request-Id: a b"));
    ask("HEAD /hello/xyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "no such text", &b);
    CHECK(has(&b, "200") && has(&b, "Content-Length: 3") && !has(&b, "xyz"));
    ask("GET /silent HTTP/1.1\r\nHost: x\r\n\r\n", "}\n", &b);
    CHECK(has(&b, "HTTP/1.1 500") && has(&b, "application/problem+json") && has(&b, "\"code\":30"));
    down(h);
}

TEST(errors_of_address_and_method) {
    struct http *h = up(2, 16);
    AUTO(buf_done) struct buf b = BUF(1 << 20);
    ask("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", "}\n", &b);
    CHECK(has(&b, "HTTP/1.1 404") && has(&b, "\"title\":\"Not found\"") && has(&b, "\"type\":\"about:blank\""));
    ask("DELETE /echo HTTP/1.1\r\nHost: x\r\n\r\n", "}\n", &b);
    CHECK(has(&b, "HTTP/1.1 405") && has(&b, "Allow: POST, PATCH, OPTIONS\r\n"));
    ask("OPTIONS /v1/x HTTP/1.1\r\nHost: x\r\nOrigin: https://app.example\r\n\r\n", "\r\n\r\n", &b);
    CHECK(has(&b, "HTTP/1.1 204") && has(&b, "Access-Control-Allow-Origin: https://app.example") && has(&b, "Access-Control-Allow-Methods: GET, HEAD, OPTIONS"));
    ask("OPTIONS /v1/x HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example\r\n\r\n", "\r\n\r\n", &b);
    CHECK(has(&b, "HTTP/1.1 204") && !has(&b, "Access-Control"));
    ask("GET /private HTTP/1.1\r\nHost: x\r\nX-Real-IP: 127.0.0.1\r\n\r\n", "}\n", &b);
    CHECK(has(&b, "HTTP/1.1 404"));
    ask("GET /private HTTP/1.1\r\nHost: x\r\n\r\n", "}\n", &b);
    CHECK(has(&b, "HTTP/1.1 500"));
    ask("GET /hello/a%2fb HTTP/1.1\r\nHost: x\r\n\r\n", "}\n", &b);
    CHECK(has(&b, "HTTP/1.1 400"));
    ask("GET /hello/a?x=%zz HTTP/1.1\r\nHost: x\r\n\r\n", "}\n", &b);
    CHECK(has(&b, "HTTP/1.1 400"));
    AUTO(buf_done) struct buf url = BUF(1 << 16);
    buf_text(&url, "GET /hello/");
    for (int i = 0; i < 5000; i++)
        buf_char(&url, 'a');
    buf_text(&url, " HTTP/1.1\r\nHost: x\r\n\r\n");
    ask(buf_str(&url), "}\n", &b);
    CHECK(has(&b, "HTTP/1.1 414"));
    buf_cut(&url, 0);
    buf_text(&url, "GET /hello/a HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 70; i++)
        buf_printf(&url, "X-%d: 1\r\n", i);
    buf_text(&url, "\r\n");
    ask(buf_str(&url), "}\n", &b);
    CHECK(has(&b, "HTTP/1.1 431"));
    down(h);
}

TEST(framing_that_can_be_read_in_two_ways_is_refused_and_closed) {
    struct http *h = up(2, 16);
    AUTO(buf_done) struct buf b = BUF(1 << 20);
    static const char *const bad[] = {
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hello/smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nabcdeGET /hello/smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\nGET /hello/smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nabcdeGET /hello/smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nGET /hello/smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /hello/a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\nGET /hello/smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        ask(bad[i], "no such text", &b);
        CHECK(!has(&b, "\r\n\r\nsmuggled"));
        CHECK(b.len == 0 || has(&b, "HTTP/1.1 400"));
    }
    down(h);
}

TEST(pipelined_requests_are_answered_in_order) {
    struct http *h = up(4, 64);
    AUTO(buf_done) struct buf b = BUF(1 << 20), r = BUF(1 << 16);
    for (int i = 0; i < 50; i++)
        buf_printf(&r, "GET /hello/number%02d HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n<%02d>", i, i);
    int fd = dial();
    say(fd, buf_str(&r));
    hear(fd, "<49>", 1, &b);
    const char *at = buf_str(&b);
    for (int i = 0; i < 50; i++) {
        char want[32];
        snprintf(want, sizeof want, "\r\n\r\nnumber%02d", i);
        at = strstr(at, want);
        CHECK(at != NULL);
        snprintf(want, sizeof want, "\r\n\r\n<%02d>", i);
        at = strstr(at, want);
        CHECK(at != NULL);
    }
    close(fd);
    down(h);
}

TEST(bodies_slow_and_big) {
    struct http *h = up(2, 16);
    AUTO(buf_done) struct buf b = BUF(4 << 20);
    int fd = dial();
    const char *slow = "PATCH /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nbit by bit!";
    for (const char *p = slow; *p != 0; p++)
        say_n(fd, p, 1);
    hear(fd, "bit by bit!", 1, &b);
    CHECK(has(&b, "HTTP/1.1 200") && has(&b, "\r\n\r\nbit by bit!"));
    close(fd);
    ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", "}\n", &b);
    CHECK(has(&b, "HTTP/1.1 413"));
    char *big = mem_new((1 << 20) + 1);
    memset(big, 'y', 1 << 20);
    fd = dial();
    buf_cut(&b, 0);
    say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\nConnection: close\r\n\r\n");
    say_n(fd, big, 1 << 20);
    hear(fd, "no such text", 1, &b);
    CHECK(has(&b, "HTTP/1.1 200") && b.len > 1 << 20);
    close(fd);
    for (int i = 0; i < 2; i++) {             /* too big, found out on the way: chunked, by two methods */
        fd = dial();
        buf_cut(&b, 0);
        say(fd, i == 0 ? "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" : "PATCH /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int j = 0; j < 3; j++) {
            say(fd, "80000\r\n");
            say_n(fd, big, 0x80000);
            say(fd, "\r\n");
        }
        say(fd, "0\r\n\r\n");
        hear(fd, "}\n", 1, &b);
        CHECK(has(&b, "HTTP/1.1 413"));
        close(fd);
    }
    mem_free(big);
    down(h);
}

TEST(json_is_bounded) {
    struct http *h = up(2, 16);
    AUTO(buf_done) struct buf b = BUF(1 << 20), deep = BUF(1 << 16);
    for (int i = 0; i < 40; i++)
        buf_char(&deep, '[');
    for (int i = 0; i < 40; i++)
        buf_char(&deep, ']');
    const struct { const char *type, *body, *status, *says; } rows[] = {
        { "application/json", "{\"a\":[1,\"\\u017c]]\"]}", "200", "{\"a\":[1," },
        { "application/merge-patch+json; charset=utf-8", "{}", "200", "{}" },
        { "Application/JSON;charset=\"UTF-8\"", "{}", "200", "{}" },
        { "application/json; charset=latin1", "{}", "415", "UTF-8" },
        { "text/plain", "{}", "415", "application/json" },
        { "application/json", "{\"a\":1,\"a\":2}", "400", "stands twice" },
        { "application/json", "{\"a\":NaN}", "400", "not well formed" },
        { "application/json", "{} x", "400", "follows its end" },
        { "application/json", "", "400", "empty" },
        { "application/json", "\"\xff\"", "400", "UTF-8" },
        { "application/json", "{\"a\":\"b\\u0000\"}", "400", "a zero character" },
        { "application/json", "{\"a\\u0000\":1}", "400", "a zero character" },
        { "application/json", "{\"a\":1e999}", "400", "out of range" },
        { "application/json", "{\"a\":\"\\ud800\"}", "400", "at byte" },
        { "application/json", "{\"a\":", "400", "too early" },
        { "application/json", buf_str(&deep), "400", "nested" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf r = BUF(1 << 16);
        buf_printf(&r, "POST /json HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", rows[i].type, strlen(rows[i].body), rows[i].body);
        ask(buf_str(&r), "}\n", &b);
        CHECK(strncmp(buf_str(&b) + 9, rows[i].status, 3) == 0 && has(&b, rows[i].says));
    }
    down(h);
}

/* In blocks of their exact size, so that a sanitizer sees a byte read too many. */
TEST(json_that_stops_is_not_read_past_its_end) {
    static const char *const rows[] = { "\"", "{\"", "[\"a\\", "{\"a\":\"b\\\"", "[1,\"", "{\"a\":", "[", "\\", "1", "tru" };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t len = strlen(rows[i]);
        char *exact = malloc(len);
        json_t *json = NULL;
        struct err e;
        CHECK(exact != NULL);
        memcpy(exact, rows[i], len);
        enum code code = json_read(exact, len, &json, &e);
        CHECK((code == OK) == (strcmp(rows[i], "1") == 0));
        json_decref(json);
        free(exact);
    }
}

TEST(a_full_queue_answers_503) {
    struct http *h = up(1, 2);
    int fd[5];
    AUTO(buf_done) struct buf b = BUF(1 << 20);
    fd[0] = dial();
    say(fd[0], "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
    gate_await(1);
    for (int i = 1; i < 3; i++) {
        fd[i] = dial();
        say(fd[i], "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    struct http_status s;
    AWAIT(s.waiting >= 2);
    ask("GET /gate HTTP/1.1\r\nHost: x\r\n\r\n", "}\n", &b);
    CHECK(has(&b, "HTTP/1.1 503") && has(&b, "Retry-After: 1"));
    gate_set(true);
    for (int i = 0; i < 3; i++) {
        buf_cut(&b, 0);
        hear(fd[i], "through", 1, &b);
        CHECK(has(&b, "HTTP/1.1 200"));
        close(fd[i]);
    }
    http_status(h, &s);
    CHECK(s.refused == 1 && s.by_status[5] == 1 && s.by_status[2] == 3);
    down(h);
}

TEST(a_thousand_connections_at_once) {
    enum { N = 1000 };
    struct http *h = up(8, 1024);
    static int fd[N];
    for (int i = 0; i < N; i++) {
        fd[i] = dial();
        say(fd[i], "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    struct http_status s;
    AWAIT(s.waiting + s.running >= N);
    http_status(h, &s);
    CHECK(s.connections >= N);
    gate_set(true);
    for (int i = 0; i < N; i++) {
        AUTO(buf_done) struct buf b = BUF(1 << 16);
        hear(fd[i], "through", 1, &b);
        CHECK(has(&b, "HTTP/1.1 200"));
        close(fd[i]);
    }
    down(h);
}

/* With one worker that may be busy at a time: the others join because the first does not get on. */
TEST(those_who_are_stuck_hold_up_nobody) {
    enum { STUCK = 6 };
    struct http *h = up(STUCK + 1, 64);
    AUTO(buf_done) struct buf b = BUF(1 << 16);
    int fd[STUCK];
    pthread_mutex_lock(&h->lock);
    h->busy_most = 1;
    pthread_mutex_unlock(&h->lock);
    for (int i = 0; i < STUCK; i++) {
        fd[i] = dial();
        say(fd[i], "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    gate_await(STUCK);
    ask("GET /hello/you HTTP/1.1\r\nHost: x\r\n\r\n", "you", &b);
    CHECK(has(&b, "HTTP/1.1 200"));
    gate_set(true);
    for (int i = 0; i < STUCK; i++) {
        buf_cut(&b, 0);
        hear(fd[i], "through", 1, &b);
        close(fd[i]);
    }
    down(h);
}

TEST(streams_count_and_push_back) {
    struct http *h = up(2, 16);
    AUTO(buf_done) struct buf b = BUF(16 << 20);
    int fd = dial();
    char *piece = mem_new(1 << 20);
    memset(piece, 'z', 1 << 20);
    say(fd, "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 5242880\r\n\r\n");
    for (int i = 0; i < 5; i++)
        say_n(fd, piece, 1 << 20);
    hear(fd, "5242880", 1, &b);
    CHECK(has(&b, "\r\n\r\n5242880"));
    close(fd);
    for (int i = 0; i < 2; i++) {
        buf_cut(&b, 0);
        fd = dial();
        say(fd, i == 0 ? "GET /big/known HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" : "GET /big/chunked HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        hear(fd, "no such text", 1, &b);
        CHECK(b.len > 5 << 20 && has(&b, i == 0 ? "Content-Length: 5242880" : "Transfer-Encoding: chunked"));
        CHECK(i == 0 || memcmp(b.data + b.len - 5, "0\r\n\r\n", 5) == 0);
        close(fd);
    }
    buf_cut(&b, 0);
    fd = dial();                              /* a reply that cannot be ended well is cut, not ended */
    say(fd, "GET /big/cut HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(fd, "no such text", 1, &b);
    CHECK(has(&b, "HTTP/1.1 200") && memcmp(b.data + b.len - 5, "0\r\n\r\n", 5) != 0);
    close(fd);
    buf_cut(&b, 0);
    fd = dial();                              /* reads 3 MiB while it writes 6: more than both rings */
    say(fd, "POST /double HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3145728\r\n\r\n");
    for (int i = 0; i < 3; i++)
        say_n(fd, piece, 1 << 20);
    hear(fd, "no such text", 1, &b);
    CHECK(has(&b, "HTTP/1.1 200") && b.len > 6 << 20);
    close(fd);
    mem_free(piece);
    down(h);
}

TEST(clients_that_leave_are_noticed) {
    struct http *h = up(2, 16);
    struct http_status s;
    stream_saw = 99;
    int fd = dial();
    say(fd, "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
    AWAIT(s.streams > 0);
    close(fd);
    AWAIT(s.streams == 0 && stream_saw != 99);
    CHECK_INT(stream_saw, -1);
    stream_saw = 99;
    fd = dial();
    say(fd, "GET /big/chunked HTTP/1.1\r\nHost: x\r\n\r\n");
    AUTO(buf_done) struct buf b = BUF(1 << 20);
    hear(fd, "xxxx", 1, &b);
    close(fd);
    AWAIT(s.streams == 0 && stream_saw != 99);
    CHECK_INT(stream_saw, -1);
    fd = dial();                              /* leaves while its request is with a worker */
    say(fd, "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
    gate_await(1);
    close(fd);
    gate_set(true);
    ask("GET /hello/alive HTTP/1.1\r\nHost: x\r\n\r\n", "alive", &b);
    CHECK(has(&b, "HTTP/1.1 200"));
    down(h);
}

TEST(streams_are_bounded) {
    struct http *h = up(2, 16);
    AUTO(buf_done) struct buf b = BUF(1 << 20);
    struct http_status s;
    int fd[4];
    for (int i = 0; i < 4; i++) {
        fd[i] = dial();
        say(fd[i], "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
    }
    AWAIT(s.streams == 4);
    ask("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", "}\n", &b);
    CHECK(has(&b, "HTTP/1.1 503"));
    for (int i = 0; i < 4; i++)
        close(fd[i]);
    down(h);
}

TEST(one_tenant_leaves_streams_to_others) {
    struct http *h = up(2, 16);
    AUTO(buf_done) struct buf b = BUF(1 << 20);
    struct http_status s;
    int fd[3];
    share_held = 0;
    for (int i = 0; i < 3; i++) {             /* three of four */
        fd[i] = dial();
        say(fd[i], "POST /share/7 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
    }
    AWAIT(s.streams == 3 && share_held == 3);  /* each has said whose it is: else a fourth could take the place of one of them */
    ask("POST /share/7 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", "}\n", &b);
    CHECK(has(&b, "HTTP/1.1 503") && has(&b, "share}"));
    AWAIT(s.streams == 3);  /* the refused one still holds its place until its thread is over */
    ask("POST /share/8 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", "}\n", &b);
    CHECK(has(&b, "HTTP/1.1 200"));
    for (int i = 0; i < 3; i++)
        close(fd[i]);
    down(h);
}

/* A byte every 50 ms is never silent; false: the server has closed before 8 seconds were over. */
static bool drips_on(const char *head) {
    int fd = dial();
    bool open = true;
    usec_t end = clock_steady() + 8 * USEC_PER_SEC;
    say(fd, head);
    while (open && clock_steady() < end) {
        struct pollfd p = { fd, POLLIN, 0 };
        open = send(fd, "x", 1, MSG_NOSIGNAL) == 1 && poll(&p, 1, 50) == 0;
    }
    close(fd);
    return open;
}

TEST(bodies_that_drip_are_cut_off) {
    body_seconds = 1;
    struct http *h = up(2, 16);
    CHECK(!drips_on("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"));
    CHECK(!drips_on("PATCH /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"));
    CHECK(!drips_on("POST /refusal HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"));
    CHECK(!drips_on("POST /share/7 HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"));     /* signed in, and no faster */
    down(h);
    body_seconds = 0;
}

static void *stop_thread(void *arg) { return http_stop(arg); }

TEST(stops_while_requests_are_suspended) {
    struct http *h = up(2, 64);
    int fd[6];
    AUTO(buf_done) struct buf b = BUF(16 << 20);
    for (int i = 0; i < 4; i++) {             /* two inside, two in the queue */
        fd[i] = dial();
        say(fd[i], "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    gate_await(2);
    fd[4] = dial();                           /* a stream that waits for a body, one that waits for its reader */
    say(fd[4], "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
    fd[5] = dial();
    say(fd[5], "GET /big/chunked HTTP/1.1\r\nHost: x\r\n\r\n");
    struct http_status s;
    AWAIT(s.streams == 2 && s.waiting >= 2);
    pthread_t t;
    CHECK(pthread_create(&t, NULL, stop_thread, h) == 0);
    gate_set(true);
    CHECK(pthread_join(t, NULL) == 0);
    for (int i = 0; i < 4; i++) {
        buf_cut(&b, 0);
        hear(fd[i], "through", 1, &b);
        CHECK(has(&b, "HTTP/1.1 200"));       /* what was taken in is answered */
    }
    for (int i = 0; i < 6; i++)
        close(fd[i]);
    CHECK(fcntl(listener, F_GETFD) >= 0);
    down(NULL);
}

/* As the beats of an idle stream do. */
static void events_until_gone(struct http_events *e) {
    usec_t end = clock_steady() + 60 * USEC_PER_SEC;
    while (http_events_room(e) >= 0 && clock_steady() < end) {
        (void)!http_events_write(e, ":\n\n", 3);
        usleep(1000);
    }
    CHECK_INT(http_events_room(e), -1);
}

/* A reader that has the first event. */
static int events_reader(struct http *h, struct buf *b) {
    struct http_status s;
    int fd = dial();
    held = NULL;
    say(fd, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    AWAIT(held != NULL);
    CHECK(http_events_write(held, "data: 1\n\n", 9));
    hear(fd, "data: 1\n\n", 1, b);
    CHECK(has(b, "text/event-stream") && has(b, "data: 1\n\n"));
    return fd;
}

TEST(events_outlive_their_handler) {
    struct http *h = up(2, 16);
    AUTO(buf_done) struct buf b = BUF(1 << 20);
    int fd = events_reader(h, &b);
    CHECK(http_events_write(held, "data: 2\n\n", 9));
    hear(fd, "data: 2\n\n", 1, &b);
    CHECK(has(&b, "data: 2\n\n"));
    static char much[40000];
    CHECK_INT(http_events_room(held), 65536);
    int refused = 0;                          /* one after the other: then the socket is full, too */
    for (int i = 0; i < 60000 && refused < 200; i++) {
        refused = http_events_write(held, much, sizeof much) ? 0 : refused + 1;
        usleep(refused == 0 ? 0 : 1000);
    }
    /* A reader that does not read is dropped, never waited for. */
    CHECK(refused == 200 && http_events_room(held) >= 0 && http_events_room(held) < 40000);
    close(fd);
    events_until_gone(held);
    http_events_end(held);
    down(h);
}

/* Everything was sent, so the connection is suspended and the loop looks at it no more. */
TEST(a_reader_of_events_that_has_left_is_found_by_writing) {
    struct http *h = up(2, 16);
    AUTO(buf_done) struct buf b = BUF(1 << 20);
    struct http_status s;
    int fd = events_reader(h, &b);
    usleep(50000);
    close(fd);
    events_until_gone(held);
    http_events_end(held);
    AWAIT(s.connections == 0);
    down(h);
}
