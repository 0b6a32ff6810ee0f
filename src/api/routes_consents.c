/* routes_consents.c — consents of a record and their receipt, objections to a purpose, restrictions: by session or token of the tenant's own
 * role. An account of the public reads and does the same for a record of its own. */
#include <string.h>

#include "api/routes.h"
#include "api/tenant_call.h"
#include "records/use.h"
#include "rights/consent.h"
#include "rights/objection.h"
#include "rights/restriction.h"
#include "rights/subject.h"
#include "store/tables.h"

/* Is it for the caller to ask this about the record: the tenant's own role, or the person whose record it is? */
static bool may_ask(struct call *c, int kind, const struct uuid *id, const char *what) {
    struct err e;
    json_t *own = NULL;
    if (use_owner(c->service, &c->who) && !c->who.staff)
        return true;
    if (!policy_own_is_subject(c->charter, &c->who, kind) || !policy_only_own(c->charter, &c->who, kind))
        return tenant_call_owner(c, what);
    enum code code = record_read(c->service, &(struct record_request){ .who = &c->who, .kind = kind, .id = *id, .if_match = -1 }, &own, &e);
    json_decref(own);
    if (code != OK)
        call_error(c, &e, NULL);
    return code == OK;
}

static bool query_record(struct call *c, const char *what, int *ret_kind, struct uuid *ret) {
    return tenant_call_record(c, http_query(c->req, "record"), ret_kind, ret) && may_ask(c, *ret_kind, ret, what);
}

static void answer(struct call *c, enum code code, json_t *made, const struct err *e) {
    if (code == OK)
        call_reply_json(c, 200, made);
    else
        call_error(c, e, NULL);
    json_decref(made);
}

/* ---- consents */
static void on_consents(struct http_req *req) {
    struct call c;
    struct err e;
    struct uuid id;
    int kind;
    json_t *made = NULL;
    if (!tenant_call(req, &c) || !query_record(&c, "the list of consents", &kind, &id))
        return;
    enum code code = consent_history(c.service, c.who.tenant, kind, &id, &made, &e);
    answer(&c, code, made, &e);
}

static void on_receipt(struct http_req *req) {
    struct call c;
    struct err e;
    struct uuid id;
    struct tenant_row row = { .name = NULL };
    int kind;
    json_t *made = NULL;
    if (!tenant_call(req, &c) || !query_record(&c, "the receipt of consents", &kind, &id))
        return;
    enum code code = tenant_get(service_store(c.service), c.who.tenant, &row, http_arena(req), &e);
    if (code == OK)
        code = consent_receipt(c.service, c.who.tenant, row.name, kind, &id, &made, &e);
    answer(&c, code, made, &e);
}

static void on_text(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *made = NULL;
    if (!tenant_call(req, &c))
        return;
    enum code code = consent_read_text(c.service, http_param(req, "hash"), &made, &e);
    answer(&c, code, made, &e);
}

/* ---- what a body says */
struct said { json_t *body; int kind; struct uuid id; const char *purpose, *email, *phone; usec_t told; int64_t request; };

static bool members_known(struct call *c, json_t *body, const char *const *names, size_t count) {
    const char *name;
    json_t *v;
    json_object_foreach(body, name, v) {
        bool known = false;
        for (size_t i = 0; i < count; i++)
            known = known || (strcmp(names[i], name) == 0 && (json_is_string(v) || (strcmp(name, "request") == 0 && json_is_integer(v) && json_integer_value(v) > 0)));
        if (!known) {
            call_fail(c, E_INVALID, "the body has members that are not known here, or of another type: `docs/rights.md` says which there are");
            return false;
        }
    }
    return true;
}

static bool told_read(struct call *c, struct said *s) {
    const char *told = json_string_value(json_object_get(s->body, "told"));
    if (told == NULL || time_parse(told, &s->told))
        return true;
    call_fail(c, E_INVALID, "told is a time such as 2026-11-22T10:00:00Z");
    return false;
}

/* {record, …}: who may ask for it is checked. False: replied. */
static bool body_record(struct call *c, const char *const *names, size_t count, const char *what, struct said *s) {
    *s = (struct said){ .kind = -1 };
    if (!call_json(c, JSON_ONLY, &s->body))
        return false;
    s->purpose = json_string_value(json_object_get(s->body, "purpose"));
    s->email = json_string_value(json_object_get(s->body, "email"));
    s->phone = json_string_value(json_object_get(s->body, "phone"));
    s->request = json_integer_value(json_object_get(s->body, "request"));
    const char *record = json_string_value(json_object_get(s->body, "record"));
    bool by_address = record == NULL && (s->email != NULL || s->phone != NULL);
    if (members_known(c, s->body, names, count) && told_read(c, s) &&
        (by_address ? tenant_call_owner(c, what) : tenant_call_record(c, record, &s->kind, &s->id) && may_ask(c, s->kind, &s->id, what)))
        return true;
    json_decref(s->body);
    return false;
}

static void nothing_or_error(struct call *c, enum code code, const struct err *e) {
    if (code == OK)
        call_reply_nothing(c, 204);
    else
        call_error(c, e, NULL);
}

/* Of one record (?record=), or, for the tenant's own role, all of them. */
static void list_answer(struct http_req *req, const char *what,
                        enum code (*list_of)(struct service *s, int64_t tenant, int kind, const struct uuid *id, json_t **ret, struct err *reterr)) {
    struct call c;
    struct err e;
    struct uuid id = { { 0 } };
    int kind = -1;
    json_t *list = NULL;
    if (!tenant_call(req, &c))
        return;
    if (http_query(req, "record") != NULL ? !query_record(&c, what, &kind, &id) : !tenant_call_owner(&c, what))
        return;
    enum code code = list_of(c.service, c.who.tenant, kind, &id, &list, &e);
    answer(&c, code, code == OK ? json_pack("{s:o}", "items", list) : NULL, &e);
}

