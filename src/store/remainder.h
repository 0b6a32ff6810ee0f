/* remainder.h — what stays of records that went by their dates: how many had which option of a field, for each record that they belonged to. A number,
 * and nothing of whom it was. Within the tenant of the sql. */
#pragma once
#include "base/uuid.h"
#include "store/store.h"

struct remainder { int32_t kind, field; struct uuid scope /* what they belonged to; null: the tenant */; const char *option /* "": none was set */; int64_t count; };
MUST_USE enum code remainder_add(struct txn *t, const struct remainder *r, struct err *reterr);
/* They go with what they belonged to. */
MUST_USE enum code remainder_drop(struct txn *t, int32_t kind, const struct uuid *scope, struct err *reterr);
/* By kind, scope, field and option; scope NULL: of all behind *after (null: from the beginning). What a callback gets lives as long as the call. */
typedef bool (*remainder_fn)(const struct remainder *r, void *arg);
MUST_USE enum code remainders_list(struct sql *q, int32_t kind, const struct uuid *scope, const struct uuid *after, remainder_fn fn, void *arg, struct err *reterr);
