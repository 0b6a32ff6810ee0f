/* suppress.h — whom a tenant sends nothing to, and why: who complained, whose address is dead, who left a list, and whom a person of the tenant named.
 * The list holds keyed hashes of addresses (who.h), so it outlives the records; it is never listed with an address. Thread-safe; blocks. */
#pragma once
#include <jansson.h>

#include "messages/who.h"
#include "store/suppress.h"

/* What can be left: all that is sent about one record of the scope ("scope 0193…"), all for one purpose ("purpose sending offers"), or "": everything. */
#define LIST_TEXT 300u
void list_of_scope(const struct uuid *scope, char ret[LIST_TEXT]);
void list_of_purpose(const struct kind *k, int purpose, char ret[LIST_TEXT]);

struct suppress_wish { int64_t tenant; enum channel channel; uint8_t who[WHO_SIZE]; const char *list; enum suppress_reason reason; usec_t until /* 0: as the charter says; a list that was left has no end */;
                       const char *by, *why /* told in the ledger; NULL */; };
MUST_USE enum code suppress(struct service *s, const struct suppress_wish *w, bool *ret_new, struct err *reterr);
/* The same within a write of the tenant; repeatable. */
MUST_USE enum code suppress_write(struct txn *t, struct service *s, const struct suppress_wish *w, bool *ret_new, struct err *reterr);
/* Takes it off the list. What somebody said itself (a complaint, a list that it left) is lifted by that person, or by one whom the ledger names and who says
 * why, and never along with something else: its reason is named. reason 0: a dead address and what was put by hand. list NULL: every list. *ret_count: rows that went.
 * E_FORBIDDEN, E_FIELDS (no why). */
enum suppress_lifter { LIFTED_BY_PROGRAM, LIFTED_BY_NAMED, LIFTED_BY_ITSELF };
MUST_USE enum code suppress_lift(struct service *s, const struct suppress_wish *w, enum suppress_lifter lifter, int64_t *ret_count, struct err *reterr);

/* {items: [{channel, reason, list: "all" | "scope" | "purpose", since, until: time or null, by}], next: time or null, counts: {reason: n}}, the newest first. Nobody is named. */
MUST_USE enum code suppressions_told(struct service *s, int64_t tenant, usec_t before, size_t limit, json_t **ret, struct err *reterr);
/* The same items of one person. */
MUST_USE enum code suppressions_of(struct service *s, int64_t tenant, enum channel channel, const uint8_t who[WHO_SIZE], json_t **ret, struct err *reterr);

/* Once a day: those whose end has come go, and what is long past is forgotten. */
MUST_USE enum code suppressions_end(struct service *s, int64_t tenant, usec_t now, struct err *reterr);

/* By what the gate stops a message of that sort, as it asks (gate_suppressed.c); 0: by nothing. */
MUST_USE enum code suppressed_by(const struct gate_ask *a, enum suppress_reason *ret, struct err *reterr);

/* ---- shares and pauses. In a write: counted, and above the charter's shares of bounces or complaints sending pauses. What is heard counts with the letters of its
 * day (went: when it left; 0: now), so what is old, or went before the last pause ended, pauses nothing any more. */
#define SHARES_DAYS 7
#define SHARES_LEAST 100                     /* sent, before a share says anything */
#define COMPLAINED_LEAST 3                   /* people, before a share of complaints does */
MUST_USE enum code shares_add(struct txn *t, struct service *s, enum channel channel, usec_t went, const struct heard_counts *more, struct err *reterr);
/* Of all tenants, since this process began. */
enum shares { SHARES_SENT, SHARES_BOUNCED, SHARES_COMPLAINED, SHARES };
uint64_t shares_ever(enum channel channel, enum shares which);
/* {channels: [{channel, days: 7, sent, bounced, complained, paused: bool, since?, why?}], pauses: [{channel, since, why, ended: time or null, by}]} */
MUST_USE enum code shares_told(struct service *s, int64_t tenant, json_t **ret, struct err *reterr);
/* A named person lets it go on; shares are counted anew from then. E_NOT_FOUND: it does not pause. */
MUST_USE enum code sending_go_on(struct service *s, int64_t tenant, enum channel channel, const char *by, struct err *reterr);
const char *channel_name(enum channel channel);      /* "email" */
MUST_USE bool channel_find(const char *name, enum channel *ret);
