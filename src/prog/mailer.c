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

#include "base/log.h"
#include "base/mem.h"
#include "prog/mailer_in.h"
#include "sys/files.h"
#include "sys/ipc.h"
#include "sys/mail.h"
#include "sys/sockets.h"
#include "wire/mailbox.h"

#define GUESTS_MAX 96u
#define WIRES_USUAL 16u                      /* measured: bench/queue.c */
#define WIRES_MAX 32u                        /* as many as the server has threads for letters: those that a relay stalls keep no other */
#define STALL_USEC USEC_PER_SEC              /* so long a letter waits for a wire, or behind another, before it gets one of its own */
#define REMEMBERED 4096u
#define FEWER_USEC (10 * USEC_PER_MINUTE)    /* so long no more connections are made than the relay took */
#define IDLE_USEC (20 * USEC_PER_SEC)
#define LOOK_MS 1000

enum guest_state { READS, QUEUES, SENDS, ASKED, GOES, ANSWERED, EARS /* waits for mail that comes in */ };
struct guest { struct ipc *ipc; enum guest_state state; struct mail_call call; char *to, *from, *message; bool again, gone; usec_t waits /* since then */; };
struct memory { struct uuid id; uint32_t attempt; struct mail_reply reply; };
struct wire { struct relay *relay; struct guest *guest; struct memory under_way; bool busy, asked /* the guest, whether it may go */, went, fresh; char *to; usec_t idle;
              struct guest *next /* its letter stands behind the one under way */; char *next_to; bool left /* who stood there has gone: what was said for it cannot be unsaid */; };
struct mailer {
    const struct mailer_config *config;
    struct guest *guests[GUESTS_MAX]; size_t guest_count;
    struct wire wires[WIRES_MAX];
    struct memory *remembered; size_t next;  /* a ring */
    size_t most; usec_t fewer;               /* connections that the relay takes, until then by the steady clock */
    struct mailer_in *in;                    /* NULL: no mail comes in */
    struct guest *ear; bool ear_busy;        /* who is given what came in; it has one message now */
};

/* ---- what became of letters */

static bool same(const struct memory *m, const struct uuid *id, uint32_t attempt) { return m->attempt == attempt && uuid_compare(&m->id, id) == 0; }

static void remember(struct mailer *m, const struct memory *what) {
    m->remembered[m->next] = *what;
    m->next = (m->next + 1) % REMEMBERED;
}

static const struct mail_reply *recall(const struct mailer *m, const struct uuid *id, uint32_t attempt) {
    for (size_t i = 0; i < REMEMBERED; i++)
        if (same(&m->remembered[i], id, attempt) && !uuid_is_null(id))
            return &m->remembered[i].reply;
    return NULL;
}

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

static void answer(struct guest *g, const struct mail_reply *r) {
    struct err e;
    g->state = ANSWERED;
    mail_answer_put(ipc_begin(g->ipc), r);
    g->gone = ipc_end(g->ipc, &e) != OK || ipc_flush(g->ipc, &e) != OK;
}

static void refuse(struct guest *g, enum mail_outcome outcome, const char *said) {
    struct mail_reply r = { .outcome = outcome, .about = outcome == MAIL_REFUSED };
    snprintf(r.said, sizeof r.said, "%s", said);
    answer(g, &r);
}

/* ---- letters over wires */

static struct mail_reply reply_of(const struct wire *w) {
    static const enum mail_outcome outcomes[] = { [SMTP_SENT] = MAIL_SENT, [SMTP_REFUSED] = MAIL_REFUSED, [SMTP_LATER] = MAIL_LATER, [SMTP_RELAY] = MAIL_RELAY, [SMTP_IN_DOUBT] = MAIL_IN_DOUBT };
    const struct smtp_answer *a = smtp_answer(relay_smtp(w->relay));
    struct mail_reply r = { .outcome = outcomes[a->outcome], .about = a->about, .stage = (int)a->stage, .status = a->status };
    struct buf said = buf_over(r.said, sizeof r.said);
    buf_printf(&said, "%s: ", a->at);
    mailbox_said(a->said, strlen(a->said), w->to, MAIL_TEXT_MAX - 64, &said);
    snprintf(r.enhanced, sizeof r.enhanced, "%s", a->enhanced);
    snprintf(r.tls, sizeof r.tls, "%s", relay_tls(w->relay));
    return r;
}

static char *text_forget(char *text) {
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    return mem_free(text);
}

static struct memory memory_of(const struct guest *g) { return (struct memory){ .id = g->call.letter.id, .attempt = g->call.letter.attempt }; }

/* What stood behind the letter that is done is under way now. */
static void wire_rest(struct wire *w) {
    (void)text_forget(w->to);
    w->to = w->next_to;
    w->guest = w->next;
    w->busy = w->next != NULL;
    w->asked = w->went = w->fresh = false;
    w->idle = clock_steady();
    if (w->busy)
        w->under_way = memory_of(w->guest);
    w->next = NULL;
    w->next_to = NULL;
}

