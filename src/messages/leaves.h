/* leaves.h — which fields leave the service to another host: those that the line of a processor of the charter names, and no others. Whoever is told of
 * a record, or asked about one, gets ids, versions and times beside them, and no more than that when its agreement is over.
 * Pure; thread-safe. */
#pragma once
#include "charter/charter.h"

fieldset leaves_to(const struct charter *c, const char *host, int kind, fieldset seen, usec_t now);
