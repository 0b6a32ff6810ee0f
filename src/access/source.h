/* source.h — where a request comes from, as far as limits are concerned: an IPv4 address, the /64 of an IPv6 address (one
 * household), or what else a proxy wrote. Pure. */
#pragma once
#include "base/macros.h"

struct net_source { uint8_t bytes[16]; };                  /* IPv4 as ::ffff:a.b.c.d */

/* NULL is as "": one source for all that have none. */
struct net_source source_of(const char *address);
MUST_USE bool source_same(const struct net_source *a, const struct net_source *b);
/* The /48 about it (one customer of a provider); false for anything but IPv6. */
MUST_USE bool source_wide(const struct net_source *s, struct net_source *ret);
