/* objection.h — an objection to the use of a record for a purpose (GDPR, article 21). From the write on, every read, list, search, export,
 * feed and letter for that purpose leaves the record out; uses for others go on. It holds for all that the tenant has about the same person
 * for a purpose of that name, and a new record of the same address inherits it. Who may ask for it is the caller's business: here it is
 * done. Thread-safe; blocks. */
#pragma once
#include <jansson.h>

#include "records/records.h"

/* purpose: as the charter writes it, in any language. E_NOT_FOUND: no such record; E_FIELDS: the kind has no such purpose. One that stands
 * stays. *ret_records (may be NULL): of the person, that were left out from now on. */
MUST_USE enum code objection_make(struct service *s, const struct caller *who, int kind, const struct uuid *id, const char *purpose, size_t *ret_records, struct err *reterr);
/* Taken back, by the person alone: this record and the others of the same person are used for the purpose again, and new ones too. */
MUST_USE enum code objection_end(struct service *s, const struct caller *who, int kind, const struct uuid *id, const char *purpose, struct err *reterr);
/* [{kind, id, purpose, at, by}]: of the whole tenant, or of a record (kind >= 0). */
MUST_USE enum code objection_list(struct service *s, int64_t tenant, int kind, const struct uuid *id, json_t **ret, struct err *reterr);
