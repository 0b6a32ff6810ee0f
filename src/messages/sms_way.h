/* sms_way.h — text messages handed to a provider by HTTPS, through the process `sender`. Which provider, and how it is spoken to, is a description:
 * of sejf.yaml (`sms`), or one of those that are shipped. Number and text stand in the body of a POST, never in an address. The letter's id goes
 * along as our own reference, so a try of which nobody knows what became is asked for, or refused as the second one by the provider, and not sent
 * twice. What it answers is told in the words of sys/mail.h, so that the queue treats both alike:
 *
 *   MAIL_SENT      it has taken it (also: it had taken that reference before)
 *   MAIL_REFUSED   this message, for good: the number, the text
 *   MAIL_LATER     this message, for now
 *   MAIL_RELAY     it takes nothing now: slow down, wrong sign-in, no funds, cannot be reached. Mail goes on meanwhile
 *   MAIL_IN_DOUBT  the request went and no whole answer came: ask, then send again with the same id
 *   MAIL_NOT_SENT  of ask: the provider has none of that reference, or refuses a second one by itself: send again with the same id
 *
 * status is the provider's own code or that of HTTP; `said` its words, numbers masked. Thread-safe; blocks as long as the provider takes, SMS_WAIT_MS at most.
 * Ownership: what a way points to stays its owner's. */
#pragma once
#include "sys/fetch.h"
#include "sys/mail.h"
#include "wire/verdict.h"

#define SMS_WAIT_MS 30000
#define SMS_RECEIPT_MAX 64u                  /* what the provider calls a message */
struct sms_letter {
    int64_t tenant;                          /* it stands in our reference with the id, so that a receipt is found again */
    struct uuid id;
    const char *to;                          /* E.164: "+48500600700" */
    const char *text;
    bool unicode; int parts;                 /* as wire/gsm.h measures them */
};
/* verdict: by the provider's own table of codes, never by its number, which means another thing in SMTP: REJECT speaks of the number, MESSAGE of the text, NONE says not whose fault it was. */
struct sms_reply { struct mail_reply mail; enum reply_verdict verdict; char receipt[SMS_RECEIPT_MAX]; };
/* first, last: how long ago the first and the last of the tries began of which nobody knows; below 0: not known. */
struct sms_question { int64_t tenant; struct uuid id; usec_t first, last; };
#define SMS_REPORTS_WAIT (10 * USEC_PER_MINUTE)  /* what a provider's reports do not hold so long after a try never came to it */
#define SMS_ONCE_MARGIN (15 * USEC_PER_MINUTE)   /* before it would take a second one, none is sent any more */
struct sms_way {
    /* go is called before the request leaves; not OK: it does not. *ret_went: it may have left. E_PEER before go let it go: the sender is away, nothing was tried. */
    enum code (*send)(void *arg, const struct sms_letter *l, mail_go_fn go, void *go_arg, bool *ret_went, struct sms_reply *ret, struct err *reterr);
    /* What became of a try that was in doubt. MAIL_SENT, MAIL_NOT_SENT, MAIL_REFUSED; MAIL_RELAY: it cannot say now; MAIL_NEVER: that provider can neither
     * be asked nor told a second one from the first; MAIL_IN_DOUBT: it could, and can no more, for the first is too long ago: the message is not sent again. */
    enum code (*ask)(void *arg, const struct sms_question *q, struct sms_reply *ret, struct err *reterr);
    /* Is it there, does it let us in, and is there credit? Sends nothing. MAIL_SENT: yes; MAIL_RELAY: no, and `said` is why. */
    enum code (*try)(void *arg, struct sms_reply *ret, struct err *reterr);
    void (*stop)(void *arg);                 /* lets go whoever waits, soon */
    void *arg;
    const char *host;                        /* as in the ledger */
};

/* ---- a provider of sejf.yaml */
struct sms_provider;                         /* charter/instance.h */
typedef enum code (*sms_fetch_fn)(void *arg, const struct fetch_request *request, struct fetch_reply *ret, struct err *reterr);
struct sms_options { const struct sms_provider *provider; const char *secret /* copied to locked memory */; sms_fetch_fn fetch; void (*stop)(void *arg) /* or NULL */; void *arg; };
struct sms_client;
MUST_USE enum code sms_open(const struct sms_options *o, struct sms_client **ret, struct err *reterr);
struct sms_client *sms_close(struct sms_client *c);      /* accepts NULL */
DEFINE_AUTO(struct sms_client, sms_close)
const struct sms_way *sms_client_way(const struct sms_client *c);

/* Our reference of a message: letters and digits, 3 to 50 of them. Pure. */
#define SMS_REFERENCE 51u
void sms_reference(int64_t tenant, const struct uuid *id, char ret[SMS_REFERENCE]);
MUST_USE bool sms_reference_read(const char *text, size_t len, int64_t *ret_tenant, struct uuid *ret_id);
