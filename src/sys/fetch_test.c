/* fetch_test.c — the asking end against a sender of the test: what is asked arrives whole, what is answered too, and no answer that is
 * wrong, late or missing becomes one. */
#include "sys/fetch.c"
#include "base/test.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the sender of the test answers, and what it saw. */
struct peer_end { int line; const void *answer; size_t len; bool silent; struct fetch_call seen; struct ipc *ipc; char method[16], url[200], body[64], name[32], value[32]; };

static void copy(char *to, size_t room, const char *from) { snprintf(to, room, "%s", from); }

static void *peer_run(void *arg) {
    struct peer_end *p = arg;
    struct err e;
    const uint8_t *frame;
    size_t len;
    struct pollfd w = { .fd = p->line, .events = POLLIN };
    if (poll(&w, 1, 60000) != 1)
        return NULL;
    int fd = line_take(p->line);
    if (fd < 0 || ipc_new(fd, FETCH_FRAME_MAX, &p->ipc, &e) != OK)
        return NULL;
    while (!ipc_next(p->ipc, &frame, &len))
        if (ipc_wait(p->ipc, 60000, &e) != OK || ipc_fill(p->ipc, &e) != OK)
            return NULL;
    if (fetch_call_read(frame, len, &p->seen)) {
        copy(p->method, sizeof p->method, p->seen.method);
        copy(p->url, sizeof p->url, p->seen.url);
        snprintf(p->body, sizeof p->body, "%.*s", (int)p->seen.body_len, (const char *)p->seen.body);
        if (p->seen.header_count > 0) {
            copy(p->name, sizeof p->name, p->seen.headers[0].name);
            copy(p->value, sizeof p->value, p->seen.headers[0].value);
        }
    }
    if (p->silent)
        return NULL;
    if (p->answer == NULL) {
        p->ipc = ipc_free(p->ipc);           /* it died */
        return NULL;
    }
    buf_add(ipc_begin(p->ipc), p->answer, p->len);
    if (ipc_end(p->ipc, &e) == OK)
        (void)!ipc_flush(p->ipc, &e);
    return NULL;
}

/* One request against a peer that answers so. */
static enum code against(struct peer_end *p, const struct fetch_request *r, struct fetch_reply *reply, struct err *e) {
    int from, to;
    pthread_t t;
    AUTO(fetch_line_free) struct fetch_line *l = NULL;
    CHECK_OK(line_make(&from, &to, e), e);
    CHECK_OK(fetch_line_new(from, 2, &l, e), e);
    p->line = to;
    CHECK(pthread_create(&t, NULL, peer_run, p) == 0);
    enum code code = fetch(l, r, reply, e);
    CHECK(pthread_join(t, NULL) == 0);
    p->ipc = ipc_free(p->ipc);
    CHECK(atomic_load(&l->busy) == 0);
    close(from);
    close(to);
    return code;
}

static const struct fetch_header headers[] = { { "Accept", "application/json" } };
static const struct fetch_request plain = { .method = "POST", .url = "https://a.example/x", .headers = headers, .header_count = 1, .body = "a=b", .body_len = 3, .most = 100, .wait_ms = 60000 };

TEST(what_is_asked_and_what_is_answered_arrive_whole) {
    AUTO(buf_done) struct buf answer = BUF(4096);
    struct fetch_reply given = FETCH_REPLY;
    AUTO(fetch_reply_done) struct fetch_reply got = FETCH_REPLY;
    struct err e;
    given.status = 201;
    buf_add(&given.head, "etag\0\"1\"\0content-type\0text/plain\0", 33);
    buf_add(&given.body, "y\0z", 3);
    fetch_answer_put(&answer, &given);
    struct peer_end p = { .answer = answer.data, .len = answer.len };
    CHECK_OK(against(&p, &plain, &got, &e), &e);
    CHECK_TEXT(p.method, "POST");
    CHECK_TEXT(p.url, "https://a.example/x");
    CHECK_TEXT(p.body, "a=b");
    CHECK_TEXT(p.name, "Accept");
    CHECK_TEXT(p.value, "application/json");
    CHECK(p.seen.most == 100 && p.seen.wait_ms == 60000 && p.seen.header_count == 1);
    CHECK(got.status == 201 && got.body.len == 3 && memcmp(got.body.data, "y\0z", 4) == 0);
    CHECK_TEXT(fetch_header(&got, "content-type"), "text/plain");
    CHECK_TEXT(fetch_header(&got, "etag"), "\"1\"");
    CHECK(fetch_header(&got, "text/plain") == NULL && fetch_header(&got, "location") == NULL);
    fetch_reply_done(&given);
}

