/* uuid.h — UUIDv7 (RFC 9562, section 5.7): time-ordered ids. Thread-safe. */
#pragma once
#include "base/macros.h"

struct uuid { uint8_t bytes[16]; };
#define UUID_TEXT 37                                       /* 36 characters and the zero */

/* Never goes back within the process, also when the clock does: 48 bits of milliseconds,
 * then a counter seeded at random, then random bits from getrandom(2). */
struct uuid uuid_new(void);
MUST_USE bool uuid_parse(const char *text, struct uuid *ret); /* 8-4-4-4-12, either case, any version */
char *uuid_format(const struct uuid *id, char buf[UUID_TEXT]);
int uuid_compare(const struct uuid *a, const struct uuid *b);
static inline bool uuid_is_null(const struct uuid *id) {
    for (int i = 0; i < 16; i++)
        if (id->bytes[i] != 0)
            return false;
    return true;
}
