/* mem.c — the one place that calls malloc, so that tests can make it fail. */
#include "base/mem.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Thread_local size_t mem_fail_at;

static _Thread_local size_t lost;

static bool fails(void) { return mem_fail_at != 0 && --mem_fail_at == 0; }

static void *counted(void *p) {
    lost += p == NULL;
    return p;
}

size_t mem_lost(void) { return lost; }
void mem_lost_set(size_t count) { lost = count; }

/* jansson too, whose documents are built of many small pieces; mem_fail_at does not reach it. */
static void *json_piece(size_t size) { return counted(malloc(size)); }
__attribute__((constructor)) static void json_counts(void) { json_set_alloc_funcs(json_piece, free); }

void *mem_new(size_t size) {
    PRE(size > 0);
    return counted(fails() ? NULL : calloc(1, size));
}

void *mem_new_array(size_t count, size_t size) {
    if (count == 0)
        count = 1;
    return counted(fails() ? NULL : calloc(count, size));
}

void *mem_grow(void *old, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total) || total == 0)
        return NULL;
    return counted(fails() ? NULL : realloc(old, total));
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

/* Two for each core, as many as threads are busy. The limits from which blocks come from the system and go back to it at once stand
 * still: by themselves they would grow with the largest block that was ever freed. */
#define BUSY_PER_CORE 2
#define KEPT_FREE (256 * 1024)
#define BLOCK_OF_ITS_OWN (1024 * 1024)

unsigned mem_share(void) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int most = BUSY_PER_CORE * (cores < 1 ? 1 : cores > 64 ? 64 : (int)cores);
    (void)mallopt(M_ARENA_MAX, most);                        /* NOLINT(concurrency-mt-unsafe): before there are threads */
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_FREE);              /* NOLINT(concurrency-mt-unsafe) */
    (void)mallopt(M_MMAP_THRESHOLD, BLOCK_OF_ITS_OWN);       /* NOLINT(concurrency-mt-unsafe) */
    return (unsigned)most;
}
