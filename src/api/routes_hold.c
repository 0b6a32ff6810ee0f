/* routes_hold.c — what the tenant keeps although its time comes: set, listed, lifted; and what goes, when and why. */
#include <string.h>

#include "api/routes.h"
#include "api/tenant_call.h"
#include "base/text.h"
#include "retention/due.h"
#include "retention/hold.h"

/* "registration/0193…" */
static bool record_named(struct call *c, const char *text, int *ret_kind, struct uuid *ret) {
    size_t n = strcspn(text, "/");
    char *kind = arena_text_n(http_arena(c->req), text, n);
    *ret_kind = kind == NULL ? -1 : charter_kind(c->charter, kind);
    if (*ret_kind >= 0 && text[n] == '/' && uuid_parse(text + n + 1, ret))
        return true;
    call_fail(c, E_INVALID, "record names a kind and an id: registration/0193…");
    return false;
}

static bool wish_read(struct call *c, json_t *body, struct hold_wish *ret) {
    static const char *const members[] = { "record", "fields", "why", "name", "until" };
    const json_t *fields = json_object_get(body, "fields"), *until = json_object_get(body, "until"), *name = json_object_get(body, "name");
    const char *record = json_string_value(json_object_get(body, "record"));
    size_t known = 0;
    *ret = (struct hold_wish){ .fields = json_is_null(fields) ? NULL : fields, .why = json_string_value(json_object_get(body, "why")), .name = json_string_value(name), .until = json_string_value(until) };
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        known += json_object_get(body, members[i]) != NULL;
    if (known == json_object_size(body) && record != NULL && ret->why != NULL && (name == NULL || json_is_null(name) || ret->name != NULL) && (ret->fields == NULL || json_is_array(fields)) && (until == NULL || json_is_null(until) || ret->until != NULL))
        return record_named(c, record, &ret->kind, &ret->id);
    call_fail(c, E_INVALID, "a hold is set by {\"record\": \"kind/id\", \"why\": \"…\", \"name\": who wants it, \"until\": a day or null, \"fields\": [names] or null for all}");
    return false;
}

static void on_set(struct http_req *req) {
    struct call c;
    struct err e;
    struct hold_wish w;
    json_t *body = NULL, *made = NULL;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "a hold") || !tenant_call_confirmed(&c, "a hold is set") || !call_json(&c, JSON_ONLY, &body))
        return;
    if (wish_read(&c, body, &w) && call_whole(&c)) {
        if (hold_set(c.service, &c.who, &w, &made, &e) == OK)
            call_reply_json(&c, 201, made);
        else
            call_error(&c, &e, NULL);
    }
    json_decref(made);
    json_decref(body);
}

static void on_lift(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number;
    json_t *now = NULL;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "a hold") || !tenant_call_confirmed(&c, "a hold is lifted"))
        return;
    if (!text_int(http_param(req, "number"), 1, INT64_MAX, &number))
        call_fail(&c, E_NOT_FOUND, "there is no hold of that number");
    else if (hold_end(c.service, &c.who, number, &now, &e) == OK)
        call_reply_json(&c, 200, now);
    else
        call_error(&c, &e, NULL);
    json_decref(now);
}

static void on_holds(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t before = INT64_MAX;
    int kind = -1;
    struct uuid id = { { 0 } };
    json_t *list = NULL;
    const char *cursor = http_query(req, "cursor"), *record = http_query(req, "record");
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "the list of holds") || (record != NULL && !record_named(&c, record, &kind, &id)))
        return;
    if (cursor != NULL && !text_int(cursor, 1, INT64_MAX, &before))
        call_fail(&c, E_INVALID, "cursor must be the next of the page before");
    else if (call_whole(&c) && holds_told(c.service, &c.who, before, kind, &id, &list, &e) == OK)
        call_reply_json(&c, 200, list);
    else if (!http_replied(req))
        call_error(&c, &e, NULL);
    json_decref(list);
}

/* ?until, ?records, ?cursor, ?limit. */
struct due_query { usec_t until; bool records; const char *cursor; int64_t limit; };
static bool due_read(struct call *c, struct due_query *q) {
    struct err e;
    const char *limit = http_query(c->req, "limit"), *records = http_query(c->req, "records");
    *q = (struct due_query){ .records = records != NULL && strcmp(records, "true") == 0, .cursor = http_query(c->req, "cursor"), .limit = 100 };
    if (due_until(c->charter, http_query(c->req, "until"), clock_now(), &q->until, &e) != OK) {
        call_error(c, &e, NULL);
        return false;
    }
    if (limit == NULL || text_int(limit, 1, DUE_PAGE, &q->limit))
        return true;
    call_fail(c, E_INVALID, "limit must be a number from 1 to %u", DUE_PAGE);
    return false;
}

static void on_due(struct http_req *req) {
    struct call c;
    struct err e;
    struct due_query q;
    json_t *got = NULL;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "what is due") || !due_read(&c, &q) || !call_whole(&c))
        return;
    struct due_wish w = { .until = q.until };
    if ((q.records ? due_records(c.service, c.who.tenant, q.until, q.cursor, (size_t)q.limit, &got, &e) : due_simulate(c.service, c.who.tenant, &w, &got, &e)) == OK)
        call_reply_json(&c, 200, got);
    else
        call_error(&c, &e, NULL);
    json_decref(got);
}

static const struct route routes[] = {
    { "GET", "/v1/tenants/{tenant}/due", 0, on_due },
    { "GET", "/v1/tenants/{tenant}/holds", 0, on_holds },
    { "POST", "/v1/tenants/{tenant}/holds", 0, on_set },
    { "POST", "/v1/tenants/{tenant}/holds/{number}/lift", 0, on_lift },
};
const struct route_table routes_hold = { routes, ARRAY_LEN(routes) };
