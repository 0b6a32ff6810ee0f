/* address.h — is an IP address one of the public internet, or of this machine, a private network, or a block that nobody is reached
 * at? Pure. Thread-safe. */
#pragma once
#include <sys/socket.h>

#include "base/macros.h"

/* False for what is not IPv4 or IPv6. An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) counts as itself. */
MUST_USE bool address_is_public(const struct sockaddr *address);
