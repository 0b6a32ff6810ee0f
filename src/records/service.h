/* service.h — inside records: a service that runs, and what is worked out once for each kind. Shared by threads;
 * nothing changes after service_open but what says so. */
#pragma once
#include <pthread.h>

#include "base/arena.h"
#include "records/asks.h"
#include "records/records.h"
#include "records/value.h"

#define CONSENTS_MAX 16
struct kind_info {
    const struct kind *kind;
    int index;                                 /* in the charter */
    int32_t number;                            /* stable numbers: of the kind, its fields, parts, limits and its numbering */
    int32_t fields[FIELDS_MAX];
    int32_t *parts, *limits, *waits;           /* waits: where the search for the first waiting record begins */
    int32_t numbering;
    uint8_t by_name[FIELDS_MAX];               /* field indexes in the order of their names */
    const char *labels[FIELDS_MAX], *parent_label;       /* "name": as it stands before a value in a reply */
    fieldset sorted, found, states;            /* in the index by value; by token; one_of with moves */
    fieldset counted;                          /* states that a capacity counts: the write decides them, so they are outside the index */
    const int *children; size_t child_count;   /* kinds that belong to this one */
    const char *consents[CONSENTS_MAX]; size_t consent_count;
    const char *use_names[CONSENTS_MAX];       /* by consent: "purpose sending offers", which is used only with it; NULL: it is one of fields or of the record */
    size_t use_count;                          /* of these */
    const struct zone *zone;
    const char *agreed;                        /* "because: consent X" of the kind itself; NULL */
    bool has_files;                            /* some field is a file */
    bool takes_forms;                          /* a public form stands under its records */
    bool due_by_parent;                        /* some part counts from a field of the parent */
};

struct spares; struct walks; struct pool; struct reads; struct key_memory; struct agreed; struct locks;
struct service {
    const struct charter *charter;
    struct store *store;
    struct keeper_client *keeper;
    char *files;
    char *base;                                /* link.h; NULL: not known */
    struct value_rules rules;
    const struct prices *prices;               /* of text messages, or NULL */
    int32_t task_kind;                         /* rows of task.h */
    size_t kinds;
    struct kind_info *info;                    /* by charter index */
    struct arena *arena;                       /* memory of all this */
    struct spares *spares;                     /* spare.h */
    struct pool *pool;                         /* pool.h */
    struct reads *reads;                       /* reads.h */
    struct walks *walks;                       /* walks.h */
    struct key_memory *key_memory;             /* keys.h */
    struct agreed *agreed;                     /* agreed.h */
    struct locks *locks;                       /* locks.h */
    struct ask_way asks;                       /* asks.h; set before the first request */
};

const struct kind_info *service_kind(const struct service *s, int kind);
const struct kind_info *service_kind_by_number(const struct service *s, int32_t number);    /* NULL: none */
/* The arena of one request. */
#define REQUEST_MAX ((size_t)64 << 20)
