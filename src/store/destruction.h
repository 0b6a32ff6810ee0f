/* destruction.h — what was destroyed and why, until a certificate tells of it; and the certificates. A row is written in the same write
 * that dooms the keys, so that nothing goes without one. Nothing personal stands here: kinds, counts, numbers of keys. Numbers count up
 * from 1 without gaps, for each tenant. What a callback gets lives as long as the call. */
#pragma once
#include "store/store.h"

struct destruction_row {
    int64_t number; usec_t at;
    const char *cause;                         /* "due", "owner", "person", "consent", "closed", "moved" */
    const char *by;                            /* as in the ledger: "sejf", "account 0193…", "token 7" */
    const char *counts;                        /* JSON: {"registration": 12, "parcel: contact": 3} */
    const uint64_t *keys; size_t key_count;    /* ascending, each once */
};
/* Takes the next number. Keys in any order; those that stand twice count once. */
MUST_USE enum code destruction_put(struct txn *t, const char *cause, const char *by, const char *counts, const uint64_t *keys, size_t count, int64_t *ret_number, struct err *reterr);
/* Those that no certificate tells of, oldest first. */
typedef bool (*destruction_fn)(const struct destruction_row *r, void *arg);
MUST_USE enum code destructions_open(struct sql *q, destruction_fn fn, void *arg, struct err *reterr);
/* From now on that certificate tells of them: of those from first to last that none told of. */
MUST_USE enum code destructions_told(struct txn *t, int64_t first, int64_t last, int64_t certificate, struct err *reterr);

struct certificate_row { int64_t number; usec_t at; const char *text; /* JSON, as it was signed */ };
MUST_USE enum code certificate_put(struct txn *t, const char *text, int64_t *ret_number, struct err *reterr);
typedef bool (*certificate_fn)(const struct certificate_row *r, void *arg);
MUST_USE enum code certificates_list(struct sql *q, int64_t before, certificate_fn fn, void *arg, struct err *reterr);     /* newest first */
MUST_USE enum code certificate_get(struct sql *q, int64_t number, certificate_fn fn, void *arg, struct err *reterr);       /* E_NOT_FOUND */