TEST(a_refusal_keeps_its_code_and_text) {
    AUTO(buf_done) struct buf answer = BUF(4096);
    struct fetch_reply got = FETCH_REPLY;
    struct err e, why;
    (void)err_set(&why, E_FORBIDDEN, "sejf.yaml does not declare a.example");
    for (int i = 0; i < 2; i++) {
        bool left = i == 0;
        struct fetch_request asks = plain;
        asks.ret_left = &left;
        buf_cut(&answer, 0);
        fetch_refusal_put(&answer, &why, i == 1);
        struct peer_end p = { .answer = answer.data, .len = answer.len };
        CHECK_INT(against(&p, &asks, &got, &e), E_FORBIDDEN);
        CHECK_TEXT(e.text, "sejf.yaml does not declare a.example");
        CHECK(got.status == 0 && got.body.data == NULL && left == (i == 1));
    }
}

TEST(no_wrong_answer_is_taken) {
    static const struct { const char *bytes; size_t len; } row[] = {
        { "", 0 }, { "\0\0\0\0", 4 }, { "\0\0\0\0\xc8\0\0\0\0\0\0\0\0\0\0", 15 },                 /* cut */
        { "\0\0\0\0\xc8\0\0\0\0\0\0\0\0\0\0\0x", 17 },                                              /* more than it */
        { "\0\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0", 16 },                                               /* no status */
        { "\0\0\0\0\xc8\0\0\0\xff\xff\xff\xff\0\0\0\0", 16 },                                       /* head beyond its end */
        { "\0\0\0\0\xc8\0\0\0\2\0\0\0a\0\0\0\0\0", 18 },                                            /* name without value */
        { "\0\0\0\0\xc8\0\0\0\3\0\0\0a\0b\0\0\0\0", 19 },                                           /* value without end */
        { "\x0c\0\0\0\2\0\0\0ab", 10 }, { "\x0c\0\0\0\2\0\0\0ab\0", 11 },  { "\x0c\0\0\0\0\0\0\0", 8 },                                /* text without end */
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct fetch_reply got = FETCH_REPLY;
        struct err e;
        struct peer_end p = { .answer = row[i].bytes, .len = row[i].len };
        CHECK_INT(against(&p, &plain, &got, &e), E_PEER);
        CHECK(got.status == 0 && got.body.data == NULL && got.head.data == NULL);
    }
    AUTO(buf_done) struct buf long_one = BUF(4096);
    struct fetch_reply given = FETCH_REPLY, got = FETCH_REPLY;
    struct err e;
    given.status = 200;
    for (size_t i = 0; i <= plain.most; i++)
        buf_char(&given.body, 'x');
    fetch_answer_put(&long_one, &given);
    struct peer_end p = { .answer = long_one.data, .len = long_one.len };
    CHECK_INT(against(&p, &plain, &got, &e), E_PEER);                /* above what was asked for */
    fetch_reply_done(&given);
}

TEST(a_sender_that_dies_or_says_nothing_is_no_answer) {
    struct fetch_reply got = FETCH_REPLY;
    struct err e;
    bool left = false;
    struct fetch_request asks = plain;
    struct peer_end dies = { .answer = NULL };
    asks.ret_left = &left;
    CHECK_INT(against(&dies, &asks, &got, &e), E_PEER);
    CHECK(left);                             /* nobody knows */
    struct fetch_request brief = plain;
    brief.wait_ms = 1;
    struct peer_end silent = { .silent = true };
    usec_t began = clock_steady();
    CHECK_INT(against(&silent, &brief, &got, &e), E_PEER);
    CHECK(clock_steady() - began >= (usec_t)GRACE_MS * 1000);
}

