/* log.h — the log of deliveries: where the charter declares one (`messages.log: each in delivery`), a record is made of each e-mail of which it is known
 * what became, in the same write. It belongs to the sending account that the message went by: the one that its record, or what its record belongs
 * to, refers to; else the oldest of the tenant that sends (gate_log.c). The address is masked as every masked field is. Thread-safe. */
#pragma once
#include "messages/settled.h"

/* Is a message of that channel logged? */
bool log_wanted(const struct service *s, enum channel channel);
/* The sending account of a message to that record (or its parent), opened, in the arena; NULL: the charter has deliveries belong to the tenant itself.
 * E_NOT_FOUND: the tenant has none. */
MUST_USE enum code log_account(struct service *s, int64_t tenant, int kind, const struct uuid *record, const struct uuid *parent, struct arena *arena, struct record **ret, struct err *reterr);
/* Does it send now? One that has states does in the one that such records begin with. */
bool log_account_sends(const struct record *account);
/* A gate: what could not be logged does not go, nor what would go by an account that is paused or closed. */
MUST_USE enum code gate_log_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr);
/* A row of settled.c. */
MUST_USE enum code log_prepare(const struct settled *s, void **ret, struct err *reterr);
MUST_USE enum code log_write(struct txn *t, const struct settled *s, void *prepared, struct err *reterr);
/* Its write failed for what is wrong with the log alone: run once more, it notes in the ledger (`delivery_not_logged`) that there is none, and the rest is written. */
bool log_again(const void *prepared);
void log_done(void *prepared);
