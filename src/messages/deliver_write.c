/* deliver_write.c — what a try reads and writes; see deliver_int.h. Invariant: a try writes only over what it has read or written itself, so of two tries of one
 * letter, and of a try and whoever ends the letter, one alone is written down. */
#include <string.h>

#include "crypto/crypto.h"
#include "ledger/ledger.h"
#include "messages/deliver_int.h"
#include "records/may_send.h"
#include "records/post.h"
#include "store/rows.h"
#include "store/suppress.h"

#define SENDING_LOOK (5 * USEC_PER_SEC)      /* when a mail that is under way is looked for, where nobody has it in hand (postman.h) any more */
#define BLOB_MAX ((size_t)2 << 20)
#define ASKED_LASTS (10 * USEC_PER_SEC)      /* gates that were asked longer ago are asked once more before the last byte */

struct letter_try try_of(const struct deliver *d, int64_t tenant) {
    return (struct letter_try){ .d = d, .tenant = tenant, .cause = BUF(200), .said = BUF(4096), .blob = BUF(BLOB_MAX), .purpose = BUF(1024), .receipt = BUF(1024), .out = OUTGOING, .stopped = { .passes = true } };
}

void try_done(struct letter_try *t) {
    buf_done(&t->cause);
    buf_done(&t->said);
    buf_done(&t->purpose);
    buf_done(&t->receipt);
    buf_wipe(&t->blob);
    outgoing_done(&t->out);
    settled_done(&t->settled);
}

bool try_is_message(const struct letter_try *t) { return t->row.kind > 0; }
bool try_clock_doubted(const struct deliver *d) { return d->clock_held != NULL && d->clock_held(d->store); }

/* ---- what is read */

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

