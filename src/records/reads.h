/* reads.h — inside records: whoever reads personal fields leaves an entry in the tenant's ledger. Reads are gathered for a
 * second and written as one entry for each caller and kind: how many records, which fields, and the ids of the first
 * ones. Thread-safe; a thread of its own writes what is gathered. */
#pragma once
#include "records/service.h"

MUST_USE struct reads *reads_new(struct service *s);
struct reads *reads_free(struct reads *r);              /* writes what is left */
/* sejf's own reads and those of the subject are not noted. */
void reads_note(struct service *s, const struct caller *who, const struct kind_info *k, const struct uuid *id, fieldset fields);
void reads_note_many(struct service *s, const struct caller *who, const struct kind_info *k, const struct uuid *ids, size_t count, fieldset fields);
