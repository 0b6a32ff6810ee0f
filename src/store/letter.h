/* letter.h — letters that leave, by mail or as text messages: the outbox. A letter is put in the same write as what causes it. There are two
 * sorts: of one that a duty orders, address, subject and text are sealed by the caller (records/post.h); a message to the person of a record
 * names record and template, and is made anew at each try (messages/outgoing.h), so that no address lies in the queue. What is sealed goes
 * when it was delivered or given up. letter_next leads to those that are to be tried, of all tenants. What a callback gets lives as long as the call. */
#pragma once
#include "base/uuid.h"
#include "store/store.h"

enum channel { CHANNEL_EMAIL, CHANNEL_SMS, CHANNELS };
enum letter_state { LETTER_WAITING,     /* to be tried; also after a try that failed for a while */
                    LETTER_SENDING,     /* handed to the mailer: after a cut nobody knows what came of it until the mailer is asked */
                    LETTER_SENT,        /* the relay has taken it */
                    LETTER_BOUNCED,     /* the relay has refused it for good; it may be tried again daily */
                    LETTER_UNKNOWN,     /* cut off between the last byte and the answer: not sent again, for it may have arrived */
                    LETTER_OVER };      /* given up, or not needed any more */
struct letter_row {
    struct uuid id; const char *cause; int64_t about; enum letter_state state; usec_t made, tried /* last; 0: never */, until /* then it is given up */;
    int tries, answers /* about this letter: a relay that cannot be reached, or lets us not in, gives none */; usec_t heard /* the last of them; 0: none */; int losses /* since then: connections that ended at it */;
    int status /* of SMTP, last; 0: no answer */; const char *said /* the relay's words, addresses masked */;
    uint64_t key; const void *blob; size_t len;
    struct uuid whom;                   /* the account it goes to; null: nobody's. So that the same thing is not told twice */
    /* ---- of a message; kind 0: it is none */
    enum channel channel;
    int32_t kind; struct uuid record;   /* stable number of the kind; to whom, as the record says when it goes */
    struct uuid scope;                  /* among whose people it is sent: "the same event"; null: the tenant's */
    int64_t template;                   /* number of its text (store/template.h); 0: subject and text are sealed with it */
    const char *purpose;                /* of the kind, by name; "": a duty's */
    int doubts;                         /* tries of which nobody knows what came: the same Message-ID went again */
    int gate;                           /* 1 + enum gate of messages/gate.h that stopped it last; 0: none */
    int64_t cost;                       /* of a text message, in millionths of the currency of the price list */
    const char *receipt;                /* what the provider calls it; "" */
    usec_t begins;                      /* it does not go before that; 0: at once. Put by letter_put alone */
    uint32_t attempt;                   /* the last handing over that was let go, as whoever delivers knows it: none has the number of another. 0: none was */
    int verdict;                        /* enum reply_verdict of wire/verdict.h: what the last answer meant; 0: none came */
};
/* May it still go? A letter of a duty has its bytes until it ends; a message may have none. */
bool letter_is_open(const struct letter_row *r);
MUST_USE enum code letter_put(struct txn *t, const struct letter_row *r, usec_t next, struct err *reterr);
/* state, tries, tried, status, said, blob, answers, heard, doubts, gate, cost, receipt, verdict, attempt and losses; next USEC_NEVER: it is not tried any more. */
MUST_USE enum code letter_set(struct txn *t, const struct letter_row *r, usec_t next, struct err *reterr);
typedef bool (*letter_fn)(const struct letter_row *r, void *arg);
MUST_USE enum code letter_get(struct sql *q, const struct uuid *id, letter_fn fn, void *arg, struct err *reterr);     /* E_NOT_FOUND */
/* Those that something caused, oldest first: ("notice", 7). */
MUST_USE enum code letters_about(struct sql *q, const char *cause, int64_t about, letter_fn fn, void *arg, struct err *reterr);
/* All of the tenant that are older than `before` (a null id: all), the newest first. */
MUST_USE enum code letters_list(struct sql *q, const struct uuid *before, letter_fn fn, void *arg, struct err *reterr);
/* Messages alone (kind > 0), the newest first, older than `before` (a null id: all). record: of that one; cause: of what that caused. */
struct letter_filter { int32_t kind; struct uuid record; /* null: of all */ const char *cause; int64_t about; /* cause NULL: all */ int state; /* enum letter_state; -1: all */ };
MUST_USE enum code letters_find(struct sql *q, const struct letter_filter *f, const struct uuid *before, letter_fn fn, void *arg, struct err *reterr);
#define LETTER_OF_CAMPAIGN "campaign"        /* the cause of those that are many */
struct letter_next { int64_t tenant; struct uuid id; bool many /* one of a campaign's */; usec_t next; };
typedef bool (*letter_next_fn)(const struct letter_next *n, void *arg);
/* Of one channel, for what waits for another way out keeps nobody: tenant by tenant, those behind `after` first: `share` of each, by time, and then
 * `share` of its campaigns', for what is sent to one person waits behind no campaign. Those of that time, and those that are further ahead than any letter is put off
 * (LETTER_AHEAD), for the clock was wrong then. Where any is to be tried, four reads for each tenant that has letters, however many they are; else one. */
#define LETTER_AHEAD (26 * USEC_PER_HOUR)
MUST_USE enum code letters_next(struct store *s, enum channel channel, usec_t until, int64_t after, size_t share, letter_next_fn fn, void *arg, struct err *reterr);
/* When it is tried, and nothing else; USEC_NEVER: not any more. The letter need not be there. */
MUST_USE enum code letter_next_set(struct txn *t, const struct uuid *id, usec_t next, struct err *reterr);
/* The clock went back: what was tried, or stopped by a gate, and put off beyond `latest` while it was ahead is tried then; what never was, now, or when it begins. */
MUST_USE enum code letters_sooner(struct txn *t, usec_t now, usec_t latest, struct err *reterr);
/* Those of the tenant that are open though their time was over by then, oldest first. */
MUST_USE enum code letters_over(struct sql *q, usec_t now, letter_fn fn, void *arg, struct err *reterr);
/* Of them the messages that nothing leads to any more, for their campaign pauses: nobody comes across their end. */
MUST_USE enum code letters_held_over(struct sql *q, usec_t now, letter_fn fn, void *arg, struct err *reterr);
/* Takes away those that were made before that and are not tried any more, `most` at a time; *ret_count: how many went. */
MUST_USE enum code letters_forget(struct txn *t, usec_t before, int64_t most, int64_t *ret_count, struct err *reterr);
