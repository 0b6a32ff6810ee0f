/* outbox.h — what left, or is to leave, of a tenant, as its people are told of it: no address, no text. Letters of duties: {id, cause, about, state, made, tried,
 * answered, until, tries, doubts, status, said}. Messages to the people of records: {id, channel, kind, record, cause, about, purpose, state, gate, verdict, made,
 * tried, answered, until, tries, doubts, status, said, cost}. Thread-safe. */
#pragma once
#include <jansson.h>

#include "records/records.h"
#include "store/letter.h"

/* Older than `before` (a null id: all), the newest first, `limit` at most: {items, next}, next a cursor or null. */
MUST_USE enum code outbox_list(struct store *s, int64_t tenant, const struct uuid *before, size_t limit, json_t **ret, struct err *reterr);
/* Messages alone. */
MUST_USE enum code messages_list(struct service *s, int64_t tenant, const struct letter_filter *f, const struct uuid *before, size_t limit, json_t **ret, struct err *reterr);
/* E_NOT_FOUND: the tenant has no such message. */
MUST_USE enum code message_show(struct service *s, int64_t tenant, const struct uuid *id, json_t **ret, struct err *reterr);
/* "waiting"; -1: there is no such state. */
int letter_state_of(const char *name);
