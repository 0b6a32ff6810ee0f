/* mailer.c — a guest is one connection of the server with one letter, a wire is one connection to the relay:
 *
 *   guest   READS -> QUEUES -> SENDS --may it go?--> ASKED --go--> GOES -> ANSWERED (the guest closes)
 *                      ^         |  (the wire was an old one, or its letter stood behind another there, and is lost: once more)
 *                      +---------+
 *
 * A guest that closes before "go" takes its letter back; after it, the letter goes on and what became of it is remembered. Invariant: a letter's
 * last byte goes out after "go" alone; a wire has a guest or an orphan (a letter whose guest is gone) or is idle. Where a letter waits and all wires
 * are busy, it stands behind the letter of one (`next`), and what is said for it goes out with the last dot of that. A guest that only tries the
 * relay has a new wire until the relay is ready for a letter. */
#include "prog/mailer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "prog/mailer_int.h"
#include "sys/files.h"
#include "sys/sockets.h"

#define LOOK_MS 1000

/* ---- guests */

static struct guest *guest_free(struct guest *g) {
    if (g->message != NULL)
        explicit_bzero(g->message, g->call.letter.len);
    if (g->to != NULL)
        explicit_bzero(g->to, strlen(g->to));
    mem_free(g->message);
    mem_free(g->to);
    mem_free(g->from);
    g->ipc = ipc_free(g->ipc);
    return mem_free(g);
}

void guest_answer(struct guest *g, const struct mail_reply *r) {
    struct err e;
    g->state = ANSWERED;
    mail_answer_put(ipc_begin(g->ipc), r);
    g->gone = ipc_end(g->ipc, &e) != OK || ipc_flush(g->ipc, &e) != OK;
}

void guest_refuse(struct guest *g, enum mail_outcome outcome, const char *said) {
    struct mail_reply r = { .outcome = outcome, .about = outcome == MAIL_REFUSED };
    snprintf(r.said, sizeof r.said, "%s", said);
    guest_answer(g, &r);
}

/* ---- what guests say */

/* It does not go any more; the next that asks is told so too. */
static void take_back(struct mailer *m, struct guest *o) {
    const struct mail_letter *l = &o->call.letter;
    letter_leaves(m, o);
    mailer_memory_put(m->memory, &l->id, l->attempt, &(struct mail_reply){ .outcome = MAIL_NOT_SENT });
    guest_refuse(o, MAIL_NOT_SENT, "");
}

/* What is under way comes before what is remembered: that may be of an older try of the same number. */
static void guest_asks(struct mailer *m, struct guest *g) {
    const struct mail_letter *l = &g->call.letter;
    if (letter_waited_for(m, g, &l->id, l->attempt))
        return;
    const struct mail_reply *r = mailer_memory_find(m->memory, &l->id, l->attempt);
    if (r != NULL) {
        guest_answer(g, r);
        return;
    }
    for (size_t i = 0; i < m->guest_count; i++) {        /* in hand, and not gone: whoever brought it is gone or has given it up */
        struct guest *o = m->guests[i];
        if (o != g && o->call.kind == MAIL_CALL_SENDS && o->state >= QUEUES && o->state <= ASKED && o->call.letter.attempt == l->attempt && uuid_compare(&o->call.letter.id, &l->id) == 0) {
            take_back(m, o);
            guest_refuse(g, MAIL_NOT_SENT, "");
            return;
        }
    }
    guest_refuse(g, MAIL_NEVER, "");
}

/* One at a time: a newer one is the server that was started anew. */
static void ear_begins(struct mailer *m, struct guest *g) {
    if (m->in == NULL) {
        g->gone = true;
        return;
    }
    if (m->ear != NULL) {
        m->ear->gone = true;
        mailer_in_lost(m->in);
    }
    m->ear = g;
    m->ear_busy = false;
    g->state = EARS;
}

