/* notice.h — notices before erasure: one for each tenant and day; and, for each record that one told of, which one and which due date it
 * named. A record whose due date has moved since was not told of. What a callback gets lives as long as the call. */
#pragma once
#include "base/uuid.h"
#include "store/store.h"

/* An attempt to tell of this due date of the record: when the first was made, whatever came of it; 0: none is on record. One or two
 * indexed reads. */
MUST_USE enum code notice_attempted(struct sql *q, int32_t kind, const struct uuid *id, usec_t due, usec_t *ret, struct err *reterr);
