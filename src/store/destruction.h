/* destruction.h — what was destroyed and why, until a certificate tells of it; and the certificates. A row is written in the same write
 * that dooms the keys, so that nothing goes without one. Nothing personal stands here: kinds, counts, numbers of keys. Numbers count up
 * from 1 without gaps, for each tenant. What a callback gets lives as long as the call. */
#pragma once
#include "store/store.h"

#define DESTRUCTION_KEYS ((size_t)4 << 20)     /* most keys of one row */

struct destruction_row {
    int64_t number; usec_t at;
    const char *cause;                         /* "due", "owner", "person", "consent", "closed", "moved" */
    const char *by;                            /* as in the ledger: "sejf", "account 0193…", "token 7" */
    const char *counts;                        /* JSON: {"registration": 12, "parcel: contact": 3} */
    const uint64_t *keys; size_t key_count;    /* ascending, each once */
};
/* Takes the next number. Keys in any order; those that stand twice count once. None: what had no key any more, but is counted. */
MUST_USE enum code destruction_put(struct txn *t, const char *cause, const char *by, const char *counts, const uint64_t *keys, size_t count, int64_t *ret_number, struct err *reterr);
/* Those that no certificate tells of, oldest first. */
typedef bool (*destruction_fn)(const struct destruction_row *r, void *arg);
MUST_USE enum code destructions_open(struct sql *q, destruction_fn fn, void *arg, struct err *reterr);
/* From now on that certificate tells of this one; its keys stand in there. E_CONFLICT: another tells of it already. */
MUST_USE enum code destruction_told(struct txn *t, int64_t number, int64_t certificate, struct err *reterr);

struct certificate_row { int64_t number; usec_t at; const char *text; /* JSON, with its signature */ };
/* The number behind the highest. */
MUST_USE enum code certificate_next(struct sql *q, int64_t *ret, struct err *reterr);
/* E_CONFLICT: the number is taken. */
MUST_USE enum code certificate_put(struct txn *t, int64_t number, const char *text, struct err *reterr);
typedef bool (*certificate_fn)(const struct certificate_row *r, void *arg);
MUST_USE enum code certificates_list(struct sql *q, int64_t before, certificate_fn fn, void *arg, struct err *reterr);     /* newest first */
MUST_USE enum code certificate_get(struct sql *q, int64_t number, certificate_fn fn, void *arg, struct err *reterr);       /* E_NOT_FOUND */

/* Everything of the txn's tenant. For tenants that probes made. */
MUST_USE enum code destructions_drop(struct txn *t, struct err *reterr);
