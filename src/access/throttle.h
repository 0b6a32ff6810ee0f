/* throttle.h — how often a password, a code or a mailed link may be tried: by account, by address, and by an IPv6 address's /48.
 * Each has a leaky bucket of failures; above its burst the next try must wait, one second at first, doubled with each failure up to a bound.
 * Nobody is locked out for good: waits end after a minute (codes: a quarter of an hour), and where somebody has signed in to
 * the account before (the same source, or a device that the caller knows) only the failures of that place count, whatever others do
 * to the account from elsewhere. Success forgives no failure but its own try, so that nobody can buy tries by signing in.
 * A try is counted when it is let through, so that a thousand at once are no more than one after another.
 * Bounded memory: fixed tables; what would be forgotten soonest gives way. In memory alone: a restart forgives. Thread-safe.
 * Keys are keyed hashes: no address and no account stands in the tables. `now` is clock_steady. */
#pragma once
#include "access/source.h"
#include "base/time.h"

enum throttle_what { THROTTLE_PASSWORD, THROTTLE_CODE /* second factor */, THROTTLE_MAIL /* a link that is sent: each counts */, THROTTLE_WHATS };
#define THROTTLE_ACCOUNT_SIZE 32u
struct throttle_try {
    enum throttle_what what;
    const uint8_t *account;                  /* 32 bytes made of what was typed, whether anybody has that address or not; NULL: none was named */
    struct net_source from;
    bool device_known;                       /* the browser bears a mark of an earlier sign-in to this account */
};
enum throttle_end { THROTTLE_WRONG, THROTTLE_RIGHT, THROTTLE_UNTRIED /* nothing was looked at: it does not count */ };

struct throttle;
MUST_USE enum code throttle_new(struct throttle **ret, struct err *reterr);
struct throttle *throttle_free(struct throttle *t);
DEFINE_AUTO(struct throttle, throttle_free)
/* OK: the try counts, and throttle_end follows. E_TOO_MANY: it must not be made; *ret_seconds: when it may be, for Retry-After. */
MUST_USE enum code throttle_check(struct throttle *t, const struct throttle_try *try, usec_t now, unsigned *ret_seconds, struct err *reterr);
void throttle_end(struct throttle *t, const struct throttle_try *try, enum throttle_end end, usec_t now);
