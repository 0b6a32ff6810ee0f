/* mailer_wires.c — letters over connections to the relay: which one a letter takes, what is said of it there, and what came of it. Invariants: a wire has a guest or
 * an orphan (a letter that went, whose guest is gone) or is idle; what became of a letter that may have gone is remembered before its guest is told. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "prog/mailer_int.h"
#include "wire/mailbox.h"

#define STALL_USEC USEC_PER_SEC              /* so long, at least, a letter waits for a wire, or behind another, before it gets one of its own */
#define STALL_MOST (30 * USEC_PER_SEC)
#define STALL_TIMES 4                        /* of the time that the relay usually takes for its answer: one that looks through each text takes some seconds */
#define FEWER_USEC (10 * USEC_PER_MINUTE)    /* so long no more connections are made than the relay took */
#define IDLE_USEC (20 * USEC_PER_SEC)

/* ---- how long the relay takes */

static usec_t stall(const struct mailer *m) {
    usec_t t = m->usual < STALL_MOST ? m->usual * STALL_TIMES : STALL_MOST;
    return t < STALL_USEC ? STALL_USEC : t < STALL_MOST ? t : STALL_MOST;
}

static void usual_note(struct mailer *m, const struct wire *w) {
    usec_t took = clock_steady() - w->left_us;
    took = took < 1 ? 1 : took < STALL_MOST ? took : STALL_MOST;
    m->usual = m->usual == 0 ? took : (7 * m->usual + took) / 8;
}

/* ---- a wire */

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

static void letter_of(struct wire *w, const struct guest *g) {
    w->id = g->call.letter.id;
    w->attempt = g->call.letter.attempt;
}

/* What stood behind the letter that is done is under way now. */
static void wire_rest(struct wire *w) {
    (void)text_forget(w->to);
    w->to = w->next_to;
    w->guest = w->next;
    w->busy = w->next != NULL;
    w->asked = w->went = w->fresh = false;
    w->idle = clock_steady();
    if (w->busy)
        letter_of(w, w->guest);
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
    if (w->went && r->status != 0)
        usual_note(m, w);
    if (w->asked)                            /* the server may have noted that it goes, and ask */
        mailer_memory_put(m->memory, &w->id, w->attempt, r);
    if (w->guest != NULL)
        guest_answer(w->guest, r);
    wire_rest(w);
    if (w->left)
        wire_close(w);
}

/* The relay is there and takes letters: all that a guest who tries it wants to know. */
static void tried(struct wire *w) {
    struct mail_reply r = { .outcome = MAIL_SENT };
    snprintf(r.tls, sizeof r.tls, "%s", relay_tls(w->relay));
    guest_answer(w->guest, &r);
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
    guest_refuse(g, e.code == E_INVALID ? MAIL_REFUSED : MAIL_LATER, e.text);
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

/* All wires are busy: behind the letter of one that takes it, once it is known how long that takes. */
static void letter_behind(struct mailer *m, struct guest *g) {
    struct err e;
    for (size_t i = 0; i < WIRES_MAX && !g->again && !g->alone && m->usual > 0; i++) {
        struct wire *w = &m->wires[i];
        if (!w->busy || w->next != NULL || w->relay == NULL || !smtp_takes_next(relay_smtp(w->relay)) || (w->went && clock_steady() - w->left_us >= stall(m)))
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
    bool stalled = clock_steady() - g->waits >= stall(m);
    *ret_old = w != NULL;
    if (w == NULL && wires_open(m) < wires_most(m, g->again || stalled || g->call.kind == MAIL_CALL_TRIES ? WIRES_MAX : WIRES_USUAL))
        w = wire_find(m, false);
    if (w == NULL && (w = wire_find(m, true)) != NULL)
        wire_close(w);                       /* a new one in its place */
    return w;
}

void letter_give(struct mailer *m, struct guest *g) {
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
        guest_refuse(g, MAIL_RELAY, why);
        wire_rest(w);
        return;
    }
    w->busy = true;
    w->fresh = !old;
    w->guest = g;
    letter_of(w, g);
    g->state = SENDS;
    if (old)
        letter_begin(w);
    wire_turn(m, w);
}

/* ---- what becomes of a guest's letter */

static struct wire *wire_of(struct mailer *m, const struct guest *g) {
    for (size_t i = 0; i < WIRES_MAX; i++)
        if (m->wires[i].busy && m->wires[i].guest == g)
            return &m->wires[i];
    return NULL;
}

void letter_goes(struct mailer *m, struct guest *g) {
    struct wire *w = g->state == ASKED ? wire_of(m, g) : NULL;
    if (w == NULL)
        return;                              /* the relay has ended it meanwhile, which was answered */
    g->state = GOES;
    w->went = true;
    w->left_us = clock_steady();
    relay_finish(w->relay);
    wire_turn(m, w);
}

/* The wire of one that stands behind another is closed when that is done. */
static void next_gone(struct mailer *m, const struct guest *g) {
    for (size_t i = 0; i < WIRES_MAX; i++)
        if (m->wires[i].next == g) {
            m->wires[i].next = NULL;
            m->wires[i].next_to = text_forget(m->wires[i].next_to);
            m->wires[i].left = true;
        }
}

void letter_leaves(struct mailer *m, struct guest *g) {
    struct wire *w = wire_of(m, g);
    if (w == NULL) {
        next_gone(m, g);
        return;
    }
    w->guest = NULL;
    if (w->went)
        return;
    if (w->asked)
        mailer_memory_put(m->memory, &w->id, w->attempt, &(struct mail_reply){ .outcome = MAIL_NOT_SENT });
    wire_close(w);
}

bool letter_waited_for(struct mailer *m, struct guest *g, const struct uuid *id, uint32_t attempt) {
    for (size_t i = 0; i < WIRES_MAX; i++) {
        struct wire *w = &m->wires[i];
        if (w->busy && w->went && w->attempt == attempt && uuid_compare(&w->id, id) == 0) {
            w->guest = g;                    /* the orphan has a guest again, or a newer one */
            g->state = GOES;
            return true;
        }
    }
    return false;
}

/* ---- all wires */

/* The letter before it is stalled by the relay: it takes another way. */
static void next_leaves(const struct mailer *m, struct wire *w) {
    if (w->next == NULL || clock_steady() - w->next->waits < stall(m))
        return;
    w->next->alone = w->left = true;
    next_back(w);
}

void wires_turn(struct mailer *m) {
    for (size_t i = 0; i < WIRES_MAX; i++) {
        struct wire *w = &m->wires[i];
        next_leaves(m, w);
        if (w->relay != NULL)
            wire_turn(m, w);
        if (w->relay != NULL && !w->busy && clock_steady() - w->idle > IDLE_USEC)
            wire_close(w);
    }
}

void wires_close(struct mailer *m) {
    for (size_t i = 0; i < WIRES_MAX; i++)
        wire_close(&m->wires[i]);
}

bool wires_any_went(const struct mailer *m) {
    for (size_t i = 0; i < WIRES_MAX; i++)
        if (m->wires[i].busy && m->wires[i].went)
            return true;
    return false;
}
