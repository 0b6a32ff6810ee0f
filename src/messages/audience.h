/* audience.h — the records that a search finds, in the order of their ids, a page at a time: whom a campaign goes to. A page looks at a bounded
 * number of records, however few of them match, so it takes a bounded time. Thread-safe; blocks. */
#pragma once
#include "messages/send.h"

#define AUDIENCE_LOOK 4000u                  /* records that one page looks at */
struct audience {
    int kind;
    struct uuid scope;                       /* what the records belong to; null: all of the tenant's */
    const json_t *where;                     /* as POST …/search has it; NULL: every one */
    int64_t born;                            /* records of a newer pseudonym (row.born) are left out */
};
struct audience_page { struct uuid ids[SEND_MOST], parents[SEND_MOST]; size_t count; struct uuid reached; bool more; };
/* May the caller ask for this: is the search one, does it name only fields that the caller may see, and is what the records belong to there for
 * the caller? E_INVALID, E_FIELDS, E_NOT_FOUND, E_FORBIDDEN. */
MUST_USE enum code audience_check(struct service *s, const struct caller *who, const struct audience *a, struct err *reterr);
/* Behind `after`, `most` at most. Damaged records are passed over. *ret.reached: behind which the next page begins. */
MUST_USE enum code audience_next(struct service *s, int64_t tenant, const struct audience *a, const struct uuid *after, size_t most, struct audience_page *ret, struct err *reterr);
