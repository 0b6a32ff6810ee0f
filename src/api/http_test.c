/* http_test.c — requests and replies. */
#include "api/http.c"

#include "api/http_testbed.h"

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

/* At its limit the server listens no more; it must listen again though all the others have left in one go. */
TEST(a_server_that_was_full_takes_connections_again) {
    enum { N = 8 };
    silent_seconds = 1;
    connections_most = N;
    struct http *h = up(2, 16);
    AUTO(buf_done) struct buf b = BUF(1 << 16);
    struct http_status s;
    int fd[N + 4];
    for (int i = 0; i < N; i++)
        fd[i] = dial();
    AWAIT(s.connections == N);
    for (int i = N; i < N + 4; i++)
        fd[i] = dial();
    for (int i = 0; i < N + 4; i++)
        hear(fd[i], "no such text", 1, &b);   /* until the server ends it */
    AWAIT(s.connections == 0);
    ask("GET /hello/again HTTP/1.1\r\nHost: x\r\n\r\n", "again", &b);
    CHECK(has(&b, "HTTP/1.1 200"));
    for (int i = 0; i < N + 4; i++)
        close(fd[i]);
    down(h);
    silent_seconds = 60;
    connections_most = 0;
}

static atomic_bool knocks;
static void *knock(void *arg UNUSED) {
    while (knocks) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (connect(fd, (struct sockaddr *)&where, sizeof where) == 0)
            say(fd, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
        close(fd);
        usleep(200);
    }
    return NULL;
}

/* The listening socket is the caller's, whatever the loop is about when it is told to end. */
TEST(who_stops_keeps_the_listening_socket) {
    pthread_t t[3];
    for (int round = 0; round < 30; round++) {
        struct http *h = up(2, 16);
        knocks = true;
        for (size_t i = 0; i < ARRAY_LEN(t); i++)
            CHECK(pthread_create(&t[i], NULL, knock, NULL) == 0);
        usleep((useconds_t)(round * 100));
        http_stop(h);
        bool open = fcntl(listener, F_GETFD) >= 0;
        knocks = false;
        for (size_t i = 0; i < ARRAY_LEN(t); i++)
            pthread_join(t[i], NULL);
        CHECK(open);
        down(NULL);
    }
}
