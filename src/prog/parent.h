/* parent.h — the process that starts and restarts the others. It reads no foreign input but signals. */
#pragma once
#include "prog/place.h"

/* Serves until SIGTERM or SIGINT. An error: something could not be started, or refused to. */
MUST_USE enum code parent_run(struct place *p, struct err *reterr);
