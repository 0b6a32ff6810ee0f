/* call.c — every route of the API begins and ends here, so that refusals are the same everywhere. */
#include "api/call.h"

#include <string.h>

#include "api/creds.h"
#include "api/damage.h"
#include "base/mem.h"
#include "base/text.h"

static bool still_whole(const struct call *c) { return mem_lost() == c->lost && !arena_overflowed(http_arena(c->req)); }

/* A refusal that was reached without a piece of what was asked may be the wrong one. */
void call_error(struct call *c, const struct err *e, const json_t *mistakes) {
    struct err lost;
    damage_count(c->api, e);
    if (code_status(e->code) < 500 && !still_whole(c)) {
        (void)err_set(&lost, E_MEMORY, "the server has no memory for this request; try again");
        http_reply_error(c->req, &lost, NULL);
        return;
    }
    http_reply_error(c->req, e, mistakes);
}

bool call_whole(struct call *c) {
    if (still_whole(c))
        return true;
    call_fail(c, E_MEMORY, "the server has no memory for this request; try again");
    return false;
}

void call_reply_json(struct call *c, int status, const json_t *body) {
    if (call_whole(c))
        http_reply_json(c->req, status, body);
}

void call_reply_nothing(struct call *c, int status) {
    if (call_whole(c))
        http_reply(c->req, status, NULL, "", 0);
}

static json_t *pointer(const char *path) {
    bool own = path == NULL || strncmp(path, "/consents", 9) == 0 || path[0] == 0;
    return own ? json_string(path == NULL ? "" : path) : json_sprintf("/fields%s", strcmp(path, "/") == 0 ? "" : path);
}

void call_error_fields(struct call *c, const struct err *e, const json_t *mistakes) {
    json_t *list = json_array(), *m;
    size_t i;
    json_array_foreach(mistakes, i, m) {
        const char *path = json_string_value(json_object_get(m, "path"));
        json_array_append_new(list, json_pack("{s:o, s:O}", "path", pointer(path), "text", json_object_get(m, "text")));
    }
    if (json_array_size(list) == 0 && e->field[0] != 0)
        json_array_append_new(list, json_pack("{s:o, s:s}", "path", pointer(e->field), "text", e->text));
    call_error(c, e, list);
    json_decref(list);
}

static bool nothing_here(struct call *c) {
    call_fail(c, E_NOT_FOUND, "there is nothing at this address, or it is not for this token");
    return false;
}

/* "Sejf-Ground: claims": why a restricted record is used all the same. */
static enum code ground_named(struct call *c, struct err *reterr) {
    const char *text = http_header(c->req, "Sejf-Ground");
    if (text == NULL || use_ground_read(text, &c->who.ground))
        return OK;
    return err_set(reterr, E_INVALID, "Sejf-Ground is consent, claims, protection, public interest or law (GDPR, article 18(2))");
}

enum code call_caller(struct call *c, int64_t tenant, struct err *reterr) {
    struct creds creds;
    enum code code = creds_read(c->req, &creds, reterr);
    if (code == OK && tenant != 0 && creds.by_session)
        creds.wanted = tenant;
    if (code == OK)
        code = creds_check(c->req, c->api, &creds, &c->elevated, reterr);
    if (code == OK)
        code = creds_caller(c->api, c->service, &creds, &c->who, http_arena(c->req), reterr);
    crypto_wipe(&creds, sizeof creds);
    if (code == E_SIGN_IN && !rule_on(RULE_sign_in_needed)) {
        c->who = (struct caller){ .tenant = 1, .person = charter_tenant(c->charter), .subject_kind = -1 };
        return OK;
    }
    if (code == OK)
        c->who.purpose = http_header(c->req, "Sejf-Purpose");
    return code == OK ? ground_named(c, reterr) : code;
}

bool call_begin(struct http_req *req, struct call *ret) {
    struct err e;
    struct call c = { .req = req, .api = http_context(req), .kind = -1, .lost = mem_lost() };
    c.service = api_service(c.api, http_param(req, "service"));
    if (c.service == NULL)
        return nothing_here(&c);
    c.charter = service_charter(c.service);
    c.lang = http_lang(req, charter_speaks(c.charter), LANG_EN);
    enum code code = call_caller(&c, 0, &e);
    if (code != OK) {
        call_error(&c, &e, NULL);
        return false;
    }
    if (!call_whole(&c))
        return false;
    http_note_tenant(req, c.who.tenant);
    if ((http_route(req)->flags & ROUTE_STREAM) != 0 && !http_share_fine(req)) {
        call_fail(&c, E_BUSY, "this tenant has as many imports, exports and files under way as it may; try again when one has ended");
        return false;
    }
    *ret = c;
    return true;
}

