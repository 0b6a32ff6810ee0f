/* agreement.h — the agreements of a tenant with the operator on the processing of its data: since when and until when, how it was signed,
 * and the hash of what was signed. Nothing personal stands here. A tenant may have several in force: a renewal is recorded before the one
 * before it is over. Numbers count up from 1; nothing is taken out but with a tenant that probes made. Statements that change run inside
 * the caller's write, so that the ledger entry stands or falls with them. What a callback gets lives as long as the call. */
#pragma once
#include "crypto/crypto.h"
#include "store/store.h"

enum agreement_state { AGREEMENT_ACTIVE = 1, AGREEMENT_ENDED = 2 };    /* as stored */
/* The kind of those that nobody has recorded: the tenant held records before agreements were asked for, and goes on. */
#define AGREEMENT_UNRECORDED "not recorded"

struct agreement_row {
    int64_t number; enum agreement_state state;
    const char *kind;                          /* how it was signed: "paper", …; or AGREEMENT_UNRECORDED */
    usec_t signed_on, from, until /* in force before this; USEC_NEVER: open */, ended /* 0: not */, made;
    bool hashed; uint8_t hash[HASH_SIZE];      /* SHA-256 of the signed file, where it was given */
    const char *by;                            /* "operator", "account 0193…" */
};
/* The number that comes next is given to it; made: now. One that was not recorded lasts until this one begins. */
MUST_USE enum code agreement_put(struct txn *t, const struct agreement_row *r, int64_t *ret_number, struct err *reterr);
/* All that are active end at once. E_NOT_FOUND: none is. */
MUST_USE enum code agreement_end(struct txn *t, usec_t at, struct err *reterr);
typedef bool (*agreement_fn)(const struct agreement_row *r, void *arg);
MUST_USE enum code agreement_list(struct sql *q, agreement_fn fn, void *arg, struct err *reterr);      /* by number */
/* Is one in force? *ret_recorded: one that somebody recorded. One indexed read. */
MUST_USE enum code agreement_holds(struct sql *q, usec_t now, bool *ret, bool *ret_recorded, struct err *reterr);
MUST_USE enum code agreement_any(struct sql *q, bool *ret, struct err *reterr);                        /* has there ever been one? */
MUST_USE enum code agreement_data(struct sql *q, bool *ret, struct err *reterr);                       /* does the tenant hold any record? */
/* All of the txn's tenant. For tenants that probes made. */
MUST_USE enum code agreement_drop(struct txn *t, struct err *reterr);
