/* users.h — users of the system by name, and becoming one for good. Not for threaded processes. */
#pragma once
#include <sys/types.h>

#include "base/err.h"

struct user { char name[33]; uid_t uid; gid_t gid; };

/* E_NOT_FOUND where the system has no such user. */
MUST_USE enum code user_find(const char *name, struct user *ret, struct err *reterr);
/* Groups, group, user; then tries to come back, which must fail. */
MUST_USE enum code user_drop(const struct user *user, struct err *reterr);
