/* gone.h — what many records that were erased in one write were found by. It lies all over index.db, so the write only notes from which change to which it
 * erased, in the transaction in which the index reaches it: from then on nothing of it is found (index_find, index_range). A purge takes it away, in the
 * order of the index, so that each page is written once for many records, in short transactions between the groups of others. What is cut is
 * done again. Purges of one tenant may run beside one another. Thread-safe but for one purge. */
#pragma once
#include "store/store.h"

struct index_purge;
MUST_USE enum code index_purge_new(struct store *s, int64_t tenant, struct index_purge **ret, struct err *reterr);
struct index_purge *index_purge_free(struct index_purge *p);
DEFINE_AUTO(struct index_purge, index_purge_free)
/* One step, of at most so many entries of the index in one transaction. *ret_more false: nothing is noted of the tenant any more. */
MUST_USE enum code index_purge_step(struct index_purge *p, size_t most, bool *ret_more, struct err *reterr);
/* All that is noted, of every tenant: before a renewal makes erasures final. */
MUST_USE enum code index_purge_all(struct store *s, struct err *reterr);
