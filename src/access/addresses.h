/* addresses.h — from where a token may be used: networks as "192.0.2.0/24 2001:db8::/32". Pure. Thread-safe. */
#pragma once
#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"

#define ADDRESSES_MAX 64u
/* A JSON list of addresses and networks, as it is stored; *ret "" where the list is NULL. E_FIELDS: which one is none. */
MUST_USE enum code addresses_read(const json_t *list, struct arena *arena, const char **ret, struct err *reterr);
/* Does the address lie in one of them? An IPv4 address is the same mapped into IPv6. NULL and what is no address lie nowhere. */
MUST_USE bool addresses_match(const char *list, const char *address);
