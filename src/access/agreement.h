/* agreement.h — recording and ending the agreement of a tenant with the operator on the processing of its data. It opens and shuts the
 * gate of records/agreed.h at once, and the ledger of the tenant says who did it. Dates are of the charter's clock. Thread-safe. */
#pragma once
#include "records/records.h"
#include "store/agreement.h"

#define AGREEMENT_PAPER "paper"                /* signed by hand, on paper or a scan of it */
#define AGREEMENT_DEMO "demo"                  /* of invented tenants */
struct agreement_wish {
    const char *signed_on;                     /* "2026-11-22"; not in the future */
    const char *from;                          /* its first day; NULL: when it was signed */
    const char *until;                         /* its last day; NULL: open */
    const char *kind;                          /* one of the above, or AGREEMENT_PROBE */
    const char *sha256;                        /* 64 hex digits, of the signed file; NULL: not given */
};
#define AGREEMENT_PROBE "probe"
/* Is it one that may be recorded? E_FIELDS with `field`: what is wrong. */
MUST_USE enum code agreement_check(const struct charter *charter, const struct agreement_wish *w, struct err *reterr);
/* The same, and it stands. by: as the ledger says it. */
MUST_USE enum code agreement_record(struct service *s, int64_t tenant, const struct agreement_wish *w, const char *by, int64_t *ret_number, struct err *reterr);
/* All that are active, or begin later, end now. E_NOT_FOUND: there is none. */
MUST_USE enum code agreement_stop(struct service *s, int64_t tenant, const char *by, struct err *reterr);
/* {needed, state, items: [{number, state, kind, signed, from, until, sha256, by, recorded}]}. state: "active"; "not recorded" (it goes on
 * without one); "future", "ended", "missing": personal data is not taken where it is needed; "none": nor is it needed. charter NULL: the
 * service does not run. */
MUST_USE enum code agreement_tell(struct store *store, const struct charter *charter, int64_t tenant, json_t **ret, struct err *reterr);
/* Of the open tenants of a service whose charter asks for one those that are not "active": [{tenant, state}]. */
MUST_USE enum code agreements_lacking(struct service *s, json_t **ret, struct err *reterr);
/* The charter asks for agreements from now on: tenants that hold records and never had one go on, with one that nobody has recorded. */
MUST_USE enum code agreements_carry_on(struct service *s, struct err *reterr);
