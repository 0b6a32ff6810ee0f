/* openapi.c — schemas from fields, paths from a table of operations; each kind gets every operation under ids of
 * its own ("registration.search"). */
#include "api/openapi.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define REF "#/components/schemas/"

static json_t *ref(const char *name) { return json_pack("{s:o}", "$ref", json_sprintf(REF "%s", name)); }

/* ---- fields */

/* What a value of each type looks like in JSON. A literal JSON text, read once for each field. */
static const char *const type_schema[FIELD_TYPES] = {
    [T_TEXT] = "{\"type\":\"string\"}",
    [T_EMAIL] = "{\"type\":\"string\",\"format\":\"email\"}",
    [T_PHONE] = "{\"type\":\"string\",\"description\":\"E.164 after normalising\",\"examples\":[\"+48699000111\"]}",
    [T_NAME] = "{\"type\":\"string\"}",
    [T_ADDRESS] = "{\"type\":\"string\"}",
    [T_NUMBER] = "{\"type\":\"number\"}",
    [T_MONEY] = "{\"$ref\":\"" REF "Money\"}",
    [T_TIME] = "{\"type\":\"string\",\"format\":\"date-time\"}",
    [T_DATE] = "{\"type\":\"string\",\"format\":\"date\"}",
    [T_YESNO] = "{\"type\":\"boolean\"}",
    [T_ONE_OF] = "{\"type\":\"string\"}",
    [T_REFERENCE] = "{\"$ref\":\"" REF "Id\"}",
    [T_FILE] = "{\"$ref\":\"" REF "File\",\"readOnly\":true}",
    [T_PLACE] = "{\"$ref\":\"" REF "Place\"}",
    [T_JSON] = "{\"description\":\"any JSON\"}",
    [T_COUNTER] = "{\"type\":\"integer\"}",
};
static const char *const level_words[] = { [L_PLAIN] = "plain", [L_PERSONAL] = "personal", [L_SENSITIVE] = "sensitive", [L_SECRET] = "secret" };

static json_t *field_schema(const struct charter *c, const struct field *f) {
    json_t *s = json_loads(type_schema[f->type], 0, NULL);
    if (f->type == T_ONE_OF) {
        json_t *options = json_array();
        for (size_t i = 0; i < f->option_count; i++)
            json_array_append_new(options, json_string(f->options[i]));
        json_object_set_new(s, "enum", options);
    }
    if (f->refers >= 0)
        json_object_set_new(s, "description", json_sprintf("id of a %s", charter_kind_at(c, f->refers)->name));
    json_object_set_new(s, "x-sejf-level", json_string(level_words[f->level]));
    if (f->consent != NULL)
        json_object_set_new(s, "x-sejf-consent", json_string(f->consent));
    return s;
}

static bool moved(const struct kind *k, int field) {
    for (size_t i = 0; i < k->move_count; i++)
        if (k->moves[i].field == field)
            return true;
    return false;
}

/* A change requires nothing, and an optional field may be null, which clears it. An answer has null where a field was erased. */
enum fields_for { FOR_NEW, FOR_CHANGE, FOR_ANSWER };
static json_t *fields_schema(const struct charter *c, const struct kind *k, enum fields_for what) {
    const bool patch = what != FOR_NEW;
    json_t *properties = json_object(), *required = json_array();
    if (k->parent >= 0) {
        const char *parent = charter_kind_at(c, k->parent)->name;
        json_object_set_new(properties, parent, json_pack("{s:s, s:o}", "$ref", REF "Id", "description", json_sprintf("id of the %s that it belongs to", parent)));
        if (!patch)
            json_array_append_new(required, json_string(parent));
    }
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        json_t *s = field_schema(c, f);
        if (what == FOR_ANSWER || (patch && f->optional))
            s = json_pack("{s:[o, {s:s}]}", "oneOf", s, "type", "null");
        json_object_set_new(properties, f->name, s);
        if (!patch && !f->optional && f->type != T_FILE && f->type != T_COUNTER && !moved(k, (int)i))
            json_array_append_new(required, json_string(f->name));
    }
    json_t *s = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties, "additionalProperties", 0);
    if (json_array_size(required) > 0)
        json_object_set(s, "required", required);
    json_decref(required);
    return s;
}

