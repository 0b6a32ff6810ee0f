/* outbox.h — the letters of a tenant as its people are told of them: {id, cause, about, state, made, tried, answered, until, tries, status, said}, no address, no
 * text. Thread-safe. */
#pragma once
#include <jansson.h>

#include "store/letter.h"

/* Older than `before` (a null id: all), the newest first, `limit` at most: {items, next}, next a cursor or null. */
MUST_USE enum code outbox_list(struct store *s, int64_t tenant, const struct uuid *before, size_t limit, json_t **ret, struct err *reterr);
