/* outbed.h — for the tests of this folder: a store and a keeper with letters, and a mailer that does as it is told. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "messages/deliver.h"
#include "records/post.h"
#include "records/testbed.h"
#include "records/testcharters.h"

#define OUT_MOST 512u
enum out_deed { OUT_ANSWERS /* as `outcome` says, before the last byte for a refusal of the recipient */, OUT_GOES /* asks first, then answers */, OUT_BREAKS /* asks, then is gone */, OUT_AWAY };
struct outbed {
    struct bed b;
    struct deliver d;
    _Atomic bool about;                         /* the relay has said something about the letter */
    _Atomic int deed, outcome, known, status, stage;   /* known: what it remembers when it is asked; stage: where in the talk it answers */
    _Atomic bool blocks;                        /* whatever is sent waits until this ends */
    _Atomic bool stalls; struct uuid lets;      /* the same, but for that letter; under lock */
    _Atomic unsigned sent, asked, went, held /* that wait so */;
    _Atomic unsigned attempt, asked_of;         /* of the last letter that was sent; that was asked for */
    const char *file; size_t file_len;          /* what letters carry, where it is not "hello" */
    struct uuid whom;                           /* the account that letters go to; null: nobody's */
    pthread_mutex_t lock;
    struct uuid taken[OUT_MOST]; _Atomic size_t taken_count;      /* raised when the id stands there */
    char message[4096];
};

static bool out_lets(struct outbed *o, const struct uuid *id) {
    pthread_mutex_lock(&o->lock);
    bool lets = uuid_compare(&o->lets, id) == 0;
    pthread_mutex_unlock(&o->lock);
    return lets;
}

static enum code out_send(void *arg, const struct mail_letter *l, mail_go_fn go, void *go_arg, bool *ret_went, struct mail_reply *ret, struct err *e) {
    struct outbed *o = arg;
    *ret_went = false;
    o->sent++;
    o->attempt = l->attempt;
    pthread_mutex_lock(&o->lock);
    snprintf(o->message, sizeof o->message, "%.*s", (int)l->len, (const char *)l->message);
    pthread_mutex_unlock(&o->lock);
    o->held++;
    for (int i = 0; i < 12000 && (o->blocks || (o->stalls && !out_lets(o, &l->id))); i++)
        (void)usleep(5000);
    o->held--;
    if (o->deed == OUT_AWAY)
        return err_set(e, E_PEER, "away");
    if (o->deed != OUT_ANSWERS) {
        enum code code = go(go_arg, e);
        if (code != OK)
            return code;
        *ret_went = true;
        o->went++;
        pthread_mutex_lock(&o->lock);
        CHECK(o->taken_count < OUT_MOST);
        o->taken[o->taken_count] = l->id;
        o->taken_count++;
        pthread_mutex_unlock(&o->lock);
    }
    if (o->deed == OUT_BREAKS)
        return err_set(e, E_PEER, "broken off");
    *ret = (struct mail_reply){ .outcome = (enum mail_outcome)o->outcome, .about = o->about, .stage = o->stage, .status = o->status, .said = "RCPT: so it says", .tls = "TLSv1.3", .enhanced = "2.0.0" };
    return OK;
}

static enum code out_ask(void *arg, const struct uuid *id, uint32_t attempt, struct mail_reply *ret, struct err *e) {
    struct outbed *o = arg;
    (void)id;
    CHECK(attempt >= 1);
    o->asked_of = attempt;
    o->asked++;
    if (o->deed == OUT_AWAY)
        return err_set(e, E_PEER, "away");
    *ret = (struct mail_reply){ .outcome = (enum mail_outcome)o->known, .status = 250, .said = "as remembered" };
    return OK;
}

static void out_start(struct outbed *o) {
    bed_start(&o->b, events_charter);
    o->about = false;
    o->deed = o->outcome = o->known = o->status = o->stage = 0;
    o->blocks = false;
    o->file_len = 0;
    o->whom = (struct uuid){ { 0 } };
    o->stalls = false;
    o->sent = o->asked = o->went = o->held = o->attempt = o->asked_of = 0;
    o->taken_count = 0;
    pthread_mutex_init(&o->lock, NULL);
    o->d = (struct deliver){ o->b.store, o->b.keeper, { out_send, out_ask, NULL, NULL, o, "service@seats.example", "Seats", "relay.example", NULL, NULL, NULL }, NULL, NULL, NULL };
}
static void out_end(struct outbed *o) {
    pthread_mutex_destroy(&o->lock);
    bed_end(&o->b);
}

static enum code out_put_write(struct txn *t, void *arg, struct err *e) { return post_put(t, arg, e); }
static struct uuid out_letter_of(struct outbed *o, int64_t tenant, usec_t until) {
    AUTO(post_ready_done) struct post_ready r = { .sealed = BUF(1) };
    const struct post p = { .cause = "notice", .about = 7, .to = "anna@people.example", .to_name = "Anna", .lang = LANG_EN, .subject = "What goes", .text = "Good day.\n", .until = until, .whom = o->whom,
                            .file_name = "a.txt", .file_type = "text/plain", .file = o->file_len > 5 ? o->file : "hello", .file_len = o->file_len > 5 ? o->file_len : 5 };
    CHECK_OK(post_seal(o->b.service, tenant, &p, &r, &o->b.e), &o->b.e);
    CHECK_OK(store_write(o->b.store, tenant, out_put_write, &r, &o->b.e), &o->b.e);
    return r.row.id;
}

UNUSED static struct uuid out_letter(struct outbed *o, usec_t until) { return out_letter_of(o, o->b.tenant, until); }

struct out_row { enum letter_state state; int tries, answers, status, doubts, gate; size_t len; char said[300]; usec_t tried, heard; };
static bool out_row_take(const struct letter_row *r, void *arg) {
    struct out_row *w = arg;
    *w = (struct out_row){ r->state, r->tries, r->answers, r->status, r->doubts, r->gate, r->len, "", r->tried, r->heard };
    snprintf(w->said, sizeof w->said, "%s", r->said);
    return false;
}
UNUSED static struct out_row out_row_of(struct outbed *o, int64_t tenant, const struct uuid *id) {
    struct out_row w = { 0 };
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(o->b.store, tenant, &v, &o->b.e), &o->b.e);
    CHECK_OK(letter_get(view_sql(v), id, out_row_take, &w, &o->b.e), &o->b.e);
    return w;
}
UNUSED static struct out_row out_row(struct outbed *o, const struct uuid *id) { return out_row_of(o, o->b.tenant, id); }
static bool out_next_take(const struct letter_next *n, void *arg) {
    usec_t *first = arg;
    *first = n->next < *first ? n->next : *first;
    return false;
}
UNUSED static usec_t out_next(struct outbed *o) {
    usec_t next = USEC_NEVER;
    for (enum channel c = 0; c < CHANNELS; c++)
        CHECK_OK(letters_next(o->b.store, c, USEC_NEVER - 1, INT64_MIN, 1, out_next_take, &next, &o->b.e), &o->b.e);
    return next;
}
