/* page_slugs.h — which tenant a name in an address means, without going through all of them for each visit: their names as they stand in
 * addresses are kept as hashes, and read anew when there is a newer tenant, or when the one that was found has closed. Of two tenants whose
 * names look alike the older one has the address. Thread-safe. Ownership: slugs_new gives, slugs_free takes back and accepts NULL. */
#pragma once
#include "base/buf.h"
#include "store/store.h"

struct slugs;
MUST_USE enum code slugs_new(struct slugs **ret, struct err *reterr);
struct slugs *slugs_free(struct slugs *n);
DEFINE_AUTO(struct slugs, slugs_free)
/* E_NOT_FOUND: no open tenant of the service has that name. */
MUST_USE enum code slugs_find(struct slugs *n, struct store *s, const char *service, const char *slug, int64_t *ret, struct err *reterr);
/* A name as it stands in an address: folded, words joined by '-'. */
void slug_of(const char *name, struct buf *ret);
