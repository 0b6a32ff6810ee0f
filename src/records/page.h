/* page.h — inside records: candidates of a query, page by page: rows first, then (for those that the caller may see and whose
 * unsealed fields match) their parts, opened together and matched on several threads. A record of which something is damaged
 * stands in its place: it answers a condition unless what is left of it says no. */
#pragma once
#include "records/query.h"
#include "records/roots.h"

/* A match. record->damage: it cannot be shown. hidden: nor can it be told whether the caller may know of it. */
struct page_item { const struct record *record; fieldset fields; bool hidden; };
struct page_work {
    struct service *s;
    const struct caller *who;
    struct query *q;
    /* Called for each match in order, with at most q->limit of them; false stops. The record lives within the call. */
    bool (*item)(const struct page_item *item, void *arg);
    void *arg;
    size_t most;                               /* candidates that one call looks at; 0: as many as a request may */
    bool trails;                               /* found out by page_run: the index lacks something */
    bool rooted; struct roots roots;           /* and whether all that the caller may see lies in few places */
};
/* *ret_next: a cursor, or empty when there is no more. A call that takes turns with others (base/fiber.h) and turns out to take
 * long, or much memory, gives up with page_later. */
MUST_USE enum code page_run(struct page_work *w, struct buf *ret_next, struct err *reterr);
/* The error that a call gives up with so that it is made again by itself; nobody is told it. */
enum code page_later(struct err *reterr);
