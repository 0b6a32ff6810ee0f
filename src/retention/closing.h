/* closing.h — a tenant closes its account: from the day on which it asks, everything readable can be taken along as one archive; on the day that
 * it named everything goes, and until then it can be taken back. What stays: what a law keeps, until its date (the sweep erases it then), the
 * ledger without persons, certificates, agreements. Thread-safe; a cut anywhere goes on where it was. */
#pragma once
#include "doc/pack.h"
#include "records/records.h"

#define CLOSING_DAYS 30                        /* from asking to erasing, unless another day is named */
#define CLOSING_MOST 366
struct closing_wish { const char *on; /* "2027-01-31": as that day begins, by the charter's clock; NULL: in CLOSING_DAYS */ bool now; };
/* *ret: {state: "open" | "asked" | "going" | "gone", asked, goes, by, holds: of named persons, which have to be lifted before anything goes}; the
 * middle ones null where nobody has asked. E_FIELDS names what is wrong; E_CONFLICT: it was asked for already, or goes by now. */
MUST_USE enum code closing_ask(struct service *s, const struct caller *who, const struct closing_wish *w, json_t **ret, struct err *reterr);
MUST_USE enum code closing_back(struct service *s, const struct caller *who, json_t **ret, struct err *reterr);
MUST_USE enum code closing_told(struct service *s, const struct caller *who, json_t **ret, struct err *reterr);

/* Everything readable as one archive, streamed: records of each kind as CSV and JSON, files, staff, the tenant's ledger, a README in the languages of
 * the charter, and a manifest of hashes signed by the keeper. people: of members_list. The ledger notes that it was taken. E_CONFLICT: nobody has
 * asked for the account to be closed. */
MUST_USE enum code closing_archive(struct service *s, const struct caller *who, const json_t *people, const struct sink *out, struct err *reterr);

/* Takes members away, and accounts that belong nowhere else; until nobody is left. */
struct closing_people { enum code (*leave)(void *arg, int64_t tenant, struct err *reterr); void *arg; };
/* Erases a tenant whose day has come. *ret_done false: holds of named persons stand, and it waits for them. */
MUST_USE enum code closing_run(struct service *s, int64_t tenant, const struct closing_people *people, bool *ret_done, struct err *reterr);
