/* base32.h — bytes as letters and digits, five bits each, without padding. Pure. */
#pragma once
#include "base/macros.h"

#define BASE32_ROOM(len) (((len) * 8 + 4) / 5 + 1)
extern const char base32_rfc[33];            /* RFC 4648: what authenticators read */
extern const char base32_crockford[33];      /* without I, L, O, U: what people read and type */

/* len is a multiple of 5; ret has BASE32_ROOM(len). */
void base32_text(const char alphabet[33], const uint8_t *bytes, size_t len, char *ret);
