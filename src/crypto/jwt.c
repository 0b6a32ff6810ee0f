/* jwt.c — the signature first, over the bytes as they came; only then is the payload read. The algorithm that a token names is looked up in
 * a table of four and then chooses among keys of its kind: it never says how a key is used. */
#include "crypto/jwt.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

#define KEYS_MAX 32u
#define RSA_BITS_LEAST 2048
#define RSA_BITS_MOST 8192
#define HEADER_MAX 2048u
#define NUMBER_MAX (RSA_BITS_MOST / 8)
#define SUBJECT_MAX 255u
#define INSTANT_MAX 253402300799.0           /* the year 9999 */

/* OpenSSL says "no" also when it had no memory to look. */
enum verdict { VERDICT_WRONG, VERDICT_RIGHT, VERDICT_NO_MEMORY };
enum kind { KIND_RSA, KIND_P256, KIND_ED25519 };
struct jwk { char *id; enum kind kind; const char *only /* the one algorithm that it is for; NULL: all of its kind */; EVP_PKEY *key; uint8_t ed[PUBLIC_SIZE]; };
struct jwks { struct jwk list[KEYS_MAX]; size_t count; };

static enum verdict verify_rsa(const struct jwk *k, const char *bytes, size_t len, const uint8_t *sig, size_t sig_len);
static enum verdict verify_pss(const struct jwk *k, const char *bytes, size_t len, const uint8_t *sig, size_t sig_len);
static enum verdict verify_p256(const struct jwk *k, const char *bytes, size_t len, const uint8_t *sig, size_t sig_len);
static enum verdict verify_ed25519(const struct jwk *k, const char *bytes, size_t len, const uint8_t *sig, size_t sig_len);

struct algorithm {
    const char *name;
    enum kind kind;
    enum verdict (*verify)(const struct jwk *k, const char *bytes, size_t len, const uint8_t *sig, size_t sig_len);
    const char *hash;                        /* of at_hash */
};
static const struct algorithm algorithms[] = {
    { "RS256", KIND_RSA, verify_rsa, "SHA256" },
    { "PS256", KIND_RSA, verify_pss, "SHA256" },
    { "ES256", KIND_P256, verify_p256, "SHA256" },
    { "EdDSA", KIND_ED25519, verify_ed25519, "SHA512" },
};

static const struct algorithm *algorithm_find(const char *name) {
    for (size_t i = 0; name != NULL && i < ARRAY_LEN(algorithms); i++)
        if (strcmp(algorithms[i].name, name) == 0)
            return &algorithms[i];
    return NULL;
}

static void auto_json_decref(json_t **j) { json_decref(*j); }

/* An object, each key once. */
static enum code object_read(const char *text, size_t len, const char *what, json_t **ret, struct err *reterr) {
    size_t lost = mem_lost();
    json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(j) && mem_lost() == lost) {
        *ret = j;
        return OK;
    }
    json_decref(j);
    return mem_lost() != lost ? err_set(reterr, E_MEMORY, "no memory for %s", what) : err_set(reterr, E_INVALID, "%s is no JSON object", what);
}

static const char *text_of(const json_t *object, const char *name) {
    const json_t *v = json_object_get(object, name);
    return json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v) ? json_string_value(v) : NULL;
}

/* ---- keys */

/* Bytes of a member in base64url; 0: not there, or too long. */
static size_t bytes_of(const json_t *object, const char *name, uint8_t *ret, size_t room) {
    const char *text = text_of(object, name);
    size_t len = 0;
    return text != NULL && base64url_decode(text, strlen(text), ret, room, &len) ? len : 0;
}

static EVP_PKEY *key_from(const char *type, OSSL_PARAM_BLD *parts) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(parts);
    EVP_PKEY_CTX *c = params == NULL ? NULL : EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (c != NULL && EVP_PKEY_fromdata_init(c) == 1 && EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(c);
    OSSL_PARAM_free(params);
    return key;
}

