/* suppress.h — whom nothing is sent to, what was heard of messages, and pauses of sending. People stand here as keyed hashes of an address
 * (messages/who.h), never as an address or a record: what is suppressed outlives the record that it came from. What a callback gets lives as long as
 * the call. Statements that change run inside the caller's write. */
#pragma once
#include "base/uuid.h"
#include "store/store.h"

#define SUPPRESS_WHO 16u
enum suppress_reason { SUPPRESS_COMPLAINT = 1, SUPPRESS_DEAD, SUPPRESS_LEFT, SUPPRESS_HAND };      /* as stored */
const char *suppress_reason_name(enum suppress_reason reason);           /* "complaint", "dead address", "unsubscribed", "by hand" */

/* ---- the list. One row for each reason, so that lifting one leaves the others. */
struct suppressed_row { int channel; uint8_t who[SUPPRESS_WHO]; const char *list /* "": all */; enum suppress_reason reason; usec_t since /* 0: now */, until; const char *by; };
/* One that stands keeps its beginning and the later end; a list that is left once more begins anew, for what was consented to in between is over. *ret_new: none
 * stood, or a leaving that is older than SUPPRESS_ANEW began anew. */
#define SUPPRESS_ANEW USEC_PER_DAY
MUST_USE enum code suppressed_put(struct txn *t, const struct suppressed_row *r, bool *ret_new, struct err *reterr);
/* reasons: bits 1 << enum suppress_reason. list NULL: every list. *ret_count: how many went. */
MUST_USE enum code suppressed_drop(struct txn *t, int channel, const uint8_t who[SUPPRESS_WHO], const char *list, unsigned reasons, int64_t *ret_count, struct err *reterr);
typedef bool (*suppressed_fn)(const struct suppressed_row *r, void *arg);
MUST_USE enum code suppressed_of(struct sql *q, int channel, const uint8_t who[SUPPRESS_WHO], usec_t now, suppressed_fn fn, void *arg, struct err *reterr);      /* that stand now */
/* All of the tenant, the newest first, before that instant. */
MUST_USE enum code suppressed_list(struct sql *q, usec_t before, usec_t now, suppressed_fn fn, void *arg, struct err *reterr);
/* How many stand, by reason. */
MUST_USE enum code suppressed_counts(struct sql *q, usec_t now, int64_t ret[SUPPRESS_HAND + 1], struct err *reterr);
MUST_USE enum code suppressed_end(struct txn *t, usec_t now, int64_t *ret_count, struct err *reterr);    /* those whose end has come */

/* ---- to whom a letter went */
enum { HEARD_OF_BOUNCE = 1, HEARD_OF_COMPLAINT = 2, HEARD_OF_SOFT = 4 };         /* bits, as stored */
struct letter_who { struct uuid letter; int channel; uint8_t who[SUPPRESS_WHO]; usec_t at; int heard; };
MUST_USE enum code letter_who_put(struct txn *t, const struct letter_who *w, struct err *reterr);        /* one that stands is of the newest try; it keeps when the first one went, and what was heard */
MUST_USE enum code letter_who_get(struct sql *q, const struct uuid *letter, struct letter_who *ret, struct err *reterr);         /* E_NOT_FOUND */
MUST_USE enum code letter_who_heard(struct txn *t, const struct uuid *letter, int heard, struct err *reterr);
/* How many letters to that person since then of which any of these was heard. */
MUST_USE enum code letter_who_count(struct sql *q, int channel, const uint8_t who[SUPPRESS_WHO], int heard, usec_t since, int64_t *ret, struct err *reterr);
MUST_USE enum code letter_who_forget(struct txn *t, usec_t before, struct err *reterr);

/* ---- shares. round: pauses before, so that whoever goes on begins to count anew; HEARD_PAST: of letters that went before the last pause ended, which are kept and not judged. */
#define HEARD_PAST (-2)
struct heard_counts { int64_t sent, bounced, complained; };
MUST_USE enum code heard_add(struct txn *t, int channel, int64_t day, int64_t round, const struct heard_counts *more, struct err *reterr);
MUST_USE enum code heard_sum(struct sql *q, int channel, int64_t from_day, int64_t round /* -1: all */, struct heard_counts *ret, struct err *reterr);
MUST_USE enum code heard_forget(struct txn *t, int64_t before_day, struct err *reterr);

/* ---- pauses */
struct pause_row { int channel; int64_t round; usec_t since; const char *why; bool told; usec_t ended /* 0: it stands */; const char *by /* who ended it; "" */; };
MUST_USE enum code sending_pause_put(struct txn *t, const struct pause_row *r, struct err *reterr);
/* open: does one stand; round: how many there were before that or before the next; since: when the last one ended, 0: none did. */
struct paused { bool open; int64_t round; usec_t since; };
MUST_USE enum code sending_paused(struct sql *q, int channel, struct paused *ret, struct err *reterr);
MUST_USE enum code sending_resume(struct txn *t, int channel, usec_t at, const char *by, struct err *reterr);     /* E_NOT_FOUND: none stands */
MUST_USE enum code sending_pause_told(struct txn *t, int channel, int64_t round, struct err *reterr);
typedef bool (*sending_pause_fn)(const struct pause_row *r, void *arg);
MUST_USE enum code sending_pauses(struct sql *q, sending_pause_fn fn, void *arg, struct err *reterr);        /* the newest first */
