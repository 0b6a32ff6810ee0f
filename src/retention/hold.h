/* hold.h — a named person keeps a record, or some of its fields, although their time comes: with a ground, until a day or until it is lifted.
 * Only the tenant's own role, or sejf at the machine itself, holds and lifts. The ground is sealed; its key goes when the hold ends. What is
 * held is neither erased by its due date nor by anybody's hand; everything else of the record goes as it would. Thread-safe. */
#pragma once
#include "records/records.h"

#define HOLD_WHY 500
#define HOLD_NAME 100
struct hold_wish {
    int kind; struct uuid id;
    const json_t *fields;                      /* names; NULL: the whole record. A field is held with all that share its part. */
    const char *why;                           /* the ground: 1 to HOLD_WHY bytes */
    const char *name;                          /* who wants it, where the caller is no person's account: 1 to HOLD_NAME bytes, or NULL; sealed as the ground is */
    const char *until;                         /* "2027-05-31" (to its end, by the charter's clock) or a time; NULL: until it is lifted */
};
/* *ret: {number, kind, id, fields: [names] or null (all), why, name, until: time or null, by, made, lifted: time or null, state: "holds" | "lifted" | "ended"};
 * why and name null: their key is gone; or there is no name. E_NOT_FOUND, E_GONE: there is no such record; E_FIELDS names what is wrong. */
MUST_USE enum code hold_set(struct service *s, const struct caller *who, const struct hold_wish *w, json_t **ret, struct err *reterr);
/* E_NOT_FOUND: none that stands. *ret as above: what was overdue is then the sweep's to erase. */
MUST_USE enum code hold_end(struct service *s, const struct caller *who, int64_t number, json_t **ret, struct err *reterr);
/* {items, next}, the newest first, lifted ones too; of one record only, where id is not null. */
MUST_USE enum code holds_told(struct service *s, const struct caller *who, int64_t before, int kind, const struct uuid *id, json_t **ret, struct err *reterr);
/* Holds of a tenant whose end has come: their grounds go. */
MUST_USE enum code holds_over(struct service *s, int64_t tenant, struct err *reterr);
