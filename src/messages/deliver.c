/* deliver.c — see deliver.h. What becomes of a letter:
 *
 *   WAITING, BOUNCED --go--> SENDING --taken--> SENT
 *        ^                      |----refused--> BOUNCED; one that a duty orders is tried again after a day
 *        |                      |----not now--> WAITING, tried again later
 *        +--- before its time   +----no answer-> WAITING, in doubt: again with the same Message-ID; after DOUBTS_MOST of them UNKNOWN
 *   after its time: OVER, and UNKNOWN where one was in doubt. A message that a gate stops: WAITING until then, or OVER */
#include "messages/deliver.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "ledger/ledger.h"
#include "messages/compose.h"
#include "messages/settled.h"
#include "messages/unsubscribe.h"
#include "messages/verp.h"
#include "records/post.h"
#include "wire/gsm.h"
#include "wire/mailbox.h"
#include "wire/mime.h"
#include "wire/verdict.h"

#define SENDING_LOOK (5 * USEC_PER_SEC)      /* when a letter that is under way is looked for, where nobody has it in hand (postman.h) any more */
#define AWAY_WAIT (2 * USEC_PER_SEC)
#define TENANT_WAIT USEC_PER_MINUTE            /* its tenant opens no more keys now */
#define LEFT "whom it would go to belongs to the tenant no more"
#define RELAY_WAIT (10 * USEC_PER_SEC)       /* whoever delivers waits longer the longer the relay fails; the letter has nothing to do with it */
#define BLOB_MAX ((size_t)2 << 20)
#define FULL_WAIT (4 * USEC_PER_HOUR)          /* at least, for a mailbox that is full */
#define DOUBTS_MOST 4
#define DOUBT_FIRST (10 * USEC_PER_MINUTE)

/* One try. */
struct letter_try { const struct deliver *d; struct letter_row row; enum letter_state left; int left_tries; /* as this try has left it in the store */ struct buf cause, said, blob, purpose, receipt; usec_t next; const char *verb; struct mail_reply reply; bool ends;
                    /* of a message */ struct service *service; struct outgoing out; bool made, put_off; struct gate_verdict stopped; struct settled settled; };

static struct letter_try try_of(const struct deliver *d) {
    return (struct letter_try){ .d = d, .cause = BUF(200), .said = BUF(4096), .blob = BUF(BLOB_MAX), .purpose = BUF(1024), .receipt = BUF(1024), .out = OUTGOING, .stopped = { .passes = true } };
}
static void try_done(struct letter_try *t) {
    buf_done(&t->cause);
    buf_done(&t->said);
    buf_done(&t->purpose);
    buf_done(&t->receipt);
    buf_wipe(&t->blob);
    outgoing_done(&t->out);
    settled_done(&t->settled);
}
DEFINE_AUTO_VALUE(struct letter_try, try_done)

static usec_t wait_of(usec_t wait, usec_t most, int times, uint32_t random) {
    for (int i = 1; i < times && wait < most; i++)
        wait *= 2;
    if (wait > most)
        wait = most;
    return wait * 3 / 4 + (usec_t)((uint64_t)wait / 2 * (random % 1024) / 1023);
}

usec_t deliver_wait(int tries, uint32_t random) { return wait_of(2 * USEC_PER_MINUTE, 4 * USEC_PER_HOUR, tries, random); }
usec_t deliver_doubt_wait(int doubts, uint32_t random) { return wait_of(DOUBT_FIRST, DOUBT_FIRST << DOUBTS_MOST, doubts, random); }

static uint32_t any_number(void) {
    uint32_t n = 0;
    crypto_random(&n, sizeof n);
    return n;
}

static bool row_take(const struct letter_row *r, void *arg) {
    struct letter_try *t = arg;
    t->row = *r;
    buf_text(&t->cause, r->cause);
    buf_text(&t->said, r->said);
    buf_text(&t->purpose, r->purpose);
    buf_text(&t->receipt, r->receipt);
    buf_add(&t->blob, r->blob, r->len);
    return false;
}

