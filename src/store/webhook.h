/* webhook.h — who is told of changes of a tenant's records, and what became of each telling. The change numbers of the records are the queue: a
 * webhook has reached a number, and whatever changed after it is told in that order, so nothing is queued twice and a million changes
 * behind take no room. webhook_next leads to those that are to be looked at, of all tenants. */
#pragma once
#include "base/arena.h"
#include "base/uuid.h"
#include "store/store.h"

enum webhook_state { WEBHOOK_ON, WEBHOOK_PAUSED /* by hand */, WEBHOOK_STOPPED /* in vain for three days */, WEBHOOK_ENDED /* the peer does not want it any more */ };
struct webhook_row {
    int64_t number; enum webhook_state state; usec_t made;
    int64_t reached;                         /* change number: what lies behind is told */
    int tries; usec_t failed;                /* of what comes next: tries in vain, and since when, by txn_ran */
    uint64_t key; const void *blob; size_t len;
};
MUST_USE enum code webhook_put(struct txn *t, const struct webhook_row *r, struct err *reterr);        /* new, or in its place; tried at once while it is on */
/* state, reached, tries and failed; next: when it is looked at, USEC_NEVER: not any more. E_NOT_FOUND. */
MUST_USE enum code webhook_set(struct txn *t, const struct webhook_row *r, usec_t next, struct err *reterr);
MUST_USE enum code webhook_drop(struct txn *t, int64_t number, struct err *reterr);                    /* and its deliveries */
MUST_USE enum code webhook_get(struct sql *q, int64_t number, struct webhook_row *ret, struct arena *arena, struct err *reterr);     /* E_NOT_FOUND */
typedef bool (*webhook_fn)(const struct webhook_row *r, void *arg);
MUST_USE enum code webhooks_list(struct sql *q, webhook_fn fn, void *arg, struct err *reterr);
MUST_USE enum code webhook_number(struct sql *q, int64_t *ret, struct err *reterr);                    /* of the next one: none is given twice */
MUST_USE enum code webhook_clock(struct sql *q, int64_t *ret, struct err *reterr);                     /* the newest change of the tenant */
/* Those to be looked at by then, whose tenant has changes that they were not told of; those that a wrong clock has put off further than any
 * is put off (WEBHOOK_AHEAD) likewise. In the order of tenants behind `after`, around. */
#define WEBHOOK_AHEAD (6 * USEC_PER_HOUR)
typedef bool (*webhook_next_fn)(int64_t tenant, int64_t number, void *arg);
MUST_USE enum code webhooks_next(struct store *s, usec_t until, int64_t after, webhook_next_fn fn, void *arg, struct err *reterr);

enum delivery_state { DELIVERY_FAILED /* tried, and to be tried again */, DELIVERY_TOLD, DELIVERY_OVERTAKEN /* the record changed again before it could be told: that is told */ };
struct delivery_row {
    int64_t webhook, change; int32_t kind; struct uuid id; int64_t version; int what /* enum told of messages/telling.h */;
    struct uuid delivery;                    /* its name for the peer */
    enum delivery_state state; int tries; usec_t tried; int status; const char *said;
};
MUST_USE enum code delivery_put(struct txn *t, const struct delivery_row *r, struct err *reterr);      /* in the place of an earlier one of that change */
MUST_USE enum code delivery_get(struct sql *q, int64_t webhook, const struct uuid *delivery, struct delivery_row *ret, struct arena *arena, struct err *reterr);
typedef bool (*delivery_fn)(const struct delivery_row *r, void *arg);
MUST_USE enum code delivery_list(struct sql *q, int64_t webhook, int64_t before /* a change number */, delivery_fn fn, void *arg, struct err *reterr);
/* Those of the webhook that were tried in vain, but for that change, are overtaken now. */
MUST_USE enum code deliveries_overtake(struct txn *t, int64_t webhook, int64_t change, struct err *reterr);
/* Some of those that were last tried before then go, the oldest first; *ret_more: there may be others. */
MUST_USE enum code deliveries_forget(struct txn *t, int64_t webhook, usec_t before, bool *ret_more, struct err *reterr);
