/* refit.h — inside records: stored records brought in line with the charter as it is now: what they are found by, and (when
 * everything is asked for) due dates, claims, and fields that stand unsealed now and did not before, or the other way. Can be
 * done twice; a record that is written meanwhile is left to that write. */
#pragma once
#include "records/facts.h"

#define REFIT_MAX 128u
struct refit_id { const struct kind_info *k; struct uuid id; };
/* Up to REFIT_MAX records of one tenant, in one write. */
MUST_USE enum code refit_some(struct service *s, int64_t tenant, const struct refit_id *ids, size_t count, bool everything, struct err *reterr);
/* All records of the tenant, and the counts of its seats. */
MUST_USE enum code refit_tenant(struct service *s, int64_t tenant, struct err *reterr);
