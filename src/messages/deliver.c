/* deliver.c — see deliver.h. What becomes of a letter:
 *
 *   WAITING, BOUNCED --go--> SENDING --taken--> SENT
 *        ^                      |----refused--> BOUNCED, tried again after a day
 *        |                      |----not now--> WAITING, tried again later
 *        +--- before its time   +----no answer-> UNKNOWN
 *   after its time: OVER */
#include "messages/deliver.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "ledger/ledger.h"
#include "records/post.h"
#include "wire/mime.h"

#define SENDING_LOOK (5 * USEC_PER_SEC)      /* when a letter that is under way is looked for, where nobody has it in hand (postman.h) any more */
#define AWAY_WAIT (2 * USEC_PER_SEC)
#define TENANT_WAIT USEC_PER_MINUTE            /* its tenant opens no more keys now */
#define LEFT "whom it would go to belongs to the tenant no more"
#define RELAY_WAIT (10 * USEC_PER_SEC)       /* whoever delivers waits longer the longer the relay fails; the letter has nothing to do with it */
#define BLOB_MAX ((size_t)2 << 20)

/* One try. */
struct letter_try { const struct deliver *d; struct letter_row row; enum letter_state left; int left_tries; /* as this try has left it in the store */ struct buf cause, said, blob; usec_t next; const char *verb; struct mail_reply reply; bool counted, ends; };

static struct letter_try try_of(const struct deliver *d) { return (struct letter_try){ .d = d, .cause = BUF(200), .said = BUF(4096), .blob = BUF(BLOB_MAX) }; }
static void try_done(struct letter_try *t) {
    buf_done(&t->cause);
    buf_done(&t->said);
    buf_wipe(&t->blob);
}
DEFINE_AUTO_VALUE(struct letter_try, try_done)

usec_t deliver_wait(int tries, uint32_t random) {
    usec_t wait = 2 * USEC_PER_MINUTE;
    for (int i = 1; i < tries && wait < 4 * USEC_PER_HOUR; i++)
        wait *= 2;
    if (wait > 4 * USEC_PER_HOUR)
        wait = 4 * USEC_PER_HOUR;
    return wait * 3 / 4 + (usec_t)((uint64_t)wait / 2 * (random % 1024) / 1023);
}

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
    if (code == OK && (t->cause.failed || t->said.failed || t->blob.failed))
        code = err_set(reterr, E_MEMORY, "no memory for a letter");
    t->row.cause = buf_str(&t->cause);
    t->row.said = buf_str(&t->said);
    t->row.blob = t->blob.data;
    return code;
}

/* ---- what is written */

struct seen { enum letter_state state; int tries; size_t len; };
static bool seen_take(const struct letter_row *r, void *arg) {
    *(struct seen *)arg = (struct seen){ r->state, r->tries, r->len };
    return false;
}

