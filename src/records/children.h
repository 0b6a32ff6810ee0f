/* children.h — inside records: what follows a record that changes or goes: due dates of those that count from its fields, and
 * the erasure of those that when_deleted names. Up to CHILDREN_NOW of them in the same write; what is left stands as a task
 * (task.h), so that a cut is made good. */
#pragma once
#include "records/draft.h"

#define CHILDREN_NOW 300u
/* Inside the write of a changed record: new due dates of its children. */
MUST_USE enum code children_redate(struct txn *t, struct draft *d, struct fact_source *src, struct err *reterr);
/* The same for those behind `after`, at most CHILDREN_NOW of them; *ret_more: *after says where to go on. parent NULL: for
 * every record of the kind. */
MUST_USE enum code children_redate_some(struct txn *t, struct service *s, const struct kind_info *child, const struct uuid *parent,
                                        struct uuid *after, bool *ret_more, struct err *reterr);
/* Ids of up to `room` children behind `after`; parent NULL: of the kind. */
MUST_USE enum code children_list(struct sql *q, const struct kind_info *child, const struct uuid *parent, const struct uuid *after,
                                 struct uuid *ret, size_t room, size_t *ret_count, struct err *reterr);
/* Writes a row again whose unsealed fields or dates changed; version and times are the caller's. */
MUST_USE enum code record_rewrite(struct txn *t, struct fact_source *src, struct record *r, struct err *reterr);
