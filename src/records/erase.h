/* erase.h — inside records: a record and what goes with it: tombstones, doomed keys and freed seats in one write; keys, files and
 * the rest of the children after it. */
#pragma once
#include "records/children.h"

struct erasure {
    struct service *s;
    int64_t tenant;
    size_t budget;                             /* records that this write may still erase */
    key_id *keys; size_t key_count, key_room;
    struct uuid *files; size_t file_count, file_room;
    json_t *counts;                            /* {kind: records} */
    bool more;                                 /* a task was left */
    bool failed;                               /* no memory */
    const char *cause, *by;                    /* of the row that tells of what was destroyed (store/destruction.h) */
    unsigned asks;                             /* bits of enum held_by: what these keep stays; 0: nobody is asked */
    struct uuid asked;                         /* the record itself that is to go; null: its children, or what is due */
    bool counting;                             /* the record goes by its date: what its charter counts stays as a number */
    json_t *kept;                              /* [{kind, id, fields, due, because}]: what stayed; NULL: nothing */
};
void erasure_done(struct erasure *e);
DEFINE_AUTO_VALUE(struct erasure, erasure_done)
/* The same from the beginning, at the start of a write, which may run twice. */
void erasure_again(struct erasure *e);
/* What some parts hold; the parts (bits) that a loaded record holds anything in. */
fieldset erase_fields(const struct kind *k, uint64_t parts);
uint64_t parts_used(const struct record *r);
/* Inside the write: the record and its children, without asking who holds it. It may have been read before the write: *ret_gone false, and nothing is
 * erased, where it has changed since. */
MUST_USE enum code erase_loaded(struct txn *t, struct erasure *e, const struct record *r, bool *ret_gone, struct err *reterr);
/* Inside the write: these parts of src->record, which is loaded and changed; `found`: what is left of what it is found by. */
struct found_by { struct token_list tokens; uint32_t generation; struct sorted_value *sorted; size_t sorted_count; };
MUST_USE enum code erase_parts(struct txn *t, struct erasure *e, struct fact_source *src, uint64_t gone, const struct found_by *found, struct err *reterr);
void counts_add(json_t *to, json_t *from);      /* {what: how many}; from may be NULL */
/* Inside the write, at its end: what was destroyed, for the certificate. */
MUST_USE enum code erasure_note(struct txn *t, const struct erasure *e, struct err *reterr);
/* Inside the write: the record and its children; what is held of them stays, and the rest of such a record goes after the write. Not there
 * any more: OK. */
MUST_USE enum code erase_one(struct txn *t, struct erasure *e, const struct kind_info *k, const struct uuid *id, struct err *reterr);
/* Inside a write: some children of that kind behind *after, which moves; *ret_more: there are others. */
MUST_USE enum code erase_children(struct txn *t, struct erasure *e, const struct kind_info *child, const struct uuid *parent, struct uuid *after, bool *ret_more, struct err *reterr);
/* After the write: destroys keys. Files go by the tasks that were left for them. */
MUST_USE enum code erasure_settle(struct erasure *e, struct err *reterr);
