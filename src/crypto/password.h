/* password.h — what is kept of a password: Argon2id (RFC 9106) by libsodium, as a PHC text with its cost and salt.
 * A password is compared as RFC 8265 says (text_opaque: NFC, any space is ' '), so that it fits from another keyboard too.
 * Pure but for randomness and, in password_tune, a clock. Thread-safe. Each call takes the memory of its cost while it runs. */
#pragma once
#include "base/time.h"
#include "crypto/crypto.h"

#define PASSWORD_TEXT_MAX 1024u                        /* bytes */
#define PASSWORD_HASH_MAX 128u                         /* with the end */
#define PASSWORD_OPS_LEAST 2u                          /* what OWASP asks for at the least: 19 MiB, 2 passes */
#define PASSWORD_MEMORY_LEAST (19u << 20)
#define PASSWORD_MEMORY_MOST ((size_t)64 << 20)        /* what password_tune is given by default */

struct password_cost { uint64_t ops; size_t memory; }; /* passes; bytes, a multiple of 1,024 */

/* The cost at which one hash takes at least `least` of a processor's time and, where the machine is fast enough for PASSWORD_…_LEAST, at most `most`
 * (most >= 2 * least): as much memory as may be, then passes. Hashes a few times. */
MUST_USE enum code password_tune(usec_t least, usec_t most, size_t memory_most, struct password_cost *ret, struct err *reterr);

/* As it is hashed and counted; E_FIELDS, in words for who typed it, when it cannot be a password (text_opaque). *ret is to be wiped. */
MUST_USE enum code password_prepare(const char *text, size_t len, struct buf *ret, struct err *reterr);
MUST_USE enum code password_hash(const struct password_cost *cost, const char *text, size_t len, char ret[PASSWORD_HASH_MAX], struct err *reterr);
/* *ret_yes: is it that of the hash? Any bytes take the same time. E_DAMAGED when the hash is none of ours. */
MUST_USE enum code password_verify(const char *hash, const char *text, size_t len, bool *ret_yes, struct err *reterr);
/* A hash of that cost which no password is known to fit: for addresses that nobody has. */
void password_dummy(const struct password_cost *cost, char ret[PASSWORD_HASH_MAX]);
/* Was it made for clearly less work or memory than `cost`, so that it is to be made anew at the next sign-in? Costs that are tuned
 * at each start differ a little: three quarters of the work are enough. */
MUST_USE bool password_stale(const char *hash, const struct password_cost *cost);
