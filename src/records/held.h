/* held.h — inside records: which parts of a record must stay although somebody may erase it: by law, as the charter says, until their own
 * due date; by a named person, until the hold ends or is lifted. In a view or a write. */
#pragma once
#include "records/record.h"

enum held_by { HELD_BY_LAW = 1, HELD_BY_PERSON = 2 };
/* *ret: bits by index into the kind's parts, of those that `by` (bits of enum held_by) keeps at `now`. r: loaded. */
MUST_USE enum code held_parts(struct sql *q, const struct record *r, usec_t now, unsigned by, uint64_t *ret, struct err *reterr);
/* Of a kind's parts, those that a law demands and whose date lies ahead. r: loaded. */
uint64_t held_by_law(const struct record *r, usec_t now);
/* When a part's time is over; USEC_NEVER: never, or not known from what is stored. */
usec_t held_due(const struct record *r, size_t part);
/* The parts in which the fields of a hold lie now ("": all): named by fields, so that a charter which puts its parts in another order changes nothing. */
uint64_t held_named(const struct kind *k, const char *fields);