TEST(only_so_many_at_a_time_and_only_what_fits) {
    int from, to;
    struct err e;
    AUTO(fetch_line_free) struct fetch_line *l = NULL;
    struct fetch_reply got = FETCH_REPLY;
    CHECK_OK(line_make(&from, &to, &e), &e);
    CHECK_OK(fetch_line_new(from, 2, &l, &e), &e);
    atomic_store(&l->busy, 2);
    CHECK_INT(fetch(l, &plain, &got, &e), E_BUSY);
    CHECK(atomic_load(&l->busy) == 2);
    atomic_store(&l->busy, 0);
    struct fetch_request beyond[] = { plain, plain, plain, plain, plain };
    beyond[0].header_count = FETCH_HEADERS_MAX + 1;
    beyond[1].body_len = FETCH_BODY_MAX + 1;
    beyond[2].most = FETCH_BODY_MAX + 1;
    beyond[3].wait_ms = 0;
    beyond[4].wait_ms = FETCH_WAIT_MAX_MS + 1;
    for (size_t i = 0; i < ARRAY_LEN(beyond); i++)
        CHECK_INT(fetch(l, &beyond[i], &got, &e), E_INVALID);
    CHECK(line_take(to) == -1);              /* nothing of it was sent */
    close(from);
    close(to);
}

TEST(no_wrong_request_is_read) {
    AUTO(buf_done) struct buf good = BUF(4096);
    struct fetch_call c;
    request_put(&good, &plain);
    CHECK(fetch_call_read(good.data, good.len, &c));
    for (size_t len = 0; len < good.len; len++)
        CHECK(!fetch_call_read(good.data, len, &c));
    buf_char(&good, 'x');
    CHECK(!fetch_call_read(good.data, good.len, &c));
    for (size_t at = 0; at < good.len - 1; at++)
        for (int bit = 0; bit < 8; bit++) {      /* refused or read, never beyond its end */
            good.data[at] = (char)(good.data[at] ^ (1 << bit));
            if (fetch_call_read(good.data, good.len - 1, &c))
                CHECK(c.header_count <= FETCH_HEADERS_MAX && c.wait_ms >= 1 && c.wait_ms <= FETCH_WAIT_MAX_MS && strlen(c.url) < good.len);
            good.data[at] = (char)(good.data[at] ^ (1 << bit));
        }
}

TEST(without_memory_nothing_is_asked) {
    struct fetch_line *l = NULL;
    struct err e;
    mem_fail_at = 1;
    CHECK_INT(fetch_line_new(3, 1, &l, &e), E_MEMORY);
    CHECK(l == NULL);
}

/* A line that stops gives up whoever waits, in its time, and takes nobody more. */
static void *stop_soon(void *arg) {
    (void)usleep(20000);
    fetch_line_stop(arg);
    return NULL;
}
TEST(a_line_that_stops_lets_go) {
    struct fetch_reply got = FETCH_REPLY;
    struct fetch_line *l = NULL;
    struct err e;
    bool left = false;
    struct fetch_request asks = plain;
    pthread_t t;
    int pair[2];
    asks.ret_left = &left;
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    CHECK_OK(fetch_line_new(pair[0], 2, &l, &e), &e);
    usec_t began = clock_steady();
    CHECK(pthread_create(&t, NULL, stop_soon, l) == 0);
    CHECK_INT(fetch(l, &asks, &got, &e), E_PEER);                /* nobody reads it */
    CHECK(pthread_join(t, NULL) == 0 && left && clock_steady() - began < 30 * USEC_PER_SEC);
    CHECK_INT(fetch(l, &asks, &got, &e), E_PEER);
    CHECK(!left);
    fetch_line_free(l);
    close(pair[0]);
    close(pair[1]);
}
