/* sms.h — what a tenant's text messages cost on a day, and the prefixes that it may send to beyond the charter's list. Money in millionths; days
 * of the charter's clock, as 20261122. What a callback gets lives as long as the call. */
#pragma once
#include "base/uuid.h"
#include "store/store.h"

/* Takes what that letter costs from what is left of that day's cap (INT64_MAX: there is none); *ret_taken false: too little is left, and nothing was
 * taken. What was taken for it on that day already counts once; for another day it is taken anew, and that of the first goes back. cost, cap >= 0. */
MUST_USE enum code sms_spend_take(struct txn *t, const struct uuid *letter, int64_t day, int64_t cost, int64_t cap, bool *ret_taken, struct err *reterr);
/* Undoes it. */
MUST_USE enum code sms_spend_back(struct txn *t, const struct uuid *letter, struct err *reterr);
/* What is taken for that letter pays for a message that goes by that exception. *ret_fresh false: that is known of it already, or nothing is taken for it. */
MUST_USE enum code sms_exception_note(struct txn *t, const struct uuid *letter, int64_t exception, bool *ret_fresh, struct err *reterr);
/* It was handed over and may have arrived: what was taken is spent, does not go back any more, and is taken anew where it is handed over once more. */
MUST_USE enum code sms_spend_used(struct txn *t, const struct uuid *letter, struct err *reterr);
MUST_USE enum code sms_spend_warned(struct txn *t, int64_t day, usec_t when, struct err *reterr);
MUST_USE enum code sms_spend_forget(struct txn *t, int64_t before, struct err *reterr);      /* days before that one, and what letters cost on them */
/* Of a letter: the day it counts on and what was taken; 0 both: nothing. */
MUST_USE enum code sms_taken_of(struct sql *q, const struct uuid *letter, int64_t *ret_day, int64_t *ret_cost, struct err *reterr);
struct sms_spend { int64_t day, spent; usec_t warned; /* 0: nobody was */ };
MUST_USE enum code sms_spend_of(struct sql *q, int64_t day, struct sms_spend *ret, struct err *reterr);     /* of a day without any: zero */
typedef bool (*sms_spend_fn)(const struct sms_spend *s, void *arg);
MUST_USE enum code sms_spend_list(struct sql *q, int64_t from, sms_spend_fn fn, void *arg, struct err *reterr);     /* since that day, the newest first */

/* One prefix more for one tenant, until then. It ends by itself, or by hand (ended). Numbers count up from 1; none is taken out. */
struct sms_exception { int64_t number; const char *prefix /* "+43" */; usec_t made, until, ended /* 0: not by hand */; const char *whose /* "account 0193…" */, *why; };
MUST_USE enum code sms_exception_add(struct txn *t, const struct sms_exception *x, int64_t *ret_number, struct err *reterr);      /* takes the next number */
MUST_USE enum code sms_exception_end(struct txn *t, int64_t number, struct err *reterr);     /* E_NOT_FOUND: there is none that still stands */
typedef bool (*sms_exception_fn)(const struct sms_exception *x, void *arg);
MUST_USE enum code sms_exceptions_at(struct sql *q, usec_t now, sms_exception_fn fn, void *arg, struct err *reterr);     /* that stand then */
MUST_USE enum code sms_exceptions_list(struct sql *q, sms_exception_fn fn, void *arg, struct err *reterr);     /* all, the newest first */
