/* sieve.h — inside records: which of many sealed records surely do not match a query, told from the one part that its conditions ask
 * of. Nothing is copied into a record and no other field is read. What it does not deny is still to be opened and matched.
 * Any number of threads. */
#pragma once
#include "records/query.h"

/* ret_denied: room for count. Asks the keeper once for the keys of that part; records_open finds those again in its memory. */
MUST_USE enum code sieve(struct service *s, const struct query *q, struct record *const *list, size_t count, bool *ret_denied, struct err *reterr);
