/* heard.c — see heard.h, and message_heard of settled.h. What is heard twice counts once: what was heard of a letter stands beside whom it went to. */
#include "messages/heard.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "messages/suppress.h"
#include "messages/verp.h"
#include "records/post.h"
#include "store/campaign.h"
#include "wire/arf.h"
#include "wire/dsn.h"
#include "wire/verdict.h"

#define SOFT_MOST 5                          /* letters to a person that came back for a while, within SOFT_SPAN: then its address counts as dead */
#define SOFT_SPAN (30 * USEC_PER_DAY)
#define SAID_MOST 80u

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

/* Is it of the share of bounces? What was wrong with the message is not; what is said of us is by mail, where it is our standing. */
static bool is_share(enum channel channel, enum reply_verdict verdict) {
    return verdict != VERDICT_MESSAGE && (channel != CHANNEL_SMS || verdict_holds(verdict) != HOLDS_NOTHING);
}

/* It came back: for good, for a while, or because of us. */
static enum code bounced(struct txn *t, struct service *s, const struct letter_who *w, enum reply_verdict verdict, const char *enhanced, struct err *reterr) {
    const enum channel channel = (enum channel)w->channel;
    const enum verdict_holds holds = verdict_holds(verdict);
    int64_t soft = 0;
    enum code code = letter_who_heard(t, &w->letter, HEARD_OF_BOUNCE | (holds == HOLDS_SOFT ? HEARD_OF_SOFT : 0), reterr);
    if (code == OK && is_share(channel, verdict))
        code = shares_add(t, s, channel, w->at, &(struct heard_counts){ .bounced = 1 }, reterr);
    if (code != OK || holds == HOLDS_NOTHING)
        return code;
    if (holds == HOLDS_DEAD)
        return put_dead(t, s, w, enhanced[0] == 0 ? "it came back" : enhanced, reterr);
    code = letter_who_count(txn_sql(t), w->channel, w->who, HEARD_OF_SOFT, txn_now(t) - SOFT_SPAN, &soft, reterr);
    return code == OK && soft >= SOFT_MOST ? put_dead(t, s, w, "several letters came back within a month", reterr) : code;
}

/* A person complains once, however many of its letters it holds. */
static enum code complained(struct txn *t, struct service *s, const struct letter_who *w, struct err *reterr) {
    const struct suppress_wish wish = wish_of(w, txn_tenant(t), SUPPRESS_COMPLAINT, NULL);
    bool fresh = false;
    enum code code = letter_who_heard(t, &w->letter, HEARD_OF_COMPLAINT, reterr);
    if (code == OK)
        code = suppress_write(t, s, &wish, &fresh, reterr);
    return code == OK && fresh ? shares_add(t, s, (enum channel)w->channel, w->at, &(struct heard_counts){ .complained = 1 }, reterr) : code;
}

/* ---- the letter that it is about */

struct shown { struct letter_row row; struct buf cause, said, purpose, receipt; };
#define SHOWN (struct shown){ .cause = BUF(200), .said = BUF(4096), .purpose = BUF(1024), .receipt = BUF(1024) }
static void shown_done(struct shown *s) {
    buf_done(&s->cause);
    buf_done(&s->said);
    buf_done(&s->purpose);
    buf_done(&s->receipt);
}
DEFINE_AUTO_VALUE(struct shown, shown_done)

static bool row_take(const struct letter_row *r, void *arg) {
    struct shown *s = arg;
    s->row = *r;
    buf_text(&s->cause, r->cause);
    buf_text(&s->said, r->said);
    buf_text(&s->purpose, r->purpose);
    buf_text(&s->receipt, r->receipt);
    return false;
}

/* Without what is sealed with it. E_NOT_FOUND. */
static enum code shown_read(struct sql *q, const struct uuid *letter, struct shown *ret, struct err *reterr) {
    enum code code = letter_get(q, letter, row_take, ret, reterr);
    if (code == OK && (ret->cause.failed || ret->said.failed || ret->purpose.failed || ret->receipt.failed))
        code = err_set(reterr, E_MEMORY, "no memory for a letter");
    ret->row.cause = buf_str(&ret->cause);
    ret->row.said = buf_str(&ret->said);
    ret->row.purpose = buf_str(&ret->purpose);
    ret->row.receipt = buf_str(&ret->receipt);
    ret->row.blob = NULL;
    ret->row.len = 0;
    return code;
}