static json_t *consents_schema(const struct kind *k) {
    json_t *properties = json_object();
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].consent != NULL)
            json_object_set_new(properties, k->fields[i].consent, json_pack("{s:s}", "type", "boolean"));
    for (size_t i = 0; i < k->consent_count; i++)
        if (k->consents[i].purpose >= 0)
            json_object_set_new(properties, k->consents[i].name, json_pack("{s:s}", "type", "boolean"));
    return json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties, "additionalProperties", 0);
}

/* "registration" to "registration_new": names of components may hold letters, digits, '.', '-', '_' only, as kinds do. */
static void kind_schemas(const struct charter *c, const struct kind *k, json_t *schemas) {
    char name[256], item[256];
    const struct { const char *tail; bool patch; } inputs[] = { { "new", false }, { "change", true } };
    for (size_t i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%s_%s", k->name, inputs[i].tail);
        json_t *s = json_pack("{s:s, s:{s:o, s:o}, s:b}", "type", "object", "properties", "fields", fields_schema(c, k, inputs[i].patch ? FOR_CHANGE : FOR_NEW),
                              "consents", consents_schema(k), "additionalProperties", 0);
        if (!inputs[i].patch)
            json_object_set_new(s, "required", json_pack("[s]", "fields"));
        json_object_set_new(schemas, name, s);
    }
    snprintf(item, sizeof item, "%s_or_damaged", k->name);
    json_object_set_new(schemas, item, json_pack("{s:[o, o]}", "anyOf", ref(k->name), ref("Damaged")));
    json_t *seen = fields_schema(c, k, FOR_ANSWER);
    json_object_set_new(seen, "description", json_string("the fields that this caller may see"));
    json_t *s = json_pack("{s:s, s:[s,s,s], s:{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}}", "type", "object", "required", "id", "version", "fields",
                          "properties", "id", ref("Id"), "version", json_pack("{s:s}", "type", "integer"),
                          "created", json_pack("{s:s, s:s}", "type", "string", "format", "date-time"),
                          "updated", json_pack("{s:s, s:s}", "type", "string", "format", "date-time"),
                          "due", json_pack("{s:[s,s], s:s, s:s}", "type", "string", "null", "format", "date-time", "description", "when its first part is erased"),
                          "erased", json_pack("{s:s, s:{s:s}, s:s}", "type", "array", "items", "type", "string", "description", "fields whose time was over: null below"),
                          "number", json_pack("{s:s}", "type", "string"), "consents", consents_schema(k), "fields", seen);
    json_object_set_new(schemas, k->name, s);
    snprintf(name, sizeof name, "%s_list", k->name);
    json_object_set_new(schemas, name, json_pack("{s:s, s:[s,s], s:{s:{s:s, s:o}, s:{s:[s,s], s:s}}}", "type", "object", "required", "items", "next",
                        "properties", "items", "type", "array", "items", ref(item), "next", "type", "string", "null", "description", "cursor of the next page"));
}

/* ---- operations */

enum op_flag { OP_ID = 1, OP_IF_MATCH = 2, OP_KEY = 4, OP_LIST = 8, OP_BODY_FREE = 16, OP_READS = 32 };
struct op {
    const char *method, *tail, *id, *summary;
    unsigned flags;
    const char *in_type, *in_schema;          /* schema: tail added to the kind, or "#Name" */
    const char *status, *says, *out_type, *out_schema;
};
static const struct op ops[] = {
    { "post", "", "create", "Create a record", OP_KEY, "application/json", "_new", "201", "the new record", "application/json", "" },
    { "get", "", "list", "List records", OP_LIST | OP_READS, NULL, NULL, "200", "a page of records", "application/json", "_list" },
    { "get", "/{id}", "read", "Read a record", OP_ID | OP_READS, NULL, NULL, "200", "the record", "application/json", "" },
    { "patch", "/{id}", "change", "Change a record (JSON Merge Patch)", OP_ID | OP_IF_MATCH | OP_READS, "application/merge-patch+json", "_change", "200", "the record as it is now", "application/json", "" },
    { "delete", "/{id}", "erase", "Erase a record: its keys are destroyed", OP_ID | OP_IF_MATCH, NULL, NULL, "200", "what was erased, by kind; what a law or a hold keeps stays, and why", "application/json", "#Erased" },
    { "post", "/search", "search", "Find records by personal and other fields", OP_READS, "application/json", "#Search", "200", "a page of records", "application/json", "_list" },
    { "post", "/import", "import", "Import records from CSV or NDJSON", OP_BODY_FREE, "text/csv", NULL, "200", "progress, refused rows by line, and the sum, one JSON object a line", "application/x-ndjson", "#ImportLine" },
    { "post", "/export", "export", "Export records as NDJSON or CSV", OP_READS, "application/json", "#Export", "200", "one record a line", "application/x-ndjson", "_or_damaged" },
};

