/* told.h — a stored value as people read it, in their language: times and dates by the charter's clock, money, yes and no, an option by its label.
 * For pages and letters. Plain text, not escaped for anything. Pure; thread-safe. */
#pragma once
#include <jansson.h>

#include "base/buf.h"
#include "charter/charter.h"

/* value: as the API shows it. False, and nothing appended: nothing is stored. */
bool value_told(struct buf *ret, const struct charter *c, const struct field *f, const json_t *value, enum lang lang);
void told_number(struct buf *ret, const json_t *value, enum lang lang);
