/* campaign.h — one text to many: the people of the records that a search finds, in the order of their ids. `reached` is the last record that was
 * decided, written in the same write as the messages to those before it, so that a cut neither loses nor doubles one. What was searched
 * for is sealed by the caller. Numbers count up from 1 without gaps; the newest row stays, so that no number is given twice. Statements that change run inside the caller's write. */
#pragma once
#include "base/arena.h"
#include "base/uuid.h"
#include "crypto/crypto.h"
#include "store/letter.h"

/* PAUSED: nothing more is queued, what is queued does not go. STOPPED: what had not gone ended. DONE: each found one was refused or answered for. */
enum campaign_state { CAMPAIGN_GOES, CAMPAIGN_PAUSED, CAMPAIGN_STOPPED, CAMPAIGN_DONE };
enum campaign_act { ACT_NONE, ACT_END, ACT_HOLD, ACT_FREE };      /* what is under way with those of its letters that wait */
struct campaign_row {
    int64_t number; enum campaign_state state; bool walked /* all were found */; enum campaign_act act;
    enum channel channel; int32_t kind; struct uuid scope /* null: the tenant's */; int64_t template; const char *purpose /* "": the kind's first */;
    usec_t made, begins, ended /* 0: not yet */; const char *whose; int64_t born /* records of a newer pseudonym (row.born) are not in it */;
    struct uuid reached /* record */, walk /* letter that act has reached */;
    int64_t found, queued, sent, bounced, over, unknown;
    uint8_t digest[HASH_SIZE];               /* over the records it was queued for, in order */
    uint64_t key; const void *blob; size_t len;
};
/* Takes the next number; born is the newest record's of the tenant now. made: txn_now. */
MUST_USE enum code campaign_add(struct txn *t, const struct campaign_row *r, int64_t *ret_number, struct err *reterr);
/* state, walked, act, ended, reached, walk, found, queued, digest, key, bytes and whose; next: when there is work with it, USEC_NEVER: none. */
MUST_USE enum code campaign_set(struct txn *t, const struct campaign_row *r, usec_t next, struct err *reterr);
MUST_USE enum code campaign_get(struct sql *q, int64_t number, struct campaign_row *ret, struct arena *arena, struct err *reterr);      /* E_NOT_FOUND */
typedef bool (*campaign_fn)(const struct campaign_row *r, void *arg);
MUST_USE enum code campaign_list(struct sql *q, int64_t before, campaign_fn fn, void *arg, struct err *reterr);                        /* the newest first */
/* So many more of its people were refused by that gate when they were to be queued. */
MUST_USE enum code campaign_refuse(struct txn *t, int64_t number, int gate, int64_t count, struct err *reterr);
typedef bool (*campaign_gate_fn)(int gate, int64_t count, void *arg);
MUST_USE enum code campaign_gates(struct sql *q, int64_t number, campaign_gate_fn fn, void *arg, struct err *reterr);
/* What came of one of its letters; before: what had been counted for it, LETTER_WAITING: nothing yet. The last one ends it. */
MUST_USE enum code campaign_settle(struct txn *t, int64_t number, enum letter_state before, enum letter_state now, struct err *reterr);
/* Ids of its letters behind `after` that wait to be tried, `most` letters looked at; *ret_last: of those the last; *ret_more: there may be others. */
MUST_USE enum code campaign_waiting(struct sql *q, int64_t number, const struct uuid *after, size_t most, struct uuid *ret, size_t *ret_count, struct uuid *ret_last, bool *ret_more, struct err *reterr);
/* The work with it waits until then; those behind it have their turn. */
MUST_USE enum code campaign_defer(struct txn *t, int64_t number, usec_t next, struct err *reterr);
/* Those with which there is work by then: tenant by tenant, of each the oldest one; beginning behind the tenant `after`, and around up to that one. */
typedef bool (*campaign_next_fn)(int64_t tenant, int64_t number, void *arg);
MUST_USE enum code campaigns_next(struct store *s, usec_t until, int64_t after, campaign_next_fn fn, void *arg, struct err *reterr);
/* How many there are with which there is work, now or later. */
MUST_USE enum code campaigns_open(struct store *s, int64_t *ret, struct err *reterr);
/* Those that ended before then, `most` at most: their keys are doomed. *ret_count: how many. */
MUST_USE enum code campaigns_forget(struct txn *t, usec_t before, size_t most, size_t *ret_count, struct err *reterr);
MUST_USE enum code campaigns_when(struct store *s, usec_t *ret, struct err *reterr);      /* the earliest; USEC_NEVER: none */