/* "email", "email.gte": is it a personal field of this kind? */
static bool names_personal(const struct kind *k, const char *name) {
    size_t n = strcspn(name, ".");
    for (size_t i = 0; i < k->field_count; i++)
        if (strlen(k->fields[i].name) == n && strncmp(k->fields[i].name, name, n) == 0)
            return k->fields[i].level > L_PLAIN;
    return false;
}

/* A query stands in histories and logs on the way, so that nothing personal may be in it: no personal field by
 * name, and no value that looks like an address. */
static bool query_impersonal(struct call *c) {
    const char *name, *value;
    if (!rule_on(RULE_personal_query_refused))
        return true;
    for (size_t i = 0; http_query_at(c->req, i, &name, &value); i++)
        if (names_personal(c->k, name) || strchr(value, '@') != NULL || strchr(name, '@') != NULL) {
            call_fail(c, E_INVALID, "a personal value must not stand in an address; search with POST /v1/%s/%s/search and {\"where\": {…}} in the body",
                      charter_name(c->charter), c->k->name);
            return false;
        }
    return true;
}

bool call_kind(struct call *c) {
    c->kind = charter_kind(c->charter, http_param(c->req, "kind"));
    if (c->kind < 0)
        return nothing_here(c);
    c->k = charter_kind_at(c->charter, c->kind);
    return query_impersonal(c);
}

bool call_id(struct call *c, const char *name) { return uuid_parse(http_param(c->req, name), &c->id) || nothing_here(c); }
bool call_record(struct http_req *req, struct call *ret) { return call_begin(req, ret) && call_kind(ret) && call_id(ret, "id"); }

/* One strong entity tag: "7". A weak one never matches (RFC 9110, 13.1.1). */
static bool etag_version(const char *h, int64_t *ret) {
    size_t n = strlen(h);
    return n >= 3 && h[0] == '"' && h[n - 1] == '"' && text_int_n(h + 1, n - 2, 0, INT64_MAX, ret);
}

bool call_if_match(struct call *c, int64_t *ret) {
    const char *h = http_header(c->req, "If-Match");
    *ret = -1;
    if (h == NULL || strcmp(h, "*") == 0 || etag_version(h, ret))
        return true;
    call_fail(c, E_STALE, "If-Match must be the ETag of the record as read, such as \"3\" with its quotes");
    return false;
}

/* Printable ASCII, so that it can be told apart from accidents; its bytes are hashed, not stored. */
bool call_key(struct call *c, const char **ret) {
    const char *key = http_header(c->req, "Idempotency-Key");
    size_t n = key == NULL ? 0 : strlen(key);
    for (size_t i = 0; i < n; i++)
        if (key[i] < 0x20 || key[i] > 0x7e)
            n = 0;
    *ret = key;
    if (key == NULL || (n >= 1 && n <= 255))
        return true;
    call_fail(c, E_INVALID, "Idempotency-Key must be 1 to 255 printable characters");
    return false;
}

bool call_json(struct call *c, const char *types, json_t **ret) {
    struct err e;
    json_t *json = NULL;
    if (http_json_read(c->req, types, &json, &e) != OK) {
        call_error(c, &e, NULL);
        return false;
    }
    if (!json_is_object(json)) {
        json_decref(json);
        call_fail(c, E_INVALID, "the body must be a JSON object");
        return false;
    }
    if (!call_whole(c)) {
        json_decref(json);
        return false;
    }
    *ret = json;
    return true;
}

/* If-None-Match: "*", or a list of tags, weak or not, that names this version. */
static bool none_match_names(const char *list, const char *etag) {
    size_t n = strlen(etag);
    for (const char *p = list; *p != 0;) {
        p += strspn(p, ", \t");
        size_t len = strcspn(p, ", \t");
        const char *tag = strncmp(p, "W/", 2) == 0 ? p + 2 : p;
        if ((len == 1 && *p == '*') || ((size_t)(p + len - tag) == n && strncmp(tag, etag, n) == 0))
            return true;
        p += len;
    }
    return false;
}

void call_reply_record(struct call *c, int status, struct record_text *record, bool location) {
    char etag[32], id[UUID_TEXT];
    const char *none = http_header(c->req, "If-None-Match");
    snprintf(etag, sizeof etag, "\"%lld\"", (long long)record->version);
    http_reply_header(c->req, "ETag", etag);
    if (location)
        http_reply_header(c->req, "Location", arena_printf(http_arena(c->req), "/v1/%s/%s/%s", charter_name(c->charter), c->k->name, uuid_format(&record->id, id)) ?: "");
    if (status == 200 && none != NULL && strcmp(http_method(c->req), "PATCH") != 0 && none_match_names(none, etag))
        call_reply_nothing(c, 304);
    else {
        buf_char(&record->text, '\n');
        if (call_whole(c))
            http_reply_buf(c->req, status, "application/json", &record->text);
    }
}
