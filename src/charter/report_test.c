/* report_test.c — findings as JSON and SARIF, word by word. */
#include "charter/report.c"
#include "base/test.h"

#include "charter/findings.h"
#include "charter/tree.h"

static const char text[] = "kep: x\nlogs: zażółć y\n";

static struct findings *some(struct tree **ret_tree) {
    struct findings *f = findings_new();
    struct err e;
    CHECK_OK(tree_parse("a.yaml", text, sizeof text - 1, f, ret_tree, &e), &e);
    finding_add(f, *ret_tree, FINDING_TRAP, "T3", (struct pos){ 2, 7 }, 6, NULL, "a \"number\" is missing");
    finding_add(f, *ret_tree, FINDING_ERROR, "unknown-key", (struct pos){ 1, 1 }, 3, "keep", "`kep` is not a key");
    return f;
}

TEST(prints_json) {
    AUTO(tree_free) struct tree *t = NULL;
    AUTO(findings_free) struct findings *f = some(&t);
    AUTO(buf_done) struct buf out = BUF(1 << 16);
    struct err e;
    CHECK_OK(findings_json(f, &out, &e), &e);
    CHECK_TEXT(buf_str(&out),
        "{\n  \"findings\": [\n"
        "    {\n      \"level\": \"error\",\n      \"id\": \"unknown-key\",\n      \"file\": \"a.yaml\",\n      \"line\": 1,\n      \"column\": 1,\n      \"width\": 3,\n"
        "      \"text\": \"`kep` is not a key\",\n      \"suggestion\": \"keep\"\n    },\n"
        "    {\n      \"level\": \"trap\",\n      \"id\": \"T3\",\n      \"file\": \"a.yaml\",\n      \"line\": 2,\n      \"column\": 7,\n      \"width\": 6,\n"
        "      \"text\": \"a \\\"number\\\" is missing\"\n    }\n  ],\n  \"errors\": 1,\n  \"traps\": 1,\n  \"notes\": 0\n}\n");
}

TEST(prints_sarif) {
    AUTO(tree_free) struct tree *t = NULL;
    AUTO(findings_free) struct findings *f = some(&t);
    AUTO(buf_done) struct buf out = BUF(1 << 16);
    struct err e;
    CHECK_OK(findings_sarif(f, &out, &e), &e);
    json_t *s = json_loads(buf_str(&out), JSON_REJECT_DUPLICATES, NULL);
    json_t *run = json_array_get(json_object_get(s, "runs"), 0), *results = json_object_get(run, "results"), *first = json_array_get(results, 0), *second = json_array_get(results, 1);
    CHECK_TEXT(json_string_value(json_object_get(s, "version")), "2.1.0");
    CHECK_TEXT(json_string_value(json_object_get(run, "columnKind")), "unicodeCodePoints");
    CHECK(json_array_size(results) == 2);
    const char *rule, *level, *message, *uri, *insert;
    int index, line, column, end;
    CHECK(json_unpack(first, "{s:s, s:i, s:s, s:{s:s}, s:[{s:{s:{s:s}, s:{s:i, s:i, s:i}}}]}", "ruleId", &rule, "ruleIndex", &index, "level", &level, "message", "text", &message,
                      "locations", "physicalLocation", "artifactLocation", "uri", &uri, "region", "startLine", &line, "startColumn", &column, "endColumn", &end) == 0);
    CHECK(index == 0 && line == 1 && column == 1 && end == 4);
    CHECK_TEXT(rule, "unknown-key");
    CHECK_TEXT(level, "error");
    CHECK_TEXT(uri, "a.yaml");
    CHECK(json_unpack(first, "{s:[{s:[{s:[{s:{s:s}}]}]}]}", "fixes", "artifactChanges", "replacements", "insertedContent", "text", &insert) == 0);
    CHECK_TEXT(insert, "keep");
    CHECK_TEXT(json_string_value(json_object_get(second, "level")), "warning");
    CHECK(json_object_get(second, "fixes") == NULL && json_integer_value(json_object_get(second, "ruleIndex")) == 1);
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(json_object_get(json_object_get(json_object_get(run, "tool"), "driver"), "rules"), 1), "id")), "T3");
    json_decref(s);
}

TEST(prints_nothing_found) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(buf_done) struct buf out = BUF(1 << 16), sarif = BUF(1 << 16), small = BUF(8);
    struct err e;
    CHECK_OK(findings_json(f, &out, &e), &e);
    CHECK_TEXT(buf_str(&out), "{\n  \"findings\": [],\n  \"errors\": 0,\n  \"traps\": 0,\n  \"notes\": 0\n}\n");
    CHECK_OK(findings_sarif(f, &sarif, &e), &e);
    CHECK(strstr(buf_str(&sarif), "\"results\": []") != NULL);
    CHECK(findings_json(f, &small, &e) == E_MEMORY);
}
