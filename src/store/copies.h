/* copies.h — bulk copies of a tenant: asked for, approved, taken once. What was asked for, and why, is sealed by the caller. Numbers count up from
 * 1 without gaps, since nothing is taken out. Statements that change run inside the caller's write, so that the ledger entry stands or
 * falls with them. */
#pragma once
#include "base/arena.h"
#include "base/uuid.h"
#include "store/store.h"

#define COPY_LIFE USEC_PER_DAY                /* within which one that was asked for is taken, or ends */
enum copy_state { COPY_ASKED, COPY_READY, COPY_TAKEN, COPY_ENDED };
struct copy_row {
    int64_t number; enum copy_state state; int32_t kind; int format;
    const char *who; struct uuid account;      /* who asked, as in the ledger; null: nobody's account */
    usec_t made, ran;                          /* when, by the wall clock and by store_ran */
    const char *approved;                      /* JSON: accounts */
    usec_t taken, taken_ran; int64_t day;      /* of the service's calendar, as year * 10000 + month * 100 + day; 0: not taken */
    int64_t records;
    uint64_t key; const void *blob; size_t len;
};
MUST_USE enum code copy_add(struct txn *t, const struct copy_row *r, int64_t *ret_number, struct err *reterr);     /* takes the next number */
/* All but who, kind, format and when it was asked for. */
MUST_USE enum code copy_set(struct txn *t, const struct copy_row *r, struct err *reterr);
MUST_USE enum code copy_get(struct sql *q, int64_t number, struct copy_row *ret, struct arena *arena, struct err *reterr);       /* E_NOT_FOUND */
typedef bool (*copy_fn)(const struct copy_row *r, void *arg);
MUST_USE enum code copy_list(struct sql *q, int64_t before, copy_fn fn, void *arg, struct err *reterr);      /* the newest first */
/* Taken on that day; taken since then by store_ran. */
MUST_USE enum code copy_count(struct sql *q, int64_t day, usec_t ran, int64_t *ret_day, int64_t *ret_since, struct err *reterr);
/* Those that were asked for until then and not taken end; their keys are doomed. */
MUST_USE enum code copies_end(struct txn *t, usec_t ran, struct err *reterr);
