/* dues.h — inside records, and for retention: when each part of a record goes, and why. In a view or a write. */
#pragma once
#include <jansson.h>

#include "records/record.h"

/* *ret: [{fields: [names], due: time or null, why: the rule as written, held?: "law" | "person", law?: which}], a part each of which the
 * record holds anything, with those of its fields that are in `seen`; parts without any are left out. r: loaded. */
MUST_USE enum code dues_tell(struct sql *q, const struct record *r, fieldset seen, usec_t now, json_t **ret, struct err *reterr);
