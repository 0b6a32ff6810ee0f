/* people.h — the tables of accounts: who they are, of which tenants they are members, the sessions and the one-time links by which they
 * come in. They belong to the instance, like tenants and tokens: an account is looked up before its tenant is known. What they hold of
 * a person is sealed by the caller. Statements that change run inside the caller's write, so that the ledger entry stands or falls with
 * them. Texts that a list or a look-up gives live as long as its arena, those of a callback as long as the call. */
#pragma once
#include "base/arena.h"
#include "crypto/crypto.h"
#include "store/store.h"

/* ---- accounts. Found by their address through a claim (rows.h) of tenant 0 under these numbers. */
#define ACCOUNT_CLAIM_KIND (-1)
#define ACCOUNT_CLAIM_RULE 0

enum account_state { ACCOUNT_INVITED /* has not come in yet */, ACCOUNT_ACTIVE, ACCOUNT_SUSPENDED };
/* profile, secret: sealed under a key of tenant 0 each. password: when it was set; 0: there is none. */
struct account_row { struct uuid id; int64_t version; enum account_state state; uint64_t profile_key, secret_key; const void *profile, *secret; size_t profile_len, secret_len;
                     usec_t made, password, used; };
MUST_USE enum code account_put(struct txn *t, const struct account_row *r, struct err *reterr);             /* version 1; E_CONFLICT: the id stands */
/* All but id and made; r->version is the one that was read: E_STALE when it is another by now. */
MUST_USE enum code account_set(struct txn *t, const struct account_row *r, struct err *reterr);
MUST_USE enum code account_get(struct sql *q, const struct uuid *id, struct account_row *ret, struct arena *arena, struct err *reterr);   /* E_NOT_FOUND */
MUST_USE enum code account_drop(struct txn *t, const struct uuid *id, struct err *reterr);      /* with sessions, links, memberships; its tokens end */
void account_used(struct store *s, const struct uuid *id, usec_t at);                            /* does not wait */
/* Accounts made before that time which are members of nothing: left by a cut. At most `room`. */
MUST_USE enum code accounts_alone(struct sql *q, usec_t made_before, struct uuid *ret, size_t room, size_t *ret_count, struct err *reterr);
typedef bool (*account_fn)(const struct account_row *r, void *arg);                              /* profile and secret are not read: NULL */
MUST_USE enum code accounts_list(struct sql *q, const struct uuid *after, account_fn fn, void *arg, struct err *reterr);

/* ---- members: an account in a tenant; tenant 0: the operator's staff */
/* levels: JSON, "" all; own: JSON of the person's own records, "" none. */
struct member_row { struct uuid account; int64_t tenant; const char *role, *levels, *own; usec_t since, suspended; };
MUST_USE enum code member_put(struct txn *t, const struct member_row *r, struct err *reterr);               /* new, or in place of the one that stands */
MUST_USE enum code member_drop(struct txn *t, int64_t tenant, const struct uuid *account, struct err *reterr);   /* E_NOT_FOUND */
MUST_USE enum code member_get(struct sql *q, int64_t tenant, const struct uuid *account, struct member_row *ret, struct arena *arena, struct err *reterr);
typedef bool (*member_fn)(const struct member_row *r, void *arg);
MUST_USE enum code members_of_tenant(struct sql *q, int64_t tenant, member_fn fn, void *arg, struct err *reterr);
MUST_USE enum code members_of_account(struct sql *q, const struct uuid *account, member_fn fn, void *arg, struct err *reterr);

/* ---- sessions. ran, used_ran: by store_ran, so that a wall clock that is put back lengthens nothing. */
struct session_row { uint8_t hash[HASH_SIZE]; int64_t number; struct uuid account; int step; unsigned factors; const char *agent; usec_t made, ran, used, used_ran, elevated /* until, by store_ran */; };
MUST_USE enum code session_put(struct txn *t, const struct session_row *r, int64_t *ret_number, struct err *reterr);
MUST_USE enum code session_get(struct sql *q, const uint8_t hash[HASH_SIZE], struct session_row *ret, struct arena *arena, struct err *reterr);
/* Of an account the newest `keep` stay. */
MUST_USE enum code sessions_trim(struct txn *t, const struct uuid *account, int64_t keep, struct err *reterr);
/* In place of the one under `before`, which is no session any more: it is rotated. E_NOT_FOUND: it ended meanwhile. */
MUST_USE enum code session_turn(struct txn *t, const uint8_t before[HASH_SIZE], const struct session_row *r, struct err *reterr);
MUST_USE enum code session_factor(struct txn *t, const struct uuid *account, int64_t number, unsigned factors /* added */, struct err *reterr);
MUST_USE enum code session_drop(struct txn *t, const struct uuid *account, int64_t number, struct err *reterr);       /* E_NOT_FOUND */
/* All of an account but one (0: all). *ret counts them. */
MUST_USE enum code sessions_drop(struct txn *t, const struct uuid *account, int64_t but, int64_t *ret, struct err *reterr);
void session_used(struct store *s, const uint8_t hash[HASH_SIZE], usec_t at, usec_t ran);                              /* does not wait; once a minute at most */
typedef bool (*session_fn)(const struct session_row *r, void *arg);
MUST_USE enum code sessions_of(struct sql *q, const struct uuid *account, session_fn fn, void *arg, struct err *reterr);
/* Those that began, or were last used, before. */
MUST_USE enum code sessions_expire(struct txn *t, usec_t ran, usec_t used_ran, struct err *reterr);

/* ---- one-time links */
enum link_purpose { LINK_INVITE, LINK_RESET };
struct link_row { uint8_t hash[HASH_SIZE]; enum link_purpose purpose; struct uuid account; int64_t tenant; usec_t made, ran_until, until; };
/* A new one of an account ends those of the same purpose (and tenant) before it. */
MUST_USE enum code one_time_put(struct txn *t, const struct link_row *r, struct err *reterr);
MUST_USE enum code one_time_get(struct sql *q, const uint8_t hash[HASH_SIZE], struct link_row *ret, struct err *reterr);
MUST_USE enum code one_time_take(struct txn *t, const uint8_t hash[HASH_SIZE], struct err *reterr);       /* once: E_NOT_FOUND the next time */
/* Those that are over. At most `room`. */
MUST_USE enum code one_times_over(struct sql *q, usec_t now, usec_t ran, struct link_row *ret, size_t room, size_t *ret_count, struct err *reterr);
MUST_USE enum code one_times_drop(struct txn *t, const struct uuid *account, enum link_purpose purpose, struct err *reterr);
