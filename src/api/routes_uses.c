/* routes_uses.c — new uses of what was given before: what waits for a consent of a record's person, and a consent that the tenant's own role
 * records for it (on paper, by telephone); the person itself does it by private link. */
#include <string.h>

#include "api/routes.h"
#include "api/session_call.h"
#include "api/tenant_call.h"
#include "records/locks.h"

#define WHAT "consents to new uses"

/* "machine/0193…" into c->kind and c->id. */
static bool record_named(struct call *c, const char *text) {
    size_t n = text == NULL ? 0 : strcspn(text, "/");
    char *kind = text == NULL ? NULL : arena_text_n(http_arena(c->req), text, n);
    c->kind = kind == NULL ? -1 : charter_kind(c->charter, kind);
    if (c->kind >= 0 && text[n] == '/' && uuid_parse(text + n + 1, &c->id))
        return true;
    call_fail(c, E_INVALID, "record names a kind and an id: machine/0193…");
    return false;
}

static void reply_locks(struct call *c) {
    struct err e;
    json_t *list = NULL;
    if (record_locks(c->service, &c->who, c->kind, &c->id, &list, &e) != OK) {
        call_error(c, &e, NULL);
        return;
    }
    json_t *body = json_pack("{s:o}", "items", list);
    call_reply_json(c, 200, body);
    json_decref(body);
}

static void uses_get(struct http_req *req) {
    struct call c;
    if (tenant_call(req, &c) && tenant_call_owner(&c, WHAT) && record_named(&c, http_query(req, "record")))
        reply_locks(&c);
}

static void uses_put(struct http_req *req) {
    struct call c;
    struct err e;
    AUTO(json_wiped) json_t *body = NULL;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, WHAT) || !call_json(&c, JSON_ONLY, &body))
        return;
    const char *record = json_string_value(json_object_get(body, "record")), *use = json_string_value(json_object_get(body, "use"));
    const json_t *given = json_object_get(body, "given");
    if (record == NULL || use == NULL || !json_is_boolean(given) || json_object_size(body) != 3) {
        call_fail(&c, E_INVALID, "a consent says {\"record\": \"machine/0193…\", \"use\": as GET …/uses names it, \"given\": true or false}");
        return;
    }
    if (!record_named(&c, record))
        return;
    if (record_consent_again(c.service, &c.who, c.kind, &c.id, use, json_is_true(given), &e) == OK)
        reply_locks(&c);
    else
        call_error(&c, &e, NULL);
}

static const struct route routes[] = {
    { "GET", "/v1/tenants/{tenant}/uses", 0, uses_get },
    { "PUT", "/v1/tenants/{tenant}/uses", 0, uses_put },
};
const struct route_table routes_uses = { routes, ARRAY_LEN(routes) };
