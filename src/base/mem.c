/* mem.c — the one place that calls malloc, so that tests can make it fail. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

_Thread_local size_t mem_fail_at;

static bool fails(void) { return mem_fail_at != 0 && --mem_fail_at == 0; }

void *mem_new(size_t size) {
    PRE(size > 0);
    return fails() ? NULL : calloc(1, size);
}

void *mem_new_array(size_t count, size_t size) {
    if (count == 0)
        count = 1;
    return fails() ? NULL : calloc(count, size);
}

void *mem_grow(void *old, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total) || total == 0 || fails())
        return NULL;
    return realloc(old, total);
}

char *mem_text_n(const char *text, size_t len) {
    size_t size;
    if (__builtin_add_overflow(len, 1, &size))
        return NULL;
    char *copy = mem_new(size);
    if (copy != NULL && len > 0)
        memcpy(copy, text, len);
    return copy;
}

char *mem_text(const char *text) { return mem_text_n(text, strlen(text)); }
void *mem_free(void *p) { free(p); return NULL; }
