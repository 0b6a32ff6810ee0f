/* access.h — tenants and API tokens: who a caller is. A token is "sejf_" and 43 base64url characters (256
 * random bits); only its SHA-256 is stored. Accounts come on top of this. Thread-safe. */
#pragma once
#include "base/arena.h"
#include "records/records.h"

#define TOKEN_TEXT 64
/* expires 0: after a year; USEC_NEVER: never. subject: the person's own record (the courier's), so that "own" and relations mean
 * it; else kind -1. scope: {"kinds": […], "verbs": ["read", "create", "change", "erase", "export", "import"]}, or NULL: all. */
struct token_wish { int64_t tenant; const char *role /* a person of the charter */, *label; const char *scope; usec_t expires; bool loopback_only;
                    int subject_kind; struct uuid subject;
                    struct uuid account /* whose it is; null: made by hand */; const char *addresses /* as addresses_read gives them; NULL: from anywhere */; };
MUST_USE enum code access_token_make(struct service *s, const struct token_wish *w, char ret[TOKEN_TEXT], int64_t *ret_number, struct err *reterr);
/* From where a call comes: a loopback token works from this machine alone, one with an address list from there. */
struct caller_place { bool loopback; const char *address; };
/* Who bears this token in this service; E_SIGN_IN for unknown, expired, revoked, of another service, of a closed tenant, from
 * elsewhere than it may come, or of an account that is suspended, no member any more, or without its authorisation: same text for all. Cached for a second at most. */
MUST_USE enum code access_caller(struct service *s, const char *token, const struct caller_place *from, struct caller *ret, struct arena *arena, struct err *reterr);
/* Who bore that token of the tenant (its number; 0: the account itself, signed in), as it may now, wherever it would come from: for what is done for it later.
 * E_SIGN_IN: expired, revoked, suspended, no member any more, or without its authorisation. */
MUST_USE enum code access_again(struct service *s, int64_t tenant, int64_t token, const struct uuid *account, struct caller *ret, struct arena *arena, struct err *reterr);
/* The private link of a record: made with it, shown once in the reply of a form. */
MUST_USE enum code access_link_make(struct service *s, int64_t tenant, int kind, const struct uuid *record, char ret[TOKEN_TEXT], struct err *reterr);
