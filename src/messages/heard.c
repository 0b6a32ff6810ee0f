/* heard.c — see heard.h, and message_heard of settled.h. What is heard twice counts once: what was heard of a letter stands beside whom it went to. */
#include "messages/heard.h"

#include <string.h>
#include <strings.h>

#include "ledger/ledger.h"
#include "messages/suppress.h"
#include "messages/verp.h"
#include "store/campaign.h"
#include "wire/arf.h"
#include "wire/dsn.h"
#include "wire/mailbox.h"
#include "wire/verdict.h"

#define SOFT_MOST 5                          /* letters to a person that came back for a while, within SOFT_SPAN: then its address counts as dead */
#define SOFT_SPAN (30 * USEC_PER_DAY)
#define SAID_MOST 200u

/* ---- in a write */

static struct suppress_wish wish_of(const struct letter_who *w, int64_t tenant, enum suppress_reason reason, const char *why) {
    struct suppress_wish wish = { .tenant = tenant, .channel = (enum channel)w->channel, .list = "", .reason = reason, .by = "sejf", .why = why };
    memcpy(wish.who, w->who, sizeof wish.who);
    return wish;
}

static enum code put_dead(struct txn *t, struct service *s, const struct letter_who *w, const char *why, struct err *reterr) {
    const struct suppress_wish wish = wish_of(w, txn_tenant(t), SUPPRESS_DEAD, why);
    bool fresh;
    return suppress_write(t, s, &wish, &fresh, reterr);
}

/* It came back: for good, for a while, or because of us. */
static enum code bounced(struct txn *t, struct service *s, const struct letter_who *w, enum reply_verdict verdict, const char *enhanced, struct err *reterr) {
    const enum verdict_holds holds = verdict_holds(verdict);
    int64_t soft = 0;
    enum code code = letter_who_heard(t, &w->letter, HEARD_OF_BOUNCE | (holds == HOLDS_SOFT ? HEARD_OF_SOFT : 0), reterr);
    if (code == OK)
        code = shares_add(t, s, (enum channel)w->channel, &(struct heard_counts){ .bounced = 1 }, reterr);
    if (code != OK || holds == HOLDS_NOTHING)
        return code;
    if (holds == HOLDS_DEAD)
        return put_dead(t, s, w, enhanced[0] == 0 ? "it came back" : enhanced, reterr);
    code = letter_who_count(txn_sql(t), w->channel, w->who, HEARD_OF_SOFT, txn_now(t) - SOFT_SPAN, &soft, reterr);
    return code == OK && soft >= SOFT_MOST ? put_dead(t, s, w, "several letters came back within a month", reterr) : code;
}

static enum code complained(struct txn *t, struct service *s, const struct letter_who *w, struct err *reterr) {
    const struct suppress_wish wish = wish_of(w, txn_tenant(t), SUPPRESS_COMPLAINT, NULL);
    bool fresh;
    enum code code = letter_who_heard(t, &w->letter, HEARD_OF_COMPLAINT, reterr);
    if (code == OK)
        code = shares_add(t, s, (enum channel)w->channel, &(struct heard_counts){ .complained = 1 }, reterr);
    return code == OK ? suppress_write(t, s, &wish, &fresh, reterr) : code;
}

/* The row as it is shown: it came back, and what was said. */
struct shown { struct letter_row row; struct buf cause, purpose, receipt; };
static bool row_take(const struct letter_row *r, void *arg) {
    struct shown *s = arg;
    s->row = *r;
    buf_text(&s->cause, r->cause);
    buf_text(&s->purpose, r->purpose);
    buf_text(&s->receipt, r->receipt);
    return false;
}

static enum code letter_came_back(struct txn *t, const struct uuid *letter, const char *said, struct err *reterr) {
    struct shown s = { .cause = BUF(200), .purpose = BUF(1000), .receipt = BUF(1000) };
    enum code code = letter_get(txn_sql(t), letter, row_take, &s, reterr);
    if (code == OK && (s.row.state == LETTER_SENT || s.row.state == LETTER_UNKNOWN)) {
        s.row.cause = buf_str(&s.cause);
        s.row.purpose = buf_str(&s.purpose);
        s.row.receipt = buf_str(&s.receipt);
        if (strcmp(s.row.cause, "campaign") == 0)
            code = campaign_settle(t, s.row.about, s.row.state, LETTER_BOUNCED, reterr);
        s.row.state = LETTER_BOUNCED;
        s.row.said = said;
        s.row.heard = txn_now(t);
        s.row.blob = NULL;
        s.row.len = 0;
        if (code == OK)
            code = letter_set(t, &s.row, USEC_NEVER, reterr);
    }
    buf_done(&s.cause);
    buf_done(&s.purpose);
    buf_done(&s.receipt);
    return code == E_NOT_FOUND ? OK : code;  /* forgotten by now */
}

struct news { struct service *s; const struct uuid *letter; enum heard what; const char *enhanced, *said; };

static enum code note(struct txn *t, const struct news *n, const char *means, struct err *reterr) {
    char id[UUID_TEXT];
    json_t *what = json_pack("{s:s, s:s, s:s*}", "letter", uuid_format(n->letter, id), "means", means, "enhanced", n->enhanced[0] == 0 ? NULL : n->enhanced);
    enum code code = ledger_append(t, n->what == HEARD_COMPLAINED ? "letter_complained" : "letter_came_back", "sejf", what, reterr);
    json_decref(what);
    return code;
}

