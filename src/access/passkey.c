/* passkey.c — passkeys: challenges that need no memory (they carry their own time, purpose and session, under a key of this process),
 * registration, and coming in. A challenge that was answered rightly is remembered until it is over, so that none works twice; at a
 * restart the key is a new one, and what was given before is worth nothing. */
#include <string.h>

#include "access/signin.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/webauthn.h"

#define CHALLENGE_LIFE (5 * USEC_PER_MINUTE)
#define PASSKEYS_MAX 20u
#define SPENT_OF_ACCOUNT 32u
#define ANSWER_PART_MAX 16384u

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for a passkey"); }
static enum code nothing_proved(struct err *reterr) { return err_set(reterr, E_SIGN_IN, "this passkey proves nothing here: begin again"); }

/* ---- challenges: time (8 bytes) ‖ random (8) ‖ HMAC over both, the purpose and the session (16) */
static void challenge_mac(const struct people *p, enum challenge_for what, const uint8_t *session, const uint8_t challenge[16] /* its first half */, uint8_t ret[HASH_SIZE]) {
    uint8_t text[16 + 1 + HASH_SIZE] = { 0 };
    memcpy(text, challenge, 16);
    text[16] = (uint8_t)(what | (session != NULL ? 8 : 0));
    if (session != NULL)
        memcpy(text + 17, session, HASH_SIZE);
    hmac_sha256(p->challenge_key, sizeof p->challenge_key, text, sizeof text, ret);
}

void challenge_make(struct people *p, enum challenge_for what, const uint8_t *session, uint8_t ret[32]) {
    uint8_t mac[HASH_SIZE], first[16];
    uint64_t now = (uint64_t)clock_steady();
    for (int i = 7; i >= 0; i--, now >>= 8)
        first[i] = (uint8_t)now;
    crypto_random(first + 8, 8);
    challenge_mac(p, what, session, first, mac);
    memcpy(ret, first, sizeof first);
    memcpy(ret + 16, mac, 16);
}

bool challenge_fine(struct people *p, enum challenge_for what, const uint8_t *session, const uint8_t bytes[32]) {
    uint8_t mac[HASH_SIZE];
    uint64_t at = 0;
    for (int i = 0; i < 8; i++)
        at = at << 8 | bytes[i];
    challenge_mac(p, what, session, bytes, mac);
    return crypto_equal(mac, bytes + 16, 16) && clock_steady() - (usec_t)at < CHALLENGE_LIFE;
}

bool challenge_spend(struct people *p, const struct uuid *account, const uint8_t bytes[32]) {
    usec_t now = clock_steady();
    bool fresh = true;
    size_t own = 0;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; fresh && i < SPENT_MAX; i++) {
        bool counts = p->spent[i].at != 0 && now - p->spent[i].at < CHALLENGE_LIFE;
        own += counts && uuid_compare(&p->spent[i].account, account) == 0;
        fresh = !counts || memcmp(p->spent[i].bytes, bytes, 32) != 0;
    }
    fresh = fresh && own < SPENT_OF_ACCOUNT;   /* so that one account fills it for nobody else */
    struct spent *slot = &p->spent[p->spent_next];
    fresh = fresh && (slot->at == 0 || now - slot->at >= CHALLENGE_LIFE);      /* thousands within minutes: none is forgotten too early */
    if (fresh) {
        memcpy(slot->bytes, bytes, 32);
        slot->account = *account;
        slot->at = now;
        p->spent_next = (p->spent_next + 1) % SPENT_MAX;
    }
    pthread_mutex_unlock(&p->lock);
    return fresh;
}

/* ---- what the browser answers */
struct answer { uint8_t *parts[3]; struct webauthn_answer a; uint8_t challenge[32]; };
static bool part_of(json_t *answer, const char *name, struct arena *arena, const void **ret, size_t *ret_len) {
    const char *text = json_string_value(json_object_get(answer, name));
    size_t n = text == NULL ? 0 : strlen(text);
    uint8_t *bytes = n == 0 || n > ANSWER_PART_MAX * 2 ? NULL : arena_get(arena, n);
    *ret = bytes;
    return bytes != NULL && base64url_decode(text, n, bytes, n, ret_len);
}

