/* webauthn.c — libfido2's own checks (site, flags) are asked for too, though made here. fido_init is not called: all that it does in
 * this version is to turn on messages to standard error where the environment asks for it. */
#include "crypto/webauthn.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <openssl/err.h>
#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/authdata.h"

#define CLIENT_DATA_MAX 4096u
#define SIGNATURE_MAX 512u
#define ID_LEAST 16u                         /* an id is random: of 100 bits at least, says the standard */
#define P256_SIZE 64u
#define ED25519_SIZE 32u
#define RSA_SIZE 256u
#define RSA_EXPONENT 3u

static void auto_fido_assert(fido_assert_t **p) { fido_assert_free(p); }
static void auto_json(json_t **p) { json_decref(*p); }
#define OWNED(fn) __attribute__((cleanup(fn)))

/* ---- algorithms */

static bool es256_sound(const uint8_t *key) {
    es256_pk_t *pk = es256_pk_new();
    bool sound = pk != NULL && es256_pk_from_ptr(pk, key, P256_SIZE) == FIDO_OK;       /* a point of the curve */
    es256_pk_free(&pk);
    return sound;
}
/* Not one of the few points for which signatures of anything can be made. */
static bool eddsa_sound(const uint8_t *key) { return crypto_core_ed25519_is_valid_point(key) == 1; }
static bool rs256_sound(const uint8_t *key) {
    return (key[0] & 0x80) != 0 && (key[RSA_SIZE - 1] & 1) != 0 && memcmp(key + RSA_SIZE, "\x01\x00\x01", RSA_EXPONENT) == 0;
}

#define VERIFIER(name) \
    static int name##_verify(const fido_assert_t *assert, const uint8_t *key, size_t len) { \
        name##_pk_t *pk = name##_pk_new(); \
        int code = pk == NULL ? FIDO_ERR_INTERNAL : name##_pk_from_ptr(pk, key, len); \
        if (code == FIDO_OK) \
            code = fido_assert_verify(assert, 0, name##_cose, pk); \
        name##_pk_free(&pk); \
        return code; \
    }
enum { es256_cose = COSE_ES256, eddsa_cose = COSE_EDDSA, rs256_cose = COSE_RS256 };
VERIFIER(es256)
VERIFIER(eddsa)
VERIFIER(rs256)

static const struct algorithm {
    int cose, kind, curve;                   /* by the registry of COSE; curve 0: none */
    struct { enum cose_label label; size_t len; } part[2];
    size_t key_len;
    bool (*sound)(const uint8_t *key);
    int (*verify)(const fido_assert_t *assert, const uint8_t *key, size_t len);
} algorithms[] = {
    { COSE_ES256, 2, 1, { { COSE_SECOND, P256_SIZE / 2 }, { COSE_THIRD, P256_SIZE / 2 } }, P256_SIZE, es256_sound, es256_verify },
    { COSE_EDDSA, 1, 6, { { COSE_SECOND, ED25519_SIZE } }, ED25519_SIZE, eddsa_sound, eddsa_verify },
    { COSE_RS256, 3, 0, { { COSE_FIRST, RSA_SIZE }, { COSE_SECOND, RSA_EXPONENT } }, RSA_SIZE + RSA_EXPONENT, rs256_sound, rs256_verify },
};
const int webauthn_algorithms[4] = { COSE_ES256, COSE_EDDSA, COSE_RS256, 0 };

static const struct algorithm *algorithm_of(int cose) {
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
        if (algorithms[i].cose == cose)
            return &algorithms[i];
    return NULL;
}

/* The libraries pass want of memory on as a fault of what they read: what failed is done once more, and then memory is tried. */
static bool memory_there(void) {
    void *p = mem_new(1u << 14);
    mem_free(p);
    return p != NULL;
}

/* ---- client data */

struct ask { const struct webauthn_site *site; const uint8_t *challenge; const char *type; enum code refusal; bool verified; };

static enum code refuse(const struct ask *ask, struct err *reterr, const char *why) {
    return err_set(reterr, ask->refusal, "the passkey's answer was refused: %s", why);
}

