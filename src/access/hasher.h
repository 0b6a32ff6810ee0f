/* hasher.h — the hashing of passwords on few threads of its own, for it takes a tenth of a second and 64 MiB each time.
 * Callers wait (base/pause.h) in a short queue that is fair between sources: each source is served in turn, so that a thousand
 * attempts a second from one address hold up nobody else by more than one. What finds no room ends with E_TOO_MANY at once; where
 * the queue is full, who has most in it gives way. Thread-safe. Ownership: hasher_new gives, hasher_free takes back. */
#pragma once
#include "access/source.h"
#include "crypto/password.h"

struct hasher;
struct hasher_options {
    unsigned threads;                        /* 0: one less than there are cores, at least one */
    unsigned waiting;                        /* how many callers may wait, those being served apart; 0: 6, for the workers of the API are few */
    unsigned each;                           /* of one source; 0: 2 */
    struct password_cost cost;               /* ops 0: tuned to 100 to 200 ms when the first password comes */
};
MUST_USE enum code hasher_new(const struct hasher_options *o, struct hasher **ret, struct err *reterr);
/* Who waits is told E_BUSY; calls that began are over when it returns only if their callers make no more. */
struct hasher *hasher_free(struct hasher *h);
DEFINE_AUTO(struct hasher, hasher_free)

/* Blocks. hash NULL: nobody has that address; takes as long as for somebody, and the answer is no. */
MUST_USE enum code hasher_verify(struct hasher *h, const struct net_source *from, const char *hash, const char *text, size_t len, bool *ret_yes, struct err *reterr);
MUST_USE enum code hasher_hash(struct hasher *h, const struct net_source *from, const char *text, size_t len, char ret[PASSWORD_HASH_MAX], struct err *reterr);
/* Should it be made anew, now that the password is known? */
MUST_USE bool hasher_stale(struct hasher *h, const char *hash);
/* After how many seconds (1 and more) one that was refused may hope for room: for Retry-After. */
unsigned hasher_wait(struct hasher *h);
struct password_cost hasher_cost(struct hasher *h);    /* waits until it is tuned */
struct hasher_status { uint64_t hashed, refused; unsigned waiting; };      /* since it began; made and checked, for nobody too */
void hasher_status(struct hasher *h, struct hasher_status *ret);
