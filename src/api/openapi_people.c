/* openapi_people.c — one operation for each row; its parameters are the names in its path. */
#include "api/openapi_people.h"

#include <stdio.h>
#include <string.h>

#include "api/routes.h"
#include "api/session_call.h"
#include "base/mem.h"

struct op { const char *method, *path, *id, *summary; bool session; const char *body, *status, *reply; };
static const struct op ops[] = {
#define OP(...) { __VA_ARGS__ },
#include "api/openapi_people.tbl"
#undef OP
};

/* "name?: type" to a property; the types of the table. */
static json_t *property(const char *type, size_t len) {
    static const struct { const char *word, *schema; } types[] = {
        { "text", "{\"type\":\"string\"}" }, { "secret", "{\"type\":\"string\",\"format\":\"password\"}" }, { "number", "{\"type\":\"integer\"}" }, { "yesno", "{\"type\":\"boolean\"}" },
        { "object", "{\"type\":[\"object\",\"null\"]}" }, { "list", "{\"type\":[\"array\",\"null\"],\"items\":{\"type\":\"string\"}}" },
        { "objects", "{\"type\":[\"array\",\"null\"],\"items\":{\"type\":\"object\"}}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strlen(types[i].word) == len && strncmp(types[i].word, type, len) == 0)
            return json_loads(types[i].schema, 0, NULL);
    return NULL;
}

static json_t *body_schema(const char *members) {
    json_t *properties = json_object(), *required = json_array();
    for (const char *p = members; *p != 0;) {
        char name[64];
        size_t n = strcspn(p, "?:"), type = strcspn(p, ":") + 2, end = type + strcspn(p + type, ",");
        snprintf(name, sizeof name, "%.*s", (int)n, p);
        json_object_set_new(properties, name, property(p + type, end - type));
        if (p[n] != '?')
            json_array_append_new(required, json_string(name));
        p += end + strspn(p + end, ", ");
    }
    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required", required, "additionalProperties", 0);
}

static json_t *parameters(const struct op *o) {
    json_t *list = json_array();
    for (const char *p = o->path; (p = strchr(p, '{')) != NULL; p++) {
        char name[32];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(p + 1, "}"), p + 1);
        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", name, "in", "path", "required", 1, "schema", "type", strcmp(name, "tenant") == 0 || strcmp(name, "number") == 0 ? "integer" : "string"));
    }
    if (o->session && strcmp(o->method, "get") != 0)
        json_array_append_new(list, json_pack("{s:s}", "$ref", "#/components/parameters/Csrf"));
    return list;
}

static json_t *operation(const struct op *o) {
    json_t *responses = json_object(), *op;
    json_object_set_new(responses, o->status, json_pack("{s:s}", "description", o->reply));
    json_object_set_new(responses, "default", json_pack("{s:s}", "$ref", "#/components/responses/Problem"));
    op = json_pack("{s:s, s:s, s:[s], s:o, s:o, s:o}", "operationId", o->id, "summary", o->summary, "tags", strncmp(o->path, "/v1/account", 11) == 0 ? "account" : "tenants",
                   "parameters", parameters(o), "responses", responses, "security", o->session ? json_pack("[{s:[]}]", "session") : json_array());
    bool json = o->body[0] != 0 || !o->session;            /* without a session the body is JSON, whatever it says */
    if (json)
        json_object_set_new(op, "requestBody", json_pack("{s:b, s:{s:{s:o}}}", "required", 1, "content", "application/json", "schema", body_schema(o->body)));
    return op;
}

json_t *openapi_people(const char *base_url) {
    size_t lost = mem_lost();
    json_t *paths = json_object();
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        if (json_object_get(paths, ops[i].path) == NULL)
            json_object_set_new(paths, ops[i].path, json_object());
        json_object_set_new(json_object_get(paths, ops[i].path), ops[i].method, operation(&ops[i]));
    }
    json_t *doc = json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:o, s:{s:{s:{s:s, s:{s:{s:{s:s}}}}}, s:{s:{s:s, s:s, s:b, s:s, s:{s:s}}}, s:{s:{s:s, s:s, s:s}}}}",
                            "openapi", "3.1.0", "info", "title", "Accounts and tenants", "version", SEJF_VERSION, "description",
                            "Calls by the cookie of a session. Calls that change something carry its csrf token and come from a page of this site.",
                            "servers", "url", base_url, "paths", paths,
                            "components", "responses", "Problem", "description", "a problem document (RFC 9457)", "content", "application/problem+json", "schema", "type", "object",
                            "parameters", "Csrf", "name", "Sejf-Csrf", "in", "header", "required", 1, "description", "csrf of GET /v1/account", "schema", "type", "string",
                            "securitySchemes", "session", "type", "apiKey", "in", "cookie", "name", SESSION_COOKIE);
    if (mem_lost() == lost && doc != NULL)
        return doc;
    json_decref(doc);
    return NULL;
}

static void on_document(struct http_req *req) {
    struct err e;
    json_t *doc = openapi_people(api_config(http_context(req))->base_url);
    if (doc != NULL) {
        http_reply_json(req, 200, doc);
    } else {
        (void)err_set(&e, E_MEMORY, "the server has no memory for the document; try again");
        http_reply_error(req, &e, NULL);
    }
    json_decref(doc);
}

static const struct route routes[] = { { "GET", "/v1/account/openapi.json", 0, on_document } };
const struct route_table routes_people_doc = { routes, ARRAY_LEN(routes) };
