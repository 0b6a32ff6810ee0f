/* reaches.h — may the hosts that sejf.yaml names for letters, text messages and questions be reached by the services here? Where a charter names its processors,
 * each of them is a host of one (or of the operator's own machines), and none lies outside the EEA without an entry in the register of transfers. Thread-safe. */
#pragma once
#include "prog/place.h"

/* E_CONFIG, with what to mend. charters: as place_charters gives them. */
MUST_USE enum code reaches_check(const struct instance *i, struct charter *const *charters, size_t count, usec_t now, struct err *reterr);
/* Before each letter and each text message: E_FORBIDDEN where an entry has ended since, so that it waits. */
MUST_USE enum code reach_now(struct charter *const *charters, size_t count, const char *host, struct err *reterr);
