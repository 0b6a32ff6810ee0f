/* routes_copies.c — who looked at whom in a tenant, and its bulk copies. */
#include <string.h>

#include "api/routes.h"
#include "api/tenant_call.h"
#include "base/text.h"
#include "records/looks.h"

/* ---- reads */

#define PAGE 100
#define PAGE_MOST 1000

/* "registration/0193…" */
static bool record_named(struct call *c, const char *text, struct looks_query *q) {
    size_t n = strcspn(text, "/");
    char *kind = arena_text_n(http_arena(c->req), text, n);
    q->kind = kind == NULL ? -1 : charter_kind(c->charter, kind);
    q->of_record = true;
    if (q->kind >= 0 && text[n] == '/' && uuid_parse(text + n + 1, &q->id))
        return true;
    call_fail(c, E_INVALID, "record names a kind and an id: record=registration/0193…");
    return false;
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

static void on_reads(struct http_req *req) {
    struct call c;
    struct err e;
    struct looks_query q;
    json_t *list = NULL;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "the list of reads") || !query_read(&c, &q))
        return;
    if (looks_list(c.service, c.who.tenant, &q, &list, &e) == OK)
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

static const struct route routes[] = {
    { "GET", "/v1/tenants/{tenant}/reads", 0, on_reads },
    { "GET", "/v1/tenants/{tenant}/reads/{number}", 0, on_read },
};
const struct route_table routes_copies = { routes, ARRAY_LEN(routes) };
