/* policy.h — pure decisions, each with its reason: who sees and changes which fields of which record now,
 * who may make a move, when a part is due. Nothing here reads the store: the caller passes what is known of the
 * record (facts). Thread-safe.
 * "own" is the tenant's for its staff and the subject's for a person: the subject's when the caller came by a private link, is of the
 * public (charter_public), or the kind is about the caller's role; the tenant's otherwise. A person with several records of its own sees
 * what it would see with each of them alone: a grant, its relation and its window are held against one of them at a time. */
#pragma once
#include "base/uuid.h"
#include "charter/charter.h"
#include "policy/scope.h"

enum verb { V_READ, V_CREATE, V_CHANGE, V_ERASE, V_EXPORT, V_IMPORT, V_VERBS };
const char *verb_name(enum verb verb);   /* "read": as in the scope of a token */

/* A role is given over a scope: a level for everything of the tenant, and levels for single records (an event, a calendar, a sending
 * account) and for what belongs to them or refers to them by a reference that lies outside the sealed part. Where a record lies under
 * several that are named, the lowest of their levels counts; where under none, `all`. A kind that comes under nothing that has levels
 * goes by the highest that the account has. Levels narrow what the role may do and never widen it. */
enum access_level { LEVEL_NONE, LEVEL_READ, LEVEL_WRITE };
struct level_of { int kind; struct uuid id; enum access_level level; };
struct levels { enum access_level all; size_t count; const struct level_of *list; };

/* What a tenant opened for the operator's staff; kinds NULL: all. */
struct open_window { int64_t number; const int *kinds; size_t kind_count; usec_t until; };

/* A person's own record, where it has several. */
struct own_record { int kind; struct uuid id; };

/* Why the tenant's own role uses what is restricted all the same (GDPR, article 18(2)); it names one with the call. */
enum use_ground { GROUND_NONE, GROUND_CONSENT, GROUND_CLAIMS, GROUND_PROTECTION, GROUND_PUBLIC, GROUND_LAW, GROUNDS };
const char *use_ground_name(enum use_ground ground);     /* "claims"; NULL for GROUND_NONE */
MUST_USE bool use_ground_read(const char *text, enum use_ground *ret);

/* Who asks. */
struct caller {
    int64_t tenant;
    int person;                          /* index of the charter's people; the tenant's own role is charter_tenant() */
    int64_t token;                       /* its number, for the ledger; 0: a public form or sejf itself; below: of a webhook */
    bool by_form;                        /* a public form: creates a record of its kind with the fields it asks, and nothing else;
                                          * person: whom the kind is about */
    bool by_sejf;                        /* sejf itself (jobs, demo, probes): everything of the tenant, moves included */
    int subject_kind; struct uuid subject;   /* private link: the record that is the person's own; kind -1: none */
    struct uuid self;                    /* id that references to this person carry (a courier's record); null: none */
    bool by_link;                        /* came by private link */
    bool loopback;
    const struct scope *scope;           /* of the token, or NULL: all */
    struct uuid account;                 /* of the session, or whose token it is; null: none */
    bool by_session;                     /* signed in, in a browser */
    bool staff;                          /* the operator's: person is a built-in one, the tenant is not its own */
    const struct levels *levels;         /* NULL: everything, written too */
    const struct open_window *window;    /* of `staff`: what the tenant has opened for it now, to read; NULL: nothing */
    const struct own_record *owned; size_t owned_count;       /* of a person of the public with an account: its records beside `subject` */
    const char *purpose;                 /* that the call names; NULL: the kind's first */
    enum use_ground ground;              /* for which restricted records are used */
    const uint8_t *notice;               /* SHA-256 of what a person read before it consented; NULL: not known */
};

/* What stands beside a record and ends uses of it, whoever may see it: its processing is restricted; somebody objected to a purpose of it;
 * its address has not confirmed it. And where it came from: an import, which a charter may forbid to write to. */
