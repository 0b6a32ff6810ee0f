/* seen.h — which entries of a tenant's ledger tell of the reading of which records. A record stands in them under its pseudonym, the
 * change number that it was made with (row.born): dense, so that a long list of records takes few bytes, and cut off for good when the
 * record is erased, for nothing else knows whose it was. What an entry says stands in the ledger alone; these tables lead to it.
 * Pseudonyms lie in stretches of SEEN_STRETCH; of each that an entry touches there is one row. */
#pragma once
#include "store/store.h"

#define SEEN_STRETCH 1024

/* The last entry of the txn's chain tells that `who` read these: ascending, each once, none below 0. */
MUST_USE enum code seen_put(struct txn *t, const char *who, const int64_t *born, size_t count, struct err *reterr);
/* Entries, the newest first, below `before` (INT64_MAX: from the end). False stops. */
typedef bool (*seen_fn)(int64_t seq, void *arg);
MUST_USE enum code seen_list(struct sql *q, const char *who /* NULL: anybody's */, int64_t before, seen_fn fn, void *arg, struct err *reterr);
/* The same of one record. At most *left rows are looked at, and taken off it: *ret_next is where to go on (`before`), 0: there are no more. */
MUST_USE enum code seen_of(struct sql *q, int64_t born, int64_t before, size_t *left /* >= 1 */, seen_fn fn, void *arg, int64_t *ret_next, struct err *reterr);
/* The record of a pseudonym; E_NOT_FOUND: it was erased. */
MUST_USE enum code born_find(struct sql *q, int64_t born, int32_t *ret_kind, struct uuid *ret, struct err *reterr);
