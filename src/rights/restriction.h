/* restriction.h — restriction of processing (GDPR, article 18): the record is stored and not used. Its person sees it, sejf keeps it in
 * order, and the tenant's own role uses it with a ground that the ledger keeps; everybody else is refused (policy_uses). It is lifted only
 * after the person was told (article 18(3)). Who may ask for it is the caller's business. Thread-safe; blocks. */
#pragma once
#include <jansson.h>

#include "records/records.h"

/* request: number of the request that asked for it (requests), 0: none. E_NOT_FOUND: no such record; one that is restricted stays as it is. */
MUST_USE enum code restriction_set(struct service *s, const struct caller *who, int kind, const struct uuid *id, int64_t request, struct err *reterr);
/* Writes to the person that it ends: one letter, to the address that the record holds; lifting waits until a mail server has answered about it.
 * Once for a restriction; in the person's language where the request that asked for it, or what was read with a consent of the record, tells
 * it. E_CONFLICT: the record holds no address: tell the person in another way, and say when (restriction_tell). who_lifts: in the letter. */
MUST_USE enum code restriction_write(struct service *s, const struct caller *who, int kind, const struct uuid *id, const char *who_lifts, struct err *reterr);
/* The person was told (then, at the latest now) that it ends. E_NOT_FOUND: not restricted; E_FIELDS: before it was set, or in time to come. */
MUST_USE enum code restriction_tell(struct service *s, const struct caller *who, int kind, const struct uuid *id, usec_t told, struct err *reterr);
/* told: as for restriction_tell, 0: as was noted before, or as a letter of restriction_write was
 * tried. E_CONFLICT: the person was not told. */
MUST_USE enum code restriction_lift(struct service *s, const struct caller *who, int kind, const struct uuid *id, usec_t told, struct err *reterr);
/* [{kind, id, request, at, told, by}]: of the whole tenant, or of a record (kind >= 0). */
MUST_USE enum code restriction_list(struct service *s, int64_t tenant, int kind, const struct uuid *id, json_t **ret, struct err *reterr);
