/* closing.h — tenants that close their account: since when, when everything goes, and how far it has come; and what of a tenant goes
 * beside its records. closings_now reads of all tenants, everything else is of the tenant of its sql. */
#pragma once
#include "base/arena.h"
#include "store/store.h"

enum closing_state { CLOSING_ASKED = 1, CLOSING_GOING = 2, CLOSING_GONE = 3 };       /* as stored */
struct closing_row { enum closing_state state; usec_t asked, goes; const char *by; };
/* New, or in place of the one that stands. */
MUST_USE enum code closing_put(struct txn *t, const struct closing_row *r, struct err *reterr);
MUST_USE enum code closing_get(struct sql *q, struct closing_row *ret, struct arena *arena, struct err *reterr);      /* E_NOT_FOUND */
MUST_USE enum code closing_drop(struct txn *t, struct err *reterr);                                                   /* it was taken back */
/* Tenants whose day has come, or whose erasure was cut off. At most `room`. */
MUST_USE enum code closings_now(struct store *s, usec_t now, int64_t *ret, size_t room, size_t *ret_count, struct err *reterr);

/* Some of what a tenant has beside its records, files, members and ledger: letters, packs, requests, registers, copies, replies, holds, traces
 * of reading, consents, tokens. Rows go, and their keys are doomed: given, at most CLOSING_KEYS. *ret_more: there is more. */
#define CLOSING_KEYS 512u
MUST_USE enum code closing_rest(struct txn *t, uint64_t *ret_keys, size_t *ret_count, bool *ret_more, struct err *reterr);
