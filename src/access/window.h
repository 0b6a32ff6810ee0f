/* window.h — support windows. The operator's staff sees nothing personal of a tenant unless the tenant opens a window for it: for one
 * account or anybody of the support staff, for some kinds of records or all, until a time (at most as long as the charter lets it), with a
 * reason. It is closed at any moment, ends by itself, and every read in it is listed to the tenant. Opening, closing and ending stand in the
 * ledger. Thread-safe; blocks. */
#pragma once
#include "access/registrar.h"
#include "policy/policy.h"
#include "records/records.h"

#define WINDOW_WHY 500u                        /* most bytes */

struct window_wish {
    struct uuid account;                       /* of the support staff; null: any of it */
    const json_t *kinds;                       /* names; NULL: all. Borrowed */
    usec_t until;                              /* 0: as long as the charter lets it */
    const char *why;
};
/* E_FORBIDDEN: the charter lets no window be opened. E_FIELDS with the field: what is wrong. */
MUST_USE enum code window_open(const struct registrar *r, const struct window_wish *w, const struct actor *by, int64_t *ret_number, struct err *reterr);
/* At once: what is asked after a second at the most sees nothing any more. E_NOT_FOUND: none of that number that is open. */
MUST_USE enum code window_close(const struct registrar *r, int64_t number, const struct actor *by, struct err *reterr);
/* The newest first: [{number, account: null or id, kinds: null or [names], opened, until, closed: null or time, state: open | closed | ended,
 * opened_by: {account, name}, why}]. */
MUST_USE enum code window_list(const struct registrar *r, usec_t now, json_t **ret, struct err *reterr);
/* What that account of the support staff may see through windows now: all kinds of those that are open together. c: of the tenant's service.
 * *ret lives in the arena; its number is the newest window's; until: when the first of them ends. One indexed read. */
MUST_USE enum code window_now(struct store *s, const struct charter *c, int64_t tenant, const struct uuid *account, usec_t now, struct arena *arena,
                              struct open_window *ret, bool *ret_yes, struct err *reterr);
/* What was read in it, the newest first: {items, next} as looks_list (looks.h) has them, before that entry of the ledger (INT64_MAX: all). A read
 * within two windows that are open together stands with both. Few items and a `next` mean that there may be more. E_NOT_FOUND. */
MUST_USE enum code window_reads(const struct registrar *r, struct service *s, int64_t number, int64_t before, size_t limit, json_t **ret, struct err *reterr);
/* Upkeep, twice a minute: windows of all tenants whose time is over are closed, with their entry in the ledger. */
MUST_USE enum code windows_end(struct store *s, usec_t now, struct err *reterr);