/* Nobody knows what came of it, and the news says it. */
static bool in_doubt(const struct letter_row *r) { return r->state == LETTER_WAITING && r->doubts > 0 && r->tries > 0; }
static bool under_way(const struct letter_row *r) { return letter_is_open(r) && (r->state == LETTER_SENDING || r->state == LETTER_WAITING) && !in_doubt(r); }

static enum letter_state state_of(const struct heard_news *n) { return n->what == HEARD_BOUNCED ? LETTER_BOUNCED : LETTER_SENT; }

/* It had ended: what is shown is brought in line, and counted anew in its campaign. */
static enum code letter_moves(struct txn *t, const struct uuid *letter, const struct heard_news *n, struct err *reterr) {
    AUTO(shown_done) struct shown s = SHOWN;
    enum code code = shown_read(txn_sql(t), letter, &s, reterr);
    if (code != OK)
        return code == E_NOT_FOUND ? OK : code;        /* forgotten by now */
    if (s.row.state != LETTER_UNKNOWN && (s.row.state != LETTER_SENT || n->what != HEARD_BOUNCED))
        return OK;
    if (strcmp(s.row.cause, "campaign") == 0)
        code = campaign_settle(t, s.row.about, s.row.state, state_of(n), reterr);
    s.row.state = state_of(n);
    s.row.heard = txn_now(t);
    if (n->what == HEARD_BOUNCED) {
        s.row.said = n->said;
        s.row.verdict = (int)n->verdict;
    }
    return code == OK ? letter_set(t, &s.row, USEC_NEVER, reterr) : code;
}

/* settled: what is written where the letter was in doubt until now; its service NULL: it was not. */
struct hearing { struct service *s; const struct uuid *letter; const struct heard_news *n; const struct shown *before; struct settled settled; };

static enum code note(struct txn *t, const struct hearing *h, struct err *reterr) {
    char id[UUID_TEXT];
    const struct heard_news *n = h->n;
    const char *verb = n->what == HEARD_COMPLAINED ? "letter_complained" : n->what == HEARD_BOUNCED ? "letter_came_back" : "letter_arrived";
    json_t *what = json_pack("{s:s, s:s, s:s*}", "letter", uuid_format(h->letter, id), "means", n->what == HEARD_COMPLAINED ? "complaint" : n->what == HEARD_BOUNCED ? verdict_name(n->verdict) : "delivered",
                             "enhanced", n->enhanced[0] == 0 ? NULL : n->enhanced);
    enum code code = ledger_append(t, verb, "sejf", what, reterr);
    json_decref(what);
    return code;
}

static enum code again_later(struct err *reterr) { return err_set(reterr, E_BUSY, "this letter is under way: what is said of it is heard when its own answer was"); }

/* Is it as it was when the end of its doubt was prepared? */
static enum code still_in_doubt(struct txn *t, const struct hearing *h, struct err *reterr) {
    AUTO(shown_done) struct shown now = SHOWN;
    enum code code = shown_read(txn_sql(t), h->letter, &now, reterr);
    return code != OK || (in_doubt(&now.row) && now.row.tries == h->before->row.tries && now.row.doubts == h->before->row.doubts) ? code : again_later(reterr);
}

/* What bounced is held against the person by the row of settled.c, below. */
static enum code doubt_ends(struct txn *t, struct hearing *h, struct err *reterr) {
    struct letter_row r = *h->settled.row;   /* a copy: this may run twice */
    enum code code = still_in_doubt(t, h, reterr);
    if (code == OK)
        code = post_end(t, &r, reterr);
    return code == OK ? settled_write(t, &h->settled, reterr) : code;
}

