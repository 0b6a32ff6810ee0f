/* scope.h — what the scope of a token leaves: read once from its JSON, when the token is looked up, and asked by each decision.
 * One piece of memory without pointers into others, so that it is kept and copied by its size. Thread-safe once made. */
#pragma once
#include "base/arena.h"
#include "charter/charter.h"

#define PURPOSES_MAX 64                       /* of one kind, that a scope can name */
struct scope_of { bool in; uint64_t purposes; };         /* of one kind: bits of its used_for; all bits where the scope says nothing of purposes */
struct scope { size_t kinds; unsigned verbs; struct scope_of of[]; };      /* verbs: bits of enum verb */

/* {"kinds": ["parcel"], "verbs": ["read"], "purposes": ["carrying the parcel"]}, each of which may be left out; NULL, "" and {} are
 * no limit: *ret NULL. A purpose may be named in any language, and counts for the kinds that have it; kinds that declare no purpose are
 * not narrowed by them. strict: a name that the charter does not know is refused (a token that is made); otherwise it names nothing (a
 * token that was made under another charter). E_INVALID with a text for people; E_MEMORY. */
MUST_USE enum code scope_read(const char *json, const struct charter *c, bool strict, struct arena *arena, struct scope **ret, struct err *reterr);
size_t scope_size(const struct scope *s);                /* in bytes */
