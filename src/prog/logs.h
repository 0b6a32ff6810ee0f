/* logs.h — the log file is purged: lines older than the shortest `kept` of the charters go, at the start, every hour, and when somebody
 * asks (SIGUSR1 to the parent). The parent's alone. */
#pragma once
#include "prog/place.h"

#define LOGS_PACE USEC_PER_HOUR
#define LOGS_OLDEST "run/log/oldest"          /* file in the data directory: how old the oldest line is */

/* Before this instant every line goes, so that none is older than the shortest `kept` until the next look. False: no charter says. */
MUST_USE bool logs_before(struct charter *const *charters, size_t count, usec_t now, usec_t *ret);
/* The directory in which the server reads how old the oldest line is (run/log/oldest); made before it starts. */
MUST_USE enum code logs_prepare(struct place *p, struct err *reterr);
/* Failures go to the log. */
void logs_look(struct place *p);
