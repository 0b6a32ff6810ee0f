/* locks.h — new uses of what was given before (store/version.h), as the charter of today names them: read once for a service, and anew when
 * they moved. Where there are none, which is nearly everywhere, a read costs one comparison. Thread-safe: a list that was given stays
 * until the service closes. */
#pragma once
#include "policy/policy.h"
#include "records/records.h"

/* At the start, and after every write of a lock. Nobody of the callers has a view open. */
MUST_USE enum code service_locks(struct service *s, struct err *reterr);
/* The person whose record it is consents to a use, or takes that back; who: for the ledger. E_NOT_FOUND: no such lock, or no such record. */
MUST_USE enum code record_consent_again(struct service *s, const struct caller *who, int kind, const struct uuid *id, const char *what, bool given, struct err *reterr);
/* [{what, purpose: {en, pl, hu} or null, person, field, given: time or null}] of a record that was given before; a new reference. */
MUST_USE enum code record_locks(struct service *s, const struct caller *who, int kind, const struct uuid *id, json_t **ret, struct err *reterr);

/* ---- inside records */
struct locks;
struct locks *locks_new(void);
struct locks *locks_free(struct locks *l);
const struct use_lock *locks_of(const struct locks *l, int64_t tenant, size_t *ret_count);
