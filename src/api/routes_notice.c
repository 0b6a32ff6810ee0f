/* routes_notice.c — notices before erasure, for the tenant's own role: listed, read, tried again. */
#include "api/api_int.h"
#include "api/routes.h"
#include "api/tenant_call.h"
#include "base/text.h"
#include "records/draft.h"
#include "retention/notice.h"

#define PAGE 50

static bool number_of(struct call *c, int64_t *ret) {
    if (text_int(http_param(c->req, "number"), 1, INT64_MAX, ret))
        return true;
    call_fail(c, E_NOT_FOUND, "there is no notice of that number");
    return false;
}

static void on_notices(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t before = INT64_MAX;
    json_t *list = NULL;
    const char *cursor = http_query(req, "cursor");
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "the list of notices"))
        return;
    if (cursor != NULL && !text_int(cursor, 1, INT64_MAX, &before))
        call_fail(&c, E_INVALID, "cursor must be the next of the page before");
    else if (call_whole(&c) && notices_show(c.service, c.who.tenant, before, PAGE, &list, &e) == OK)
        call_reply_json(&c, 200, list);
    else if (!http_replied(req))
        call_error(&c, &e, NULL);
    json_decref(list);
}

static void on_notice(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number;
    json_t *notice = NULL;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "a notice") || !number_of(&c, &number))
        return;
    if (notice_show(c.service, c.who.tenant, number, &notice, &e) == OK)
        call_reply_json(&c, 200, notice);
    else
        call_error(&c, &e, NULL);
    json_decref(notice);
}

static void on_again(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number;
    char by[CALLER_TEXT];
    json_t *notice = NULL;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "trying a notice again") || !number_of(&c, &number))
        return;
    if (noticer_again(c.api->noticer, c.service, c.who.tenant, number, caller_text(&c.who, by, sizeof by), &e) == OK &&
        notice_show(c.service, c.who.tenant, number, &notice, &e) == OK)
        call_reply_json(&c, 200, notice);
    else
        call_error(&c, &e, NULL);
    json_decref(notice);
}

static const struct route routes[] = {
    { "GET", "/v1/tenants/{tenant}/notices", 0, on_notices },
    { "GET", "/v1/tenants/{tenant}/notices/{number}", 0, on_notice },
    { "POST", "/v1/tenants/{tenant}/notices/{number}/again", 0, on_again },
};
const struct route_table routes_notice = { routes, ARRAY_LEN(routes) };
