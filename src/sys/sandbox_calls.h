/* sandbox_calls.h — the seccomp half of the sandbox: tables of system calls that a process may make. */
#pragma once
#include "base/err.h"

/* `calls`: bits of enum sandbox_calls. All threads of the process are held to it from now on. */
MUST_USE enum code calls_limit(unsigned calls, struct err *reterr);
/* Takes away what no service needs and leaves the rest, for a foreign program. */
MUST_USE enum code calls_narrow(unsigned calls, struct err *reterr);
