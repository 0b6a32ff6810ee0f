/* charter.h — the frozen model of one charter: what a service holds and promises, checked.
 * Made by charter_load (load.h), never changed afterwards, so threads share it freely. All
 * pointers live as long as the charter. Names are as declared; indexes are stable for one model
 * only (stored data names kinds and fields by their stable ids, see store/schema.h). */
#pragma once
#include "base/lang.h"
#include "base/rule.h"
#include "base/time.h"

struct charter;                               /* opaque owner; see load.h */

#define FIELDS_MAX 64                         /* in one kind, so that a set of them is one word */
#define KINDS_MAX 4096
typedef uint64_t fieldset;                    /* bit i: field i of its kind */

enum field_type { T_TEXT, T_EMAIL, T_PHONE, T_NAME, T_ADDRESS, T_NUMBER, T_MONEY, T_TIME, T_DATE, T_YESNO,
                  T_ONE_OF, T_REFERENCE, T_FILE, T_PLACE, T_JSON, T_COUNTER, FIELD_TYPES };
enum field_level { L_PLAIN, L_PERSONAL, L_SENSITIVE, L_SECRET };
enum find_mode { FIND_EXACT = 1, FIND_WORD = 2, FIND_PREFIX = 4 };

struct pos { int line, column; };             /* from 1 */

struct field {
    const char *name;
    struct words label;                       /* what people read: never NULL in any language (labels.h) */
    enum field_type type;
    enum field_level level;
    bool optional, sorted, outside;           /* outside: rules need it or it is sorted, so it is stored unsealed (never personal) */
    bool masked;                              /* written with the mask of masks.email only */
    unsigned found;                           /* bits of enum find_mode */
    const char *consent;                      /* "only with consent X"; NULL */
    const char *const *options; size_t option_count;   /* T_ONE_OF */
    const struct words *option_labels;
    int refers;                               /* T_REFERENCE: kind, or -1 */
    int part;                                 /* index into kind.parts */
    struct pos pos;
};

/* An anchor: an instant that a rule counts from. */
enum anchor_type { A_NONE, A_CREATED, A_CHANGED, A_FIELD, A_PARENT_FIELD };
struct anchor {
    enum anchor_type type;
    int kind, field;                          /* kind: own, or the parent's */
    char end_of;                              /* 0, 'd', 'm', 'y': "end of year of issued" */
};

enum keep_type { KEEP_OWNER /* until the owner deletes it */, KEEP_SPAN /* span after anchor, then erase */, KEEP_WITH_PARENT };
struct keep {
    enum keep_type type;
    struct span span;
    struct anchor anchor;                     /* an anchor not yet known: no due date yet */
    int count;                                /* "count by status stays": of what its date erases, how many had which option of this field; -1 */
    struct pos pos;
    const char *text;                         /* the sentence as written */
};

struct part {                                 /* the unit of encryption and of erasure */
    const char *name;                         /* stable: "main", "main+diet", "keep2", … */
    fieldset fields;
    struct keep keep;
    const char *consent;                      /* or NULL */
    bool by_law;                              /* a law demands it until its due date: nobody erases it sooner */
    struct words law;                         /* which, by language; with by_law */
};

enum limit_type { LIMIT_CAPACITY, LIMIT_UNIQUE, LIMIT_NO_OVERLAP };
struct limit {
    enum limit_type type;
    /* LIMIT_CAPACITY: "accepted at most event.seats, else waiting" */
    int state_field;                          /* the one_of field */
    int full_option, else_option;             /* options of it; else -1: refuse */
    int64_t capacity;                         /* fixed number, or -1: from the parent's field */
    int capacity_field;                       /* field of the parent kind */
    /* LIMIT_UNIQUE: "one for each event and email" */
    bool per_parent; fieldset unique;         /* own fields; parent too when per_parent */
    /* LIMIT_NO_OVERLAP: "no overlap of staff and time" */
    fieldset overlap; int from_field, to_field;   /* who (references) and when; to -1: a single instant */
    /* Unique and no overlap: "…, cancelled or missed not counted": records whose state is one of these neither
     * block nor are blocked. except_field -1: every record counts. */
    int except_field; uint64_t except;        /* one_of field, bits of its options */
    struct pos pos; const char *text;
};

