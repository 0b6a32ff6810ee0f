/* pools.h — keys made ahead, by tenant and month of the due date, so that a new record waits for no fsync.
 * A pool begins small and doubles while it is used up quickly. Bounded in pools and keys; the pool that was used
 * longest ago goes first, and its keys with it (pools_idle). Thread-safe. */
#pragma once
#include "keeper/client.h"

#define POOL_FIRST 32u
#define POOL_MOST 2048u

struct pools;
MUST_USE enum code pools_new(struct pools **ret, struct err *reterr);
struct pools *pools_free(struct pools *p);
DEFINE_AUTO(struct pools, pools_free)

/* Takes up to count keys; returns how many. *ret_low: the pool wants to be filled, and nobody was told before. */
size_t pools_take(struct pools *p, int64_t tenant, uint32_t month, size_t count, usec_t now, key_id *ids, struct key *keys, bool *ret_low);
/* The next pool that wants keys, and how many: a multiple of POOL_FIRST, at most POOL_MOST. */
MUST_USE bool pools_wanting(struct pools *p, usec_t now, int64_t *ret_tenant, uint32_t *ret_month, size_t *ret_count);
/* Ids of one tenant's keys that nobody will use: left over from what found no room, else those of a pool that was last used before
 * `before`, wiped. At most room; 0: there are none. */
size_t pools_idle(struct pools *p, usec_t before, int64_t *ret_tenant, key_id *ids, size_t room);
/* Gives keys to a pool. Those that find no room are wiped; pools_idle names them, as far as it remembers. */
void pools_put(struct pools *p, int64_t tenant, uint32_t month, const key_id *ids, const struct key *keys, size_t count, usec_t now);