/* What stood behind goes another way; nothing of it but its address was said. */
static void next_back(struct wire *w) {
    if (w->next != NULL)
        w->next->state = QUEUES;
    w->next = NULL;
    w->next_to = text_forget(w->next_to);
}

static void wire_close(struct wire *w) {
    w->relay = relay_close(w->relay);
    next_back(w);
    wire_rest(w);
    w->left = false;
}

/* What came of the letter of that wire. One that was taken back by its guest before it went was not sent, whatever the relay says. */
static void settle(struct mailer *m, struct wire *w, const struct mail_reply *r) {
    w->under_way.reply = *r;
    if (w->asked)                            /* the server may have noted that it goes, and ask */
        remember(m, &w->under_way);
    if (w->guest != NULL)
        answer(w->guest, r);
    wire_rest(w);
    if (w->left)
        wire_close(w);
}

/* The relay is there and takes letters: all that a guest who tries it wants to know. */
static void tried(struct wire *w) {
    struct mail_reply r = { .outcome = MAIL_SENT };
    snprintf(r.tls, sizeof r.tls, "%s", relay_tls(w->relay));
    answer(w->guest, &r);
    wire_rest(w);
}

static enum code letter_say(struct wire *w, const struct guest *g, struct err *reterr) {
    char id[UUID_TEXT];
    const struct smtp_letter l = { g->from[0] == 0 ? relay_way_from(w->relay) : g->from, g->to, uuid_format(&g->call.letter.id, id), g->message, g->call.letter.len };
    return smtp_letter(relay_smtp(w->relay), &l, reterr);
}

static void letter_begin(struct wire *w) {
    struct guest *g = w->guest;
    struct err e;
    if (letter_say(w, g, &e) == OK)
        return;
    refuse(g, e.code == E_INVALID ? MAIL_REFUSED : MAIL_LATER, e.text);
    wire_rest(w);
}

static void ask_may_go(struct wire *w) {
    struct err e;
    struct guest *g = w->guest;
    g->state = ASKED;
    w->asked = true;
    mail_go_put(ipc_begin(g->ipc));
    g->gone = ipc_end(g->ipc, &e) != OK || ipc_flush(g->ipc, &e) != OK;
}

static size_t wires_open(const struct mailer *m) {
    size_t n = 0;
    for (size_t i = 0; i < WIRES_MAX; i++)
        n += m->wires[i].relay != NULL;
    return n;
}

static size_t wires_most(const struct mailer *m, size_t usual) { return clock_steady() < m->fewer && m->most < usual ? m->most : usual; }

/* A connection beside others that was not let in: the relay takes no more of them, and its letter waits for one. */
static bool one_too_many(struct mailer *m, const struct wire *w, const struct smtp_answer *a) {
    size_t others = wires_open(m) - 1;
    bool early = strcmp(a->at, "greeting") == 0 || strcmp(a->at, "EHLO") == 0;
    if (!w->fresh || w->guest == NULL || others == 0 || a->status / 100 != 4 || !early || w->guest->call.kind == MAIL_CALL_TRIES)
        return false;
    m->most = others;
    m->fewer = clock_steady() + FEWER_USEC;
    w->guest->again = false;
    w->guest->state = QUEUES;
    return true;
}

/* The connection is over. A letter that an old connection lost before it said anything about it is tried over a new one, once. */
static void wire_ended(struct mailer *m, struct wire *w) {
    struct guest *g = w->guest;
    const struct smtp_answer *a = smtp_answer(relay_smtp(w->relay));
    next_back(w);
    if (w->busy && g != NULL && !w->fresh && !w->went && !g->again && a->outcome == SMTP_RELAY && (a->status == 0 || a->status == 421)) {
        g->again = true;
        g->state = QUEUES;
    } else if (w->busy && !one_too_many(m, w, a)) {
        struct mail_reply r = reply_of(w);
        if (r.outcome == MAIL_RELAY)
            log_event(LOG_WARN, "relay_failed", LOG_TEXT("host", m->config->way.to->host), LOG_INT("port", m->config->way.to->port), LOG_INT("status", r.status), LOG_TEXT("text", r.said));
        settle(m, w, &r);
    }
    wire_close(w);
}

static void wire_hear(struct mailer *m, struct wire *w) {
    for (enum smtp_event e; w->relay != NULL && (e = relay_go_on(w->relay)) != SMTP_NOTHING;) {
        if (e == SMTP_ENDED)
            wire_ended(m, w);
        else if (e == SMTP_READY && w->busy && w->guest != NULL)
            w->guest->call.kind == MAIL_CALL_TRIES ? tried(w) : letter_begin(w);
        else if (e == SMTP_ACCEPTED && w->guest != NULL)
            ask_may_go(w);
        else if (e == SMTP_ANSWERED) {
            struct mail_reply r = reply_of(w);
            settle(m, w, &r);
        }
    }
}

