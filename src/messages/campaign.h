/* campaign.h — one template to the people of all records that a search finds. It is walked in the order of ids, a page at a time, by a job
 * (api/turns_campaigns.c): the messages of a page and the mark behind it are one write, so nobody is left out and nobody gets it twice, whenever
 * the process ends. What is sent, refused and heard is counted. What was searched for is sealed, and goes when all were found or it is stopped. The walk finds what whoever
 * asked would find then: a right that was taken away meanwhile is gone for the campaign, too. Who may do what with one is asked of message_right.
 * Thread-safe; the functions block. */
#pragma once
#include "messages/audience.h"
#include "messages/settled.h"

#define CAMPAIGN_NAME 200u
struct campaign_wish {
    enum channel channel;
    int kind; struct uuid scope;             /* of audience.h */
    const json_t *where;
    const char *template_name;               /* its newest version, now */
    const char *purpose;                     /* NULL: the kind's first */
    usec_t at;                               /* not before; 0: now */
    const char *name;                        /* NULL: none */
};
/* E_FIELDS, E_INVALID, E_NOT_FOUND, E_FORBIDDEN. also: run in the same write, when *ret_number is set, or NULL. */
MUST_USE enum code campaign_make(struct service *s, const struct caller *who, const struct campaign_wish *w, write_fn also, void *also_arg, int64_t *ret_number, struct err *reterr);
/* What it would do, of the first CAMPAIGN_PREVIEW that it finds: {found, more, passes, refused: {gate: n}, parts, cost, examples: [{id, lang, subject, text}]}. Nothing is
 * kept. examples: three at most, without addresses, for those who may read these records. */
#define CAMPAIGN_PREVIEW 2000u
MUST_USE enum code campaign_preview(struct service *s, const struct caller *who, const struct campaign_wish *w, json_t **ret, struct err *reterr);
/* {number, name, state, channel, kind, scope, template, purpose, made, at, ended, by, found, queued, waiting, sent, bounced, over, unknown, refused: {gate: n}, audience}.
 * To the tenant's own role, and to who asked for it; for others there is none: E_NOT_FOUND. */
MUST_USE enum code campaign_told(struct service *s, const struct caller *who, int64_t number, json_t **ret, struct err *reterr);
/* The newest first, below `before`: {items, next}; fewer than `limit` where some are not the caller's to see. */
MUST_USE enum code campaigns_told(struct service *s, const struct caller *who, int64_t before, size_t limit, json_t **ret, struct err *reterr);

enum campaign_do { CAMPAIGN_STOP, CAMPAIGN_PAUSE, CAMPAIGN_RESUME };
/* For who may send to all of its people: E_FORBIDDEN, E_NOT_FOUND. E_CONFLICT: it cannot be done to one that is so. Whoever resumes one answers for it from
 * then on: the rest is found as that caller finds it. */
MUST_USE enum code campaign_turn(struct service *s, const struct caller *who, int64_t number, enum campaign_do what, json_t **ret, struct err *reterr);

/* Whoever asked, as it may now: by the number of its token, or by its account. E_SIGN_IN: it is nobody here any more. */
struct campaign_asker { enum code (*fn)(void *arg, struct service *s, int64_t tenant, int64_t token, const struct uuid *account, struct caller *ret, struct arena *arena, struct err *reterr); void *arg; };
/* One page of work with it. *ret_more: there is more to be done now. One whose asker may no longer pauses. */
MUST_USE enum code campaign_step(struct service *s, int64_t tenant, int64_t number, const struct campaign_asker *asker, bool *ret_more, struct err *reterr);

/* A letter whose campaign was stopped or pauses does not go: *ret says so, and is untouched otherwise. */
MUST_USE enum code campaign_gate(struct service *s, int64_t tenant, const struct letter_row *r, struct gate_verdict *ret, struct err *reterr);
/* A row of settled.c: what came of one of its letters is counted, and the last one ends it. */
MUST_USE enum code campaign_settled(struct txn *t, const struct settled *s, void *nothing, struct err *reterr);