/* The challenge stands within what the browser made; whether it is ours is looked at next. */
static bool challenge_in(const struct webauthn_answer *a, uint8_t ret[32]) {
    size_t len = 0;
    json_t *o = json_loadb(a->client_data, a->client_data_len, JSON_REJECT_DUPLICATES, NULL);
    const char *text = json_string_value(json_object_get(o, "challenge"));
    bool fine = text != NULL && base64url_decode(text, strlen(text), ret, 32, &len) && len == 32;
    json_decref(o);
    return fine;
}

static bool answer_read(json_t *json, bool signature, struct arena *arena, struct answer *ret) {
    return part_of(json, "clientDataJSON", arena, &ret->a.client_data, &ret->a.client_data_len) &&
           part_of(json, "authenticatorData", arena, &ret->a.authdata, &ret->a.authdata_len) &&
           (!signature || part_of(json, "signature", arena, &ret->a.signature, &ret->a.signature_len)) && challenge_in(&ret->a, ret->challenge);
}

static json_t *b64(const void *bytes, size_t len, struct arena *arena) {
    char *text = arena_get(arena, BASE64URL_ROOM(len));
    if (text == NULL)
        return NULL;
    base64url_text(bytes, len, text);
    return json_string(text);
}

/* ---- setting one up */
static json_t *known_ids(const struct account *a) {
    json_t *list = json_array(), *one;
    size_t i;
    json_array_foreach(json_object_get(a->secret, "passkeys"), i, one)
        json_array_append_new(list, json_pack("{s:s, s:O}", "type", "public-key", "id", json_object_get(one, "id")));
    return list;
}

