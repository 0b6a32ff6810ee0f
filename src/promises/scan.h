/* scan.h — is a personal value readable in any file below a path? Looked for as it was written, in lower case, as
 * UTF-16, hex, and base64; or by its beginning, as a token that is no keyed hash would betray it. Counts what it
 * may not read; sockets, links and devices are passed over. Thread-safe. */
#pragma once
#include <jansson.h>

#include "charter/charter.h"

enum scan_for { SCAN_WHOLE, SCAN_BEGINNING };
struct scan { bool found; char where[256] /* file name, without its folder */; uint64_t bytes; size_t unread /* files and folders that could not be looked into */; };

/* Has the kind a personal field that scan_path looks for? */
bool scan_looks_for(const struct kind *k);

/* fields: the values of a record of that kind; only its personal fields of free text are looked for. E_BROKEN when
 * there is none to look for. */
MUST_USE enum code scan_path(const char *path, const struct kind *k, json_t *fields, enum scan_for what, struct scan *ret, struct err *reterr);