static bool text_is(const json_t *object, const char *name, const char *want) {
    const json_t *v = json_object_get(object, name);
    return json_is_string(v) && json_string_length(v) == strlen(want) && crypto_equal(json_string_value(v), want, strlen(want));
}

static enum code client_data_check(const struct ask *ask, const struct webauthn_answer *answer, struct err *reterr) {
    char challenge[BASE64URL_ROOM(WEBAUTHN_CHALLENGE_SIZE)];
    size_t lost = mem_lost();
    if (answer->client_data_len == 0 || answer->client_data_len > CLIENT_DATA_MAX)
        return refuse(ask, reterr, "its client data is missing or too long");
    OWNED(auto_json) json_t *o = json_loadb(answer->client_data, answer->client_data_len, JSON_REJECT_DUPLICATES, NULL);
    if (mem_lost() != lost)
        return err_set(reterr, E_MEMORY, "no memory for a passkey's answer");
    if (!json_is_object(o))
        return refuse(ask, reterr, "its client data is not a JSON object");
    base64url_text(ask->challenge, WEBAUTHN_CHALLENGE_SIZE, challenge);
    const json_t *cross = json_object_get(o, "crossOrigin");
    if (!text_is(o, "type", ask->type))
        return refuse(ask, reterr, "it is of another type");
    if (!text_is(o, "challenge", challenge))
        return refuse(ask, reterr, "it answers another challenge; try again");
    if (!text_is(o, "origin", ask->site->origin))
        return refuse(ask, reterr, "it was given on another site");
    if ((cross != NULL && !json_is_false(cross)) || json_object_get(o, "topOrigin") != NULL)
        return refuse(ask, reterr, "it was given within a page of another site");
    return OK;
}

/* ---- authenticator data */

static enum code head_check(const struct ask *ask, const struct authdata *a, struct err *reterr) {
    uint8_t site[HASH_SIZE];
    hash_sha256(ask->site->id, strlen(ask->site->id), site);
    if (!crypto_equal(site, a->site_hash, sizeof site))
        return refuse(ask, reterr, "it belongs to another site");
    if ((a->flags & AUTHDATA_PRESENT) == 0)
        return refuse(ask, reterr, "nobody was there to confirm it");
    if (ask->verified && (a->flags & AUTHDATA_VERIFIED) == 0)
        return refuse(ask, reterr, "neither PIN nor finger nor face was asked for");
    if ((a->flags & AUTHDATA_BACKED_UP) != 0 && (a->flags & AUTHDATA_ELIGIBLE) == 0)
        return refuse(ask, reterr, "it says of itself that it has a copy and cannot have one");
    return OK;
}

static enum code answer_check(const struct ask *ask, const struct webauthn_answer *answer, struct authdata *ret, struct err *reterr) {
    enum code code = client_data_check(ask, answer, reterr);
    if (code != OK)
        return code;
    if (!authdata_read(answer->authdata, answer->authdata_len, ret))
        return refuse(ask, reterr, "its authenticator data is cut off, too long or malformed");
    return head_check(ask, ret, reterr);
}

static bool is_number(const struct cose_value *v, int64_t n) { return v->is_integer && v->number == n; }

/* Its parts one behind the other, as libfido2 takes them. */
static bool key_take(const struct algorithm *al, const struct cose *c, struct passkey *ret) {
    size_t at = 0;
    uint8_t key[PASSKEY_KEY_MAX];
    if (!is_number(&c->value[COSE_KIND], al->kind) || !is_number(&c->value[COSE_ALGORITHM], al->cose) || (al->curve != 0 && !is_number(&c->value[COSE_FIRST], al->curve)))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(al->part) && al->part[i].len > 0; i++) {
        const struct cose_value *v = &c->value[al->part[i].label];
        if (v->bytes == NULL || v->len != al->part[i].len)
            return false;
        memcpy(key + at, v->bytes, v->len);
        at += v->len;
    }
    PRE(at == al->key_len);
    if (!al->sound(key))
        return false;
    ret->algorithm = al->cose;
    ret->key_len = at;
    memcpy(ret->key, key, at);
    return true;
}

