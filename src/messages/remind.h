/* remind.h — `remind` of the charter: who is to be reminded now is found by the instant that its record names, and gets one message for each such instant. A record
 * that was moved is reminded of its new instant, and what still waits about the old one ends; nobody is reminded of what is over, or in a state of which the
 * charter says so, and nobody at night. A record that came to be when its reminder was due already is not reminded. Thread-safe; blocks. */
#pragma once
#include "messages/gate.h"
#include "messages/remind_text.h"
#include "messages/send.h"
#include "messages/template.h"

struct reminders { int64_t queued, refused; bool more; /* there was more than one turn does */ };
/* What is due of one tenant, so much of it that others have their turn soon; how many is added to *count. */
MUST_USE enum code reminders_send(struct service *s, int64_t tenant, usec_t now, struct reminders *count, struct err *reterr);
/* Before a letter of that cause goes: does it still stand (E_GONE: the record was moved, is over, or is not reminded any more), and is it an hour for it (else *ret: not before)? rec: its row. */
MUST_USE enum code remind_stands(const struct letter_row *r, const struct record *rec, usec_t now, struct gate_verdict *ret, struct err *reterr);
/* Does the tenant's own text of reminders of that kind hold the number and the time, and of the record what its line names, and nothing else? E_FIELDS: *ret_mistakes says what.
 * more: its further values, as JSON [text], or NULL. */
MUST_USE enum code remind_fits(const struct service *s, int kind, const struct template *t, const json_t *more, json_t **ret_mistakes, struct err *reterr);
/* A row of settled.c: one that ended and did not go may be asked for again. */
struct settled;
enum code remind_settled(struct txn *t, const struct settled *s, void *prepared, struct err *reterr);
/* Takes away what is on record of instants that are long over. */
MUST_USE enum code reminders_forget(struct service *s, int64_t tenant, usec_t now, struct err *reterr);