static json_t *schema_ref(const struct kind *k, const char *which) {
    char name[256];
    if (which[0] == '#')
        return ref(which + 1);
    snprintf(name, sizeof name, "%s%s", k->name, which);
    return ref(name);
}

static void parameter(json_t *list, const char *name, const char *in, bool required, const char *type, const char *says) {
    json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:{s:s}, s:s}", "name", name, "in", in, "required", required, "schema", "type", type, "description", says));
}

static json_t *op_parameters(const struct kind *k, const struct op *o) {
    static const char *const bounds[] = { "gt", "gte", "lt", "lte" };
    json_t *list = json_array();
    if ((o->flags & OP_ID) != 0)
        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:o}", "name", "id", "in", "path", "required", 1, "schema", ref("Id")));
    if ((o->flags & OP_IF_MATCH) != 0)
        parameter(list, "If-Match", "header", false, "string", "ETag of the record as read; 412 when it has changed since");
    if ((o->flags & OP_KEY) != 0)
        parameter(list, "Idempotency-Key", "header", false, "string", "the same key gives the same answer for 24 hours");
    if ((o->flags & OP_READS) != 0 && k->used_for_count > 0)
        parameter(list, "Sejf-Purpose", "header", false, "string", "for what the records are read: a purpose of the kind, in any language; the first without it, 403 for any other");
    if ((o->flags & OP_LIST) == 0)
        return list;
    json_array_append_new(list, json_pack("{s:s, s:s, s:{s:s, s:i, s:i}}", "name", "limit", "in", "query", "schema", "type", "integer", "minimum", 1, "maximum", 1000));
    parameter(list, "cursor", "query", false, "string", "next of the page before");
    parameter(list, "sort", "query", false, "string", "a sorted field; with - before it from the last to the first");
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        char name[160];
        if (f->level > L_PLAIN)
            continue;                         /* never in an address */
        if (f->outside || f->found != 0)
            parameter(list, f->name, "query", false, "string", "exactly this value");
        for (size_t b = 0; f->sorted && b < 4; b++) {
            snprintf(name, sizeof name, "%s.%s", f->name, bounds[b]);
            parameter(list, name, "query", false, "string", "bound of a sorted field");
        }
    }
    return list;
}

static json_t *operation(const struct kind *k, const struct op *o) {
    json_t *responses = json_object(), *parameters = op_parameters(k, o);
    json_object_set_new(responses, o->status, json_pack("{s:s, s:{s:{s:o}}}", "description", o->says, "content", o->out_type, "schema", schema_ref(k, o->out_schema)));
    json_object_set_new(responses, "default", json_pack("{s:s}", "$ref", "#/components/responses/Problem"));
    json_t *op = json_pack("{s:o, s:s, s:[s], s:o}", "operationId", json_sprintf("%s.%s", k->name, o->id), "summary", o->summary, "tags", k->name, "responses", responses);
    if (json_array_size(parameters) > 0)
        json_object_set(op, "parameters", parameters);
    json_decref(parameters);
    if (o->in_schema != NULL)
        json_object_set_new(op, "requestBody", json_pack("{s:b, s:{s:{s:o}}}", "required", 1, "content", o->in_type, "schema", schema_ref(k, o->in_schema)));
    else if ((o->flags & OP_BODY_FREE) != 0)
        json_object_set_new(op, "requestBody", json_pack("{s:b, s:{s:{s:{s:s}}, s:{s:{s:s}}}}", "required", 1, "content", "text/csv", "schema", "type", "string",
                            "application/x-ndjson", "schema", "type", "string"));
    return op;
}

static json_t *path_of(json_t *paths, const char *path) {
    if (json_object_get(paths, path) == NULL)
        json_object_set_new(paths, path, json_object());
    return json_object_get(paths, path);      /* NULL: no memory for it */
}

