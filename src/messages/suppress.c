/* suppress.c — see suppress.h. The ledger says that somebody was suppressed, which reason and until when; not who: the hash stands in the list alone,
 * and goes with it. */
#include "messages/suppress.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "ledger/ledger.h"
#include "records/reads.h"

#define FORGET_LETTERS (90 * USEC_PER_DAY)   /* to whom a letter went; complaints come within weeks */
#define FORGET_DAYS 400

static const char *const channels[CHANNELS] = { [CHANNEL_EMAIL] = "email", [CHANNEL_SMS] = "sms" };
const char *channel_name(enum channel channel) { return (unsigned)channel < CHANNELS ? channels[channel] : "unknown"; }
bool channel_find(const char *name, enum channel *ret) {
    for (int i = 0; i < CHANNELS; i++)
        if (name != NULL && strcmp(name, channels[i]) == 0) {
            *ret = (enum channel)i;
            return true;
        }
    return false;
}

void list_of_scope(const struct uuid *scope, char ret[LIST_TEXT]) {
    char id[UUID_TEXT];
    snprintf(ret, LIST_TEXT, "scope %s", uuid_format(scope, id));
}
void list_of_purpose(const struct kind *k, int purpose, char ret[LIST_TEXT]) {
    const char *name = purpose >= 0 && (size_t)purpose < k->used_for_count ? read_purpose(k, purpose) : NULL;
    snprintf(ret, LIST_TEXT, "purpose %s", name == NULL ? "" : name);
}
static const char *list_sort(const char *list) { return list[0] == 0 ? "all" : strncmp(list, "scope ", 6) == 0 ? "scope" : "purpose"; }

/* ---- on and off the list */

static usec_t end_of(struct service *s, const struct suppress_wish *w, usec_t now) {
    const struct span lasts = charter_complaint_lasts(service_charter(s));
    return w->until != 0 ? w->until : w->reason == SUPPRESS_LEFT ? USEC_NEVER : zone_add(charter_zone(service_charter(s)), now, &lasts, 1);
}

enum code suppress_write(struct txn *t, struct service *s, const struct suppress_wish *w, bool *ret_new, struct err *reterr) {
    PRE(t != NULL && s != NULL && w != NULL && ret_new != NULL && reterr != NULL);
    char until[40];
    struct suppressed_row r = { .channel = w->channel, .list = w->list, .reason = w->reason, .until = end_of(s, w, txn_now(t)), .by = w->by };
    bool fresh = false;
    memcpy(r.who, w->who, sizeof r.who);
    enum code code = suppressed_put(t, &r, &fresh, reterr);
    if (code != OK || !fresh) {
        if (code == OK)
            *ret_new = false;
        return code;
    }
    json_t *what = json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "channel", channel_name(w->channel), "reason", suppress_reason_name(w->reason), "list", list_sort(w->list),
                             "until", r.until == USEC_NEVER ? NULL : time_format(r.until, until, sizeof until), "why", w->why);
    code = ledger_append(t, "suppressed", w->by, what, reterr);
    json_decref(what);
    if (code == OK)
        *ret_new = true;
    return code;
}

struct deed { struct service *s; const struct suppress_wish *w; bool fresh; int64_t count; };
static enum code put_it(struct txn *t, void *arg, struct err *reterr) {
    struct deed *d = arg;
    return suppress_write(t, d->s, d->w, &d->fresh, reterr);
}

enum code suppress(struct service *s, const struct suppress_wish *w, bool *ret_new, struct err *reterr) {
    PRE(s != NULL && w != NULL && ret_new != NULL && reterr != NULL);
    struct deed d = { .s = s, .w = w };
    enum code code = store_write(service_store(s), w->tenant, put_it, &d, reterr);
    if (code == OK)
        *ret_new = d.fresh;
    return code;
}