/* People that may do a thing: bits of the charter's people. */
typedef uint32_t peopleset;
struct move {
    int field, from, to;                      /* one_of field, options */
    peopleset who;
    bool when_free;                           /* "or first when a seat is free": done by sejf itself */
    struct pos pos; const char *text;
};

struct number_format {                        /* "FV/2026/000001 per organiser, without gaps" */
    const char *prefix;                       /* "FV/" */
    bool year; const char *after_year;        /* "/" */
    int digits;
    enum { PER_TENANT, PER_PARENT } scope;
    bool gapless;
    bool set;                                 /* false: the kind has no number */
};

/* Who is told before records of the kind are erased by date, and how long before. room: what the erasure of one that was told of late may be
 * moved by at most; all zero: the due date is the law. person -1: the kind has no `warn`. */
struct warn { int person; struct span before, room; };

/* "by sms 24 hours before starts, only phone and time in the text, not when waiting, between 8:00 and 21:00". The anchor is sorted by itself. Nobody is reminded of
 * a record whose state no move leaves. */
struct remind {
    bool said, sms;
    struct span before;
    int anchor;                               /* a field of type time or date */
    bool only; fieldset fields;               /* only these and the time stand in the text; else: whatever its template says */
    int except_field; uint64_t except;        /* options; -1: none */
    int from, until;                          /* minutes of the day, by the charter's clock: 480 and 1260 unless said otherwise */
};

struct when_deleted { int kind; bool erase; };/* erase or keep that child kind */

/* What a kind says of a consent under `consents`. */
struct consent_rule {
    const char *name;
    int purpose;                              /* index of used_for: used for it only with this consent; -1: it is one of a field or of the record */
    struct span lasts;                        /* from when it is given; all zero: until it is taken back */
};

/* Code of one's own that is asked before a record is made or moved: "stock before create and move, seeing seats, within 300 ms". The asker
 * is a name of sejf.yaml. */
struct ask_rule { const char *asker; bool create, move; int within_ms; fieldset fields /* that the question holds */; };

struct kind {
    const char *name;
    struct words label;
    const char *we_are, *because;             /* as written; NULL where not said */
    struct words ground;                      /* the law or the interest of `because`, by language; NULL: another ground */
    const struct words *used_for; size_t used_for_count;
    const struct consent_rule *consents; size_t consent_count;       /* those that a rule is said of; others last until they are taken back */
    int parent;                               /* kind it belongs to, or -1: belongs to the tenant */
    int about;                                /* person, or -1 */
    const char *form;                         /* public form name, or NULL */
    struct words form_label;
    bool confirmed;                           /* what the form makes counts only after its address confirmed it */
    fieldset asks;                            /* fields of the form; without `asks`: all but those of moves, files, references */
    struct field *fields; size_t field_count;
    struct part *parts; size_t part_count;
    struct limit *limits; size_t limit_count;
    struct move *moves; size_t move_count;
    struct number_format number;
    struct when_deleted *when_deleted; size_t when_deleted_count;
    struct warn warn;
    struct remind remind;
    struct ask_rule ask;                      /* asker NULL: nobody is asked */
    const char *kind_of_data;                 /* "health", or NULL */
    struct pos pos;
    bool personal;                            /* any field above L_PLAIN */
    fieldset outside;                         /* fields stored unsealed beside the row */
};

struct person { const char *name, *says; struct words label; bool builtin; struct pos pos; };

struct group { const char *name; int kind; fieldset fields; };

/* How a person and a record belong together. */
struct relation {
    const char *name;
    int kind, field;                          /* the record that carries the link and its reference field */
    int person;                               /* whom the field names (about-kind or account), or -1 */
    int is_kind, is_field;                    /* "position.courier is parcel.courier": parcel, courier; else -1 */
    int while_kind, while_field, while_option;/* "while visit.state is open"; -1: always */
    int until_field;                          /* of `kind`, "until share.ends"; -1: no end. A date lasts to the end of that day by the
                                               * charter's clock, a time up to that instant; a record where it is not set has no end */
    const char *text; struct pos pos;
};

