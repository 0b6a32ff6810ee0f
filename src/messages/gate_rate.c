/* gate_rate.c — so many messages of a channel a day for each person, by the charter's clock. A person is the keyed hash of its address, so two records
 * of the same address share the number. What counts for a day is taken in the write that queues the message, for the day on which it is
 * to go; one that goes on another day is taken for that one before it goes. */
#include "messages/gate.h"
#include "store/sent.h"

_Static_assert(SENT_WHO == WHO_SIZE, "the store keeps what the gates count by");

static bool limited(const struct gate_ask *a, struct message_rule *ret) {
    *ret = charter_messages(service_charter(a->service), a->channel == CHANNEL_SMS);
    return ret->said && rule_on(RULE_mail_caps);
}

static usec_t when(const struct gate_ask *a) { return a->goes > a->now ? a->goes : a->now; }

static struct sent sent_of(const struct gate_ask *a) {
    struct sent w = { .day = gate_day(a->service, when(a)), .channel = a->channel, .letter = a->letter };
    for (size_t i = 0; i < WHO_SIZE; i++)
        w.who[i] = a->who[i];
    return w;
}

static enum code full(const struct gate_ask *a, const struct message_rule *r, struct gate_verdict *ret) {
    return gate_stop(ret, GATE_RATE, gate_next_day(a), "the charter lets a person have at most %d of these messages a day, and it has: this one may go from the next day on", r->a_day);
}

struct taking { const struct gate_ask *ask; struct gate_verdict *verdict; };
static enum code take_write(struct txn *t, void *arg, struct err *reterr) {
    const struct taking *k = arg;
    return gate_rate_take(t, k->ask, k->verdict, reterr);
}

enum code gate_rate_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    struct message_rule r;
    struct view *v = NULL;
    int64_t others = 0;
    bool stands = false;
    if (!limited(a, &r))
        return OK;
    const struct sent w = sent_of(a);
    enum code code = store_view(service_store(a->service), a->tenant, &v, reterr);
    if (code == OK)
        code = sent_count(view_sql(v), &w, r.a_day, &others, &stands, reterr);
    v = view_end(v);
    if (code != OK || stands)
        return code;
    if (others >= r.a_day)
        return full(a, &r, ret);
    if (a->stage == STAGE_QUEUE)
        return OK;                             /* taken in the write that queues it */
    struct taking k = { a, ret };
    return store_write(service_store(a->service), a->tenant, take_write, &k, reterr);
}

enum code gate_rate_take(struct txn *t, const struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    struct message_rule r;
    bool taken = false;
    if (!limited(a, &r))
        return OK;
    const struct sent w = sent_of(a);
    enum code code = sent_take(t, &w, r.a_day, &taken, reterr);
    return code == OK && !taken ? full(a, &r, ret) : code;
}

enum code gate_rate_back(struct txn *t, const struct gate_ask *a, struct err *reterr) {
    struct message_rule r;
    if (!limited(a, &r))
        return OK;
    const struct sent w = sent_of(a);
    return sent_drop(t, &w, reterr);
}
