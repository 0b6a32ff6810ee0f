/* due.h — what goes, when and why: simulated under the charter that runs, or under a changed one, without touching anything. Every date is
 * computed from the records as they stand; counts, names of kinds and fields, rules: never a value. Thread-safe; memory does not grow with the
 * records. */
#pragma once
#include "records/records.h"

struct due_wish {
    usec_t until;                              /* what goes by then */
    const struct charter *newer;               /* a changed charter of the same service; NULL: the one that runs */
};
/* *ret: {until, items, records: that lose something by then, held: of them by a person}, and with `newer`: {changes, unread: records of kinds that
 * it has no more}. An item, by day, kind and part:
 *   {day, kind, fields: [names], rule: as written, law?: which keeps it until then, notice?: the day on which it is told of, count, held, overdue?: true}
 * A change, by kind and part:
 *   {kind, fields, rule, was: [rules], same, earlier, later, at_once: would be overdue now, dated: have a date now, undated: lose theirs} */
MUST_USE enum code due_simulate(struct service *s, int64_t tenant, const struct due_wish *w, json_t **ret, struct err *reterr);
/* Records by due date, under the charter that runs: {items: [{kind, id, due, dues: [{fields, due: time or null, why: the rule as written, held?: "law" | "person", law?}]}], next: text or null}.
 * cursor: next of the page before, or NULL. E_INVALID: it is none. */
#define DUE_PAGE 500u
MUST_USE enum code due_records(struct service *s, int64_t tenant, usec_t until, const char *cursor, size_t limit, json_t **ret, struct err *reterr);
/* The end of a day by the charter's clock, or a time; NULL: in 90 days. E_FIELDS. */
MUST_USE enum code due_until(const struct charter *c, const char *text, usec_t now, usec_t *ret, struct err *reterr);
