/* registrar.h — what the registers of a tenant share: where they stand, who acts, and dates. What is told in them is sealed (records/entry.h). Belongs to one
 * call; the functions block. */
#pragma once
#include "base/arena.h"
#include "base/uuid.h"
#include "charter/charter.h"
#include "records/entry.h"
#include "store/store.h"

/* charter: of the tenant's service; NULL for tenant 0, the operator's staff. */
struct registrar { struct store *store; struct keeper_client *keeper; const struct charter *charter; int64_t tenant; };
/* Who acts. account null: the operator, at the machine itself. name: as people know it, for the register; NULL: not known. */
struct actor { struct uuid account; const char *name; };
#define ACTOR_TEXT 64
const char *actor_text(const struct actor *a, char ret[ACTOR_TEXT]);        /* "account 0193…", "sejf": for the ledger */

/* Dates as a register has them, by the charter's clock (tenant 0: UTC). */
struct civil registrar_civil(const struct registrar *r, usec_t t);
char *registrar_date(const struct registrar *r, usec_t t, char *ret, size_t room);             /* "2026-11-22" */
/* The first instant of that day, or (after) of the day behind it; false: no date. */
MUST_USE bool registrar_day(const struct registrar *r, const char *text, bool after, usec_t *ret);
