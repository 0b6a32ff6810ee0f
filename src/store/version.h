/* version.h — every charter that a service ran on or will run on, with what it changed; and uses of data already held that wait for a new
 * consent. Charters are of the instance; locks are a tenant's. Nothing personal stands here. What a callback gets lives as long as the
 * call. */
#pragma once
#include "base/uuid.h"
#include "crypto/crypto.h"
#include "store/store.h"

struct version_row {
    const char *service; int64_t number; uint8_t hash[HASH_SIZE];
    const char *updated;                       /* the charter's own date, "2026-11-22" */
    usec_t announced, begins;                  /* when tenants were told, and from when it may be served; 0: it was not announced */
    usec_t since;                              /* in force since then; 0: not yet, or it never came into force */
    const char *charter, *changes;             /* the text; what it changes, as JSON */
};
/* Takes the next number of the service, or the place of the one with that hash that is in force, or was announced and is not in force yet. */
MUST_USE enum code version_put(struct store *s, const struct version_row *r, int64_t *ret_number, struct err *reterr);
typedef bool (*version_fn)(const struct version_row *r, void *arg);
MUST_USE enum code versions_list(struct store *s, const char *service, version_fn fn, void *arg, struct err *reterr);      /* newest first */

/* A use ("purpose sending offers", "person dealer phone", "processor X") of what a kind held when the charter changed: records with a
 * pseudonym up to `born` are locked for it until their people consent. */
struct lock_row { int32_t kind; const char *what; int64_t version, born; };
/* born: of the newest record of the txn's tenant now. A lock that stands is raised to it. */
MUST_USE enum code lock_put(struct txn *t, int32_t kind, const char *what, int64_t version, struct err *reterr);
MUST_USE enum code lock_drop(struct txn *t, int32_t kind, const char *what, struct err *reterr);
typedef bool (*lock_fn)(const struct lock_row *r, void *arg);
MUST_USE enum code locks_list(struct sql *q, lock_fn fn, void *arg, struct err *reterr);
/* The person of that record has consented to the use. */
MUST_USE enum code lock_give(struct txn *t, int32_t kind, const struct uuid *id, const char *what, usec_t at, struct err *reterr);
MUST_USE enum code lock_take_back(struct txn *t, int32_t kind, const struct uuid *id, const char *what, struct err *reterr);
MUST_USE enum code lock_given(struct sql *q, int32_t kind, const struct uuid *id, const char *what, usec_t *ret /* when; 0: not */, struct err *reterr);
