/* version.h — versions of the charter of a service: each is kept with what it changed, in plain words; one that uses data already held in a
 * new way is announced to the tenants first, where the charter before promises that, and locks that data for the new use. One thread. */
#pragma once
#include <jansson.h>

#include "charter/differ.h"
#include "store/version.h"

/* {"items": [{"uses": bool, "path": …, "before": {"en": …} or null, "now": …}], "uses": [{"type": "purpose", "kind": …, "name": …,
 * "field": … or null}]}; older NULL: nothing. */
MUST_USE enum code version_changes(const struct charter *older, const struct charter *newer, json_t **ret, size_t *ret_uses, struct err *reterr);
/* The languages (bit 1 << lang) in which an item of those says something else now: what is new or gone, in all of them. */
MUST_USE unsigned version_reworded(const json_t *item);
/* "purpose sending offers", "person dealer phone", "processor X Ltd.": as locks name it. Appended. */
void version_use(enum use_type type, const char *name, const char *field, struct buf *ret);

/* May the newer one be served now? E_CHARTER, with what to do, where tenants must be told before and were not, or not long enough ago. */
MUST_USE enum code version_allowed(struct store *s, const struct charter *older, const struct charter *newer, usec_t now, struct err *reterr);
/* Before the newer one is served: locks of all tenants of the service, then its version. older NULL: the first one. Can be done twice. */
MUST_USE enum code version_adopt(struct store *s, const struct charter *older, const struct charter *newer, usec_t since, struct err *reterr);
/* A newer charter that is to be served from `begins` on (0: as soon as it may). *ret_number: of the version; *ret_begins: from when. */
MUST_USE enum code version_announce(struct store *s, const struct charter *older, const struct charter *newer, usec_t now, usec_t begins, int64_t *ret_number,
                                    usec_t *ret_begins, struct err *reterr);
