/* template.h — texts of messages of a tenant, by name and version. What they say is sealed by the caller. A version is never changed: the next one
 * takes its place, and what named the older still finds it by its number. Numbers count up from 1 without gaps. Statements that change run inside
 * the caller's write. What a callback gets lives as long as the call. */
#pragma once
#include "base/arena.h"
#include "store/store.h"

#define TEMPLATES_MOST 1000                    /* names of a tenant at a time */
struct template_row {
    int64_t number; const char *name; int version; usec_t made; const char *whose;
    usec_t ended;                              /* when a newer version took its place, or it was taken out; 0: it is the one in use */
    uint64_t key; const void *blob; size_t len;
};
/* name, whose, key and blob; takes the next number and the next version of that name. made: txn_now. E_CONFLICT: there are as many names as may be. */
MUST_USE enum code template_add(struct txn *t, const struct template_row *r, int64_t *ret_number, int *ret_version, struct err *reterr);
/* The one in use of that name ends. E_NOT_FOUND. */
MUST_USE enum code template_end(struct txn *t, const char *name, struct err *reterr);
MUST_USE enum code template_get(struct sql *q, int64_t number, struct template_row *ret, struct arena *arena, struct err *reterr);            /* E_NOT_FOUND */
/* In use under that name. E_NOT_FOUND. */
MUST_USE enum code template_named(struct sql *q, const char *name, struct template_row *ret, struct arena *arena, struct err *reterr);
MUST_USE enum code template_version(struct sql *q, const char *name, int version, struct template_row *ret, struct arena *arena, struct err *reterr);       /* in use or not. E_NOT_FOUND. */
typedef bool (*template_fn)(const struct template_row *r, void *arg);
MUST_USE enum code template_list(struct sql *q, const char *after, template_fn fn, void *arg, struct err *reterr);          /* in use, by name */
