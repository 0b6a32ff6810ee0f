/* routes_copies.c — who looked at whom in a tenant, and its bulk copies. */
#include <string.h>

#include "access/people.h"
#include "api/routes.h"
#include "api/tenant_call.h"
#include "base/text.h"
#include "records/copies.h"
#include "records/looks.h"

/* ---- reads */

#define PAGE 100
#define PAGE_MOST 1000

/* "registration/0193…" */
static bool record_named(struct call *c, const char *text, struct looks_query *q) {
    q->of_record = true;
    return tenant_call_record(c, text, &q->kind, &q->id);
}

/* "account/0193…", "token/7", "link/3": in the ledger a space stands between. */
static bool who_named(struct call *c, const char *text, struct looks_query *q) {
    static const char *const sorts[] = { "account/", "token/", "link/" };
    struct uuid id;
    int64_t number;
    for (size_t i = 0; i < ARRAY_LEN(sorts); i++) {
        size_t n = strlen(sorts[i]);
        if (strncmp(text, sorts[i], n) != 0 || !(i == 0 ? uuid_parse(text + n, &id) : text_int(text + n, 1, INT64_MAX, &number)))
            continue;
        char canonical[UUID_TEXT];
        q->who = arena_printf(http_arena(c->req), "%.*s %s", (int)n - 1, sorts[i], i == 0 ? uuid_format(&id, canonical) : text + n);
        return true;                           /* without memory: told by call_whole */
    }
    call_fail(c, E_INVALID, "who names an account, a token or a private link: who=account/0193…, who=token/7, who=link/3");
    return false;
}

static bool number_named(struct call *c, const char *name, const char *text, int64_t least, int64_t most, int64_t *ret) {
    if (text_int(text, least, most, ret))
        return true;
    call_fail(c, E_INVALID, "%s must be a number from %lld to %lld", name, (long long)least, (long long)most);
    return false;
}

static bool query_read(struct call *c, struct looks_query *q) {
    const char *name, *value;
    int64_t limit = PAGE;
    *q = (struct looks_query){ .before = INT64_MAX };
    for (size_t i = 0; http_query_at(c->req, i, &name, &value); i++) {
        bool fine = false;
        if (strcmp(name, "record") == 0)
            fine = record_named(c, value, q);
        else if (strcmp(name, "who") == 0)
            fine = who_named(c, value, q);
        else if (strcmp(name, "cursor") == 0)
            fine = number_named(c, name, value, 1, INT64_MAX, &q->before);
        else if (strcmp(name, "limit") == 0)
            fine = number_named(c, name, value, 1, PAGE_MOST, &limit);
        else if (strcmp(name, "since") == 0 && time_parse(value, &q->since))
            fine = true;
        else
            call_fail(c, E_INVALID, "reads are asked for by record, who, since (a time such as 2026-11-22T08:00:00Z), cursor and limit");
        if (!fine)
            return false;
    }
    q->limit = (size_t)limit;
    return call_whole(c);
}

/* Each account by the name that it has now, for the tenant's own eyes; one that is gone has none any more. */
static enum code names_add(struct call *c, json_t *items, struct err *reterr) {
    size_t i;
    json_t *item, *names = json_object();
    enum code code = OK;
    json_array_foreach(items, i, item) {
        const char *who = json_string_value(json_object_get(item, "who")), *account = json_string_value(json_object_get(item, "account"));
        const char *id = account != NULL ? account : who != NULL && strncmp(who, "account ", 8) == 0 ? who + 8 : NULL;
        struct person_of person = { .name = "" };
        struct uuid uuid;
        if (code != OK || api_people(c->api) == NULL || id == NULL || !uuid_parse(id, &uuid))
            continue;
        if (json_object_get(names, id) == NULL) {
            code = account_read(api_people(c->api), &uuid, &person, reterr);
            json_object_set_new(names, id, code == OK && person.name[0] != 0 ? json_string(person.name) : json_null());
            code = code == E_NOT_FOUND ? OK : code;
            crypto_wipe(&person, sizeof person);
        }
        json_object_set(item, "name", json_object_get(names, id));
    }
    json_decref(names);
    return code;
}

static void on_reads(struct http_req *req) {
    struct call c;
    struct err e;
    struct looks_query q;
    json_t *list = NULL;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "the list of reads") || !query_read(&c, &q))
        return;
    if (looks_list(c.service, c.who.tenant, &q, &list, &e) == OK && names_add(&c, json_object_get(list, "items"), &e) == OK)
        call_reply_json(&c, 200, list);
    else
        call_error(&c, &e, NULL);
    json_decref(list);
}

