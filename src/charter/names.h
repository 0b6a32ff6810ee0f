/* names.h — names to numbers, found in constant time: kinds, fields of a kind, people.
 * Ownership: arena of the caller; names are not copied. Filled by one thread, then read by any. */
#pragma once
#include "base/arena.h"

struct names;
MUST_USE struct names *names_new(struct arena *arena, size_t most);    /* NULL: no memory */
MUST_USE bool names_add(struct names *n, const char *name, int value); /* false: it is there already */
int names_get(const struct names *n, const char *name);                /* -1: none */
/* The name nearest to `name`, for suggestions; NULL. */
const char *names_nearest(const struct names *n, const char *name);
