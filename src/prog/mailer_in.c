/* mailer_in.c — see mailer_in.h. A connection reads, or its message waits for the server; while it waits nothing of it is read. */
#include "prog/mailer_in.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"
#include "messages/heard.h"
#include "sys/files.h"
#include "wire/smtpd.h"

#define PEER_MOST 12u                        /* connections of one address from elsewhere */
#define YOUNG_USEC (10 * USEC_PER_SEC)       /* where all places are taken, one that is older makes room: so nobody holds them, however many addresses it has */
#define LARGEST ((size_t)8 << 20)            /* what is looked at stands in front, and MAIL_IN_MAX of it is kept: a report may quote a large letter of ours */
#define IDLE_USEC (60 * USEC_PER_SEC)
#define WHOLE_USEC (5 * USEC_PER_MINUTE)     /* of a connection, whatever it does */
#define SERVER_USEC (30 * USEC_PER_SEC)      /* that the server is waited for */
#define READ_SIZE 16384u

struct connection { int fd; struct smtpd *smtpd; struct in6_addr peer; char read[READ_SIZE]; const char *at; size_t left; usec_t begun, idle, until, waits /* since; 0: no */; bool ended, handed; };
struct mailer_in { int listen_fd; char *name, *domain; struct connection *list[MAILER_IN_CONNECTIONS]; size_t count; bool watched, stale /* an answer is to come for a message that waits no more */; };

enum code mailer_in_new(int listen_fd, const char *name, const char *domain, struct mailer_in **ret, struct err *reterr) {
    PRE(listen_fd >= 0 && name != NULL && domain != NULL && ret != NULL && reterr != NULL);
    AUTO(mailer_in_free) struct mailer_in *m = mem_new(sizeof *m);
    if (m == NULL)
        return err_set(reterr, E_MEMORY, "no memory for mail that comes in");
    m->listen_fd = listen_fd;
    m->name = mem_text(name);
    m->domain = mem_text(domain);
    if (m->name == NULL || m->domain == NULL)
        return err_set(reterr, E_MEMORY, "no memory for mail that comes in");
    *ret = TAKE(m);
    return OK;
}

static struct connection *connection_free(struct connection *c) {
    c->smtpd = smtpd_free(c->smtpd);
    fd_close(&c->fd);
    explicit_bzero(c->read, sizeof c->read);
    return mem_free(c);
}

struct mailer_in *mailer_in_free(struct mailer_in *m) {
    if (m == NULL)
        return NULL;
    while (m->count > 0)
        (void)connection_free(m->list[--m->count]);
    mem_free(m->name);
    mem_free(m->domain);
    return mem_free(m);
}

/* ---- connections */

static bool known(void *arg, const char *address) { return mail_heard_known(((const struct mailer_in *)arg)->domain, address); }

/* IPv4 as its four bytes behind twelve zeros, however it came; of IPv6 a /64, which is one's own; this machine as 127.0.0.1. */
static struct in6_addr peer_of(const struct sockaddr_storage *from) {
    struct in6_addr a = { { { 0 } } };
    if (from->ss_family == AF_INET6) {
        const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(six))
            memcpy(&a.s6_addr[12], &six->s6_addr[12], 4);
        else if (IN6_IS_ADDR_LOOPBACK(six))
            a.s6_addr[12] = 127;
        else
            memcpy(&a, six, 8);
    } else if (from->ss_family == AF_INET) {
        memcpy(&a.s6_addr[12], &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    }
    return a;
}

static void write_out(struct connection *c) {
    struct buf *out = smtpd_out(c->smtpd);
    while (out->len > 0) {
        ssize_t n = send(c->fd, out->data, out->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            if (errno != EAGAIN) {
                buf_cut(out, 0);
                c->ended = true;
            }
            return;
        }
        memmove(out->data, out->data + n, out->len - (size_t)n);
        buf_cut(out, out->len - (size_t)n);
    }
}

/* A mail server of ours hands on what comes for all the world: its connections are bounded by the places alone. */
static bool is_near(const struct in6_addr *peer) { return peer->s6_addr[12] == 127; }

/* The oldest one, of that address or of all, whose message is in nobody's hand. False: all are young. */
static bool make_room(struct mailer_in *m, const struct in6_addr *peer) {
    struct connection *first = NULL;
    for (size_t i = 0; i < m->count; i++) {
        struct connection *c = m->list[i];
        if (c->waits == 0 && !c->handed && (peer == NULL || memcmp(&c->peer, peer, sizeof *peer) == 0) && (first == NULL || c->begun < first->begun))
            first = c;
    }
    if (first == NULL || clock_steady() - first->begun < YOUNG_USEC)
        return false;
    smtpd_late(first->smtpd);
    write_out(first);
    for (size_t i = 0; i < m->count; i++)
        if (m->list[i] == first)
            m->list[i] = m->list[--m->count];
    (void)connection_free(first);
    return true;
}

