/* schema.h — the JSON Schema (draft 2020-12) of a charter, for editors; made from the tables that the checker reads by.
 * A charter that the schema refuses is refused by `sejf check` too; names and meanings only `check` can tell. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

MUST_USE enum code schema_print(struct buf *ret, struct err *reterr);