static json_t *simple(const char *id, const char *summary, json_t *parameters, const char *status, const char *says, json_t *content) {
    json_t *responses = json_object(), *reply = json_pack("{s:s}", "description", says);
    if (content != NULL)
        json_object_set_new(reply, "content", content);
    json_object_set_new(responses, status, reply);
    json_object_set_new(responses, "default", json_pack("{s:s}", "$ref", "#/components/responses/Problem"));
    return json_pack("{s:s, s:s, s:o, s:o}", "operationId", id, "summary", summary, "parameters", parameters == NULL ? json_array() : parameters, "responses", responses);
}

static json_t *id_parameter(const char *name) { return json_pack("[{s:s, s:s, s:b, s:o}]", "name", name, "in", "path", "required", 1, "schema", ref("Id")); }

static void kind_paths(const struct charter *c, const struct kind *k, json_t *paths) {
    char path[512], id[256];
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        snprintf(path, sizeof path, "/v1/%s/%s%s", charter_name(c), k->name, ops[i].tail);
        json_object_set_new(path_of(paths, path), ops[i].method, operation(k, &ops[i]));
    }
    for (size_t i = 0; i < k->field_count; i++) {
        if (k->fields[i].type != T_FILE)
            continue;
        snprintf(path, sizeof path, "/v1/%s/%s/{id}/%s", charter_name(c), k->name, k->fields[i].name);
        snprintf(id, sizeof id, "%s.%s.upload", k->name, k->fields[i].name);
        json_t *op = simple(id, "Store a file of a record", id_parameter("id"), "201", "the file", json_pack("{s:{s:o}}", "application/json", "schema", ref("File")));
        json_object_set_new(op, "requestBody", json_pack("{s:b, s:{s:{s:{s:s, s:{s:{s:s, s:s}}}}}}", "required", 1, "content", "multipart/form-data", "schema", "type", "object",
                            "properties", "file", "type", "string", "format", "binary"));
        json_object_set_new(path_of(paths, path), "post", op);
    }
}

static void service_paths(const struct charter *c, json_t *paths) {
    char path[256];
    snprintf(path, sizeof path, "/v1/%s/files/{id}", charter_name(c));
    json_object_set_new(path_of(paths, path), "get", simple("files.read", "Read a file", id_parameter("id"), "200", "its bytes",
                        json_pack("{s:{s:{s:s, s:s}}}", "*/*", "schema", "type", "string", "format", "binary")));
    json_object_set_new(path_of(paths, path), "delete", simple("files.erase", "Erase a file", id_parameter("id"), "204", "it is gone", NULL));
    snprintf(path, sizeof path, "/v1/%s/changes", charter_name(c));
    json_object_set_new(path_of(paths, path), "get", simple("changes", "Changes as server-sent events, from Last-Event-ID on", NULL, "200", "a stream that does not end",
                        json_pack("{s:{s:{s:s}}}", "text/event-stream", "schema", "type", "string")));
    snprintf(path, sizeof path, "/v1/%s/openapi.json", charter_name(c));
    json_object_set_new(path_of(paths, path), "get", simple("openapi", "This document", NULL, "200", "OpenAPI 3.1",
                        json_pack("{s:{s:{s:s}}}", "application/json", "schema", "type", "object")));
}

/* ---- what all services share */

