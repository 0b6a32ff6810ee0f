/* openapi_test.c — the document of every shipped charter: structure, references, and what must never be in it. */
#include "api/openapi.c"

#include <stdlib.h>

#include "base/buf.h"
#include "base/test.h"
#include "charter/load.h"

static json_t *doc_of(const char *name, struct charter **ret) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(buf_done) struct buf path = BUF(4096);
    struct err e;
    const char *source = getenv("SEJF_SOURCE");
    buf_printf(&path, "%s/charters/%s.yaml", source == NULL ? "." : source, name);
    CHECK_OK(charter_load(buf_str(&path), f, ret, &e), &e);
    json_t *doc = openapi_make(*ret, "https://localhost:8443");
    CHECK(doc != NULL);
    return doc;
}

static json_t *at(const json_t *doc, const char *a, const char *b, const char *c) {
    json_t *x = json_object_get(doc, a);
    x = b == NULL ? x : json_object_get(x, b);
    return c == NULL ? x : json_object_get(x, c);
}

/* "#/components/schemas/Id": every reference leads somewhere. Counts them. */
static size_t refs_lead(const json_t *doc, const json_t *part) {
    size_t n = 0, i;
    const char *name;
    json_t *v;
    if (json_is_array(part))
        json_array_foreach(part, i, v)
            n += refs_lead(doc, v);
    if (!json_is_object(part))
        return n;
    json_object_foreach((json_t *)(uintptr_t)part, name, v) {
        if (strcmp(name, "$ref") == 0) {
            char *copy = strdup(json_string_value(v)), *rest = NULL;
            const json_t *x = doc;
            CHECK(strncmp(copy, "#/", 2) == 0);
            for (char *p = strtok_r(copy + 2, "/", &rest); p != NULL; p = strtok_r(NULL, "/", &rest))
                x = json_object_get(x, p);
            if (x == NULL)
                fprintf(stderr, "%s leads nowhere\n", json_string_value(v));
            CHECK(x != NULL);
            free(copy);
            n++;
        }
        n += refs_lead(doc, v);
    }
    return n;
}

static void operation_fine(const char *path, const char *method, const json_t *op, json_t *ids) {
    const char *id = json_string_value(json_object_get(op, "operationId")), *status;
    json_t *response, *parameter;
    size_t i, in_path = 0, braces = 0;
    CHECK(id != NULL && json_object_get(ids, id) == NULL);
    json_object_set_new(ids, id, json_true());
    CHECK(json_object_size(json_object_get(op, "responses")) >= 2);
    json_object_foreach(json_object_get(op, "responses"), status, response)
        CHECK(json_object_get(response, "$ref") != NULL || json_object_get(response, "description") != NULL);
    json_array_foreach(json_object_get(op, "parameters"), i, parameter) {
        bool here = strcmp(json_string_value(json_object_get(parameter, "in")), "path") == 0;
        CHECK(json_object_get(parameter, "schema") != NULL);
        CHECK(!here || json_is_true(json_object_get(parameter, "required")));
        in_path += here;
    }
    for (const char *p = path; *p != 0; p++)
        braces += *p == '{';
    CHECK_INT(in_path, braces);
    CHECK(strcmp(method, "get") != 0 || json_object_get(op, "requestBody") == NULL);
}

TEST(every_charter_has_a_sound_document) {
    static const char *const names[] = { "events", "courier", "mail", "machines", "bookings" };
    for (size_t n = 0; n < ARRAY_LEN(names); n++) {
        AUTO(charter_free) struct charter *c = NULL;
        json_t *doc = doc_of(names[n], &c), *ids = json_object(), *item, *op;
        const char *path, *method;
        CHECK_TEXT(json_string_value(json_object_get(doc, "openapi")), "3.1.0");
        CHECK(json_is_string(at(doc, "info", "title", NULL)) && json_is_string(at(doc, "info", "version", NULL)));
        CHECK(refs_lead(doc, doc) > 50);
        json_object_foreach(json_object_get(doc, "paths"), path, item) {
            CHECK(path[0] == '/');
            json_object_foreach(item, method, op)
                operation_fine(path, method, op, ids);
        }
        const struct kind *kinds;
        size_t count = charter_kinds(c, &kinds);
        for (size_t k = 0; k < count; k++)
            for (size_t f = 0; f < kinds[k].field_count; f++) {
                json_t *properties = json_object_get(at(doc, "components", "schemas", kinds[k].name), "properties");
                json_t *fields = json_object_get(json_object_get(properties, "fields"), "properties");
                CHECK(json_object_get(fields, kinds[k].fields[f].name) != NULL);
            }
        json_decref(ids);
        json_decref(doc);
    }
}

TEST(fields_are_said_as_they_are) {
    AUTO(charter_free) struct charter *c = NULL;
    json_t *doc = doc_of("events", &c), *schemas = at(doc, "components", "schemas", NULL);
    json_t *made = json_object_get(json_object_get(json_object_get(json_object_get(schemas, "registration_new"), "properties"), "fields"), "properties");
    json_t *required = json_object_get(json_object_get(json_object_get(json_object_get(schemas, "registration_new"), "properties"), "fields"), "required"), *v;
    CHECK_TEXT(json_string_value(json_object_get(json_object_get(made, "email"), "format")), "email");
    CHECK_TEXT(json_string_value(json_object_get(json_object_get(made, "diet"), "x-sejf-consent")), "diet");
    CHECK_TEXT(json_string_value(json_object_get(json_object_get(made, "name"), "x-sejf-level")), "personal");
    CHECK(json_array_size(json_object_get(json_object_get(made, "status"), "enum")) >= 4);
    CHECK(json_object_get(made, "event") != NULL);
    size_t i, event = 0, phone = 0, status = 0;
    json_array_foreach(required, i, v) {
        event += strcmp(json_string_value(v), "event") == 0;
        phone += strcmp(json_string_value(v), "phone") == 0;
        status += strcmp(json_string_value(v), "status") == 0;
    }
    CHECK(event == 1 && phone == 0 && status == 0);
    json_decref(doc);
}

/* No generated client may put a personal value into an address. */
TEST(no_personal_field_is_a_parameter) {
    AUTO(charter_free) struct charter *c = NULL;
    json_t *doc = doc_of("events", &c), *parameter;
    size_t i;
    bool starts = false;
    json_t *events = at(doc, "paths", "/v1/events/event", "get"), *registrations = at(doc, "paths", "/v1/events/registration", "get");
    json_array_foreach(json_object_get(registrations, "parameters"), i, parameter) {
        const char *name = json_string_value(json_object_get(parameter, "name"));
        CHECK(strcmp(name, "email") != 0 && strcmp(name, "name") != 0 && strcmp(name, "phone") != 0);
    }
    json_array_foreach(json_object_get(events, "parameters"), i, parameter)
        starts = starts || strcmp(json_string_value(json_object_get(parameter, "name")), "starts.gte") == 0;
    CHECK(starts);
    json_decref(doc);
}
