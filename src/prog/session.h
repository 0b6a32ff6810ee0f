/* session.h — commands that need the store: asked of the running server, or, when none runs, done in this process with a
 * keeper of its own. The caller does not see the difference. Not thread-safe. */
#pragma once
#include <jansson.h>

#include "prog/place.h"
#include "records/records.h"

struct session;
MUST_USE enum code session_open(struct place *p, struct session **ret, struct err *reterr);
struct session *session_close(struct session *s);
DEFINE_AUTO(struct session, session_close)

bool session_running(const struct session *s);           /* a server answers */
/* One call of the control socket's verbs. `in` is taken over. Each line before the last goes to `each` (may be NULL), without
 * its line break; the last one is *ret (new reference), or the error that it carries. `file`: bytes behind the line, or NULL. */
typedef void (*line_fn)(const char *line, size_t len, void *arg);
MUST_USE enum code session_call(struct session *s, json_t *in, const struct source *file, line_fn each, void *arg, json_t **ret, struct err *reterr);