enum window_type { W_ALWAYS, W_DAY_OF, W_FROM_UNTIL, W_WHILE };
/* Anchors of a window name any kind of the charter that the grant reaches: its own, its parent, or one of the relation. */
struct window {
    enum window_type type;
    struct anchor from, until;                /* W_DAY_OF uses from; W_FROM_UNTIL both */
    struct span until_after;                  /* "until 24 hours after parcel.delivered"; of nothing_personal: "unless the tenant
                                               * opens a window of at most 4 hours" (zero: never) */
    int while_kind, while_field, while_option;
};
struct grant {
    int person;
    bool everything, nothing_personal;
    int kind;                                 /* -1 with nothing_personal */
    fieldset fields;
    enum { OF_ANY, OF_OWN, OF_RELATION } of;
    int relation;                             /* its kind is the grant's kind, or belongs to it, or belongs to the same record (a fault of the machine of a visit) */
    struct window window;
    /* The way in. Neither: any. by_link: only who came by private link. by_link and by_account ("by private link or sign-in"): who
     * came by private link, and a signed-in account of that person (by its session or a token of it). by_account alone ("by
     * sign-in"): the account only. What is the account's own is what is about the subject that its membership names. */
    bool by_link, by_account;
    bool as_stream;                           /* as a file or a stream */
    bool understood;                          /* false: known, not obeyed yet: grants nothing */
    const char *text; struct pos pos;
};

/* Every line of the charter that promises something: what `check`, `prove`, `explain` and the
 * page go through. In the order of the file. */
struct line {
    const char *path;                         /* "records.registration.keep" */
    const char *text;                         /* the value as written */
    struct pos pos;
    enum rule rule;                           /* the first rule that keeps it, or RULE_COUNT: none (evidence, text) */
    const enum rule *rules; size_t rule_count;/* all rules that keep it, `rule` among them: "kept 30 days, masked when written" needs two */
    enum line_kind { LINE_RULE, LINE_EVIDENCE, LINE_TEXT } kind;
    const char *const *ids; size_t id_count;  /* promise ids in the comment behind it */
    int number;                               /* kind index it speaks of, or -1 */
    bool detail;                              /* part of a line above (a field, a purpose, a processor's place): a page may fold it */
};

/* What the charter asks of a person that signs in. */
struct sign_in_rule {
    int length;                               /* of its password, in characters; at least PASSWORD_LENGTH_LEAST */
    bool second;                              /* a second step is needed: no session without one */
    bool passkey;                             /* it signs in by passkey and by nothing else (then `second` is set too: a passkey whose
                                               * device verified the person is both steps) */
    struct span changed;                      /* the password is changed so often; zero: never */
};
#define PASSWORD_LENGTH_LEAST 12

struct copies_rule {                          /* "at most 1 a day, approved by two people, watermarked" */
    int a_day;                                /* for each tenant; 0: not limited */
    int people;                               /* 1, or 2: somebody else of the tenant who may export too approves it */
    bool watermark;
    bool said;                                /* the charter has a line `copies` */
};
/* To whom messages of a channel go: "only to participant of the same event, at most 3 a day for each person, never to imported ones, not when cancelled". The recipient is
 * a record of a kind that is about that person; it is among those of the same record of `scope`, by what it belongs to. */
