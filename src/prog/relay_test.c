/* relay_test.c — a relay at the other end of a socket of this machine, played by hand: what has left us and what has not. */
#include "prog/relay.c"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/test.h"
#include "crypto/cert.h"

#define LARGE ((size_t)2 << 20)
struct stage { int listens, fd; struct mail_relay to; struct relay_way way; struct relay *r; enum smtp_event last; };

static void stage_start(struct stage *g) {
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    int small = 4096;
    struct err e;
    *g = (struct stage){ .listens = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .fd = -1 };
    CHECK(g->listens >= 0 && setsockopt(g->listens, SOL_SOCKET, SO_RCVBUF, &small, sizeof small) == 0);
    CHECK(bind(g->listens, (struct sockaddr *)&at, len) == 0 && listen(g->listens, 1) == 0 && getsockname(g->listens, (struct sockaddr *)&at, &len) == 0);
    g->to = (struct mail_relay){ .host = "127.0.0.1", .port = ntohs(at.sin_port), .tls = RELAY_PLAIN, .from = "service@seats.example" };
    g->way = (struct relay_way){ .to = &g->to, .name = "seats.example" };
    CHECK_OK(relay_open(&g->way, &g->r, &e), &e);
    CHECK(setsockopt(relay_fd(g->r), SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
    g->fd = accept4(g->listens, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    CHECK(g->fd >= 0);
}
static void stage_end(struct stage *g) {
    g->r = relay_close(g->r);
    fd_close(&g->fd);
    fd_close(&g->listens);
}

/* The relay says that; we go on until that happens. */
static void says(struct stage *g, const char *text, enum smtp_event want) {
    CHECK(write(g->fd, text, strlen(text)) == (ssize_t)strlen(text));
    for (int i = 0; i < 3000; i++) {
        struct pollfd p = { .fd = relay_fd(g->r), .events = relay_events(g->r) };
        if ((g->last = relay_go_on(g->r)) == want)
            return;
        CHECK(g->last == SMTP_NOTHING);
        (void)poll(&p, 1, 20);
    }
    CHECK_INT(g->last, want);
}

/* What has come to the relay; false: nothing. */
static bool hears(struct stage *g) {
    char bytes[65536];
    return recv(g->fd, bytes, sizeof bytes, 0) > 0;
}

static void letter_to_data(struct stage *g, size_t size) {
    struct err e;
    char *text = mem_new(size);
    CHECK(text != NULL);
    for (size_t i = 0; i < size; i++)
        text[i] = i % 64 == 62 ? '\r' : i % 64 == 63 ? '\n' : 'x';
    says(g, "220 relay\r\n250-relay\r\n250 PIPELINING\r\n", SMTP_READY);
    CHECK_OK(smtp_letter(relay_smtp(g->r), &(struct smtp_letter){ "service@seats.example", "anna@people.example", "0190-abc", text, size }, &e), &e);
    mem_free(text);
}

/* The relay says that it takes a large letter, of which a part still waits here. */
static void letter_accepted(struct stage *g) {
    const char *yes = "250 ok\r\n250 ok\r\n354 go\r\n";
    letter_to_data(g, LARGE);
    CHECK(write(g->fd, yes, strlen(yes)) == (ssize_t)strlen(yes));
    for (int i = 0; i < 3000 && !g->r->accepted; i++) {
        struct pollfd p = { .fd = relay_fd(g->r), .events = POLLIN };
        CHECK_INT(relay_go_on(g->r), SMTP_NOTHING);
        (void)poll(&p, 1, 20);
    }
}

TEST(it_is_accepted_once_the_text_has_left) {
    struct stage g;
    stage_start(&g);
    letter_accepted(&g);
    CHECK(g.r->accepted && g.r->sent < g.r->out.len);
    enum smtp_event event = SMTP_NOTHING;
    for (int i = 0; i < 60000 && event == SMTP_NOTHING; i++) {
        event = relay_go_on(g.r);
        if (event == SMTP_NOTHING && !hears(&g)) {
            struct pollfd p = { .fd = g.fd, .events = POLLIN };
            (void)poll(&p, 1, 20);
        }
    }
    CHECK_INT(event, SMTP_ACCEPTED);
    CHECK(g.r->out.len == 0);
    relay_finish(g.r);
    CHECK_INT(relay_go_on(g.r), SMTP_NOTHING);
    says(&g, "250 taken\r\n", SMTP_ANSWERED);
    CHECK_INT(smtp_answer(relay_smtp(g.r))->outcome, SMTP_SENT);
    stage_end(&g);
}

/* The connection breaks while text is carried: nobody has taken it. */
TEST(a_text_that_is_cut_was_not_sent) {
    struct stage g;
    stage_start(&g);
    letter_accepted(&g);
    CHECK(g.r->accepted);
    const struct linger now = { 1, 0 };
    CHECK(setsockopt(g.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0);
    fd_close(&g.fd);
    enum smtp_event event = SMTP_NOTHING;
    for (int i = 0; i < 3000 && event == SMTP_NOTHING; i++) {
        struct pollfd p = { .fd = relay_fd(g.r), .events = POLLIN };
        event = relay_go_on(g.r);
        if (event == SMTP_NOTHING)
            (void)poll(&p, 1, 20);
    }
    CHECK_INT(event, SMTP_ENDED);
    CHECK_INT(smtp_answer(relay_smtp(g.r))->outcome, SMTP_RELAY);
    stage_end(&g);
}

/* All of it had left, and no answer came: it may have arrived. */
TEST(a_dot_that_left_may_have_arrived) {
    for (int left = 0; left < 2; left++) {
        struct stage g;
        stage_start(&g);
        letter_to_data(&g, 640);
        says(&g, "250 ok\r\n250 ok\r\n354 go\r\n", SMTP_ACCEPTED);
        relay_finish(g.r);
        if (left)
            CHECK_INT(relay_go_on(g.r), SMTP_NOTHING);
        else
            lost(g.r, "broken off");
        fd_close(&g.fd);
        enum smtp_event event = SMTP_NOTHING;
        for (int i = 0; i < 3000 && event == SMTP_NOTHING; i++) {
            struct pollfd p = { .fd = relay_fd(g.r), .events = POLLIN };
            event = relay_go_on(g.r);
            if (event == SMTP_NOTHING)
                (void)poll(&p, 1, 20);
        }
        CHECK_INT(event, SMTP_ENDED);
        CHECK_INT(smtp_answer(relay_smtp(g.r))->outcome, left ? SMTP_IN_DOUBT : SMTP_RELAY);
        stage_end(&g);
    }
}

/* TLS from the first byte: however soon the connection is there, also before anybody waits for it, the handshake is begun by us. */
TEST(the_first_word_of_tls_is_ours) {
    static const char *const names[] = { "localhost" };
    AUTO(buf_wipe) struct buf authority = BUF(1 << 16), chain = BUF(1 << 16), key = BUF(1 << 16);
    AUTO(tls_trust_free) struct tls_trust *trust = NULL;
    char file[] = "/tmp/sejf-relay-XXXXXX";
    struct err e;
    struct stage g;
    CHECK_OK(cert_make(names, 1, clock_now(), 30, &authority, &chain, &key, &e), &e);
    int fd = mkstemp(file);
    CHECK(fd >= 0 && write(fd, authority.data, authority.len) == (ssize_t)authority.len);
    fd_close(&fd);
    CHECK_OK(tls_trust_new(file, &trust, &e), &e);
    CHECK(unlink(file) == 0);
    stage_start(&g);
    g.r = relay_close(g.r);
    fd_close(&g.fd);
    g.to.tls = RELAY_TLS;
    g.way.trust = trust;
    CHECK_OK(relay_open(&g.way, &g.r, &e), &e);
    g.fd = accept4(g.listens, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    CHECK(g.fd >= 0);
    char first = 0;
    for (int i = 0; i < 3000 && recv(g.fd, &first, 1, 0) != 1; i++) {
        struct pollfd p = { .fd = relay_fd(g.r), .events = relay_events(g.r) };
        CHECK_INT(relay_go_on(g.r), SMTP_NOTHING);
        (void)poll(&p, 1, 20);
    }
    CHECK_INT(first, 22);                    /* a record of a handshake */
    stage_end(&g);
}