static enum code row_read(struct letter_try *t, int64_t tenant, const struct uuid *id, struct err *reterr) {
    struct view *v = NULL;
    enum code code = store_view(t->d->store, tenant, &v, reterr);
    if (code == OK)
        code = letter_get(view_sql(v), id, row_take, t, reterr);
    v = view_end(v);
    t->left = t->row.state;
    t->left_tries = t->row.tries;
    if (code == OK && (t->cause.failed || t->said.failed || t->blob.failed || t->purpose.failed || t->receipt.failed))
        code = err_set(reterr, E_MEMORY, "no memory for a letter");
    t->row.cause = buf_str(&t->cause);
    t->row.said = buf_str(&t->said);
    t->row.purpose = buf_str(&t->purpose);
    t->row.receipt = buf_str(&t->receipt);
    t->row.blob = t->blob.data;
    return code;
}

/* ---- what is written */

struct seen { enum letter_state state; int tries; bool open; };
static bool seen_take(const struct letter_row *r, void *arg) {
    *(struct seen *)arg = (struct seen){ r->state, r->tries, letter_is_open(r) };
    return false;
}

/* Is it still as this try has left it? Another one's, or its end, comes first. */
static enum code unchanged(struct txn *x, const struct letter_try *t, struct err *reterr) {
    struct seen s = { LETTER_OVER, 0, false };
    enum code code = letter_get(txn_sql(x), &t->row.id, seen_take, &s, reterr);
    return code != OK || (s.state == t->left && s.tries == t->left_tries && s.open) ? code : err_set(reterr, E_CONFLICT, "this letter was sent or ended meanwhile");
}

struct going { struct letter_try *t; int64_t tenant; };

static enum code go_write(struct txn *x, void *arg, struct err *reterr) {
    const struct going *g = arg;
    struct letter_row r = g->t->row;
    enum code code = g->t->left == r.state && g->t->left_tries == r.tries ? unchanged(x, g->t, reterr) : err_set(reterr, E_CONFLICT, "this try of the letter goes already");
    r.state = LETTER_SENDING;
    r.tries++;
    r.tried = txn_now(x);
    return code == OK ? letter_set(x, &r, txn_now(x) + SENDING_LOOK, reterr) : code;
}

/* The mailer asks: may it go? */
static enum code may_go(void *arg, struct err *reterr) {
    const struct going *g = arg;
    enum code code = store_write(g->t->d->store, g->tenant, go_write, arg, reterr);
    if (code == OK) {
        g->t->left = LETTER_SENDING;
        g->t->left_tries = g->t->row.tries + 1;
    }
    return code;
}

static bool is_message(const struct letter_try *t) { return t->row.kind > 0; }

static json_t *entry_of(const struct letter_try *t) {
    const struct mail_reply *r = &t->reply;
    bool stopped = !t->stopped.passes;
    const char *host = t->row.channel == CHANNEL_EMAIL ? t->d->way.relay : t->d->sms == NULL ? NULL : t->d->sms->host;
    return json_pack("{s:s, s:I, s:s, s:i, s:s*, s:s*, s:i, s:s*, s:s*}", "cause", t->row.cause, "about", (json_int_t)t->row.about, "relay", host == NULL ? "" : host, "tries", t->row.tries,
                     "tls", r->tls[0] == 0 ? NULL : r->tls, "enhanced", r->enhanced[0] == 0 ? NULL : r->enhanced, "status", r->status,
                     "gate", stopped ? gate_name(t->stopped.gate) : NULL, "why", stopped ? t->stopped.why : NULL);
}

static enum code end_write(struct txn *x, void *arg, struct err *reterr) {
    struct going *g = arg;
    struct letter_try *t = g->t;
    struct letter_row r = t->row;            /* a copy: this may run twice */
    json_t *entry = t->verb == NULL ? NULL : entry_of(t);
    enum code code = unchanged(x, t, reterr);
    if (code == OK)
        code = t->ends ? post_end(x, &r, reterr) : letter_set(x, &r, t->next, reterr);
    if (code == OK && !t->stopped.passes && t->ends)
        code = gate_count(x, &t->out.ask, &t->stopped, reterr);
    else if (code == OK && !t->stopped.passes && t->put_off)
        code = gate_put_off(x, &t->out.ask, &t->stopped, reterr);
    if (code == OK && t->settled.service != NULL)
        code = settled_write(x, &t->settled, reterr);
    if (code == OK && t->verb != NULL)
        code = ledger_append(x, t->verb, "sejf", entry, reterr);
    json_decref(entry);
    return code;
}