static const char common[] =
    "{\"Id\":{\"type\":\"string\",\"format\":\"uuid\"},"
    "\"Damaged\":{\"type\":\"object\",\"description\":\"in the place of a record that cannot be read\",\"required\":[\"id\",\"damaged\"],\"properties\":{"
    "\"id\":{\"type\":[\"string\",\"null\"],\"format\":\"uuid\",\"description\":\"null where it is not known whether the caller may know of it\"},"
    "\"damaged\":{\"const\":true},\"request\":{\"type\":\"string\",\"description\":\"number in the operator's log\"}}},"
    "\"Money\":{\"type\":\"object\",\"required\":[\"amount\",\"currency\"],\"properties\":{\"amount\":{\"type\":\"string\",\"pattern\":\"^-?[0-9]+([.][0-9]+)?$\"},"
    "\"currency\":{\"type\":\"string\",\"pattern\":\"^[A-Z]{3}$\"}},\"additionalProperties\":false,\"examples\":[{\"amount\":\"12.50\",\"currency\":\"EUR\"}]},"
    "\"Place\":{\"type\":\"object\",\"required\":[\"lat\",\"lon\"],\"properties\":{\"lat\":{\"type\":\"number\",\"minimum\":-90,\"maximum\":90},"
    "\"lon\":{\"type\":\"number\",\"minimum\":-180,\"maximum\":180}}},"
    "\"File\":{\"type\":\"object\",\"required\":[\"id\"],\"properties\":{\"id\":{\"$ref\":\"" REF "Id\"},\"name\":{\"type\":\"string\"},\"type\":{\"type\":\"string\"},"
    "\"size\":{\"type\":\"integer\"}}},"
    "\"Erased\":{\"type\":\"object\",\"required\":[\"erased\"],\"properties\":{\"certificate\":{\"type\":\"string\",\"description\":\"when its certificate comes\"},"
    "\"certificates\":{\"type\":\"string\",\"description\":\"address of the list of certificates\"},\"erased\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}},"
    "\"kept\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"kind\",\"id\",\"fields\",\"due\",\"because\"],\"properties\":{\"kind\":{\"type\":\"string\"},"
    "\"id\":{\"type\":\"string\",\"format\":\"uuid\"},\"fields\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"due\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"},"
    "\"because\":{\"type\":\"string\"}}}}}},"
    "\"Search\":{\"type\":\"object\",\"properties\":{\"where\":{\"type\":\"object\",\"description\":\"field: value (exactly, or by word where it is found so), or "
    "{word|prefix|contains|matches: text}\",\"additionalProperties\":true},\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000},\"cursor\":{\"type\":\"string\"}},"
    "\"additionalProperties\":false},"
    "\"Export\":{\"type\":\"object\",\"properties\":{\"format\":{\"type\":\"string\",\"enum\":[\"ndjson\",\"csv\"]},\"where\":{\"type\":\"object\",\"additionalProperties\":true}}},"
    "\"ImportLine\":{\"type\":\"object\",\"properties\":{\"line\":{\"type\":\"integer\"},\"path\":{\"type\":\"string\"},\"text\":{\"type\":\"string\"},\"done\":{\"type\":\"integer\"},"
    "\"made\":{\"type\":\"integer\"},\"refused\":{\"type\":\"integer\"}}},"
    "\"Problem\":{\"type\":\"object\",\"description\":\"RFC 9457\",\"required\":[\"type\",\"title\",\"status\",\"detail\",\"code\",\"request\"],\"properties\":{"
    "\"type\":{\"type\":\"string\",\"format\":\"uri-reference\"},\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},"
    "\"code\":{\"type\":\"integer\"},\"request\":{\"type\":\"string\"},\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"pointer\",\"detail\"],"
    "\"properties\":{\"pointer\":{\"type\":\"string\",\"format\":\"json-pointer\"},\"detail\":{\"type\":\"string\"}}}}}}}";

json_t *openapi_make(const struct charter *c, const char *base_url) {
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds), lost = mem_lost();
    json_t *schemas = json_loads(common, 0, NULL), *paths = json_object(), *tags = json_array();
    for (size_t i = 0; i < n; i++) {
        kind_schemas(c, &kinds[i], schemas);
        kind_paths(c, &kinds[i], paths);
        json_array_append_new(tags, json_pack("{s:s}", "name", kinds[i].name));
    }
    service_paths(c, paths);
    const char *title = charter_title(c)->in[LANG_EN];
    json_t *doc = json_pack("{s:s, s:{s:s, s:s, s:o}, s:[{s:s}], s:o, s:o, s:{s:o, s:{s:{s:s, s:{s:{s:o}}}}, s:{s:{s:s, s:s}}}, s:[{s:[]}]}",
                     "openapi", "3.1.0", "info", "title", title == NULL ? charter_name(c) : title, "version", charter_updated(c),
                     "contact", json_pack("{s:s, s:s}", "name", charter_operator(c), "email", charter_contact(c)),
                     "servers", "url", base_url, "tags", tags, "paths", paths,
                     "components", "schemas", schemas, "responses", "Problem", "description", "a problem document", "content", "application/problem+json", "schema", ref("Problem"),
                     "securitySchemes", "token", "type", "http", "scheme", "bearer", "security", "token");
    if (mem_lost() == lost)
        return doc;
    json_decref(doc);
    return NULL;
}