static enum code hear(struct txn *t, void *arg, struct err *reterr) {
    struct hearing *h = arg;
    const struct heard_news *n = h->n;
    const bool settles = h->settled.service != NULL;
    struct letter_who w;
    enum code code = letter_who_get(txn_sql(t), h->letter, &w, reterr);
    if (code == E_NOT_FOUND && settles)
        return again_later(reterr);
    if (code != OK || n->what == HEARD_DELAYED || (w.heard & (n->what == HEARD_COMPLAINED ? HEARD_OF_COMPLAINT : HEARD_OF_BOUNCE)) != 0)
        return code;
    if (settles)
        code = doubt_ends(t, h, reterr);
    else if (n->what == HEARD_BOUNCED)
        code = bounced(t, h->s, &w, n->verdict, n->enhanced, reterr);
    if (code == OK && !settles && n->what != HEARD_COMPLAINED)
        code = letter_moves(t, h->letter, n, reterr);
    if (code == OK && n->what == HEARD_COMPLAINED)
        code = complained(t, h->s, &w, reterr);
    return code == OK && (settles || n->what != HEARD_DELIVERED) ? note(t, h, reterr) : code;
}

/* A complaint counts at once, whatever the queue still thinks of the letter: the person has it. */
static enum code look(struct hearing *h, int64_t tenant, struct shown *before, struct err *reterr) {
    struct view *v = NULL;
    enum code code = store_view(service_store(h->s), tenant, &v, reterr);
    if (code == OK)
        code = shown_read(view_sql(v), h->letter, before, reterr);
    v = view_end(v);
    if (code != OK)
        return code == E_NOT_FOUND ? OK : code;        /* forgotten; whom it went to may still be known */
    if (under_way(&before->row) && h->n->what != HEARD_DELAYED)
        return h->n->what == HEARD_COMPLAINED && before->row.tries > 0 ? OK : again_later(reterr);
    if (!in_doubt(&before->row) || h->n->what == HEARD_DELAYED)
        return OK;
    before->row.state = state_of(h->n);
    before->row.heard = clock_now();
    before->row.said = h->n->said;
    before->row.verdict = (int)(h->n->what == HEARD_BOUNCED ? h->n->verdict : VERDICT_TAKEN);
    h->settled = (struct settled){ .service = h->s, .tenant = tenant, .row = &before->row, .enhanced = h->n->enhanced, .final = true };
    return settled_prepare(&h->settled, reterr);
}

enum code message_heard(struct service *s, int64_t tenant, const struct uuid *letter, const struct heard_news *n, struct err *reterr) {
    PRE(s != NULL && letter != NULL && n != NULL && n->enhanced != NULL && n->said != NULL && reterr != NULL);
    AUTO(shown_done) struct shown before = SHOWN;
    struct hearing h = { .s = s, .letter = letter, .n = n, .before = &before, .settled = { .tenant = tenant } };
    enum code code = look(&h, tenant, &before, reterr);
    if (code == OK)
        code = settled_store(&h.settled, service_store(s), hear, &h, reterr);
    settled_done(&h.settled);
    return code;
}

/* ---- as it is settled */

/* Whom it went to was written when it left; one that was refused before that is known by the try that made it, whatever an earlier one had gone to. */
enum code settled_whom_write(struct txn *t, const struct settled *s, void *prepared UNUSED, struct err *reterr) {
    const struct letter_row *r = s->row;
    const bool went = r->state == LETTER_SENT || r->state == LETTER_UNKNOWN, refused = r->state == LETTER_BOUNCED;
    if (!s->final || (!went && !refused))
        return OK;
    struct letter_who w;
    const bool own = s->out != NULL && s->out != s->found;
    enum code code = letter_who_get(txn_sql(t), &r->id, &w, reterr);
    if (s->out != NULL && (code == E_NOT_FOUND || (code == OK && own && refused))) {
        w = (struct letter_who){ .letter = r->id, .channel = (int)r->channel };
        memcpy(w.who, s->out->who, sizeof w.who);
        code = letter_who_put(t, &w, reterr);
        if (code == OK)
            code = letter_who_get(txn_sql(t), &r->id, &w, reterr);
    }
    if (code == OK)
        code = shares_add(t, s->service, r->channel, w.at, &(struct heard_counts){ .sent = 1 }, reterr);
    if (code == OK && refused)
        code = bounced(t, s->service, &w, (enum reply_verdict)r->verdict, s->enhanced == NULL ? "" : s->enhanced, reterr);
    return code == E_NOT_FOUND ? OK : code;
}

/* ---- mail that came in */

