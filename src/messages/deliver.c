/* deliver.c — see deliver.h. What becomes of a letter:
 *
 *   WAITING, BOUNCED --go--> SENDING --taken--> SENT
 *        ^                      |----refused--> BOUNCED; one that a duty orders is tried again after a day
 *        |                      |----not now--> WAITING, tried again later
 *        +--- before its time   +----no answer-> WAITING, in doubt: again with the same Message-ID; after DOUBTS_MOST of them UNKNOWN
 *   after its time: OVER, and UNKNOWN where one was in doubt. A message that a gate stops: WAITING until then, or OVER.
 *   What is heard of one in doubt from elsewhere (a bounce, a receipt) settles it: heard.c. */
#include "messages/deliver_int.h"

#include <string.h>

#include "base/text.h"
#include "messages/compose.h"
#include "messages/unsubscribe.h"
#include "messages/verp.h"
#include "records/post.h"
#include "wire/mime.h"

#define AWAY_WAIT (2 * USEC_PER_SEC)
#define LEFT "whom it would go to belongs to the tenant no more"

static enum code ask_for_it(struct letter_try *t, enum deliver_end *ret, struct err *reterr) {
    enum code code = t->d->way.ask(t->d->way.arg, &t->row.id, t->row.attempt, &t->reply, reterr);
    if (code == E_PEER)
        return try_put_off(t, AWAY_WAIT, DELIVER_AWAY, ret, reterr);
    return code == OK ? try_settle(t, ret, reterr) : code;
}

/* ---- a mail */

