/* sent.h — which messages count for a person on a day, and how many messages each gate refused or put off. A person is a keyed hash of its address, a day
 * is 20261122 of the charter's calendar. Within the tenant of the sql. */
#pragma once
#include "base/uuid.h"
#include "store/letter.h"

#define SENT_WHO 16u                         /* as WHO_SIZE of messages/gate.h */
struct sent { int64_t day; enum channel channel; uint8_t who[SENT_WHO]; struct uuid letter; };
/* *ret false: `most` others count already. One that counts is taken once, however often. */
MUST_USE enum code sent_take(struct txn *t, const struct sent *s, int64_t most, bool *ret, struct err *reterr);
MUST_USE enum code sent_drop(struct txn *t, const struct sent *s, struct err *reterr);
/* Of whichever person and day. */
MUST_USE enum code sent_drop_letter(struct txn *t, const struct uuid *letter, struct err *reterr);
/* How many others count, `most` at most; *ret_this: this one does. */
MUST_USE enum code sent_count(struct sql *q, const struct sent *s, int64_t most, int64_t *ret_others, bool *ret_this, struct err *reterr);
/* Takes away those of days before that one. */
MUST_USE enum code sent_forget(struct txn *t, int64_t day, struct err *reterr);

struct refusals { int64_t day; enum channel channel; int gate; int64_t count, put_off; };
/* So many more of each. */
MUST_USE enum code refusals_add(struct txn *t, const struct refusals *r, struct err *reterr);
/* From that day on, the newest day first. What a callback gets lives as long as the call. */
typedef bool (*refusals_fn)(const struct refusals *r, void *arg);
MUST_USE enum code refusals_list(struct sql *q, int64_t from, refusals_fn fn, void *arg, struct err *reterr);
MUST_USE enum code refusals_forget(struct txn *t, int64_t day, struct err *reterr);
