/* asked.h — inside records: where the charter says so (`ask`), code of the operator's own is asked before a record is made or moved, and nothing happens
 * without its yes (asks.h). No view is open and no write is under way while it answers. Thread-safe. */
#pragma once
#include "records/asks.h"
#include "records/draft.h"

enum ask_what { ASK_CREATE, ASK_MOVES };
/* Ends the view of src. A no is a mistake in m (E_FIELDS by whoever asked); silence is E_BUSY, and says how to mend it. old: NULL for ASK_CREATE. */
MUST_USE enum code asked_first(struct draft *d, struct fact_source *src, enum ask_what what, const struct record *old, struct mistakes *m, struct err *reterr);