static bool load_rsa(const json_t *j, struct jwk *k) {
    uint8_t modulus[NUMBER_MAX + 1], exponent[9];
    size_t n_len = bytes_of(j, "n", modulus, sizeof modulus), e_len = bytes_of(j, "e", exponent, sizeof exponent);
    if (n_len == 0 || e_len == 0 || e_len > 8)
        return false;
    BIGNUM *n = BN_bin2bn(modulus, (int)n_len, NULL), *e = BN_bin2bn(exponent, (int)e_len, NULL);
    OSSL_PARAM_BLD *parts = OSSL_PARAM_BLD_new();
    bool strong = n != NULL && e != NULL && BN_num_bits(n) >= RSA_BITS_LEAST && BN_num_bits(n) <= RSA_BITS_MOST && BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e);
    if (strong && parts != NULL && OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_N, n) == 1 && OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        k->key = key_from("RSA", parts);
    OSSL_PARAM_BLD_free(parts);
    BN_free(n);
    BN_free(e);
    return k->key != NULL;
}

/* OpenSSL refuses a point that is not on the curve. */
static bool load_p256(const json_t *j, struct jwk *k) {
    uint8_t point[65] = { 4 };
    const char *curve = text_of(j, "crv");
    if (curve == NULL || strcmp(curve, "P-256") != 0 || bytes_of(j, "x", point + 1, 32) != 32 || bytes_of(j, "y", point + 33, 32) != 32)
        return false;
    OSSL_PARAM_BLD *parts = OSSL_PARAM_BLD_new();
    if (parts != NULL && OSSL_PARAM_BLD_push_utf8_string(parts, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1
        && OSSL_PARAM_BLD_push_octet_string(parts, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) == 1)
        k->key = key_from("EC", parts);
    OSSL_PARAM_BLD_free(parts);
    return k->key != NULL;
}

static bool load_ed25519(const json_t *j, struct jwk *k) {
    const char *curve = text_of(j, "crv");
    return curve != NULL && strcmp(curve, "Ed25519") == 0 && bytes_of(j, "x", k->ed, sizeof k->ed) == PUBLIC_SIZE;
}

static const struct { const char *type; enum kind kind; bool (*load)(const json_t *j, struct jwk *k); } kinds[] = {
    { "RSA", KIND_RSA, load_rsa }, { "EC", KIND_P256, load_p256 }, { "OKP", KIND_ED25519, load_ed25519 },
};

/* "use" and "key_ops" may be absent. */
static bool signs(const json_t *j) {
    const json_t *use = json_object_get(j, "use"), *ops = json_object_get(j, "key_ops"), *op;
    size_t i;
    bool verifies = ops == NULL;
    if (use != NULL && (!json_is_string(use) || strcmp(json_string_value(use), "sig") != 0))
        return false;
    json_array_foreach(ops, i, op)
        verifies = verifies || (json_is_string(op) && strcmp(json_string_value(op), "verify") == 0);
    return verifies;
}

static void jwk_done(struct jwk *k) {
    EVP_PKEY_free(k->key);
    k->key = NULL;
    k->id = mem_free(k->id);
}

/* False: of no use here. */
static bool jwk_read(const json_t *j, struct jwk *ret) {
    const char *type = text_of(j, "kty"), *alg = text_of(j, "alg"), *id = text_of(j, "kid");
    const struct algorithm *only = algorithm_find(alg);
    struct jwk k = { .key = NULL };
    bool fits = false;
    if (type == NULL || !signs(j) || (json_object_get(j, "alg") != NULL && only == NULL) || (json_object_get(j, "kid") != NULL && id == NULL))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].type, type) == 0 && (only == NULL || only->kind == kinds[i].kind)) {
            k.kind = kinds[i].kind;
            fits = kinds[i].load(j, &k) || kinds[i].load(j, &k);     /* again, for the same reason as in verify */
        }
    if (fits && id != NULL)
        fits = (k.id = mem_text(id)) != NULL;
    if (!fits) {
        jwk_done(&k);
        return false;
    }
    k.only = only == NULL ? NULL : only->name;
    *ret = k;
    return true;
}

static bool any_malloc_failure(void) {
    bool out = false;
    for (unsigned long e; (e = ERR_get_error()) != 0;)
        out = out || ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
    return out;
}