/* ---- objections */
static void on_objections(struct http_req *req) { list_answer(req, "the list of objections", objection_list); }

/* Of every record about the person whose kind has the purpose. */
static enum code object_by_address(struct call *c, const struct said *s, size_t *ret_count, struct err *reterr) {
    struct subject all = { 0 };
    bool named = false;
    enum code code = subject_find(c->service, c->who.tenant, &(struct subject_wish){ s->email, s->phone }, http_arena(c->req), &all, reterr);
    *ret_count = 0;
    for (size_t i = 0; code == OK && i < all.count; i++) {
        size_t n = 0;
        if (kind_purpose(charter_kind_at(c->charter, all.list[i].kind), s->purpose) < 0)
            continue;
        named = true;
        code = objection_make(c->service, &c->who, all.list[i].kind, &all.list[i].id, s->purpose, &n, reterr);
        code = code == E_NOT_FOUND || code == E_GONE ? OK : code;
        *ret_count += n;
    }
    return code == OK && !named ? err_set(reterr, E_NOT_FOUND, "nothing is held about this person that is used for such a purpose") : code;
}

static void on_object(struct http_req *req) {
    static const char *const names[] = { "record", "email", "phone", "purpose" };
    struct call c;
    struct err e;
    struct said s;
    size_t n = 0;
    enum code code = OK;
    if (!tenant_call(req, &c) || !body_record(&c, names, ARRAY_LEN(names), "recording an objection", &s))
        return;
    if (s.purpose == NULL)
        code = err_set(&e, E_INVALID, "purpose: which of the kind's purposes the person objects to, as the charter writes it");
    else if (s.kind < 0)
        code = object_by_address(&c, &s, &n, &e);
    else
        code = objection_make(c.service, &c.who, s.kind, &s.id, s.purpose, &n, &e);
    answer(&c, code, code == OK ? json_pack("{s:I}", "records", (json_int_t)n) : NULL, &e);
    json_decref(s.body);
}

static void on_object_end(struct http_req *req) {
    static const char *const names[] = { "record", "purpose" };
    struct call c;
    struct err e;
    struct said s;
    if (!tenant_call(req, &c) || !body_record(&c, names, ARRAY_LEN(names), "taking back an objection", &s))
        return;
    enum code code = s.purpose == NULL ? err_set(&e, E_INVALID, "purpose: to which the person objects no longer") : objection_end(c.service, &c.who, s.kind, &s.id, s.purpose, &e);
    nothing_or_error(&c, code, &e);
    json_decref(s.body);
}

/* ---- restrictions: the tenant's own role alone */
static void on_restrictions(struct http_req *req) { list_answer(req, "the list of restrictions", restriction_list); }

static void restriction_step(struct http_req *req, const char *const *names, size_t count, enum code (*step)(struct call *c, const struct said *s, struct err *reterr)) {
    struct call c;
    struct err e;
    struct said s;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "the restriction of processing") || !body_record(&c, names, count, "the restriction of processing", &s))
        return;
    nothing_or_error(&c, s.kind < 0 ? err_set(&e, E_INVALID, "record names a kind and an id: registration/0193…") : step(&c, &s, &e), &e);
    json_decref(s.body);
}

static enum code set(struct call *c, const struct said *s, struct err *reterr) { return restriction_set(c->service, &c->who, s->kind, &s->id, s->request, reterr); }
/* With a time: it was told then, by whoever says so. Without one: sejf writes to it. */
static enum code tell(struct call *c, const struct said *s, struct err *reterr) {
    struct tenant_row row = { .name = NULL };
    if (s->told != 0)
        return restriction_tell(c->service, &c->who, s->kind, &s->id, s->told, reterr);
    enum code code = tenant_get(service_store(c->service), c->who.tenant, &row, http_arena(c->req), reterr);
    return code == OK ? restriction_write(c->service, &c->who, s->kind, &s->id, row.name, reterr) : code;
}
static enum code lift(struct call *c, const struct said *s, struct err *reterr) { return restriction_lift(c->service, &c->who, s->kind, &s->id, s->told, reterr); }

static const char *const set_names[] = { "record", "request" }, *const told_names[] = { "record", "told" };
static void on_restrict(struct http_req *req) { restriction_step(req, set_names, ARRAY_LEN(set_names), set); }
static void on_told(struct http_req *req) { restriction_step(req, told_names, ARRAY_LEN(told_names), tell); }
static void on_lift(struct http_req *req) { restriction_step(req, told_names, ARRAY_LEN(told_names), lift); }

static const struct route routes[] = {
    { "GET", "/v1/tenants/{tenant}/consents", 0, on_consents },
    { "GET", "/v1/tenants/{tenant}/consents/receipt", 0, on_receipt },
    { "GET", "/v1/tenants/{tenant}/consents/texts/{hash}", 0, on_text },
    { "GET", "/v1/tenants/{tenant}/objections", 0, on_objections },
    { "POST", "/v1/tenants/{tenant}/objections", 0, on_object },
    { "POST", "/v1/tenants/{tenant}/objections/end", 0, on_object_end },
    { "GET", "/v1/tenants/{tenant}/restrictions", 0, on_restrictions },
    { "POST", "/v1/tenants/{tenant}/restrictions", 0, on_restrict },
    { "POST", "/v1/tenants/{tenant}/restrictions/told", 0, on_told },
    { "POST", "/v1/tenants/{tenant}/restrictions/lift", 0, on_lift },
};
const struct route_table routes_consents = { routes, ARRAY_LEN(routes) };
