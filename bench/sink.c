/* sink.c — see sink.h. */
#include "sink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog/mailer.h"
#include "sys/sockets.h"

#define CONNS 64
#define PIECE 65536

struct due { usec_t at; size_t until; };     /* bytes of `out` up to there may go then */
struct conn { int fd; char line[2048]; size_t len; bool data; int match; char out[PIECE]; size_t out_len; struct due due[256]; size_t dues; };

static void say(struct conn *c, const char *text) {
    size_t n = strlen(text);
    if (c->out_len + n <= sizeof c->out) {
        memcpy(c->out + c->out_len, text, n);
        c->out_len += n;
    }
}

static void line_heard(struct conn *c) {
    c->line[c->len] = 0;
    c->len = 0;
    if (strncmp(c->line, "EHLO", 4) == 0)
        say(c, "250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
    else if (strncmp(c->line, "DATA", 4) == 0) {
        say(c, "354 go\r\n");
        c->data = true;
        c->match = 2;                        /* a dot may follow at once */
    } else
        say(c, "250 2.0.0 ok\r\n");
}

static void bytes_heard(struct conn *c, const char *p, size_t len, struct sink_sum *sum) {
    static const char end[] = "\r\n.\r\n";
    for (size_t i = 0; i < len; i++) {
        if (c->data) {
            c->match = p[i] == end[c->match] ? c->match + 1 : p[i] == '\r' ? 1 : 0;
            if (c->match == 5) {
                c->data = false;
                sum->letters++;
                say(c, "250 2.0.0 taken\r\n");
            }
        } else if (p[i] == '\n') {
            line_heard(c);
        } else if (p[i] != '\r' && c->len < sizeof c->line - 1) {
            c->line[c->len++] = p[i];
        }
    }
    sum->bytes += (int64_t)len;
}

static void conn_turn(struct conn *c, short ready, usec_t delay, struct sink_sum *sum) {
    char bytes[PIECE];
    size_t before = c->out_len;
    if (ready != 0) {
        ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            close(c->fd);
            c->fd = -1;
            return;
        }
        if (n > 0)
            bytes_heard(c, bytes, (size_t)n, sum);
    }
    if (c->out_len > before && c->dues < ARRAY_LEN(c->due))
        c->due[c->dues++] = (struct due){ clock_steady() + delay, c->out_len };
    size_t until = 0, gone = 0;
    while (gone < c->dues && c->due[gone].at <= clock_steady())
        until = c->due[gone++].until;
    if (until == 0)
        return;
    if (send(c->fd, c->out, until, MSG_NOSIGNAL) != (ssize_t)until) {
        close(c->fd);
        c->fd = -1;
        return;
    }
    memmove(c->out, c->out + until, c->out_len - until);
    memmove(c->due, c->due + gone, (c->dues - gone) * sizeof *c->due);
    c->out_len -= until;
    c->dues -= gone;
    for (size_t i = 0; i < c->dues; i++)
        c->due[i].until -= until;
}

static _Noreturn void sink_run(int listens, usec_t delay, struct sink_sum *sum) {
    static struct conn conns[CONNS];
    int one = 1;
    for (size_t i = 0; i < CONNS; i++)
        conns[i].fd = -1;
    for (;;) {
        struct pollfd p[CONNS + 1];
        struct timespec wait = { 0, 5000000 };
        usec_t first = clock_steady() + 5000;
        for (size_t i = 0; i < CONNS; i++) {
            p[i] = (struct pollfd){ .fd = conns[i].fd, .events = POLLIN };
            if (conns[i].fd >= 0 && conns[i].dues > 0 && conns[i].due[0].at < first)
                first = conns[i].due[0].at;
        }
        p[CONNS] = (struct pollfd){ .fd = listens, .events = POLLIN };
        usec_t now = clock_steady();
        wait.tv_nsec = first > now ? (long)(first - now) * 1000 : 0;
        if (ppoll(p, CONNS + 1, &wait, NULL) < 0)
            continue;
        for (size_t i = 0; i < CONNS; i++)
            if (conns[i].fd >= 0)
                conn_turn(&conns[i], p[i].revents, delay, sum);
        for (size_t i = 0; p[CONNS].revents != 0 && i < CONNS; i++)
            if (conns[i].fd < 0) {
                conns[i] = (struct conn){ .fd = accept(listens, NULL, NULL) };
                (void)setsockopt(conns[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                say(&conns[i], "220 sink\r\n");
                conns[i].due[conns[i].dues++] = (struct due){ clock_steady() + delay, conns[i].out_len };
                sum->connections++;
                break;
            }
    }
}

/* ---- the mailer before it */

static void mailer_ready(void *arg) { ((struct sink_sum *)arg)->ready = true; }

static _Noreturn void mailer_run(int port, int line, int stop, struct sink_sum *sum) {
    struct err e;
    const struct mail_relay to = { .host = "127.0.0.1", .port = port, .tls = RELAY_PLAIN, .from = "service@seats.example" };
    const struct mailer_config c = { .way = { .to = &to, .name = "seats.example" }, .server_user = geteuid(), .line_fd = line, .stop_fd = stop, .ready = mailer_ready, .arg = sum };
    _exit(mailer_serve(&c, &e) == OK ? 0 : 1);
}

/* ---- both */

bool sink_start(struct sunk *ret, usec_t delay, struct sink_sum *sum) {
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    struct err e;
    int listens = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), to = -1, stop[2];
    if (listens < 0 || bind(listens, (struct sockaddr *)&at, len) != 0 || listen(listens, 64) != 0 || getsockname(listens, (struct sockaddr *)&at, &len) != 0 || pipe(stop) != 0 ||
        line_make(&ret->line, &to, &e) != OK)
        return false;
    ret->sink = fork();
    if (ret->sink == 0)
        sink_run(listens, delay, sum);
    ret->mailer = fork();
    if (ret->mailer == 0)
        mailer_run(ntohs(at.sin_port), to, stop[0], sum);
    for (int i = 0; i < 3000 && !sum->ready; i++)
        (void)usleep(10000);
    return sum->ready;
}

void sink_stop(struct sunk *k) {
    kill(k->mailer, SIGKILL);
    kill(k->sink, SIGKILL);
    (void)waitpid(k->mailer, NULL, 0);
    (void)waitpid(k->sink, NULL, 0);
}