enum code jwks_read(const char *text, size_t len, struct jwks **ret, struct err *reterr) {
    PRE(text != NULL && ret != NULL && reterr != NULL);
    __attribute__((cleanup(auto_json_decref))) json_t *top = NULL;
    AUTO(jwks_free) struct jwks *k = NULL;
    size_t i, lost = mem_lost();
    const json_t *one;
    ERR_clear_error();
    if (len > JWKS_MAX)
        return err_set(reterr, E_INVALID, "a set of keys has more than %u bytes", JWKS_MAX);
    enum code code = object_read(text, len, "a set of keys", &top, reterr);
    if (code != OK)
        return code;
    const json_t *list = json_object_get(top, "keys");
    if (!json_is_array(list) || json_array_size(list) > KEYS_MAX)
        return err_set(reterr, E_INVALID, "a set of keys has no list of at most %u keys", KEYS_MAX);
    if ((k = mem_new(sizeof *k)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a set of keys");
    json_array_foreach(list, i, one)
        if (json_is_object(one) && jwk_read(one, &k->list[k->count]))
            k->count++;
    if (any_malloc_failure() || mem_lost() != lost)
        return err_set(reterr, E_MEMORY, "no memory for a set of keys");
    if (k->count == 0)
        return err_set(reterr, E_INVALID, "a set of keys has none that signs by RS256, PS256, ES256 or EdDSA");
    *ret = TAKE(k);
    return OK;
}

struct jwks *jwks_free(struct jwks *k) {
    for (size_t i = 0; k != NULL && i < k->count; i++)
        jwk_done(&k->list[i]);
    return mem_free(k);
}

size_t jwks_count(const struct jwks *k) { return k->count; }

/* ---- signatures */

static enum verdict verify_digest(const struct jwk *k, bool pss, const char *bytes, size_t len, const uint8_t *sig, size_t sig_len) {
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL;
    enum verdict verdict = VERDICT_NO_MEMORY;
    bool set = c != NULL && EVP_DigestVerifyInit_ex(c, &how, "SHA256", NULL, NULL, k->key, NULL) == 1;
    if (set && pss)
        set = EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1;
    if (set && EVP_DigestVerify(c, sig, sig_len, (const uint8_t *)bytes, len) == 1)
        verdict = VERDICT_RIGHT;
    else if (set && !any_malloc_failure())
        verdict = VERDICT_WRONG;
    EVP_MD_CTX_free(c);
    return verdict;
}

static enum verdict verify_rsa(const struct jwk *k, const char *bytes, size_t len, const uint8_t *sig, size_t sig_len) {
    return verify_digest(k, false, bytes, len, sig, sig_len);
}

static enum verdict verify_pss(const struct jwk *k, const char *bytes, size_t len, const uint8_t *sig, size_t sig_len) {
    return verify_digest(k, true, bytes, len, sig, sig_len);
}

/* Two numbers of 32 bytes become what OpenSSL reads. */
static enum verdict verify_p256(const struct jwk *k, const char *bytes, size_t len, const uint8_t *sig, size_t sig_len) {
    uint8_t der[80], *end = der;
    if (sig_len != 64)
        return VERDICT_WRONG;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(sig, 32, NULL), *s = BN_bin2bn(sig + 32, 32, NULL);
    int der_len = -1;
    if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
    } else {
        der_len = i2d_ECDSA_SIG(pair, NULL) <= (int)sizeof der ? i2d_ECDSA_SIG(pair, &end) : -1;
    }
    ECDSA_SIG_free(pair);
    return der_len > 0 ? verify_digest(k, false, bytes, len, der, (size_t)der_len) : VERDICT_NO_MEMORY;
}

static enum verdict verify_ed25519(const struct jwk *k, const char *bytes, size_t len, const uint8_t *sig, size_t sig_len) {
    return sig_len == SIGNATURE_SIZE && sign_verify(k->ed, bytes, len, sig) ? VERDICT_RIGHT : VERDICT_WRONG;
}

/* ---- the three parts */

struct parts { const char *header, *payload, *signature; size_t header_len, payload_len, signature_len; };

static bool split(const char *token, size_t len, struct parts *ret) {
    const char *first = memchr(token, '.', len), *end = token + len;
    const char *second = first == NULL ? NULL : memchr(first + 1, '.', (size_t)(end - first - 1));
    if (second == NULL || memchr(second + 1, '.', (size_t)(end - second - 1)) != NULL)
        return false;
    *ret = (struct parts){ .header = token, .header_len = (size_t)(first - token), .payload = first + 1, .payload_len = (size_t)(second - first - 1),
                           .signature = second + 1, .signature_len = (size_t)(end - second - 1) };
    return true;
}

struct header { const struct algorithm *algorithm; char kid[256]; bool has_kid; };

/* "crit" names what must be understood, and nothing of it is. */
static enum code header_read(const struct parts *p, struct header *ret, struct err *reterr) {
    char text[HEADER_MAX];
    size_t len = 0;
    __attribute__((cleanup(auto_json_decref))) json_t *j = NULL;
    struct header h = { .algorithm = NULL };
    if (!base64url_decode(p->header, p->header_len, text, sizeof text, &len))
        return err_set(reterr, E_INVALID, "the header of a token is not base64url, or too long");
    enum code code = object_read(text, len, "the header of a token", &j, reterr);
    if (code != OK)
        return code;
    const char *type = text_of(j, "typ"), *kid = text_of(j, "kid");
    if (json_object_get(j, "crit") != NULL || (json_object_get(j, "typ") != NULL && (type == NULL || strcasecmp(type, "JWT") != 0)))
        return err_set(reterr, E_INVALID, "a token is of a kind that is not read here");
    if ((h.algorithm = algorithm_find(text_of(j, "alg"))) == NULL)
        return err_set(reterr, E_INVALID, "a token is not signed by RS256, PS256, ES256 or EdDSA");
    if (json_object_get(j, "kid") != NULL && (kid == NULL || strlen(kid) >= sizeof h.kid))
        return err_set(reterr, E_INVALID, "the key of a token has no name that is read here");
    h.has_kid = kid != NULL;
    if (kid != NULL)
        memcpy(h.kid, kid, strlen(kid) + 1);
    *ret = h;
    return OK;
}

/* Without a name there must be one key alone that can be meant (OpenID Connect Core 1.0, section 10.1). */
static enum code key_find(const struct jwks *keys, const struct header *h, const struct jwk **ret, struct err *reterr) {
    const struct jwk *found = NULL;
    for (size_t i = 0; i < keys->count; i++) {
        const struct jwk *k = &keys->list[i];
        bool named = !h->has_kid || (k->id != NULL && strcmp(k->id, h->kid) == 0);
        if (!named || k->kind != h->algorithm->kind || (k->only != NULL && strcmp(k->only, h->algorithm->name) != 0))
            continue;
        if (found != NULL)
            return err_set(reterr, E_INVALID, "a token could be signed by several keys of the set, and does not say by which");
        found = k;
    }
    *ret = found;
    return found != NULL ? OK : err_set(reterr, E_NOT_FOUND, "a token is signed by a key that is not in the set");
}

static enum code verify(const struct jwks *keys, const char *token, size_t len, struct header *ret_header, struct buf *ret, struct err *reterr) {
    uint8_t sig[NUMBER_MAX];
    size_t sig_len = 0;
    struct parts p;
    const struct jwk *key = NULL;
    ERR_clear_error();
    if (len > JWT_MAX || !split(token, len, &p) || !base64url_decode(p.signature, p.signature_len, sig, sizeof sig, &sig_len))
        return err_set(reterr, E_INVALID, "a token has not the form of one");
    enum code code = header_read(&p, ret_header, reterr);
    if (code == OK)
        code = key_find(keys, ret_header, &key, reterr);
    if (code != OK)
        return code;
    enum verdict verdict = VERDICT_WRONG;
    for (int i = 0; i < 2 && verdict == VERDICT_WRONG; i++)     /* in places want of memory is no error to OpenSSL: "no" is asked for twice */
        verdict = ret_header->algorithm->verify(key, token, (size_t)(p.signature - 1 - token), sig, sig_len);
    if (verdict != VERDICT_RIGHT)
        return verdict == VERDICT_NO_MEMORY ? err_set(reterr, E_MEMORY, "no memory for a signature") : err_set(reterr, E_INVALID, "the signature of a token is wrong");
    size_t room = p.payload_len + 1, got = 0, before = ret->len;
    char *to = buf_more(ret, room);
    if (to == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a token");
    bool decoded = base64url_decode(p.payload, p.payload_len, to, room, &got);
    buf_cut(ret, before + (decoded ? got : 0));
    return decoded ? OK : err_set(reterr, E_INVALID, "the payload of a token is not base64url");
}

enum code jws_verify(const struct jwks *keys, const char *token, size_t len, struct buf *ret, struct err *reterr) {
    PRE(keys != NULL && token != NULL && ret != NULL && reterr != NULL);
    struct header h;
    return verify(keys, token, len, &h, ret, reterr);
}

/* ---- claims */

static bool says(const json_t *claims, const char *name, const char *want) {
    const char *text = text_of(claims, name);
    return text != NULL && strcmp(text, want) == 0;
}

/* Whole seconds, or with a fraction; false when it is no such number. */
static bool instant_of(const json_t *claims, const char *name, usec_t *ret) {
    const json_t *v = json_object_get(claims, name);
    double seconds = json_is_number(v) ? json_number_value(v) : -1;
    if (!(seconds >= 0 && seconds <= INSTANT_MAX))
        return false;
    *ret = (usec_t)seconds * USEC_PER_SEC;
    return true;
}

static enum code check_audience(const json_t *claims, const char *audience, struct err *reterr) {
    const json_t *aud = json_object_get(claims, "aud"), *one;
    size_t i, count = json_is_array(aud) ? json_array_size(aud) : 1;
    bool ours = json_is_string(aud) && says(claims, "aud", audience);
    json_array_foreach(aud, i, one)
        ours = ours || (json_is_string(one) && json_string_length(one) == strlen(audience) && memcmp(json_string_value(one), audience, strlen(audience)) == 0);
    bool azp = json_object_get(claims, "azp") != NULL;
    if (!ours || (azp && !says(claims, "azp", audience)) || (count > 1 && !azp))
        return err_set(reterr, E_INVALID, "the token is for somebody else");
    return OK;
}

static enum code check_times(const json_t *claims, usec_t now, struct err *reterr) {
    usec_t exp = 0, iat = 0, nbf = 0;
    if (!instant_of(claims, "exp", &exp) || !instant_of(claims, "iat", &iat) || (json_object_get(claims, "nbf") != NULL && !instant_of(claims, "nbf", &nbf)))
        return err_set(reterr, E_INVALID, "the token does not say when it was made and when it ends");
    if (now - JWT_SKEW >= exp)
        return err_set(reterr, E_INVALID, "the token is over: look at the clocks of this machine and of the provider");
    if (iat > now + JWT_SKEW || nbf > now + JWT_SKEW)
        return err_set(reterr, E_INVALID, "the token is of the future: look at the clocks of this machine and of the provider");
    return OK;
}

/* The left half of the hash that goes with the algorithm, in base64url. */
static enum code check_access_token(const json_t *claims, const struct algorithm *a, const char *token, struct err *reterr) {
    uint8_t hash[EVP_MAX_MD_SIZE];
    char text[BASE64URL_ROOM(EVP_MAX_MD_SIZE)];
    size_t len = 0;
    if (json_object_get(claims, "at_hash") == NULL)
        return OK;
    if (token != NULL && EVP_Q_digest(NULL, a->hash, NULL, token, strlen(token), hash, &len) != 1)
        return err_set(reterr, E_MEMORY, "no memory for a hash");
    if (token != NULL)
        base64url_text(hash, len / 2, text);
    return token != NULL && says(claims, "at_hash", text) ? OK : err_set(reterr, E_INVALID, "the ID token does not belong to the access token that came with it");
}

static bool is_subject(const char *t) {
    size_t len = t == NULL ? 0 : strlen(t);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)t[i] < 0x20 || t[i] == 0x7f)
            return false;
    return len > 0 && len <= SUBJECT_MAX;
}

