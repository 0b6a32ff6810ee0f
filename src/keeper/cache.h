/* cache.h — opened keys, for a second at most: a page that is read twice, a record that is read and changed.
 * Bounded, in locked memory, wiped when time is up. Thread-safe. */
#pragma once
#include "keeper/client.h"

struct cache;
MUST_USE enum code cache_new(struct cache **ret, struct err *reterr);
struct cache *cache_free(struct cache *c);
DEFINE_AUTO(struct cache, cache_free)

/* ok[i] true: keys[i] is set. Returns how many were found. */
size_t cache_get(struct cache *c, int64_t tenant, const key_id *ids, size_t count, usec_t now, struct key *keys, bool *ok);
/* A key that was asked for before a purge and comes after it must not stay: take the turn first, put with it. */
uint64_t cache_turn(struct cache *c);
void cache_put(struct cache *c, uint64_t turn, int64_t tenant, const key_id *ids, size_t count, usec_t now, const struct key *keys, const bool *ok);
void cache_purge(struct cache *c, const key_id *ids, size_t count);
void cache_purge_all(struct cache *c);
/* Wipes what is over; returns whether anything is left. */
bool cache_sweep(struct cache *c, usec_t now);