enum code passkey_begin(struct people *p, const struct session *s, json_t **ret, struct err *reterr) {
    PRE(p != NULL && s != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    uint8_t challenge[32], about[HASH_SIZE];
    enum code code = factor_begin(p, s, 1u << STEP_WHOLE | 1u << STEP_ENROL, &a, arena, reterr);
    if (code != OK)
        return code;
    hash_sha256(&s->number, sizeof s->number, about);
    challenge_make(p, CHALLENGE_CREATE, about, challenge);
    json_t *kinds = json_array();
    for (size_t i = 0; webauthn_algorithms[i] != 0; i++)
        json_array_append_new(kinds, json_pack("{s:s, s:i}", "type", "public-key", "alg", webauthn_algorithms[i]));
    const char *email = json_string_value(json_object_get(a.profile, "email")) ?: "?", *name = json_string_value(json_object_get(a.profile, "name")) ?: email;
    json_t *out = json_pack("{s:o, s:{s:s, s:s}, s:{s:o, s:s, s:s}, s:o, s:o, s:{s:s, s:s}, s:s, s:i}", "challenge", b64(challenge, sizeof challenge, arena),
                            "rp", "id", p->host, "name", p->host, "user", "id", b64(a.row.id.bytes, sizeof a.row.id.bytes, arena), "name", email, "displayName", name,
                            "pubKeyCredParams", kinds, "excludeCredentials", known_ids(&a), "authenticatorSelection", "residentKey", "preferred", "userVerification", "preferred",
                            "attestation", "none", "timeout", (int)(CHALLENGE_LIFE / 1000));
    if (out == NULL)
        return no_memory(reterr);
    *ret = out;
    return OK;
}

static const char *label_of(json_t *answer) {
    const char *name = json_string_value(json_object_get(answer, "name"));
    return name == NULL || name[0] == 0 || strlen(name) > 64 ? "passkey" : name;
}

/* The first second step: sessions that came in by less are over. */
struct first_one { struct uuid account; int64_t own; bool first; };
static enum code end_lesser(struct txn *t, void *arg, struct err *reterr) {
    struct first_one *f = arg;
    int64_t ended = 0;
    return f->first ? sessions_drop(t, &f->account, f->own, &ended, reterr) : OK;
}

enum code passkey_add(struct people *p, const struct session *s, json_t *answer, struct err *reterr) {
    PRE(p != NULL && s != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    struct answer got = { 0 };
    struct passkey key;
    uint8_t about[HASH_SIZE];
    enum code code = factor_begin(p, s, 1u << STEP_WHOLE | 1u << STEP_ENROL, &a, arena, reterr);
    if (code != OK)
        return code;
    hash_sha256(&s->number, sizeof s->number, about);
    if (!answer_read(answer, false, arena, &got) || !challenge_fine(p, CHALLENGE_CREATE, about, got.challenge))
        return nothing_proved(reterr);
    code = webauthn_register(&(struct webauthn_site){ p->host, p->base_url }, got.challenge, &got.a, false, &key, reterr);
    if (code != OK)
        return code;
    if (json_array_size(json_object_get(a.secret, "passkeys")) >= PASSKEYS_MAX)
        return err_set(reterr, E_CONFLICT, "an account has at most %u passkeys: remove one first", PASSKEYS_MAX);
    if (!challenge_spend(p, &a.row.id, got.challenge))
        return nothing_proved(reterr);
    struct first_one first = { s->account, s->number, !factor_enrolled(&a) };
    json_t *list = json_object_get(a.secret, "passkeys"), *one = passkey_json(&key);
    if (list == NULL && (list = json_array()) != NULL && json_object_set_new(a.secret, "passkeys", list) != 0)
        list = NULL;
    if (one == NULL || list == NULL || json_object_set_new(one, "name", json_string(label_of(answer))) != 0 || json_object_set_new(one, "made", json_integer(clock_now())) != 0) {
        json_decref(one);
        return no_memory(reterr);
    }
    if (json_array_append_new(list, one) != 0)
        return no_memory(reterr);
    code = factor_save(p, &a, 0, "passkey_added", &(struct factor_more){ end_lesser, &first }, reterr);
    access_forget();
    return code;
}

static json_t *passkey_at(const struct account *a, const void *id, size_t len, struct passkey *ret, size_t *ret_index) {
    json_t *one;
    size_t i;
    struct err e;
    json_array_foreach(json_object_get(a->secret, "passkeys"), i, one)
        if (passkey_parse(one, ret, &e) == OK && passkey_is(ret, id, len)) {
            *ret_index = i;
            return one;
        }
    return NULL;
}

enum code passkey_remove(struct people *p, const struct session *s, const char *id, struct err *reterr) {
    PRE(p != NULL && s != NULL && id != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    struct passkey key;
    uint8_t bytes[PASSKEY_ID_MAX];
    size_t len = 0, at = 0;
    enum code code = factor_begin(p, s, 1u << STEP_WHOLE, &a, arena, reterr);
    if (code != OK)
        return code;
    if (!base64url_decode(id, strlen(id), bytes, sizeof bytes, &len) || passkey_at(&a, bytes, len, &key, &at) == NULL)
        return err_set(reterr, E_NOT_FOUND, "the account has no such passkey");
    if (json_array_remove(json_object_get(a.secret, "passkeys"), at) != 0)
        return no_memory(reterr);
    code = factor_save(p, &a, PART_SECRET, "passkey_removed", NULL, reterr);
    access_forget();
    return code;
}

enum code passkeys_json(struct people *p, const struct session *s, json_t **ret, struct err *reterr) {
    PRE(p != NULL && s != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    json_t *list = json_array(), *one;
    size_t i;
    char made[40], used[40];
    enum code code = arena == NULL || list == NULL ? no_memory(reterr) : account_open(p, &s->account, &a, arena, reterr);
    json_array_foreach(json_object_get(a.secret, "passkeys"), i, one) {
        usec_t last = json_integer_value(json_object_get(one, "used"));
        json_array_append_new(list, json_pack("{s:O, s:O, s:s, s:o, s:b}", "id", json_object_get(one, "id"), "name", json_object_get(one, "name"),
                                              "made", time_format(json_integer_value(json_object_get(one, "made")), made, sizeof made),
                                              "used", last > 0 ? json_string(time_format(last, used, sizeof used)) : json_null(), "backed_up", json_is_true(json_object_get(one, "backed_up"))));
    }
    if (code == OK)
        *ret = list;
    else
        json_decref(list);
    return code;
}

/* ---- coming in */
enum code session_passkey_begin(struct people *p, const char *secret, json_t **ret, struct err *reterr) {
    PRE(p != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    struct session_row row;
    uint8_t challenge[32];
    if (arena == NULL)
        return no_memory(reterr);
    enum code code = secret == NULL ? OK : session_row_of(p, secret, &row, reterr);
    if (code == OK && secret != NULL)
        code = account_open(p, &row.account, &a, arena, reterr);
    if (code != OK)
        return code;
    challenge_make(p, CHALLENGE_GET, secret != NULL ? row.hash : NULL, challenge);
    json_t *out = json_pack("{s:o, s:s, s:o, s:s, s:i}", "challenge", b64(challenge, sizeof challenge, arena), "rpId", p->host,
                            "allowCredentials", secret != NULL ? known_ids(&a) : json_array(), "userVerification", secret != NULL ? "preferred" : "required", "timeout", (int)(CHALLENGE_LIFE / 1000));
    if (out == NULL)
        return no_memory(reterr);
    *ret = out;
    return OK;
}

/* Whose it is: the session's, or who the authenticator says. */
static enum code answering(struct people *p, const char *secret, json_t *answer, struct session_row *row, struct account *ret, struct arena *arena, struct err *reterr) {
    const char *handle = json_string_value(json_object_get(answer, "userHandle"));
    struct uuid id;
    size_t len = 0;
    if (secret != NULL) {
        enum code code = session_row_of(p, secret, row, reterr);
        return code == OK ? account_open(p, &row->account, ret, arena, reterr) : code;
    }
    if (handle == NULL || !base64url_decode(handle, strlen(handle), id.bytes, sizeof id.bytes, &len) || len != sizeof id.bytes)
        return nothing_proved(reterr);
    enum code code = account_open(p, &id, ret, arena, reterr);
    return code == E_NOT_FOUND ? nothing_proved(reterr) : code;
}

enum code session_passkey(struct people *p, const struct visitor *v, const char *secret, json_t *answer, char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr) {
    PRE(p != NULL && v != NULL && ret_secret != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    struct session_row row = { .number = 0 };
    struct answer got = { 0 };
    struct passkey key;
    struct webauthn_seen seen;
    const void *id = NULL;
    size_t id_len = 0, at = 0;
    if (arena == NULL)
        return no_memory(reterr);
    if (!answer_read(answer, true, arena, &got) || !part_of(answer, "id", arena, &id, &id_len))
        return nothing_proved(reterr);
    enum code code = answering(p, secret, answer, &row, &a, arena, reterr);
    if (code != OK)
        return code;
    if (a.row.state != ACCOUNT_ACTIVE || !challenge_fine(p, CHALLENGE_GET, secret != NULL ? row.hash : NULL, got.challenge))
        return nothing_proved(reterr);
    json_t *stored = passkey_at(&a, id, id_len, &key, &at);
    if (stored == NULL)
        return nothing_proved(reterr);
    code = webauthn_assert(&(struct webauthn_site){ p->host, p->base_url }, got.challenge, &key, &got.a, secret == NULL, &seen, reterr);
    if (code != OK)
        return code;
    if (!challenge_spend(p, &a.row.id, got.challenge))
        return nothing_proved(reterr);
    if (json_object_set_new(stored, "count", json_integer(seen.count)) != 0 || json_object_set_new(stored, "backed_up", json_boolean(seen.backed_up)) != 0 ||
        json_object_set_new(stored, "used", json_integer(clock_now())) != 0)
        return no_memory(reterr);
    struct account_edit e = { .a = &a, .seal = PART_SECRET };
    code = session_make(p, v, &a, FACTOR_PASSKEY, secret != NULL ? row.hash : NULL, &e, ret_secret, ret, reterr);
    return code == E_STALE ? nothing_proved(reterr) : code;
}
