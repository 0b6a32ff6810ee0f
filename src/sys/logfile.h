/* logfile.h — log lines that are too old go, in place: writers keep appending to the same file meanwhile, and need to know nothing.
 * A line is {"time":"RFC 3339", …; one without a time of its own (torn, foreign, or dated ahead of now) goes with the one before it; before
 * the first, at once. Old bytes are overwritten with blanks; then the blocks at the front that hold nothing but blanks are cut off where
 * the file system can (ext4, xfs). Cut at any point, the next run goes on. Rotated files beside it (NAME.1, …) go with them, and are
 * removed when nothing is left. One process at a time. */
#pragma once
#include "base/err.h"
#include "base/time.h"

struct log_age { usec_t oldest /* of a line that stands; 0: one whose time nobody knows; USEC_NEVER: there is none */; uint64_t lines /* that went */; };
/* Lines before `before` go. The last one, as long as it has no end, stays. */
MUST_USE enum code logfile_purge(const char *path, usec_t before, usec_t now, struct log_age *ret, struct err *reterr);
/* Changes nothing. E_NOT_FOUND: there is no such file. */
MUST_USE enum code logfile_age(const char *path, usec_t now, struct log_age *ret, struct err *reterr);
