/* router.h — which route answers a method and a path. Made once from tables, then only read: threads
 * share it. Literal segments win over names, from the left; a path whose best pattern does not offer
 * the method is refused with what that pattern offers. */
#pragma once
#include "api/http.h"
#include "api/query.h"

struct router;
MUST_USE enum code router_new(const struct route_table *tables, size_t count, struct router **ret, struct err *reterr);
struct router *router_free(struct router *r);
DEFINE_AUTO(struct router, router_free)

struct route_match {
    const struct route *route;               /* NULL: E_METHOD, see allow */
    const char *names[HTTP_PARAMS_MAX], *values[HTTP_PARAMS_MAX];
    size_t count;
    const char *allow;                       /* "GET, HEAD, OPTIONS" of the pattern; the router's */
};
/* E_NOT_FOUND: no pattern; E_METHOD: a pattern, but not this method (*ret is set then, too). */
MUST_USE enum code router_find(const struct router *r, const char *method, const struct path *path,
                               struct route_match *ret, struct err *reterr);
