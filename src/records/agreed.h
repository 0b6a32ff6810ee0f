/* agreed.h — may personal data be taken for a tenant: is its agreement in force, where the charter asks for one first? What is known of a
 * tenant is remembered for a second at most and forgotten at once by service_agreement_moved, so that taking a record costs no look-up of
 * its own. Reading, erasing and exporting are never asked for: an agreement that has ended locks nobody out of their data. Thread-safe. */
#pragma once
#include "records/records.h"

/* true where the charter asks for no agreement. */
MUST_USE enum code service_agreed(struct service *s, int64_t tenant, bool *ret, struct err *reterr);
/* After every write that changes an agreement of the tenant. */
void service_agreement_moved(struct service *s, int64_t tenant);
/* E_FORBIDDEN where records of that kind hold personal fields and the tenant's agreement is not in force. */
MUST_USE enum code agreed_first(struct service *s, int64_t tenant, const struct kind *k, struct err *reterr);

/* ---- inside records */
struct agreed;
struct agreed *agreed_new(void);
struct agreed *agreed_free(struct agreed *a);
