/* notice.h — notices before erasure: one for each tenant, day and role that is told; and, for each record that one told of, which one and
 * which due date it named. A record whose due date has moved since was not told of. Making one may take many writes (a million records
 * are due on one day): until the last of them it stands as NOTICE_MAKING and counts for nothing; the last puts its letters too, so that a
 * cut leaves a whole notice or none. Numbers count up from 1, for each tenant. Inside writes and views of the tenant, where not said
 * otherwise. What a callback gets lives as long as the call. */
#pragma once
#include "base/uuid.h"
#include "store/store.h"

/* An attempt to tell of this due date of the record: when the first was made, whatever came of it; 0: none is on record. One or two
 * indexed reads. */
MUST_USE enum code notice_attempted(struct sql *q, int32_t kind, const struct uuid *id, usec_t due, usec_t *ret, struct err *reterr);

/* What a charter says of a kind: `warn: organiser by email 14 days before, a late notice moves the erasure by at most 7 days`. */
struct notice_rule { const struct zone *zone; struct span before, room /* all zero: the due date is the law */; };
/* From when on a part that is due then may be erased. rule NULL (the kind has no `warn`): from its due date. Else never before an attempt
 * to tell of that date is on record (USEC_NEVER: none is); and, where the charter leaves room, not sooner than it promises after that
 * attempt, but at most so much later than the due date. */
MUST_USE enum code notice_allows(struct sql *q, const struct notice_rule *rule, int32_t kind, const struct uuid *id, usec_t due, usec_t *ret_from, struct err *reterr);

enum notice_state { NOTICE_MAKING,            /* not whole yet: it told nobody */
                    NOTICE_WAITING,           /* its letters stand, and not each of them was tried */
                    NOTICE_TRIED,             /* each was tried; whether the relay has taken them is open */
                    NOTICE_DELIVERED,         /* the relay has taken each */
                    NOTICE_BOUNCED,           /* the relay has refused one for good: it is tried again daily */
                    NOTICE_OVER };            /* nothing that it told of stands any more */
struct notice_row {
    int64_t number; enum notice_state state;
    const char *role;                         /* who is told: a person of the charter */
    int64_t day;                              /* of the service's calendar, as year * 10000 + month * 100 + day */
    usec_t made, attempted /* 0: not each letter was tried */;
    int64_t records; usec_t first, last;      /* how many were told of, and their due dates */
    const char *counts;                       /* JSON, of the caller's (retention/notice.c) */
};
/* Begins one; or takes over one that somebody has begun and given no sign of since `stale` (of txn_ran): then `cut` is set, and what its
 * maker has left goes first (notice_clear). *ret_claim goes into the calls below, and after each that was written `sign` becomes `next`.
 * E_BUSY: somebody else is making one now. */
struct notice_claim { int64_t number; usec_t sign, next; bool cut; };
MUST_USE enum code notice_begin(struct txn *t, const char *role, int64_t day, usec_t stale, struct notice_claim *ret_claim, struct err *reterr);
/* Which records it tells of, in as many writes as need be. Those that stand already stay. E_CONFLICT: somebody has taken the notice over. */
struct noticed { int32_t kind; struct uuid id; usec_t due; };
MUST_USE enum code noticed_put(struct txn *t, struct notice_claim *claim, const struct noticed *list, size_t count, struct err *reterr);
/* Whole: from now on it counts. Instants, records and counts of r. E_CONFLICT as above. */
MUST_USE enum code notice_finish(struct txn *t, struct notice_claim *claim, const struct notice_row *r, struct err *reterr);
/* Takes away what a maker that was cut has left: at most `most` rows. *ret_left: there may be more. */
MUST_USE enum code notice_clear(struct txn *t, struct notice_claim *claim, size_t most, bool *ret_left, struct err *reterr);
/* Nothing is to be told of after all: what was begun goes. It has no rows any more. */
MUST_USE enum code notice_abandon(struct txn *t, struct notice_claim *claim, struct err *reterr);

/* What came of it; attempted is set once and stays. */
MUST_USE enum code notice_set(struct txn *t, int64_t number, enum notice_state state, usec_t attempted, struct err *reterr);
typedef bool (*notice_fn)(const struct notice_row *r, void *arg);
MUST_USE enum code notice_get(struct sql *q, int64_t number, notice_fn fn, void *arg, struct err *reterr);             /* E_NOT_FOUND: none, or not whole */
MUST_USE enum code notices_list(struct sql *q, int64_t before, notice_fn fn, void *arg, struct err *reterr);           /* whole ones, newest first */
/* Those of all tenants that are whole and not over, by tenant and number. */
typedef bool (*notice_open_fn)(int64_t tenant, int64_t number, void *arg);
MUST_USE enum code notices_open(struct store *s, notice_open_fn fn, void *arg, struct err *reterr);

/* Was this due date told of by a notice that is whole? */
MUST_USE enum code noticed_told(struct sql *q, int32_t kind, const struct uuid *id, usec_t due, bool *ret, struct err *reterr);
/* The due dates of a record that whole notices have told of. */
typedef bool (*noticed_fn)(usec_t due, int64_t notice, void *arg);
MUST_USE enum code noticed_of(struct sql *q, int32_t kind, const struct uuid *id, noticed_fn fn, void *arg, struct err *reterr);
MUST_USE enum code noticed_drop(struct txn *t, int32_t kind, const struct uuid *id, usec_t due, struct err *reterr);
/* What a notice told of and what stands of it. False stops. */
typedef bool (*noticed_list_fn)(const struct noticed *n, void *arg);
MUST_USE enum code noticed_list(struct sql *q, int64_t number, noticed_list_fn fn, void *arg, struct err *reterr);
/* Does anything stand that the notice told of? */
MUST_USE enum code noticed_stands(struct sql *q, int64_t number, bool *ret, struct err *reterr);

/* How far a tenant was looked at: all changes until `change` were seen; the last daily run was at `ran`, under the charter of that hash. */
struct notice_mark { int64_t change; usec_t ran; uint8_t charter[32]; };
MUST_USE enum code notice_mark_get(struct sql *q, struct notice_mark *ret, struct err *reterr);                        /* none: all zero */
MUST_USE enum code notice_mark_put(struct txn *t, const struct notice_mark *m, struct err *reterr);
/* The change number that the tenant has reached; and that of every tenant, in order. */
MUST_USE enum code notice_newest(struct sql *q, int64_t *ret, struct err *reterr);
typedef bool (*notice_change_fn)(int64_t tenant, int64_t change, void *arg);
MUST_USE enum code notice_changes(struct store *s, notice_change_fn fn, void *arg, struct err *reterr);