struct message_rule {
    bool said;                                /* false: no line, or `never`; nothing of the channel is sent */
    int person;
    int scope;                                /* kind; -1: the tenant itself */
    int a_day;                                /* for each person, on a day of the charter's clock */
    bool not_imported;                        /* nobody whose record came by an import */
    const char *const *except; size_t except_count;          /* options of its kinds: nobody whose record is in one of these states */
};
/* Is that value of a field of type one of such a state? */
bool message_excepts(const struct message_rule *r, const char *option);
/* "each in delivery": fields by index, -1: the kind has none. to: masked; pool: taken from the field of the same name of what it belongs to. */
struct log_rule { int kind /* -1: nothing is logged */, to, at, code, encrypted, pool; };
struct mask_rule {                            /* "email: first letter and 10 stars, without domain", "chosen: by customer for each sending account, …" */
    bool without_domain;
    bool chosen;                              /* a masked field is masked unless the field `masked` of what its record belongs to says no */
};
struct changing_rule {                        /* "consent again when data already held is used or shared differently, told 30 days before" */
    bool again;                               /* data already held is locked for a new use */
    struct span told;                         /* tenants are told so long before; zero: they are not told */
};
struct sms_rules {                            /* `sms` */
    bool listed; const char *const *codes; size_t code_count;        /* only_to: "+48" */
    bool capped; int64_t spend; char currency[4];                    /* of each tenant and day, in millionths */
    int approver;                             /* the person of the operator's staff who approves a further prefix; -1: there are no exceptions */
};
struct reputation_rule { bool said; int64_t bounced, complained; /* shares of what was sent, in millionths */ };      /* "above 5 % bounced or 0.1 % complaints" */
struct sessions_rule { struct span idle, most; };   /* both set; without a line 1 hour and 12 hours */

/* How a record comes under a level of access (none, read or write for each record of some kinds): `up` steps to what it
 * belongs to (0: itself), then, where `field` is set, to the record that this reference of it names. A reference that is not
 * set is under no record, so only "all" reaches it. kind -1: no level speaks of such records, and the role alone decides. */
struct level_way { int kind, up, field; };

/* A line is kept only when its rule is OBEYED; `LATER` rules show as "not kept yet". */

struct evidence { const char *what, *owner, *until, *every, *last, *remind; struct pos pos; };   /* until, or every and last; NULL where not said */

const char *charter_name(const struct charter *c);
const char *charter_file(const struct charter *c);        /* as given to charter_load */
const struct words *charter_title(const struct charter *c);   /* missing languages fall back to English */
const char *charter_updated(const struct charter *c);     /* "2026-11-22" */
const struct zone *charter_zone(const struct charter *c);
unsigned charter_speaks(const struct charter *c);         /* bits 1 << enum lang */
enum lang charter_first_lang(const struct charter *c);    /* of those, the one that stands first: for whoever has told of none */
const char *charter_operator(const struct charter *c);    /* name */
const char *charter_contact(const struct charter *c);
const char *charter_authority(const struct charter *c);
int charter_tenant(const struct charter *c);              /* the person that is the tenant */
const uint8_t *charter_hash(const struct charter *c);     /* SHA-256 of the file, 32 bytes */

size_t charter_kinds(const struct charter *c, const struct kind **ret);
size_t charter_people(const struct charter *c, const struct person **ret);
size_t charter_relations(const struct charter *c, const struct relation **ret);
size_t charter_sees(const struct charter *c, const struct grant **ret);
size_t charter_changes(const struct charter *c, const struct grant **ret);
bool charter_has_changes(const struct charter *c, int person);   /* who_changes speaks of that person */
size_t charter_lines(const struct charter *c, const struct line **ret);
size_t charter_evidence(const struct charter *c, const struct evidence **ret);

/* Look-ups by name; -1 when there is none. */
int charter_kind(const struct charter *c, const char *name);
int charter_person(const struct charter *c, const char *name);   /* built-in ones too: support, administrator, … */
int charter_form(const struct charter *c, const char *form);     /* kind */
int kind_field(const struct kind *k, const char *name);
int field_option(const struct field *f, const char *value);
const struct kind *charter_kind_at(const struct charter *c, int kind);
int charter_relation(const struct charter *c, const char *name);
/* The purpose of the kind (index of used_for) that is named so in any language, but for spaces around it; -1. */
int kind_purpose(const struct kind *k, const char *text);
/* What is said of the consent of that name, or of the one that the purpose needs; NULL: nothing. */
const struct consent_rule *kind_consent_rule(const struct kind *k, const char *name);
const struct consent_rule *kind_purpose_consent(const struct kind *k, int purpose);