static void ear_hears(struct mailer *m, struct guest *g, const void *frame, size_t len) {
    enum mail_in_answer answer;
    g->gone = g != m->ear || !m->ear_busy || !mail_in_answer_read(frame, len, &answer);
    if (g->gone)
        return;
    m->ear_busy = false;
    mailer_in_answered(m->in, answer);
}

static void ear_give(struct mailer *m) {
    struct err e;
    if (m->ear == NULL || m->ear_busy || m->ear->gone)
        return;
    if (!mailer_in_waits(m->in))
        return;
    mailer_in_next(m->in, ipc_begin(m->ear->ipc));
    m->ear_busy = true;
    m->ear->gone = ipc_end(m->ear->ipc, &e) != OK || ipc_flush(m->ear->ipc, &e) != OK;
}

static void guest_begins(struct mailer *m, struct guest *g, const void *frame, size_t len) {
    if (mail_in_hello(frame, len)) {
        ear_begins(m, g);
    } else if (!mail_call_read(frame, len, &g->call)) {
        g->gone = true;
    } else if (g->call.kind == MAIL_CALL_ASKS) {
        guest_asks(m, g);
    } else if (g->call.kind == MAIL_CALL_REACHES) {
        struct mail_reply r = { .outcome = m->config->reaches == NULL ? MAIL_NEVER : MAIL_SENT };
        if (m->config->reaches != NULL)
            m->config->reaches(m->config->arg, r.said, sizeof r.said);
        guest_answer(g, &r);
    } else {
        bool sends = g->call.kind == MAIL_CALL_SENDS;
        g->to = mem_text(sends ? g->call.letter.to : "");
        g->from = mem_text(sends ? g->call.letter.from : "");
        g->message = mem_text_n(sends ? g->call.letter.message : "", g->call.letter.len);
        g->state = QUEUES;
        g->waits = clock_steady();
        if (sends)                           /* a try that begins anew: what came of one that had its number before is not what comes of it */
            mailer_memory_forget(m->memory, &g->call.letter.id, g->call.letter.attempt);
        if (g->to == NULL || g->from == NULL || g->message == NULL)
            guest_refuse(g, MAIL_LATER, "no memory for a letter");
    }
}

static void guest_hear(struct mailer *m, struct guest *g) {
    const uint8_t *frame;
    size_t len;
    struct err e;
    g->gone = ipc_fill(g->ipc, &e) != OK;
    if (g->gone || !ipc_next(g->ipc, &frame, &len))
        return;
    if (g->state == READS) {
        guest_begins(m, g, frame, len);
    } else if (g->state == EARS) {
        ear_hears(m, g, frame, len);
    } else if (!mail_go_read(frame, len)) {
        g->gone = true;
    } else {
        letter_goes(m, g);
    }
}

static void guests_tidy(struct mailer *m) {
    size_t kept = 0;
    for (size_t i = 0; i < m->guest_count; i++)
        if (m->guests[i]->gone) {
            if (m->guests[i] == m->ear) {
                mailer_in_lost(m->in);
                m->ear = NULL;
            }
            letter_leaves(m, m->guests[i]);
            (void)guest_free(m->guests[i]);
        } else {
            m->guests[kept++] = m->guests[i];
        }
    m->guest_count = kept;
}

static void guest_add(struct mailer *m, int new_fd) {
    AUTO(fd_close) int fd = new_fd;
    struct peer who;
    struct err e;
    if (fd < 0 || socket_peer(fd, &who, &e) != OK || (who.uid != 0 && who.uid != geteuid() && who.uid != m->config->server_user))
        return;
    struct guest *g = mem_new(sizeof *g);
    if (g == NULL || ipc_new(fd_take(&fd), MAIL_FRAME_MAX, &g->ipc, &e) != OK) {
        mem_free(g);
        return;
    }
    m->guests[m->guest_count++] = g;
}

/* ---- the loop */

struct watch { struct pollfd p[GUESTS_MAX + WIRES_MAX + 2 + MAILER_IN_FDS]; size_t guests, wires, line /* 0: not looked at */, in, in_count, count; struct wire *wire[WIRES_MAX]; };

