/* reads.h — inside records: whoever reads personal fields leaves an entry in the tenant's ledger that names every record that was read
 * (store/seen.h says how). Reads are gathered for a second and written as one entry for each caller, kind, purpose, way and set of fields.
 * A read whose trace cannot be kept is refused: a call waits for room where more is gathered than fits, and the operator's staff waits until
 * its own trace is written. sejf's own reads leave none. Whoever calls holds no view: a note may wait, and may open one.
 * Thread-safe; a thread of its own writes what is gathered. */
#pragma once
#include "records/record.h"

enum read_way { READ_ONE, READ_LIST, READ_SEARCH, READ_FILE, READ_EXPORT, READ_WAYS };
const char *read_way_name(enum read_way way);           /* "record", "list", "search", "file", "export": as in the entry */

/* A purpose of the kind as it is written down; NULL for -1. */
const char *read_purpose(const struct kind *k, int purpose);

MUST_USE struct reads *reads_new(struct service *s);
struct reads *reads_free(struct reads *r);              /* writes what is left */
/* Before what was read is given away. born: of the records (record.h). E_BUSY, E_MEMORY, or what the store says: give nothing away. */
MUST_USE enum code reads_note(struct service *s, const struct caller *who, const struct kind_info *k, enum read_way way, const int64_t *born, size_t count,
                              fieldset fields, struct err *reterr);
MUST_USE enum code reads_note_one(struct service *s, const struct caller *who, enum read_way way, const struct record *r, fieldset fields, struct err *reterr);
/* Before a change of `old` is written, for nothing may refuse after it: `fields` of what stood there are shown in its answer. The change makes the
 * record a fresh one, whose reading is not counted (walks.h): so it counts itself, where the caller could read `could` of such a record. */
MUST_USE enum code reads_note_change(struct service *s, const struct caller *who, const struct record *old, fieldset fields, fieldset could, struct err *reterr);
