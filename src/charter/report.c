/* report.c — one jansson document each, written with two spaces of indentation and sorted as built. */
#include "charter/report.h"

#include <jansson.h>
#include <string.h>

#include "base/mem.h"

static const struct { const char *json, *sarif; } levels[] = {
    [FINDING_ERROR] = { "error", "error" }, [FINDING_TRAP] = { "trap", "warning" }, [FINDING_NOTE] = { "note", "note" },
};

static int to_buf(const char *bytes, size_t len, void *arg) {
    struct buf *b = arg;
    buf_add(b, bytes, len);
    return b->failed ? -1 : 0;
}

/* Takes the document; lost: mem_lost() before it was made. */
static enum code print(size_t lost, json_t *doc, struct buf *ret, struct err *reterr) {
    int bad = doc == NULL || mem_lost() != lost || json_dump_callback(doc, to_buf, ret, JSON_INDENT(2)) != 0;
    json_decref(doc);
    if (bad)
        return err_set(reterr, E_MEMORY, "no memory for writing the findings");
    buf_char(ret, '\n');
    return OK;
}

enum code findings_json(const struct findings *f, struct buf *ret, struct err *reterr) {
    const struct finding *list;
    size_t n = findings_list(f, &list), lost = mem_lost();
    json_t *items = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *item = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:s*}", "level", levels[list[i].level].json, "id", list[i].id, "file", list[i].file,
                                 "line", list[i].pos.line, "column", list[i].pos.column, "width", list[i].width, "text", list[i].text, "suggestion", list[i].suggestion);
        if (item == NULL || json_array_append_new(items, item) != 0) {
            json_decref(items);
            return err_set(reterr, E_MEMORY, "no memory for writing the findings");
        }
    }
    return print(lost, json_pack("{s:o, s:i, s:i, s:i}", "findings", items, "errors", (int)findings_count(f, FINDING_ERROR),
                           "traps", (int)findings_count(f, FINDING_TRAP), "notes", (int)findings_count(f, FINDING_NOTE)), ret, reterr);
}

/* ---- SARIF ---- */

/* Index of the finding's id among the rules, which it joins when it is new; -1 without memory. */
static int rule_index(json_t *rules, const char *id) {
    size_t n = json_array_size(rules);
    for (size_t i = 0; i < n; i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(rules, i), "id")), id) == 0)
            return (int)i;
    return json_array_append_new(rules, json_pack("{s:s}", "id", id)) == 0 ? (int)n : -1;
}

static json_t *region_of(const struct finding *f) {
    return json_pack("{s:i, s:i, s:i}", "startLine", f->pos.line, "startColumn", f->pos.column, "endColumn", f->pos.column + (f->width > 0 ? f->width : 1));
}

static json_t *fixes_of(const struct finding *f) {
    return json_pack("[{s:{s:s+}, s:[{s:{s:s}, s:[{s:o, s:{s:s}}]}]}]", "description", "text", "Write ", f->suggestion, "artifactChanges", "artifactLocation", "uri", f->file,
                     "replacements", "deletedRegion", region_of(f), "insertedContent", "text", f->suggestion);
}

static json_t *result_of(const struct finding *f, int rule) {
    json_t *r = json_pack("{s:s, s:i, s:s, s:{s:s}, s:[{s:{s:{s:s}, s:o}}]}", "ruleId", f->id, "ruleIndex", rule, "level", levels[f->level].sarif, "message", "text", f->text,
                          "locations", "physicalLocation", "artifactLocation", "uri", f->file, "region", region_of(f));
    if (r != NULL && f->suggestion != NULL)
        json_object_set_new(r, "fixes", fixes_of(f));
    return r;
}

enum code findings_sarif(const struct findings *f, struct buf *ret, struct err *reterr) {
    const struct finding *list;
    size_t n = findings_list(f, &list), lost = mem_lost();
    json_t *results = json_array(), *rules = json_array();
    bool bad = results == NULL || rules == NULL;
    for (size_t i = 0; i < n && !bad; i++) {
        int rule = rule_index(rules, list[i].id);
        bad = rule < 0 || json_array_append_new(results, result_of(&list[i], rule)) != 0;
    }
    if (bad) {
        json_decref(results);
        json_decref(rules);
        return err_set(reterr, E_MEMORY, "no memory for writing the findings");
    }
    return print(lost, json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:o}]}", "$schema", "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0",
                           "runs", "tool", "driver", "name", "sejf", "version", SEJF_VERSION, "rules", rules, "columnKind", "unicodeCodePoints", "results", results), ret, reterr);
}
