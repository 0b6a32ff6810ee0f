/* signin.h — inside access: what the steps of signing in share. */
#pragma once
#include "access/inside.h"

#define FACTORS_SECOND (FACTOR_TOTP | FACTOR_CODE | FACTOR_PASSKEY | FACTOR_PROVIDER_SECOND)
#define ELEVATED_FOR (10 * USEC_PER_MINUTE)
#define STAFF_IDLE (30 * USEC_PER_MINUTE)      /* sessions of the operator's staff */
#define STAFF_MOST (12 * USEC_PER_HOUR)
static inline usec_t span_usec(const struct span *s) { return (usec_t)(span_days(s) * (double)USEC_PER_DAY); }

/* What the roles of a person ask of its sign-in, all together. */
struct needs { bool second, passkey; int length; bool aged /* the password has to be changed */; };
void needs_of(struct people *p, const struct memberships *m, usec_t password, struct needs *ret);
enum session_step step_needed(const struct account *a, unsigned factors, const struct needs *n);

void session_shown(struct people *p, const struct session_row *r, const char *secret, struct session *ret);
/* A new session of the account with these factors, or (from not NULL) that session with these added, under a new secret. */
MUST_USE enum code session_make(struct people *p, const struct visitor *v, const struct account *a, unsigned factors, const uint8_t *from /* its hash */, const struct account_edit *with /* saved beside it, or NULL */,
                                char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr);
/* The row of a secret, in force, whatever its step. */
MUST_USE enum code session_row_of(struct people *p, const char *secret, struct session_row *ret, struct err *reterr);
void access_forget_tokens(void);
void session_forget(const uint8_t hash[HASH_SIZE]);      /* what was remembered of one session */
/* A valid authorisation where the charter asks for one: else E_SIGN_IN. *until: no later than that it holds. */
MUST_USE enum code authorised(struct service *s, int64_t tenant, int person, const struct uuid *account, usec_t *until, struct err *reterr);
MUST_USE enum code staff_authorised(struct people *p, const char *role, const struct uuid *account, usec_t *until, struct err *reterr);
/* The window that is open for that account of the operator's staff now; *ret NULL: none. */
MUST_USE enum code staff_window(int64_t tenant, const struct uuid *account, struct service *s, struct arena *arena, const struct open_window **ret, usec_t *until, struct err *reterr);

/* Its memberships, and what they ask. E_SIGN_IN: it has none. */
MUST_USE enum code needs_read(struct people *p, const struct account *a, struct arena *arena, struct memberships *ret_members, struct needs *ret, struct err *reterr);
bool factor_enrolled(const struct account *a);         /* has it a second step of its own? */

/* ---- factors */
struct factor_more { enum code (*fn)(struct txn *t, void *arg, struct err *reterr); void *arg; };
/* Opens the session's account; it must be in one of `steps` (bits), and where it is whole, signed in a moment ago. */
MUST_USE enum code factor_begin(struct people *p, const struct session *s, unsigned steps, struct account *ret, struct arena *arena, struct err *reterr);
MUST_USE enum code factor_save(struct people *p, struct account *a, unsigned fresh, const char *verb, const struct factor_more *more, struct err *reterr);
void cost_keep(struct people *p);                      /* after something was hashed */
/* A new password into `a`, not saved yet. E_FIELDS: too weak, or one of those before. */
MUST_USE enum code password_put(struct people *p, const struct visitor *v, struct account *a, const char *password, enum lang lang, struct err *reterr);

/* ---- challenges of passkeys: nothing is kept of one that was given, only of those that were answered rightly. `session`: its hash, or NULL. */
enum challenge_for { CHALLENGE_GET = 1, CHALLENGE_CREATE };
void challenge_make(struct people *p, enum challenge_for what, const uint8_t *session, uint8_t ret[32]);
MUST_USE bool challenge_fine(struct people *p, enum challenge_for what, const uint8_t *session, const uint8_t bytes[32]);
/* False: it was answered before, or the account answered too many within minutes. */
MUST_USE bool challenge_spend(struct people *p, const struct uuid *account, const uint8_t bytes[32]);
