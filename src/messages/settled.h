/* settled.h — what else is written when it is known what became of a message, in the same write: counters of a campaign, shares of bounces, the log
 * of deliveries. A table in settled.c; each row may prepare outside the write what it seals. Thread-safe. */
#pragma once
#include "messages/outgoing.h"
#include "wire/verdict.h"

#define SETTLED_ROWS 8u
struct settled {
    struct service *service; int64_t tenant;
    const struct letter_row *row;            /* as it will be stored: its state says what came of it */
    const struct outgoing *out;              /* as this try made it; NULL: it never got so far, or an earlier one did: settled_prepare finds whom that went to */
    const char *tls, *enhanced; bool final;  /* it is not tried any more */
    void *prepared[SETTLED_ROWS];            /* by row of the table; its owner frees it */
    bool counted;                            /* what this try handed over may have arrived: what the gates took for it is spent */
    bool again;                              /* by settled_write: a row could not be written, and leaves itself out from now on */
    struct outgoing *found;                  /* what `out` points to then; its own. `to` is "" where the record says another address by now */
};
/* A row of the table in settled.c; each may be NULL. *ret: what the others are given; done is called where it is not NULL. */
struct settled_row { enum code (*prepare)(const struct settled *s, void **ret, struct err *reterr);
                     enum code (*write)(struct txn *t, const struct settled *s, void *prepared, struct err *reterr);     /* repeatable */
                     void (*done)(void *prepared);
                     bool (*again)(const void *prepared);      /* its write failed, and would not if it were run once more */ };
MUST_USE enum code settled_prepare(struct settled *s, struct err *reterr);
MUST_USE enum code settled_write(struct txn *t, struct settled *s, struct err *reterr);        /* repeatable */
/* The write that settles it (fn calls settled_write), and once more where a row leaves itself out. */
MUST_USE enum code settled_store(struct settled *s, struct store *store, write_fn fn, void *arg, struct err *reterr);
void settled_done(struct settled *s);

/* Later news of a message that had been taken (a DSN, a complaint, a receipt of a provider); messages it does not know are E_NOT_FOUND. One that is in doubt is settled
 * by it; of one that is under way nothing can be said yet: E_BUSY, so that the news comes again. */
enum heard { HEARD_DELIVERED, HEARD_BOUNCED, HEARD_DELAYED, HEARD_COMPLAINED };
struct heard_news { enum heard what; enum reply_verdict verdict /* of what bounced */; const char *enhanced /* "5.1.1" or "" */, *said /* kept and shown, so: no word of a stranger */; };
MUST_USE enum code message_heard(struct service *s, int64_t tenant, const struct uuid *letter, const struct heard_news *n, struct err *reterr);
