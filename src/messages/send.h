/* send.h — the one way in: whoever wants a message sent (the API, a campaign, a reminder, a page) names the record whose person it goes to, never an
 * address. Each is asked at the gates and queued, or refused with the gate and the reason. Thread-safe; blocks. */
#pragma once
#include <jansson.h>

#include "messages/gate.h"

#define SEND_MOST 500u                       /* in one call */
struct message_wish {
    enum channel channel;
    int kind; struct uuid record;
    struct uuid scope;                       /* of a campaign; null: what the record belongs to */
    const char *template_name;               /* its newest version; NULL: by number, or subject and text below */
    int64_t template;                        /* or its number; 0 */
    const char *subject, *text;              /* in the template language (template.h); a text message has no subject */
    const char *purpose;                     /* of the kind, in any language; NULL: its first */
    const json_t *values;                    /* further values of the text: {name: text}; sealed with the letter; NULL */
    usec_t at, until;                        /* not before; given up after; 0: now, and five days later */
    const char *cause; int64_t about;        /* ("campaign", 7), ("api", 0), ("remind", 0) */
    const char *whose;                       /* for the ledger */
};
/* gone: there is no such record (any more), so nobody was asked; else, where it was not queued, the verdict says why. */
struct message_result { bool queued, gone; struct uuid id; struct gate_verdict verdict; int parts; int64_t cost; };
#define SEND_LIFE (5 * USEC_PER_DAY)         /* a message is given up so long after it was to go */
#define SEND_AHEAD_DAYS 366                  /* it is to go so many days ahead at most */
#define SEND_VALUES 32u                      /* as many as a text has further values */
#define SEND_VALUES_MAX ((size_t)16 << 10)   /* bytes of all of them */
/* Is it a wish at all? E_FIELDS with the path of what is wrong: "/purpose". Asks nobody. */
MUST_USE enum code message_wish_check(const struct service *s, const struct message_wish *w, struct err *reterr);
/* And its text can be read, or its template is in use, is for such records and has the values that come with it: E_FIELDS likewise. Blocks. */
MUST_USE enum code message_text_check(struct service *s, const struct caller *who, const struct message_wish *w, struct err *reterr);
/* What the gates say to each now, and nothing is queued, taken or counted: `queued` says that it would pass. */
MUST_USE enum code messages_try(struct service *s, int64_t tenant, const struct message_wish *list, size_t count, struct message_result *ret, size_t *ret_bad, struct err *reterr);
/* All of one tenant, in one write; ret[i] answers list[i]. A ledger entry says how many of which kind were queued, and refused by which gate. also: run in the same write after them (a campaign's mark), or NULL. E_FIELDS: a wish that is none
 * (*ret_bad: which), nothing was queued. */
MUST_USE enum code messages_send(struct service *s, int64_t tenant, const struct message_wish *list, size_t count, struct message_result *ret, write_fn also, void *also_arg, size_t *ret_bad, struct err *reterr);
/* So many were queued since the process began, of all tenants: for metrics. */
uint64_t messages_queued(enum channel channel);
