/* page_guard.h — may this form be taken? A token that was signed for this browser and this form, a trap that people leave
 * empty, a least time that people need, and a leaky bucket for each address. Keys are made at start and never leave.
 * The caller passes the time (steady clock for buckets, wall clock for tokens). Thread-safe. */
#pragma once
#include "base/time.h"
#include "crypto/crypto.h"

struct guard;
MUST_USE enum code guard_new(struct guard **ret, struct err *reterr);
struct guard *guard_free(struct guard *g);
DEFINE_AUTO(struct guard, guard_free)

#define GUARD_COOKIE_TEXT 44                   /* 32 random bytes in base64url */
#define GUARD_TOKEN_TEXT 128
#define GUARD_LIFE (2 * USEC_PER_HOUR)
#define GUARD_LEAST USEC_PER_SEC                 /* no person is faster */

void guard_cookie(char ret[GUARD_COOKIE_TEXT]);
MUST_USE bool guard_cookie_fine(const char *cookie);
/* A token for one rendering of a form. `about` names what is done ("f/events/register/…"); again: shown once more
 * after a mistake, so the least time has passed already. */
void guard_token(struct guard *g, const char *about, const char *cookie, bool again, usec_t now, char ret[GUARD_TOKEN_TEXT]);

enum guard_verdict { GUARD_FINE, GUARD_OLD, GUARD_FOREIGN, GUARD_FAST };
enum guard_verdict guard_check(struct guard *g, const char *about, const char *cookie, const char *token, usec_t now);

/* One more from this address for this form? Address as text; IPv6 counts by its /64. False: too many. */
/* One more letter to this mailbox, from whichever address it was asked for? Three at once, then one an hour. */
MUST_USE bool guard_mailbox(struct guard *g, const char *to, usec_t steady);
MUST_USE bool guard_take(struct guard *g, const char *address, const char *form, usec_t steady);
