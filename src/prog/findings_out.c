/* findings_out.c — one function for each format, in a table. */
#include "prog/findings_out.h"

#include <jansson.h>
#include <string.h>

static const char *const levels[] = { [FINDING_ERROR] = "error", [FINDING_TRAP] = "trap", [FINDING_NOTE] = "note" };
static const char *const sarif_levels[] = { [FINDING_ERROR] = "error", [FINDING_TRAP] = "warning", [FINDING_NOTE] = "note" };

static int append(const char *bytes, size_t len, void *arg) {
    buf_add(arg, bytes, len);
    return 0;
}

static void dump(json_t *o, struct buf *ret) {
    (void)json_dump_callback(o, append, ret, JSON_INDENT(2));
    buf_char(ret, '\n');
    json_decref(o);
}

static void as_json(const struct findings *f, struct buf *ret) {
    const struct finding *list;
    size_t n = findings_list(f, &list);
    json_t *items = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(items, json_pack("{s:s,s:s,s:s,s:i,s:i,s:i,s:s,s:s?}", "level", levels[list[i].level], "id", list[i].id, "file", list[i].file,
            "line", list[i].pos.line, "column", list[i].pos.column, "width", list[i].width, "text", list[i].text, "suggestion", list[i].suggestion));
    dump(json_pack("{s:o,s:I,s:I,s:I}", "findings", items, "errors", (json_int_t)findings_count(f, FINDING_ERROR),
                   "traps", (json_int_t)findings_count(f, FINDING_TRAP), "notes", (json_int_t)findings_count(f, FINDING_NOTE)), ret);
}

static json_t *sarif_result(const struct finding *x) {
    int width = x->width > 0 ? x->width : 1;
    json_t *region = json_pack("{s:i,s:i,s:i,s:i}", "startLine", x->pos.line, "startColumn", x->pos.column,
                               "endLine", x->pos.line, "endColumn", x->pos.column + width);
    json_t *place = json_pack("{s:{s:{s:s},s:o}}", "physicalLocation", "artifactLocation", "uri", x->file, "region", region);
    return json_pack("{s:s,s:s,s:{s:s},s:[o]}", "ruleId", x->id, "level", sarif_levels[x->level], "message", "text", x->text, "locations", place);
}

static void as_sarif(const struct findings *f, struct buf *ret) {
    const struct finding *list;
    size_t n = findings_list(f, &list);
    json_t *results = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(results, sarif_result(&list[i]));
    dump(json_pack("{s:s,s:s,s:[{s:{s:{s:s,s:s}},s:s,s:o}]}", "$schema", "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs",
                   "tool", "driver", "name", "sejf check", "version", SEJF_VERSION, "columnKind", "unicodeCodePoints", "results", results), ret);
}

static const struct { const char *name; void (*print)(const struct findings *f, struct buf *ret); } formats[] = {
    [FINDINGS_PEOPLE] = { "people", findings_print }, [FINDINGS_JSON] = { "json", as_json }, [FINDINGS_SARIF] = { "sarif", as_sarif },
};

bool findings_format_find(const char *name, enum findings_format *ret) {
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (strcmp(formats[i].name, name) == 0) {
            *ret = (enum findings_format)i;
            return true;
        }
    return false;
}

void findings_out(const struct findings *f, enum findings_format format, struct buf *ret) { formats[format].print(f, ret); }
