/* damage.h — records of an answer that cannot be read, of which the rest goes on: the first ones are logged, under the number of the
 * request, and all are counted (sejf_damaged_reads). Lives on the stack of whoever answers; one thread's. */
#pragma once
#include "records/records.h"

struct api;
struct damage { struct damage_watch watch; struct api *api; uint64_t count; };

/* request outlives it. d->watch goes to the use case. */
void damage_begin(struct damage *d, struct api *api, const char *request);
/* Says how many there were beyond those that stand in the log. */
void damage_end(struct damage *d);
/* One that was asked for by itself, and answered 500. */
void damage_count(struct api *api, const struct err *e);
