/* webauthn.h — passkeys (W3C Web Authentication, level 3): what a browser answers is held to the site, the challenge and the key.
 * ES256, EdDSA and RS256, by libfido2; origin, challenge, flags, lengths and the counter are checked here. Pure. Thread-safe.
 *
 * A challenge is 32 random bytes that the caller made for one use, one session and one purpose, and forgets before it looks at the
 * answer: replayed and reordered answers fail by that alone.
 *
 * What registration proves: that a page of this origin asked for it with this challenge. Authenticator data without an attestation is
 * not signed, so whoever speaks for the page could name any key. Nothing is gained by that but a passkey that does not work or is
 * one's own, yet the caller stores it only after one assertion with it (webauthn_assert, a challenge of its own), which proves
 * that the key is at hand. */
#pragma once
#include <jansson.h>

#include "crypto/crypto.h"

#define WEBAUTHN_CHALLENGE_SIZE 32u
#define PASSKEY_ID_MAX 1023u
#define PASSKEY_KEY_MAX 259u                 /* RSA: 256 of the modulus, 3 of the exponent */
#define PASSKEY_AAGUID_SIZE 16u

struct webauthn_site { const char *id, *origin; };     /* "sejf.example", "https://sejf.example" */

struct passkey {
    uint8_t id[PASSKEY_ID_MAX]; size_t id_len;
    int algorithm;                           /* COSE: -7 ES256, -8 EdDSA, -257 RS256 */
    uint8_t key[PASSKEY_KEY_MAX]; size_t key_len;      /* x ‖ y, x, or n ‖ e */
    uint32_t count;                          /* 0 where the authenticator does not count */
    bool backup_eligible;                    /* may be on several devices: fixed at registration */
    bool backed_up;
    uint8_t aaguid[PASSKEY_AAGUID_SIZE];     /* the make of the authenticator; zeros where it does not say */
};

/* What the browser gave. Registration: response.clientDataJSON and response.getAuthenticatorData(). */
struct webauthn_answer {
    const void *client_data; size_t client_data_len;
    const void *authdata; size_t authdata_len;
    const void *signature; size_t signature_len;       /* an assertion's */
};

/* For pubKeyCredParams, the wanted first; ends with 0. */
extern const int webauthn_algorithms[4];

/* E_FIELDS with the reason when the answer is not one for us. verified: a PIN or a finger must have been asked for. */
MUST_USE enum code webauthn_register(const struct webauthn_site *site, const uint8_t challenge[WEBAUTHN_CHALLENGE_SIZE],
                                     const struct webauthn_answer *answer, bool verified, struct passkey *ret, struct err *reterr);

struct webauthn_seen { uint32_t count; bool verified, backed_up; };    /* count and backed_up are to be stored with the passkey */
/* E_SIGN_IN with the reason when it proves nothing. E_CONFLICT: it is signed by the key, but the counter did not go on, so that a copy
 * of the authenticator may exist: nobody is let in by this passkey, and the person is told. */
MUST_USE enum code webauthn_assert(const struct webauthn_site *site, const uint8_t challenge[WEBAUTHN_CHALLENGE_SIZE], const struct passkey *passkey,
                                   const struct webauthn_answer *answer, bool verified, struct webauthn_seen *ret, struct err *reterr);

/* {"id", "algorithm", "key", "count", "backup_eligible", "backed_up", "aaguid"}, bytes as base64url. NULL: no memory. */
MUST_USE json_t *passkey_json(const struct passkey *p);
/* Further members are the caller's. E_DAMAGED when it is none of ours. */
MUST_USE enum code passkey_parse(const json_t *json, struct passkey *ret, struct err *reterr);
/* Is it the one whose id the browser named? */
MUST_USE bool passkey_is(const struct passkey *p, const void *id, size_t len);
