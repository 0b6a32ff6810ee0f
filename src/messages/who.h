/* who.h — a person of a tenant as the lists of sending know it: a keyed hash (HMAC-SHA-256, 128 bits) of its address in one form, so that what was
 * suppressed or counted stays known when the record is gone, and a thief of the disk learns no address. Thread-safe. */
#pragma once
#include "messages/gate.h"

/* The address as records hold it (trimmed, its domain in small letters; a number in E.164). */
MUST_USE enum code who_of(struct service *s, int64_t tenant, enum channel channel, const char *address, uint8_t ret[WHO_SIZE], struct err *reterr);
/* An address as a log may hold it: first character, ten stars, '@', domain; of a number all but its first three and last two digits. ret: of `room` bytes. Pure. */
void address_mask(enum channel channel, const char *address, char *ret, size_t room);
