/* session.h — signing in: steps, sessions, factors. A session is 256 random bits in a cookie, of which the SHA-256 is stored. It goes by
 * steps: after the password it may be no more than asked for the second one. Each step, and each confirmation, gives it a new secret:
 * what was set before somebody signed in is worth nothing after it. Ends by rest, by age (the charter's `sessions`, the strictest of the
 * person's services; the operator's staff 30 minutes and 12 hours), by revocation, by suspension, within a second everywhere.
 * Thread-safe; the functions that hash passwords block for 100 to 200 ms in a pool (hasher.h). */
#pragma once
#include "access/people.h"

#define SESSION_COOKIE "__Host-sejf"
#define SESSION_TEXT 44                        /* 43 base64url characters */
#define CSRF_TEXT 44
enum session_step {
    STEP_WHOLE,
    STEP_SECOND,                               /* the password was right: the second step is missing */
    STEP_CHANGE,                               /* the password is too old, or too short for what the charter asks by now */
    STEP_ENROL,                                /* a role of the person needs a second step, and there is none yet */
};
enum factor { FACTOR_PASSWORD = 1, FACTOR_TOTP = 2, FACTOR_CODE = 4, FACTOR_PASSKEY = 8, FACTOR_PROVIDER = 16, FACTOR_PROVIDER_SECOND = 32 };
struct session {
    int64_t number; struct uuid account; enum session_step step; unsigned factors;
    usec_t made, used; bool elevated;          /* signed in (again) within the last 10 minutes */
    char csrf[CSRF_TEXT];
};
/* Who visits: the address counts for throttling and is not stored; agent: "Firefox on Linux" and the like is what is kept of it. */
struct visitor { const char *address, *agent; };

/* ---- coming in. Wrong address, wrong password, suspended account: E_SIGN_IN, same text, same time. E_TOO_MANY: throttled (err.field holds
 * the seconds to wait). On success *ret_secret is the cookie's value. */
MUST_USE enum code session_password(struct people *p, const struct visitor *v, const char *email, const char *password, char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr);
/* The second step of a session (also: to confirm). code: of TOTP, or a recovery code. */
MUST_USE enum code session_code(struct people *p, const struct visitor *v, const char *secret, const char *code, char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr);
/* What navigator.credentials.get() wants, with binary members in base64url; secret NULL: to come in with a passkey alone. */
MUST_USE enum code session_passkey_begin(struct people *p, const char *secret, json_t **ret, struct err *reterr);
/* The browser's answer {id, clientDataJSON, authenticatorData, signature, userHandle}. */
MUST_USE enum code session_passkey(struct people *p, const struct visitor *v, const char *secret, json_t *answer, char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr);
/* A person who was identified otherwise: by a provider (FACTOR_PROVIDER…). */
MUST_USE enum code session_person(struct people *p, const struct visitor *v, const struct uuid *account, unsigned factors, char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr);
/* To confirm: the password again (a code or passkey by the functions above). */
MUST_USE enum code session_confirm(struct people *p, const struct visitor *v, const char *secret, const char *password, char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr);

/* ---- being in */
MUST_USE enum code session_find(struct people *p, const char *secret, struct session *ret, struct err *reterr);      /* any step; E_SIGN_IN */
/* Who calls a service in this session. wanted: the tenant that the call names, or 0: the only one. E_SIGN_IN: no whole session, or the
 * role needs a step that is missing (the text says which), or no valid authorisation; E_INVALID: several tenants, none named; E_NOT_FOUND:
 * not a member there. quiet: no use of the session, which rests on. */
MUST_USE enum code session_caller(struct people *p, struct service *s, const char *secret, int64_t wanted, bool quiet, struct caller *ret, struct arena *arena, struct err *reterr);
MUST_USE bool session_csrf_fine(const struct session *s, const char *given);
MUST_USE enum code session_end(struct people *p, const char *secret, struct err *reterr);
/* [{number, agent, made, used, factors: [names], own: bool}] */
MUST_USE enum code sessions_json(struct people *p, const struct session *own, json_t **ret, struct err *reterr);
MUST_USE enum code session_revoke(struct people *p, const struct uuid *account, int64_t number, struct err *reterr);
MUST_USE enum code session_revoke_all(struct people *p, const struct uuid *account, int64_t but, struct err *reterr);

