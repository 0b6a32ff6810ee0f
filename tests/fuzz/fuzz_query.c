/* fuzz_query.c — any bytes as a query and as a path: what is accepted is UTF-8 without control characters. */
#include "api/query.h"
#include "base/text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    struct pairs pairs;
    struct path path;
    struct err e;
    if (arena == NULL || size > 1u << 14)
        return 0;
    if (pairs_parse((const char *)data, size, arena, &pairs, &e) == OK)
        for (size_t i = 0; i < pairs.count; i++)
            if (!text_is_utf8(pairs.list[i].value, strlen(pairs.list[i].value)))
                __builtin_trap();
    if (path_parse((const char *)data, size, arena, &path, &e) == OK)
        for (size_t i = 0; i < path.count; i++)
            if (strcmp(path.segment[i], "..") == 0 || strchr(path.segment[i], '/') != NULL)
                __builtin_trap();
    return 0;
}
