/* limits.h — inside records: seats, uniqueness, overlaps and numbers, decided inside the write. */
#pragma once
#include "records/draft.h"

/* Before the write: what the limits of the kind claim for this record. */
MUST_USE enum code limits_claims(const struct service *s, const struct index_keys *keys, const struct record *r, struct arena *arena,
                                 struct claim **ret, struct err *reterr);
/* Mistakes that need no store: an end before its beginning. */
void limits_check(const struct record *r, struct mistakes *m);
/* In the write: decides the states (accepted or waiting), counts, claims. E_CONFLICT with mistakes. */
MUST_USE enum code limits_take(struct txn *t, struct draft *d, struct fact_source *src, struct err *reterr);
/* In the write, after the row is there: records that wait take the seats that this change freed. */
MUST_USE enum code limits_fill(struct txn *t, struct draft *d, struct fact_source *src, struct err *reterr);
/* In the write: the next number. */
MUST_USE enum code limits_number(struct txn *t, struct draft *d, struct err *reterr);
/* In the write: r is erased: its seat and its claims are free. */
MUST_USE enum code limits_release(struct txn *t, struct service *s, const struct record *r, struct err *reterr);
/* The same where only these fields of it go, before they do: what is decided by one of them is free. */
MUST_USE enum code limits_release_some(struct txn *t, const struct record *r, fieldset gone, struct err *reterr);
/* Moves the first waiting records of `scope` (their parent) into free seats. limit: index in the kind. *ret_more: there are
 * more seats than one write fills, and a task was left. */
MUST_USE enum code seats_fill(struct txn *t, struct service *s, const struct kind_info *k, size_t limit, const struct uuid *scope,
                              struct arena *arena, struct looked_up **known, bool *ret_more, struct err *reterr);
/* In a write: a stored record takes its claims (again); one that others hold already stays theirs. */
MUST_USE enum code limits_claim_again(struct txn *t, const struct record *r, const struct claim *claims, struct err *reterr);
/* In a write: the seats of `scope` and those who wait for one, counted anew from the rows. */
MUST_USE enum code limits_recount(struct txn *t, struct service *s, const struct kind_info *k, size_t limit, const struct uuid *scope, struct err *reterr);
