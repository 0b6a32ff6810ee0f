/* inner.h — what the files of this folder share: the store, its connections, the write under way.
 * The commit thread alone touches `writer`, the tenant states and the operations for the index; the queue, the
 * views and the waiters are behind `lock`. */
#pragma once
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/uuid.h"
#include "crypto/crypto.h"
#include "db/db.h"
#include "store/shorthand.h"
#include "store/store.h"

#define GROUP_MAX 512u                        /* writes that share a commit */
#define STATES_MAX 1024u                      /* tenants whose clock and chain head stay in memory */
#define OPS_MAX ((size_t)64 << 20)            /* bytes of index operations of a group */
#define OPS_KEPT ((size_t)1 << 20)             /* of which so much stays allocated between groups */
#define WAL_RECORDS 12000                     /* pages in a WAL that set the carrier off: 48 MB */
#define WAL_INDEX 24000
#define WAL_MOST 4                            /* so many times that: SQLite carries within a commit */
#define WAITERS 256u                          /* lists of those who wait for a change, by tenant */

struct sql {
    struct store *store;
    struct db *records, *index;
    int64_t tenant;
    struct txn *txn;                          /* NULL in a view */
    unsigned begun;                           /* how often view_again began it anew */
    bool index_begun;                         /* of a view: its read of the index, which most views have none of */
    struct buf scratch;                       /* texts of the row that was returned last */
};

/* What a group knows about a tenant: as in the database at its begin, moved on by each write. */
struct state {
    struct state *next;                       /* in its list of the table */
    struct state *next_dirty;
    int64_t tenant, change, records;
    int64_t begin, begin_records;             /* as they were when the group began */
    uint64_t seq;                             /* of the ledger chain */
    uint8_t head[HASH_SIZE];
    bool chain_known, dirty;
};

/* Tables that hold nothing of a kind's records, of those that an erasure would look into: asked once in a write that erases many. */
enum beside { BESIDE_CLAIM, BESIDE_SPAN, BESIDE_GIVEN, BESIDE_CONSENT, BESIDES };
struct bare { int32_t kind; size_t erased; bool known; bool is[BESIDES]; };

struct txn {
    struct sql sql;
    struct bare bare;                         /* of this write, and only until a row is put beside a record */
    enum { PACKS_UNKNOWN, PACKS_NONE, PACKS_SOME } packs;   /* has the tenant any that end with a key? Of this write, likewise */
    usec_t now, ran;
    struct state *state;
    struct state *beside, beside_before;      /* of the other tenant that this write writes for; NULL: none */
    struct buf ops;                           /* for the index, applied once the records are durable */
};

struct view { struct view *next; struct sql sql; };

struct request {
    struct request *next;
    int64_t tenant;
    write_fn fn;
    enum code (*job)(struct store *s, void *arg, struct err *reterr);   /* instead of fn: runs outside a transaction */
    void *arg;
    void (*free_arg)(void *);
    enum code code;
    struct err *reterr;
    sem_t *done;                              /* NULL: nobody waits; the request is the store's */
};

struct waiter { struct waiter *next; int64_t tenant, newest; pthread_cond_t moved; };

struct carrier;                               /* carry.c */

struct store {
    struct carrier *carrier;
    char *records_path, *index_path;
    struct store_options options;
    /* the commit thread's */
    struct txn writer;
    struct state *states[STATES_MAX], *dirty;
    size_t state_count;
    int64_t others;                           /* db_others as seen last */
    struct request *group[GROUP_MAX];
    _Atomic uint32_t generation;              /* tokens of an older index key are refused */
    int64_t wal_pages[2];                     /* of records and index: above, the carrier is asked */
    _Atomic uint64_t index_gaps, gaps_settled; /* times the index could not follow; of which it has caught up */
    _Atomic bool index_damaged;               /* seen by whoever read it */
    _Atomic bool index_remade;                /* since store_open began */
    usec_t ran_from, ran_steady;              /* store_ran at the opening, and the steady clock then; never changed */
    usec_t ran_noted, ran_wrote;              /* as it stands in the database; as the write under way leaves it */
    struct err scratch;
    /* behind lock */
    pthread_mutex_t lock;
    pthread_cond_t queued, view_back;
    pthread_t thread;
    bool running, stopping, idle;
    struct request *first, *last;
    size_t waiting;
    struct view *views;
    size_t views_open;
    bool remaking;                            /* the index: no view begins meanwhile */
    struct waiter *waiters[WAITERS];
    struct store_status status;
};

