/* canon.h — canonical JSON as it is sealed: one object, keys sorted by bytes, no spaces, text as UTF-8 with only '"', '\\'
 * and control characters escaped. Written and walked without a tree. Pure; thread-safe. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

void canon_text(struct buf *b, const char *text, size_t len);             /* a string, with its quotes */

/* Walks the members of an object that canon wrote (or that another strict writer did). Keys have no escapes. */
struct canon { const char *at, *end; bool bad; };
struct slice { const char *at; size_t len; };
MUST_USE bool canon_begin(struct canon *c, const char *json, size_t len);   /* false: no object */
MUST_USE bool canon_next(struct canon *c, struct slice *ret_key, struct slice *ret_value);   /* false: end, or bad */
/* The text of a string value, terminated; NULL: not a string, or no memory. */
MUST_USE char *canon_string(struct arena *arena, struct slice value);
/* The member of that name, with length 0 where a whole object has none; false: the object is not whole. */
MUST_USE bool canon_look(const char *json, size_t len, const char *name, struct slice *ret);
/* The member of that name; false when there is none. */
MUST_USE bool canon_get(const char *json, size_t len, const char *name, struct slice *ret);
