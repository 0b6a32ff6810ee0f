/* deliver_means.c — what an answer means for a letter, and when it is tried again; see deliver_int.h and the drawing of deliver.c. */
#include "crypto/crypto.h"
#include "messages/deliver_int.h"
#include "wire/mailbox.h"
#include "wire/verdict.h"

#define RELAY_WAIT (10 * USEC_PER_SEC)       /* whoever delivers waits longer the longer the relay fails; the letter has nothing to do with it */
#define FULL_WAIT (4 * USEC_PER_HOUR)        /* at least, for a mailbox that is full */
#define DOUBT_FIRST (10 * USEC_PER_MINUTE)
#define ANEW_WAIT (3 * USEC_PER_SEC)         /* of one that was stopped at its last byte: it is made anew by what stands then */

static usec_t wait_of(usec_t wait, usec_t most, int times, uint32_t random) {
    for (int i = 1; i < times && wait < most; i++)
        wait *= 2;
    if (wait > most)
        wait = most;
    return wait * 3 / 4 + (usec_t)((uint64_t)wait / 2 * (random % 1024) / 1023);
}

usec_t deliver_wait(int tries, uint32_t random) { return wait_of(2 * USEC_PER_MINUTE, 4 * USEC_PER_HOUR, tries, random); }
usec_t deliver_doubt_wait(int doubts, uint32_t random) { return wait_of(DOUBT_FIRST, DOUBT_FIRST << DOUBTS_MOST, doubts, random); }

uint32_t try_random(void) {
    uint32_t n = 0;
    crypto_random(&n, sizeof n);
    return n;
}

static const char *verb_of(const struct letter_try *t) {
    static const char *const letters[] = { [LETTER_SENT] = "letter_sent", [LETTER_BOUNCED] = "letter_bounced", [LETTER_UNKNOWN] = "letter_unknown", [LETTER_OVER] = "letter_over" };
    static const char *const messages[] = { [LETTER_SENT] = "message_sent", [LETTER_BOUNCED] = "message_bounced", [LETTER_UNKNOWN] = "message_unknown", [LETTER_OVER] = "message_over" };
    return !t->stopped.passes ? "message_refused" : try_is_message(t) ? messages[t->row.state] : letters[t->row.state];
}

/* All of it went, or may have, and nobody knows what came of it: once more, unless that was often enough. */
static void in_doubt(struct letter_try *t, usec_t now) {
    struct letter_row *r = &t->row;
    r->doubts++;
    t->next = now + deliver_doubt_wait(r->doubts, try_random());
    r->state = r->doubts >= DOUBTS_MOST || t->next >= r->until ? LETTER_UNKNOWN : LETTER_WAITING;
}

/* What the words of a mail server mean for a message: what is not for good waits, whatever the number of the answer, and what is said of us is held against nobody. */
static void weigh(struct letter_try *t) {
    struct letter_row *r = &t->row;
    if (r->channel == CHANNEL_EMAIL)         /* of a text message its provider's table has said it */
        r->verdict = (int)verdict_at((enum reply_stage)t->reply.stage, t->reply.status, t->reply.enhanced, t->reply.said);
    bool lasts = r->verdict == VERDICT_NONE || r->verdict == VERDICT_REJECT || r->verdict == VERDICT_REFUSED || r->verdict == VERDICT_MESSAGE;
    if (try_is_message(t) && t->reply.outcome == MAIL_REFUSED && !lasts)
        t->reply.outcome = MAIL_LATER;
}

/* The relay let us in, and the connection ended at this letter, over a new one too: that may be the letter, so it waits longer each time. */
static bool lost_at_letter(const struct letter_try *t) {
    const struct mail_reply *r = &t->reply;
    return t->row.channel == CHANNEL_EMAIL && r->outcome == MAIL_RELAY && r->stage > REPLY_AT_US && (r->status == 0 || r->status == 421);
}

/* 15 seconds, for a relay that was only started anew; doubled up to 4 hours. */
static usec_t lost_wait(int times, uint32_t random) { return wait_of(15 * USEC_PER_SEC, 4 * USEC_PER_HOUR, times, random); }

static enum deliver_end end_of(const struct letter_try *t) {
    enum mail_outcome o = t->reply.outcome;
    bool answered = t->reply.about && (o == MAIL_LATER || o == MAIL_REFUSED);
    if (o == MAIL_NEVER)
        return DELIVER_CUT;
    if (t->row.channel == CHANNEL_SMS)
        return o == MAIL_RELAY ? DELIVER_PROVIDER : o == MAIL_IN_DOUBT ? DELIVER_DOUBT : DELIVER_DONE;
    if (o == MAIL_RELAY)
        return lost_at_letter(t) ? DELIVER_LOST : DELIVER_RELAY;
    if (o == MAIL_IN_DOUBT)
        return DELIVER_DOUBT;
    return answered && t->row.verdict == VERDICT_SLOW ? DELIVER_SLOW : answered && t->row.verdict == VERDICT_BLOCK ? DELIVER_BLOCKED : DELIVER_DONE;
}

