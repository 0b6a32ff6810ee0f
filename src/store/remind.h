/* remind.h — who was reminded of which instant: a record and the instant that its reminder counts from, so that a record that is moved is reminded of its new one.
 * Within the tenant of the sql. */
#pragma once
#include "base/uuid.h"
#include "store/store.h"

enum reminded_state { REMINDED_QUEUED = 1, REMINDED_REFUSED /* by a gate */, REMINDED_LATE /* the record came to be when it was time already */,
                      REMINDED_PUT_OFF /* by a gate, until `at`: then as if nothing were on record */ };
struct reminded { int32_t kind; struct uuid id; usec_t anchor; enum reminded_state state; usec_t at; };
/* *ret false: nothing is on record of that instant. now: the caller's. */
MUST_USE enum code reminded_is(struct sql *q, const struct reminded *r, usec_t now, bool *ret, struct err *reterr);
/* E_CONFLICT: it is on record already. at: in PUT_OFF the end of it, else now. */
MUST_USE enum code reminded_put(struct txn *t, const struct reminded *r, struct err *reterr);
/* Takes away those of instants before that one. */
MUST_USE enum code reminded_forget(struct txn *t, usec_t before, struct err *reterr);
