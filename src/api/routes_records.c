/* routes_records.c — records one by one, lists and searches: decode, one use case, encode. */
#include <string.h>

#include "api/call.h"
#include "api/damage.h"
#include "api/routes.h"
#include "base/text.h"

/* What a record carries beside its fields; sent back by clients that change what they read, and passed over. */
static const char *const read_only[] = { "id", "version", "created", "updated", "due", "number", "restricted" };

static bool is_read_only(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(read_only); i++)
        if (strcmp(read_only[i], name) == 0)
            return true;
    return false;
}

static void mistake(json_t *list, const char *name, const char *text) {
    json_array_append_new(list, json_pack("{s:o, s:s}", "path", json_sprintf("%s%s", name[0] == 0 ? "" : "/", name), "text", text));
}

/* {fields: {…}, consents: {…}}: the outside of a record's body. Consents alone come with no fields. */
static bool body_fine(struct call *c, json_t *body) {
    const char *name;
    json_t *value, *wrong = json_array();
    bool others = false;
    json_object_foreach(body, name, value) {
        bool fields = strcmp(name, "fields") == 0, consents = strcmp(name, "consents") == 0;
        if ((fields || consents) && !json_is_object(value))
            mistake(wrong, name, "must be an object");
        others = others || (!fields && !consents && !is_read_only(name));
    }
    if (others)
        mistake(wrong, "", "only fields and consents are read here; values stand in fields");
    if (json_object_get(body, "fields") == NULL && json_object_get(body, "consents") == NULL)
        mistake(wrong, "fields", "is missing");
    if (json_object_get(body, "fields") == NULL)
        json_object_set_new(body, "fields", json_object());
    bool fine = call_whole(c) && json_array_size(wrong) == 0;
    if (json_array_size(wrong) > 0 && !http_replied(c->req)) {
        struct err e;
        (void)err_set(&e, E_FIELDS, "the body must be {\"fields\": {…}} and may have \"consents\": {…}");
        call_error(c, &e, wrong);
    }
    json_decref(wrong);
    return fine;
}

static void on_create(struct http_req *req) {
    struct call c;
    struct err e;
    AUTO(record_text_done) struct record_text record = RECORD_TEXT;
    json_t *body = NULL, *mistakes = NULL;
    const char *key;
    if (!call_begin(req, &c) || !call_kind(&c) || !call_key(&c, &key) || !call_json(&c, JSON_ONLY, &body))
        return;
    if (body_fine(&c, body)) {
        struct record_request r = { .who = &c.who, .kind = c.kind, .input = json_object_get(body, "fields"), .consents = json_object_get(body, "consents"),
                                    .idempotency = key, .if_match = -1, .lang = c.lang };
        if (record_create_text(c.service, &r, &record, &mistakes, &e) == OK)
            call_reply_record(&c, 201, &record, true);
        else
            call_error_fields(&c, &e, mistakes);
        json_decref(mistakes);
    }
    json_decref(body);
}

static void on_read(struct http_req *req) {
    struct call c;
    struct err e;
    AUTO(record_text_done) struct record_text record = RECORD_TEXT;
    if (!call_record(req, &c))
        return;
    struct record_request r = { .who = &c.who, .kind = c.kind, .id = c.id, .if_match = -1, .lang = c.lang };
    if (record_read_text(c.service, &r, &record, &e) == OK)
        call_reply_record(&c, 200, &record, false);
    else
        call_error(&c, &e, NULL);
}

static void on_change(struct http_req *req) {
    struct call c;
    struct err e;
    AUTO(record_text_done) struct record_text record = RECORD_TEXT;
    json_t *body = NULL, *mistakes = NULL;
    int64_t version;
    if (!call_record(req, &c) || !call_if_match(&c, &version) || !call_json(&c, JSON_OR_PATCH, &body))
        return;
    if (body_fine(&c, body)) {
        struct record_request r = { .who = &c.who, .kind = c.kind, .id = c.id, .input = json_object_get(body, "fields"),
                                    .consents = json_object_get(body, "consents"), .if_match = version, .lang = c.lang };
        if (record_change_text(c.service, &r, &record, &mistakes, &e) == OK)
            call_reply_record(&c, 200, &record, false);
        else
            call_error_fields(&c, &e, mistakes);
        json_decref(mistakes);
    }
    json_decref(body);
}

