/* http_work_test.c — the queue, and requests that take turns. */
#include "api/http_work.c"

#include "api/http_testbed.h"

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

/* One worker, which is held up until all of them wait: then it takes them together, at most TURNS_MOST at once. */
TEST(requests_that_wait_take_turns) {
    enum { N = TURNS_MOST + 4 };
    struct http *h = up(1, 64);
    AUTO(buf_done) struct buf b = BUF(1 << 16);
    struct http_status s;
    int fd[N], gate = dial();
    turns_together = turns_served = 0;
    say(gate, "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
    gate_await(1);
    for (int i = 0; i < N; i++) {
        fd[i] = dial();
        say(fd[i], "GET /turn/short HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    AWAIT(s.waiting >= N);
    gate_set(true);
    for (int i = 0; i < N; i++) {
        buf_cut(&b, 0);
        hear(fd[i], "turned", 1, &b);
        CHECK(has(&b, "HTTP/1.1 200"));
        close(fd[i]);
    }
    CHECK(turns_together == TURNS_MOST && turns_served == N);
    close(gate);
    down(h);
}

/* Those that came with a long one have their replies though it still runs; it was begun twice, and answers once. */
TEST(a_long_one_is_handled_by_itself) {
    struct http *h = up(2, 64);
    AUTO(buf_done) struct buf b = BUF(1 << 16);
    struct http_status s;
    int fd[3], gate[2];
    turns_long = 0;
    for (int i = 0; i < 2; i++) {             /* both workers are held up until the three wait */
        gate[i] = dial();
        say(gate[i], "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    gate_await(2);
    for (int i = 0; i < 3; i++) {
        fd[i] = dial();
        say(fd[i], i == 0 ? "GET /turn/long HTTP/1.1\r\nHost: x\r\n\r\n" : "GET /turn/short HTTP/1.1\r\nHost: x\r\n\r\n");
        AWAIT(s.waiting >= (unsigned)i + 1);
    }
    gate_once();                              /* the long one waits at the gate, by itself, after it */
    for (int i = 1; i < 3; i++) {
        buf_cut(&b, 0);
        hear(fd[i], "turned", 1, &b);
        CHECK(has(&b, "HTTP/1.1 200"));
    }
    gate_await(2);
    CHECK_INT(turns_long, 2);
    gate_set(true);
    buf_cut(&b, 0);
    hear(fd[0], "through", 1, &b);
    CHECK(has(&b, "HTTP/1.1 200"));
    for (int i = 0; i < 3; i++)
        close(fd[i]);
    close(gate[0]);
    close(gate[1]);
    down(h);
}

/* What has not begun stays in the queue, so that another worker takes it when the first is long at it without saying so. */
TEST(a_slow_one_holds_up_none_that_has_not_begun) {
    struct http *h = up(2, 64);
    AUTO(buf_done) struct buf b = BUF(1 << 16);
    struct http_status s;
    int fd[4], gate[2];
    for (int i = 0; i < 2; i++) {
        gate[i] = dial();
        say(gate[i], "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    gate_await(2);
    for (int i = 0; i < 4; i++) {
        fd[i] = dial();
        say(fd[i], i == 0 ? "GET /turn/slow HTTP/1.1\r\nHost: x\r\n\r\n" : "GET /turn/short HTTP/1.1\r\nHost: x\r\n\r\n");
        AWAIT(s.waiting >= (unsigned)i + 1);
    }
    gate_once();                              /* the first worker takes the slow one, and stays in it */
    gate_await(2);
    gate_once();                              /* either of them goes on: the others have their replies */
    for (int i = 1; i < 4; i++) {
        buf_cut(&b, 0);
        hear(fd[i], "turned", 1, &b);
        CHECK(has(&b, "HTTP/1.1 200"));
    }
    gate_set(true);
    for (int i = 0; i < 4; i++)
        close(fd[i]);
    close(gate[0]);
    close(gate[1]);
    down(h);
}
