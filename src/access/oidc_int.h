/* oidc_int.h — what oidc.c and oidc_provider.c share: one provider and what is known of it. */
#pragma once
#include <jansson.h>
#include <pthread.h>

#include "access/oidc.h"
#include "crypto/jwt.h"

#define OIDC_URL_MAX 2000u

/* What a provider says of itself; texts in `json`. */
struct about { json_t *json; const char *authorization, *token, *userinfo /* NULL: none */, *keys; bool basic /* how the secret is sent */, names_itself /* RFC 9207 */; };

struct party {                                /* made once; the lock guards what is known */
    const struct provider *provider;
    const char *secret;
    pthread_mutex_t lock;
    struct about about;
    struct jwks *keys;
    usec_t asked, keyed;                     /* by steady; 0: never */
};
struct ask { oidc_fetch_fn fetch; void *arg; usec_t steady, now; };

/* A copy of what the provider says of itself: asked for when it is not known, or an hour old. To be emptied by about_done. */
MUST_USE enum code party_about(struct party *p, const struct ask *a, struct about *ret, struct err *reterr);
void about_done(struct about *a);
DEFINE_AUTO_VALUE(struct about, about_done)
/* A code for tokens: the claims of the ID token, verified, and the access token (NULL: none came). New references. */
struct exchange { const char *code, *redirect, *verifier, *nonce; };
MUST_USE enum code party_exchange(struct party *p, const struct ask *a, const struct about *about, const struct exchange *x, json_t **ret_claims, json_t **ret_access, struct err *reterr);
/* What else it says of the person; the subject is the same. */
MUST_USE enum code party_userinfo(struct party *p, const struct ask *a, const struct about *about, const char *access_token, const char *subject, json_t **ret, struct err *reterr);

/* name=value with what is not plain escaped; "&" before it unless it is the first behind '?' or the whole. */
void oidc_pair(struct buf *b, const char *name, const char *value);
const char *oidc_text(const json_t *object, const char *name);        /* NULL: no text there */