static enum code lift_it(struct txn *t, void *arg, struct err *reterr) {
    struct deed *d = arg;
    const struct suppress_wish *w = d->w;
    unsigned which = w->reason != 0 ? 1u << w->reason : 1u << SUPPRESS_DEAD | 1u << SUPPRESS_HAND;       /* what a person said is never lifted along with something else */
    enum code code = suppressed_drop(t, w->channel, w->who, w->list, which, &d->count, reterr);
    if (code != OK || d->count == 0)
        return code;
    json_t *what = json_pack("{s:s, s:s*, s:s*, s:I, s:s*}", "channel", channel_name(w->channel), "reason", w->reason == 0 ? NULL : suppress_reason_name(w->reason), "list",
                             w->list == NULL ? NULL : list_sort(w->list), "count", (json_int_t)d->count, "why", w->why);
    code = ledger_append(t, "suppression_lifted", w->by, what, reterr);
    json_decref(what);
    return code;
}

enum code suppress_lift(struct service *s, const struct suppress_wish *w, enum suppress_lifter lifter, int64_t *ret_count, struct err *reterr) {
    PRE(s != NULL && w != NULL && ret_count != NULL && reterr != NULL);
    struct deed d = { .s = s, .w = w };
    const bool said = w->reason == SUPPRESS_COMPLAINT || w->reason == SUPPRESS_LEFT;
    if (said && lifter == LIFTED_BY_PROGRAM)
        return err_set(reterr, E_FORBIDDEN, "what a person said itself (a complaint, an unsubscription) is lifted by a person whom the ledger can name, not by a program: sign in, or use a token of your own account");
    if (said && lifter == LIFTED_BY_NAMED && (w->why == NULL || w->why[0] == 0))
        return err_field(reterr, E_FIELDS, "/why", "why: for what reason of the person's own a complaint or an unsubscription is lifted; it stands in the ledger");
    enum code code = store_write(service_store(s), w->tenant, lift_it, &d, reterr);
    if (code == OK)
        *ret_count = d.count;
    return code;
}

/* ---- told */

struct telling { json_t *items; size_t limit; int64_t counts[SUPPRESS_HAND + 1]; usec_t last; bool more, lost; };

static json_t *time_json(usec_t at) {
    char text[40];
    return at == USEC_NEVER || at == 0 ? json_null() : json_string(time_format(at, text, sizeof text));
}

static bool tell(const struct suppressed_row *r, void *arg) {
    struct telling *t = arg;
    if (json_array_size(t->items) >= t->limit && r->since != t->last) {      /* those of one instant stand on one page */
        t->more = true;
        return false;
    }
    t->last = r->since;
    t->lost = json_array_append_new(t->items, json_pack("{s:s, s:s, s:s, s:o, s:o, s:s}", "channel", channel_name((enum channel)r->channel), "reason", suppress_reason_name(r->reason), "list",
                                                        list_sort(r->list), "since", time_json(r->since), "until", time_json(r->until), "by", r->by)) != 0;
    return !t->lost;
}

static bool tell_counted(const struct suppressed_row *r, void *arg) {
    struct telling *t = arg;
    if (r->reason >= SUPPRESS_COMPLAINT && r->reason <= SUPPRESS_HAND)
        t->counts[r->reason]++;
    return tell(r, arg);
}

