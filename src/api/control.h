/* control.h — what the command line asks of a running instance: one JSON object {"do": "tenant_new", …} in, then,
 * for an import, the bytes of the file until the sender shuts its side; lines of JSON out, the last of which is
 * {"ok": true, …} or {"ok": false, "code": 10, "name": "E_INVALID", "text": "…"}. The same calls are made in-process
 * when no server runs. Every verb and its members stand in control.tbl. Thread-safe. */
#pragma once
#include "api/service.h"

/* `in` is borrowed; body may be NULL. Each line of the answer goes to `out` with its line break. */
void control_call(struct api *a, const json_t *in, const struct source *body, const struct sink *out);
/* The client's side: connects, checks that the peer is this user or root, sends, hands the answer on as it comes.
 * E_PEER: nobody serves there, or the answer was cut off. */
MUST_USE enum code control_ask(const char *path, const json_t *in, const struct source *body, const struct sink *out, struct err *reterr);

/* The server's side: a thread that takes connections of this user and of root. */
struct control;
MUST_USE enum code control_start(struct api *a, int listen_fd, struct control **ret, struct err *reterr);
struct control *control_stop(struct control *c);        /* waits for calls that run; accepts NULL */
