/* keys.h — inside records: the index keys of tenants, remembered for a second, so that a write or search costs no question to
 * the keeper. In locked memory. Thread-safe. */
#pragma once
#include "records/service.h"

MUST_USE struct key_memory *key_memory_new(void);
struct key_memory *key_memory_free(struct key_memory *m);
/* anew: ask the keeper even when they are remembered (a write ended with E_STALE). */
MUST_USE enum code index_keys_of(struct service *s, int64_t tenant, bool anew, struct index_keys *ret, struct err *reterr);
