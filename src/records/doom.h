/* doom.h — inside records: keys that an erasure or a correction leaves behind are destroyed. They stand as doomed in the
 * store from the write that made them so; what is cut off here is finished by service_recover. Thread-safe. */
#pragma once
#include "records/service.h"

/* Destroys keys that a write has doomed, then forgets them. E_TOO_MANY: the keeper's cap of a day is reached and a person must
 * confirm; the keys stay doomed. */
MUST_USE enum code doom_now(struct service *s, int64_t tenant, const key_id *keys, size_t count, struct err *reterr);
/* All that stand as doomed. *ret_left: those that could not be destroyed yet. */
MUST_USE enum code doom_rest(struct service *s, size_t *ret_left, struct err *reterr);
