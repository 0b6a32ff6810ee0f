/* routes_templates.c — texts of messages: put, list, show, look at, take out. */
#include <string.h>

#include "api/api_int.h"
#include "api/call.h"
#include "api/routes.h"
#include "base/text.h"
#include "messages/preview.h"

/* Sends what was made, or why not; frees it. */
static void answer(struct call *c, enum code code, int status, json_t *made, const struct err *e, json_t *mistakes) {
    if (code == OK)
        call_reply_json(c, status, made);
    else
        call_error(c, e, mistakes);
    json_decref(made);
    json_decref(mistakes);
}

static void on_put(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *body = NULL, *made = NULL, *mistakes = NULL;
    if (!call_begin(req, &c) || !call_json(&c, JSON_ONLY, &body))
        return;
    if (call_whole(&c)) {
        enum code code = template_put(c.service, &c.who, http_param(req, "name"), body, &made, &mistakes, &e);
        answer(&c, code, 200, made, &e, mistakes);
    }
    json_decref(body);
}

static void on_list(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *made = NULL;
    const char *after = http_query(req, "cursor");
    if (!call_begin(req, &c))
        return;
    enum code code = templates_told(c.service, &c.who, after == NULL ? "" : after, &made, &e);
    answer(&c, code, 200, made, &e, NULL);
}

static void on_one(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *made = NULL;
    int64_t version = 0;
    const char *asked = http_query(req, "version");
    if (!call_begin(req, &c))
        return;
    if (asked != NULL && !text_int(asked, 1, INT32_MAX, &version)) {
        call_fail(&c, E_INVALID, "version is the number of one: ?version=2");
        return;
    }
    enum code code = template_told(c.service, &c.who, http_param(req, "name"), version, &made, &e);
    answer(&c, code, 200, made, &e, NULL);
}

static void on_end(struct http_req *req) {
    struct call c;
    struct err e;
    if (!call_begin(req, &c))
        return;
    if (template_over(c.service, &c.who, http_param(req, "name"), &e) == OK)
        call_reply_nothing(&c, 204);
    else
        call_error(&c, &e, NULL);
}

static void on_preview(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *body = NULL, *made = NULL;
    if (!call_begin(req, &c) || !call_json(&c, JSON_ONLY, &body))
        return;
    if (call_whole(&c)) {
        const struct mail_brand brand = api_brand(c.api, c.charter);
        enum code code = template_preview(c.service, &c.who, http_param(req, "name"), body, &brand, &made, &e);
        answer(&c, code, 200, made, &e, NULL);
    }
    json_decref(body);
}

static const struct route routes[] = {
    { "GET", "/v1/{service}/templates", 0, on_list },
    { "GET", "/v1/{service}/templates/{name}", 0, on_one },
    { "PUT", "/v1/{service}/templates/{name}", 0, on_put },
    { "DELETE", "/v1/{service}/templates/{name}", 0, on_end },
    { "POST", "/v1/{service}/templates/{name}/preview", 0, on_preview },
};
const struct route_table routes_templates = { routes, ARRAY_LEN(routes) };
