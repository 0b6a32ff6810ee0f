/* refit.h — inside records: stored records brought in line with the charter as it is now: what they are found by, and (when
 * everything is asked for) due dates, claims, seats, and fields that lie in another part now, or sealed, or not. Can be done
 * twice; a record that is written meanwhile is left to that write. */
#pragma once
#include "records/facts.h"

#define REFIT_MAX 128u
struct refit_id { const struct kind_info *k; struct uuid id; };
/* Up to REFIT_MAX records of one tenant, in one write. Adds to *ret_damaged those that cannot be read: they stay as they are. */
MUST_USE enum code refit_some(struct service *s, int64_t tenant, const struct refit_id *ids, size_t count, bool everything, size_t *ret_damaged, struct err *reterr);
/* All records of the tenant, and the counts of its seats; free seats are given to those who wait. */
struct refit { struct service *s; int64_t tenant; const struct refit_watch *watch; int64_t records, damaged; };
MUST_USE enum code refit_tenant(struct refit *r, struct err *reterr);
