/* query.h — name=value&name=value (a query, an application/x-www-form-urlencoded body) and paths,
 * decoded. Pure. Results live in the arena. Bounded: PAIRS_MAX pairs; only UTF-8 without control
 * characters other than line breaks and tabs. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#define PAIRS_MAX 256u

struct pair { const char *name, *value; };
struct pairs { struct pair *list; size_t count; };

/* '+' is a space. An empty text has no pairs. E_INVALID for a bad escape, too many pairs, no UTF-8. */
MUST_USE enum code pairs_parse(const char *text, size_t len, struct arena *arena, struct pairs *ret, struct err *reterr);
const char *pairs_get(const struct pairs *p, const char *name);      /* the first; NULL when absent */

#define PATH_SEGMENTS 12u
struct path { const char *segment[PATH_SEGMENTS]; size_t count; };
/* "/v1/a%20b" to {"v1", "a b"}. E_INVALID for a bad escape, ".", "..", an empty segment but the last, a control
 * character or '/' hidden in an escape. A slash at the end counts as an empty last segment. */
MUST_USE enum code path_parse(const char *text, size_t len, struct arena *arena, struct path *ret, struct err *reterr);
