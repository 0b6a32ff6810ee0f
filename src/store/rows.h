/* rows.h — the tables of records: rows, parts, claims, counters, spans, tombstones; and the index.
 * Every function works within the tenant of its sql. Blobs are sealed by the caller. */
#pragma once
#include "base/uuid.h"
#include "crypto/crypto.h"
#include "store/store.h"

/* Stable numbers of kinds, fields and parts by their names: made on first use, never reused. They
 * belong to the instance's service, not to a tenant (tenant 0 of the schema tables). */
struct row {
    int32_t kind;                     /* stable number of the kind */
    struct uuid id;
    int64_t version, change;
    int64_t born;                     /* the change number that it was made with: its pseudonym in traces of reading (seen.h). Given by row_put */
    usec_t created, updated;
    usec_t due;                       /* the earliest due date of its parts; USEC_NEVER */
    struct uuid parent;               /* null uuid: the tenant itself */
    const char *clear;                /* JSON object of the fields outside the sealed part; "{}" */
    const char *number;               /* "FV/2026/000001" or NULL */
    bool restricted, objected, unconfirmed, imported;   /* its marks (consent.h); row_mark sets them */
    bool damaged;                     /* rows_list_around: it cannot be read */
};
struct part_row { int32_t part; uint64_t key; usec_t due; const void *blob; size_t len; };

/* Texts and blobs of returned rows live until the next call on the same sql, or, in lists, within the callback.
 * A callback may call other functions on the same sql, but not the function that is calling it, and it does not write. */
MUST_USE enum code row_put(struct txn *t, const struct row *r, struct err *reterr);       /* insert or replace; E_GONE where a tombstone stands */
MUST_USE enum code row_get(struct sql *q, int32_t kind, const struct uuid *id, struct row *ret, struct err *reterr); /* E_NOT_FOUND; E_GONE where a tombstone stands */
MUST_USE enum code row_delete(struct txn *t, int32_t kind, const struct uuid *id, struct err *reterr); /* with parts, claims, spans, tokens; leaves a tombstone */
/* The same, of a row that was read before: nothing is erased (*ret_gone false) where it is not there any more or its change number is another. */
MUST_USE enum code row_erase(struct txn *t, const struct row *r, bool *ret_gone, struct err *reterr);
MUST_USE enum code part_put(struct txn *t, int32_t kind, const struct uuid *id, const struct part_row *p, struct err *reterr);
MUST_USE enum code part_delete(struct txn *t, int32_t kind, const struct uuid *id, int32_t part, struct err *reterr);
typedef bool (*part_fn)(const struct part_row *p, void *arg);
MUST_USE enum code parts_get(struct sql *q, int32_t kind, const struct uuid *id, part_fn fn, void *arg, struct err *reterr);

/* The parts of many records, asked for in the order of their ids (or against it): one question to the database for all of them.
 * One walk at a time on an sql; begin with PART_WALK, and end it always. */
struct part_walk { struct sql *q; int32_t kind; bool descending, begun, there; unsigned begun_at; struct stmt *s; };
#define PART_WALK(sql, of_kind, down) (struct part_walk){ .q = (sql), .kind = (of_kind), .descending = (down) }
MUST_USE enum code parts_walk(struct part_walk *w, const struct uuid *id, part_fn fn, void *arg, struct err *reterr);
void parts_walk_end(struct part_walk *w);
DEFINE_AUTO_VALUE(struct part_walk, parts_walk_end)

/* Lists in the order of ids (newest last), of change numbers, or of a sorted field; fn false stops. */
typedef bool (*row_fn)(const struct row *r, void *arg);
struct row_range { int32_t kind; struct uuid after; bool has_parent; struct uuid parent; bool descending; };
MUST_USE enum code rows_list(struct sql *q, const struct row_range *range, row_fn fn, void *arg, struct err *reterr);
struct change { int32_t kind; struct uuid id; int64_t change, version; bool erased, damaged; usec_t at; };
typedef bool (*change_fn)(const struct change *c, void *arg);
MUST_USE enum code changes_list(struct sql *q, int64_t after, change_fn fn, void *arg, struct err *reterr);
/* The same in a view, around damaged pages: what lies on one is named by another page, and given with `damaged` and what is known of it (kind and
 * id, and the number of the change). In its place, never left out. E_DAMAGED only where nothing names it any more. */