static enum code hand_over(struct letter_try *t, const char *to, const char *from, const struct buf *message, enum deliver_end *ret, struct err *reterr) {
    bool went = false;
    const struct mail_letter l = { t->row.id, try_attempt(t), to, from, message->data, message->len };
    enum code code = t->d->way.send(t->d->way.arg, &l, try_may_go, t, &went, &t->reply, reterr);
    if (went) {
        t->row.state = LETTER_SENDING;
        t->row.tries++;
        t->row.tried = clock_now();
        return code == OK ? try_settle(t, ret, reterr) : ask_for_it(t, ret, reterr);
    }
    if (code == E_STALE)
        return try_anew(t, ret, reterr);
    if (code == E_PEER)
        return try_put_off(t, AWAY_WAIT, DELIVER_AWAY, ret, reterr);
    if (code == E_TOO_LARGE)
        return try_give_up(t, ret, reterr);
    if (code != OK)
        return code;
    t->row.tries++;
    t->row.tried = clock_now();
    return try_settle(t, ret, reterr);
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
static enum code still_theirs(const struct letter_try *t, bool *ret, struct err *reterr) {
    *ret = true;
    return t->d->belongs == NULL || uuid_is_null(&t->row.whom) ? OK : t->d->belongs(t->d->belongs_arg, t->tenant, &t->row.whom, ret, reterr);
}

static enum code letter_go(struct letter_try *t, enum deliver_end *ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf message = BUF(MAIL_MESSAGE_MAX);
    json_t *post = NULL;
    bool theirs = true;
    enum code code = still_theirs(t, &theirs, reterr);
    if (code != OK)
        return try_put_off(t, TENANT_WAIT, DELIVER_WAITS, ret, reterr);
    if (!theirs)
        return try_give_up_as(t, LEFT, ret, reterr);
    code = post_open(t->d->keeper, t->tenant, &t->row, &post, reterr);
    if (code == OK && (code = letter_make(t, post, &message, reterr)) == OK)
        code = hand_over(t, member(post, "to"), "", &message, ret, reterr);
    else if (post != NULL ? code != E_MEMORY : code == E_GONE || code == E_DAMAGED)
        code = try_give_up(t, ret, reterr);              /* it never makes a message */
    else if (code == E_TOO_MANY)
        code = try_put_off(t, TENANT_WAIT, DELIVER_WAITS, ret, reterr);
    json_decref(post);
    return code;
}

/* ---- a message */

static enum code mail_make(struct letter_try *t, struct buf *ret, struct err *reterr) {
    const struct deliver_way *w = &t->d->way;
    struct compose_way look = { .from = w->from, .from_name = w->from_name, .dkim = w->dkim };
    if (t->d->brand != NULL)
        look.brand = t->d->brand(t->d->service_arg, t->service);
    return compose_mail(&look, &t->row, &t->out, ret, reterr);
}

/* What of a mail is neither its text nor its address: how to leave, and where its bounces come. */
static enum code mail_around(struct letter_try *t, struct err *reterr) {
    struct outgoing *o = &t->out;
    const struct deliver_way *w = &t->d->way;
    enum code code = w->base_url == NULL ? OK : unsubscribe_headers(t->service, t->tenant, &t->row, o->who, w->base_url, &o->headers, reterr);
    return code == OK && w->bounces != NULL ? verp_make(t->service, t->tenant, &t->row.id, w->bounces, o->envelope_from, reterr) : code;
}

static enum code message_send(struct letter_try *t, enum deliver_end *ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf message = BUF(MAIL_MESSAGE_MAX);
    if (t->out.text.len == 0)
        return try_give_up_as(t, "it has no text", ret, reterr);
    if (t->row.channel == CHANNEL_SMS)
        return try_sms(t, ret, reterr);
    enum code code = mail_around(t, reterr);
    if (code == OK)
        code = mail_make(t, &message, reterr);
    if (code == OK)
        return hand_over(t, t->out.to, t->out.envelope_from, &message, ret, reterr);
    return code == E_INVALID || code == E_TOO_LARGE ? try_give_up_as(t, reterr->text, ret, reterr) : code;
}

static enum code message_go(struct letter_try *t, enum deliver_end *ret, struct err *reterr) {
    usec_t ahead = t->row.begins - clock_now();
    if (ahead > 0)
        return try_put_off(t, ahead < USEC_PER_DAY ? ahead : USEC_PER_DAY, DELIVER_WAITS, ret, reterr);
    enum code code = outgoing_make(t->service, t->tenant, &t->row, &t->out, &t->stopped, reterr);
    if (code == E_NOT_FOUND || code == E_GONE || code == E_DAMAGED || code == E_INVALID)
        return try_give_up_as(t, reterr->text, ret, reterr);
    if (code != OK)
        return code;
    t->made = true;
    t->row.cost = t->out.ask.cost;           /* of the text that goes, by today's prices */
    return t->stopped.passes ? message_send(t, ret, reterr) : try_stop(t, ret, reterr);
}

/* ---- a try */

static enum code one(struct letter_try *t, const struct uuid *id, enum deliver_end *ret, struct err *reterr) {
    const struct deliver *d = t->d;
    enum code code = try_read(t, id, reterr);
    if (code != OK)
        return code;
    bool over = (clock_now() >= t->row.until && !try_clock_doubted(d)) || !letter_is_open(&t->row);
    if (!try_service(t) && !over)
        return try_put_off(t, TENANT_WAIT, DELIVER_WAITS, ret, reterr);
    if (t->row.state == LETTER_SENDING && t->row.channel == CHANNEL_SMS)
        return try_sms_found(t, over, ret, reterr);
    if (t->row.state == LETTER_SENDING && d->way.ask != NULL)
        return ask_for_it(t, ret, reterr);
    if (over)
        return try_give_up(t, ret, reterr);
    if (t->row.channel == CHANNEL_SMS ? d->sms == NULL : d->way.send == NULL || t->row.state == LETTER_SENDING)
        return try_put_off(t, TENANT_WAIT, DELIVER_WAITS, ret, reterr);
    return try_is_message(t) ? message_go(t, ret, reterr) : letter_go(t, ret, reterr);
}

/* What is wrong with one letter, or with what its tenant may open now, keeps no other: it waits a while as it stands, and the way is not blamed. What is wrong
 * with memory, disk or a process is everybody's. */
static bool is_its_own(enum code code) {
    switch (code) {
    case E_INVALID: case E_FORBIDDEN: case E_NOT_FOUND: case E_GONE: case E_STALE: case E_TOO_LARGE: case E_FIELDS: case E_TOO_MANY: case E_BUSY: case E_DAMAGED: case E_KEY: return true;
    default: return false;
    }
}

enum code deliver_one(const struct deliver *d, int64_t tenant, const struct uuid *id, enum deliver_end *ret, struct err *reterr) {
    PRE(d != NULL && id != NULL && ret != NULL && reterr != NULL);
    AUTO(try_done) struct letter_try t = try_of(d, tenant);
    enum code code = one(&t, id, ret, reterr);
    if (code != E_NOT_FOUND && is_its_own(code))
        code = try_put_off(&t, TENANT_WAIT, DELIVER_WAITS, ret, reterr);
    return code == E_NOT_FOUND ? try_forget(d, tenant, id, ret, reterr) : code;
}

/* ---- without a relay */

enum code deliver_over(const struct deliver *d, int64_t tenant, const struct uuid *id, struct err *reterr) {
    PRE(d != NULL && id != NULL && reterr != NULL);
    AUTO(try_done) struct letter_try t = try_of(d, tenant);
    enum deliver_end ignored;
    enum code code = try_read(&t, id, reterr);
    if (code == E_NOT_FOUND)
        return OK;
    if (code != OK || !letter_is_open(&t.row) || clock_now() < t.row.until || try_clock_doubted(d))
        return code;
    (void)try_service(&t);
    return t.row.state == LETTER_SENDING ? try_lost(&t, &ignored, reterr) : try_give_up(&t, &ignored, reterr);
}
