/* request.h — what people asked a tenant for under their rights, with its clock; tenant 0 keeps those that reached the operator of a service
 * and are to be passed on. Who asked, and what, is sealed by the caller. Numbers count up from 1 without gaps, since nothing is taken out
 * but with the whole tenant; the sealed words go when their time is over. request_clock leads to those of all tenants for which something is
 * to be done. What a callback gets lives as long as the call. */
#pragma once
#include "base/arena.h"
#include "base/uuid.h"
#include "store/store.h"

#define REQUEST_HASH 32u
struct request_row {
    int64_t number;
    const char *service;
    int type, state, way;                      /* rights/request.h */
    usec_t received, due, law /* the first month's end, whatever the charter says */, extended /* when; 0: not */, identified, ended /* 0: not yet */;
    int warned;                                /* how many of its warnings went */
    int64_t steps;                             /* how many were taken: a change that was worked out on fewer is refused */
    int32_t kind; struct uuid id;              /* the record by whose private link it came; null: none */
    uint8_t link[REQUEST_HASH]; usec_t link_until; int link_for;      /* hash of its one-time link; link_for 0: none */
    uint64_t key; const void *blob; size_t len /* 0: erased */;
};
MUST_USE enum code request_next(struct sql *q, int64_t *ret, struct err *reterr);                      /* the number that comes next */
/* next: when something is to be done; USEC_NEVER: nothing. */
MUST_USE enum code request_put(struct txn *t, const struct request_row *r, usec_t next, struct err *reterr);
/* All but number, service, type, way, received, law, kind, id and key; r->steps: as they are now, one more than they were. E_CONFLICT:
 * another step was taken meanwhile. */
MUST_USE enum code request_set(struct txn *t, const struct request_row *r, usec_t next, struct err *reterr);
MUST_USE enum code request_get(struct sql *q, int64_t number, struct arena *arena, struct request_row *ret, struct err *reterr);       /* E_NOT_FOUND */
/* By the hash of its one-time link. E_NOT_FOUND. */
MUST_USE enum code request_of_link(struct sql *q, const uint8_t hash[REQUEST_HASH], int64_t *ret_number, struct err *reterr);
typedef bool (*request_fn)(const struct request_row *r, void *arg);
MUST_USE enum code request_list(struct sql *q, int64_t before, request_fn fn, void *arg, struct err *reterr);                         /* the newest first */
/* Those that came by the private link of a record, the newest first. */
MUST_USE enum code request_list_of(struct sql *q, int32_t kind, const struct uuid *id, request_fn fn, void *arg, struct err *reterr);

struct request_step { int64_t number, step; usec_t at; int what; const char *by; };
MUST_USE enum code request_step_put(struct txn *t, const struct request_step *s, struct err *reterr);
typedef bool (*request_step_fn)(const struct request_step *s, void *arg);
MUST_USE enum code request_steps(struct sql *q, int64_t number, request_step_fn fn, void *arg, struct err *reterr);                   /* in order */

typedef bool (*request_next_fn)(int64_t tenant, int64_t number, usec_t next, void *arg);
MUST_USE enum code requests_next(struct store *s, usec_t until, request_next_fn fn, void *arg, struct err *reterr);                  /* of all tenants, by time */

/* Those received since then. late: ended or still open behind their due date. passed and withdrawn ones count in `all` alone. */
struct request_counts { int64_t all, open, ended, in_time, late, open_late; };
MUST_USE enum code request_count(struct sql *q, usec_t since, usec_t now, struct request_counts *ret, struct err *reterr);
/* Everything of the txn's tenant; the keys are doomed. For tenants that probes made, and those that close. */
MUST_USE enum code requests_drop(struct txn *t, struct err *reterr);
