/* masks.h — inside records: an address in a field that is `masked` becomes its mask before it is sealed, found or shown, whoever writes it; so
 * nothing of it is ever stored. Where the charter lets the tenant choose, what the record belongs to says whether. One thread at a time. */
#pragma once
#include "records/facts.h"
#include "records/input.h"

/* Those of in->given. src->record: its kind and what it belongs to are known. Opens a view only where masking is switched. */
MUST_USE enum code masks_apply(struct fact_source *src, struct input *in, struct err *reterr);