/* What lies in the socket counts, however late we look. */
static void wire_turn(struct mailer *m, struct wire *w) {
    wire_hear(m, w);
    if (w->relay == NULL || !w->busy || clock_steady() < relay_until(w->relay))
        return;
    relay_late(w->relay);
    wire_hear(m, w);
}

/* Gives each letter that waits a wire: one that is idle, or a new one. */
static struct wire *wire_find(struct mailer *m, bool old) {
    for (size_t i = 0; i < WIRES_MAX; i++) {
        struct wire *w = &m->wires[i];
        if (!w->busy && (old ? w->relay != NULL && smtp_is_ready(relay_smtp(w->relay)) : w->relay == NULL))
            return w;
    }
    return NULL;
}

/* All wires are busy: behind the letter of one that takes it. */
static void letter_behind(struct mailer *m, struct guest *g) {
    struct err e;
    for (size_t i = 0; i < WIRES_MAX && !g->again; i++) {
        struct wire *w = &m->wires[i];
        if (!w->busy || w->next != NULL || w->relay == NULL || !smtp_takes_next(relay_smtp(w->relay)))
            continue;
        w->next_to = mem_text(g->to);
        if (w->next_to != NULL && letter_say(w, g, &e) == OK) {
            w->next = g;
            g->state = SENDS;
            g->waits = clock_steady();
            wire_turn(m, w);
            return;
        }
        w->next_to = text_forget(w->next_to);
    }
}

/* One that is idle, else a new one; a new one above the usual number only for who has waited. */
static struct wire *wire_for(struct mailer *m, const struct guest *g, bool *ret_old) {
    struct wire *w = g->again || g->call.kind == MAIL_CALL_TRIES ? NULL : wire_find(m, true);
    bool stalled = clock_steady() - g->waits >= STALL_USEC;
    *ret_old = w != NULL;
    if (w == NULL && wires_open(m) < wires_most(m, g->again || stalled || g->call.kind == MAIL_CALL_TRIES ? WIRES_MAX : WIRES_USUAL))
        w = wire_find(m, false);
    if (w == NULL && (w = wire_find(m, true)) != NULL)
        wire_close(w);                       /* a new one in its place */
    return w;
}

static void letter_give(struct mailer *m, struct guest *g) {
    struct err e;
    bool old = false;
    struct wire *w = wire_for(m, g, &old);
    if (w == NULL && g->call.kind == MAIL_CALL_SENDS)
        letter_behind(m, g);
    if (w == NULL)
        return;                              /* it stands behind another, or waits */
    w->to = mem_text(g->to);
    if (w->to == NULL || (!old && relay_open(&m->config->way, &w->relay, &e) != OK)) {
        const char *why = w->to == NULL ? "no memory for a letter" : e.text;
        refuse(g, MAIL_RELAY, why);
        wire_rest(w);
        return;
    }
    w->busy = true;
    w->fresh = !old;
    w->guest = g;
    w->under_way = memory_of(g);
    g->state = SENDS;
    if (old)
        letter_begin(w);
    wire_turn(m, w);
}

/* ---- what guests say */

static struct wire *wire_of(struct mailer *m, const struct guest *g) {
    for (size_t i = 0; i < WIRES_MAX; i++)
        if (m->wires[i].busy && m->wires[i].guest == g)
            return &m->wires[i];
    return NULL;
}

/* What a guest that is gone leaves: its letter goes on once it may, else it is taken back. The wire of one that stands behind another is closed when that
 * is done. */
static void guest_leaves(struct mailer *m, struct guest *g) {
    struct wire *w = wire_of(m, g);
    for (size_t i = 0; i < WIRES_MAX && w == NULL; i++)
        if (m->wires[i].next == g) {
            m->wires[i].next = NULL;
            m->wires[i].next_to = text_forget(m->wires[i].next_to);
            m->wires[i].left = true;
        }
    if (w == NULL)
        return;
    w->guest = NULL;
    if (w->went)
        return;
    w->under_way.reply = (struct mail_reply){ .outcome = MAIL_NOT_SENT };
    if (w->asked)
        remember(m, &w->under_way);
    wire_close(w);
}

/* It does not go any more; the next that asks is told so too. */
static void take_back(struct mailer *m, struct guest *o) {
    const struct memory what = { o->call.letter.id, o->call.letter.attempt, { .outcome = MAIL_NOT_SENT } };
    guest_leaves(m, o);
    remember(m, &what);
    refuse(o, MAIL_NOT_SENT, "");
}

