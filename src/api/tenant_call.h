/* tenant_call.h — one call of /v1/tenants/{tenant}/… by a person or a program of that tenant: by session, or by a token of the tenant's
 * service. Fills a struct call (call.h), whose other functions serve from there on. */
#pragma once
#include "api/call.h"

/* The service by the tenant, the caller by cookie or bearer token. Another tenant's and one that is not there answer 404 alike. False: replied. */
MUST_USE bool tenant_call(struct http_req *req, struct call *ret);
/* A session must have been signed in (again) a moment ago: 403 otherwise. */
MUST_USE bool tenant_call_confirmed(struct call *c, const char *what);
/* A record as "registration/0193…", in a query or a body: by kind and id. False: replied. */
MUST_USE bool tenant_call_record(struct call *c, const char *text, int *ret_kind, struct uuid *ret);
/* Is the caller of the tenant's own role? 403 otherwise. */
MUST_USE bool tenant_call_owner(struct call *c, const char *what);
