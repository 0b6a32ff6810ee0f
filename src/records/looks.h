/* looks.h — who looked at whom: the entries of a tenant's ledger that tell of reading, for the tenant, and what of them concerns one
 * record, for the person that it is about. What is read here is no reading of records: it shows ids, never values. Thread-safe. */
#pragma once
#include "records/records.h"

struct looks_query {
    bool of_record; int kind; struct uuid id;    /* of that record alone; E_NOT_FOUND where it is gone */
    const char *who;                           /* "account 0193…", "token 7", "link 3", "webhook 3"; NULL: anybody */
    usec_t since;                              /* 0: from the beginning */
    int64_t before;                            /* number of an entry; INT64_MAX: from the newest */
    size_t limit;
};
#define LOOKS_SHOWN 20u                       /* records that an entry names in a list */
/* {items: [{number, at, who, account?, role, kind, how, purpose?, window?, fields, count, records: [id]}], next: number or null}, the newest
 * first. who: as above. account: whose the token is. A call looks at some thousands of entries at most: few items and a `next`
 * mean that there may be more. */
MUST_USE enum code looks_list(struct service *s, int64_t tenant, const struct looks_query *q, json_t **ret, struct err *reterr);
/* {records: [id], erased: n, next}: of one entry, so many from the `from`th on. E_NOT_FOUND: no such entry of reading. */
MUST_USE enum code looks_records(struct service *s, int64_t tenant, int64_t number, size_t from, size_t limit, json_t **ret, struct err *reterr);
/* All webhooks of a tenant are one reader for the count of a day: whoever makes another begins no new count. In the ledger each stands by its number. */
#define READER_WEBHOOKS "webhooks"
/* Inside records: the pseudonyms of records that count against a walk (walks.h), of who read since then; false stops. */
typedef bool (*born_fn)(int64_t born, void *arg);
MUST_USE enum code looks_counted(struct service *s, int64_t tenant, const char *who, usec_t since, born_fn fn, void *arg, struct err *reterr);
/* What may be looked at yet: rows that lead to entries, and entries that tell. One for all that a person loads down in a go. */
struct looks_left { size_t rows, entries; };
#define LOOKS_LEFT (struct looks_left){ 100000, 2000 }
/* For the person: [{day: "2026-11-22", role, link: bool, purpose?, window?, how: [names], fields: [names], times}], the newest first; a day by the
 * charter's clock. *ret_more: there were more than are told, or *left ended. A stretch of them at a time is looked at in a view of its own. */
MUST_USE enum code looks_of_person(struct service *s, int64_t tenant, int kind, const struct uuid *id, struct looks_left *left, json_t **ret, bool *ret_more, struct err *reterr);
