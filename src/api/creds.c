/* creds.c — a token names its tenant; a session may have several, of which the call names one. */
#include "api/creds.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/session_call.h"
#include "base/text.h"

static bool changes_nothing(const char *method) { return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0; }

enum code creds_read(struct http_req *req, struct creds *ret, struct err *reterr) {
    struct creds c = { .loopback = http_from_loopback(req) || http_is_direct(req) };
    const char *header = http_header(req, "Authorization"), *tenant = http_header(req, "Sejf-Tenant"), *secret = "";
    if (header != NULL && strncasecmp(header, "Bearer ", 7) == 0)
        secret = header + 7 + strspn(header + 7, " ");
    else if (header == NULL && (secret = session_cookie(req)) != NULL)
        c.by_session = true;
    if (secret != NULL && strlen(secret) < sizeof c.secret)
        memcpy(c.secret, secret, strlen(secret) + 1);
    if (tenant != NULL && !text_int(tenant, 0, INT64_MAX, &c.wanted))
        return err_set(reterr, E_INVALID, "Sejf-Tenant is the number of a tenant (GET /v1/account lists yours)");
    snprintf(c.address, sizeof c.address, "%s", http_client(req));
    *ret = c;
    return OK;
}

enum code creds_check(struct http_req *req, struct api *a, const struct creds *c, bool *ret_elevated, struct err *reterr) {
    struct session s;
    *ret_elevated = false;
    if (!c->by_session)
        return OK;
    enum code code = session_find(api_people(a), c->secret, &s, reterr);
    if (code != OK)
        return code;
    *ret_elevated = s.elevated;
    if (changes_nothing(http_method(req)))
        return OK;
    return !origin_foreign(req, true) && session_csrf_fine(&s, http_header(req, "Sejf-Csrf")) ? OK
        : err_set(reterr, E_FORBIDDEN, "a call by cookie that changes something carries Sejf-Csrf (GET /v1/account gives it) and comes from a page of this host");
}

enum code creds_caller(struct api *a, struct service *s, const struct creds *c, struct caller *ret, struct arena *arena, struct err *reterr) {
    enum code code = c->by_session ? session_caller(api_people(a), s, c->secret, c->wanted, c->quiet, ret, arena, reterr)
                                   : access_caller(s, c->secret, &(struct caller_place){ c->loopback, c->address }, ret, arena, reterr);
    if (code == OK && c->wanted != 0 && c->wanted != ret->tenant)      /* of tokens: they belong to one tenant, which the header may repeat */
        return err_set(reterr, E_INVALID, "Sejf-Tenant names another tenant than the token's; leave it out");
    return code;
}
