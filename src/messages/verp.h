/* verp.h — the address that bounces of one letter come to: b-<letter>-<tenant>-<mac>@domain. The code is made with a key of the tenant, so nobody but
 * sejf makes such an address, and what comes to it is about that letter, whatever it says inside. In small letters, since some machines fold them. */
#pragma once
#include "base/uuid.h"
#include "records/records.h"

#define VERP_TEXT 65u                        /* of the local part, with its end */
MUST_USE enum code verp_make(struct service *s, int64_t tenant, const struct uuid *letter, const char *domain, char ret[320], struct err *reterr);
/* What it says, not yet believed: for whoever looks for the tenant. false: it is no such address. Pure. */
struct verp { int64_t tenant; struct uuid letter; uint8_t mac[10]; };
MUST_USE bool verp_read(const char *address, const char *domain, struct verp *ret);
/* Is the code right? E_NOT_FOUND: it is not. */
MUST_USE enum code verp_check(struct keeper_client *k, const struct verp *v, struct err *reterr);