static void accept_one(struct mailer_in *m) {
    struct sockaddr_storage from = { .ss_family = AF_UNSPEC };
    socklen_t len = sizeof from;
    struct err e;
    size_t same = 0;
    AUTO(fd_close) int fd = accept4(m->listen_fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    const struct in6_addr peer = peer_of(&from);
    for (size_t i = 0; i < m->count; i++)
        same += memcmp(&m->list[i]->peer, &peer, sizeof peer) == 0;
    const bool many = same >= PEER_MOST && !is_near(&peer);
    if ((many || m->count == MAILER_IN_CONNECTIONS) && !make_room(m, many ? &peer : NULL)) {
        static const char busy[] = "421 4.7.0 too many connections, come again later\r\n";
        (void)!send(fd, busy, sizeof busy - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        return;
    }
    struct connection *c = mem_new(sizeof *c);
    const struct smtpd_options o = { .name = m->name, .message_max = LARGEST, .kept_max = MAIL_IN_MAX - READ_SIZE, .known = known, .arg = m };
    if (c == NULL || smtpd_new(&o, &c->smtpd, &e) != OK) {
        mem_free(c);
        return;
    }
    c->fd = fd_take(&fd);
    c->peer = peer;
    c->begun = clock_steady();
    c->idle = c->begun + IDLE_USEC;
    c->until = c->begun + WHOLE_USEC;
    m->list[m->count++] = c;
}

/* What was read is used up as far as it goes. */
static void use(struct connection *c) {
    switch (smtpd_take(c->smtpd, &c->at, &c->left)) {
    case SMTPD_MESSAGE:
        if (c->waits == 0)
            c->waits = clock_steady();
        break;
    case SMTPD_ENDED: c->ended = true; break;
    case SMTPD_NOTHING: break;
    }
}

static void read_in(struct connection *c) {
    ssize_t n = recv(c->fd, c->read, sizeof c->read, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        buf_cut(smtpd_out(c->smtpd), 0);     /* nobody is there to hear it */
        c->ended = true;
        return;
    }
    c->idle = clock_steady() + IDLE_USEC;
    c->at = c->read;
    c->left = (size_t)n;
    use(c);
}

static void answer(struct connection *c, enum smtpd_answer a) {
    c->waits = 0;
    c->handed = false;
    smtpd_answer(c->smtpd, a);
    c->idle = clock_steady() + IDLE_USEC;
    use(c);                                  /* what came behind the message */
}

static void look_at_time(struct mailer_in *m, struct connection *c) {
    usec_t now = clock_steady();
    if (c->waits != 0 && now - c->waits > SERVER_USEC) {
        m->stale |= c->handed;
        answer(c, SMTPD_NOT_NOW);
    } else if (!c->ended && c->waits == 0 && (now > c->idle || now > c->until)) {
        smtpd_late(c->smtpd);
        c->ended = true;
    }
}

size_t mailer_in_watch(struct mailer_in *m, struct pollfd *ret) {
    size_t n = 0;
    for (; n < m->count; n++)
        ret[n] = (struct pollfd){ .fd = m->list[n]->ended && m->list[n]->handed ? -1 : m->list[n]->fd /* gone, and its message is not: nothing of it is to be waited for */, .events = (short)((m->list[n]->waits == 0 && !m->list[n]->ended ? POLLIN : 0) | (smtpd_out(m->list[n]->smtpd)->len > 0 ? POLLOUT : 0)) };
    m->watched = true;
    ret[n++] = (struct pollfd){ .fd = m->listen_fd, .events = POLLIN };
    return n;
}

void mailer_in_turn(struct mailer_in *m, const struct pollfd *ready, size_t count) {
    PRE(m->watched && count == m->count + 1);
    size_t kept = 0, before = m->count;
    for (size_t i = 0; i < before; i++) {
        struct connection *c = m->list[i];
        if ((ready[i].revents & POLLIN) != 0 && c->waits == 0)
            read_in(c);
        else if ((ready[i].revents & (POLLHUP | POLLERR)) != 0)
            c->ended = true;
        look_at_time(m, c);
        write_out(c);
        if (c->ended && !c->handed && (smtpd_out(c->smtpd)->len == 0 || clock_steady() > c->idle + IDLE_USEC))
            (void)connection_free(c);
        else
            m->list[kept++] = c;
    }
    m->count = kept;
    if (ready[count - 1].revents != 0)
        accept_one(m);
    m->watched = false;
}

/* ---- the server */

static struct connection *in_hand(const struct mailer_in *m) {
    for (size_t i = 0; i < m->count; i++)
        if (m->list[i]->handed)
            return m->list[i];
    return NULL;
}

static struct connection *oldest(const struct mailer_in *m) {
    struct connection *first = NULL;
    for (size_t i = 0; i < m->count; i++)
        if (m->list[i]->waits != 0 && !m->list[i]->ended && (first == NULL || m->list[i]->waits < first->waits))
            first = m->list[i];
    return first;
}

bool mailer_in_waits(const struct mailer_in *m) { return !m->stale && in_hand(m) == NULL && oldest(m) != NULL; }

void mailer_in_next(struct mailer_in *m, struct buf *ret) {
    struct connection *c = oldest(m);
    PRE(c != NULL && in_hand(m) == NULL);
    mail_in_put(ret, smtpd_recipient(c->smtpd), buf_str(smtpd_text(c->smtpd)), smtpd_text(c->smtpd)->len);
    c->handed = true;
}

/* One that was answered "not now" meanwhile waits no more: it comes again and is known then. */
void mailer_in_answered(struct mailer_in *m, enum mail_in_answer a) {
    static const enum smtpd_answer answers[] = { [MAIL_IN_TAKEN] = SMTPD_TAKEN, [MAIL_IN_LATER] = SMTPD_NOT_NOW, [MAIL_IN_NOBODY] = SMTPD_REFUSED };
    struct connection *c = m->stale ? NULL : in_hand(m);
    m->stale = false;
    if (c == NULL)
        return;
    answer(c, answers[a]);
    write_out(c);
}

void mailer_in_lost(struct mailer_in *m) {
    struct connection *c = in_hand(m);
    m->stale = false;
    if (c != NULL)
        c->handed = false;
}
