/* routes_webhooks.c — who is told of changes of a tenant's records: by its own role, with a session or a token. A secret is shown once. */
#include <string.h>

#include "api/api_int.h"
#include "api/control_int.h"
#include "api/routes.h"
#include "api/tenant_call.h"
#include "base/text.h"
#include "messages/teller.h"
#include "access/people.h"
#include "store/tables.h"

#define PAGE 100

static bool begins(struct http_req *req, struct call *c) { return call_begin(req, c) && tenant_call_owner(c, "the list of webhooks"); }

static bool number_of(struct call *c, int64_t *ret) {
    if (text_int(http_param(c->req, "number"), 1, INT64_MAX, ret))
        return true;
    call_fail(c, E_NOT_FOUND, "there is no such webhook");
    return false;
}

/* Not what a token's scope leaves out. */
static bool within(struct call *c, int64_t number, bool writes) {
    const struct webhook_maker m = { c->service, &c->who, NULL };
    struct err e;
    if (webhook_within(&m, number, writes, &e) == OK)
        return true;
    call_error(c, &e, NULL);
    return false;
}

/* Where sejf.yaml names no place, nothing could be told. */
static bool maker_of(struct call *c, struct webhook_maker *ret) {
    const struct telling_way *way = api_config(c->api)->webhooks;
    if (way == NULL) {
        call_fail(c, E_CONFLICT, "sejf.yaml of this installation lets webhooks go nowhere: the operator has to name hosts under webhooks");
        return false;
    }
    *ret = (struct webhook_maker){ c->service, &c->who, &way->places };
    return true;
}

/* body: what the call before it has set. */
static void answer(struct call *c, enum code code, int status, json_t **body, json_t *mistakes, const struct err *e) {
    if (code == OK)
        call_reply_json(c, status, *body);
    else
        call_error(c, e, mistakes);
    json_decref(*body);
    json_decref(mistakes);
}

static void on_list(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *list = NULL;
    if (begins(req, &c))
        answer(&c, webhooks_told(c.service, c.who.tenant, &c.who, &list, &e), 200, &list, NULL, &e);
}

static void on_make(struct http_req *req) {
    struct call c;
    struct err e;
    struct webhook_maker m;
    json_t *body = NULL, *made = NULL, *mistakes = NULL;
    if (!begins(req, &c) || !tenant_call_confirmed(&c, "a webhook is made") || !maker_of(&c, &m) || !call_json(&c, JSON_ONLY, &body))
        return;
    enum code code = webhook_make(&m, body, &made, &mistakes, &e);
    json_decref(body);
    answer(&c, code, 201, &made, mistakes, &e);
}

static void on_one(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number;
    json_t *one = NULL;
    if (begins(req, &c) && number_of(&c, &number) && within(&c, number, false))
        answer(&c, webhook_told(c.service, c.who.tenant, number, &one, &e), 200, &one, NULL, &e);
}

static void on_change(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number;
    struct webhook_maker m;
    json_t *body = NULL, *now = NULL, *mistakes = NULL;
    if (!begins(req, &c) || !tenant_call_confirmed(&c, "a webhook is changed") || !number_of(&c, &number) || !maker_of(&c, &m) || !call_json(&c, JSON_OR_PATCH, &body))
        return;
    enum code code = webhook_change(&m, number, body, &now, &mistakes, &e);
    json_decref(body);
    answer(&c, code, 200, &now, mistakes, &e);
}

static void on_remove(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number;
    if (!begins(req, &c) || !number_of(&c, &number))
        return;
    const struct webhook_maker m = { c.service, &c.who, NULL };      /* one goes wherever it led to */
    if (webhook_remove(&m, number, &e) == OK)
        call_reply_nothing(&c, 204);
    else
        call_error(&c, &e, NULL);
}

static void on_secret(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number;
    json_t *now = NULL;
    if (!begins(req, &c) || !tenant_call_confirmed(&c, "a webhook gets a new secret") || !number_of(&c, &number))
        return;
    const struct webhook_maker m = { c.service, &c.who, NULL };
    answer(&c, webhook_secret(&m, number, &now, &e), 200, &now, NULL, &e);
}

static const struct telling *way_of(struct call *c) {
    if (c->api->teller != NULL)
        return teller_way(c->api->teller);
    call_fail(c, E_CONFLICT, "sejf.yaml of this installation lets webhooks go nowhere: the operator has to name hosts under webhooks");
    return NULL;
}

static void on_test(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number;
    json_t *said = NULL;
    const struct telling *t = begins(req, &c) && number_of(&c, &number) && within(&c, number, true) ? way_of(&c) : NULL;
    if (t != NULL)
        answer(&c, telling_test(t, c.service, c.who.tenant, number, &said, &e), 200, &said, NULL, &e);
}

static void on_deliveries(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number, before = INT64_MAX, limit = PAGE;
    json_t *list = NULL;
    if (!begins(req, &c) || !number_of(&c, &number) || !within(&c, number, false))
        return;
    const char *cursor = http_query(req, "cursor"), *most = http_query(req, "limit");
    if ((cursor != NULL && !text_int(cursor, 1, INT64_MAX, &before)) || (most != NULL && !text_int(most, 1, 1000, &limit)))
        call_fail(&c, E_INVALID, "cursor: as \"next\" of an earlier answer gave it; limit: from 1 to 1000");
    else
        answer(&c, deliveries_told(c.service, c.who.tenant, number, before, (size_t)limit, &list, &e), 200, &list, NULL, &e);
}

static void on_repeat(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number;
    struct uuid id;
    json_t *said = NULL;
    if (!begins(req, &c) || !number_of(&c, &number))
        return;
    if (!uuid_parse(http_param(req, "delivery"), &id)) {
        call_fail(&c, E_NOT_FOUND, "there is no such delivery of this webhook");
        return;
    }
    const struct telling *t = within(&c, number, true) ? way_of(&c) : NULL;
    if (t != NULL)
        answer(&c, telling_repeat(t, c.service, c.who.tenant, number, &id, &said, &e), 200, &said, NULL, &e);
}

static const struct route routes[] = {
    { "GET", "/v1/{service}/webhooks", 0, on_list },
    { "POST", "/v1/{service}/webhooks", 0, on_make },
    { "GET", "/v1/{service}/webhooks/{number}", 0, on_one },
    { "PATCH", "/v1/{service}/webhooks/{number}", 0, on_change },
    { "DELETE", "/v1/{service}/webhooks/{number}", 0, on_remove },
    { "POST", "/v1/{service}/webhooks/{number}/secret", 0, on_secret },
    { "POST", "/v1/{service}/webhooks/{number}/test", 0, on_test },
    { "GET", "/v1/{service}/webhooks/{number}/deliveries", 0, on_deliveries },
    { "POST", "/v1/{service}/webhooks/{number}/deliveries/{delivery}/repeat", 0, on_repeat },
};
const struct route_table routes_webhooks = { routes, ARRAY_LEN(routes) };
