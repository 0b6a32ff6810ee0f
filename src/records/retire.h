/* retire.h — inside records, and for retention: parts of records whose time is over are erased. A record goes as a whole with the last part that
 * it holds anything in; until then it stays without the fields that are gone, which say so ("$erased" beside the row, `erased` in the
 * API). Each write looks again at what it erases: a date that has moved, a hold that was placed, a change by somebody. Thread-safe. */
#pragma once
#include "records/record.h"

#define RETIRE_MAX 4096u
struct retire_id { int32_t kind /* its stable number */; struct uuid id; };
/* What came of it; added to. */
struct retired {
    int64_t records, parts;                    /* gone as a whole; of records that stay */
    int64_t held, waiting, early;              /* stay: by a law or a person; the gate said no; above the cap */
    int64_t moved;                             /* their date had moved: it stands right again */
    int64_t failed;                            /* could not be read, or written: `why` says the last reason */
    int64_t skipped;                           /* changed meanwhile: the next round sees them again */
    struct err why;
};
/* May what is due then of that record be erased at `now`? In a view and in a write. */
typedef enum code (*retire_gate)(void *arg, struct sql *q, const struct record *r, usec_t due, usec_t now, bool *ret, struct err *reterr);
/* early: keys that may still be destroyed ahead of the month that they were made for; counted down. bag: keys that are doomed gather there, so that the
 * keeper's disk is asked once for many; NULL: each batch has its own destroyed. */
struct key_bag { key_id *keys; size_t count, room; };
void key_bag_done(struct key_bag *bag);
DEFINE_AUTO_VALUE(struct key_bag, key_bag_done)
struct retire_terms { usec_t now; retire_gate gate; void *arg; uint64_t *early; struct key_bag *bag; };
/* Destroys what has gathered. What that leaves undone stands noted, and the upkeep does it. */
MUST_USE enum code retire_settle(struct service *s, int64_t tenant, struct key_bag *bag, struct err *reterr);
/* At most RETIRE_MAX records, in one write where that can be. */
MUST_USE enum code retire_some(struct service *s, int64_t tenant, const struct retire_id *ids, size_t count, const struct retire_terms *terms, struct retired *ret, struct err *reterr);
/* What neither a law nor a person keeps of these, whatever their dates, in one write where that can be; at most RETIRE_MAX. cause: as certificates tell
 * it. One that cannot be read, or has changed meanwhile, is counted and stops no other. */
MUST_USE enum code retire_rests(struct service *s, int64_t tenant, const struct retire_id *ids, size_t count, const char *cause, struct retired *ret, struct err *reterr);
/* What neither a law nor a person keeps of the record, by its owner's word; counts: adds {what: how many}, or NULL. Not there any more: OK. */
MUST_USE enum code retire_rest(struct service *s, int64_t tenant, const struct kind_info *k, const struct uuid *id, const char *cause, json_t *counts, struct err *reterr);
