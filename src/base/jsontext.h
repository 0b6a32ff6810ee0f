/* jsontext.h — a JSON value as compact text. Several times as fast as the library's own writing, which calls back for every
 * comma and looks for loops with a table; ours are trees. Members come in the order in which they were set. Pure. */
#pragma once
#include <jansson.h>

#include "base/buf.h"

/* Reals with 15 digits, as everywhere here. Appends; the buf fails where there is no room. */
void json_text_add(struct buf *b, const json_t *value);
void json_text_integer(struct buf *b, json_int_t number);
/* One text with its quotes. */
void json_text_quote(struct buf *b, const char *text, size_t len);
