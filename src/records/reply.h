/* reply.h — inside records: Idempotency-Key. Which record a request that carried one made, and which fields it was shown, is
 * sealed under a key of its own and kept for 24 hours, in the write that it replies to; the values stay where they are. */
#pragma once
#include "records/draft.h"

/* Fills the wish when the request has a key; makes its seal's key. what: "create", "change". */
MUST_USE enum code reply_wish(struct service *s, const struct record_request *r, const char *what, struct reply_wish *ret, struct err *reterr);
/* Was this request answered before? ret->text: its reply, or empty still. E_CONFLICT: the key belongs to another request.
 * *ret_seen: what is to be noted (reads.h) before the reply is given, when the view that q is of has ended. */
struct reply_seen { struct record of; fieldset fields; };      /* of: info, born and updated alone; no fields: nothing */
MUST_USE enum code reply_find(struct service *s, const struct record_request *r, const struct reply_wish *w, struct sql *q, struct record_text *ret,
                              struct reply_seen *ret_seen, struct err *reterr);
/* Inside the write: E_CONFLICT with d->replayed when it was answered meanwhile. */
MUST_USE enum code reply_check(struct txn *t, struct draft *d, struct err *reterr);
MUST_USE enum code reply_write(struct txn *t, struct draft *d, struct err *reterr);
