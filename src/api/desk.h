/* desk.h — where requests under people's rights are worked on, for routes, pages, jobs and the command line: a struct request_desk of this
 * installation, and what they share in reading it. Thread-safe. */
#pragma once
#include "api/service.h"
#include "records/draft.h"
#include "rights/request.h"

/* Texts in the arena; a tenant that is gone has no name. */
struct request_desk desk_of(const struct api *a, struct service *s, int64_t tenant, struct arena *arena);
/* "2026-11-22": the noon of that day by the service's clock (now, if that is earlier); or a time. */
MUST_USE bool desk_received(const struct request_desk *d, const char *text, usec_t *ret);
