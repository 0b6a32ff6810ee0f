/* build.h — from a read tree to the model, in steps; each step tells all its mistakes and leaves what it could not
 * build empty, so that the next steps still find theirs. Inside this folder only: load.c runs the steps in order.
 * Everything lies in the arena of the charter. One thread. */
#pragma once
#include "charter/grammar.h"
#include "charter/names.h"

struct kind_work {                            /* what is known of a kind while it is built */
    const struct node *node;
    struct names *fields;
    const struct node **field_nodes;
};

struct leave { const char *host; int kind; fieldset fields; usec_t from, until; /* of the agreement */ };

/* A host of a processor; outside: of the EEA, where the charter speaks of transfers. transfer: the end of its entry in the register; INT64_MIN: none. */
struct reached { const char *host; usec_t from, until, transfer; bool outside; };

struct charter {
    struct arena *arena;
    struct tree *tree;
    const struct said *said;                  /* by node index */
    const char *name, *updated, *operator_name, *contact, *authority;
    struct words title;
    struct zone *zone;
    unsigned speaks;
    enum lang first;                          /* of those that it speaks, as written */
    int tenant;
    uint8_t hash[32];
    struct kind *kinds; size_t kind_count; struct names *kind_names;
    struct person *people; size_t person_count; struct names *person_names;
    struct group *groups; size_t group_count; struct names *group_names;
    struct relation *relations; size_t relation_count; struct names *relation_names;
    struct grant *sees; size_t sees_count;
    struct grant *changes; size_t changes_count;
    peopleset changers;                       /* people of whom who_changes speaks */
    struct sign_in_rule *sign_in;             /* by person */
    peopleset signers, public;                /* named in sign_in; let in by private link or as owner of an account */
    int accounts_by;
    bool authorised_only, agreement_first;
    struct leave *leaves; size_t leave_count;
    struct reached *reached; size_t reached_count;
    struct copies_rule copies;
    struct mask_rule masks;
    struct log_rule log;
    struct changing_rule changing;
    struct sessions_rule sessions;
    struct span complaint_lasts;
    struct reputation_rule reputation;
    struct message_rule messages[2];          /* of mail; of text messages */
    peopleset senders;                        /* named in messages.sent_by; 0: the tenant */
    struct sms_rules sms;
    struct span logs;                         /* kept so long; empty: nothing is said */
    struct span window_most;
    int *levels; size_t level_count;          /* kinds */
    struct level_way *level;                  /* by kind */
    struct line *lines; size_t line_count;
    const struct node **line_nodes;           /* the node of each line: for explanations */
    struct evidence *evidence; size_t evidence_count;
    struct words *labels; struct names *label_names, *common_names;
    const struct node **kind_labels;          /* by kind: its own labels, or NULL */
};

struct build {
    struct charter *c;
    struct findings *findings;
    struct kind_work *work;                   /* by kind */
    fieldset *needed;                         /* by kind: fields that rules need outside the sealed part */
    bool bad, no_memory;
};

/* Steps. */
void build_head(struct build *b);             /* head.c: name, title, date, clock, languages, operator, people, tenant */
void build_kinds(struct build *b);            /* kinds.c: kinds with their fields */
void build_kind_keys(struct build *b);        /* kinds.c: whom they belong to, are about, why, for what; number, form */
void build_consents(struct build *b);         /* consents.c: for which purpose a consent is needed, and when it ends */
void build_keeps(struct build *b);            /* keeps.c: keep rules, parts, when_deleted, warn, remind */
void build_remind(struct build *b, int kind, const struct node *n);     /* reminders.c: its own; n may be NULL */
void build_reminded(struct build *b);
void build_limits(struct build *b);           /* limits.c: limits and moves */
void build_grants(struct build *b);           /* grants.c: groups, relations, who_sees, who_changes */
void build_accounts(struct build *b);         /* accounts.c: sign-in, sessions, levels of access, copies, windows */
void build_sending(struct build *b);          /* sending.c: how long a complaint is remembered, when sending pauses */
void build_messages(struct build *b);         /* messages.c: who gets which messages, and who sends them */
void build_log(struct build *b);              /* log.c: the log of deliveries, which masks; by build_masks */
void build_masks(struct build *b);            /* masks.c: how addresses are masked */
void build_sms(struct build *b);              /* sms.c: where text messages may go, what they may cost */
void build_reached(struct build *b);          /* reach.c: hosts of processors, and transfers out of the EEA */
/* From the first day to the end of the last, by the charter's clock; the whole of time where it is not understood, which is told elsewhere. */
void build_agreement(struct build *b, const struct node *processor, usec_t *ret_from, usec_t *ret_until);
void build_leaves(struct build *b);           /* leaves.c: fields that leave to hosts of processors; who is asked before a record is made */
void build_sections(struct build *b);         /* sections.c: everything else whose names must resolve; evidence */
void build_checks(struct build *b);           /* checks.c: what must hold across the model */
void build_labels(struct build *b);           /* labels.c: what everything is called; texts by language */
void build_lines(struct build *b);            /* lines.c */

/* Help for steps. */
#define BUILD_NEW(b, type, count) ((type *)build_array((b), (count), sizeof(type)))
void *build_array(struct build *b, size_t count, size_t size);     /* NULL only without memory, which is noted */
const struct said *build_said(const struct build *b, const struct node *n);    /* n may be NULL; never NULL */
const struct capture *build_capture(const struct build *b, const struct node *n, const char *name);
bool build_has(const struct build *b, const struct node *n, const char *name);
const char *build_text(const struct build *b, const struct node *n, const char *name);      /* of a capture, or NULL */
const char *build_name(struct build *b, const struct capture *c);  /* first name of a PERSON, NAMES …: normalised */
void complain(struct build *b, const char *id, const struct node *n, const char *suggestion, const char *fmt, ...) PRINTF_LIKE(5, 6);
void complain_key(struct build *b, const char *id, const struct node *n, const char *suggestion, const char *fmt, ...) PRINTF_LIKE(5, 6);
/* At a piece of the value: `at` and `width` in characters. */
void complain_at(struct build *b, const char *id, const struct node *n, int at, int width, const char *suggestion, const char *fmt, ...) PRINTF_LIKE(7, 8);

/* Resolve a name and complain when there is none; -1 then. `at`, `width` as above. */
int resolve_kind(struct build *b, const struct node *n, const char *name, int at, int width);
int resolve_person(struct build *b, const struct node *n, const char *name, int at, int width);
int resolve_field(struct build *b, const struct node *n, int kind, const char *name, int at, int width);
/* "kind.field" of a PATH capture. */
bool resolve_path(struct build *b, const struct node *n, const struct capture *c, int *ret_kind, int *ret_field);
/* Field names of a NAMES capture as a set; groups too when `groups` (their fields that the kind has). */
fieldset resolve_fields(struct build *b, const struct node *n, const struct capture *c, int kind, bool groups);
/* The one_of field of the kind that has all these options (NULL ones are ignored); -1 after complaining. */
int resolve_state(struct build *b, const struct node *n, int kind, const char *const *options, size_t count, int at, int width);
/* A rule needs this field outside the sealed part: complains if it is personal. `why` completes "…, so it lies outside the sealed part". */
void need_outside(struct build *b, const struct node *n, int kind, int field, int at, int width, const char *why);

#define BIT(i) (UINT64_C(1) << (i))
