/* caps.h — how many keys a tenant may open in a minute: counted in the keeper, so that somebody who has taken over
 * the server gets no more than that. Pure: the caller passes the time, by the steady
 * clock, so that one that jumps neither frees a tenant nor shuts it out. Not thread-safe. */
#pragma once
#include "base/err.h"
#include "base/time.h"

struct caps;
MUST_USE enum code caps_new(uint64_t per_minute, struct caps **ret, struct err *reterr);
struct caps *caps_free(struct caps *c);
DEFINE_AUTO(struct caps, caps_free)
/* Takes n of the tenant's minute, or, with E_TOO_MANY, nothing. */
MUST_USE enum code caps_take(struct caps *c, int64_t tenant, uint64_t n, usec_t now, struct err *reterr);
/* Lowers the cap of one tenant until the keeper starts anew; it never rises. */
MUST_USE enum code caps_tighten(struct caps *c, int64_t tenant, uint64_t per_minute, struct err *reterr);
uint64_t caps_most(const struct caps *c);                       /* that one tenant may open, where it was not tightened */
uint64_t caps_minute(const struct caps *c, usec_t now);         /* of all tenants, in this minute */