static enum code end_put(struct letter_try *t, int64_t tenant, struct err *reterr) {
    struct going g = { t, tenant };
    enum code code = OK;
    if (is_message(t) && t->service != NULL) {
        t->settled = (struct settled){ t->service, tenant, &t->row, t->made ? &t->out : NULL, t->reply.tls, t->reply.enhanced, t->ends, { NULL } };
        code = settled_prepare(&t->settled, reterr);
    }
    return code == OK ? store_write(t->d->store, tenant, end_write, &g, reterr) : code;
}

/* ---- what it means */

static const char *verb_of(const struct letter_try *t) {
    static const char *const letters[] = { [LETTER_SENT] = "letter_sent", [LETTER_BOUNCED] = "letter_bounced", [LETTER_UNKNOWN] = "letter_unknown", [LETTER_OVER] = "letter_over" };
    static const char *const messages[] = { [LETTER_SENT] = "message_sent", [LETTER_BOUNCED] = "message_bounced", [LETTER_UNKNOWN] = "message_unknown", [LETTER_OVER] = "message_over" };
    return !t->stopped.passes ? "message_refused" : is_message(t) ? messages[t->row.state] : letters[t->row.state];
}

/* All of it went, or may have, and nobody knows what came of it: once more, unless that was often enough. */
static void in_doubt(struct letter_try *t, usec_t now) {
    struct letter_row *r = &t->row;
    r->doubts++;
    t->next = now + deliver_doubt_wait(r->doubts, any_number());
    r->state = r->doubts >= DOUBTS_MOST || t->next >= r->until ? LETTER_UNKNOWN : LETTER_WAITING;
}

/* What the words of a mail server mean for a message: what is not for good waits, whatever the number of the answer, and what is said of us is held against nobody. */
static void weigh(struct letter_try *t) {
    struct letter_row *r = &t->row;
    if (r->channel == CHANNEL_EMAIL)         /* of a text message its provider's table has said it */
        r->verdict = (int)verdict_at((enum reply_stage)t->reply.stage, t->reply.status, t->reply.enhanced, t->reply.said);
    bool lasts = r->verdict == VERDICT_NONE || r->verdict == VERDICT_REJECT || r->verdict == VERDICT_REFUSED || r->verdict == VERDICT_MESSAGE;
    if (is_message(t) && t->reply.outcome == MAIL_REFUSED && !lasts)
        t->reply.outcome = MAIL_LATER;
}

/* The relay let us in, and the connection ended at this letter, over a new one too: that may be the letter, so it waits as one that was answered. */
static bool lost_at_letter(const struct letter_try *t) {
    const struct mail_reply *r = &t->reply;
    return t->row.channel == CHANNEL_EMAIL && r->outcome == MAIL_RELAY && r->stage > REPLY_AT_US && (r->status == 0 || r->status == 421);
}

static enum deliver_end end_of(const struct letter_try *t) {
    enum mail_outcome o = t->reply.outcome;
    bool answered = t->reply.about && (o == MAIL_LATER || o == MAIL_REFUSED);
    if (t->row.channel == CHANNEL_SMS)
        return o == MAIL_RELAY ? DELIVER_PROVIDER : DELIVER_ASIDE;   /* a provider of text messages keeps no mail waiting, and tells nothing of the relay */
    if (o == MAIL_RELAY)
        return lost_at_letter(t) ? DELIVER_LOST : DELIVER_RELAY;
    if (o == MAIL_IN_DOUBT || o == MAIL_NEVER)
        return DELIVER_DOUBT;
    return answered && t->row.verdict == VERDICT_SLOW ? DELIVER_SLOW : answered && t->row.verdict == VERDICT_BLOCK ? DELIVER_BLOCKED : DELIVER_DONE;
}