/* Is it still as this try has left it? Another one's, or its end, comes first. */
static enum code unchanged(struct txn *x, const struct letter_try *t, struct err *reterr) {
    struct seen s = { LETTER_OVER, 0, 0 };
    enum code code = letter_get(txn_sql(x), &t->row.id, seen_take, &s, reterr);
    return code != OK || (s.state == t->left && s.tries == t->left_tries && s.len > 0) ? code : err_set(reterr, E_CONFLICT, "this letter was sent or ended meanwhile");
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

static json_t *entry_of(const struct letter_try *t) {
    const struct mail_reply *r = &t->reply;
    return json_pack("{s:s, s:I, s:s, s:i, s:s*, s:s*, s:i}", "cause", t->row.cause, "about", (json_int_t)t->row.about, "relay", t->d->way.relay == NULL ? "" : t->d->way.relay, "tries", t->row.tries,
                     "tls", r->tls[0] == 0 ? NULL : r->tls, "enhanced", r->enhanced[0] == 0 ? NULL : r->enhanced, "status", r->status);
}

static enum code end_write(struct txn *x, void *arg, struct err *reterr) {
    struct going *g = arg;
    struct letter_row r = g->t->row;         /* a copy: this may run twice */
    json_t *entry = g->t->verb == NULL ? NULL : entry_of(g->t);
    enum code code = unchanged(x, g->t, reterr);
    if (code == OK)
        code = g->t->ends ? post_end(x, &r, reterr) : letter_set(x, &r, g->t->next, reterr);
    if (code == OK && g->t->verb != NULL)
        code = ledger_append(x, g->t->verb, "sejf", entry, reterr);
    json_decref(entry);
    return code;
}

static enum code end_put(struct letter_try *t, int64_t tenant, struct err *reterr) {
    struct going g = { t, tenant };
    return store_write(t->d->store, tenant, end_write, &g, reterr);
}

/* ---- what it means */

/* t->row.tries counts this try already. */
static enum deliver_end meaning(struct letter_try *t, usec_t now) {
    struct letter_row *r = &t->row;
    static const enum letter_state states[] = { [MAIL_SENT] = LETTER_SENT, [MAIL_REFUSED] = LETTER_BOUNCED, [MAIL_LATER] = LETTER_WAITING, [MAIL_RELAY] = LETTER_WAITING,
                                                [MAIL_IN_DOUBT] = LETTER_UNKNOWN, [MAIL_NOT_SENT] = LETTER_WAITING, [MAIL_NEVER] = LETTER_UNKNOWN };
    static const char *const verbs[] = { [LETTER_SENT] = "letter_sent", [LETTER_BOUNCED] = "letter_bounced", [LETTER_UNKNOWN] = "letter_unknown", [LETTER_OVER] = NULL };
    enum mail_outcome o = t->reply.outcome;
    r->state = states[o];
    r->status = t->reply.status;
    if (t->reply.about || o == MAIL_SENT || o == MAIL_REFUSED || o == MAIL_IN_DOUBT || o == MAIL_NEVER) {      /* it never went but after its recipient was taken */
        r->answers++;
        r->heard = now;
    }
    r->said = o == MAIL_NEVER ? "cut off before the relay's answer was known" : t->reply.said;
    t->verb = verbs[r->state];
    t->ends = r->state == LETTER_SENT || r->state == LETTER_UNKNOWN;
    t->next = o == MAIL_REFUSED ? now + USEC_PER_DAY : o == MAIL_NOT_SENT ? now : o == MAIL_RELAY ? now + RELAY_WAIT : now + deliver_wait(r->answers, any_number());
    if (t->next > r->until)
        t->next = r->until;                  /* then it is given up */
    return o == MAIL_RELAY ? DELIVER_RELAY : DELIVER_DONE;
}

static enum code settled(struct letter_try *t, int64_t tenant, enum deliver_end *ret, struct err *reterr) {
    *ret = meaning(t, clock_now());
    return end_put(t, tenant, reterr);
}

/* Given up, because its time is over or its text is gone. */
static enum code give_up(struct letter_try *t, int64_t tenant, enum deliver_end *ret, struct err *reterr) {
    t->row.state = LETTER_OVER;
    t->verb = "letter_over";
    t->ends = true;
    *ret = DELIVER_DONE;
    return end_put(t, tenant, reterr);
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

/* ---- a message */

static const char *member(const json_t *o, const char *name) { return json_string_value(json_object_get(o, name)); }

static enum code message_make(const struct letter_try *t, const json_t *post, struct buf *ret, struct err *reterr) {
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
    return mime_put(&l, ret, reterr);
}

static enum code hand_over(struct letter_try *t, int64_t tenant, const json_t *post, enum deliver_end *ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf message = BUF(MAIL_MESSAGE_MAX);
    struct going g = { t, tenant };
    bool went = false;
    enum code code = message_make(t, post, &message, reterr);
    if (code != OK && code != E_MEMORY)
        return give_up(t, tenant, ret, reterr);            /* it never makes a message */
    const struct mail_letter l = { t->row.id, (uint32_t)t->row.tries + 1, member(post, "to"), message.data, message.len };
    if (code == OK)
        code = t->d->way.send(t->d->way.arg, &l, may_go, &g, &went, &t->reply, reterr);
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

static bool clock_is_doubted(const struct deliver *d) { return d->clock_held != NULL && d->clock_held(d->store); }

/* May it still go to whom it was meant for? */
static enum code still_theirs(const struct letter_try *t, int64_t tenant, bool *ret, struct err *reterr) {
    *ret = true;
    return t->d->belongs == NULL || uuid_is_null(&t->row.whom) ? OK : t->d->belongs(t->d->belongs_arg, tenant, &t->row.whom, ret, reterr);
}

enum code deliver_one(const struct deliver *d, int64_t tenant, const struct uuid *id, enum deliver_end *ret, struct err *reterr) {
    PRE(d != NULL && id != NULL && ret != NULL && reterr != NULL);
    AUTO(try_done) struct letter_try t = try_of(d);
    json_t *post = NULL;
    enum code code = row_read(&t, tenant, id, reterr);
    if (code == E_NOT_FOUND)
        return forget(d, tenant, id, ret, reterr);
    if (code != OK)
        return code;
    if (t.row.state == LETTER_SENDING)
        return ask_for_it(&t, tenant, ret, reterr);
    if ((clock_now() >= t.row.until && !clock_is_doubted(d)) || t.row.len == 0)
        return give_up(&t, tenant, ret, reterr);
    bool theirs = true;
    code = still_theirs(&t, tenant, &theirs, reterr);
    if (code != OK)
        return put_off(&t, tenant, TENANT_WAIT, DELIVER_WAITS, ret, reterr);
    if (!theirs) {
        t.row.said = LEFT;
        return give_up(&t, tenant, ret, reterr);
    }
    code = post_open(d->keeper, tenant, &t.row, &post, reterr);
    if (code == OK)
        code = hand_over(&t, tenant, post, ret, reterr);
    else if (code == E_GONE || code == E_DAMAGED)
        code = give_up(&t, tenant, ret, reterr);
    else if (code == E_TOO_MANY)
        code = put_off(&t, tenant, TENANT_WAIT, DELIVER_WAITS, ret, reterr);
    json_decref(post);
    return code;
}

/* ---- without a relay */

enum code deliver_over(const struct deliver *d, int64_t tenant, const struct uuid *id, struct err *reterr) {
    PRE(d != NULL && id != NULL && reterr != NULL);
    AUTO(try_done) struct letter_try t = try_of(d);
    enum deliver_end ignored;
    enum code code = row_read(&t, tenant, id, reterr);
    if (code == E_NOT_FOUND)
        return OK;
    if (code != OK || t.row.len == 0 || clock_now() < t.row.until || clock_is_doubted(d))
        return code;
    if (t.row.state != LETTER_SENDING)
        return give_up(&t, tenant, &ignored, reterr);
    t.reply.outcome = MAIL_NEVER;            /* it had gone, and who knew of it is no more */
    return settled(&t, tenant, &ignored, reterr);
}
