/* gate.h — what every message passes, whoever wants it sent: a row of gates, in the order of enum gate, each a decision with its reason. They are
 * asked when a message is queued and again when it is sent; what a gate counts (messages a day, money) is taken in the write that queues it. The
 * first that does not let it pass is told, and counted. What a duty orders (an answer to a request, a notice, a password) is no message of
 * this sort and passes no gate but its own. Thread-safe; gate_check blocks: it reads the store and may ask the keeper. */
#pragma once
#include "records/records.h"
#include "store/letter.h"

enum gate { GATE_CHARTER,                    /* to whom the charter lets messages go: of which record, among whom, never imported ones */
            GATE_CONSENT,                    /* consent and objection of the person */
            GATE_SUPPRESSED,                 /* it complained, left the list, or its address is dead */
            GATE_RESTRICTED,                 /* processing is restricted (GDPR, article 18) */
            GATE_NUMBER,                     /* country and type of a number */
            GATE_PAUSED,                     /* the tenant's sending pauses */
            GATE_RATE,                       /* messages of the person and day */
            GATE_SPEND,                      /* money of the tenant and day */
            GATES };
const char *gate_name(enum gate gate);       /* "charter" */

enum gate_stage { STAGE_QUEUE, STAGE_SEND };
#define WHO_SIZE 16u                         /* a keyed hash of an address, of one tenant (who.h) */
struct record;                               /* records/record.h */
struct gate_ask {
    struct service *service; int64_t tenant;
    enum channel channel; enum gate_stage stage;
    int kind; struct uuid record;            /* whose person it goes to */
    struct uuid parent;                      /* what the record belongs to; null: the tenant */
    struct uuid scope;                       /* among whose people it is sent; null: the tenant's */
    bool imported;                           /* the record came by an import */
    const char *address;                     /* as the record holds it; NULL: it has none */
    uint8_t who[WHO_SIZE];                   /* of it */
    int purpose;                             /* index of the kind's used_for */
    const char *text;                        /* of a text message, for its parts and its cost; NULL: mail */
    int64_t cost;                            /* what it costs, in millionths; GATE_NUMBER sets it, where the text is known */
    int parts; bool unpriced;                /* set with it: of the text; the price list has no price of that number */
    int64_t exception;                       /* GATE_NUMBER sets it: the number is outside the charter's list, and goes by this exception (store/sms.h); 0 */
    usec_t now;
    struct uuid letter;                      /* what is counted, so that it counts once */
    usec_t goes;                             /* when it is to go: it counts on that day. 0: now */
    const struct record *opened;             /* the record, opened; NULL: it is loaded where a gate needs it */
};
struct gate_verdict { bool passes; enum gate gate; char why[200]; /* in English, says how to mend it, nothing personal */ usec_t again; /* 0: refused; else: not before that */ };
MUST_USE enum code gate_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
/* In the write that queues it: takes what is counted, or says that nothing is left, and then nothing of it is taken. Repeatable; asks nobody but the store. */
MUST_USE enum code gate_take(struct txn *t, const struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
/* One more that the gate refused, or put off, on today's day of the charter's clock, in whichever write. */
MUST_USE enum code gate_count(struct txn *t, const struct gate_ask *a, const struct gate_verdict *v, struct err *reterr);
MUST_USE enum code gate_put_off(struct txn *t, const struct gate_ask *a, const struct gate_verdict *v, struct err *reterr);
/* Refusals of this process since it began, of all tenants. */
uint64_t gate_refused(enum channel channel, enum gate gate);
/* {items: [{day: "2026-11-22", channel, refused: {gate: count}, put_off: {gate: count}}]}, the newest day first, of the last `days` days. */
MUST_USE enum code gates_told(struct service *s, int64_t tenant, int days, json_t **ret, struct err *reterr);

/* A row of the table in gate.c; any may be NULL. Untouched *ret: it passes. What is taken is taken from the last row to the first; give_back undoes
 * a gate's taking in the same write, where one before it has nothing left. */
typedef enum code (*gate_check_fn)(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
typedef enum code (*gate_take_fn)(struct txn *t, const struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
typedef enum code (*gate_back_fn)(struct txn *t, const struct gate_ask *a, struct err *reterr);
struct gate_row { enum gate gate; gate_check_fn check; gate_take_fn take; gate_back_fn give_back; };
/* The rows, a file each (gate_x.c). */
enum code gate_state_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
enum code gate_charter_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
enum code gate_consent_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
enum code gate_restricted_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
enum code gate_number_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
enum code gate_number_take(struct txn *t, const struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
/* One that goes by an exception goes now: the ledger says so, unless it did when it was queued. After what it costs was taken. */
enum code gate_number_goes(const struct gate_ask *a, struct err *reterr);
enum code gate_spend_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
enum code gate_spend_take(struct txn *t, const struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
enum code gate_spend_back(struct txn *t, const struct gate_ask *a, struct err *reterr);
/* At STAGE_SEND, when the text is made: number and spend are asked again with it, and what it costs more than was taken is taken. */
enum code gate_text_check(struct gate_ask *a, const char *text, struct gate_verdict *ret, struct err *reterr);
enum code gate_rate_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
enum code gate_rate_take(struct txn *t, const struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
enum code gate_rate_back(struct txn *t, const struct gate_ask *a, struct err *reterr);

/* Among whose people the record is, by the charter's line: what a message about it carries as its scope. Null: the tenant's, or it belongs to none. */
enum code gate_scope(const struct gate_ask *a, struct uuid *ret, struct err *reterr);
/* The day of that instant by the charter's clock: 20261122. */
int64_t gate_day(const struct service *s, usec_t at);
/* When what the day on which it is to go has no room for may go: the next day begins, for a text message at 8:00, so that no phone rings at midnight. */
usec_t gate_next_day(const struct gate_ask *a);
enum code gate_suppressed_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
enum code gate_pause_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
/* For those who write one: fills *ret and gives OK. */
enum code gate_stop(struct gate_verdict *ret, enum gate gate, usec_t again, const char *why, ...) __attribute__((format(printf, 4, 5)));
