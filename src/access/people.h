/* people.h — accounts, of which tenants they are members, and the one-time links by which they come in. One `struct people` for the
 * process: it belongs to all services. What is known of a person (name, address) is sealed; accounts are found by address through a
 * keyed hash. Every change writes its entry into the ledger of the tenant that it concerns (chain 0: the operator's staff) and takes
 * effect for running sessions and tokens at once. Thread-safe; the functions block. `by`: as caller_text says it ("sejf",
 * "account 0193…"), for the ledger. What may be done by whom is people_may's to say: the other functions do as they are told. */
#pragma once
#include "access/access.h"
#include "crypto/password.h"

struct people;
struct people_options {
    struct store *store; struct keeper_client *keeper;            /* the caller's, as long as this lives */
    struct service *const *services; size_t service_count;
    const char *base_url;                                         /* "https://host:8443": origin of passkeys, and what links begin with */
    struct password_cost cost;                                    /* of passwords; ops 0: tuned on this machine */
};
MUST_USE enum code people_open(const struct people_options *o, struct people **ret, struct err *reterr);
struct people *people_close(struct people *p);
DEFINE_AUTO(struct people, people_close)
/* For metrics: passwords hashed to be kept or checked (for an address that nobody has, too), and attempts for which there was no room. */
struct people_status { uint64_t hashed, refused; unsigned waiting; };
void people_status(struct people *p, struct people_status *ret);

/* Now and then: sessions, links and invitations that are over go, and what a cut has left. */
MUST_USE enum code people_upkeep(struct people *p, struct err *reterr);

/* The service that a tenant is of; E_NOT_FOUND: no such open tenant. Tenant 0 has none. */
MUST_USE enum code people_service(struct people *p, int64_t tenant, struct service **ret, struct err *reterr);

/* ---- roles: of a tenant's members a person of its charter who may sign in (charter_signs_in); of the operator's staff (tenant 0)
 * one of these. */
#define ROLE_ADMINISTRATOR "administrator"     /* makes tenants, accounts of the operator, owners of tenants; sees no record */
#define ROLE_SUPPORT "support"                 /* looks after tenants, as who_sees says, and in windows */
#define ROLE_OFFICER "security_officer"        /* authorisations, registers */

/* ---- accounts */
#define PERSON_NAME 128
#define PERSON_EMAIL 256
#define PERSON_ISSUER 513
struct person_of { struct uuid id; char name[PERSON_NAME], email[PERSON_EMAIL]; enum lang lang; int state /* account_state */; usec_t made, used, password /* when it was set; 0: none */;
                   bool totp; unsigned passkeys, codes; char issuer[PERSON_ISSUER] /* of the provider that it is linked with; "": none */; };
MUST_USE enum code account_read(struct people *p, const struct uuid *id, struct person_of *ret, struct err *reterr);       /* E_NOT_FOUND */
MUST_USE enum code account_find(struct people *p, const char *email, struct uuid *ret, struct err *reterr);                /* E_NOT_FOUND; E_INVALID: no address */
MUST_USE enum code account_change(struct people *p, const struct uuid *id, const char *name, enum lang lang, struct err *reterr);    /* NULL, LANG_COUNT: as it is */
/* Everywhere: no session, no token works until it is lifted. */
MUST_USE enum code account_suspend(struct people *p, const struct uuid *id, bool on, const char *by, struct err *reterr);
/* Everything of it: keys destroyed, sessions, links, memberships, tokens. E_CONFLICT: the last owner of a tenant, or the last administrator. */
MUST_USE enum code account_erase(struct people *p, const struct uuid *id, const char *by, struct err *reterr);

/* ---- members */
struct member_wish {
    int64_t tenant;
    const char *role;
    json_t *levels;                            /* {"all": "none", "event/0193…": "write"}; NULL: all written. Borrowed */
    json_t *own;                               /* ["courier/0193…"]: records of the tenant that are the person's own; NULL: none. Borrowed */
};
/* A link for a person who is to become a member: makes the account where none has that address, and its membership, which counts from
 * when the link is taken. The link's secret is shown once. E_CONFLICT: already a member in force. E_FIELDS with `field`: what is wrong. */
MUST_USE enum code member_invite(struct people *p, const struct member_wish *w, const char *email, const char *name, enum lang lang, const char *by,
                                 char ret_link[TOKEN_TEXT], struct uuid *ret_account, struct err *reterr);
/* Another role, other levels. E_CONFLICT: the last owner cannot stop being one. */
MUST_USE enum code member_change(struct people *p, const struct uuid *account, const struct member_wish *w, const char *by, struct err *reterr);
MUST_USE enum code member_suspend(struct people *p, int64_t tenant, const struct uuid *account, bool on, const char *by, struct err *reterr);
/* An account that is member of nothing any more is erased. */
MUST_USE enum code member_remove(struct people *p, int64_t tenant, const struct uuid *account, const char *by, struct err *reterr);
/* Everybody, the last owner too: of a tenant that is closed. Accounts that belong nowhere else are erased. */
MUST_USE enum code members_end(struct people *p, int64_t tenant, const char *by, struct err *reterr);
/* [{account, name, email, role, levels, own, state: invited | active | suspended, since, used, second: bool, passkeys}], by name. */
MUST_USE enum code members_list(struct people *p, int64_t tenant, json_t **ret, struct err *reterr);
/* Of one account: [{tenant, tenant_name, service, role, levels, own, suspended, since}]; tenant 0 with service "". */
MUST_USE enum code members_of(struct people *p, const struct uuid *account, json_t **ret, struct err *reterr);
/* Joiners and leavers from the ledger, newest first: [{at, do, by, account, role}]. */
MUST_USE enum code members_history(struct people *p, int64_t tenant, size_t limit, json_t **ret, struct err *reterr);

/* ---- links: "/account/link/" and the secret */
#define LINK_PATH "/account/link/"
/* A new password, all factors kept, all sessions ended when it is taken. */
MUST_USE enum code account_reset(struct people *p, const struct uuid *id, const char *by, char ret_link[TOKEN_TEXT], struct err *reterr);
struct link_info { bool reset; bool has_password /* of the account: an invitation then wants the person signed in */; struct uuid account; int64_t tenant; char name[PERSON_NAME], email[PERSON_EMAIL], role[64], tenant_name[128];
                   enum lang lang; usec_t until; };
MUST_USE enum code link_look(struct people *p, const char *secret, struct link_info *ret, struct err *reterr);      /* E_NOT_FOUND: unknown, used or over */

/* ---- may the caller do this with the accounts of that tenant? */
enum people_act { PEOPLE_LIST, PEOPLE_INVITE, PEOPLE_CHANGE, PEOPLE_SUSPEND, PEOPLE_REMOVE, PEOPLE_RESET, PEOPLE_AUTHORISE, PEOPLE_WINDOW, PEOPLE_TENANTS };
/* OK, E_FORBIDDEN, E_NOT_FOUND (another tenant's), or E_CONFIRM: sign in again first. */
struct session;
MUST_USE enum code people_may(struct people *p, const struct session *s, int64_t tenant, enum people_act act, struct err *reterr);
/* Of the operator's staff, whatever its role, signed in whole with a second step: else as people_may of tenant 0. */
MUST_USE enum code people_staff(struct people *p, const struct session *s, struct err *reterr);
/* Has that account of the operator's staff a valid authorisation, where a charter asks for one? E_SIGN_IN. */
MUST_USE enum code people_authorised(struct people *p, const char *role, const struct uuid *account, struct err *reterr);