struct marks { bool restricted, objected, unconfirmed, imported; };

/* A use that came with a newer charter: what was given before it is locked for it, until its person consents (GDPR, article 6(4)). */
struct use_lock {
    int kind, purpose /* index of used_for; -1 */, person, field /* that this person sees since then; -1 */;
    int64_t born;                        /* records with a pseudonym below were given before */
    const char *what;                    /* as the store names it */
    const char *consent;                 /* the purpose needs this consent of every record, by the charter itself; NULL: it came later */
    struct span lasts;                   /* of that consent; all zero: no end */
};

/* Facts about one record that decisions need; looked up lazily by the caller's function. */
struct facts {
    const struct charter *charter;
    int kind; struct uuid id;
    usec_t now;
    struct marks marks;
    int64_t born;                        /* its pseudonym */
    const struct use_lock *locks; size_t lock_count;          /* of its kind and tenant; most services have none */
    void *arg;
    /* Value of a field of this record, or of the one record of that kind that it belongs to, or of the caller's own
     * record of that kind; *ret_text NULL: not set or no such record. Lives until the facts end. */
    enum code (*clear)(void *arg, int kind, int field, const char **ret_text, struct err *reterr);
    /* Does the relation hold between the caller and this record now? */
    enum code (*related)(void *arg, int relation, const struct caller *who, bool *ret, struct err *reterr);
    /* Is this record that one, does it belong to it (however far up), or refer to it by a field outside the sealed part? */
    enum code (*within)(void *arg, int kind, const struct uuid *id, bool *ret, struct err *reterr);
    /* Is this record the caller's own (subject)? */
    enum code (*owns)(void *arg, const struct caller *who, bool *ret, struct err *reterr);
    /* From now on "the caller" of `clear` is this one. NULL: nothing hangs on it. */
    void (*as)(void *arg, const struct caller *who);
    /* With marks.objected: was the use for that purpose (index of used_for) objected to? */
    enum code (*objects)(void *arg, int purpose, bool *ret, struct err *reterr);
    /* With locks: has its person consented to that use? */
    enum code (*consented)(void *arg, const struct use_lock *lock, bool *ret, struct err *reterr);
};

struct verdict { fieldset fields; bool any; const char *reason; /* English, no values */
                 const char *barred; /* it would see the record but for this mark of it; NULL: none */ };
fieldset kind_all(const struct kind *k);                 /* every field */
/* Fields that a new record cannot do without: neither optional nor given a value by sejf itself. */
fieldset kind_needs(const struct kind *k);
/* Is this one_of field moved by declared moves? Such a field starts at kind_start and changes by moves only. */
bool field_has_moves(const struct kind *k, int field);
/* The option that a new record takes where the input says none: the one that a capacity counts, else the first; -1 for a field
 * without moves. */
int kind_start(const struct kind *k, int field);
/* What a public form asks. */
fieldset kind_asks(const struct kind *k);

/* Which fields the caller may read. `any` false: the record does not exist for the caller. */
MUST_USE enum code policy_sees(const struct caller *who, const struct facts *f, struct verdict *ret, struct err *reterr);
/* Which fields the caller may set (create: facts speak of the record as proposed; change: as it stands). Fields with moves are
 * in the set only where the caller may choose them freely at the start; later policy_move decides. */
MUST_USE enum code policy_changes(const struct caller *who, const struct facts *f, enum verb verb, struct verdict *ret, struct err *reterr);
/* May this kind be listed, searched, made … at all by the caller (fields that some grant could show or set)? Also holds the
 * caller to the scope of its token. */
struct verdict policy_kind(const struct charter *c, const struct caller *who, int kind, enum verb verb);
/* Does the scope of the caller's token reach this? */
bool policy_scope(const struct charter *c, const struct caller *who, int kind, enum verb verb);
/* Does "own" of this kind mean the subject's for this caller? */
bool policy_own_is_subject(const struct charter *c, const struct caller *who, int kind);
/* Is all that the caller may see of this kind its own, as a person's (and not the tenant's)? */
bool policy_only_own(const struct charter *c, const struct caller *who, int kind);
/* May the caller move the one_of field from one option to another? NULL reason: yes. Where the kind declares no
 * moves for that field every change of it by who may change it is fine. */