static enum deliver_end meaning(struct letter_try *t, usec_t now) {
    struct letter_row *r = &t->row;
    weigh(t);
    static const enum letter_state states[] = { [MAIL_SENT] = LETTER_SENT, [MAIL_REFUSED] = LETTER_BOUNCED, [MAIL_LATER] = LETTER_WAITING, [MAIL_RELAY] = LETTER_WAITING,
                                                [MAIL_IN_DOUBT] = LETTER_UNKNOWN, [MAIL_NOT_SENT] = LETTER_WAITING, [MAIL_NEVER] = LETTER_UNKNOWN };
    enum mail_outcome o = t->reply.outcome;
    r->state = states[o];
    r->status = t->reply.status;
    r->gate = 0;                             /* what stopped it once does not any more */
    t->counted = t->left == LETTER_SENDING && (o == MAIL_SENT || o == MAIL_IN_DOUBT || o == MAIL_NEVER);
    if (t->reply.about || o == MAIL_SENT || o == MAIL_REFUSED || o == MAIL_IN_DOUBT || o == MAIL_NEVER) {      /* it never went but after its recipient was taken */
        r->answers++;
        r->heard = now;
        r->losses = 0;
    }
    r->losses += lost_at_letter(t);          /* no answer: whoever waits until something was said of it waits on */
    r->said = o == MAIL_NEVER ? "cut off before the relay's answer was known" : t->reply.said;
    t->next = o == MAIL_REFUSED ? now + USEC_PER_DAY : o == MAIL_NOT_SENT ? now : lost_at_letter(t) ? now + lost_wait(r->losses, try_random()) : o == MAIL_RELAY ? now + RELAY_WAIT : now + deliver_wait(r->answers, try_random());
    if (r->verdict == VERDICT_FULL && o == MAIL_LATER && t->next < now + FULL_WAIT)
        t->next = now + FULL_WAIT;
    if (r->state == LETTER_UNKNOWN)
        in_doubt(t, now);
    t->verb = verb_of(t);
    t->ends = r->state == LETTER_SENT || r->state == LETTER_UNKNOWN || (try_is_message(t) && r->state == LETTER_BOUNCED);
    if (t->next > r->until)
        t->next = r->until;                  /* then it is given up */
    return end_of(t);
}

/* Where the charter's masks hide the domain, the words of a mail server show none either. */
static void said_masked(struct letter_try *t) {
    struct service *s = t->service;
    struct err e;
    if (s == NULL && (t->d->service == NULL || t->d->service(t->d->service_arg, t->tenant, &s, &e) != OK))
        return;
    if (charter_masks(service_charter(s)).without_domain)
        mailbox_hide_domains(t->reply.said);
}

enum code try_settle(struct letter_try *t, enum deliver_end *ret, struct err *reterr) {
    said_masked(t);
    *ret = meaning(t, clock_now());
    return try_end(t, reterr);
}

enum code try_lost(struct letter_try *t, enum deliver_end *ret, struct err *reterr) {
    t->reply = (struct mail_reply){ .outcome = MAIL_NEVER };
    return try_settle(t, ret, reterr);
}

enum code try_unfinished(struct letter_try *t, enum deliver_end *ret, struct err *reterr) {
    t->reply = (struct mail_reply){ .outcome = MAIL_NEVER };
    *ret = meaning(t, clock_now());
    if (t->row.state == LETTER_WAITING)
        t->next = clock_now();
    return try_end(t, reterr);
}

enum code try_give_up(struct letter_try *t, enum deliver_end *ret, struct err *reterr) {
    t->counted = t->left == LETTER_SENDING;
    t->row.doubts += t->counted;
    t->row.state = t->row.doubts > 0 ? LETTER_UNKNOWN : LETTER_OVER;
    t->verb = verb_of(t);
    t->ends = true;
    *ret = DELIVER_ASIDE;
    return try_end(t, reterr);
}

enum code try_give_up_as(struct letter_try *t, const char *said, enum deliver_end *ret, struct err *reterr) {
    buf_cut(&t->said, 0);                    /* a copy: it may stand in *reterr, which the write uses */
    buf_text(&t->said, said);
    t->row.said = buf_str(&t->said);
    return try_give_up(t, ret, reterr);
}

enum code try_stop(struct letter_try *t, enum deliver_end *ret, struct err *reterr) {
    t->put_off = t->row.gate != 1 + (int)t->stopped.gate;      /* looked at again it counts no second time */
    t->row.gate = 1 + (int)t->stopped.gate;
    if (t->stopped.again == 0)
        return try_give_up_as(t, t->stopped.why, ret, reterr);
    t->row.said = t->stopped.why;
    t->next = t->stopped.again < t->row.until ? t->stopped.again : t->row.until;
    *ret = DELIVER_WAITS;
    return try_end(t, reterr);
}

enum code try_anew(struct letter_try *t, enum deliver_end *ret, struct err *reterr) {
    return t->stopped.passes ? try_put_off(t, ANEW_WAIT, DELIVER_WAITS, ret, reterr) : try_stop(t, ret, reterr);
}
