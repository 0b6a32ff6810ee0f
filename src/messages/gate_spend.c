/* gate_spend.c — text messages of a tenant cost no more on a day of the charter's clock than the charter says. What one costs is taken in the write
 * that queues it, for the day on which it is to go; one that goes on another day, or whose text grew, is taken for anew before it goes. */
#include "charter/prices.h"
#include "messages/gate.h"
#include "messages/sms_cost.h"
#include "store/sms.h"

static usec_t when(const struct gate_ask *a) { return a->goes > a->now ? a->goes : a->now; }

static enum code full(const struct gate_ask *a, struct gate_verdict *ret) {
    const struct charter *c = service_charter(a->service);
    char cap[PRICE_TEXT], cost[PRICE_TEXT];
    return gate_stop(ret, GATE_SPEND, gate_next_day(a), "the charter lets the tenant spend %s %s a day on text messages, and less is left of it than the %s that this one costs: "
                     "it may go from the next day on", price_text(charter_sms(c)->spend, cap), charter_sms(c)->currency, price_text(a->cost, cost));
}

struct taking { const struct gate_ask *ask; struct gate_verdict *verdict; };
static enum code take_write(struct txn *t, void *arg, struct err *reterr) {
    const struct taking *k = arg;
    return gate_spend_take(t, k->ask, k->verdict, reterr);
}

enum code gate_spend_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    struct view *v = NULL;
    struct sms_spend today = { 0 };
    int64_t on = 0, had = 0, cap = sms_cap(a->service), day = gate_day(a->service, when(a));
    if (a->channel != CHANNEL_SMS)
        return OK;
    if (a->unpriced && cap != INT64_MAX)
        return gate_stop(ret, GATE_SPEND, 0, "the price list has no price in %s for this number, and the charter caps what a tenant spends: add its prefix to sms.prices of sejf.yaml", charter_sms(service_charter(a->service))->currency);
    enum code code = store_view(service_store(a->service), a->tenant, &v, reterr);
    if (code == OK)
        code = sms_taken_of(view_sql(v), &a->letter, &on, &had, reterr);
    if (code == OK)
        code = sms_spend_of(view_sql(v), day, &today, reterr);
    v = view_end(v);
    if (code != OK || (on == day && had >= a->cost))
        return code;
    int64_t more = on == day ? a->cost - had : a->cost;
    if (more > cap || today.spent > cap - more)
        return full(a, ret);
    if (a->stage == STAGE_QUEUE)
        return OK;                             /* taken in the write that queues it */
    struct taking k = { a, ret };
    return store_write(service_store(a->service), a->tenant, take_write, &k, reterr);
}

enum code gate_spend_take(struct txn *t, const struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    bool taken = false;
    if (a->channel != CHANNEL_SMS)
        return OK;
    enum code code = sms_spend_take(t, &a->letter, gate_day(a->service, when(a)), a->cost, sms_cap(a->service), &taken, reterr);
    return code == OK && !taken ? full(a, ret) : code;
}

enum code gate_spend_back(struct txn *t, const struct gate_ask *a, struct err *reterr) {
    return a->channel == CHANNEL_SMS ? sms_spend_back(t, &a->letter, reterr) : OK;
}

enum code gate_text_check(struct gate_ask *a, const char *text, struct gate_verdict *ret, struct err *reterr) {
    a->text = text;
    enum code code = gate_number_check(a, ret, reterr);
    if (code == OK && ret->passes)
        code = gate_spend_check(a, ret, reterr);
    if (code == OK && ret->passes && a->exception > 0)
        code = gate_number_goes(a, reterr);
    a->text = NULL;
    return code;
}
