/* entry.h — an entry of a register that is sealed: a JSON object under a key of its tenant, bound to its register, tenant, number, id and
 * key. Registers of rank 4 share it. Pure but for the cipher; thread-safe. */
#pragma once
#include <jansson.h>

#include "base/buf.h"
#include "base/uuid.h"
#include "keeper/client.h"

#define ENTRY_TEXT_MAX ((size_t)1 << 20)
/* Where an entry stands. name: of the register, "authorisation". id: whom or what it is about; null: nothing. */
struct entry_place { const char *name; int64_t tenant, number; struct uuid id; key_id key; };
/* Appended to *ret. */
MUST_USE enum code entry_seal(const struct entry_place *at, const struct key *key, const json_t *entry, struct buf *ret, struct err *reterr);
/* E_DAMAGED when key, bytes or place are others. *ret: the caller's. */
MUST_USE enum code entry_open(const struct entry_place *at, const struct key *key, const void *sealed, size_t len, json_t **ret, struct err *reterr);
