/* leaks.h — secrets in addresses: what stands in a query lands in histories, logs and Referer headers on the way. A request that
 * carries one there is refused wherever it goes (RFC 6750, 2.3). Thread-safe. */
#pragma once
#include "api/http.h"

/* False: refused, and replied. Sees each request before its handler. */
MUST_USE bool leaks_refuse(struct http_req *req);
/* Is this pair of a query one that carries a secret? */
bool leaks_secret(const char *name, const char *value);
