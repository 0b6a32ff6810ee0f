/* locks.h — new uses of what was given before (store/version.h), as the charter of today names them: read once for a service, and anew when
 * they moved. Where there are none, which is nearly everywhere, a read costs one comparison. Thread-safe: a list that was given stays
 * until the service closes. */
#pragma once
#include "policy/policy.h"
#include "records/records.h"
#include "records/service.h"

/* At the start, and after every write of a lock. Nobody of the callers has a view open. */
MUST_USE enum code service_locks(struct service *s, struct err *reterr);
/* The person whose record it is consents to a use, or takes that back; who: for the ledger. E_NOT_FOUND: no such lock, or no such record. */
MUST_USE enum code record_consent_again(struct service *s, const struct caller *who, int kind, const struct uuid *id, const char *what, bool given, struct err *reterr);
/* [{what, consent: name or null, purpose: {en, pl, hu} or null, person, field, given: time or null}] of a record that was given before, or whose charter
 * asks a consent for a purpose; a new reference. */
MUST_USE enum code record_locks(struct service *s, const struct caller *who, int kind, const struct uuid *id, json_t **ret, struct err *reterr);

/* ---- inside records */
struct locks;
struct locks *locks_new(void);
struct locks *locks_free(struct locks *l);
const struct use_lock *locks_of(const struct locks *l, int64_t tenant, size_t *ret_count);
/* Purposes that need a consent by the charter itself: of every tenant, also of one that comes later. Before anything is read. */
MUST_USE enum code locks_base(struct service *s, struct err *reterr);
/* When a consent that was given then ends; USEC_NEVER: not by itself. */
usec_t consent_until(const struct service *s, const struct span *lasts, usec_t given);
/* Has the person of the record consented to the use, and does that last at `now`? */
MUST_USE enum code lock_open(const struct service *s, struct sql *q, const struct kind_info *k, const struct uuid *id, const struct use_lock *l, usec_t now, usec_t *ret_since, struct err *reterr);
