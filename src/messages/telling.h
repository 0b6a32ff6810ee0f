/* telling.h — a change told to a webhook: one try at a time, in the order of change numbers. The body is made at each try from the record as it is,
 * so nothing of an erased record lies in any queue; its name (the id of the delivery) comes from the change, so that a try after a cut has the name
 * of the one before. A peer's 2xx tells that it has it; 410 ends the webhook; all else is tried again, at growing intervals, for
 * TELLING_DAYS. Thread-safe for different webhooks; blocks as long as the peer takes. Never logs. */
#pragma once
#include "messages/webhook.h"
#include "records/post.h"
#include "sys/fetch.h"

#define TELLING_WAIT_MS 10000
#define TELLING_ANSWER ((size_t)1 << 20)      /* bytes of an answer; above it is none */
#define TELLING_DAYS 3
#define TELLING_KEPT_DAYS 30                  /* deliveries are listed so long */
#define TELLING_AT_ONCE 64u                   /* changes that a webhook is told before others have a turn */

enum told { TOLD_CREATED, TOLD_CHANGED, TOLD_ERASED, TOLD_TEST };
/* How requests leave, and where to they may. */
struct telling_way {
    struct webhook_places places;
    enum code (*fetch)(void *arg, const struct fetch_request *request, struct fetch_reply *ret, struct err *reterr);
    void *arg, *hand_arg;                    /* hand_arg: for what is tried by hand, which never takes a place of what is told by itself */
};
struct telling {
    struct store *store;
    struct telling_way way;
    /* The service of a tenant; NULL: it does not run here, or the tenant is closed. */
    struct service *(*service_of)(void *arg, int64_t tenant);
    /* Letters that say to the tenant's own people that a webhook has stopped (or ended); NULL: nobody is told by letter. */
    enum code (*letters)(void *arg, struct service *s, int64_t tenant, const struct hook *h, enum webhook_state state, struct post_ready **ret, size_t *ret_count, struct err *reterr);
    void (*letters_done)(void *arg, struct post_ready *list, size_t count);
    void *arg;
};

enum telling_end { TELLING_DONE,             /* there is nothing more to tell now */
                   TELLING_MORE,             /* there is, and others may have their turn first */
                   TELLING_WAITS,            /* it was tried in vain; its time is written down */
                   TELLING_BUSY };           /* nothing was tried: the sender has too much to do */
struct telling_turn { enum telling_end end; bool slow /* the peer takes long for each change */; };
/* stop: asked before each try. An error: not even that could be written down, and it is to be tried again later. */
MUST_USE enum code telling_run(const struct telling *t, int64_t tenant, int64_t number, bool (*stop)(void *arg), void *stop_arg, struct telling_turn *ret, struct err *reterr);

/* By hand, and at once: {delivered, status, said, …}. A delivery that is repeated has its old name, and is told as the record is now. Of one tenant one
 * at a time, of all TELLING_HANDS: E_BUSY; E_CONFLICT: the peer has ended it. What the peer says is shown, masked, and not kept. */
#define TELLING_HANDS 4u
MUST_USE enum code telling_repeat(const struct telling *t, struct service *s, int64_t tenant, int64_t number, const struct uuid *delivery, json_t **ret, struct err *reterr);
MUST_USE enum code telling_test(const struct telling *t, struct service *s, int64_t tenant, int64_t number, json_t **ret, struct err *reterr);
/* For the probe: what a host would be told of that record, appended; nothing is sent or noted. */
MUST_USE enum code telling_would(struct service *s, int64_t tenant, int kind, const struct uuid *id, const char *host, struct buf *ret, struct err *reterr);
/* {items, next}: the newest first; before: a change number. */
MUST_USE enum code deliveries_told(struct service *s, int64_t tenant, int64_t number, int64_t before, size_t limit, json_t **ret, struct err *reterr);

/* 5 seconds, doubled up to 4 hours, each between 75 % and 125 % of it. Pure. */
usec_t telling_wait(int tries, uint32_t random);
/* "v1=<hex>,v1=<hex>": HMAC-SHA-256 over "timestamp.body" by each secret. Pure. */
void telling_sign(const char *const *secrets, size_t count, int64_t timestamp, const void *body, size_t len, struct buf *ret);
