/* schema_test.c — the schema is JSON, closed where the language is, and says what is needed. docs_test.c tries its patterns. */
#include "charter/schema.c"
#include "base/test.h"

static json_t *at(json_t *schema, const char *path) {
    char name[64];
    while (*path != '\0') {
        size_t n = strcspn(path, "/");
        snprintf(name, sizeof name, "%.*s", (int)n, path);
        schema = json_is_array(schema) ? json_array_get(schema, (size_t)(name[0] - '0')) : json_object_get(schema, name);
        path += n + (path[n] == '/');
    }
    return schema;
}

static bool lists(json_t *array, const char *word) {
    for (size_t i = 0; i < json_array_size(array); i++)
        if (strcmp(json_string_value(json_array_get(array, i)), word) == 0)
            return true;
    return false;
}

TEST(prints_a_closed_schema) {
    AUTO(buf_done) struct buf out = BUF(4u << 20);
    struct err e;
    CHECK_OK(schema_print(&out, &e), &e);
    json_t *s = json_loads(buf_str(&out), JSON_REJECT_DUPLICATES, NULL);
    CHECK(s != NULL);
    CHECK_TEXT(json_string_value(at(s, "$schema")), "https://json-schema.org/draft/2020-12/schema");
    CHECK(json_is_false(at(s, "additionalProperties")) && lists(at(s, "required"), "tenant") && lists(at(s, "required"), "records") && !lists(at(s, "required"), "sms"));
    json_t *kind = at(s, "properties/records/patternProperties");
    kind = json_object_iter_value(json_object_iter(kind));
    CHECK(json_is_false(at(kind, "additionalProperties")) && lists(at(kind, "required"), "keep") && lists(at(kind, "required"), "holds"));
    CHECK(json_array_size(at(kind, "properties/keep/anyOf")) == 2);
    CHECK_TEXT(json_string_value(at(kind, "properties/keep/anyOf/1/type")), "array");
    CHECK_TEXT(json_string_value(at(s, "properties/hosts/pattern")), "^only declared ones$");
    CHECK_TEXT(json_string_value(at(s, "properties/logs/description")), "kept DURATION[, masked when written][, in the EEA]");
    CHECK_TEXT(json_string_value(at(s, "properties/claims/items/anyOf/0/type")), "string");
    CHECK_TEXT(json_string_value(at(s, "properties/claims/items/anyOf/1/properties/hu/type")), "string");    /* a text by language */
    CHECK(json_is_false(at(s, "properties/title/anyOf/1/additionalProperties")) && json_object_size(at(s, "properties/title/anyOf/1/properties")) == LANG_COUNT);
    CHECK(at(kind, "properties/moves/patternProperties/^[a-z][a-z0-9_]* to [a-z][a-z0-9_]*$") != NULL);
    json_decref(s);
}
