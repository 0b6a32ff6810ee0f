/* findings_out_test.c — the same finding in each format, at its place. */
#include "prog/findings_out.c"
#include "base/test.h"

TEST(each_format_carries_place_and_id) {
    static const char text[] = "charter: events\nopperator: x\n";
    struct err e;
    struct charter *c = NULL;
    AUTO(findings_free) struct findings *f = findings_new();
    CHECK_INT(charter_load_text("a.yaml", text, sizeof text - 1, f, &c, &e), E_CHARTER);
    const struct finding *list;
    size_t n = findings_list(f, &list), unknown = n;
    for (size_t i = 0; i < n; i++)
        if (list[i].pos.line == 2)
            unknown = i;
    CHECK(unknown < n);
    AUTO(buf_done) struct buf json = BUF(1u << 20);
    AUTO(buf_done) struct buf sarif = BUF(1u << 20);
    findings_out(f, FINDINGS_JSON, &json);
    findings_out(f, FINDINGS_SARIF, &sarif);
    json_t *a = json_loads(buf_str(&json), 0, NULL), *b = json_loads(buf_str(&sarif), 0, NULL);
    CHECK(a != NULL && b != NULL);
    json_t *item = json_array_get(json_object_get(a, "findings"), unknown);
    json_t *run = json_array_get(json_object_get(b, "runs"), 0), *result = json_array_get(json_object_get(run, "results"), unknown);
    CHECK_INT(json_integer_value(json_object_get(item, "line")), 2);
    CHECK_TEXT(json_string_value(json_object_get(item, "id")), list[unknown].id);
    CHECK_TEXT(json_string_value(json_object_get(result, "ruleId")), list[unknown].id);
    json_t *where = json_object_get(json_array_get(json_object_get(result, "locations"), 0), "physicalLocation");
    CHECK_INT(json_integer_value(json_object_get(json_object_get(where, "region"), "startLine")), 2);
    CHECK_INT(json_array_size(json_object_get(run, "results")), n);
    json_decref(a);
    json_decref(b);
}

TEST(formats_have_names) {
    enum findings_format format = FINDINGS_JSON;
    CHECK(findings_format_find("sarif", &format) && format == FINDINGS_SARIF);
    CHECK(!findings_format_find("xml", &format));
}
