/* deliver.h — one try of one letter: opens it, makes a message of it, hands it to the mailer, and writes down what came of it. Before its last byte
 * goes out it is LETTER_SENDING, durably; a letter that is found so is asked for and never just sent again. Where nobody knows what came of it, it
 * goes again after a while with the same Message-ID, and `doubts` says how often. Blocks as long as the relay takes. Thread-safe for
 * different letters. Never logs. */
#pragma once
#include "keeper/client.h"
#include "messages/dkim.h"
#include "messages/mail_page.h"
#include "messages/sms_way.h"
#include "records/records.h"
#include "store/letter.h"
#include "sys/mail.h"

/* How letters leave; arg of all. */
struct deliver_way {
    enum code (*send)(void *arg, const struct mail_letter *letter, mail_go_fn go, void *go_arg, bool *ret_went, struct mail_reply *ret, struct err *reterr);
    enum code (*ask)(void *arg, const struct uuid *id, uint32_t attempt, struct mail_reply *ret, struct err *reterr);
    enum code (*relay_try)(void *arg, struct mail_reply *ret, struct err *reterr);      /* NULL, or: is the relay there, and does it let us in? Sends nothing */
    void (*stop)(void *arg);                 /* NULL, or lets go whoever waits */
    void *arg;
    const char *from, *from_name;            /* the address that letters come from; its name or NULL */
    const char *relay;                       /* its host, as in the ledger */
    const char *base_url;                    /* "https://seats.example:8443": where what stands in a message leads; NULL: nothing stands there */
    const char *bounces;                     /* the domain that bounces come to; NULL: none come */
    const struct dkim *dkim;                 /* signs every mail; NULL: not signed */
};
/* way.send NULL: there is no relay, so mail waits. */
struct deliver { struct store *store; struct keeper_client *keeper; struct deliver_way way;
                 bool (*clock_held)(struct store *s); /* NULL, or: is the clock doubted? Then no letter's time is over */
                 enum code (*belongs)(void *arg, int64_t tenant, const struct uuid *account, bool *ret, struct err *reterr); /* NULL, or: a letter to somebody who has left meanwhile does not go */
                 void *belongs_arg;
                 enum code (*service)(void *arg, int64_t tenant, struct service **ret, struct err *reterr); /* of a tenant: messages (kind > 0) are made by it. NULL: they wait */
                 void *service_arg;
                 const struct sms_way *sms; /* how text messages leave; NULL: they wait */
                 struct mail_brand (*brand)(void *arg, struct service *s); /* NULL, or how mail of that service looks (arg: service_arg) */ };

enum deliver_end { DELIVER_DONE,             /* whatever became of the letter: it was handed over, or needs no more */
                   DELIVER_DOUBT,            /* it may have arrived, and nobody knows */
                   DELIVER_CUT,              /* the same of a try that was cut off before: it says nothing of the way now */
                   DELIVER_LOST,             /* the connection ended at this letter, twice: it may be the letter */
                   DELIVER_SLOW,             /* as done, and the way wants less at a time */
                   DELIVER_BLOCKED,          /* as done, and what was said is about us */
                   DELIVER_RELAY,            /* the relay takes no letter now */
                   DELIVER_PROVIDER,         /* the provider takes no text message now */
                   DELIVER_AWAY,             /* the mailer is away: nothing was tried */
                   DELIVER_WAITS,            /* this letter alone waits, or is no more: nothing was tried */
                   DELIVER_ASIDE };          /* it needs no more, or went another way: says nothing of the relay */
/* E_…: it could not be written down; it is tried again by its time. */
MUST_USE enum code deliver_one(const struct deliver *d, int64_t tenant, const struct uuid *id, enum deliver_end *ret, struct err *reterr);

/* Where there is no relay: ends the letter if its time is over. */
MUST_USE enum code deliver_over(const struct deliver *d, int64_t tenant, const struct uuid *id, struct err *reterr);

/* How long a letter waits after so many answers of the relay about it (tries at a relay that fails count for nothing): 2 minutes, doubled up to 4 hours, each between 75 % and 125 % of it. Pure. */
usec_t deliver_wait(int tries, uint32_t random);
/* The same for a letter of which nobody knows what came: 10 minutes, doubled. Pure. */
usec_t deliver_doubt_wait(int doubts, uint32_t random);