bool mail_heard_known(const char *domain, const char *address) {
    struct verp v;
    const char *at = strrchr(address, '@');
    return verp_read(address, domain, &v) || (at != NULL && strcasecmp(at + 1, domain) == 0 && (size_t)(at - address) == strlen(COMPLAINTS_AT) && strncasecmp(address, COMPLAINTS_AT, strlen(COMPLAINTS_AT)) == 0);
}

/* What a report says in the words of a stranger is looked at and not kept: they may hold a name, a part of an address, or a whole answer of a person. */
static enum reply_verdict verdict_of_report(const struct dsn *d) {
    const enum reply_verdict v = d->says != DSN_FAILED ? VERDICT_NONE : verdict_of(d->code, d->status, d->said);
    return d->says == DSN_FAILED && v == VERDICT_NONE ? VERDICT_REFUSED : v;        /* it came back, and nobody says why */
}

/* Is the code ours? The tenant is looked for first, so that nobody has the keeper make keys of tenants that there are not. E_NOT_FOUND. */
static enum code believed(const struct mail_heard *h, const struct verp *v, struct service **ret, struct err *reterr) {
    enum code code = h->service(h->arg, v->tenant, ret, reterr);
    return code == OK ? verp_check(h->keeper, v, reterr) : code;
}

/* E_NOT_FOUND: nothing is known of the letter any more. */
static enum code tell(struct service *s, const struct verp *v, enum heard what, const struct dsn *d, struct err *reterr) {
    struct heard_news n = { .what = what, .verdict = d == NULL ? VERDICT_NONE : verdict_of_report(d), .enhanced = d == NULL ? "" : d->status };
    char said[SAID_MOST];
    snprintf(said, sizeof said, "%s%s%s", n.enhanced, n.enhanced[0] == 0 ? "" : " ", what == HEARD_BOUNCED ? "as a report of delivery says" : "");
    n.said = said;
    return message_heard(s, v->tenant, &v->letter, &n, reterr);
}

static enum mail_heard_end end_of(enum code code) { return code == OK || code == E_NOT_FOUND || code == E_GONE ? MAIL_HEARD_TAKEN : MAIL_HEARD_NOT_NOW; }

static enum mail_heard_end not_read(struct err *reterr) {
    (void)err_set(reterr, E_MEMORY, "no memory to read a report");
    return MAIL_HEARD_NOT_NOW;
}

enum mail_heard_end mail_heard(const struct mail_heard *h, const char *to, const void *message, size_t len, struct err *reterr) {
    PRE(h != NULL && to != NULL && message != NULL && reterr != NULL);
    AUTO(buf_wipe) struct buf from = BUF(4096);
    static const enum heard whats[] = { [DSN_FAILED] = HEARD_BOUNCED, [DSN_DELAYED] = HEARD_DELAYED, [DSN_DELIVERED] = HEARD_DELIVERED };
    struct verp v;
    struct arf a;
    struct dsn d;
    struct service *s = NULL;
    const bool named = verp_read(to, h->domain, &v);
    const size_t lost = mem_lost();          /* what was read with less memory than it takes says nothing: it comes again */
    if (!mail_heard_known(h->domain, to))
        return MAIL_HEARD_NOBODY;
    enum code code = named ? believed(h, &v, &s, reterr) : OK;
    if (code != OK)
        return code == E_NOT_FOUND || code == E_GONE ? MAIL_HEARD_NOBODY : MAIL_HEARD_NOT_NOW;
    arf_read(message, len, &a, &from);
    if (mem_lost() != lost)
        return not_read(reterr);
    if (a.is) {
        if (!a.complaint || from.failed || (!named && !verp_read(buf_str(&from), h->domain, &v)))
            return MAIL_HEARD_TAKEN;
        code = named ? OK : believed(h, &v, &s, reterr);
        return end_of(code == OK ? tell(s, &v, HEARD_COMPLAINED, NULL, reterr) : code);
    }
    if (!named)
        return MAIL_HEARD_TAKEN;             /* somebody writes by hand where machines report */
    dsn_read(message, len, &d);
    if (mem_lost() != lost)
        return not_read(reterr);
    return d.says == DSN_NOTHING ? MAIL_HEARD_TAKEN : end_of(tell(s, &v, whats[d.says], &d, reterr));
}