static void on_erase(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *erased = NULL, *kept = NULL;
    int64_t version;
    if (!call_record(req, &c) || !call_if_match(&c, &version))
        return;
    struct record_request r = { .who = &c.who, .kind = c.kind, .id = c.id, .if_match = version, .lang = c.lang };
    if (record_erase_told(c.service, &r, &erased, &kept, &e) != OK) {
        call_error(&c, &e, NULL);
        return;
    }
    json_t *out = json_pack("{s:o, s:o*, s:s, s:s}", "erased", erased, "kept", kept, "certificate", "with the renewal of the coming night", "certificates",
                            arena_printf(http_arena(req), "/v1/tenants/%lld/certificates", (long long)c.who.tenant));
    call_reply_json(&c, 200, out);
    json_decref(out);
}

/* limit as a number, the rest as it stands; `lang` is ours. */
static bool query_json(struct call *c, json_t **ret) {
    const char *name, *value;
    int64_t n;
    json_t *q = json_object();
    for (size_t i = 0; http_query_at(c->req, i, &name, &value); i++) {
        if (strcmp(name, "lang") == 0)
            continue;
        if (json_object_get(q, name) != NULL) {
            call_fail(c, E_INVALID, "a parameter stands twice in the query");
        } else if (strcmp(name, "limit") != 0) {
            json_object_set_new(q, name, json_string(value));
            continue;
        } else if (text_int(value, 1, 1000, &n)) {
            json_object_set_new(q, name, json_integer(n));
            continue;
        } else {
            call_fail(c, E_INVALID, "limit must be a number from 1 to 1000");
        }
        json_decref(q);
        return false;
    }
    *ret = q;
    return true;
}

/* ---- lists and searches: text from the record to the wire */
#define PAGE_MAX (64u << 20)
#define LIST_USUAL (32u << 10)                /* room for most replies at once */
#define FOUND_USUAL 1024u
typedef enum code (*list_fn)(struct service *s, const struct caller *who, int kind, json_t *query, const struct damage_watch *watch, struct buf *ret, struct err *reterr);

static void reply_list(struct call *c, list_fn list, size_t usual, json_t *query) {
    struct err e;
    struct damage d;
    AUTO(buf_wipe) struct buf page = BUF(PAGE_MAX);
    if (buf_more(&page, usual) != NULL)
        buf_cut(&page, 0);
    damage_begin(&d, c->api, http_request_id(c->req));
    enum code code = list(c->service, &c->who, c->kind, query, &d.watch, &page, &e);
    damage_end(&d);
    if (code != OK) {
        call_error(c, &e, NULL);
        return;
    }
    buf_char(&page, '\n');
    if (call_whole(c))
        http_reply_buf(c->req, 200, "application/json", &page);
}

static void on_list(struct http_req *req) {
    struct call c;
    json_t *query = NULL;
    if (!call_begin(req, &c) || !call_kind(&c) || !query_json(&c, &query))
        return;
    if (call_whole(&c))                       /* a bound that is missing would ask for more */
        reply_list(&c, record_list_text, LIST_USUAL, query);
    json_decref(query);
}

static void on_search(struct http_req *req) {
    struct call c;
    json_t *body = NULL;
    if (!call_begin(req, &c) || !call_kind(&c) || !call_json(&c, JSON_ONLY, &body))
        return;
    reply_list(&c, record_search_text, FOUND_USUAL, body);
    json_decref(body);
}

static const struct route routes[] = {
    { "POST", "/v1/{service}/{kind}", 0, on_create },
    { "GET", "/v1/{service}/{kind}", ROUTE_TURNS, on_list },
    { "GET", "/v1/{service}/{kind}/{id}", ROUTE_TURNS, on_read },
    { "PATCH", "/v1/{service}/{kind}/{id}", 0, on_change },
    { "DELETE", "/v1/{service}/{kind}/{id}", 0, on_erase },
    { "POST", "/v1/{service}/{kind}/search", ROUTE_TURNS, on_search },
};
const struct route_table routes_records = { routes, ARRAY_LEN(routes) };