static enum code check(const json_t *claims, const struct algorithm *a, const struct jwt_wish *w, struct err *reterr) {
    if (!says(claims, "iss", w->issuer))
        return err_set(reterr, E_INVALID, "the token is of another issuer");
    if (!is_subject(text_of(claims, "sub")))
        return err_set(reterr, E_INVALID, "the token says of nobody that they signed in");
    if (w->nonce != NULL && !says(claims, "nonce", w->nonce))
        return err_set(reterr, E_INVALID, "the token is not of this sign-in");
    enum code code = check_audience(claims, w->audience, reterr);
    if (code == OK)
        code = check_times(claims, w->now, reterr);
    return code == OK ? check_access_token(claims, a, w->access_token, reterr) : code;
}

enum code jwt_verify(const struct jwks *keys, const char *token, size_t len, const struct jwt_wish *wish, json_t **ret, struct err *reterr) {
    PRE(keys != NULL && token != NULL && wish != NULL && wish->issuer != NULL && wish->audience != NULL && ret != NULL && reterr != NULL);
    AUTO(buf_wipe) struct buf payload = BUF(JWT_MAX);
    struct header h;
    json_t *claims = NULL;
    enum code code = verify(keys, token, len, &h, &payload, reterr);
    if (code == OK)
        code = object_read(buf_str(&payload), payload.len, "the payload of a token", &claims, reterr);
    if (code == OK)
        code = check(claims, h.algorithm, wish, reterr);
    if (code == OK)
        *ret = claims;
    else
        json_decref(claims);
    return code;
}