enum code try_read(struct letter_try *t, const struct uuid *id, struct err *reterr) {
    struct view *v = NULL;
    enum code code = store_view(t->d->store, t->tenant, &v, reterr);
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

bool try_service(struct letter_try *t) {
    struct err e;
    return !try_is_message(t) || (t->d->service != NULL && t->d->service(t->d->service_arg, t->tenant, &t->service, &e) == OK);
}

/* ---- may it go? */

uint32_t try_attempt(struct letter_try *t) {
    do
        crypto_random(&t->attempt, sizeof t->attempt);
    while (t->attempt == 0 || t->attempt == t->row.attempt);
    return t->attempt;
}

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

/* Whatever the person, or whoever has its record, did since the gates were asked comes first: its record stands as it was, and the list of those who get nothing says of it what
 * it said then. */
static enum code still_stands(struct txn *x, const struct outgoing *o, const struct letter_row *r, struct err *reterr) {
    struct row now;
    uint64_t barred = 0;
    enum code code = row_get(txn_sql(x), r->kind, &r->record, &now, reterr);
    if (code == E_NOT_FOUND || code == E_GONE)
        return err_set(reterr, E_STALE, "the record of this message was erased meanwhile");
    if (code == OK && (now.version != o->version || now.restricted != o->marks.restricted || now.objected != o->marks.objected || now.unconfirmed != o->marks.unconfirmed))
        return err_set(reterr, E_STALE, "the record of this message was changed meanwhile");
    const struct locked_ask consent = { .tenant = o->ask.tenant, .kind = o->ask.kind, .id = r->record, .born = code == OK ? now.born : 0, .purpose = o->ask.purpose };
    bool locked = false;
    if (code == OK)
        code = may_send_locked(o->ask.service, txn_sql(x), &consent, &locked, reterr);
    if (code == OK && locked)
        return err_set(reterr, E_STALE, "the person took the consent to this back, meanwhile");
    if (code == OK)
        code = outgoing_barred(txn_sql(x), r->channel, o->who, &barred, reterr);
    return code == OK && barred != o->barred ? err_set(reterr, E_STALE, "what stands of the person on the list of those who get nothing was changed meanwhile") : code;
}

/* To whom it goes is written down before it goes: whoever hears of it finds that, whatever is cut off behind this. */
static enum code whom_write(struct txn *x, const struct letter_try *t, struct err *reterr) {
    struct letter_who w = { .letter = t->row.id, .channel = (int)t->row.channel };
    memcpy(w.who, t->out.who, sizeof w.who);
    return letter_who_put(x, &w, reterr);
}

static enum code go_write(struct txn *x, void *arg, struct err *reterr) {
    const struct letter_try *t = arg;
    struct letter_row r = t->row;
    enum code code = t->left == r.state && t->left_tries == r.tries ? unchanged(x, t, reterr) : err_set(reterr, E_CONFLICT, "this try of the letter goes already");
    if (code == OK && t->made)
        code = still_stands(x, &t->out, &r, reterr);
    if (code == OK && t->made)
        code = whom_write(x, t, reterr);
    if (code == OK && t->out.link.made)
        code = link_store(x, &t->out.link, reterr);      /* of a try that never went there is none */
    r.state = LETTER_SENDING;
    r.tries++;
    r.tried = txn_now(x);
    r.attempt = t->attempt;
    return code == OK ? letter_set(x, &r, txn_now(x) + (r.channel == CHANNEL_SMS ? DELIVER_SMS_LOOK : SENDING_LOOK), reterr) : code;
}

/* The way took its time: what stood when the text was made may stand no more. */
static enum code asked_again(struct letter_try *t, struct err *reterr) {
    struct gate_verdict v = { .passes = true };
    const usec_t now = clock_now(), asked = t->out.ask.now;
    if (!t->made || (now >= asked && now - asked < ASKED_LASTS))
        return OK;
    enum code code = outgoing_again(t->service, t->tenant, &t->row, &t->out, &v, reterr);
    if (code == OK && !v.passes) {
        t->stopped = v;
        return err_set(reterr, E_STALE, "a gate stops this message now");
    }
    return code;
}

enum code try_may_go(void *arg, struct err *reterr) {
    struct letter_try *t = arg;
    enum code code = asked_again(t, reterr);
    if (code == OK)
        code = store_write(t->d->store, t->tenant, go_write, t, reterr);
    if (code == OK) {
        t->left = LETTER_SENDING;
        t->left_tries = t->row.tries + 1;
        t->row.attempt = t->attempt;
    }
    return code;
}

/* ---- what came of it */

static json_t *entry_of(const struct letter_try *t) {
    const struct mail_reply *r = &t->reply;
    bool stopped = !t->stopped.passes;
    const char *host = t->row.channel == CHANNEL_EMAIL ? t->d->way.relay : t->d->sms == NULL ? NULL : t->d->sms->host;
    return json_pack("{s:s, s:I, s:s, s:i, s:s*, s:s*, s:i, s:s*, s:s*}", "cause", t->row.cause, "about", (json_int_t)t->row.about, "relay", host == NULL ? "" : host, "tries", t->row.tries,
                     "tls", r->tls[0] == 0 ? NULL : r->tls, "enhanced", r->enhanced[0] == 0 ? NULL : r->enhanced, "status", r->status,
                     "gate", stopped ? gate_name(t->stopped.gate) : NULL, "why", stopped ? t->stopped.why : NULL);
}

static enum code end_write(struct txn *x, void *arg, struct err *reterr) {
    struct letter_try *t = arg;
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

enum code try_end(struct letter_try *t, struct err *reterr) {
    enum code code = OK;
    if (try_is_message(t) && t->service != NULL) {
        t->settled = (struct settled){ .service = t->service, .tenant = t->tenant, .row = &t->row, .out = t->made ? &t->out : NULL, .tls = t->reply.tls, .enhanced = t->reply.enhanced, .final = t->ends,
                                       .counted = t->counted };
        code = settled_prepare(&t->settled, reterr);
    }
    t->settled.tenant = t->tenant;
    return code == OK ? settled_store(&t->settled, t->d->store, end_write, t, reterr) : code;
}

struct waiting { const struct letter_try *t; usec_t wait; };
static enum code put_off_write(struct txn *x, void *arg, struct err *reterr) {
    const struct waiting *w = arg;
    enum code code = unchanged(x, w->t, reterr);
    return code == OK ? letter_next_set(x, &w->t->row.id, txn_now(x) + w->wait, reterr) : code;
}

enum code try_put_off(struct letter_try *t, usec_t wait, enum deliver_end end, enum deliver_end *ret, struct err *reterr) {
    *ret = end;
    return store_write(t->d->store, t->tenant, put_off_write, &(struct waiting){ t, wait }, reterr);
}

/* Where it is there all the same, something else was not. */
static enum code forget_write(struct txn *x, void *arg, struct err *reterr) {
    struct seen ignored;
    enum code code = letter_get(txn_sql(x), arg, seen_take, &ignored, reterr);
    return code == OK || code == E_NOT_FOUND ? letter_next_set(x, arg, code == OK ? txn_now(x) + TENANT_WAIT : USEC_NEVER, reterr) : code;
}
enum code try_forget(const struct deliver *d, int64_t tenant, const struct uuid *id, enum deliver_end *ret, struct err *reterr) {
    struct uuid gone = *id;
    *ret = DELIVER_WAITS;
    return store_write(d->store, tenant, forget_write, &gone, reterr);
}