static void watch_fill(struct mailer *m, struct watch *w) {
    *w = (struct watch){ .guests = m->guest_count };
    for (size_t i = 0; i < m->guest_count; i++)
        w->p[w->count++] = (struct pollfd){ .fd = ipc_fd(m->guests[i]->ipc), .events = (short)(POLLIN | (ipc_pending(m->guests[i]->ipc) > 0 ? POLLOUT : 0)) };
    for (size_t i = 0; i < WIRES_MAX; i++)
        if (m->wires[i].relay != NULL) {
            w->wire[w->wires++] = &m->wires[i];
            w->p[w->count++] = (struct pollfd){ .fd = relay_fd(m->wires[i].relay), .events = relay_events(m->wires[i].relay) };
        }
    w->p[w->count++] = (struct pollfd){ .fd = m->config->stop_fd, .events = POLLIN };
    if (m->guest_count < GUESTS_MAX) {
        w->line = w->count;
        w->p[w->count++] = (struct pollfd){ .fd = m->config->line_fd, .events = POLLIN };
    }
    w->in = w->count;
    w->in_count = m->in == NULL ? 0 : mailer_in_watch(m->in, w->p + w->in);
    w->count += w->in_count;
}

static void guest_turn(struct mailer *m, struct guest *g, short ready) {
    struct err e;
    if ((ready & (POLLIN | POLLHUP | POLLERR)) != 0)
        guest_hear(m, g);
    else if (ipc_pending(g->ipc) > 0 && ipc_flush(g->ipc, &e) != OK)
        g->gone = true;
}

static void turn(struct mailer *m, bool *ret_stop) {
    struct watch w;
    watch_fill(m, &w);
    if (poll(w.p, (nfds_t)w.count, LOOK_MS) < 0)
        return;
    for (size_t i = 0; i < w.guests; i++)
        guest_turn(m, m->guests[i], w.p[i].revents);
    guests_tidy(m);
    wires_turn(m);
    for (size_t i = 0; i < m->guest_count; i++)
        if (m->guests[i]->state == QUEUES)
            letter_give(m, m->guests[i]);
    if (m->in != NULL) {
        mailer_in_turn(m->in, w.p + w.in, w.in_count);
        ear_give(m);
    }
    *ret_stop = w.p[w.guests + w.wires].revents != 0;
    if (w.line != 0 && w.p[w.line].revents != 0)
        guest_add(m, line_take(m->config->line_fd));
}

/* Letters of which nobody knows yet what became of them: a moment is given to them. */
#define LAST_USEC (5 * USEC_PER_SEC)
static void run(struct mailer *m) {
    bool stop = false, ignored = false;
    while (!stop)
        turn(m, &stop);
    for (usec_t until = clock_steady() + LAST_USEC; wires_any_went(m) && clock_steady() < until;) {
        turn(m, &ignored);
        (void)poll(NULL, 0, 20);             /* the signal stays */
    }
}

enum code mailer_serve(const struct mailer_config *config, struct err *reterr) {
    PRE(config != NULL && config->line_fd >= 0 && config->stop_fd >= 0 && reterr != NULL);
    AUTO(mailer_memory_free) struct mailer_memory *memory = NULL;
    enum code code = mailer_memory_new(&memory, reterr);
    if (code != OK)
        return code;
    struct mailer m = { .config = config, .memory = memory };
    code = config->bounces == NULL ? OK : mailer_in_new(config->listen_fd, config->way.name, config->bounces, &m.in, reterr);
    if (code == OK && config->sandbox != NULL)
        code = config->sandbox(config->arg, reterr);
    if (code == OK && config->ready != NULL)
        config->ready(config->arg);
    if (code == OK)
        run(&m);
    wires_close(&m);
    while (m.guest_count > 0)
        (void)guest_free(m.guests[--m.guest_count]);
    mailer_in_free(m.in);
    return code;
}
