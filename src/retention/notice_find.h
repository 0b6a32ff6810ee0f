/* notice_find.h — inside retention: what a notice of one tenant has to tell of. In a view. One thread. */
#pragma once
#include "records/record.h"
#include "store/notice.h"

/* One part, or several of one rule and date, of one record. */
struct told { struct noticed what; int kind; size_t rule /* the first part of its keep rule */; struct uuid parent; int64_t day /* year * 10000 + month * 100 + day */; };
struct found { struct told *list; size_t count, room; int person /* whose kinds: index of the charter's people */; size_t most; };
void found_done(struct found *f);
DEFINE_AUTO_VALUE(struct found, found_done)

/* Parts that are due until their kind's horizon at `now` and were not told of with that date, of kinds whose `warn` names the person; at most f->most. */
MUST_USE enum code found_due(struct service *s, struct sql *q, usec_t now, struct found *f, struct err *reterr);
/* The same of one record, due until `until`. */
MUST_USE enum code found_record(struct service *s, struct sql *q, const struct row *r, usec_t until, struct found *f, struct err *reterr);
/* How many records, each once however many of its dates are told of; *ret_first, *ret_last: of the dates. Sorts by record. */
int64_t found_records(struct found *f, usec_t *ret_first, usec_t *ret_last);
/* Sorted so that what a reader sees together stands together: by parent, kind, rule and day. */
void found_sort(struct found *f);
/* The due dates of a record's parts, each once; at most `room`. */
MUST_USE enum code dues_of(struct service *s, struct sql *q, const struct row *r, usec_t *ret, size_t room, size_t *ret_count, struct err *reterr);
/* People that some `warn` of the charter names: bits. */
uint32_t warned_people(const struct charter *c);
