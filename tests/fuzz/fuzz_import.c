/* fuzz_import.c — any bytes as an import: the first byte chooses NDJSON or CSV, the first line is its mapping (JSON, or empty), the rest
 * the table. The import ends with its counts or is refused whole; every line of its report is JSON, and none repeats an address. */
#include "fuzz_bed.h"
#include "fuzz_feed.h"

#include "api/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    fuzz_bed_start();
    return 0;
}

/* No word with an @ in a line of the report is one of the table's, but for the example that a text gives. */
static void line_impersonal(const char *line, size_t len, const struct feed *table) {
    static const char example[] = "name@domain.example";
    for (size_t i = 0; i < len; i++) {
        size_t from = i, to = i;
        if (line[i] != '@')
            continue;
        while (from > 0 && strchr(" \",:", line[from - 1]) == NULL)
            from--;
        while (to < len && strchr(" \",:", line[to]) == NULL)
            to++;
        if (to - from >= 8 && (to - from != strlen(example) || memcmp(line + from, example, to - from) != 0) && memmem(table->at, table->left, line + from, to - from) != NULL)
            __builtin_trap();
    }
}

/* The report of one run, line by line. */
static void report_fine(const struct buf *report, const struct feed *table, enum code code) {
    const char *at = buf_str(report), *end;
    json_t *line = NULL;
    for (; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        json_decref(line);
        line = json_loadb(at, (size_t)(end - at), 0, NULL);
        if (!json_is_object(line))
            __builtin_trap();
        line_impersonal(at, (size_t)(end - at), table);
    }
    if (*at != 0 || (code == OK && (!json_is_integer(json_object_get(line, "made")) || !json_is_integer(json_object_get(line, "refused")))))
        __builtin_trap();
    json_decref(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO(buf_done) struct buf report = BUF(8u << 20);
    struct err e = { 0 };
    json_t *mapping = NULL;
    const uint8_t *line = size < 2 || size > 1u << 14 ? NULL : memchr(data + 1, '\n', size - 1);
    if (line == NULL)
        return 0;
    if (line > data + 1 && json_read((const char *)data + 1, (size_t)(line - data - 1), &mapping, &e) != OK)
        return 0;
    if (json_is_object(json_object_get(mapping, "*")))
        fuzz_ids(json_object_get(mapping, "*"), "event", &bed_event);
    fuzz_ids(mapping, "=event", &bed_event);
    struct feed f = { line + 1, size - (size_t)(line + 1 - data), SIZE_MAX }, table = f;
    enum stream_format format = data[0] % 2 == 0 ? FORMAT_CSV : FORMAT_NDJSON;
    int kind = charter_kind(bed.charter, data[0] % 4 < 2 ? "registration" : "event");
    enum code code = records_import(bed.service, &boss, kind, format, mapping, &(struct source){ feed_read, &f }, &(struct sink){ feed_keep, &report }, &e);
    fuzz_code(code);
    report_fine(&report, &table, code);
    if (code != OK)
        fuzz_error_impersonal(mapping, e.text);
    json_decref(mapping);
    return 0;
}