static enum code told(struct telling *t, enum code code, json_t **ret, struct err *reterr) {
    json_t *counts = json_object();
    for (int i = SUPPRESS_COMPLAINT; i <= SUPPRESS_HAND; i++)
        if (t->counts[i] > 0)
            t->lost |= json_object_set_new(counts, suppress_reason_name((enum suppress_reason)i), json_integer(t->counts[i])) != 0;
    json_t *all = code != OK || t->lost ? NULL : json_pack("{s:O, s:o, s:O}", "items", t->items, "next", t->more ? time_json(t->last) : json_null(), "counts", counts);
    json_decref(counts);
    json_decref(t->items);
    if (code != OK)
        return code;
    if (all == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a list of suppressions");
    *ret = all;
    return OK;
}

enum code suppressions_told(struct service *s, int64_t tenant, usec_t before, size_t limit, json_t **ret, struct err *reterr) {
    PRE(s != NULL && limit > 0 && ret != NULL && reterr != NULL);
    struct telling t = { .items = json_array(), .limit = limit };
    struct view *v = NULL;
    enum code code = t.items == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of suppressions") : store_view(service_store(s), tenant, &v, reterr);
    if (code == OK)
        code = suppressed_counts(view_sql(v), clock_now(), t.counts, reterr);
    if (code == OK)
        code = suppressed_list(view_sql(v), before, clock_now(), tell, &t, reterr);
    v = view_end(v);
    return told(&t, code, ret, reterr);
}

enum code suppressions_of(struct service *s, int64_t tenant, enum channel channel, const uint8_t who[WHO_SIZE], json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && ret != NULL && reterr != NULL);
    struct telling t = { .items = json_array(), .limit = SIZE_MAX };
    struct view *v = NULL;
    enum code code = t.items == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of suppressions") : store_view(service_store(s), tenant, &v, reterr);
    if (code == OK)
        code = suppressed_of(view_sql(v), channel, who, clock_now(), tell_counted, &t, reterr);
    v = view_end(v);
    return told(&t, code, ret, reterr);
}

/* ---- upkeep */

static int64_t day_of(usec_t at) { return at / USEC_PER_DAY; }

static enum code end_some(struct txn *t, void *arg, struct err *reterr) {
    const usec_t now = *(const usec_t *)arg;
    int64_t count = 0;
    enum code code = suppressed_end(t, now, &count, reterr);
    if (code == OK)
        code = letter_who_forget(t, now - FORGET_LETTERS, reterr);
    if (code == OK)
        code = heard_forget(t, day_of(now) - FORGET_DAYS, reterr);
    if (code != OK || count == 0)
        return code;
    json_t *what = json_pack("{s:I}", "count", (json_int_t)count);
    code = ledger_append(t, "suppressions_ended", "sejf", what, reterr);
    json_decref(what);
    return code;
}

enum code suppressions_end(struct service *s, int64_t tenant, usec_t now, struct err *reterr) { return store_write(service_store(s), tenant, end_some, &now, reterr); }

/* ---- shares and pauses */

static _Atomic uint64_t heard_ever[CHANNELS][SHARES];      /* a write that runs twice counts twice here, and once in the store */
static void shares_metrics(enum channel channel, const struct heard_counts *more) {
    if ((unsigned)channel >= CHANNELS)
        return;
    heard_ever[channel][SHARES_SENT] += (uint64_t)more->sent;
    heard_ever[channel][SHARES_BOUNCED] += (uint64_t)more->bounced;
    heard_ever[channel][SHARES_COMPLAINED] += (uint64_t)more->complained;
}
uint64_t shares_ever(enum channel channel, enum shares which) { return heard_ever[channel][which]; }

/* Is part more than that share (in millionths) of all? Counts are far below what a product could overflow. */
static bool above(int64_t part, int64_t all, int64_t share) { return part * INT64_C(1000000) > all * share; }

static void why_of(char *ret, size_t room, const struct heard_counts *c) {
    snprintf(ret, room, "of %lld sent in %d days %lld bounced (%.2f %%) and %lld complained (%.2f %%)", (long long)c->sent, SHARES_DAYS, (long long)c->bounced, 100.0 * (double)c->bounced / (double)c->sent,
             (long long)c->complained, 100.0 * (double)c->complained / (double)c->sent);
}

/* Does that pause sending? One person's complaint is no share, however few the letters are. */
static bool too_many(const struct reputation_rule *rule, const struct heard_counts *c) {
    return c->sent >= SHARES_LEAST && (above(c->bounced, c->sent, rule->bounced) || (c->complained >= COMPLAINED_LEAST && above(c->complained, c->sent, rule->complained)));
}

