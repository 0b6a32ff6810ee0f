/* postman.h — the threads that deliver letters, some at a time, and the queues before them: one lane for mail and one for text messages, so that neither waits for the
 * other's way out. While a way takes no letter all of its lane wait, at growing intervals; what is said over one tenant's letters slows or stops that tenant
 * alone (messages/fair.h), and what is wrong with one letter keeps only that one. Thread-safe. Ownership: postman_start gives, postman_stop takes back. */
#pragma once
#include "messages/deliver.h"

struct postman;
/* *d is copied; what it points to stays the caller's. */
MUST_USE enum code postman_start(const struct deliver *d, struct postman **ret, struct err *reterr);
struct postman *postman_stop(struct postman *p);         /* waits for what is under way, so mail_line_stop first; accepts NULL */
DEFINE_AUTO(struct postman, postman_stop)
/* Queues what is to be tried by now; *ret_next: when to look again. Never blocks for long. */
MUST_USE enum code postman_look(struct postman *p, usec_t now, usec_t *ret_next, struct err *reterr);

/* Of one lane. */
struct postman_status { uint64_t tried, done, relay_failed /* tries that failed because of the way, or could not be written down */, failed /* of these: could not be written down */, doubts; size_t under_way, window /* that may go at a time */;
                        uint64_t slowed, blocked; size_t tenants_wait /* whose letters alone wait */; usec_t waits_until /* for the way; 0: not */; };
void postman_status(struct postman *p, enum channel channel, struct postman_status *ret);