MUST_USE enum code rows_list_around(struct sql *q, const struct row_range *range, row_fn fn, void *arg, struct err *reterr);
MUST_USE enum code changes_list_around(struct sql *q, int64_t after, change_fn fn, void *arg, struct err *reterr);
MUST_USE enum code rows_due(struct sql *q, usec_t until, row_fn fn, void *arg, struct err *reterr);
/* The same with no more than who and when, behind a place (all zero: from the beginning): a walk of the index alone, by due date, kind and id. */
struct due_place { usec_t due; int32_t kind; struct uuid id; };
typedef bool (*due_fn)(const struct due_place *at, void *arg);
MUST_USE enum code due_walk(struct sql *q, const struct due_place *after, usec_t until, due_fn fn, void *arg, struct err *reterr);
MUST_USE enum code rows_count(struct sql *q, int32_t kind, const struct uuid *parent /* or NULL */, int64_t *ret, struct err *reterr);

/* A token and the generation of the index key that made it (index_keys.generation). While a renewal is under
 * way, `before` is the same value's token under the key before; else NULL. A generation older than the store's
 * ends with E_STALE: fetch the keys anew and write again. */
struct mark { struct token token; uint32_t generation; const struct token *before; };

/* Exact under concurrency, in records.db, inside the write. */
MUST_USE enum code claim_take(struct txn *t, int32_t kind, int32_t rule, const struct mark *what, const struct uuid *by, struct err *reterr); /* E_CONFLICT when another holds it */
MUST_USE enum code claim_holder(struct sql *q, int32_t kind, int32_t rule, const struct mark *what, struct uuid *ret, struct err *reterr);   /* E_NOT_FOUND */
MUST_USE enum code claim_drop(struct txn *t, int32_t kind, int32_t rule, const struct uuid *by, struct err *reterr);
MUST_USE enum code counter_add(struct txn *t, int32_t kind, int32_t rule, const struct uuid *scope, int64_t year, int64_t delta, int64_t *ret_now, struct err *reterr);
MUST_USE enum code counter_get(struct sql *q, int32_t kind, int32_t rule, const struct uuid *scope, int64_t year, int64_t *ret, struct err *reterr);
/* No overlap of [from, until) for the same `what`; E_CONFLICT when another record's span touches. */
MUST_USE enum code span_take(struct txn *t, int32_t kind, int32_t rule, const struct mark *what, usec_t from, usec_t until, const struct uuid *by, struct err *reterr);
MUST_USE enum code span_drop(struct txn *t, int32_t kind, int32_t rule, const struct uuid *by, struct err *reterr);

/* The index (index.db): tokens and sorted values of a record, replaced as a whole. Applied after the
 * record's commit and before the reply; caught up at start. A write does not see the index of its own group.
 * `generation` is that of the index key that made the tokens; an older one ends with E_STALE, as above. */
struct sorted_value { int32_t field; int64_t number; const char *text; /* text NULL: number */ };
MUST_USE enum code index_put(struct txn *t, int32_t kind, const struct uuid *id, uint32_t generation, const struct token *tokens, size_t token_count,
                             const struct sorted_value *sorted, size_t sorted_count, struct err *reterr);
typedef bool (*id_fn)(const struct uuid *id, void *arg);
MUST_USE enum code index_find(struct sql *q, int32_t kind, const struct token *token, const struct uuid *after, id_fn fn, void *arg, struct err *reterr);
struct sorted_range { int32_t kind, field; bool number; int64_t from, until; const char *text_from, *text_until; /* NULL: open */
                      bool descending; bool has_after; int64_t after_number; const char *after_text; struct uuid after_id; };
typedef bool (*sorted_fn)(const struct uuid *id, const struct sorted_value *v, void *arg);
MUST_USE enum code index_range(struct sql *q, const struct sorted_range *range, sorted_fn fn, void *arg, struct err *reterr);
/* Re-encrypts every token of every tenant (claims and spans too) from one index key to the next, in steps beside
 * running writes; a cut renewal goes on where it stopped. keys_of gives the two keys of a tenant and the
 * generation of the newer. Call it when index_keys has turned to the new generation. */
typedef enum code (*index_keys_fn)(void *arg, int64_t tenant, struct key *ret_before, struct key *ret_now, uint32_t *ret_generation, struct err *reterr);
/* The newest generation that a renewal has begun for, since the start: whoever searched with older keys may have found nothing for that. */
uint32_t index_generation(const struct store *s);
MUST_USE enum code index_renew(struct store *s, index_keys_fn keys_of, void *arg, struct err *reterr);
/* Calls `fn` for each change that the index has not followed (after a crash or index_drop_all), oldest first, and
 * marks the index as caught up at the end. fn reads the record again inside its own write and puts its index;
 * one that returns false stops, and the index stays behind. What erased
 * records were found by is taken away before fn sees the change. Nothing behind: returns at once. */
MUST_USE enum code index_behind(struct store *s, int64_t tenant, change_fn fn, void *arg, struct err *reterr);
MUST_USE enum code index_drop(struct store *s, int64_t tenant, struct err *reterr);    /* the same for one tenant */
MUST_USE enum code index_drop_all(struct store *s, struct err *reterr);    /* before a rebuild: every tenant is behind from the start */
