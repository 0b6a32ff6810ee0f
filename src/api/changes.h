/* changes.h — GET /v1/{service}/changes: one thread sends changes to all readers, so that a reader costs a ring
 * and no thread. Thread-safe. Ownership: watch_start gives, watch_free takes back; watch_stop before it ends every stream
 * and lets no new one in, so that the HTTP server can stop in between. */
#pragma once
#include "api/service.h"
#include "base/buf.h"

struct watch;
MUST_USE enum code watch_start(struct store *store, struct watch **ret, struct err *reterr);
void watch_stop(struct watch *w);             /* accepts NULL and a second call */
struct watch *watch_free(struct watch *w);    /* stops first */
DEFINE_AUTO(struct watch, watch_free)

/* One event in the framing of server-sent events: id, event, data on one line each. `data` has no line break. */
void event_frame(struct buf *ret, int64_t id, const char *event, const char *data);
