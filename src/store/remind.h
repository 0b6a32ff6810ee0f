/* remind.h — who was reminded of which instant: a record and the instant that its reminder counts from, so that a record that is moved is reminded of its new one.
 * Within the tenant of the sql. */
#pragma once
#include "base/uuid.h"
#include "store/store.h"

enum reminded_state { REMINDED_NOT,          /* nothing is on record, or a gate had put it off until now */
                      REMINDED_QUEUED, REMINDED_REFUSED /* by a gate: not asked for again before `at` */, REMINDED_LATE /* the record came to be when it was time already */,
                      REMINDED_PUT_OFF /* by a gate, until `at`: then as if nothing were on record */,
                      REMINDED_ASK_AGAIN /* never stored: it was refused, and may be asked for again */ };
struct reminded { int32_t kind; struct uuid id; usec_t anchor; enum reminded_state state; usec_t at; };
/* What is on record of that instant. now: the caller's. */
MUST_USE enum code reminded_look(struct sql *q, const struct reminded *r, usec_t now, enum reminded_state *ret, struct err *reterr);
/* E_CONFLICT: it is on record already. at: of PUT_OFF and REFUSED the end of it, else now. */
MUST_USE enum code reminded_put(struct txn *t, const struct reminded *r, usec_t now, struct err *reterr);
/* The one that was queued ended and did not go: put off until `at`, so that it is asked for again, if it still stands then. */
MUST_USE enum code reminded_ended(struct txn *t, const struct reminded *r, struct err *reterr);
/* Takes away those of instants before that one. */
MUST_USE enum code reminded_forget(struct txn *t, usec_t before, struct err *reterr);
