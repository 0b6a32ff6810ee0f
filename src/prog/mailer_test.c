/* mailer_test.c — the mailer's loop between a server that is killed at bad moments and a relay that takes its time: what is asked for is what came of the newest try. */
#include "prog/mailer.c"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/test.h"

/* ---- a relay with PIPELINING, a thread for each connection */

struct sink { int listens, port; pthread_t thread; _Atomic bool stop, holds /* its answers to texts */; _Atomic int delay_ms, taken, recipients, connections, cut /* in the middle of a text */, running; };

static void sink_say(int fd, const char *text) { (void)!send(fd, text, strlen(text), MSG_NOSIGNAL); }

struct sink_conn { struct sink *s; int fd; };
static void *sink_talk(void *arg) {
    struct sink_conn c = *(struct sink_conn *)arg;
    struct sink *s = c.s;
    char line[2048];
    size_t len = 0;
    bool data = false;
    mem_free(arg);
    sink_say(c.fd, "220 sink\r\n");
    while (!s->stop) {
        struct pollfd p = { .fd = c.fd, .events = POLLIN };
        char byte;
        if (poll(&p, 1, 100) <= 0)
            continue;
        if (recv(c.fd, &byte, 1, 0) <= 0)
            break;
        if (byte != '\n') {
            if (byte != '\r' && len < sizeof line - 1)
                line[len++] = byte;
            continue;
        }
        line[len] = 0;
        len = 0;
        if (data && strcmp(line, ".") != 0)
            continue;
        if (data) {
            s->taken++;
            for (usec_t until = clock_steady() + s->delay_ms * 1000; !s->stop && (s->holds || clock_steady() < until);)
                (void)poll(NULL, 0, 5);
            data = false;
            sink_say(c.fd, "250 2.0.0 taken\r\n");
        } else if (strncmp(line, "EHLO", 4) == 0) {
            sink_say(c.fd, "250-sink\r\n250 PIPELINING\r\n");
        } else if (strncmp(line, "DATA", 4) == 0) {
            data = true;
            sink_say(c.fd, "354 go\r\n");
        } else {
            s->recipients += strncmp(line, "RCPT", 4) == 0;
            sink_say(c.fd, "250 ok\r\n");
        }
    }
    s->cut += data;
    fd_close(&c.fd);
    s->running--;
    return NULL;
}

static void *sink_run(void *arg) {
    struct sink *s = arg;
    while (!s->stop) {
        struct pollfd p = { .fd = s->listens, .events = POLLIN };
        int fd = poll(&p, 1, 100) > 0 ? accept4(s->listens, NULL, NULL, SOCK_CLOEXEC) : -1;
        struct sink_conn *c = fd < 0 ? NULL : mem_new(sizeof *c);
        pthread_t t;
        if (c == NULL)
            continue;
        *c = (struct sink_conn){ s, fd };
        s->connections++;
        s->running++;
        CHECK(pthread_create(&t, NULL, sink_talk, c) == 0);
        pthread_detach(t);
    }
    return NULL;
}

/* ---- the mailer in a thread */

struct stage { struct sink sink; struct mail_relay to; struct mailer_config config; struct mail_line *line; int from, line_to, stop[2]; pthread_t thread; };

static void *mailer_run(void *arg) {
    struct err e;
    CHECK_OK(mailer_serve(arg, &e), &e);
    return NULL;
}

static void stage_start(struct stage *g) {
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    struct err e;
    memset(g, 0, sizeof *g);
    g->sink.listens = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(g->sink.listens >= 0 && bind(g->sink.listens, (struct sockaddr *)&at, len) == 0 && listen(g->sink.listens, 64) == 0 && getsockname(g->sink.listens, (struct sockaddr *)&at, &len) == 0);
    CHECK(pipe2(g->stop, O_CLOEXEC) == 0);
    CHECK_OK(line_make(&g->from, &g->line_to, &e), &e);
    CHECK_OK(mail_line_new(g->from, &g->line, &e), &e);
    g->to = (struct mail_relay){ .host = "127.0.0.1", .port = ntohs(at.sin_port), .tls = RELAY_PLAIN, .from = "service@seats.example" };
    g->config = (struct mailer_config){ .way = { .to = &g->to, .name = "seats.example" }, .server_user = geteuid(), .line_fd = g->line_to, .stop_fd = g->stop[0] };
    CHECK(pthread_create(&g->sink.thread, NULL, sink_run, &g->sink) == 0 && pthread_create(&g->thread, NULL, mailer_run, &g->config) == 0);
}
static void stage_end(struct stage *g) {
    CHECK(write(g->stop[1], "x", 1) == 1);
    pthread_join(g->thread, NULL);
    g->sink.stop = true;
    pthread_join(g->sink.thread, NULL);
    for (int i = 0; i < 6000 && g->sink.running > 0; i++)
        (void)poll(NULL, 0, 10);
    CHECK_INT(g->sink.running, 0);
    g->line = mail_line_free(g->line);
    fd_close(&g->sink.listens);
    fd_close(&g->from);
    fd_close(&g->line_to);
    fd_close(&g->stop[0]);
    fd_close(&g->stop[1]);
}

#define TEXT "Subject: a\r\n\r\nb\r\n"
static struct mail_letter letter_to(const struct uuid *id, uint32_t attempt) { return (struct mail_letter){ .id = *id, .attempt = attempt, .to = "anna@people.example", .from = "", .message = TEXT, .len = sizeof TEXT - 1 }; }

