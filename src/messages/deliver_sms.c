/* deliver_sms.c — a text message: the provider knows it by the id of the letter, so what is in doubt is asked for before it goes again. It is asked
 * after a cut only when the request that was cut off can be under way no more, and where it says that it has not got the message, that is a counted doubt
 * all the same: its answer never came. */
#include "messages/deliver_int.h"
#include "store/suppress.h"
#include "wire/gsm.h"

static enum code sms_settle(struct letter_try *t, const struct sms_reply *r, enum deliver_end *ret, struct err *reterr) {
    t->reply = r->mail;
    t->row.verdict = (int)r->verdict;
    if (r->receipt[0] != 0) {
        buf_cut(&t->receipt, 0);
        buf_text(&t->receipt, r->receipt);
        t->row.receipt = buf_str(&t->receipt);
    }
    return try_settle(t, ret, reterr);
}

/* When it was first handed over, as was written down with whom it went to; where that is not known, no later than it was. */
static enum code first_of(const struct letter_try *t, usec_t *ret, struct err *reterr) {
    const struct letter_row *r = &t->row;
    struct letter_who w = { .at = r->begins > r->made ? r->begins : r->made };
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(t->d->store, t->tenant, &v, reterr);
    if (code == OK)
        code = letter_who_get(view_sql(v), &r->id, &w, reterr);
    if (code == OK || code == E_NOT_FOUND)
        *ret = w.at;
    return code == E_NOT_FOUND ? OK : code;
}

/* Of which try nobody knows, the first and the last? */
static enum code question_of(const struct letter_try *t, struct sms_question *ret, struct err *reterr) {
    const usec_t now = clock_now();
    usec_t first = t->row.tried;
    enum code code = t->row.doubts > 0 ? first_of(t, &first, reterr) : OK;
    if (code == OK)
        *ret = (struct sms_question){ .tenant = t->tenant, .id = t->row.id, .first = now - first, .last = now - t->row.tried };
    return code;
}

/* What became of it; MAIL_RELAY: it cannot be said now. *ret_end: how that is told to whoever delivers. */
static enum code sms_asked(const struct letter_try *t, struct sms_reply *ret, enum deliver_end *ret_end, struct err *reterr) {
    struct sms_question q;
    *ret = (struct sms_reply){ .mail = { .outcome = MAIL_RELAY } };
    enum code code = question_of(t, &q, reterr);
    if (code != OK)
        return code;
    code = t->d->sms->ask(t->d->sms->arg, &q, ret, reterr);
    *ret_end = code == OK ? DELIVER_PROVIDER : DELIVER_WAITS;
    return code == E_PEER ? OK : code;
}

/* It would take a second one by now, and can be asked no more. */
static enum code sms_too_late(struct letter_try *t, enum deliver_end *ret, struct err *reterr) {
    t->row.doubts += t->row.doubts == 0 && t->left != LETTER_SENDING;
    return try_give_up_as(t, "its provider can no more be asked, and would take it a second time", ret, reterr);
}

static enum code sms_hand_over(struct letter_try *t, enum deliver_end *ret, struct err *reterr) {
    struct gsm_measure m;
    struct sms_reply r = { .mail = { .outcome = MAIL_IN_DOUBT, .said = "the provider's answer never came" } };
    bool went = false;
    if (!gsm_measure(buf_str(&t->out.text), t->out.text.len, &m))
        return try_give_up_as(t, "its text cannot stand in a text message", ret, reterr);
    (void)try_attempt(t);
    const struct sms_letter l = { .tenant = t->tenant, .id = t->row.id, .to = t->out.to, .text = buf_str(&t->out.text), .unicode = m.encoding == GSM_SIXTEEN, .parts = m.parts };
    enum code code = t->d->sms->send(t->d->sms->arg, &l, try_may_go, t, &went, &r, reterr);
    if (!went && code == E_STALE)
        return try_anew(t, ret, reterr);
    if (!went && code == E_PEER)
        return try_put_off(t, TENANT_WAIT, DELIVER_WAITS, ret, reterr);
    if (!went && code != OK)
        return code;
    t->row.state = went ? LETTER_SENDING : t->row.state;
    t->row.tries++;
    t->row.tried = clock_now();
    return sms_settle(t, &r, ret, reterr);
}

enum code try_sms(struct letter_try *t, enum deliver_end *ret, struct err *reterr) {
    struct sms_reply r;
    enum deliver_end away;
    if (t->row.doubts == 0)
        return sms_hand_over(t, ret, reterr);
    enum code code = sms_asked(t, &r, &away, reterr);
    if (code != OK)
        return code;
    if (r.mail.outcome == MAIL_NOT_SENT || r.mail.outcome == MAIL_NEVER)
        return sms_hand_over(t, ret, reterr);          /* who cannot say is given it again; that it may come twice was counted */
    t->made = false;                         /* what is told is of an earlier try, which may have gone to another number than this one would */
    switch (r.mail.outcome) {
    case MAIL_RELAY: return try_put_off(t, TENANT_WAIT, away, ret, reterr);
    case MAIL_IN_DOUBT: return sms_too_late(t, ret, reterr);
    default: return sms_settle(t, &r, ret, reterr);
    }
}

enum code try_sms_found(struct letter_try *t, bool over, enum deliver_end *ret, struct err *reterr) {
    struct sms_reply r = { .mail = { .outcome = MAIL_RELAY } };
    enum deliver_end away = DELIVER_WAITS;
    const usec_t since = clock_now() - t->row.tried;
    if (since >= 0 && since < DELIVER_SMS_LOOK)
        return try_put_off(t, DELIVER_SMS_LOOK - since, DELIVER_WAITS, ret, reterr);
    enum code code = t->d->sms == NULL ? OK : sms_asked(t, &r, &away, reterr);
    if (code != OK)
        return code;
    switch (r.mail.outcome) {
    case MAIL_RELAY: return over ? try_lost(t, ret, reterr) : try_put_off(t, TENANT_WAIT, away, ret, reterr);
    case MAIL_NOT_SENT: return try_unfinished(t, ret, reterr);
    case MAIL_NEVER: return try_lost(t, ret, reterr);
    case MAIL_IN_DOUBT: return sms_too_late(t, ret, reterr);
    default: return sms_settle(t, &r, ret, reterr);
    }
}