static void guest_asks(struct mailer *m, struct guest *g) {
    const struct mail_letter *l = &g->call.letter;
    const struct mail_reply *r = recall(m, &l->id, l->attempt);
    if (r != NULL) {
        answer(g, r);
        return;
    }
    for (size_t i = 0; i < WIRES_MAX; i++) {
        struct wire *w = &m->wires[i];
        if (w->busy && w->went && same(&w->under_way, &l->id, l->attempt)) {
            w->guest = g;                    /* the orphan has a guest again, or a newer one */
            g->state = GOES;
            return;
        }
    }
    for (size_t i = 0; i < m->guest_count; i++) {        /* in hand, and not gone: whoever brought it is gone or has given it up */
        struct guest *o = m->guests[i];
        if (o != g && o->call.kind == MAIL_CALL_SENDS && o->state >= QUEUES && o->state <= ASKED && o->call.letter.attempt == l->attempt && uuid_compare(&o->call.letter.id, &l->id) == 0) {
            take_back(m, o);
            refuse(g, MAIL_NOT_SENT, "");
            return;
        }
    }
    refuse(g, MAIL_NEVER, "");
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
        answer(g, &r);
    } else {
        bool sends = g->call.kind == MAIL_CALL_SENDS;
        g->to = mem_text(sends ? g->call.letter.to : "");
        g->from = mem_text(sends ? g->call.letter.from : "");
        g->message = mem_text_n(sends ? g->call.letter.message : "", g->call.letter.len);
        g->state = QUEUES;
        g->waits = clock_steady();
        if (g->to == NULL || g->from == NULL || g->message == NULL)
            refuse(g, MAIL_LATER, "no memory for a letter");
    }
}

static void guest_hear(struct mailer *m, struct guest *g) {
    const uint8_t *frame;
    size_t len;
    struct err e;
    g->gone = ipc_fill(g->ipc, &e) != OK;
    if (g->gone || !ipc_next(g->ipc, &frame, &len))
        return;
    struct wire *w = g->state == ASKED ? wire_of(m, g) : NULL;
    if (g->state == READS) {
        guest_begins(m, g, frame, len);
    } else if (g->state == EARS) {
        ear_hears(m, g, frame, len);
    } else if (!mail_go_read(frame, len)) {
        g->gone = true;
    } else if (w != NULL) {                  /* else the relay has ended it meanwhile, which was answered */
        g->state = GOES;
        w->went = true;
        relay_finish(w->relay);
        wire_turn(m, w);
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
            guest_leaves(m, m->guests[i]);
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

/* The letter before it is stalled by the relay: it takes another way. */
static void next_leaves(struct wire *w) {
    if (w->next == NULL || clock_steady() - w->next->waits < STALL_USEC)
        return;
    w->next->again = w->left = true;
    next_back(w);
}

static void wires_turn(struct mailer *m) {
    for (size_t i = 0; i < WIRES_MAX; i++) {
        struct wire *w = &m->wires[i];
        next_leaves(w);
        if (w->relay != NULL)
            wire_turn(m, w);
        if (w->relay != NULL && !w->busy && clock_steady() - w->idle > IDLE_USEC)
            wire_close(w);
    }
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
static bool any_goes(const struct mailer *m) {
    for (size_t i = 0; i < WIRES_MAX; i++)
        if (m->wires[i].busy && m->wires[i].went)
            return true;
    return false;
}

#define LAST_USEC (5 * USEC_PER_SEC)
static void run(struct mailer *m) {
    bool stop = false, ignored = false;
    while (!stop)
        turn(m, &stop);
    for (usec_t until = clock_steady() + LAST_USEC; any_goes(m) && clock_steady() < until;) {
        turn(m, &ignored);
        (void)poll(NULL, 0, 20);             /* the signal stays */
    }
}

enum code mailer_serve(const struct mailer_config *config, struct err *reterr) {
    PRE(config != NULL && config->line_fd >= 0 && config->stop_fd >= 0 && reterr != NULL);
    struct mailer m = { .config = config, .remembered = mem_new_array(REMEMBERED, sizeof *m.remembered) };
    if (m.remembered == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the mailer");
    enum code code = config->bounces == NULL ? OK : mailer_in_new(config->listen_fd, config->way.name, config->bounces, &m.in, reterr);
    if (code == OK && config->sandbox != NULL)
        code = config->sandbox(config->arg, reterr);
    if (code == OK && config->ready != NULL)
        config->ready(config->arg);
    if (code == OK)
        run(&m);
    for (size_t i = 0; i < WIRES_MAX; i++)
        wire_close(&m.wires[i]);
    while (m.guest_count > 0)
        (void)guest_free(m.guests[--m.guest_count]);
    mailer_in_free(m.in);
    mem_free(m.remembered);
    return code;
}
