/* sums.h — a file layer below SQLite (a VFS) that gives each page of a database file a checksum in its last
 * eight bytes and holds every page that is read to it, so that a flipped bit is reported and never believed.
 * The WAL has checksums of SQLite's own. Layout: docs of the format say reserved bytes = 8; the sum covers the
 * page but its last 8 bytes, seeded with the page's number, little-endian. Thread-safe after sums_register. */
#pragma once
#include "base/macros.h"

#define SUMS_VFS "sejf"
#define SUMS_RESERVE 8

MUST_USE int sums_register(void);              /* an SQLite result; once in a process */
/* The page whose checksum this thread missed last, told once; 0: none. */
int64_t sums_bad_page(void);
uint64_t sums_of(const void *bytes, size_t len, uint64_t seed);

/* For tests: the n-th write or sync of any file from now on fails as on a full disk, and all after it until
 * it is set to 0 again (0: none fails). */
extern _Atomic size_t sums_fail_at;
/* For tests: so many of the next syncs, after the first `pass` ones, tell of a failure although what they were asked for is durable. */
extern _Atomic size_t sums_sync_fails, sums_sync_pass;