/* People with accounts. A role is written in APIs as its name is declared; of a built-in one with two words the words are
 * joined: charter_person(c, "security_officer"), which sentences call "the security officer". */
struct sign_in_rule charter_sign_in(const struct charter *c, int person);
/* May that person have an account at all? The tenant, its staff (declared people who are not of the public, and whom some line lets see
 * something or no record is about), whom sign_in names, and the operator's staff (support, administrator, security_officer). */
bool charter_signs_in(const struct charter *c, int person);
/* Is it a person of the public: some line of who_sees lets it in by private link, or as the owner of an account by sign-in? Its
 * account is opened by invitation, or by proving an address that a record about it holds. */
bool charter_public(const struct charter *c, int person);
bool charter_operator_staff(const struct charter *c, int person);   /* support, administrator or security_officer */
int charter_accounts_by(const struct charter *c);         /* who invites, suspends and removes; the tenant unless the charter names another */
bool charter_authorised_only(const struct charter *c);    /* nobody signs in without a valid authorisation */
bool charter_agreement_first(const struct charter *c);    /* no personal data before the agreement with the tenant is active */
/* What is promised for later on that line of the file: by which day; NULL: nothing. */
const char *charter_promised_by(const struct charter *c, int line);
struct log_rule charter_log(const struct charter *c);
struct mask_rule charter_masks(const struct charter *c);
/* The field of the kind that switches masking for what belongs to its records; -1. */
int kind_mask_switch(const struct kind *k);
struct copies_rule charter_copies(const struct charter *c);
struct changing_rule charter_changing(const struct charter *c);
struct sessions_rule charter_sessions(const struct charter *c);
/* How long somebody who complained gets nothing; without a line 2 years. */
struct span charter_complaint_lasts(const struct charter *c);
const struct sms_rules *charter_sms(const struct charter *c);
struct reputation_rule charter_reputation(const struct charter *c);
/* sms: of text messages; else of mail. */
struct message_rule charter_messages(const struct charter *c, bool sms);
/* Does that person send messages (`messages.sent_by`; without it the tenant's own role)? */
bool charter_sends(const struct charter *c, int person);
/* The field that holds the address of the person of the kind: the first of type email, or phone where sms, that is not masked; -1. */
int kind_address_field(const struct kind *k, bool sms);
/* How many steps of belonging lead from the kind to `scope`: 0 the kind itself, 1 what it belongs to; -1: none do. */
int kind_steps(const struct charter *c, int kind, int scope);
/* Log lines are kept so long; an empty span: the charter does not say. */
struct span charter_logs(const struct charter *c);
/* At most so long does a tenant open a window to support; zero: never. */
struct span charter_window_most(const struct charter *c);
/* Kinds whose records are given at a level each; and by which of them a record of `kind` goes. */
size_t charter_levels(const struct charter *c, const int **ret_kinds);
struct level_way charter_level(const struct charter *c, int kind);

/* Fields of that kind that leave to that host (lower case) at that instant: those that the line of a processor with that host names, while its agreement
 * lasts. */
fieldset charter_leaves(const struct charter *c, const char *host, int kind, usec_t now);

/* May what is personal go to that host (lower case) at that instant? It is a host of a processor whose agreement lasts, in the EEA or, where the charter
 * lets it, with an entry in the register of transfers that lasts. A charter that says nothing of transfers denies none. */
enum reach { REACH_OK, REACH_UNNAMED /* no processor has it, or its agreement is over */, REACH_OUTSIDE /* of the EEA, without an entry, whether its agreement lasts or not */ };
enum reach charter_reach(const struct charter *c, const char *host, usec_t now);
bool charter_has_processors(const struct charter *c);
bool charter_names_host(const struct charter *c, const char *host);    /* some processor has it, whenever */

/* Scalar values of sections without a structure of their own, by path ("breach", "backups.database");
 * NULL where the charter does not say. */
const char *charter_value(const struct charter *c, const char *path);
/* The same of a text that may be given by language ("processors.0.for"). */
const char *charter_text(const struct charter *c, const char *path, enum lang lang);
