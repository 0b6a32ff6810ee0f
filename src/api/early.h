/* early.h — a start that takes long (records brought in line with a changed charter, an index made anew) does not leave people without an
 * answer: after a grace in which a usual start is over, whoever asks gets 503 with Retry-After, and at the control socket how far it is.
 * The descriptors stay the caller's; what was not accepted waits for the service. early_tell may be called from any thread.
 * Ownership: early_start gives, early_stop takes back and accepts NULL. */
#pragma once
#include "base/err.h"

struct early;
/* http_fd, control_fd: listening sockets. grace_ms: nothing is accepted before. */
MUST_USE enum code early_start(int http_fd, int control_fd, int grace_ms, struct early **ret, struct err *reterr);
/* What the server is at. NULL: starting. service: kept by reference. */
void early_tell(struct early *e, const char *service, int64_t records);
struct early *early_stop(struct early *e);
DEFINE_AUTO(struct early, early_stop)
