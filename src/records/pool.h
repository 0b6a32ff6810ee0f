/* pool.h — inside records: a few threads that help with work that can be cut in pieces (opening and matching many records).
 * The caller works too, so a busy pool only means that it works alone. Thread-safe. */
#pragma once
#include "base/err.h"

struct pool;
MUST_USE struct pool *pool_new(unsigned helpers);       /* 0: as many as there are further cores, 7 at most */
struct pool *pool_free(struct pool *p);
unsigned pool_width(const struct pool *p);              /* helpers and the caller */
/* fn(arg, i) for each i below count, in any order, on several threads; returns when all are done. */
void pool_run(struct pool *p, size_t count, void (*fn)(void *arg, size_t i), void *arg);
