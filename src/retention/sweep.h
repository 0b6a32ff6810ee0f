/* sweep.h — what is due is erased: a walk along the due dates of a tenant, in small batches, that leaves alone what a law or a person holds,
 * what nobody was told of yet, and what is due suddenly (retention.md). Rounds may overlap, in this process or another. Thread-safe. */
#pragma once
#include "records/records.h"
#include "records/retire.h"

struct sweep_terms {
    usec_t now;                                /* the instant whose due dates are over */
    usec_t until;                              /* of the steady clock: no batch begins later; USEC_NEVER: none is left */
    uint64_t early;                            /* see retire.h; 0 in all but tests: what the keeper's day leaves */
    const struct retire_id *only;              /* of the probes: the walk passes over all others; NULL */
    bool every;                                /* early: no limit (a person has confirmed, or nothing can go wrong: a tenant of the probes) */
};
/* One tenant. *ret is added to; *ret_more: the time was over before the walk. */
MUST_USE enum code sweep_tenant(struct service *s, int64_t tenant, const struct sweep_terms *terms, struct retired *ret, bool *ret_more, struct err *reterr);
/* All tenants of the service, each time from another one on, so that none waits for all before it. Nothing while the clock is in doubt
 * (clock.h). */
MUST_USE enum code sweep_service(struct service *s, const struct sweep_terms *terms, struct retired *ret, bool *ret_more, struct err *reterr);

/* What was due at `now` and is still there: the promise is that there is nothing but what a person holds. Counted up to OVERDUE_MOST for each
 * tenant. oldest: of those that nobody holds; USEC_NEVER. */
#define OVERDUE_MOST 10000
struct overdue { int64_t records, held; usec_t oldest; };
MUST_USE enum code sweep_overdue(struct service *s, usec_t now, struct overdue *ret, struct err *reterr);