static bool key_of_any(const struct authdata *a, struct passkey *ret) {
    struct cose c;
    if (!cose_read(a->key, a->key_len, &c))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
        if (key_take(&algorithms[i], &c, ret))
            return true;
    return false;
}

enum code webauthn_register(const struct webauthn_site *site, const uint8_t challenge[WEBAUTHN_CHALLENGE_SIZE], const struct webauthn_answer *answer,
                            bool verified, struct passkey *ret, struct err *reterr) {
    PRE(site != NULL && challenge != NULL && answer != NULL && ret != NULL && reterr != NULL);
    const struct ask ask = { site, challenge, "webauthn.create", E_FIELDS, verified };
    struct authdata a;
    enum code code = answer_check(&ask, answer, &a, reterr);
    if (code != OK)
        return code;
    if (a.id == NULL)
        return refuse(&ask, reterr, "there is no key in it");
    if (a.id_len < ID_LEAST || a.id_len > PASSKEY_ID_MAX)
        return refuse(&ask, reterr, "its id is too short or too long");
    struct passkey p = { .id_len = a.id_len, .count = a.count, .backup_eligible = (a.flags & AUTHDATA_ELIGIBLE) != 0, .backed_up = (a.flags & AUTHDATA_BACKED_UP) != 0 };
    bool good = key_of_any(&a, &p) || key_of_any(&a, &p);
    ERR_clear_error();
    if (!good && !memory_there())
        return err_set(reterr, E_MEMORY, "no memory for a passkey's answer");
    if (!good)
        return refuse(&ask, reterr, "its key is none of ES256, EdDSA and RS256 with 2,048 bits, or not a sound one");
    memcpy(p.id, a.id, a.id_len);
    memcpy(p.aaguid, a.aaguid, sizeof p.aaguid);
    *ret = p;
    return OK;
}

/* ---- assertions */

/* Extensions, which we never ask for, libfido2 reads by a library that falls over where it finds no memory: so there must be some. */
static bool signed_by(const struct ask *ask, const struct webauthn_answer *answer, const struct algorithm *al, const struct passkey *p) {
    uint8_t hash[HASH_SIZE];
    OWNED(auto_fido_assert) fido_assert_t *f = fido_assert_new();
    hash_sha256(answer->client_data, answer->client_data_len, hash);
    return f != NULL && memory_there() && fido_assert_set_clientdata_hash(f, hash, sizeof hash) == FIDO_OK && fido_assert_set_rp(f, ask->site->id) == FIDO_OK
        && fido_assert_set_up(f, FIDO_OPT_TRUE) == FIDO_OK && fido_assert_set_uv(f, ask->verified ? FIDO_OPT_TRUE : FIDO_OPT_OMIT) == FIDO_OK
        && fido_assert_set_count(f, 1) == FIDO_OK && fido_assert_set_authdata_raw(f, 0, answer->authdata, answer->authdata_len) == FIDO_OK
        && fido_assert_set_sig(f, 0, answer->signature, answer->signature_len) == FIDO_OK && al->verify(f, p->key, p->key_len) == FIDO_OK;
}