/* t->row.tries counts this try already. */
static enum deliver_end meaning(struct letter_try *t, usec_t now) {
    struct letter_row *r = &t->row;
    weigh(t);
    static const enum letter_state states[] = { [MAIL_SENT] = LETTER_SENT, [MAIL_REFUSED] = LETTER_BOUNCED, [MAIL_LATER] = LETTER_WAITING, [MAIL_RELAY] = LETTER_WAITING,
                                                [MAIL_IN_DOUBT] = LETTER_UNKNOWN, [MAIL_NOT_SENT] = LETTER_WAITING, [MAIL_NEVER] = LETTER_UNKNOWN };
    enum mail_outcome o = t->reply.outcome;
    r->state = states[o];
    r->status = t->reply.status;
    if (t->reply.about || lost_at_letter(t) || o == MAIL_SENT || o == MAIL_REFUSED || o == MAIL_IN_DOUBT || o == MAIL_NEVER) {      /* it never went but after its recipient was taken */
        r->answers++;
        r->heard = now;
    }
    r->said = o == MAIL_NEVER ? "cut off before the relay's answer was known" : t->reply.said;
    t->next = o == MAIL_REFUSED ? now + USEC_PER_DAY : o == MAIL_NOT_SENT ? now : o == MAIL_RELAY && !lost_at_letter(t) ? now + RELAY_WAIT : now + deliver_wait(r->answers, any_number());
    if (r->verdict == VERDICT_FULL && o == MAIL_LATER && t->next < now + FULL_WAIT)
        t->next = now + FULL_WAIT;
    if (r->state == LETTER_UNKNOWN)
        in_doubt(t, now);
    t->verb = verb_of(t);
    t->ends = r->state == LETTER_SENT || r->state == LETTER_UNKNOWN || (is_message(t) && r->state == LETTER_BOUNCED);
    if (t->next > r->until)
        t->next = r->until;                  /* then it is given up */
    return end_of(t);
}

/* Where the charter's masks hide the domain, the words of a mail server show none either. */
static void said_masked(struct letter_try *t, int64_t tenant) {
    struct service *s = t->service;
    struct err e;
    if (s == NULL && (t->d->service == NULL || t->d->service(t->d->service_arg, tenant, &s, &e) != OK))
        return;
    if (charter_masks(service_charter(s)).without_domain)
        mailbox_hide_domains(t->reply.said);
}

static enum code settled(struct letter_try *t, int64_t tenant, enum deliver_end *ret, struct err *reterr) {
    said_masked(t, tenant);
    *ret = meaning(t, clock_now());
    return end_put(t, tenant, reterr);
}

/* Given up, because its time is over, its text or its record is gone, or a gate refuses it. One that may have arrived says so. */
static enum code give_up(struct letter_try *t, int64_t tenant, enum deliver_end *ret, struct err *reterr) {
    t->row.state = t->row.doubts > 0 ? LETTER_UNKNOWN : LETTER_OVER;
    t->verb = verb_of(t);
    t->ends = true;
    *ret = DELIVER_ASIDE;
    return end_put(t, tenant, reterr);
}

static enum code give_up_as(struct letter_try *t, int64_t tenant, const char *said, enum deliver_end *ret, struct err *reterr) {
    buf_cut(&t->said, 0);                    /* a copy: it may stand in *reterr, which the write uses */
    buf_text(&t->said, said);
    t->row.said = buf_str(&t->said);
    return give_up(t, tenant, ret, reterr);
}

struct waiting { const struct letter_try *t; usec_t wait; };
static enum code put_off_write(struct txn *x, void *arg, struct err *reterr) {
    const struct waiting *w = arg;
    enum code code = unchanged(x, w->t, reterr);
    return code == OK ? letter_next_set(x, &w->t->row.id, txn_now(x) + w->wait, reterr) : code;
}

