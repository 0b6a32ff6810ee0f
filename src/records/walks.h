/* walks.h — inside records: a list that is walked page by page is a copy, too. Where the charter limits copies, an account (or a token of nobody) reads
 * personal fields of at most WALK_MOST different records in a day of the service's calendar by lists, searches, files and single reads;
 * the same ones again cost nothing, and single records that changed within the last day are not counted, so that whoever follows the
 * feed of changes never meets it; to change an older one oneself counts, else its change would be the way round. What was read today is counted in memory, and after a start from the traces in the ledger. Thread-safe. */
#pragma once
#include "records/service.h"

#ifndef WALK_MOST                             /* a test has fewer */
#define WALK_MOST 1000u
#endif
MUST_USE struct walks *walks_new(void);
struct walks *walks_free(struct walks *w);
/* who_key: as entries of reading are led to (store/seen.h). E_TOO_MANY, with what to do: then nothing counts. */
MUST_USE enum code walks_take(struct walks *w, struct service *s, int64_t tenant, const char *who_key, const int64_t *born, size_t count, struct err *reterr);
