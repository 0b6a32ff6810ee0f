/* schema.c — keys.tbl gives objects and arrays, forms.tbl the patterns of their sentences. */
#include "charter/schema.h"

#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "charter/grammar.h"

static json_t *schema_of(enum key_id key);

/* Every form of sentence of the key as an anchored pattern; editors show the usage as description. */
static json_t *sentence_of(enum key_id key) {
    json_t *list = json_array();
    for (int f = key_first_form(key); f != FORM_NONE && f < FORM_COUNT && form_spec((enum form_id)f)->key == key; f++) {
        const char *pattern = form_spec((enum form_id)f)->pattern;
        AUTO(buf_done) struct buf regex = BUF(1 << 16), usage = BUF(1 << 16);
        if (pattern == NULL)
            continue;
        buf_char(&regex, '^');
        pattern_regex(pattern, &regex);
        buf_char(&regex, '$');
        pattern_usage(pattern, &usage);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "type", "string", "pattern", buf_str(&regex), "description", buf_str(&usage)));
    }
    if (json_array_size(list) == 1) {
        json_t *only = json_incref(json_array_get(list, 0));
        json_decref(list);
        return only;
    }
    return json_pack("{s:o}", "anyOf", list);
}

static json_t *map_of(enum key_id key) {
    json_t *properties = json_object(), *needed = json_array(), *map = json_pack("{s:s, s:b}", "type", "object", "additionalProperties", 0);
    for (int k = 1; k < KEY_COUNT; k++) {
        const struct key_spec *s = key_spec((enum key_id)k);
        if (s->parent != key)
            continue;
        if (strcmp(s->name, "*") == 0) {
            const char *names = k == KEY_MOVE ? "^[a-z][a-z0-9_]* to [a-z][a-z0-9_]*$" : "^[a-z][a-z0-9_]*$";
            json_object_set_new(map, "patternProperties", json_pack("{s:o}", names, schema_of((enum key_id)k)));
            continue;
        }
        json_object_set_new(properties, s->name, schema_of((enum key_id)k));
        if ((s->flags & FLAG_NEEDED) != 0)
            json_array_append_new(needed, json_string(s->name));
    }
    if (json_object_size(properties) > 0)
        json_object_set(map, "properties", properties);
    if (json_array_size(needed) > 0)
        json_object_set(map, "required", needed);
    json_decref(properties);
    json_decref(needed);
    return map;
}

/* A text by language. */
static json_t *languages_of(enum key_id key) {
    json_t *map = json_pack("{s:s, s:b, s:i, s:o}", "type", "object", "additionalProperties", 0, "minProperties", 1, "properties", json_object());
    for (int l = 0; l < LANG_COUNT; l++)
        json_object_set_new(json_object_get(map, "properties"), lang_code((enum lang)l), sentence_of(key));
    return map;
}

static json_t *list_of(enum key_id key) {
    for (int k = 1; k < KEY_COUNT; k++)
        if (key_spec((enum key_id)k)->parent == key && strcmp(key_spec((enum key_id)k)->name, "-") == 0)
            return json_pack("{s:s, s:o}", "type", "array", "items", schema_of((enum key_id)k));
    return json_pack("{s:s}", "type", "array");
}

static json_t *schema_of(enum key_id key) {
    const struct key_spec *s = key_spec(key);
    json_t *shapes[4], *all;
    size_t n = 0;
    if ((s->shapes & SHAPE_S) != 0)
        shapes[n++] = sentence_of(key);
    if ((s->flags & FLAG_SPOKEN) != 0)
        shapes[n++] = languages_of(key);
    if ((s->shapes & SHAPE_M) != 0)
        shapes[n++] = map_of(key);
    if ((s->shapes & SHAPE_L) != 0)
        shapes[n++] = list_of(key);
    if (n == 1) {
        all = shapes[0];
    } else {
        all = json_pack("{s:[]}", "anyOf");
        for (size_t i = 0; i < n; i++)
            json_array_append_new(json_object_get(all, "anyOf"), shapes[i]);
    }
    if (json_object_get(all, "description") != NULL)
        json_object_set_new(all, "title", json_string(s->what));
    else
        json_object_set_new(all, "description", json_string(s->what));
    return all;
}

static int to_buf(const char *bytes, size_t len, void *arg) {
    struct buf *b = arg;
    buf_add(b, bytes, len);
    return b->failed ? -1 : 0;
}

enum code schema_print(struct buf *ret, struct err *reterr) {
    size_t lost = mem_lost();
    json_t *doc = json_pack("{s:s, s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema", "title", "Charter of a service that sejf runs");
    json_t *top = schema_of(KEY_TOP);
    bool bad = doc == NULL || top == NULL || json_object_update(doc, top) != 0 || mem_lost() != lost || json_dump_callback(doc, to_buf, ret, JSON_INDENT(1)) != 0;
    json_decref(top);
    json_decref(doc);
    if (bad)
        return err_set(reterr, E_MEMORY, "no memory for writing the schema");
    buf_char(ret, '\n');
    return OK;
}