/* Nothing was tried, for the mailer is away, or its tenant opens nothing: as it is, a moment later. */
static enum code put_off(struct letter_try *t, int64_t tenant, usec_t wait, enum deliver_end end, enum deliver_end *ret, struct err *reterr) {
    *ret = end;
    return store_write(t->d->store, tenant, put_off_write, &(struct waiting){ t, wait }, reterr);
}

/* What led to a letter that is not there: its tenant is closing. */
static enum code forget_write(struct txn *x, void *arg, struct err *reterr) { return letter_next_set(x, arg, USEC_NEVER, reterr); }
static enum code forget(const struct deliver *d, int64_t tenant, const struct uuid *id, enum deliver_end *ret, struct err *reterr) {
    struct uuid gone = *id;
    *ret = DELIVER_WAITS;
    return store_write(d->store, tenant, forget_write, &gone, reterr);
}

static enum code ask_for_it(struct letter_try *t, int64_t tenant, enum deliver_end *ret, struct err *reterr) {
    enum code code = t->d->way.ask(t->d->way.arg, &t->row.id, (uint32_t)t->row.tries, &t->reply, reterr);
    if (code == E_PEER)
        return put_off(t, tenant, AWAY_WAIT, DELIVER_AWAY, ret, reterr);
    return code == OK ? settled(t, tenant, ret, reterr) : code;
}

/* ---- a mail */

static enum code hand_over(struct letter_try *t, int64_t tenant, const char *to, const char *from, const struct buf *message, enum deliver_end *ret, struct err *reterr) {
    struct going g = { t, tenant };
    bool went = false;
    const struct mail_letter l = { t->row.id, (uint32_t)t->row.tries + 1, to, from, message->data, message->len };
    enum code code = t->d->way.send(t->d->way.arg, &l, may_go, &g, &went, &t->reply, reterr);
    if (went) {
        t->row.state = LETTER_SENDING;
        t->row.tries++;
        t->row.tried = clock_now();
        return code == OK ? settled(t, tenant, ret, reterr) : ask_for_it(t, tenant, ret, reterr);
    }
    if (code == E_PEER)
        return put_off(t, tenant, AWAY_WAIT, DELIVER_AWAY, ret, reterr);
    if (code == E_TOO_LARGE)
        return give_up(t, tenant, ret, reterr);
    if (code != OK)
        return code;
    t->row.tries++;
    t->row.tried = clock_now();
    return settled(t, tenant, ret, reterr);
}

/* ---- a letter of a duty */

static const char *member(const json_t *o, const char *name) { return json_string_value(json_object_get(o, name)); }

static enum code letter_make(const struct letter_try *t, const json_t *post, struct buf *ret, struct err *reterr) {
    const json_t *file = json_object_get(post, "file");
    const char *bytes = file == NULL ? NULL : member(file, "bytes");
    AUTO(buf_wipe) struct buf plain = BUF(BASE64URL_ROOM(POST_FILE_MAX) + 1);        /* what is decoded needs the room of its text */
    char id[UUID_TEXT];
    struct mime_letter l = { .from = t->d->way.from, .from_name = t->d->way.from_name, .to = member(post, "to"), .to_name = member(post, "to_name"), .id = uuid_format(&t->row.id, id),
                             .lang = member(post, "lang"), .made = t->row.made, .subject = member(post, "subject"), .text = member(post, "text") };
    if (l.to == NULL || l.subject == NULL || l.text == NULL || (file != NULL && bytes == NULL))
        return err_set(reterr, E_DAMAGED, "a letter is damaged");
    if (file != NULL) {
        size_t len = strlen(bytes), got = 0;
        char *room = buf_more(&plain, len + 1);
        if (room == NULL)
            return err_set(reterr, E_MEMORY, "no memory for a letter");
        if (!base64url_decode(bytes, len, room, len + 1, &got))
            return err_set(reterr, E_DAMAGED, "a letter is damaged");
        l.file = room;
        l.file_len = got;
        l.file_name = member(file, "name");
        l.file_type = member(file, "type");
    }
    return mail_signed(t->d->way.dkim, &l, ret, reterr);
}

