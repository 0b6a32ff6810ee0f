/* policy.h — pure decisions, each with its reason: who sees and changes which fields of which record now,
 * who may make a move, what a limit says. Nothing here reads the store: the caller passes what is known of the
 * record (facts). Thread-safe. */
#pragma once
#include "base/uuid.h"
#include "charter/charter.h"

enum verb { V_READ, V_CREATE, V_CHANGE, V_ERASE, V_EXPORT, V_IMPORT, V_VERBS };

/* Who asks. */
struct caller {
    int64_t tenant;
    int person;                          /* index of the charter's people; the tenant's own role is charter_tenant() */
    int64_t token;                       /* its number, for the ledger; 0: a public form or sejf itself */
    bool by_form;                        /* a public form: creates a record of its kind with the fields it asks, and nothing else;
                                          * person: whom the kind is about */
    bool by_sejf;                        /* sejf itself (jobs, demo, probes): everything of the tenant, moves and limits included */
    int subject_kind; struct uuid subject;   /* private link: the record that is the person's own; kind -1: none */
    struct uuid self;                    /* id that references to this person carry (a courier's record); null: none */
    bool by_link;                        /* came by private link */
    bool loopback;
    const char *scope;                   /* JSON of the token, or NULL: all */
};

/* Facts about one record that decisions need; looked up lazily by the caller's function. */
struct facts {
    const struct charter *charter;
    int kind; struct uuid id;
    usec_t now;
    void *arg;
    /* Value of a field outside the sealed part, of this record or of one that it refers to; *ret_text NULL: not set. */
    enum code (*clear)(void *arg, int kind, int field, const char **ret_text, struct err *reterr);
    /* Does the relation hold between the caller and this record now? */
    enum code (*related)(void *arg, int relation, const struct caller *who, bool *ret, struct err *reterr);
    /* Is this record the caller's own (subject)? */
    enum code (*owns)(void *arg, const struct caller *who, bool *ret, struct err *reterr);
};

struct verdict { fieldset fields; bool any; const char *reason; /* English, no values */ };
/* Which fields the caller may read. `any` false: the record does not exist for the caller. */
MUST_USE enum code policy_sees(const struct caller *who, const struct facts *f, struct verdict *ret, struct err *reterr);
/* Which fields the caller may set (create: initial; change: later). */
MUST_USE enum code policy_changes(const struct caller *who, const struct facts *f, enum verb verb, struct verdict *ret, struct err *reterr);
/* May this kind be listed or searched at all by the caller (fields that some grant could show)? */
struct verdict policy_kind(const struct charter *c, const struct caller *who, int kind, enum verb verb);
/* May the caller move the one_of field from one option to another? NULL reason: yes. Where the kind declares no
 * moves for that field every change of it by who may change it is fine. */
MUST_USE bool policy_move(const struct charter *c, const struct caller *who, int kind, int field, int from, int to, bool owns, const char **ret_reason);
/* The instant of an anchor, from facts; USEC_NEVER: not known yet. */
MUST_USE enum code policy_anchor(const struct anchor *a, const struct facts *f, usec_t created, usec_t changed, usec_t *ret, struct err *reterr);
/* Due date of a part. */
MUST_USE enum code policy_due(const struct keep *k, const struct facts *f, usec_t created, usec_t changed, usec_t *ret, struct err *reterr);
