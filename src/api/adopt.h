/* adopt.h — the charter that a service runs on is kept in the store, so that a changed one is noticed: what it does to the
 * stored records is said, and one that they would no longer fit is refused. One thread. */
#pragma once
#include "charter/against.h"
#include "store/store.h"

struct adoption;
/* Compares with what is stored. E_CHARTER only when the stored charter cannot be read by this program. The newer charter
 * stays the caller's and must outlive the adoption. */
MUST_USE enum code adopt_compare(struct store *s, const struct charter *newer, struct adoption **ret, struct err *reterr);
struct adoption *adopt_free(struct adoption *a);
DEFINE_AUTO(struct adoption, adopt_free)
bool adopt_is_new(const struct adoption *a);             /* no such service yet */
bool adopt_is_same(const struct adoption *a);            /* byte for byte */
const struct changes *adopt_changes(const struct adoption *a);      /* NULL: new or the same */
/* What changes, for people. */
void adopt_print(const struct adoption *a, struct buf *ret);
/* E_CHARTER with the first reason when it is refused. */
MUST_USE enum code adopt_allowed(const struct adoption *a, struct err *reterr);
bool adopt_needs_refit(const struct adoption *a);        /* stored records brought in line: service_refit, which computes due dates too */
bool adopt_asks_agreement(const struct adoption *a);    /* the newer charter asks for agreements with tenants, and the older did not */
bool adopt_needs_dates(const struct adoption *a);        /* due dates of stored records, computed anew */
/* Before stored records are touched: a start that is cut off from here on begins the refit again. */
MUST_USE enum code adopt_begin(struct store *s, const struct charter *newer, struct err *reterr);
/* Before adopt_put: the version is kept, and what it would use in a new way is locked (version.h). */
MUST_USE enum code adopt_version(const struct adoption *a, struct store *s, struct err *reterr);
/* From now on the stored one, and nothing is left to be done. */
MUST_USE enum code adopt_put(struct store *s, const struct charter *newer, struct err *reterr);
