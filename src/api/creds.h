/* creds.h — by what a call says who it is: a bearer token, or the cookie of a session; kept as text, so that a stream which outlives its
 * request can ask again. To be wiped. */
#pragma once
#include "api/http.h"
#include "api/service.h"

struct creds {
    char secret[TOKEN_TEXT];                  /* "": none, or none of ours */
    bool by_session, loopback;
    bool quiet;                               /* asked again by a stream: no use of the session */
    char address[64];
    int64_t wanted;                           /* the tenant that Sejf-Tenant names; 0: none */
};
/* A token goes before a cookie. E_INVALID: Sejf-Tenant is no number. */
MUST_USE enum code creds_read(struct http_req *req, struct creds *ret, struct err *reterr);
/* A call by cookie that changes something must come from a page of ours and carry Sejf-Csrf. ret_elevated: signed in a moment ago (tokens never are). */
MUST_USE enum code creds_check(struct http_req *req, struct api *a, const struct creds *c, bool *ret_elevated, struct err *reterr);
/* Who that is for the service, by now. */
MUST_USE enum code creds_caller(struct api *a, struct service *s, const struct creds *c, struct caller *ret, struct arena *arena, struct err *reterr);
