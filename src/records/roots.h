/* roots.h — inside records: where all lies that a caller may see of a kind, if that is in few places: its own records and what refers to
 * them, or the records that its levels name and what belongs to them. A list goes there, instead of over all records of the tenant.
 * What lies there is still held against every rule: a place too many costs time, one too few would hide a record. */
#pragma once
#include "base/arena.h"
#include "records/service.h"
#include "store/rows.h"

enum root_type { ROOT_ITSELF, ROOT_CHILDREN, ROOT_REFERRING, ROOT_ABOVE /* what the record of `kind` belongs to */ };
struct root { enum root_type type; int kind, field; struct uuid id; };
#define ROOTS_MAX 64u
struct roots { size_t count; bool indexed /* some lead through the index */; struct root list[ROOTS_MAX]; };
/* False: there is no such way, or too many places. */
MUST_USE bool roots_of(const struct service *s, const struct caller *who, const struct kind_info *k, struct roots *ret);
/* The first `room` ids of the kind behind `after` (NULL: from the first), in order, each once. In a view; the keys of the index must be
 * at hand where roots->indexed. */
struct roots_walk { const struct roots *roots; struct service *s; const struct kind_info *k; int64_t tenant; const struct uuid *after; bool descending; size_t room; };
MUST_USE enum code roots_ids(const struct roots_walk *w, struct sql *q, struct arena *arena, struct uuid **ret, size_t *ret_count, struct err *reterr);
