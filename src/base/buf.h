/* buf.h — bytes that grow up to a maximum stated at birth; always terminated by a zero that does
 * not count. A failed append sets `failed` and drops the bytes, so that a caller may append many
 * times and check once. buf_wipe is for secrets. One thread at a time. */
#pragma once
#include <stdarg.h>

#include "base/macros.h"

struct buf { char *data; size_t len, room, max; bool failed; };

#define BUF(maximum) (struct buf){ .max = (maximum) }
/* Over memory of somebody else's, size >= 1 bytes that are cleared: never grows, and is neither wiped nor done. */
static inline struct buf buf_over(char *memory, size_t size) { return (struct buf){ .data = memory, .room = size, .max = size - 1 }; }
void buf_done(struct buf *buf);                     /* frees; the buf can be used again */
void buf_wipe(struct buf *buf);                     /* zeroes, then frees */
DEFINE_AUTO_VALUE(struct buf, buf_done)
DEFINE_AUTO_VALUE(struct buf, buf_wipe)

void buf_add(struct buf *buf, const void *bytes, size_t len);
/* Room for len more bytes, which the caller fills; NULL when the buf failed. len >= 1. */
MUST_USE char *buf_more(struct buf *buf, size_t len);
void buf_text(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *buf, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
void buf_html(struct buf *buf, const char *text);   /* & < > " ' escaped: for text and attributes */
void buf_fail(struct buf *buf);                     /* what it should hold could not be made: as a failed append */
void buf_cut(struct buf *buf, size_t len);          /* shorten to len */
const char *buf_str(const struct buf *buf);         /* "" when empty; never NULL */
