/* arena.h — memory that is freed all at once: one for a request, a job, a charter.
 * Grows in blocks up to a maximum given at birth. One thread at a time.
 * With -Dprofile=sanitize each piece is a malloc of its own, so that overruns show. */
#pragma once
#include "base/macros.h"

struct arena;

MUST_USE struct arena *arena_new(size_t max);       /* NULL: no memory */
struct arena *arena_free(struct arena *arena);      /* accepts NULL, returns NULL */
DEFINE_AUTO(struct arena, arena_free)

/* Zeroed and aligned for any type. NULL once the maximum is reached or memory has run out;
 * arena_overflowed() then stays true, so that a caller may check once at the end. */
MUST_USE void *arena_get(struct arena *arena, size_t size);
MUST_USE void *arena_array(struct arena *arena, size_t count, size_t size);
MUST_USE char *arena_text(struct arena *arena, const char *text);
MUST_USE char *arena_text_n(struct arena *arena, const char *text, size_t len);
MUST_USE char *arena_printf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool arena_overflowed(const struct arena *arena);
/* What was taken after the mark goes back, for one who looks at many things one after the other. */
struct arena_mark { void *block; size_t used; };
struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);