/* May it still go to whom it was meant for? */
static enum code still_theirs(const struct letter_try *t, int64_t tenant, bool *ret, struct err *reterr) {
    *ret = true;
    return t->d->belongs == NULL || uuid_is_null(&t->row.whom) ? OK : t->d->belongs(t->d->belongs_arg, tenant, &t->row.whom, ret, reterr);
}

static enum code letter_try(struct letter_try *t, int64_t tenant, enum deliver_end *ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf message = BUF(MAIL_MESSAGE_MAX);
    json_t *post = NULL;
    bool theirs = true;
    enum code code = still_theirs(t, tenant, &theirs, reterr);
    if (code != OK)
        return put_off(t, tenant, TENANT_WAIT, DELIVER_WAITS, ret, reterr);
    if (!theirs)
        return give_up_as(t, tenant, LEFT, ret, reterr);
    code = post_open(t->d->keeper, tenant, &t->row, &post, reterr);
    if (code == OK && (code = letter_make(t, post, &message, reterr)) == OK)
        code = hand_over(t, tenant, member(post, "to"), "", &message, ret, reterr);
    else if (post != NULL ? code != E_MEMORY : code == E_GONE || code == E_DAMAGED)
        code = give_up(t, tenant, ret, reterr);              /* it never makes a message */
    else if (code == E_TOO_MANY)
        code = put_off(t, tenant, TENANT_WAIT, DELIVER_WAITS, ret, reterr);
    json_decref(post);
    return code;
}

/* ---- a message */

static enum code stopped(struct letter_try *t, int64_t tenant, enum deliver_end *ret, struct err *reterr) {
    t->put_off = t->row.gate != 1 + (int)t->stopped.gate;      /* looked at again it counts no second time */
    t->row.gate = 1 + (int)t->stopped.gate;
    if (t->stopped.again == 0)
        return give_up_as(t, tenant, t->stopped.why, ret, reterr);
    t->row.said = t->stopped.why;
    t->next = t->stopped.again < t->row.until ? t->stopped.again : t->row.until;
    *ret = DELIVER_WAITS;
    return end_put(t, tenant, reterr);
}

static enum code mail_make(struct letter_try *t, struct buf *ret, struct err *reterr) {
    const struct deliver_way *w = &t->d->way;
    struct compose_way look = { .from = w->from, .from_name = w->from_name, .dkim = w->dkim };
    if (t->d->brand != NULL)
        look.brand = t->d->brand(t->d->service_arg, t->service);
    return compose_mail(&look, &t->row, &t->out, ret, reterr);
}

/* What of a mail is neither its text nor its address: how to leave, and where its bounces come. */
static enum code mail_around(struct letter_try *t, int64_t tenant, struct err *reterr) {
    struct outgoing *o = &t->out;
    const struct deliver_way *w = &t->d->way;
    enum code code = w->base_url == NULL ? OK : unsubscribe_headers(t->service, tenant, &t->row, o->who, w->base_url, &o->headers, reterr);
    return code == OK && w->bounces != NULL ? verp_make(t->service, tenant, &t->row.id, w->bounces, o->envelope_from, reterr) : code;
}

/* ---- a text message: the provider knows it by the id of the letter, so what is in doubt is asked for before it goes again */

static enum code sms_settled(struct letter_try *t, int64_t tenant, const struct sms_reply *r, enum deliver_end *ret, struct err *reterr) {
    t->reply = r->mail;
    t->row.verdict = (int)r->verdict;
    if (r->receipt[0] != 0) {
        buf_cut(&t->receipt, 0);
        buf_text(&t->receipt, r->receipt);
        t->row.receipt = buf_str(&t->receipt);
    }
    return settled(t, tenant, ret, reterr);
}

/* Of which try nobody knows, the first and the last? That of the first is not kept: what is told is no later than it was. */
static struct sms_question question_of(const struct letter_try *t, int64_t tenant) {
    const struct letter_row *r = &t->row;
    const usec_t now = clock_now(), earliest = r->begins > r->made ? r->begins : r->made;
    return (struct sms_question){ .tenant = tenant, .id = r->id, .first = now - (r->doubts > 0 ? earliest : r->tried), .last = now - r->tried };
}

