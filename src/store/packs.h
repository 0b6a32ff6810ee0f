/* packs.h — archives about a person that lie on the server to be fetched. Bytes stand sealed beside the databases (as a record's file);
 * what is told of them is sealed in the row. A pack names the keys of the parts that it holds a copy of: doomed_put of one of them ends
 * it, in the same write. Numbers count up from 1, for each tenant. What a callback gets lives as long as the call. */
#pragma once
#include "base/uuid.h"
#include "store/store.h"

enum pack_state { PACK_MAKING, PACK_READY, PACK_TAKEN /* by its link, which works no more */, PACK_OVER };
struct pack_row {
    int64_t number; const char *purpose; enum pack_state state;
    int64_t about;                             /* the request that it answers; 0: none */
    usec_t made, until; int64_t size; struct uuid file;
    uint64_t key; const void *blob; size_t len;
};
MUST_USE enum code packs_put(struct txn *t, const struct pack_row *r, int64_t *ret_number, struct err *reterr);
/* It holds copies of what these keys sealed. E_CONFLICT: it has ended meanwhile. */
MUST_USE enum code packs_hold(struct txn *t, int64_t number, const uint64_t *keys, size_t count, struct err *reterr);
/* From one state into another; E_CONFLICT where it is in a third one. size, blob: of one that is ready; else as they are. */
MUST_USE enum code packs_move(struct txn *t, const struct pack_row *r, enum pack_state from, struct err *reterr);
/* Inside doomed_put: every pack with a copy of what this key sealed is over, and its own key doomed. */
MUST_USE enum code packs_end_with(struct txn *t, uint64_t key, struct err *reterr);
/* The row goes, with what it names; its key is doomed. */
MUST_USE enum code packs_drop(struct txn *t, int64_t number, struct err *reterr);
typedef bool (*pack_fn)(const struct pack_row *r, void *arg);
MUST_USE enum code packs_get(struct sql *q, int64_t number, pack_fn fn, void *arg, struct err *reterr);      /* E_NOT_FOUND */
MUST_USE enum code packs_list(struct sql *q, int64_t before, pack_fn fn, void *arg, struct err *reterr);     /* newest first */
