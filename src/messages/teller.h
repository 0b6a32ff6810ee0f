/* teller.h — the threads that tell webhooks of changes, one webhook at a time each, and the queue before them. A peer that does not answer holds one
 * thread for the time of a try; those that fail hold half of the threads at most, and one tenant's not all. Thread-safe.
 * Ownership: teller_start gives, teller_stop takes back. */
#pragma once
#include "messages/telling.h"

struct teller;
/* *t is copied; what it points to stays the caller's. */
MUST_USE enum code teller_start(const struct telling *t, struct teller **ret, struct err *reterr);
struct teller *teller_stop(struct teller *t);            /* waits for what is under way; accepts NULL */
DEFINE_AUTO(struct teller, teller_stop)
/* Queues those that have something to tell by now; *ret_next: when to look again. Never blocks for long. */
MUST_USE enum code teller_look(struct teller *t, usec_t now, usec_t *ret_next, struct err *reterr);
const struct telling *teller_way(const struct teller *t);

struct teller_status { uint64_t runs, failed /* could not be written down */, waits /* tries in vain */; size_t under_way; };
void teller_status(struct teller *t, struct teller_status *ret);
