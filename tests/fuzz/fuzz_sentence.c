/* fuzz_sentence.c — any text as a sentence of every key of the charter (the first byte chooses the key): read with captures that lie within
 * it and can be walked, or missed with an explanation. */
#include <string.h>

#include "base/text.h"
#include "charter/grammar.h"

static void walk(const struct capture *c, const char *text, struct arena *arena) {
    size_t state = 0, items = 0;
    int at, width, times;
    struct span span;
    const char *item;
    if (c->at < 0 || c->width < 0 || c->name == NULL || c->text == NULL || (size_t)c->at > strlen(text))
        __builtin_trap();
    switch (c->type) {
    case C_SPAN: case C_TICK:
        (void)capture_span(c, &span);
        break;
    case C_PACE:
        if (capture_pace(c, &times, &span) && times < 1)
            __builtin_trap();
        break;
    case C_INT:
        if (capture_int(c) < 0)
            __builtin_trap();
        break;
    case C_NAMES: case C_PEOPLE: case C_OPTIONS: case C_ITEMS: case C_HOSTS: case C_CODES:
        while ((item = capture_next(c, arena, &state, &at, &width)) != NULL)
            if (item[0] == 0 || at < c->at || width < 0 || ++items > strlen(text))
                __builtin_trap();
        break;
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO(arena_free) struct arena *arena = arena_new(16u << 20);
    AUTO(buf_done) struct buf said = BUF(1u << 16);
    struct said s = { 0 };
    struct miss miss = { 0 };
    const char *better = NULL;
    if (size < 2 || size > 2048 || arena == NULL)
        return 0;
    enum key_id key = (enum key_id)(data[0] % KEY_COUNT);
    const char *text = arena_text_n(arena, (const char *)data + 1, strnlen((const char *)data + 1, size - 1));
    if (text == NULL || !text_is_utf8(text, strlen(text)) || key_first_form(key) == FORM_NONE)
        return 0;
    if (!grammar_sentence(arena, key, text, &s, &miss)) {
        grammar_explain(key, &miss, &said, &better);
        if (said.len == 0)
            __builtin_trap();
        return 0;
    }
    for (size_t i = 0; i < s.count; i++)
        walk(&s.list[i], text, arena);
    return 0;
}
