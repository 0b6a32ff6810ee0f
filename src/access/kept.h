/* kept.h — a caller that is remembered between requests: what it points to lies behind it in one piece, so that it is copied into the
 * arena of each request under the lock of whoever keeps it. Pure. */
#pragma once
#include "policy/policy.h"

struct kept_caller;
MUST_USE struct kept_caller *kept_new(const struct caller *who);        /* mem_free; NULL: no memory */
/* *ret points into the arena. False: no memory. */
MUST_USE bool kept_get(const struct kept_caller *k, struct arena *arena, struct caller *ret);
