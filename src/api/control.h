/* control.h — what the command line asks of a running instance: one JSON object {"do": "tenant_new", …} in,
 * lines of JSON out; the last one is {"ok": true, …} or {"ok": false, "code": 10, "text": "…"}. The same calls
 * are made in-process when no server runs. Verbs stand in control.c's table and in docs. */
#pragma once
#include "api/service.h"

/* `in` is borrowed. Each line of the answer goes to `out`, with its line break. */
void control_call(struct api *a, const json_t *in, const struct sink *out);
/* The client's side: connects, checks that the peer is this user or root, sends, hands each line on. E_PEER: nobody serves there. */
MUST_USE enum code control_ask(const char *path, const json_t *in, const struct sink *out, struct err *reterr);
