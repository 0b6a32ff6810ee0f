/* mem.h — memory that may run out, and says so by NULL. Zeroed. Thread-safe.
 * mem_fail_at lets a test make the n-th allocation from now fail (0: none). */
#pragma once
#include "base/macros.h"

extern _Thread_local size_t mem_fail_at;

/* How many allocations of this thread have failed so far, those of JSON values among them. What is made of many small pieces
 * notes it at its beginning and compares at its end, rather than asking at each piece: mem_lost() != before is E_MEMORY. */
size_t mem_lost(void);
void mem_lost_set(size_t count);              /* base/fiber.c: calls that take turns on a thread each have their own */

MUST_USE void *mem_new(size_t size);                         /* size >= 1; zeroed */
MUST_USE void *mem_new_array(size_t count, size_t size);     /* NULL on overflow too */
MUST_USE void *mem_grow(void *old, size_t count, size_t size); /* realloc; old stays on NULL */
MUST_USE char *mem_text(const char *text);                   /* a copy */
MUST_USE char *mem_text_n(const char *text, size_t len);     /* a terminated copy */
void *mem_free(void *p);                                     /* accepts NULL, returns NULL */
static inline void auto_mem_free(void *p) { (void)mem_free(*(void **)p); }

/* For a process of many threads of which few are busy at a time; before the first of them. The allocator keeps what was freed by
 * regions, and by default has eight for each core. Returns how many it may have now. */
unsigned mem_share(void);
