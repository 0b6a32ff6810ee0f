/* fair.h — how many letters of each party (a tenant, or its campaigns) may be under way at a time over one way out (the relay, or the provider of text messages), and when nobody's are. What is
 * said over one tenant's letters concerns that tenant, and the way only where a second tenant was told the same with no letter taken in between, or where no
 * letter was spoken of at all. Pure: the caller passes the steady clock. Not thread-safe; bounded, whatever tenants there are. Never logs. */
#pragma once
#include <stddef.h>

#include "base/err.h"
#include "base/time.h"

struct fair;
/* A tenant's campaigns are a party of their own: what they earn, and all that waits with them, holds none of its other letters back. */
#define FAIR_CAMPAIGNS(tenant) (~(int64_t)(tenant))
/* threads: that there are, 2 or more. On failure *ret is untouched. */
MUST_USE enum code fair_new(size_t threads, struct fair **ret, struct err *reterr);
struct fair *fair_free(struct fair *f);
DEFINE_AUTO(struct fair, fair_free)

/* What the end of a try says. */
enum fair_says { FAIR_NOTHING,               /* it went another way, or waits: it did not stall, and says nothing of the way */
                 FAIR_WELL,                  /* the letter was taken, or nothing was said against us */
                 FAIR_SLOW,                  /* less at a time is wanted */
                 FAIR_STRANGE,               /* it was about us, or no answer came where one had to: once it may be the letter's fault */
                 FAIR_WAY };                 /* the way takes no letter now, whoever's */
/* began: when the letter was taken into hand, so that many answers to one burst count as one. */
void fair_note(struct fair *f, int64_t party, enum fair_says says, usec_t began, usec_t now);

/* May one more of that party be taken? taken: of it, under way; stalled: of these, those that take longer than fair_stall; all and all_stalled: of everybody. */
struct fair_held { size_t taken, stalled, all, all_stalled; };
MUST_USE bool fair_may(struct fair *f, int64_t party, const struct fair_held *h);
/* Places in the queue before the threads that one party may hold: some more than it may have under way. */
size_t fair_places(const struct fair *f, int64_t party);
/* A letter under way for so long is stalled: several times what letters usually take, 5 seconds at least. */
usec_t fair_stall(const struct fair *f);
bool fair_waits(const struct fair *f, int64_t party, usec_t now);        /* that party alone, or all */
usec_t fair_resume(const struct fair *f, usec_t now);                    /* when the way is tried again; 0: now */

struct fair_status { size_t window /* letters under way at a time */, waiting /* tenants whose letters alone wait */; uint64_t slowed, failed /* tries that failed because of the way */; };
struct fair_status fair_status(const struct fair *f, usec_t now);
