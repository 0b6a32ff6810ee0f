/* facts.h — inside records: what policy asks about a record, looked up when it is asked for. Records that are looked up
 * are kept for the life of the facts. One thread at a time; lives no longer than its sql. */
#pragma once
#include "records/record.h"

struct looked_up { struct record record; int kind; struct uuid id; bool there; struct looked_up *next; };      /* an id is one of its kind: another kind may have a record under the same */
struct fact_source {
    struct service *s;
    struct sql *q;                             /* NULL: a view is opened when one is needed */
    struct view *view;                         /* that view */
    const struct caller *who;
    struct record *record;                     /* as stored, or as proposed */
    struct arena *arena;
    bool inside;                               /* in a write: the keeper is not asked */
    struct looked_up *known;
    usec_t now;
};
void facts_end(struct fact_source *src);    /* ends its view */
DEFINE_AUTO_VALUE(struct fact_source, facts_end)
MUST_USE enum code facts_sql(struct fact_source *source, struct sql **ret, struct err *reterr);
/* The facts of src->record, at `now`. */
struct facts facts_of(struct fact_source *src, usec_t now);
/* Another record, by kind and id; *ret NULL: there is none. */
MUST_USE enum code facts_record(struct fact_source *source, int kind, const struct uuid *id, struct record **ret, struct err *reterr);
/* The record's parent; NULL: none. */
MUST_USE enum code facts_parent(struct fact_source *source, struct record **ret, struct err *reterr);
/* Due dates of every part and of the record, from what is known now. */
MUST_USE enum code facts_due(struct fact_source *source, usec_t now, struct err *reterr);
