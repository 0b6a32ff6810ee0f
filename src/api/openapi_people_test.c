#include "api/openapi_people.c"
#include <stdlib.h>
#include <strings.h>

#include "base/test.h"

TEST(each_operation_stands_once_and_names_what_its_path_has) {
    json_t *doc = openapi_people("https://staff.example"), *paths = json_object_get(doc, "paths"), *path, *op;
    const char *name, *method;
    size_t count = 0;
    CHECK(doc != NULL);
    json_object_foreach(paths, name, path) {
        json_object_foreach(path, method, op) {
            size_t names = 0, said = 0, i;
            json_t *one;
            for (const char *p = name; (p = strchr(p, '{')) != NULL; p++)
                names++;
            json_array_foreach(json_object_get(op, "parameters"), i, one)
                said += json_object_get(one, "in") != NULL;
            CHECK_INT(said, names);
            bool csrf = json_array_size(json_object_get(op, "parameters")) > said;
            bool session = json_array_size(json_object_get(op, "security")) > 0;
            CHECK_INT(csrf, session && strcmp(method, "get") != 0);
            count++;
        }
    }
    CHECK_INT(count, ARRAY_LEN(ops));          /* no row hides another */
    for (size_t i = 0; i < ARRAY_LEN(ops); i++)
        for (size_t j = i + 1; j < ARRAY_LEN(ops); j++)
            CHECK(strcmp(ops[i].id, ops[j].id) != 0);
    json_decref(doc);
}

/* "/v1/account" is GET and PATCH: the method counts, too. */
static bool documented(const struct route *r) {
    for (size_t i = 0; i < ARRAY_LEN(ops); i++)
        if (strcasecmp(ops[i].method, r->method) == 0 && strcmp(ops[i].path, r->pattern) == 0)
            return true;
    return strcmp(r->pattern, "/v1/account/openapi.json") == 0;
}

TEST(every_route_of_people_is_documented) {
    const struct route_table *const tables[] = {
        &routes_sms,
        &routes_consents,
        &routes_closing,
        &routes_messages, &routes_webhooks,
        &routes_sent,
        &routes_suppressions,
        &routes_campaigns,
        &routes_requests, &routes_subjects, &routes_letters,
        &routes_templates,
        &routes_account, &routes_factors, &routes_members, &routes_register, &routes_copies, &routes_hold, &routes_uses, &routes_certificate, &routes_people_doc, &routes_notice };
    size_t count = 0;
    for (size_t t = 0; t < ARRAY_LEN(tables); t++)
        for (size_t i = 0; i < tables[t]->count; i++, count++) {
            if (!documented(&tables[t]->routes[i]))
                fprintf(stderr, "%s %s is missing in openapi_people.tbl\n", tables[t]->routes[i].method, tables[t]->routes[i].pattern);
            CHECK(documented(&tables[t]->routes[i]));
        }
    CHECK(count > 40);
}

TEST(members_of_a_body_become_a_schema) {
    json_t *s = body_schema("email: text, code?: secret, tenant: number");
    char *text = json_dumps(s, JSON_COMPACT | JSON_SORT_KEYS);
    CHECK_TEXT(text, "{\"additionalProperties\":false,\"properties\":{\"code\":{\"format\":\"password\",\"type\":\"string\"},\"email\":{\"type\":\"string\"},"
                     "\"tenant\":{\"type\":\"integer\"}},\"required\":[\"email\",\"tenant\"],\"type\":\"object\"}");
    free(text);
    json_decref(s);
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {           /* every type of the table is known */
        json_t *one = body_schema(ops[i].body), *properties = json_object_get(one, "properties");
        size_t commas = 0;
        for (const char *p = ops[i].body; *p != 0; p++)
            commas += *p == ',';
        CHECK_INT(json_object_size(properties), ops[i].body[0] == 0 ? 0 : commas + 1);
        json_decref(one);
    }
}
