/* arena.c — invariant: used <= size in every block; total of sizes <= max. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define ALIGN 16u
#define FIRST_BLOCK 4096u

struct block { struct block *next; size_t size, used; _Alignas(ALIGN) unsigned char data[]; };
struct arena { struct block *head; size_t max, total; bool overflowed; };

struct arena *arena_new(size_t max) {
    PRE(max > 0);
    struct arena *a = mem_new(sizeof *a);
    if (a != NULL)
        a->max = max;
    return a;
}

static struct block *block_add(struct arena *a, size_t need) {
#ifdef SEJF_SANITIZE
    size_t size = need;
#else
    size_t size = a->head == NULL ? FIRST_BLOCK : a->head->size * 2;
    if (size < need)
        size = need;
#endif
    size_t room = a->max - a->total, bytes;
    if (size > room)
        size = room;
    if (size < need || __builtin_add_overflow(size, sizeof(struct block), &bytes))
        return NULL;
    struct block *b = mem_grow(NULL, bytes, 1);            /* cleared piece by piece as it is handed out: most blocks are not used up */
    if (b == NULL)
        return NULL;
    *b = (struct block){ .next = a->head, .size = size };
    a->head = b;
    a->total += size;
    return b;
}

/* Not cleared; *ret_size: rounded up to whole lines. */
static void *piece(struct arena *a, size_t size, size_t *ret_size) {
    size_t need;
    PRE(a != NULL);
    if (__builtin_add_overflow(size, ALIGN - 1, &need)) {
        a->overflowed = true;
        return NULL;
    }
    need &= ~(size_t)(ALIGN - 1);
    if (need == 0)
        need = ALIGN;
    struct block *b = a->head;
    if (b == NULL || b->size - b->used < need)
        b = block_add(a, need);
    if (b == NULL) {
        a->overflowed = true;
        return NULL;
    }
    void *p = b->data + b->used;
    b->used += need;
    *ret_size = need;
    return p;
}

void *arena_get(struct arena *a, size_t size) {
    size_t all = 0;
    void *p = piece(a, size, &all);
    return p == NULL ? NULL : memset(p, 0, all);
}

void *arena_array(struct arena *a, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        a->overflowed = true;
        return NULL;
    }
    return arena_get(a, total);
}

char *arena_text_n(struct arena *a, const char *text, size_t len) {
    size_t size;
    if (__builtin_add_overflow(len, 1, &size))
        return NULL;
    size_t all = 0;
    char *copy = piece(a, size, &all);
    if (copy == NULL)
        return NULL;
    if (len > 0)
        memcpy(copy, text, len);
    memset(copy + len, 0, all - len);
    return copy;
}

char *arena_text(struct arena *a, const char *text) { return arena_text_n(a, text, strlen(text)); }

char *arena_printf(struct arena *a, const char *fmt, ...) {
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *text = n < 0 ? NULL : arena_get(a, (size_t)n + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}

struct arena_mark arena_mark(const struct arena *a) { return (struct arena_mark){ a->head, a->head == NULL ? 0 : a->head->used }; }

void arena_rewind(struct arena *a, struct arena_mark mark) {
    while (a->head != mark.block) {
        struct block *b = a->head;
        PRE(b != NULL);
        a->head = b->next;
        a->total -= b->size;
        mem_free(b);
    }
    if (a->head != NULL)
        a->head->used = mark.used;
}

bool arena_overflowed(const struct arena *a) { return a->overflowed; }

struct arena *arena_free(struct arena *a) {
    if (a == NULL)
        return NULL;
    for (struct block *b = a->head, *next; b != NULL; b = next) {
        next = b->next;
        mem_free(b);
    }
    return mem_free(a);
}
