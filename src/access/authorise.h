/* authorise.h — the register of authorised persons (Art. 29 and 32(4) GDPR): who may process personal data of a tenant, in which post,
 * within which scope and for which purpose, from when until when, by whose leave. Where the charter says `people_authorised`, nobody
 * signs in without one in force. An entry is never taken out and outlives the account: what stands of a person in it is as it was at the
 * grant. Numbers count up by tenant without gaps and are written U/2026/0007, with the year in which they were given. Tenant 0 has the
 * register of the operator's own staff. Each step stands in the ledger, by number and account alone. Thread-safe; blocks. */
#pragma once
#include "access/registrar.h"
#include "base/buf.h"
#include "base/lang.h"

#define AUTHORISE_POST 128u                    /* most bytes of texts */
#define AUTHORISE_SCOPE 1000u
#define AUTHORISE_PURPOSE 200u
#define AUTHORISE_PURPOSES 16u
#define AUTHORISE_WHY 500u
#define AUTHORISE_YEARS 10                     /* the longest */

/* May the account sign in for that tenant, as far as authorisations go, and until when at the most? Always where the charter does not
 * ask for them, and for people of the public, who come for what is their own. c: of the service that is entered; person: the role (of
 * the charter's people); tenant: of the membership, 0 for the operator's staff. One indexed read. */
MUST_USE enum code authorise_valid(struct store *s, const struct charter *c, int64_t tenant, int person, const struct uuid *account, usec_t now,
                                   bool *ret, usec_t *ret_until, struct err *reterr);

/* Dates are of the calendar ("2026-11-22"), both days included. Borrowed. */
struct authorise_wish {
    struct uuid account; const char *name /* of the person */;
    const char *post, *scope, *place /* where it is given; NULL */; const json_t *purposes /* texts; of those that the charter names, where it names any */;
    const char *from /* NULL: today */, *until, *undertaking /* when confidentiality was undertaken; NULL: not yet */, *trained /* until; NULL: not yet */;
    bool training_needed;                      /* without training, or when it has run out, the authorisation rests */
};
/* E_FIELDS with the field: what is wrong. E_FORBIDDEN: nobody authorises themself. The account must be a member of the tenant. */
MUST_USE enum code authorise_make(const struct registrar *r, const struct authorise_wish *w, const struct actor *by, int64_t *ret_number, struct err *reterr);
/* At once: the person's sessions there end within a second. E_NOT_FOUND; E_CONFLICT: withdrawn already, or over. */
MUST_USE enum code authorise_withdraw(const struct registrar *r, int64_t number, const char *why, const struct actor *by, struct err *reterr);
/* What was learnt or undertaken since. NULL: as it is. */
struct authorise_training { const char *trained, *undertaking; };
MUST_USE enum code authorise_train(const struct registrar *r, int64_t number, const struct authorise_training *w, const struct actor *by, struct err *reterr);

/* An entry as JSON: {number, text: "U/2026/0007", account, name, post, scope, purposes: [], place, granted_by: {account, name}, made, from, until, undertaking,
 * training: {needed, until}, withdrawn: null or {at, by: {account, name}, why}, state: valid | future | untrained | ended | withdrawn}. What is not known
 * is null. An entry whose key is gone has {number, text, erased: true}. */
MUST_USE enum code authorise_read(const struct registrar *r, int64_t number, usec_t now, json_t **ret, struct err *reterr);
/* Those after that number, at most `limit` (<= 1000): [entry]. */
MUST_USE enum code authorise_list(const struct registrar *r, int64_t after, size_t limit, usec_t now, json_t **ret, struct err *reterr);
/* All of them, by number; fn false: enough. */
typedef bool (*authorise_fn)(const json_t *entry, void *arg);
MUST_USE enum code authorise_each(const struct registrar *r, usec_t now, authorise_fn fn, void *arg, struct err *reterr);

/* The register as a table for a spreadsheet: RFC 4180 with a byte order mark, since spreadsheets take UTF-8 for another encoding without
 * one; cells are set apart by what the language's spreadsheets expect (';' in Polish and Hungarian, whose numbers have decimal commas). */
MUST_USE enum code authorise_csv(const struct registrar *r, enum lang lang, usec_t now, struct buf *ret, struct err *reterr);
/* A member of an entry as a cell shows it: "granted_by.name", "purposes", "state" (in words), dates without their time. */
void authorise_cell(const json_t *entry, const char *name, enum lang lang, struct buf *ret);
const char *authorise_state_word(const char *state, enum lang lang);
