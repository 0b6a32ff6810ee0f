/* routes_closing.c — a tenant closes its account: asks, takes everything along, takes it back. */
#include <string.h>

#include "access/people.h"
#include "api/routes.h"
#include "api/tenant_call.h"
#include "retention/closing.h"

static bool begin(struct http_req *req, struct call *c, bool confirmed) {
    return tenant_call(req, c) && tenant_call_owner(c, "the closing of an account") && (!confirmed || tenant_call_confirmed(c, "an account is closed"));
}

static void answer(struct call *c, int status, enum code code, json_t *now, const struct err *e) {
    if (code == OK)
        call_reply_json(c, status, now);
    else
        call_error(c, e, NULL);
    json_decref(now);
}

static void on_read(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *now = NULL;
    if (!begin(req, &c, false))
        return;
    enum code code = closing_told(c.service, &c.who, &now, &e);
    answer(&c, 200, code, now, &e);
}

/* {on: a day} or {now: true}, or {}. */
static bool wish_read(struct call *c, const json_t *body, struct closing_wish *ret) {
    const json_t *on = json_object_get(body, "on"), *now = json_object_get(body, "now");
    const size_t known = (on != NULL) + (now != NULL);
    *ret = (struct closing_wish){ .on = json_string_value(on), .now = json_is_true(now) };
    if (known == json_object_size(body) && (on == NULL || json_is_null(on) || ret->on != NULL) && (now == NULL || json_is_boolean(now)))
        return true;
    call_fail(c, E_INVALID, "an account is closed by {\"on\": a day}, by {\"now\": true}, or by {}: in %d days", CLOSING_DAYS);
    return false;
}

static void on_ask(struct http_req *req) {
    struct call c;
    struct err e;
    struct closing_wish w;
    json_t *body = NULL, *now = NULL;
    if (!begin(req, &c, true) || !call_json(&c, JSON_ONLY, &body))
        return;
    if (wish_read(&c, body, &w) && call_whole(&c)) {
        enum code code = closing_ask(c.service, &c.who, &w, &now, &e);
        answer(&c, 201, code, now, &e);
    }
    json_decref(body);
}

static void on_back(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *now = NULL;
    if (!begin(req, &c, true))
        return;
    enum code code = closing_back(c.service, &c.who, &now, &e);
    answer(&c, 200, code, now, &e);
}

static bool write_on(void *arg, const void *bytes, size_t len) {
    struct http_req *req = arg;
    if (!http_replied(req))
        http_reply_begin(req, 200, "application/zip", -1);
    return http_reply_write(req, bytes, len);
}

static void on_archive(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *people = NULL;
    if (!begin(req, &c, true))
        return;
    http_reply_header(req, "Content-Disposition", "attachment; filename=\"everything.zip\"");
    enum code code = members_list(api_people(c.api), c.who.tenant, &people, &e);
    if (code == OK)
        code = closing_archive(c.service, &c.who, people, &(struct sink){ write_on, req }, &e);
    if (code != OK && !http_replied(req))
        call_error(&c, &e, NULL);
    else if (code != OK)
        http_reply_abort(req);                 /* a cut archive must not look whole */
    json_decref(people);
}

static const struct route routes[] = {
    { "GET", "/v1/tenants/{tenant}/closing", 0, on_read },
    { "POST", "/v1/tenants/{tenant}/closing", 0, on_ask },
    { "DELETE", "/v1/tenants/{tenant}/closing", 0, on_back },
    { "POST", "/v1/tenants/{tenant}/closing/archive", ROUTE_STREAM, on_archive },
};
const struct route_table routes_closing = { routes, ARRAY_LEN(routes) };
