/* right.h — may the caller have a message sent to the person of a record? Who sends at all says the charter (`messages.sent_by`; without it the tenant's
 * own role); the record must be one that the caller sees, at a level that lets it write; a token's scope must let it read and change such records, so
 * that one made for reading sends nothing. The operator's staff sends nothing, whatever window is open. Thread-safe; blocks. */
#pragma once
#include "records/records.h"

/* For records of that kind at all. E_FORBIDDEN, E_NOT_FOUND. */
MUST_USE enum code message_right_kind(struct service *s, const struct caller *who, int kind, struct err *reterr);
/* And for this one. */
MUST_USE enum code message_right(struct service *s, const struct caller *who, int kind, const struct uuid *id, struct err *reterr);
/* May it read what became of messages, and what the gates refused: whoever sends. */
MUST_USE enum code message_right_any(struct service *s, const struct caller *who, struct err *reterr);
