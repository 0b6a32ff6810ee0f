/* routes_remainder.c — what stays of records that went by their dates: numbers. */
#include <string.h>

#include "api/remainders.h"
#include "api/routes.h"
#include "api/tenant_call.h"
#include "records/service.h"
#include "store/remainder.h"

#define ITEMS_MOST 500u
struct telling { const struct kind_info *k; json_t *items, *counts; struct uuid scope; int32_t field; bool more, failed; };

static const char *field_name(const struct kind_info *k, int32_t number) {
    for (size_t i = 0; i < k->kind->field_count; i++)
        if (k->fields[i] == number)
            return k->kind->fields[i].name;
    return NULL;
}

/* One item for each parent and field. */
static bool tell(const struct remainder *r, void *arg) {
    struct telling *t = arg;
    char id[UUID_TEXT];
    if (t->counts == NULL || uuid_compare(&t->scope, &r->scope) != 0 || t->field != r->field) {
        if (json_array_size(t->items) >= ITEMS_MOST && uuid_compare(&t->scope, &r->scope) != 0) {
            t->more = true;
            return false;
        }
        json_t *one = json_pack("{s:s?, s:s?, s:{}}", "parent", uuid_is_null(&r->scope) ? NULL : uuid_format(&r->scope, id), "field", field_name(t->k, r->field), "counts");
        t->failed = t->failed || one == NULL || json_array_append_new(t->items, one) != 0;
        t->counts = json_object_get(one, "counts");
        t->scope = r->scope;
        t->field = r->field;
    }
    t->failed = t->failed || json_object_set_new(t->counts, r->option, json_integer(r->count)) != 0;
    return !t->failed;
}

static bool asked(struct call *c, const struct kind_info **ret_kind, struct uuid *parent, bool *ret_one, struct uuid *after) {
    const char *kind = http_query(c->req, "kind"), *of = http_query(c->req, "parent"), *cursor = http_query(c->req, "cursor");
    int at = kind == NULL ? -1 : charter_kind(c->charter, kind);
    *ret_one = of != NULL;
    if (at >= 0 && (of == NULL || uuid_parse(of, parent)) && (cursor == NULL || uuid_parse(cursor, after))) {
        *ret_kind = service_kind(c->service, at);
        return true;
    }
    call_fail(c, E_INVALID, "ask for ?kind=NAME, of one record with &parent=ID, behind a page with &cursor=NEXT");
    return false;
}

enum code remainders_told(struct service *s, int64_t tenant, const struct kind_info *k, const struct uuid *one, const struct uuid *after, json_t **ret, struct err *reterr) {
    PRE(s != NULL && k != NULL && after != NULL && ret != NULL && reterr != NULL);
    char next[UUID_TEXT];
    AUTO(view_end) struct view *v = NULL;
    struct telling t = { .k = k, .items = json_array() };
    enum code code = store_view(service_store(s), tenant, &v, reterr);
    if (code == OK)
        code = remainders_list(view_sql(v), k->number, one, after, tell, &t, reterr);
    json_t *out = t.failed || t.items == NULL ? NULL : json_pack("{s:O, s:s?}", "items", t.items, "next", t.more ? uuid_format(&t.scope, next) : NULL);
    json_decref(t.items);
    if (code == OK && out == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the remainders");
    if (code == OK)
        *ret = out;
    else
        json_decref(out);
    return code;
}

static void on_remainders(struct http_req *req) {
    struct call c;
    struct err e;
    struct uuid parent = { { 0 } }, after = { { 0 } };
    const struct kind_info *k = NULL;
    bool one = false;
    json_t *out = NULL;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "the remainders") || !asked(&c, &k, &parent, &one, &after) || !call_whole(&c))
        return;
    if (remainders_told(c.service, c.who.tenant, k, one ? &parent : NULL, &after, &out, &e) == OK)
        call_reply_json(&c, 200, out);
    else
        call_error(&c, &e, NULL);
    json_decref(out);
}

static const struct route routes[] = { { "GET", "/v1/tenants/{tenant}/remainders", 0, on_remainders } };
const struct route_table routes_remainder = { routes, ARRAY_LEN(routes) };
