/* cursor.h — inside records: where a page ended. It may name a record that the caller may not see, and the value that this one
 * is sorted by, so it is sealed under a key of the tenant, and all cursors of a kind of query have one length. */
#pragma once
#include "records/query.h"

struct spot { struct uuid id; int64_t number; char text[SORT_TEXT + 1]; };
/* Appends base64url. */
MUST_USE enum code cursor_make(struct service *s, int64_t tenant, const struct query *q, const struct spot *at, struct buf *ret, struct err *reterr);
/* E_INVALID: not one of this tenant and of a query like this. */
MUST_USE enum code cursor_read(struct service *s, int64_t tenant, const struct query *q, const char *text, size_t len, struct spot *ret, struct err *reterr);
