/* draft.h — inside records: a record as it shall become, ready to be written: sealed parts, what it is found by, claims.
 * Made outside of the write by draft_prepare; written by draft_write inside one, which decides what must be exact there
 * (seats, uniqueness, overlaps, numbers, due dates) and may run twice; ended by draft_end. */
#pragma once
#include "records/facts.h"
#include "records/find.h"
#include "records/says.h"

struct sealed { struct buf blob; key_id id; usec_t due; struct key key; bool has, drop, fresh; };
struct claim { struct token token, before; uint32_t generation; bool has, has_before; usec_t from, until; };

struct reply_wish { bool wanted; uint8_t key_hash[HASH_SIZE], request_hash[HASH_SIZE]; struct key key; key_id id; usec_t due; int status; };

struct draft {
    struct service *s;
    const struct caller *who;
    struct arena *arena;
    struct record rec;
    struct record *old;                        /* NULL: a new record */
    fieldset changed;                          /* fields that differ from old */
    fieldset shows;                            /* of the reply */
    struct index_keys *keys;                   /* of the tenant; the caller's */
    struct sealed *seals;                      /* for each part */
    struct token_list tokens;
    bool quiet;                                /* the record stays as it is and only moves its fields: same version, same times */
    bool many;                                 /* others like it follow at once: keys are made some at a time */
    bool own_id;                               /* a new record with an id that the request chose */
    struct claim *claims, *old_claims;         /* for each limit */
    struct value *wished;                      /* the values as asked for */
    key_id *doomed; size_t doomed_count, doomed_ready;       /* the first `ready` come from draft_prepare, the others from the write */
    const struct file_row *file;               /* a new file of this record */
    struct uuid file_task;                     /* TASK_UPLOAD of that file */
    json_t *what;                              /* of the ledger entry; NULL: none is written (an import writes one for many) */
    const char *verb;
    struct post_ready *letter;                 /* put in the same write; or NULL */
    const struct caller *confirms;             /* whose address confirms the record now; or NULL */
    const char *way;                           /* by which the caller spoke of consents; NULL: its own */
    const bool *consents_asked;                /* of which it spoke, by kind_info.consents; NULL: of those that moved */
    bool objects;                              /* an objection of the same address is inherited: set by draft_prepare */
    struct reply_wish reply;
    struct mistakes mistakes;                  /* refusals of the write */
    /* what the write found */
    bool replayed;                             /* this request was answered before */
    bool stale;                                /* the record changed meanwhile */
    bool written;                              /* it stands, whatever followed */
    bool unsure;                               /* the commit failed, and may be durable all the same */
    bool more;                                 /* a task was left to be done after the write */
};

/* d->rec holds the values, d->old what is stored. Makes keys, seals, tokens, claims. */
MUST_USE enum code draft_prepare(struct draft *d, struct fact_source *facts, struct err *reterr);
/* write_fn's body. known: records looked up in this write already, shared by the drafts of one write. */
MUST_USE enum code draft_write(struct txn *t, struct draft *d, struct looked_up **known, struct err *reterr);
/* store_write of one draft, and what follows it: destroyed keys, tasks. */
MUST_USE enum code draft_commit(struct draft *d, struct err *reterr);
/* The index key is a new one: tokens and claims anew, before another write. */
MUST_USE enum code draft_rekey(struct draft *d, struct err *reterr);
/* After a write that was made by others (an import): the same. */
MUST_USE enum code draft_settle(struct draft *d, struct err *reterr);
/* What a write of this draft answered, for draft_end. */
void draft_answered(struct draft *d, enum code code);
/* Wipes keys; those of a draft that was surely not written go to the spares. */
void draft_end(struct draft *d);
/* "token 7", "account 0193…", "link 12", "form", "sejf": as it stands in the ledger. room: CALLER_TEXT. */
#define CALLER_TEXT 64
const char *caller_text(const struct caller *who, char *buf, size_t room);
