/* spare.h — inside records: keys that were made for a record which was then refused. They sealed nothing that was stored,
 * so the next record of the tenant may have them; that way a flood of refused requests neither fills the keyring nor uses up
 * the cap of destructions. Only after a clean refusal: a commit that failed may be durable after all, and its keys with it.
 * Thread-safe. */
#pragma once
#include "records/service.h"

MUST_USE struct spares *spares_new(void);
struct spares *spares_free(struct spares *sp);           /* wipes */
/* As keeper_make; spares first. */
MUST_USE enum code spare_make(struct service *s, int64_t tenant, usec_t due, size_t count, key_id *ret_ids, struct key *ret_keys, struct err *reterr);
/* One key, where many of that due date follow: the keeper is asked for some at once, and those to come are spares until then. */
MUST_USE enum code spare_ahead(struct service *s, int64_t tenant, usec_t due, key_id *ret_id, struct key *ret_key, struct err *reterr);
/* Is it sure that the write which answered so stored nothing? Only a refusal of its own, or of the queue, says that. */
bool spare_sure(enum code code);
/* The keys of ids, made for that due date, were not used. */
void spare_give(struct service *s, int64_t tenant, usec_t due, const key_id *ids, const struct key *keys, size_t count);
