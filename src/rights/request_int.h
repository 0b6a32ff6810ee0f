/* request_int.h — inside rights: one request opened, and its next step written. */
#pragma once
#include "base/arena.h"
#include "rights/request.h"
#include "store/request.h"

enum request_event { EVENT_RECEIVED, EVENT_ASKED, EVENT_IDENTIFIED, EVENT_COLLECTED, EVENT_DECIDED, EVENT_EXTENDED, EVENT_ANSWERED, EVENT_REFUSED, EVENT_WITHDRAWN, EVENT_PASSED, EVENT_READ, EVENT_ACKNOWLEDGED, EVENT_SENT,
                     EVENT_TOLD, EVENT_WARNED, EVENT_LATE, EVENT_FORGOTTEN, REQUEST_EVENTS };
const char *request_event_name(int event);

/* A request with its words. entry: new on each opening, the caller's to change before request_next_step. */
struct request_work { const struct request_desk *desk; struct request_row row; struct key key; json_t *entry; struct arena *arena; };
void request_work_done(struct request_work *w);
DEFINE_AUTO_VALUE(struct request_work, request_work_done)
/* E_NOT_FOUND; E_GONE: its words are erased. */
MUST_USE enum code request_open(const struct request_desk *d, int64_t number, struct request_work *ret, struct err *reterr);
/* Is that step possible now? E_CONFLICT says what is. */
MUST_USE enum code request_may(const struct request_work *w, enum request_event event, struct err *reterr);
/* Beside the step: more for the ledger, and letters. also: within the same write and before the words are sealed, so that it may still add to
 * them and to `what`; may run twice. */
struct request_more { json_t *what /* borrowed; NULL: nothing */; struct post_ready *letters; size_t letter_count;
                      enum code (*also)(struct txn *t, void *arg, struct err *reterr); void *arg; };
/* Writes it: state, clock, words, step, ledger, letters. */
MUST_USE enum code request_next_step(struct request_work *w, enum request_event event, const struct request_by *by, const struct request_more *more, struct err *reterr);
/* Typed into the public form by nobody knows whom. */
bool request_unconfirmed(const struct request_row *r);
usec_t request_next_look(const struct request_desk *d, const struct request_row *r);

/* A text that somebody wrote, trimmed, as member `name` of `into`; E_FIELDS at `path` where it is missing (needed), too long or no text. */
MUST_USE enum code request_text(const char *text, const char *path, bool needed, size_t most, json_t *into, const char *name, struct err *reterr);
/* A new request in two halves: what asks the keeper, and what is written, within a write of the desk's tenant; ended in every case. */
struct request_making { const struct request_desk *d; const struct request_wish *w; const struct request_by *by; struct request_row row; struct key key; json_t *entry; bool begun, stands; };
MUST_USE enum code request_making_begin(struct request_making *m, const struct request_desk *d, const struct request_wish *w, const struct request_by *by, struct err *reterr);
MUST_USE enum code request_making_write(struct txn *t, void *making, struct err *reterr);
void request_making_end(struct request_making *m);
json_t *request_time(usec_t t);                /* null: never */
MUST_USE enum code request_memory(struct err *reterr);
/* Who it is about, by what was proved (steps.c). */
struct subject;
MUST_USE enum code request_subject(const struct request_work *w, struct arena *arena, struct subject *ret, struct err *reterr);
json_t *request_found(const struct request_desk *d, const struct subject *s, json_t **ret_records);      /* {kind: count}; the first "kind/id" */
/* A ground that may refuse a request of that type. */
MUST_USE bool request_ground(const char *name, int type, const char **ret_article, const struct words **ret_says);