/* ---- a server that is killed: frames as sys/mail.c writes them, on a connection that is just closed */

static struct ipc *server_says(struct stage *g, int kind, const struct uuid *id, uint32_t attempt) {
    struct ipc *ipc = NULL;
    struct err e;
    int fd = -1;
    CHECK_OK(line_send(g->from, &fd, &e), &e);
    CHECK_OK(ipc_new(fd, MAIL_FRAME_MAX, &ipc, &e), &e);
    struct buf *out = ipc_begin(ipc);
    put_u8(out, (uint8_t)kind);
    buf_add(out, id->bytes, sizeof id->bytes);
    put_u32(out, attempt);
    if (kind == 1) {
        put_text(out, "anna@people.example");
        put_text(out, "");
        put_u32(out, sizeof TEXT - 1);
        buf_add(out, TEXT, sizeof TEXT - 1);
    }
    CHECK_OK(ipc_end(ipc, &e), &e);
    CHECK_OK(ipc_flush(ipc, &e), &e);
    return ipc;
}
static void server_hears_may_go(struct ipc *ipc) {
    const uint8_t *frame = NULL;
    size_t len = 0;
    struct err e;
    for (usec_t until = clock_steady() + 60 * USEC_PER_SEC; !ipc_next(ipc, &frame, &len);) {
        struct pollfd p = { .fd = ipc_fd(ipc), .events = POLLIN };
        CHECK(clock_steady() < until && poll(&p, 1, 1000) >= 0);
        CHECK_OK(ipc_fill(ipc, &e), &e);
    }
    CHECK(len == 1 && frame[0] == 3);
}
static void server_says_go(struct ipc *ipc) {
    struct err e;
    put_u8(ipc_begin(ipc), 4);
    CHECK_OK(ipc_end(ipc, &e), &e);
    CHECK_OK(ipc_flush(ipc, &e), &e);
}
static void until_taken(struct stage *g, int count) {
    for (int i = 0; i < 6000 && g->sink.taken < count; i++)
        (void)poll(NULL, 0, 10);
    CHECK_INT(g->sink.taken, count);
}

/* The server is killed once before it has noted that a letter goes, and once behind its last dot: the second try had the first one's number, and its end is what is told. */
static void killed_twice(bool under_way) {
    struct stage g;
    struct uuid id = uuid_new();
    struct mail_reply r = { .outcome = MAIL_NEVER };
    struct err e;
    stage_start(&g);
    struct ipc *server = server_says(&g, 1, &id, 1);
    server_hears_may_go(server);
    server = ipc_free(server);               /* killed: nothing was noted */
    for (int i = 0; i < 6000 && r.outcome == MAIL_NEVER; i++) {      /* until the mailer has seen that */
        CHECK_OK(mail_ask(g.line, &id, 1, &r, &e), &e);
        (void)poll(NULL, 0, 5);
    }
    CHECK_INT(r.outcome, MAIL_NOT_SENT);
    g.sink.holds = under_way;
    server = server_says(&g, 1, &id, 1);
    server_hears_may_go(server);
    server_says_go(server);
    until_taken(&g, 1);
    if (!under_way)
        (void)poll(NULL, 0, 50);             /* with the answer, as a rule; else it is under way still, which is told as well */
    server = ipc_free(server);               /* killed again, behind the dot */
    server = server_says(&g, 2, &id, 1);     /* and started anew: it asks */
    (void)poll(NULL, 0, 50);
    g.sink.holds = false;
    CHECK_OK(mail_ask(g.line, &id, 1, &r, &e), &e);
    CHECK_INT(r.outcome, MAIL_SENT);
    CHECK_INT(g.sink.taken, 1);
    server = ipc_free(server);
    stage_end(&g);
}
TEST(the_end_of_an_older_try_is_not_told) { killed_twice(false); }
TEST(a_try_under_way_is_waited_for) { killed_twice(true); }

/* ---- many letters at once */

struct crowd { struct stage *g; _Atomic int left, sent; };
static enum code goes(void *arg UNUSED, struct err *e UNUSED) { return OK; }
static void *one_sends(void *arg) {
    struct crowd *c = arg;
    while (c->left-- > 0) {
        struct uuid id = uuid_new();
        const struct mail_letter l = letter_to(&id, 1);
        struct mail_reply r = { .outcome = MAIL_NEVER };
        struct err e;
        bool went = false;
        if (mail_send(c->g->line, &l, goes, NULL, &went, &r, &e) == OK && r.outcome == MAIL_SENT)
            c->sent++;
    }
    return NULL;
}
static int crowd_sends(struct stage *g, int letters, int threads) {
    struct crowd c = { .g = g, .left = letters };
    pthread_t t[64];
    for (int i = 0; i < threads; i++)
        CHECK(pthread_create(&t[i], NULL, one_sends, &c) == 0);
    for (int i = 0; i < threads; i++)
        pthread_join(t[i], NULL);
    return c.sent;
}

/* A relay that takes more than a second for each text is told each recipient once, and no connection is cut in the middle of a text. */
TEST(a_slow_relay_is_not_given_its_work_twice) {
    struct stage g;
    stage_start(&g);
    g.sink.delay_ms = 1300;
    CHECK_INT(crowd_sends(&g, 80, 40), 80);
    CHECK(g.sink.taken == 80 && g.sink.recipients == 80 && g.sink.cut == 0);
    CHECK(g.sink.connections <= (int)WIRES_MAX);
    stage_end(&g);
}

