/* inside.h — what the files of this folder share: struct people, and an account that is open. What is sealed of an account is two JSON
 * objects: its profile {name, email, lang} and its secrets {password, points, totp, totp_new, codes, passkeys, identities, before}. A
 * part gets a new key, and its old one is destroyed, whenever something of it goes that must not live on. */
#pragma once
#include <pthread.h>

#include "access/people.h"
#include "access/session.h"
#include "records/keys.h"
#include "records/service.h"
#include "store/people.h"
#include "store/rows.h"
#include "store/tables.h"

struct hasher; struct throttle;

#define SPENT_MAX 4096u                        /* challenges that were answered: each is worth nothing again */
struct spent { uint8_t bytes[32]; struct uuid account; usec_t at; };

struct people {
    struct store *store; struct keeper_client *keeper;
    struct service **services; size_t count;
    char *base_url, *host;
    struct hasher *hasher; struct throttle *throttle;
    _Atomic bool cost_kept;                    /* the cost of passwords stands in the store */
    uint8_t challenge_key[32];
    pthread_mutex_t lock;                      /* of spent */
    struct spent *spent; size_t spent_next;
};

/* ---- an account, open */
struct account { struct account_row row; json_t *profile, *secret; };
void account_close(struct account *a);
DEFINE_AUTO_VALUE(struct account, account_close)
MUST_USE enum code account_open(struct people *p, const struct uuid *id, struct account *ret, struct arena *arena, struct err *reterr);

/* A new one, which nobody has come into yet; email and name as address_read and name_read give them. E_CONFLICT: the address has one. */
MUST_USE enum code account_make(struct people *p, const char *email, const char *name, enum lang lang, const char *by, struct uuid *ret, struct err *reterr);

/* One change of an account: its parts are sealed anew as `a` holds them, all in one write of tenant 0. */
enum account_part { PART_PROFILE = 1, PART_SECRET = 2 };
struct account_edit {
    struct account *a;
    unsigned seal, fresh;                      /* account_part: seal anew; under a new key */
    const char *verb, *by; json_t *what;       /* of the ledger; verb NULL: none */
    enum code (*more)(struct txn *t, void *arg, struct err *reterr); void *arg;      /* stands or falls with it; may run twice */
};
MUST_USE enum code account_save(struct people *p, struct account_edit *e, struct err *reterr);

/* The keyed hash by which an account is found: of its address, or of (issuer, subject). */
#define IDENTITY_CLAIM_RULE 1
struct account_mark { struct mark mark; struct token before; };
MUST_USE enum code mark_email(struct people *p, const char *email, struct account_mark *ret, struct err *reterr);      /* of the address as address_read gives it */
MUST_USE enum code mark_identity(struct people *p, const char *issuer, const char *subject, struct account_mark *ret, struct err *reterr);
/* "Anna@Example.org" -> "Anna@example.org"; E_FIELDS. */
MUST_USE enum code address_read(const char *text, char ret[PERSON_EMAIL], struct err *reterr);
MUST_USE enum code name_read(const char *text, char ret[PERSON_NAME], struct err *reterr);

/* A secret that is shown once: 43 base64url characters behind a prefix; its SHA-256 is what is stored. */
void secret_make(const char *prefix, char *ret, size_t room, uint8_t ret_hash[HASH_SIZE]);
MUST_USE bool secret_hash(const char *prefix, const char *text, uint8_t ret_hash[HASH_SIZE]);      /* false: none of ours */
#define SECRET_TEXT 43u
#define LINK_PREFIX "sejl_"
void one_time_link(struct people *p, enum link_purpose purpose, const struct uuid *account, int64_t tenant, char ret[TOKEN_TEXT], struct link_row *ret_row);

/* ---- members */
struct membership { struct member_row row; struct service *service /* NULL: tenant 0 */; int person /* of its charter; tenant 0: -1 */; };
struct memberships { struct membership *list; size_t count; };
/* Those that count: not suspended, not invited only, of open tenants of services that run. */
MUST_USE enum code memberships_read(struct people *p, struct sql *q, const struct uuid *account, struct arena *arena, struct memberships *ret, struct err *reterr);
#define SUSPENDED_INVITED (-1)                 /* member_row.suspended: the link was not taken yet */
/* {"all": "write", "event/0193…": "read"}; *ret NULL: everything. E_FIELDS: what is wrong. */
MUST_USE enum code levels_read(struct service *s, const json_t *json, struct arena *arena, struct levels **ret, struct err *reterr);
MUST_USE enum code own_read(struct service *s, const json_t *json, struct arena *arena, struct own_record **ret, size_t *ret_count, struct err *reterr);
/* Who was invited comes in: the link is taken in the same write. */
MUST_USE enum code member_join(struct people *p, const struct link_row *link, const char *by, struct err *reterr);
/* A membership that has ended for good: an account that has no other is erased. */
MUST_USE enum code account_end_if_alone(struct people *p, const struct uuid *account, const char *by, struct err *reterr);

/* What was remembered of sessions and tokens is asked for anew: after anything that takes a right away. */
void access_forget(void);
