/* registrar.h — what the registers of a tenant share: where they stand, who acts, and entries that are sealed. An entry is a JSON object
 * under a key of its tenant, bound to its register, tenant, number, account and key. Belongs to one call; the functions block. */
#pragma once
#include <jansson.h>

#include "base/arena.h"
#include "base/uuid.h"
#include "charter/charter.h"
#include "keeper/client.h"
#include "store/store.h"

/* charter: of the tenant's service; NULL for tenant 0, the operator's staff. */
struct registrar { struct store *store; struct keeper_client *keeper; const struct charter *charter; int64_t tenant; };
/* Who acts. account null: the operator, at the machine itself. name: as people know it, for the register; NULL: not known. */
struct actor { struct uuid account; const char *name; };
#define ACTOR_TEXT 64
const char *actor_text(const struct actor *a, char ret[ACTOR_TEXT]);        /* "account 0193…", "sejf": for the ledger */

#define ENTRY_TEXT_MAX ((size_t)64 << 10)
/* Where an entry stands; register: "authorisation", "window". */
struct entry_place { const char *name; int64_t tenant, number; struct uuid account; key_id key; };
MUST_USE enum code entry_seal(const struct entry_place *at, const struct key *key, const json_t *entry, struct buf *ret, struct err *reterr);
MUST_USE enum code entry_open(const struct entry_place *at, const struct key *key, const void *sealed, size_t len, json_t **ret, struct err *reterr);

/* Dates as a register has them, by the charter's clock (tenant 0: UTC). */
struct civil registrar_civil(const struct registrar *r, usec_t t);
char *registrar_date(const struct registrar *r, usec_t t, char *ret, size_t room);             /* "2026-11-22" */
/* The first instant of that day, or (after) of the day behind it; false: no date. */
MUST_USE bool registrar_day(const struct registrar *r, const char *text, bool after, usec_t *ret);
