/* base64.h — Base64 of mail (RFC 2045, 6.8; RFC 4648, 4): the usual letters, padded, in lines where they are wanted. Pure. */
#pragma once
#include "base/buf.h"

/* Appends. line: characters after which CRLF comes, and at the end too; 0: all in one, and no end. */
void base64_add(const void *bytes, size_t len, size_t line, struct buf *ret);