static void on_read(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number, from = 0;
    json_t *list = NULL;
    const char *cursor = http_query(req, "cursor");
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "the list of reads") || !number_named(&c, "the number of a read", http_param(req, "number"), 1, INT64_MAX, &number) ||
        (cursor != NULL && !number_named(&c, "cursor", cursor, 0, INT32_MAX, &from)))
        return;
    if (looks_records(c.service, c.who.tenant, number, (size_t)from, PAGE_MOST, &list, &e) == OK)
        call_reply_json(&c, 200, list);
    else
        call_error(&c, &e, NULL);
    json_decref(list);
}

/* ---- copies */

/* {kind, format, query: {where, sort}, why}. */
static bool wish_read(struct call *c, json_t *body, struct copy_wish *ret) {
    static const char *const members[] = { "kind", "format", "query", "why" };
    const char *kind = json_string_value(json_object_get(body, "kind")), *format = json_string_value(json_object_get(body, "format"));
    json_t *query = json_object_get(body, "query");
    size_t known = 0;
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        known += json_object_get(body, members[i]) != NULL;
    *ret = (struct copy_wish){ .kind = kind == NULL ? -1 : charter_kind(c->charter, kind), .query = query, .why = json_string_value(json_object_get(body, "why")),
                               .format = format != NULL && strcmp(format, "csv") == 0 ? FORMAT_CSV : FORMAT_NDJSON };
    bool formats = json_object_get(body, "format") == NULL || (format != NULL && (ret->format == FORMAT_CSV || strcmp(format, "ndjson") == 0));
    if (known == json_object_size(body) && ret->kind >= 0 && formats && (query == NULL || json_is_object(query)) && ret->why != NULL && ret->why[0] != 0 && strlen(ret->why) <= COPY_WHY)
        return true;
    call_fail(c, E_INVALID, "a copy is asked for by {\"kind\": \"…\", \"format\": \"ndjson\" or \"csv\", \"query\": {\"where\": …, \"sort\": …}, \"why\": \"…\"}; why has 1 to %d bytes", COPY_WHY);
    return false;
}

static void on_ask(struct http_req *req) {
    struct call c;
    struct err e;
    struct copy_wish w;
    json_t *body = NULL, *made = NULL;
    if (!tenant_call(req, &c) || !tenant_call_confirmed(&c, "a copy is asked for") || !call_json(&c, JSON_ONLY, &body))
        return;
    if (!copies_limited(c.service))
        call_fail(&c, E_CONFLICT, "this charter asks for no request: POST /v1/%s/{kind}/export gives the copy", charter_name(c.charter));
    else if (wish_read(&c, body, &w) && call_whole(&c)) {
        if (copy_ask(c.service, &c.who, &w, &made, &e) == OK)
            call_reply_json(&c, 201, made);
        else
            call_error(&c, &e, NULL);
    }
    json_decref(made);
    json_decref(body);
}

static void on_approve(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number;
    json_t *now = NULL;
    if (!tenant_call(req, &c) || !tenant_call_confirmed(&c, "a copy is approved") || !number_named(&c, "the number of a copy", http_param(req, "number"), 1, INT64_MAX, &number))
        return;
    if (copy_approve(c.service, &c.who, number, &now, &e) == OK)
        call_reply_json(&c, 200, now);
    else
        call_error(&c, &e, NULL);
    json_decref(now);
}

static void on_copies(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t before = INT64_MAX;
    json_t *list = NULL;
    const char *cursor = http_query(req, "cursor");
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "the list of copies") || (cursor != NULL && !number_named(&c, "cursor", cursor, 1, INT64_MAX, &before)))
        return;
    if (copies_told(c.service, &c.who, before, &list, &e) == OK)
        call_reply_json(&c, 200, list);
    else
        call_error(&c, &e, NULL);
    json_decref(list);
}

static const struct route routes[] = {
    { "GET", "/v1/tenants/{tenant}/copies", 0, on_copies },
    { "POST", "/v1/tenants/{tenant}/copies", 0, on_ask },
    { "POST", "/v1/tenants/{tenant}/copies/{number}/approve", 0, on_approve },
    { "GET", "/v1/tenants/{tenant}/reads", 0, on_reads },
    { "GET", "/v1/tenants/{tenant}/reads/{number}", 0, on_read },
};
const struct route_table routes_copies = { routes, ARRAY_LEN(routes) };
