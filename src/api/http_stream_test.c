/* http_stream_test.c — bodies and replies by pieces, and events. */
#include "api/http_stream.c"

#include "api/http_testbed.h"

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
