/* consent.h — consents with what was read when they were given, objections to a purpose, and restrictions. Nothing personal stands here:
 * ids of records, names of consents and purposes as the charter writes them, hashes. All of a record goes with it (row_delete); the keyed
 * hashes of those who objected stay, so that a new record of the same address inherits the objection. What a callback gets lives as long
 * as the call. Statements that change run inside the caller's write. */
#pragma once
#include "store/rows.h"

/* ---- consents: one row for each step of a record's consent, numbered from 1 within the record */
enum consent_state { CONSENT_GIVEN = 1, CONSENT_REFUSED, CONSENT_WITHDRAWN, CONSENT_EXPIRED };        /* as stored */
const char *consent_state_name(enum consent_state state);                /* "given" */
struct consent_row {
    int32_t kind; struct uuid id; int64_t number;
    const char *name; enum consent_state state; usec_t at, until /* USEC_NEVER: open */;
    bool shown; uint8_t text[HASH_SIZE];       /* hash of what was read; not known where `shown` is false */
    const char *way;                           /* "form", "link", "account" (its person itself), "staff", "api", "import", "sejf" */
    const char *by;                            /* as in the ledger */
};
/* Takes the record's next number; at: now. */
MUST_USE enum code consent_step_put(struct txn *t, const struct consent_row *r, struct err *reterr);
typedef bool (*consent_fn)(const struct consent_row *r, void *arg);
MUST_USE enum code consents_of(struct sql *q, int32_t kind, const struct uuid *id, consent_fn fn, void *arg, struct err *reterr);       /* oldest first */

/* What was read, once for each text of a service. */
struct consent_text { const char *service; uint8_t hash[HASH_SIZE]; const char *lang, *version, *text; usec_t since; };
MUST_USE enum code consent_text_put(struct store *s, const struct consent_text *r, struct err *reterr);        /* one that stands stays */
typedef bool (*consent_text_fn)(const struct consent_text *r, void *arg);
MUST_USE enum code consent_text_get(struct store *s, const char *service, const uint8_t hash[HASH_SIZE], consent_text_fn fn, void *arg, struct err *reterr);      /* E_NOT_FOUND */

/* ---- marks of a record's row, so that a record without any costs no look-up */
enum row_mark { MARK_RESTRICTED = 1, MARK_OBJECTED = 2, MARK_UNCONFIRMED = 4, MARK_IMPORTED = 8 /* it came by an import, and that stays */ };        /* bits, as stored */
/* The row as it stands, with other marks: a new version, a new change number. E_NOT_FOUND, E_GONE. */
MUST_USE enum code row_mark(struct txn *t, int32_t kind, const struct uuid *id, unsigned set, unsigned clear, struct err *reterr);
/* Records with a mark of that set, of every kind, by id within their kind; that they were imported is no mark to look for. */
typedef bool (*marked_fn)(int32_t kind, const struct uuid *id, usec_t created, void *arg);
MUST_USE enum code rows_marked(struct sql *q, unsigned marks, marked_fn fn, void *arg, struct err *reterr);

/* ---- objections */
struct objection_row { int32_t kind; struct uuid id; const char *purpose; usec_t at; const char *by; };
MUST_USE enum code objection_put(struct txn *t, const struct objection_row *r, struct err *reterr);            /* one that stands stays */
MUST_USE enum code objection_drop(struct txn *t, int32_t kind, const struct uuid *id, const char *purpose, struct err *reterr);         /* E_NOT_FOUND */
MUST_USE enum code objection_stands(struct sql *q, int32_t kind, const struct uuid *id, const char *purpose, bool *ret, struct err *reterr);
typedef bool (*objection_fn)(const struct objection_row *r, void *arg);
MUST_USE enum code objections_of(struct sql *q, int32_t kind, const struct uuid *id, objection_fn fn, void *arg, struct err *reterr);
MUST_USE enum code objections_list(struct sql *q, objection_fn fn, void *arg, struct err *reterr);             /* all of the tenant, by record */
/* Who objected, by the keyed hash of an address: renewed with the index. */
MUST_USE enum code objector_put(struct txn *t, const char *purpose, const struct mark *who, struct err *reterr);
MUST_USE enum code objector_drop(struct txn *t, const char *purpose, const struct mark *who, struct err *reterr);
MUST_USE enum code objector_is(struct txn *t, const char *purpose, const struct mark *who, bool *ret, struct err *reterr);  /* E_STALE as of claim_take */
MUST_USE enum code objectors_any(struct sql *q, bool *ret, struct err *reterr);

/* ---- restrictions */
struct restriction_row { int32_t kind; struct uuid id; int64_t request /* that it was asked by; 0: none */; usec_t at, told /* the person was told that it ends; 0 */,
                         lifts /* from then on it may be lifted; USEC_NEVER: not said */; const char *by; };
MUST_USE enum code restriction_put(struct txn *t, const struct restriction_row *r, struct err *reterr);        /* E_CONFLICT: one stands */
MUST_USE enum code restriction_told(struct txn *t, int32_t kind, const struct uuid *id, usec_t told, usec_t lifts, struct err *reterr);         /* E_NOT_FOUND */
MUST_USE enum code restriction_drop(struct txn *t, int32_t kind, const struct uuid *id, struct err *reterr);   /* E_NOT_FOUND */
typedef bool (*restriction_fn)(const struct restriction_row *r, void *arg);
MUST_USE enum code restriction_get(struct sql *q, int32_t kind, const struct uuid *id, restriction_fn fn, void *arg, struct err *reterr);       /* E_NOT_FOUND */
MUST_USE enum code restrictions_list(struct sql *q, restriction_fn fn, void *arg, struct err *reterr);