/* *ret_known false: the provider has not got it. */
static enum code sms_ask(struct letter_try *t, int64_t tenant, bool *ret_known, enum deliver_end *ret, struct err *reterr) {
    struct sms_reply r = { .mail = { .outcome = MAIL_RELAY } };
    const struct sms_question q = question_of(t, tenant);
    enum code code = t->d->sms->ask(t->d->sms->arg, &q, &r, reterr);
    *ret_known = true;
    if (code == E_PEER || (code == OK && r.mail.outcome == MAIL_RELAY))
        return put_off(t, tenant, TENANT_WAIT, code == OK ? DELIVER_PROVIDER : DELIVER_WAITS, ret, reterr);
    if (code != OK)
        return code;
    if (r.mail.outcome == MAIL_IN_DOUBT) {   /* it would take a second one by now */
        t->row.doubts += t->row.doubts == 0;
        return give_up_as(t, tenant, "its provider can no more be asked, and would take it a second time", ret, reterr);
    }
    *ret_known = r.mail.outcome != MAIL_NOT_SENT && (r.mail.outcome != MAIL_NEVER || t->row.state == LETTER_SENDING);       /* who cannot say is given it again, later */
    return *ret_known ? sms_settled(t, tenant, &r, ret, reterr) : OK;
}

static enum code sms_hand_over(struct letter_try *t, int64_t tenant, enum deliver_end *ret, struct err *reterr) {
    struct going g = { t, tenant };
    struct gsm_measure m;
    struct sms_reply r = { .mail = { .outcome = MAIL_IN_DOUBT, .said = "the provider's answer never came" } };
    bool went = false;
    if (!gsm_measure(buf_str(&t->out.text), t->out.text.len, &m))
        return give_up_as(t, tenant, "its text cannot stand in a text message", ret, reterr);
    const struct sms_letter l = { .tenant = tenant, .id = t->row.id, .to = t->out.to, .text = buf_str(&t->out.text), .unicode = m.encoding == GSM_SIXTEEN, .parts = m.parts };
    enum code code = t->d->sms->send(t->d->sms->arg, &l, may_go, &g, &went, &r, reterr);
    if (!went && code == E_PEER)
        return put_off(t, tenant, TENANT_WAIT, DELIVER_WAITS, ret, reterr);
    if (!went && code != OK)
        return code;
    t->row.state = went ? LETTER_SENDING : t->row.state;
    t->row.tries++;
    t->row.tried = clock_now();
    return sms_settled(t, tenant, &r, ret, reterr);
}

static enum code sms_send(struct letter_try *t, int64_t tenant, enum deliver_end *ret, struct err *reterr) {
    bool known = false;
    enum code code = t->row.doubts > 0 ? sms_ask(t, tenant, &known, ret, reterr) : OK;
    return code == OK && !known ? sms_hand_over(t, tenant, ret, reterr) : code;
}

/* Found on its way, after a cut: the provider has it, or it goes again. */
static enum code sms_found(struct letter_try *t, int64_t tenant, enum deliver_end *ret, struct err *reterr) {
    bool known = true;
    enum code code = t->d->sms == NULL ? put_off(t, tenant, TENANT_WAIT, DELIVER_WAITS, ret, reterr) : sms_ask(t, tenant, &known, ret, reterr);
    if (code != OK || known)
        return code;
    t->reply = (struct mail_reply){ .outcome = MAIL_NOT_SENT };
    return settled(t, tenant, ret, reterr);
}

static enum code message_send(struct letter_try *t, int64_t tenant, enum deliver_end *ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf message = BUF(MAIL_MESSAGE_MAX);
    if (t->out.text.len == 0)
        return give_up_as(t, tenant, "it has no text", ret, reterr);
    if (t->row.channel == CHANNEL_SMS)
        return sms_send(t, tenant, ret, reterr);
    enum code code = mail_around(t, tenant, reterr);
    if (code == OK)
        code = mail_make(t, &message, reterr);
    if (code == OK)
        return hand_over(t, tenant, t->out.to, t->out.envelope_from, &message, ret, reterr);
    return code == E_INVALID || code == E_TOO_LARGE ? give_up_as(t, tenant, reterr->text, ret, reterr) : code;
}

