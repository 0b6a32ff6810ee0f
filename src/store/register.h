/* register.h — two registers of a tenant that outlive the accounts in them: who is authorised, and when the tenant opened a window for
 * the operator's staff. Tenant 0 keeps the authorisations of the operator's staff itself. Numbers count up from 1 without gaps, since
 * nothing is ever taken out but with the whole tenant. What is told of a person is sealed by the caller. Statements that change run
 * inside the caller's write, so that the ledger entry stands or falls with them. What a callback gets lives as long as the call. */
#pragma once
#include "base/uuid.h"
#include "store/store.h"

/* ---- authorisations: in force from `from` until before `until`, unless withdrawn */
struct authorisation_row {
    int64_t number; struct uuid account; usec_t from, until, withdrawn /* when; 0: not */, made;
    usec_t trained;                            /* its training lasts so long; USEC_NEVER: nothing hangs on it */
    uint64_t key; const void *blob; size_t len;
};
typedef bool (*authorisation_fn)(const struct authorisation_row *r, void *arg);
MUST_USE enum code authorisation_next(struct sql *q, int64_t *ret, struct err *reterr);                    /* the number that comes next */
MUST_USE enum code authorisation_put(struct txn *t, const struct authorisation_row *r, struct err *reterr);     /* E_CONFLICT: the number stands */
/* All but number, account, key and made. E_NOT_FOUND. */
MUST_USE enum code authorisation_set(struct txn *t, const struct authorisation_row *r, struct err *reterr);
MUST_USE enum code authorisation_get(struct sql *q, int64_t number, authorisation_fn fn, void *arg, struct err *reterr);      /* E_NOT_FOUND */
MUST_USE enum code authorisations_list(struct sql *q, int64_t after, authorisation_fn fn, void *arg, struct err *reterr);     /* by number */
/* Is one of the account in force, and how long at the most: until its end, or that of the training it hangs on. One indexed read. */
MUST_USE enum code authorisation_valid(struct sql *q, const struct uuid *account, usec_t now, bool *ret, usec_t *ret_until, struct err *reterr);

/* ---- support windows */
struct support_row {
    int64_t number; struct uuid account /* null: any of the support staff */; const char *kinds /* JSON: names; "": all */, *by;
    usec_t opened, until, ran_until /* the same by store_ran, so that a wall clock that is put back lengthens nothing */, closed /* 0: not yet */;
    uint64_t key; const void *blob; size_t len;
};
typedef bool (*support_fn)(const struct support_row *r, void *arg);
MUST_USE enum code support_next(struct sql *q, int64_t *ret, struct err *reterr);
MUST_USE enum code support_put(struct txn *t, const struct support_row *r, struct err *reterr);
MUST_USE enum code support_close(struct txn *t, int64_t number, usec_t at, struct err *reterr);            /* E_NOT_FOUND: none that is not closed */
MUST_USE enum code support_get(struct sql *q, int64_t number, support_fn fn, void *arg, struct err *reterr);                  /* E_NOT_FOUND */
MUST_USE enum code support_list(struct sql *q, support_fn fn, void *arg, struct err *reterr);              /* by number */
/* Those that are open now, for that account among others. One indexed read. */
MUST_USE enum code support_open(struct sql *q, const struct uuid *account, usec_t now, usec_t ran, support_fn fn, void *arg, struct err *reterr);
/* Windows of all tenants whose time is over, but which are not closed yet. fn may write. */
typedef bool (*support_over_fn)(int64_t tenant, int64_t number, void *arg);
MUST_USE enum code support_over(struct store *s, usec_t now, support_over_fn fn, void *arg, struct err *reterr);

/* Everything of the txn's tenant in both registers; their keys are doomed. For tenants that probes made. */
MUST_USE enum code registers_drop(struct txn *t, struct err *reterr);
