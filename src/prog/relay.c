/* relay.c — DIALS (prog/dial.h) [-> SHAKES] -> TALKS [-> SHAKES -> TALKS]. What smtp.h wants said goes through TLS into `out`; what
 * is read goes through TLS into smtp.h. Invariant: once there is a struct tls, no byte passes it by. */
#include "prog/relay.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "prog/dial.h"
#include "sys/files.h"

#define OUT_MAX ((size_t)20 << 20)
#define PIECE 16384u
#define PIECES 64u                           /* heard in one turn: what a relay sends without an end, inside TLS without saying anything, keeps no other wire waiting */

enum relay_state { DIALS, SHAKES, TALKS };
struct relay {
    const struct relay_way *way;
    enum relay_state state;
    struct dial *dial;                       /* in DIALS, until it failed */
    int fd, step;
    usec_t until;
    struct smtp *smtp;
    struct tls *tls;
    bool begins /* the handshake is to be begun */, shaken, accepted /* and not said yet: text is being carried */, finishes /* what is taken out next is the dot */;
    struct buf in, out;                      /* in: heard and not understood yet */
    size_t sent, dot;                        /* of out; where the last dot of a letter ends in it, 0: it is not in it */
};

int relay_fd(const struct relay *r) { return r->dial != NULL ? dial_fd(r->dial) : r->fd; }
usec_t relay_until(const struct relay *r) { return r->until; }
struct smtp *relay_smtp(struct relay *r) { return r->smtp; }
const char *relay_tls(const struct relay *r) { return r->shaken ? tls_version(r->tls) : ""; }
const char *relay_way_from(const struct relay *r) { return r->way->to->from; }
short relay_events(const struct relay *r) { return (short)(r->state == DIALS ? r->dial == NULL ? 0 : dial_events(r->dial) : POLLIN | (r->sent < r->out.len ? POLLOUT : 0)); }

static void wait_anew(struct relay *r) { r->until = clock_steady() + (usec_t)smtp_wait_ms(r->smtp) * 1000; }

/* ---- connecting */

static enum code tls_begin(struct relay *r, struct err *reterr) {
    r->state = SHAKES;
    enum code code = tls_new(r->way->trust, r->way->to->host, &r->tls, reterr);
    r->begins = code == OK;                  /* whoever made the connection, and however soon: the first word is ours */
    return code;
}

/* A dot of which not all was carried is none, inside TLS or not: the relay has not taken the letter. */
static void lost(struct relay *r, const char *why) {
    if (r->sent < r->dot || r->finishes)
        smtp_unfinish(r->smtp);
    smtp_lost(r->smtp, why);
}

/* Where the connection is made: on to TLS, or to what the relay says first. */
static void dials(struct relay *r) {
    struct err e;
    enum dial_state state = r->dial == NULL ? DIAL_WAITS : dial_go_on(r->dial, &r->fd);
    if (state == DIAL_FAILED)
        lost(r, dial_why(r->dial));
    if (r->dial != NULL)
        r->until = dial_until(r->dial);
    if (state == DIAL_WAITS)
        return;
    r->dial = dial_end(r->dial);
    if (state == DIAL_FAILED)
        return;
    r->state = TALKS;
    wait_anew(r);
    if (r->way->to->tls == RELAY_TLS && tls_begin(r, &e) != OK)
        lost(r, e.text);
}