static enum code message_try(struct letter_try *t, int64_t tenant, enum deliver_end *ret, struct err *reterr) {
    usec_t ahead = t->row.begins - clock_now();
    if (ahead > 0)
        return put_off(t, tenant, ahead < USEC_PER_DAY ? ahead : USEC_PER_DAY, DELIVER_WAITS, ret, reterr);
    enum code code = outgoing_make(t->service, tenant, &t->row, &t->out, &t->stopped, reterr);
    if (code == E_TOO_MANY || code == E_BUSY)
        return put_off(t, tenant, TENANT_WAIT, DELIVER_WAITS, ret, reterr);
    if (code == E_NOT_FOUND || code == E_GONE || code == E_DAMAGED || code == E_INVALID)
        return give_up_as(t, tenant, reterr->text, ret, reterr);
    if (code != OK)
        return code;
    t->made = true;
    return t->stopped.passes ? message_send(t, tenant, ret, reterr) : stopped(t, tenant, ret, reterr);
}

/* ---- a try */

static bool clock_is_doubted(const struct deliver *d) { return d->clock_held != NULL && d->clock_held(d->store); }

/* By which a message is made, and what counts it: without it the message waits, or ends uncounted. */
static bool service_find(struct letter_try *t, int64_t tenant) {
    struct err e;
    return !is_message(t) || (t->d->service != NULL && t->d->service(t->d->service_arg, tenant, &t->service, &e) == OK);
}

enum code deliver_one(const struct deliver *d, int64_t tenant, const struct uuid *id, enum deliver_end *ret, struct err *reterr) {
    PRE(d != NULL && id != NULL && ret != NULL && reterr != NULL);
    AUTO(try_done) struct letter_try t = try_of(d);
    enum code code = row_read(&t, tenant, id, reterr);
    if (code == E_NOT_FOUND)
        return forget(d, tenant, id, ret, reterr);
    if (code != OK)
        return code;
    bool over = (clock_now() >= t.row.until && !clock_is_doubted(d)) || !letter_is_open(&t.row);
    if (!service_find(&t, tenant) && !over)
        return put_off(&t, tenant, TENANT_WAIT, DELIVER_WAITS, ret, reterr);
    if (t.row.state == LETTER_SENDING && t.row.channel == CHANNEL_SMS)
        return sms_found(&t, tenant, ret, reterr);
    if (t.row.state == LETTER_SENDING && d->way.ask != NULL)
        return ask_for_it(&t, tenant, ret, reterr);
    if (over)
        return give_up(&t, tenant, ret, reterr);
    if (t.row.channel == CHANNEL_SMS ? d->sms == NULL : d->way.send == NULL)
        return put_off(&t, tenant, TENANT_WAIT, DELIVER_WAITS, ret, reterr);
    return is_message(&t) ? message_try(&t, tenant, ret, reterr) : letter_try(&t, tenant, ret, reterr);
}

/* ---- without a relay */

enum code deliver_over(const struct deliver *d, int64_t tenant, const struct uuid *id, struct err *reterr) {
    PRE(d != NULL && id != NULL && reterr != NULL);
    AUTO(try_done) struct letter_try t = try_of(d);
    enum deliver_end ignored;
    enum code code = row_read(&t, tenant, id, reterr);
    if (code == E_NOT_FOUND)
        return OK;
    if (code != OK || !letter_is_open(&t.row) || clock_now() < t.row.until || clock_is_doubted(d))
        return code;
    (void)service_find(&t, tenant);
    if (t.row.state != LETTER_SENDING)
        return give_up(&t, tenant, &ignored, reterr);
    t.reply.outcome = MAIL_NEVER;            /* it had gone, and who knew of it is no more */
    return settled(&t, tenant, &ignored, reterr);
}