static enum code hear(struct txn *t, void *arg, struct err *reterr) {
    const struct news *n = arg;
    const enum reply_verdict verdict = verdict_of(0, n->enhanced, n->said);
    struct letter_who w;
    enum code code = letter_who_get(txn_sql(t), n->letter, &w, reterr);
    if (code != OK || n->what == HEARD_DELIVERED || n->what == HEARD_DELAYED || (w.heard & (n->what == HEARD_COMPLAINED ? HEARD_OF_COMPLAINT : HEARD_OF_BOUNCE)) != 0)
        return code;
    if (n->what == HEARD_COMPLAINED) {
        code = complained(t, n->s, &w, reterr);
        return code == OK ? note(t, n, "complaint", reterr) : code;
    }
    code = bounced(t, n->s, &w, verdict, n->enhanced, reterr);
    if (code == OK)
        code = letter_came_back(t, n->letter, n->said, reterr);
    return code == OK ? note(t, n, verdict_name(verdict), reterr) : code;
}

enum code message_heard(struct service *s, int64_t tenant, const struct uuid *letter, enum heard what, const char *enhanced, const char *said, struct err *reterr) {
    PRE(s != NULL && letter != NULL && enhanced != NULL && said != NULL && reterr != NULL);
    return store_write(service_store(s), tenant, hear, &(struct news){ s, letter, what, enhanced, said }, reterr);
}

/* ---- as it is settled */

enum code settled_whom_write(struct txn *t, const struct settled *s, void *prepared UNUSED, struct err *reterr) {
    const struct letter_row *r = s->row;
    const bool went = r->state == LETTER_SENT || r->state == LETTER_UNKNOWN, refused = r->state == LETTER_BOUNCED;
    if (s->out == NULL || !s->final || (!went && !refused))
        return OK;
    struct letter_who w = { .letter = r->id, .channel = (int)r->channel };
    memcpy(w.who, s->out->who, sizeof w.who);
    enum code code = letter_who_put(t, &w, reterr);
    if (code == OK)
        code = shares_add(t, s->service, r->channel, &(struct heard_counts){ .sent = 1 }, reterr);
    if (code == OK && refused)
        code = bounced(t, s->service, &w, (enum reply_verdict)r->verdict, s->enhanced == NULL ? "" : s->enhanced, reterr);
    return code;
}

/* ---- mail that came in */

bool mail_heard_known(const char *domain, const char *address) {
    struct verp v;
    const char *at = strrchr(address, '@');
    return verp_read(address, domain, &v) || (at != NULL && strcasecmp(at + 1, domain) == 0 && (size_t)(at - address) == strlen(COMPLAINTS_AT) && strncasecmp(address, COMPLAINTS_AT, strlen(COMPLAINTS_AT)) == 0);
}

/* E_NOT_FOUND: the code is not ours, or nothing is known of the letter any more. */
static enum code tell(const struct mail_heard *h, const struct verp *v, enum heard what, const struct dsn *d, struct err *reterr) {
    AUTO(buf_done) struct buf said = BUF(2 * SAID_MOST);
    struct service *s = NULL;
    enum code code = h->service(h->arg, v->tenant, &s, reterr);
    mailbox_said(d == NULL ? "" : d->said, d == NULL ? 0 : strlen(d->said), NULL, SAID_MOST, &said);
    if (code == OK && said.failed)
        code = err_set(reterr, E_MEMORY, "no memory for what came back");
    return code == OK ? message_heard(s, v->tenant, &v->letter, what, d == NULL ? "" : d->status, buf_str(&said), reterr) : code;
}

static enum mail_heard_end end_of(enum code code) { return code == OK || code == E_NOT_FOUND || code == E_GONE ? MAIL_HEARD_TAKEN : MAIL_HEARD_NOT_NOW; }

enum mail_heard_end mail_heard(const struct mail_heard *h, const char *to, const void *message, size_t len, struct err *reterr) {
    PRE(h != NULL && to != NULL && message != NULL && reterr != NULL);
    AUTO(buf_wipe) struct buf from = BUF(4096);
    static const enum heard whats[] = { [DSN_FAILED] = HEARD_BOUNCED, [DSN_DELAYED] = HEARD_DELAYED, [DSN_DELIVERED] = HEARD_DELIVERED };
    struct verp v;
    struct arf a;
    struct dsn d;
    const bool named = verp_read(to, h->domain, &v);
    if (!mail_heard_known(h->domain, to))
        return MAIL_HEARD_NOBODY;
    enum code code = named ? verp_check(h->keeper, &v, reterr) : OK;
    if (code != OK)
        return code == E_NOT_FOUND ? MAIL_HEARD_NOBODY : MAIL_HEARD_NOT_NOW;
    arf_read(message, len, &a, &from);
    if (a.is) {
        if (!a.complaint || from.failed || (!named && !verp_read(buf_str(&from), h->domain, &v)))
            return MAIL_HEARD_TAKEN;
        code = named ? OK : verp_check(h->keeper, &v, reterr);
        return end_of(code == OK ? tell(h, &v, HEARD_COMPLAINED, NULL, reterr) : code);
    }
    if (!named)
        return MAIL_HEARD_TAKEN;             /* somebody writes by hand where machines report */
    dsn_read(message, len, &d);
    return d.says == DSN_NOTHING ? MAIL_HEARD_TAKEN : end_of(tell(h, &v, whats[d.says], &d, reterr));
}
