/* erase.h — inside records: a record and what goes with it: tombstones, doomed keys and freed seats in one write; keys, files and
 * the rest of the children after it. */
#pragma once
#include "records/draft.h"

struct erasure {
    struct service *s;
    int64_t tenant;
    size_t budget;                             /* records that this write may still erase */
    key_id *keys; size_t key_count, key_room;
    struct uuid *files; size_t file_count, file_room;
    json_t *counts;                            /* {kind: records} */
    bool more;                                 /* a task was left */
    bool failed;                               /* no memory */
};
void erasure_done(struct erasure *e);
DEFINE_AUTO_VALUE(struct erasure, erasure_done)
/* Inside the write: the record and its children. Not there any more: OK. */
MUST_USE enum code erase_one(struct txn *t, struct erasure *e, const struct kind_info *k, const struct uuid *id, struct err *reterr);
/* Inside a write: some children of that kind; *ret_more: there are others. */
MUST_USE enum code erase_children(struct txn *t, struct erasure *e, const struct kind_info *child, const struct uuid *parent, bool *ret_more, struct err *reterr);
/* After the write: destroys keys. Files go by the tasks that were left for them. */
MUST_USE enum code erasure_settle(struct erasure *e, struct err *reterr);
