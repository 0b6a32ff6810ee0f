/* link.h — one link of a chain: the hash that ties an entry to all before it. Pure. */
#pragma once
#include "crypto/crypto.h"

void link_head(const uint8_t before[HASH_SIZE], const uint8_t digest[HASH_SIZE], uint8_t ret[HASH_SIZE]);

/* Where a walk along a chain stands; starts zeroed but for the chain. */
struct walk { int64_t chain; uint64_t seq; uint8_t head[HASH_SIZE]; };
/* One entry further. False when digest or head are not those of the entry, or its number is not the next. */
MUST_USE bool walk_on(struct walk *w, uint64_t seq, const char *entry, size_t len, const uint8_t *digest /* or NULL */,
                      const uint8_t head[HASH_SIZE]);
