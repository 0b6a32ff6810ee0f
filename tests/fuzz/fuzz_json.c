/* fuzz_json.c — any bytes as a JSON body, and what it holds as the value of every type of field: what is accepted comes back the same from its
 * canonical form, and is accepted again. */
#include <string.h>

#include "api/http.h"
#include "records/value.h"

static void value_round(const struct field *f, const struct raw *raw, struct arena *arena) {
    struct value v = { 0 }, back = { 0 }, again = { 0 };
    struct say why = { 0 };
    const struct value_rules rules = { "PL" };
    if (!value_read(f, raw, &rules, arena, &v, &why) || !v.set)
        return;
    if (!value_open(f, (struct slice){ v.json, v.len }, arena, &back) || !value_same(&v, &back) || back.number != v.number)
        __builtin_trap();
    json_t *shown = value_json(f, &v);
    if (shown == NULL)
        __builtin_trap();
    struct raw out = raw_json(shown);
    if (!value_read(f, &out, &rules, arena, &again, &why) || !value_same(&v, &again))
        __builtin_trap();                           /* what the API shows, the API takes */
    json_decref(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const enum field_type types[] = { T_TEXT, T_EMAIL, T_PHONE, T_NAME, T_ADDRESS, T_NUMBER, T_MONEY, T_TIME, T_DATE, T_YESNO, T_PLACE, T_JSON, T_COUNTER };
    struct err e;
    json_t *json = NULL, *again = NULL;
    if (size > 1u << 15)
        return 0;
    AUTO(arena_free) struct arena *arena = arena_new(4u << 20);
    if (arena == NULL)
        return 0;
    const char *text_in = arena_text_n(arena, (const char *)data, strnlen((const char *)data, size));       /* cells hold no zero and end with one */
    for (size_t i = 0; i < ARRAY_LEN(types) && text_in != NULL; i++) {
        const struct field f = { .name = "value", .type = types[i] };
        struct raw cell = raw_cell(text_in, strlen(text_in), i % 2 == 1);
        value_round(&f, &cell, arena);
    }
    if (json_read((const char *)data, size, &json, &e) != OK)
        return 0;
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text == NULL || json_read(text, strlen(text), &again, &e) != OK || !json_equal(json, again))
        __builtin_trap();                           /* what was read is written and read the same */
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        const struct field f = { .name = "value", .type = types[i] };
        struct raw tree = raw_json(json);
        value_round(&f, &tree, arena);
    }
    free(text);
    json_decref(json);
    json_decref(again);
    return 0;
}