/* ---- links. An invitation of a new person, or a reset: with a name (NULL: as invited) and a password. E_FIELDS: the password is too weak, err.text
 * says why in `lang`. Ends every other session of the account. */
MUST_USE enum code link_accept(struct people *p, const struct visitor *v, const char *link, const char *name, const char *password, enum lang lang,
                               char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr);
/* An invitation of a person who has an account: by the session of that account, whole. */
MUST_USE enum code link_join(struct people *p, const struct session *s, const char *link, struct err *reterr);

/* ---- factors; all but the first three of a session that is elevated, or in STEP_ENROL or STEP_CHANGE as they say (else E_CONFIRM) */
MUST_USE enum code password_change(struct people *p, const struct visitor *v, const struct session *s, const char *password, enum lang lang, struct err *reterr);   /* STEP_CHANGE too; ends the others */
MUST_USE enum code password_advice(struct people *p, const struct session *s, const char *password, enum lang lang, char ret[256], struct err *reterr);   /* "" when it is good */
/* {secret: base32, uri: otpauth://…}: not in force until confirmed with a code. STEP_ENROL too. */
MUST_USE enum code totp_begin(struct people *p, const struct session *s, json_t **ret, struct err *reterr);
MUST_USE enum code totp_confirm(struct people *p, const struct session *s, const char *code, struct err *reterr);
MUST_USE enum code totp_remove(struct people *p, const struct session *s, struct err *reterr);
MUST_USE enum code passkey_begin(struct people *p, const struct session *s, json_t **ret, struct err *reterr);       /* for navigator.credentials.create() */
MUST_USE enum code passkey_add(struct people *p, const struct session *s, json_t *answer /* {name, clientDataJSON, authenticatorData} */, struct err *reterr);
MUST_USE enum code passkey_remove(struct people *p, const struct session *s, const char *id, struct err *reterr);
MUST_USE enum code passkeys_json(struct people *p, const struct session *s, json_t **ret, struct err *reterr);       /* [{id, name, made, used, backed_up}] */
/* Ten new ones in place of the old: ["XXXX-XXXX-XXXX-XXXX"], shown once. */
MUST_USE enum code codes_make(struct people *p, const struct session *s, json_t **ret, struct err *reterr);
/* After STEP_ENROL or STEP_CHANGE was satisfied: what the session is by now, with a new secret. */
MUST_USE enum code session_go_on(struct people *p, const char *secret, char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr);

/* ---- providers (OpenID Connect): an identity by (issuer, subject), sealed in the account and found through a keyed hash */
MUST_USE enum code identity_add(struct people *p, const struct session *s, const char *issuer, const char *subject, struct err *reterr);
MUST_USE enum code identity_remove(struct people *p, const struct session *s, const char *issuer, struct err *reterr);
MUST_USE enum code identity_find(struct people *p, const char *issuer, const char *subject, struct uuid *ret, struct err *reterr);

/* ---- tokens of one's own: named, never more than the person may by now, shown once */
struct own_token { int64_t tenant; const char *name; json_t *scope /* as of access_token_make, and "purposes"; NULL: all */; usec_t expires /* USEC_NEVER */; json_t *addresses /* ["192.0.2.0/24"]; NULL: from anywhere */; };
MUST_USE enum code own_token_make(struct people *p, const struct session *s, const struct own_token *w, char ret[TOKEN_TEXT], int64_t *ret_number, struct err *reterr);
MUST_USE enum code own_tokens(struct people *p, const struct session *s, json_t **ret, struct err *reterr);      /* [{number, tenant, name, scope, addresses, made, expires, used}] */
MUST_USE enum code own_token_revoke(struct people *p, const struct session *s, int64_t number, struct err *reterr);