enum code relay_open(const struct relay_way *way, struct relay **ret, struct err *reterr) {
    PRE(way != NULL && ret != NULL && reterr != NULL);
    AUTO(relay_close) struct relay *r = mem_new(sizeof *r);
    const struct mail_relay *to = way->to;
    if (r == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the relay");
    *r = (struct relay){ .way = way, .fd = -1, .in = BUF(OUT_MAX), .out = BUF(OUT_MAX) };
    enum code code = smtp_new(&(struct smtp_options){ way->name, to->tls == RELAY_STARTTLS, to->tls == RELAY_TLS, to->user, way->password }, &r->smtp, reterr);
    if (code == OK)
        code = way->dialer > 0 ? dial_ask(way->dialer, &r->dial, reterr) : dial_begin(to->host, to->port, &r->dial, reterr);
    if (code != OK)
        return code;
    dials(r);                                /* a number is known at once */
    *ret = TAKE(r);
    return OK;
}

struct relay *relay_close(struct relay *r) {
    if (r == NULL)
        return NULL;
    if (r->fd >= 0 && r->state == TALKS && smtp_is_ready(r->smtp)) {
        smtp_quit(r->smtp);
        (void)!relay_go_on(r);
    }
    fd_close(&r->fd);
    r->dial = dial_end(r->dial);
    smtp_free(r->smtp);
    tls_free(r->tls);
    buf_wipe(&r->in);
    buf_wipe(&r->out);
    return mem_free(r);
}

void relay_late(struct relay *r) {
    if (r->state != DIALS) {
        lost(r, "no answer in time");
        return;
    }
    if (r->dial != NULL)
        dial_late(r->dial);
    dials(r);
}

/* ---- carrying */

/* What smtp.h has to say, through TLS where there is one. */
static void take_out(struct relay *r) {
    struct buf *say = smtp_out(r->smtp);
    struct err e;
    if (say->len == 0 || r->state != TALKS)
        return;
    if (r->tls == NULL)
        buf_add(&r->out, say->data, say->len);
    else if (tls_say(r->tls, say->data, say->len, &r->out, &e) != OK)
        lost(r, e.text);
    if (r->finishes)
        r->dot = r->out.len;
    r->finishes = false;
    explicit_bzero(say->data, say->len);     /* a password may have been in it */
    buf_cut(say, 0);
    if (r->out.failed)
        lost(r, "no memory for what is to be said to the relay");
}

static void carry(struct relay *r) {
    while (r->fd >= 0 && r->sent < r->out.len) {
        ssize_t n = send(r->fd, r->out.data + r->sent, r->out.len - r->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            if (errno != EAGAIN)
                lost(r, "the connection broke off");
            return;
        }
        r->sent += (size_t)n;
        wait_anew(r);
    }
    r->sent = r->dot = 0;
    buf_cut(&r->out, 0);
}

static void hear_tls(struct relay *r, const char *bytes, size_t len) {
    struct err e;
    bool ready = false;
    enum code code = tls_hear(r->tls, bytes, len, &r->in, &r->out, &ready, &e);
    if (code != OK) {
        carry(r);                            /* it may be told why */
        lost(r, e.text);
        return;
    }
    if (!ready || r->shaken)
        return;
    r->shaken = true;
    r->state = TALKS;
    if (r->way->to->tls == RELAY_STARTTLS)
        smtp_secured(r->smtp);
}

/* False: nothing more came. */
static bool hear(struct relay *r) {
    char bytes[PIECE];
    ssize_t n = recv(r->fd, bytes, sizeof bytes, 0);
    if (n < 0)
        return errno == EINTR || (errno != EAGAIN && (lost(r, "the connection broke off"), false));
    if (n == 0) {
        lost(r, "the connection broke off");
        return false;
    }
    if (r->tls != NULL)
        hear_tls(r, bytes, (size_t)n);
    else
        buf_add(&r->in, bytes, (size_t)n);
    if (r->in.failed)
        lost(r, "no memory for what the relay says");
    return true;
}

/* What was heard, to smtp.h, until something happens. */
static enum smtp_event understand(struct relay *r) {
    const char *p = buf_str(&r->in);
    size_t left = r->in.len, all = left;
    enum smtp_event event = smtp_take(r->smtp, &p, &left);
    if (left > 0 && left < all)
        memmove(r->in.data, r->in.data + (all - left), left);
    buf_cut(&r->in, left);
    return event;
}

static enum smtp_event shake(struct relay *r) {
    struct err e;
    if (tls_begin(r, &e) != OK)
        lost(r, e.text);
    else
        hear_tls(r, "", 0);
    r->begins = false;
    return SMTP_NOTHING;
}

enum smtp_event relay_go_on(struct relay *r) {
    for (unsigned pieces = 0;; pieces++) {
        if (r->state == DIALS)
            dials(r);
        if (r->begins)
            hear_tls(r, "", 0);
        r->begins = false;
        enum smtp_event event = understand(r);
        if (event == SMTP_HANDSHAKE)
            event = shake(r);
        take_out(r);
        carry(r);
        if (smtp_step(r->smtp) != r->step) {
            r->step = smtp_step(r->smtp);
            wait_anew(r);
        }
        if (event == SMTP_ACCEPTED) {        /* said when the text is carried: then the dot goes out alone, and doubt is as short as it can be */
            r->accepted = true;
            event = SMTP_NOTHING;
        }
        if (event != SMTP_NOTHING) {
            r->accepted = false;
            return event;
        }
        if (r->accepted && r->sent == r->out.len) {
            r->accepted = false;
            return SMTP_ACCEPTED;
        }
        if (r->state == DIALS || r->fd < 0 || pieces >= PIECES || !hear(r))
            return understand(r);            /* what ended it meanwhile */
    }
}

void relay_finish(struct relay *r) {
    r->finishes = true;
    smtp_finish(r->smtp);
    take_out(r);
    r->finishes = false;
    smtp_ahead(r->smtp);                     /* goes with it, and is not the dot */
    take_out(r);
}

enum code relay_password(int fd, struct buf *ret, struct err *reterr) {
    if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0)
        return err_set(reterr, E_CONFIG, "the password for the relay cannot be read");
    enum code code = file_read_fd(fd, "the password for the relay", ret, reterr);
    if (code == OK)
        buf_cut(ret, strcspn(buf_str(ret), "\n"));
    return code;
}