struct standing { bool owns, writes; };       /* the record is the caller's own; the level reaches to writing it */
MUST_USE enum code policy_stands(const struct caller *who, const struct facts *f, struct standing *ret, struct err *reterr);
MUST_USE bool policy_move(const struct charter *c, const struct caller *who, int kind, int field, int from, int to, const struct standing *at, const char **ret_reason);

/* ---- levels. The account's level for this record; LEVEL_WRITE for who has no levels. policy_sees, policy_changes and policy_kind ask
 * it themselves, but for a record that is to be made: what it would belong to and refer to decides, when that is known to be there. */
MUST_USE enum code policy_level(const struct caller *who, const struct facts *f, enum access_level *ret, struct err *reterr);
/* The highest level that the account may have for a record of that kind; that no record of it is below `least`. */
enum access_level policy_level_most(const struct charter *c, const struct caller *who, int kind);
/* Does a level speak of such records: one that the account has, or one that the charter has? Else they go by the highest of the account's. */
bool policy_spoken_of(const struct charter *c, const struct caller *who, int kind);
bool policy_level_whole(const struct charter *c, const struct caller *who, int kind, enum access_level least);
/* Do levels hide no record of any kind from the caller? */
bool policy_whole(const struct charter *c, const struct caller *who);
/* Can a record of `kind` come under one of `under`: be it, belong to it however far up, or refer to it outside the sealed part? */
bool policy_comes_under(const struct charter *c, int kind, int under);
bool kind_refers(const struct kind *k, int kind);         /* does a reference of it that lies outside the sealed part lead to that kind? */

/* ---- purposes. For what does this call read such records? *ret (may be NULL): index of used_for; -1: nobody asks (sejf itself, a private
 * link, a kind without purposes). E_FORBIDDEN, with those that there are, where the call names another or its scope leaves all out. */
MUST_USE enum code policy_purpose(const struct charter *c, const struct caller *who, int kind, int *ret, struct err *reterr);
/* ---- uses. Do the record's marks end this use? *ret_bar NULL: no; else why, for who may know of the record. policy_sees asks it itself.
 * A restricted record is used by its person, by sejf, and by the tenant's own role with a ground; one that is not confirmed by nobody; one
 * whose use for a purpose was objected to is left out of every use for it. The person itself always sees its own confirmed record. */
MUST_USE enum code policy_uses(const struct caller *who, const struct facts *f, const char **ret_bar, struct err *reterr);
/* Takes from *fields what this caller may not see of a record that was given before the charter let it. *ret_bar: the whole record is
 * locked for the purpose of the call. */
MUST_USE enum code policy_locks(const struct caller *who, const struct facts *f, fieldset *fields, const char **ret_bar, struct err *reterr);
/* May the use for that purpose be objected to (GDPR, article 21)? It rests on an interest, or is marketing. */
bool policy_objectable(const struct kind *k, int purpose);
/* The name by which a purpose stands in registers: the first language that it is written in. */
const char *purpose_name(const struct kind *k, int purpose);
/* The instant of an anchor, from facts; USEC_NEVER: not known yet. */
MUST_USE enum code policy_anchor(const struct anchor *a, const struct facts *f, usec_t created, usec_t changed, usec_t *ret, struct err *reterr);
/* Due date of a part; USEC_NEVER: none (the owner deletes it, or its anchor is not known yet). */
MUST_USE enum code policy_due(const struct keep *k, const struct facts *f, usec_t created, usec_t changed, usec_t *ret, struct err *reterr);
/* Is the window open at f->now? */
MUST_USE enum code policy_window(const struct window *w, const struct facts *f, bool *ret, struct err *reterr);
