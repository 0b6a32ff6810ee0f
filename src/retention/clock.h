/* clock.h — may the clock be believed? What is due goes by it, and what is gone does not come back: so a clock that is more than a day
 * off what was seen last (at the start: the instant that the jobs noted last, and the newest entry of the ledger; while it runs: the
 * steady clock) stops erasures that wait for a date, until a person has looked and confirms it. That stands in the store, so a restart
 * forgets nothing. Erasures that somebody asks for, and notices, go on. Thread-safe. */
#pragma once
#include "store/store.h"

#define CLOCK_OFF USEC_PER_DAY
#define CLOCK_STANDS (6 * USEC_PER_HOUR)      /* chain 0 has an entry at least so often, so that a quiet installation is not suspicious */

struct clock_state { bool held; usec_t since /* held, or confirmed */, from, to /* where it was expected, and where it stood */; usec_t known /* newest entry then */; };
/* An installation whose clock was never suspicious: all zeros. */
MUST_USE enum code clock_read_state(struct store *s, struct clock_state *ret, struct err *reterr);
/* For those who erase what is due: true too where it cannot be read. Opens a view: hold none. */
bool clock_held(struct store *s);

/* Pure. seen: noted by the jobs last, 0: never; newest: entry of the ledger, 0: there is none; known: of a confirmation, so that an
 * entry made under a wrong clock counts once. *ret_from: what it is off from. */
bool clock_is_off(usec_t now, usec_t seen, usec_t newest, usec_t known, usec_t *ret_from);
/* The newest of the last entries of all chains; 0: there is none. */
MUST_USE enum code clock_newest(struct store *s, usec_t *ret, struct err *reterr);

/* At the start, before the jobs note anything: holds where the clock is off. *ret: is it held now. */
MUST_USE enum code clock_start(struct store *s, usec_t now, usec_t seen, bool *ret, struct err *reterr);
/* It is off now. Entry clock_suspicious in chain 0; one that is held already stays as it is. */
MUST_USE enum code clock_hold(struct store *s, usec_t from, usec_t to, struct err *reterr);
/* Entry clock_confirmed in chain 0. *ret_was: was it held; if not, nothing is done. */
MUST_USE enum code clock_confirm(struct store *s, const char *by, bool *ret_was, struct err *reterr);
/* Entry clock_stands, when the last one of chain 0 is CLOCK_STANDS old, or lies ahead. */
MUST_USE enum code clock_stand(struct store *s, usec_t now, struct err *reterr);
