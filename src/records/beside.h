/* beside.h — a record that comes into being in somebody else's write, so that the two stand or fall together: the row of a log. Made ready
 * outside of it (it asks the keeper), then put inside, as often as that write is repeated. Made by sejf itself; no ledger entry of its own.
 * One thread at a time. Ownership: beside_new gives, beside_free takes back. */
#pragma once
#include "records/records.h"

struct beside;
/* fields: as a request has them, the parent among them by r->parent. E_FIELDS: it is no such record. */
MUST_USE enum code beside_new(struct service *s, int64_t tenant, int kind, const struct uuid *parent, json_t *fields, struct beside **ret, struct err *reterr);
/* *ret_put false: what it belongs to is not there any more, and nothing was written. */
MUST_USE enum code beside_put(struct txn *t, struct beside *b, bool *ret_put, struct err *reterr);
struct beside *beside_free(struct beside *b);            /* accepts NULL */
DEFINE_AUTO(struct beside, beside_free)
