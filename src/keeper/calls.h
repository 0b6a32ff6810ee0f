/* calls.h — calls of several threads over one connection to the keeper: who comes first while it is idle leads, sends what
 * all have queued meanwhile in one go, and hands the lead on. A call that takes turns with others (base/fiber.h) lets them
 * go on meanwhile; theirs go out with it. Any thread. */
#pragma once
#include "keeper/link.h"

struct calls;
MUST_USE enum code calls_new(const struct door *door, struct calls **ret, struct err *reterr);    /* does not connect yet; door is borrowed for the call */
struct calls *calls_free(struct calls *a);
DEFINE_AUTO(struct calls, calls_free)
MUST_USE enum code calls_connect(struct calls *a, struct err *reterr);    /* before the first call, to learn early that nobody is there */
/* Waits for the answer, half a minute at most; returns c->code. The request is wiped. */
MUST_USE enum code calls_do(struct calls *a, struct call *c);