enum code shares_add(struct txn *t, struct service *s, enum channel channel, usec_t went, const struct heard_counts *more, struct err *reterr) {
    PRE(t != NULL && s != NULL && more != NULL && reterr != NULL);
    const struct reputation_rule rule = charter_reputation(service_charter(s));
    const usec_t at = went != 0 && went < txn_now(t) ? went : txn_now(t);
    struct heard_counts c = { 0 };
    struct paused p = { .open = false };
    enum code code = sending_paused(txn_sql(t), channel, &p, reterr);
    if (code == OK)
        code = heard_add(t, channel, day_of(at), at >= p.since ? p.round : HEARD_PAST, more, reterr);
    if (code == OK)
        shares_metrics(channel, more);
    if (code != OK || p.open || !rule.said || (more->bounced == 0 && more->complained == 0))
        return code;
    code = heard_sum(txn_sql(t), channel, day_of(txn_now(t)) - SHARES_DAYS + 1, p.round, &c, reterr);
    if (code != OK || !too_many(&rule, &c))
        return code;
    char why[200];
    why_of(why, sizeof why, &c);
    code = sending_pause_put(t, &(struct pause_row){ .channel = channel, .round = p.round, .why = why, .by = "" }, reterr);
    if (code != OK)
        return code;
    json_t *what = json_pack("{s:s, s:s}", "channel", channel_name(channel), "why", why);
    code = ledger_append(t, "sending_paused", "sejf", what, reterr);
    json_decref(what);
    return code;
}

struct resuming { enum channel channel; const char *by; };
static enum code go_on(struct txn *t, void *arg, struct err *reterr) {
    const struct resuming *r = arg;
    enum code code = sending_resume(t, r->channel, txn_now(t), r->by, reterr);
    if (code != OK)
        return code;
    json_t *what = json_pack("{s:s}", "channel", channel_name(r->channel));
    code = ledger_append(t, "sending_resumed", r->by, what, reterr);
    json_decref(what);
    return code;
}

enum code sending_go_on(struct service *s, int64_t tenant, enum channel channel, const char *by, struct err *reterr) {
    PRE(s != NULL && by != NULL && reterr != NULL);
    return store_write(service_store(s), tenant, go_on, &(struct resuming){ channel, by }, reterr);
}

struct pauses { json_t *list; bool lost; };
static bool tell_pause(const struct pause_row *r, void *arg) {
    struct pauses *p = arg;
    p->lost = json_array_append_new(p->list, json_pack("{s:s, s:o, s:s, s:o, s:s}", "channel", channel_name((enum channel)r->channel), "since", time_json(r->since), "why", r->why, "ended", time_json(r->ended),
                                                       "by", r->by)) != 0;
    return !p->lost;
}

enum code shares_told(struct service *s, int64_t tenant, json_t **ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    json_t *list = json_array();
    struct pauses p = { .list = json_array() };
    enum code code = store_view(service_store(s), tenant, &v, reterr);
    for (int i = 0; code == OK && i < CHANNELS; i++) {
        struct heard_counts c = { 0 };
        struct paused paused = { .open = false };
        code = sending_paused(view_sql(v), i, &paused, reterr);
        if (code == OK)
            code = heard_sum(view_sql(v), i, day_of(clock_now()) - SHARES_DAYS + 1, paused.round, &c, reterr);
        if (code == OK)
            json_array_append_new(list, json_pack("{s:s, s:i, s:I, s:I, s:I, s:b}", "channel", channels[i], "days", SHARES_DAYS, "sent", (json_int_t)c.sent, "bounced", (json_int_t)c.bounced,
                                                  "complained", (json_int_t)c.complained, "paused", (int)paused.open));
    }
    if (code == OK)
        code = sending_pauses(view_sql(v), tell_pause, &p, reterr);
    json_t *all = code == OK && !p.lost && json_array_size(list) == CHANNELS ? json_pack("{s:O, s:O}", "channels", list, "pauses", p.list) : NULL;
    json_decref(list);
    json_decref(p.list);
    if (code != OK)
        return code;
    if (all == NULL)
        return err_set(reterr, E_MEMORY, "no memory for shares of bounces");
    *ret = all;
    return OK;
}
