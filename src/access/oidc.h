/* oidc.h — sign-in by an OpenID Connect provider: authorization code flow with PKCE (S256), discovery, its keys, the ID token. It says who somebody
 * is at a provider that sejf.yaml declares; which account that is, and whether a further step is wanted, is for the caller.
 *
 * What a sign-in needs until its answer comes (state, nonce, verifier, the caller's note) stands sealed in a cookie of the browser that began it, so an
 * answer in another browser is worth nothing; the key is this process's own. Every answer counts once. Requests go by a function, so tests
 * need no network. Thread-safe; oidc_begin and oidc_end block while a provider is asked. */
#pragma once
#include "charter/instance.h"
#include "sys/fetch.h"

#define OIDC_COOKIE "__Host-sejf-with"
#define OIDC_COOKIE_SECONDS 600
#define OIDC_PATH "/account/with/"            /* and the provider's id: begins; "/answer" behind it: ends */
#define OIDC_NOTE_MAX 256u

struct oidc;
typedef enum code (*oidc_fetch_fn)(void *arg, const struct fetch_request *request, struct fetch_reply *ret, struct err *reterr);
struct oidc_options {
    const struct provider *providers; size_t provider_count;     /* the caller's, as long as this lives */
    const char *const *secrets;              /* of each; copied to locked memory */
    const char *base_url;                    /* "https://host:8443": what providers send people back to */
    oidc_fetch_fn fetch; void *arg;
    usec_t (*now)(void), (*steady)(void);    /* NULL: clock_now, clock_steady */
};
MUST_USE enum code oidc_open(const struct oidc_options *options, struct oidc **ret, struct err *reterr);
struct oidc *oidc_close(struct oidc *o);
DEFINE_AUTO(struct oidc, oidc_close)
/* NULL: no provider of that id. o NULL: there is none at all. */
const struct provider *oidc_provider(const struct oidc *o, const char *id);
size_t oidc_providers(const struct oidc *o, const struct provider **ret);

/* Where to send the browser, and the cookie's value. note: what oidc_end gives back (what the sign-in is for). E_NOT_FOUND: no such provider; E_PEER: it does
 * not answer, or not as it must. */
MUST_USE enum code oidc_begin(struct oidc *o, const char *id, const char *note, struct buf *ret_url, struct buf *ret_cookie, struct err *reterr);

/* What came back with the browser; each may be NULL. */
struct oidc_answer { const char *code, *state, *issuer, *error, *cookie; };
struct oidc_person {
    const struct provider *provider;         /* its issuer and `subject` together are who it is; the address may change, and may be somebody else's one day */
    char subject[256], email[256], name[128];    /* the address is verified by the provider; the name may be empty */
    bool second;                             /* it says that there was more than one factor, and sejf.yaml trusts it in that */
    char note[OIDC_NOTE_MAX + 1];
};
/* E_SIGN_IN: not signed in, and the text says why: begun elsewhere, too late, answered before, given up, or not as the provider must answer. */
MUST_USE enum code oidc_end(struct oidc *o, const char *id, const struct oidc_answer *a, struct oidc_person *ret, struct err *reterr);
