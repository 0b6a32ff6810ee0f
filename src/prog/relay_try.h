/* relay_try.h — the relay tried from the command line, by whoever may read its password: to the point where a letter could be given, or with one. */
#pragma once
#include "prog/place.h"
#include "prog/relay.h"

struct relay_tried { enum smtp_outcome outcome; int status; char said[SMTP_SAID + 32] /* where, and what it said, addresses masked */, tls[16] /* "": in the clear */; };
/* letter NULL: nothing is sent. Waits 60 seconds at most. E_CONFIG: password or authorities cannot be read; E_NOT_FOUND: sejf.yaml declares no relay.
 * Whatever the relay says is an answer. */
MUST_USE enum code relay_try(struct place *p, const struct smtp_letter *letter, struct relay_tried *ret, struct err *reterr);