enum code webauthn_assert(const struct webauthn_site *site, const uint8_t challenge[WEBAUTHN_CHALLENGE_SIZE], const struct passkey *passkey,
                          const struct webauthn_answer *answer, bool verified, struct webauthn_seen *ret, struct err *reterr) {
    PRE(site != NULL && challenge != NULL && passkey != NULL && answer != NULL && ret != NULL && reterr != NULL);
    const struct ask ask = { site, challenge, "webauthn.get", E_SIGN_IN, verified };
    const struct algorithm *al = algorithm_of(passkey->algorithm);
    struct authdata a;
    if (al == NULL || passkey->key_len != al->key_len)
        return err_set(reterr, E_DAMAGED, "a stored passkey has no algorithm that is known here");
    enum code code = answer_check(&ask, answer, &a, reterr);
    if (code != OK)
        return code;
    if (a.id != NULL)
        return refuse(&ask, reterr, "there is a new key in it");
    if (((a.flags & AUTHDATA_ELIGIBLE) != 0) != passkey->backup_eligible)
        return refuse(&ask, reterr, "it says otherwise than at registration whether it may be copied");
    if (answer->signature_len == 0 || answer->signature_len > SIGNATURE_MAX)
        return refuse(&ask, reterr, "its signature is missing or too long");
    bool good = signed_by(&ask, answer, al, passkey) || signed_by(&ask, answer, al, passkey);
    ERR_clear_error();
    if (!good && !memory_there())
        return err_set(reterr, E_MEMORY, "no memory for a passkey's answer");
    if (!good)
        return refuse(&ask, reterr, "it is not signed by the passkey's key");
    if ((a.count != 0 || passkey->count != 0) && a.count <= passkey->count)
        return err_set(reterr, E_CONFLICT, "the counter of this passkey went back: a copy of it may exist; sign in by another way, remove it and register it anew");
    *ret = (struct webauthn_seen){ a.count, (a.flags & AUTHDATA_VERIFIED) != 0, (a.flags & AUTHDATA_BACKED_UP) != 0 };
    return OK;
}

/* ---- as JSON */

json_t *passkey_json(const struct passkey *p) {
    char id[BASE64URL_ROOM(PASSKEY_ID_MAX)], key[BASE64URL_ROOM(PASSKEY_KEY_MAX)], aaguid[BASE64URL_ROOM(PASSKEY_AAGUID_SIZE)];
    PRE(p != NULL && p->id_len <= sizeof p->id && p->key_len <= sizeof p->key);
    base64url_text(p->id, p->id_len, id);
    base64url_text(p->key, p->key_len, key);
    base64url_text(p->aaguid, sizeof p->aaguid, aaguid);
    return json_pack("{s:s, s:i, s:s, s:I, s:b, s:b, s:s}", "id", id, "algorithm", p->algorithm, "key", key, "count", (json_int_t)p->count,
                     "backup_eligible", p->backup_eligible, "backed_up", p->backed_up, "aaguid", aaguid);
}

static bool bytes_of(const json_t *o, const char *name, uint8_t *ret, size_t room, size_t *ret_len) {
    const json_t *v = json_object_get(o, name);
    return json_is_string(v) && base64url_decode(json_string_value(v), json_string_length(v), ret, room, ret_len);
}

enum code passkey_parse(const json_t *json, struct passkey *ret, struct err *reterr) {
    PRE(ret != NULL && reterr != NULL);
    struct passkey p = { 0 };
    size_t aaguid_len = 0;
    const json_t *algorithm = json_object_get(json, "algorithm"), *count = json_object_get(json, "count");
    const json_t *eligible = json_object_get(json, "backup_eligible"), *backed_up = json_object_get(json, "backed_up");
    json_int_t number = json_integer_value(algorithm);
    const struct algorithm *al = json_is_integer(algorithm) && number > INT32_MIN && number < INT32_MAX ? algorithm_of((int)number) : NULL;
    if (al == NULL || !bytes_of(json, "id", p.id, sizeof p.id, &p.id_len) || p.id_len < ID_LEAST || !bytes_of(json, "key", p.key, sizeof p.key, &p.key_len)
        || p.key_len != al->key_len || !bytes_of(json, "aaguid", p.aaguid, sizeof p.aaguid, &aaguid_len) || aaguid_len != sizeof p.aaguid
        || !json_is_integer(count) || json_integer_value(count) < 0 || json_integer_value(count) > UINT32_MAX || !json_is_boolean(eligible) || !json_is_boolean(backed_up))
        return err_set(reterr, E_DAMAGED, "a stored passkey cannot be read");
    p.algorithm = al->cose;
    p.count = (uint32_t)json_integer_value(count);
    p.backup_eligible = json_is_true(eligible);
    p.backed_up = json_is_true(backed_up);
    *ret = p;
    return OK;
}

bool passkey_is(const struct passkey *p, const void *id, size_t len) { return len == p->id_len && crypto_equal(p->id, id, len); }
