/* mailer_in_test.c — connections of this machine, played by hand: who makes room when all places are taken, and one that goes while its message is in hand. */
#include "prog/mailer_in.c"

#include "base/test.h"

struct stage { int listens; struct sockaddr_in at; struct mailer_in *m; };
static void stage_start(struct stage *g) {
    socklen_t len = sizeof g->at;
    struct err e;
    *g = (struct stage){ .listens = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), .at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
    CHECK(g->listens >= 0 && bind(g->listens, (struct sockaddr *)&g->at, len) == 0 && listen(g->listens, 64) == 0 && getsockname(g->listens, (struct sockaddr *)&g->at, &len) == 0);
    CHECK_OK(mailer_in_new(g->listens, "seats.example", "bounces.seats.example", &g->m, &e), &e);
}
static void stage_end(struct stage *g) {
    g->m = mailer_in_free(g->m);
    fd_close(&g->listens);
}
/* What stands ready is done; waits for nothing but the kernel, at most a second. */
static void turn(struct stage *g) {
    struct pollfd ready[MAILER_IN_FDS];
    size_t n = mailer_in_watch(g->m, ready);
    CHECK(poll(ready, n, 1000) >= 0);
    mailer_in_turn(g->m, ready, n);
}
static int comes(struct stage *g) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&g->at, sizeof g->at) == 0);
    turn(g);
    return fd;
}
/* The first thing that it hears, within some seconds. */
static void hears(struct stage *g, int fd, const char *want) {
    char text[512];
    size_t got = 0;
    for (int i = 0; i < 50 && (got < strlen(want) || strncmp(text, want, strlen(want)) != 0); i++) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        turn(g);
        if (poll(&p, 1, 100) == 1) {
            ssize_t n = recv(fd, text + got, sizeof text - 1 - got, MSG_DONTWAIT);
            if (n <= 0)
                break;
            got += (size_t)n;
        }
    }
    text[got] = 0;
    if (strncmp(text, want, strlen(want)) != 0)
        fprintf(stderr, "heard: %s\n", text);
    CHECK(strncmp(text, want, strlen(want)) == 0);
}

TEST(nobody_holds_all_places) {
    struct stage g;
    int fds[MAILER_IN_CONNECTIONS + 2];
    stage_start(&g);
    for (size_t i = 0; i < MAILER_IN_CONNECTIONS; i++)
        fds[i] = comes(&g);
    CHECK_INT(g.m->count, MAILER_IN_CONNECTIONS);      /* more than one address from elsewhere would get: this is a mail server of ours */
    fds[MAILER_IN_CONNECTIONS] = comes(&g);
    hears(&g, fds[MAILER_IN_CONNECTIONS], "421 4.7.0 ");
    CHECK_INT(g.m->count, MAILER_IN_CONNECTIONS);
    g.m->list[3]->begun -= YOUNG_USEC + USEC_PER_SEC;
    g.m->list[5]->begun -= YOUNG_USEC + 2 * USEC_PER_SEC;
    g.m->list[7]->begun -= YOUNG_USEC + 3 * USEC_PER_SEC;
    g.m->list[7]->waits = clock_steady();              /* its message is on its way to the server */
    fds[MAILER_IN_CONNECTIONS + 1] = comes(&g);
    hears(&g, fds[MAILER_IN_CONNECTIONS + 1], "220 seats.example");
    hears(&g, fds[5], "220 seats.example ESMTP\r\n421 4.4.2 ");
    CHECK_INT(g.m->count, MAILER_IN_CONNECTIONS);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        fd_close(&fds[i]);
    stage_end(&g);
}

TEST(one_that_is_gone_is_not_waited_for) {
    struct stage g;
    struct pollfd ready[MAILER_IN_FDS];
    AUTO(buf_done) struct buf frame = BUF(1 << 16);
    stage_start(&g);
    int fd = comes(&g);
    struct linger hard = { .l_onoff = 1 };
    static const char text[] = "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<complaints@bounces.seats.example>\r\nDATA\r\n";
    hears(&g, fd, "220 ");
    CHECK(send(fd, text, sizeof text - 1, MSG_NOSIGNAL) == (ssize_t)sizeof text - 1);
    hears(&g, fd, "250-");
    CHECK(send(fd, "x\r\n.\r\n", 6, MSG_NOSIGNAL) == 6);
    for (int i = 0; i < 50 && !mailer_in_waits(g.m); i++)
        turn(&g);
    CHECK(mailer_in_waits(g.m));
    mailer_in_next(g.m, &frame);
    CHECK(frame.len > 0 && setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard) == 0);
    fd_close(&fd);                                     /* a reset */
    for (int i = 0; i < 50 && !g.m->list[0]->ended; i++)
        turn(&g);
    CHECK(g.m->count == 1 && g.m->list[0]->ended);
    CHECK(mailer_in_watch(g.m, ready) == 2 && ready[0].fd == -1);
    mailer_in_turn(g.m, (struct pollfd[]){ { .fd = -1 }, { .fd = g.listens } }, 2);
    mailer_in_answered(g.m, MAIL_IN_TAKEN);
    turn(&g);
    CHECK_INT(g.m->count, 0);
    stage_end(&g);
}

TEST(an_address_is_known_however_it_came) {
    static const struct { const char *address; bool near; const char *same; } rows[] = {
        { "::ffff:127.0.0.1", true, "::1" }, { "::ffff:192.0.2.7", false, "::ffff:192.0.2.7" }, { "2001:db8:1:2::7", false, "2001:db8:1:2:ffff::9" }, { "::1", true, "::ffff:127.0.0.0" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sockaddr_in6 one = { .sin6_family = AF_INET6 }, other = one;
        struct sockaddr_storage a = { 0 }, b = { 0 };
        CHECK(inet_pton(AF_INET6, rows[i].address, &one.sin6_addr) == 1 && inet_pton(AF_INET6, rows[i].same, &other.sin6_addr) == 1);
        memcpy(&a, &one, sizeof one);
        memcpy(&b, &other, sizeof other);
        const struct in6_addr is = peer_of(&a), like = peer_of(&b);
        CHECK(is_near(&is) == rows[i].near && is_near(&like) == rows[i].near);
        CHECK(rows[i].near || memcmp(&is, &like, sizeof is) == 0);
    }
    struct sockaddr_storage four = { .ss_family = AF_INET };
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000207) };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
    memcpy(&four, &v4, sizeof v4);
    const struct in6_addr is = peer_of(&four);
    struct sockaddr_storage mapped = { 0 };
    CHECK(inet_pton(AF_INET6, "::ffff:192.0.2.7", &six.sin6_addr) == 1);
    memcpy(&mapped, &six, sizeof six);
    const struct in6_addr like = peer_of(&mapped);
    CHECK(memcmp(&is, &like, sizeof is) == 0);
}
