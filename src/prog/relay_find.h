/* relay_find.h — the addresses of a name, looked up in a thread of its own: a name server that does not answer keeps nobody but who asks. For one
 * thread's use; whoever ends a search does not wait for it. */
#pragma once
#include <netdb.h>

#include "base/err.h"

struct relay_find;
/* A number is found at once, without a thread. E_BUSY: too many searches hang. */
MUST_USE enum code relay_find_begin(const char *host, int port, struct relay_find **ret, struct err *reterr);
struct relay_find *relay_find_end(struct relay_find *f);
DEFINE_AUTO(struct relay_find, relay_find_end)
int relay_find_fd(const struct relay_find *f);           /* becomes readable when it is known */
/* False: not known yet. *ret: the caller's, for freeaddrinfo; NULL: the name has no address, or is not found. */
MUST_USE bool relay_find_take(struct relay_find *f, struct addrinfo **ret);
