/* guests.h — invented people of a probe tenant who sign in as a browser would: by a link, a password, a code of an authenticator, a
 * cookie. Their accounts go with the tenant. */
#pragma once
#include "crypto/totp.h"
#include "promises/env.h"

#define GUEST_EMAIL 96
#define GUEST_SECRET 128
struct guest {
    char account[UUID_TEXT], email[GUEST_EMAIL], link[GUEST_SECRET], password[64];
    char cookie[GUEST_SECRET], csrf[GUEST_SECRET], step[32];     /* "": no session; step as GET /v1/account says it: "whole", "enrol", … */
    char totp[TOTP_SECRET_TEXT];
    char from[16];                            /* an address of this machine that is its own: what it fails at slows nobody else */
};

/* Nobody yet. */
void guest_begin(struct guest *ret);
/* Invited, nothing more. own NULL: no record of its own ("kind/id"). */
MUST_USE enum code guest_invite(struct env *e, int side, const char *role, const char *own, struct guest *ret, struct err *reterr);
/* Takes the link with that password; *ret_status: 200, or why not. */
MUST_USE enum code guest_accept(struct env *e, struct guest *g, const char *password, int *ret_status, struct err *reterr);
/* Adds an authenticator and confirms it. E_BROKEN when that is refused. */
MUST_USE enum code guest_enrol(struct env *e, struct guest *g, struct err *reterr);
/* All of this: a session that is whole. E_BROKEN when it is not. */
MUST_USE enum code guest_in(struct env *e, int side, const char *role, const char *own, struct guest *ret, struct err *reterr);
/* By its password; what the session is by then stands in g->step. */
MUST_USE enum code guest_sign_in(struct env *e, struct guest *g, const char *password, int *ret_status, struct err *reterr);
/* One call with the guest's cookie (where it has one) and its Sejf-Csrf. body: borrowed, or NULL. A cookie that comes back is taken. */
MUST_USE enum code guest_call(struct env *e, struct guest *g, const char *method, const char *path, json_t *body, struct answer *ret, struct err *reterr);
/* Can a session of that person of the charter be had here? It is of a tenant's staff and needs no passkey. */
bool guest_can_be(const struct env *e, int person);
/* The first of these; second: the first whose role needs a second step. -1: none. */
int guest_role(const struct env *e, bool second);
