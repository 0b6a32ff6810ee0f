/* postman.h — the threads that deliver letters, some at a time, and the queue before them. While the relay takes no letter all wait, at growing
 * intervals; what is wrong with one letter keeps only that one. Where the relay says that we are too fast, half as many go at a time, and slowly more again;
 * where it says of several in a row that it does not want us, all wait. Thread-safe. Ownership: postman_start gives, postman_stop takes back. */
#pragma once
#include "messages/deliver.h"

struct postman;
/* *d is copied; what it points to stays the caller's. */
MUST_USE enum code postman_start(const struct deliver *d, struct postman **ret, struct err *reterr);
struct postman *postman_stop(struct postman *p);         /* waits for what is under way, so mail_line_stop first; accepts NULL */
DEFINE_AUTO(struct postman, postman_stop)
/* Queues what is to be tried by now; *ret_next: when to look again. Never blocks for long. */
MUST_USE enum code postman_look(struct postman *p, usec_t now, usec_t *ret_next, struct err *reterr);

struct postman_status { uint64_t tried, done, relay_failed, failed /* could not be written down */, doubts; size_t under_way, window /* that may go at a time */; uint64_t slowed, blocked; usec_t waits_until /* for the relay; 0: not */; };
void postman_status(struct postman *p, struct postman_status *ret);
