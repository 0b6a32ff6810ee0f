/* tenants.h — making a tenant: its name is cleaned, it stands once in its service, and the ledger says who made it. Thread-safe. */
#pragma once
#include "base/err.h"
#include "store/store.h"

/* E_INVALID: no name; E_CONFLICT: there is one of that name. */
MUST_USE enum code tenant_found(struct store *store, const char *service, const char *name, const char *by, int64_t *ret, struct err *reterr);
