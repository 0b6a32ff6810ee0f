#include "api/call.c"
#include "base/test.h"

TEST(a_strong_entity_tag_is_a_version) {
    static const struct { const char *text; bool fine; int64_t version; } rows[] = {
        { "\"7\"", true, 7 }, { "\"0\"", true, 0 }, { "\"9223372036854775807\"", true, INT64_MAX }, { "W/\"7\"", false, 0 }, { "7", false, 0 },
        { "\"\"", false, 0 }, { "\"-1\"", false, 0 }, { "\"7\", \"8\"", false, 0 }, { "\"9223372036854775808\"", false, 0 }, { "", false, 0 }, { "\"", false, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t version = -5;
        CHECK_INT(etag_version(rows[i].text, &version), rows[i].fine);
        CHECK(!rows[i].fine || version == rows[i].version);
    }
}

TEST(if_none_match_is_a_list) {
    static const struct { const char *list; bool named; } rows[] = {
        { "\"7\"", true }, { "W/\"7\"", true }, { "*", true }, { "\"6\", \"7\"", true }, { "\"6\",W/\"7\" ,\"8\"", true }, { "\"77\"", false }, { "7", false }, { "", false }, { ", ,", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_INT(none_match_names(rows[i].list, "\"7\""), rows[i].named);
}

TEST(mistakes_of_fields_point_into_the_body) {
    static const struct { const char *path, *pointer; } rows[] = {
        { "/email", "/fields/email" }, { "/", "/fields" }, { "/consents", "/consents" }, { "/consents/diet", "/consents/diet" }, { "", "" }, { NULL, "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *p = pointer(rows[i].path);
        CHECK_TEXT(json_string_value(p), rows[i].pointer);
        json_decref(p);
    }
}

TEST(a_personal_field_is_known_by_its_name_in_a_query) {
    struct field fields[] = { { .name = "email", .level = L_PERSONAL }, { .name = "status" }, { .name = "diet", .level = L_SENSITIVE } };
    const struct kind k = { .name = "registration", .fields = fields, .field_count = 3 };
    CHECK(names_personal(&k, "email") && names_personal(&k, "email.gte") && names_personal(&k, "diet"));
    CHECK(!names_personal(&k, "status") && !names_personal(&k, "emails") && !names_personal(&k, "limit") && !names_personal(&k, ""));
}