/* schema.c */
MUST_USE enum code schema_records(struct db *db, struct err *reterr);
MUST_USE enum code schema_index(struct db *db, struct err *reterr);

/* commit.c */
MUST_USE enum code commit_start(struct store *s, struct err *reterr);
void commit_stop(struct store *s);
/* Runs `job` on the commit thread between two groups, and waits for it. */
MUST_USE enum code commit_job(struct store *s, enum code (*job)(struct store *s, void *arg, struct err *reterr), void *arg, struct err *reterr);
MUST_USE enum code state_chain(struct txn *t, struct err *reterr);      /* makes seq and head of the txn's tenant known */
void state_touch(struct txn *t);                                        /* its clock row will be written */
MUST_USE enum code clock_read(struct sql *q, int64_t *ret_change, int64_t *ret_records, struct err *reterr);
typedef enum code (*tenant_id_fn)(void *arg, int64_t tenant, struct err *reterr);
/* Every tenant that has ever written, in order. fn may read and write. */
MUST_USE enum code clock_tenants(struct store *s, tenant_id_fn fn, void *arg, struct err *reterr);

/* rows.c: where a list begins */
struct row_range;
struct uuid row_range_start(const struct row_range *range);

/* ran.c */
MUST_USE enum code ran_start(struct store *s, struct err *reterr);      /* before the commit thread runs */
MUST_USE enum code ran_note(struct store *s, struct err *reterr);       /* inside the commit thread's transaction: once a minute at most */

/* carry.c */
MUST_USE enum code carry_start(struct store *s, struct err *reterr);
void carry_stop(struct store *s);
void carry_ask(struct store *s);

/* store.c: index.db, and a new one in its place */
MUST_USE enum code index_make_anew(struct store *s, struct err *reterr);   /* no connection may be open */
MUST_USE enum code index_open(const char *path, struct db **ret, struct err *reterr);
void views_close(struct store *s);                                     /* those that rest; under lock */

/* Who meets damage in the index tells: it is made anew (store_index_remake). */
static inline enum code index_told(struct store *s, enum code code) {
    if (code == E_DAMAGED)
        s->index_damaged = true;
    return code;
}

/* Whoever puts a row beside a record says so. */
static inline void beside_put(struct txn *t) { t->bare.known = false; }

/* index.c: called by the commit thread */
MUST_USE enum code index_apply(struct store *s, const struct buf *ops, struct err *reterr);
MUST_USE enum code index_reached(struct store *s, int64_t tenant, int64_t begin, int64_t now, struct err *reterr);
MUST_USE enum code index_erase(struct txn *t, int32_t kind, const struct uuid *id, struct err *reterr);
/* Does the group erase so many that only a note is left of what they were found by (gone.h)? index_apply passes over them then. */
bool index_leaves(const struct buf *ops);
MUST_USE enum code index_entry_drop(struct store *s, int64_t tenant, int32_t kind, const struct token *token, const struct uuid *id, struct err *reterr);
/* *ret_moved: its tokens were renewed after that generation, and it stands still. */
MUST_USE enum code index_doc_drop(struct store *s, int64_t tenant, int32_t kind, const struct uuid *id, uint32_t generation, bool *ret_moved, struct err *reterr);

/* gone.c */
MUST_USE enum code gone_note(struct store *s, int64_t tenant, int64_t since, int64_t upto, struct err *reterr);      /* by the commit thread */
MUST_USE enum code gone_any(struct sql *q, bool *ret, struct err *reterr);

MUST_USE enum code index_prepare(struct sql *q, const char *text, struct stmt **ret, struct err *reterr);   /* over the index; nothing bound */
MUST_USE enum code generation_check(const struct txn *t, uint32_t generation, struct err *reterr);
