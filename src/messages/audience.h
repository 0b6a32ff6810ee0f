/* audience.h — the records that a search finds for whoever asks, in the order of their ids, a page at a time: whom a campaign goes to. A page looks at
 * a bounded number of records, however few of them match, so it takes a bounded time. Thread-safe; blocks. */
#pragma once
#include "messages/send.h"

#define AUDIENCE_LOOK 4000u                  /* records that one page looks at */
struct audience {
    int kind;
    struct uuid scope;                       /* what the records belong to; null: all of the tenant's */
    const json_t *where;                     /* as POST …/search has it; NULL: every one */
    int64_t born;                            /* records of a newer pseudonym (row.born) are left out */
};
/* born: of each. asked: the fields that the search names. */
struct audience_page { struct uuid ids[SEND_MOST]; int64_t born[SEND_MOST]; size_t count; fieldset asked; struct uuid reached; bool more; };
/* Is the search one, and does it name only fields that the caller may see? E_FIELDS, E_INVALID. Who may ask at all is message_right's to say. */
MUST_USE enum code audience_check(struct service *s, const struct caller *who, const struct audience *a, struct err *reterr);
/* Behind `after`, `most` at most: those that a search by the caller finds, and that it may write to. Damaged records are passed over.
 * *ret.reached: behind which the next page begins. */
MUST_USE enum code audience_next(struct service *s, const struct caller *who, const struct audience *a, const struct uuid *after, size_t most, struct audience_page *ret, struct err *reterr);
