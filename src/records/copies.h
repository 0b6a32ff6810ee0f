/* copies.h — bulk copies where the charter limits them ("copies: at most 1 a day, approved by two people, watermarked"): asked for,
 * approved by somebody else, taken once within 24 hours, counted by tenant and day of the service's calendar. People count by their
 * accounts: a token that belongs to nobody may ask and take, and counts as nobody. Each step leaves its ledger entry. Thread-safe. */
#pragma once
#include "records/records.h"

/* Is a bulk copy of this kind the caller's right? By the tenant's own role; else by a token whose scope names the verb `export`. E_FORBIDDEN, E_NOT_FOUND. */
MUST_USE enum code copy_right(struct service *s, const struct caller *who, int kind, struct err *reterr);
/* Does the charter ask for a request before each copy? */
bool copies_limited(const struct service *s);

struct copy_wish { int kind; enum stream_format format; json_t *query /* {where, sort}, borrowed; NULL: all */; const char *why /* told to whoever approves */; };
#define COPY_WHY 500
/* *ret: {number, kind, format, who, state: "asked" | "ready" | "taken" | "ended", people: so many must stand behind it, approved: [accounts],
 * asked, until, taken: time or null, records, query, why}; the last two until it is taken or ends. */
MUST_USE enum code copy_ask(struct service *s, const struct caller *who, const struct copy_wish *w, json_t **ret, struct err *reterr);
/* E_FORBIDDEN: one's own, or nobody's; E_CONFLICT: no longer waiting, or approved by the same person before. */
MUST_USE enum code copy_approve(struct service *s, const struct caller *who, int64_t number, json_t **ret, struct err *reterr);
/* {items, next}, the newest first. */
MUST_USE enum code copies_told(struct service *s, const struct caller *who, int64_t before, json_t **ret, struct err *reterr);

/* What was asked for, and what the copy bears. */
struct copy_taken { int64_t number; int kind; enum stream_format format; json_t *query; char *mark; /* {"copy": {…}} as JSON, NULL: not watermarked */ };
void copy_taken_done(struct copy_taken *c);
DEFINE_AUTO_VALUE(struct copy_taken, copy_taken_done)
/* Once: by whoever asked for it, while it is ready. E_TOO_MANY: as many as may be were taken today. Durable when it answers OK, before the first byte goes out. */
MUST_USE enum code copy_take(struct service *s, const struct caller *who, int64_t number, int kind /* E_NOT_FOUND: it is of another */, struct copy_taken *ret, struct err *reterr);
/* The export of one that was taken, with its mark (copy NULL: of none); *ret_count (may be NULL): records that went out, set once it began. */
MUST_USE enum code records_copy(struct service *s, const struct caller *who, int kind, enum stream_format format, json_t *query, const struct copy_taken *copy, uint64_t *ret_count,
                                const struct damage_watch *watch, const struct sink *out, struct err *reterr);
/* So many records went out. */
MUST_USE enum code copy_given(struct service *s, const struct caller *who, int64_t number, uint64_t records, struct err *reterr);
/* Is this line or cell the mark of a copy? An import passes it over. */
bool copy_is_mark(const char *text, size_t len);
