/* hold.h — records, or parts of them, that a named person keeps although their time is over. The ground is sealed by the caller. Numbers
 * count up from 1, for each tenant; a hold that was lifted stays as a row. What a callback gets lives as long as the call. */
#pragma once
#include "base/uuid.h"
#include "store/store.h"

struct hold_row {
    int64_t number; int32_t kind; struct uuid id;
    const char *fields;                        /* their names, a space between; "": the whole record. Parts have none that outlasts a changed charter */
    usec_t until /* USEC_NEVER: until it is lifted */, made, lifted /* 0: not */;
    const char *by;
    uint64_t key; const void *blob; size_t len;
};
MUST_USE enum code hold_put(struct txn *t, const struct hold_row *r, int64_t *ret_number, struct err *reterr);
MUST_USE enum code hold_lift(struct txn *t, int64_t number, usec_t at, struct err *reterr);                      /* E_NOT_FOUND: none that stands */
typedef bool (*hold_fn)(const struct hold_row *r, void *arg);
MUST_USE enum code holds_list(struct sql *q, int64_t before, hold_fn fn, void *arg, struct err *reterr);         /* newest first, lifted ones too */
MUST_USE enum code hold_get(struct sql *q, int64_t number, hold_fn fn, void *arg, struct err *reterr);                             /* E_NOT_FOUND */
MUST_USE enum code hold_next(struct sql *q, int64_t *ret, struct err *reterr);               /* the number that hold_put gives next */
/* Those that have an end which has come, and are not closed. */
MUST_USE enum code holds_ended(struct sql *q, usec_t now, hold_fn fn, void *arg, struct err *reterr);
/* The ground of one that was lifted, or whose end has come (lifted becomes that end), goes: its key is the caller's to doom. */
MUST_USE enum code hold_close(struct txn *t, int64_t number, struct err *reterr);
/* Those that are in force for a record. One indexed read. */
MUST_USE enum code holds_of(struct sql *q, int32_t kind, const struct uuid *id, usec_t now, hold_fn fn, void *arg, struct err *reterr);
