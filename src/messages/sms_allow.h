/* sms_allow.h — prefixes beyond the charter's list for one tenant until a date, and what its text messages cost day by day. Who approves an
 * exception is the caller's to know; what was approved, by whom and why, stands in the table and in the ledger. Thread-safe; blocks. */
#pragma once
#include <jansson.h>

#include "records/records.h"

struct sms_wish { const char *prefix /* "+43" */, *until /* a day, to its end by the charter's clock */, *why; const char *by /* "account 0193…" */; };
/* *ret as of sms_told's items. E_CONFLICT: the charter knows no exceptions, or lists that code already; E_FIELDS: no such prefix, no day, no ground. */
MUST_USE enum code sms_allow(struct service *s, int64_t tenant, const struct sms_wish *w, json_t **ret, struct err *reterr);
/* E_NOT_FOUND: there is none that still stands. */
MUST_USE enum code sms_disallow(struct service *s, int64_t tenant, int64_t number, const char *by, struct err *reterr);
/* {day, spent, cap, left, currency, warned, listed, exceptions: [{number, prefix, made, until, ended, by, why, stands}], days: [{day, spent}]}: money as "0.05"; cap, left and
 * currency null where there is none. Days: of the last 31. */
MUST_USE enum code sms_told(struct service *s, int64_t tenant, json_t **ret, struct err *reterr);
#define SMS_WARN_PERCENT 80
/* Has the tenant spent so much of today's cap, and nobody was warned? */
MUST_USE enum code sms_warning_due(struct service *s, int64_t tenant, usec_t now, bool *ret, int64_t *ret_day, int64_t *ret_spent, struct err *reterr);
