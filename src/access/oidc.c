/* oidc.c — from the visitor's click to who the provider says they are.
 *
 *   cookie   seal(key, "sejf oidc", provider's id): made i64, state 32, nonce 32, verifier 32, note
 *
 * Invariant: nothing of an answer is looked at before its state is that of the cookie, and no state counts twice. */
#include "access/oidc.h"

#include <stdio.h>
#include <string.h>

#include "access/oidc_int.h"
#include "base/mem.h"
#include "base/text.h"

#define RANDOM_SIZE 32u
#define RANDOM_TEXT BASE64URL_ROOM(RANDOM_SIZE)
#define SPENT_MAX 1024u
#define ANSWER_MAX 4096u
#define LIVES (OIDC_COOKIE_SECONDS * USEC_PER_SEC)

struct oidc {
    struct oidc_options options;
    struct key *key;                         /* of cookies; locked */
    char *secrets;                           /* of all, one after the other; locked */
    struct party *parties;
    pthread_mutex_t lock;
    uint8_t spent[SPENT_MAX][16]; size_t spent_at;    /* states that were answered; beyond these the provider's code counts once, too */
};

/* What the cookie holds. */
struct bound { usec_t made; uint8_t state[RANDOM_SIZE], nonce[RANDOM_SIZE], verifier[RANDOM_SIZE]; char note[OIDC_NOTE_MAX + 1]; };
#define BOUND_HEAD (sizeof(usec_t) + 3 * RANDOM_SIZE)

/* ---- open, close */

static enum code secrets_take(struct oidc *o, const char *const *secrets, struct err *reterr) {
    size_t room = 1;
    for (size_t i = 0; i < o->options.provider_count; i++)
        room += strlen(secrets[i]) + 1;
    o->secrets = secret_new(room);
    o->key = secret_new(sizeof *o->key);
    if (o->secrets == NULL || o->key == NULL)
        return err_set(reterr, E_MEMORY, "no locked memory for the secrets of providers; mend: ulimit -l 8192, or LimitMEMLOCK=16M in the unit");
    crypto_random(o->key->bytes, sizeof o->key->bytes);
    char *at = o->secrets;
    for (size_t i = 0; i < o->options.provider_count; i++) {
        size_t len = strlen(secrets[i]) + 1;
        memcpy(at, secrets[i], len);
        o->parties[i].secret = at;
        at += len;
    }
    return OK;
}

enum code oidc_open(const struct oidc_options *options, struct oidc **ret, struct err *reterr) {
    PRE(options != NULL && options->fetch != NULL && options->base_url != NULL && ret != NULL && reterr != NULL);
    AUTO(oidc_close) struct oidc *o = mem_new(sizeof *o);
    if (o == NULL)
        return err_set(reterr, E_MEMORY, "no memory for providers");
    o->options = *options;
    o->options.provider_count = 0;           /* of parties that are whole */
    if (o->options.now == NULL)
        o->options.now = clock_now;
    if (o->options.steady == NULL)
        o->options.steady = clock_steady;
    if (pthread_mutex_init(&o->lock, NULL) != 0 || (o->parties = mem_new_array(options->provider_count + 1, sizeof *o->parties)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for providers");
    for (size_t i = 0; i < options->provider_count; i++) {
        o->parties[i].provider = &options->providers[i];
        if (pthread_mutex_init(&o->parties[i].lock, NULL) != 0)
            return err_set(reterr, E_MEMORY, "no memory for providers");
        o->options.provider_count++;
    }
    enum code code = secrets_take(o, options->secrets, reterr);
    if (code == OK)
        *ret = TAKE(o);
    return code;
}

struct oidc *oidc_close(struct oidc *o) {
    if (o == NULL)
        return NULL;
    for (size_t i = 0; o->parties != NULL && i < o->options.provider_count; i++) {
        about_done(&o->parties[i].about);
        jwks_free(o->parties[i].keys);
        pthread_mutex_destroy(&o->parties[i].lock);
    }
    pthread_mutex_destroy(&o->lock);
    mem_free(o->parties);
    secret_free(o->key);
    secret_free(o->secrets);
    return mem_free(o);
}

size_t oidc_providers(const struct oidc *o, const struct provider **ret) {
    *ret = o == NULL ? NULL : o->options.providers;
    return o == NULL ? 0 : o->options.provider_count;
}

static struct party *party_find(const struct oidc *o, const char *id) {
    for (size_t i = 0; o != NULL && i < o->options.provider_count; i++)
        if (strcmp(o->parties[i].provider->id, id) == 0)
            return &o->parties[i];
    return NULL;
}

const struct provider *oidc_provider(const struct oidc *o, const char *id) {
    const struct party *p = party_find(o, id);
    return p == NULL ? NULL : p->provider;
}

static enum code no_party(struct err *reterr) { return err_set(reterr, E_NOT_FOUND, "there is no such provider here"); }

static struct ask ask_of(const struct oidc *o) { return (struct ask){ o->options.fetch, o->options.arg, o->options.steady(), o->options.now() }; }

/* ---- the cookie */

static enum code cookie_put(const struct oidc *o, const struct party *p, const struct bound *b, struct buf *ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf plain = BUF(1024);
    AUTO(buf_wipe) struct buf sealed = BUF(2048);
    AUTO(buf_done) struct buf ad = BUF(256);
    piece_add(&ad, "sejf oidc", 9);
    piece_add(&ad, p->provider->id, strlen(p->provider->id));
    buf_add(&plain, &b->made, sizeof b->made);
    buf_add(&plain, b->state, RANDOM_SIZE);
    buf_add(&plain, b->nonce, RANDOM_SIZE);
    buf_add(&plain, b->verifier, RANDOM_SIZE);
    buf_text(&plain, b->note);
    if (plain.failed || ad.failed)
        return err_set(reterr, E_MEMORY, "no memory for a sign-in");
    enum code code = seal(o->key, ad.data, ad.len, plain.data, plain.len, &sealed, reterr);
    if (code == OK)
        base64url_encode(sealed.data, sealed.len, ret);
    return code == OK && ret->failed ? err_set(reterr, E_MEMORY, "no memory for a sign-in") : code;
}

/* False: not ours, or of another process or provider. */
static bool cookie_take(const struct oidc *o, const struct party *p, const char *cookie, struct bound *ret) {
    uint8_t sealed[1024];
    size_t len = 0;
    AUTO(buf_wipe) struct buf plain = BUF(2048);
    AUTO(buf_done) struct buf ad = BUF(256);
    struct err e;
    piece_add(&ad, "sejf oidc", 9);
    piece_add(&ad, p->provider->id, strlen(p->provider->id));
    if (cookie == NULL || strlen(cookie) > ANSWER_MAX || !base64url_decode(cookie, strlen(cookie), sealed, sizeof sealed, &len) || ad.failed
        || seal_open(o->key, ad.data, ad.len, sealed, len, &plain, &e) != OK || plain.len < BOUND_HEAD || plain.len - BOUND_HEAD > OIDC_NOTE_MAX)
        return false;
    const char *at = buf_str(&plain);
    *ret = (struct bound){ .made = 0 };
    memcpy(&ret->made, at, sizeof ret->made);
    memcpy(ret->state, at += sizeof ret->made, RANDOM_SIZE);
    memcpy(ret->nonce, at += RANDOM_SIZE, RANDOM_SIZE);
    memcpy(ret->verifier, at += RANDOM_SIZE, RANDOM_SIZE);
    memcpy(ret->note, at + RANDOM_SIZE, plain.len - BOUND_HEAD);
    return true;
}

/* ---- the way there */

static void redirect_uri(const struct oidc *o, const struct party *p, struct buf *ret) {
    buf_printf(ret, "%s%s%s/answer", o->options.base_url, OIDC_PATH, p->provider->id);
}

static void challenge_of(const char *verifier, char ret[BASE64URL_ROOM(HASH_SIZE)]) {
    uint8_t hash[HASH_SIZE];
    hash_sha256(verifier, strlen(verifier), hash);
    base64url_text(hash, sizeof hash, ret);
}

static void url_put(const struct oidc *o, const struct party *p, const struct about *about, const struct bound *b, struct buf *ret) {
    char state[RANDOM_TEXT], nonce[RANDOM_TEXT], verifier[RANDOM_TEXT], challenge[BASE64URL_ROOM(HASH_SIZE)];
    AUTO(buf_done) struct buf back = BUF(OIDC_URL_MAX);
    base64url_text(b->state, RANDOM_SIZE, state);
    base64url_text(b->nonce, RANDOM_SIZE, nonce);
    base64url_text(b->verifier, RANDOM_SIZE, verifier);
    challenge_of(verifier, challenge);
    redirect_uri(o, p, &back);
    const struct { const char *name, *value; } pairs[] = {
        { "response_type", "code" }, { "client_id", p->provider->client_id }, { "redirect_uri", buf_str(&back) }, { "scope", "openid email profile" },
        { "state", state }, { "nonce", nonce }, { "code_challenge", challenge }, { "code_challenge_method", "S256" },
    };
    buf_text(ret, about->authorization);
    if (strchr(about->authorization, '?') == NULL)
        buf_char(ret, '?');
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        oidc_pair(ret, pairs[i].name, pairs[i].value);
    if (back.failed)
        buf_fail(ret);
    crypto_wipe(verifier, sizeof verifier);
}

enum code oidc_begin(struct oidc *o, const char *id, const char *note, struct buf *ret_url, struct buf *ret_cookie, struct err *reterr) {
    PRE(id != NULL && note != NULL && strlen(note) <= OIDC_NOTE_MAX && ret_url != NULL && ret_cookie != NULL && reterr != NULL);
    AUTO(about_done) struct about about = { .json = NULL };
    struct party *p = party_find(o, id);
    if (p == NULL)
        return no_party(reterr);
    struct ask a = ask_of(o);
    struct bound b = { .made = a.steady };
    memcpy(b.note, note, strlen(note));
    crypto_random(b.state, sizeof b.state);
    crypto_random(b.nonce, sizeof b.nonce);
    crypto_random(b.verifier, sizeof b.verifier);
    enum code code = party_about(p, &a, &about, reterr);
    if (code == OK)
        code = cookie_put(o, p, &b, ret_cookie, reterr);
    if (code == OK)
        url_put(o, p, &about, &b, ret_url);
    crypto_wipe(&b, sizeof b);
    return code == OK && ret_url->failed ? err_set(reterr, E_MEMORY, "no memory for a sign-in") : code;
}

/* ---- the way back */

/* The first time that this state is answered? */
static bool spend(struct oidc *o, const uint8_t state[RANDOM_SIZE]) {
    bool first = true;
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < SPENT_MAX; i++)
        first = first && memcmp(o->spent[i], state, sizeof o->spent[i]) != 0;
    if (first) {
        memcpy(o->spent[o->spent_at], state, sizeof o->spent[0]);
        o->spent_at = (o->spent_at + 1) % SPENT_MAX;
    }
    pthread_mutex_unlock(&o->lock);
    return first;
}

static enum code check_state(struct oidc *o, const struct party *p, const struct oidc_answer *a, usec_t steady, struct bound *ret, struct err *reterr) {
    uint8_t state[RANDOM_SIZE];
    size_t len = 0;
    if (!cookie_take(o, p, a->cookie, ret))
        return err_set(reterr, E_SIGN_IN, "this sign-in was not begun in this browser, or too long ago: begin again");
    if (a->state == NULL || !base64url_decode(a->state, strlen(a->state), state, sizeof state, &len) || len != sizeof state || !crypto_equal(state, ret->state, sizeof state))
        return err_set(reterr, E_SIGN_IN, "this answer belongs to another sign-in: begin again");
    if (steady - ret->made > LIVES)
        return err_set(reterr, E_SIGN_IN, "this sign-in was begun too long ago: begin again");
    return spend(o, state) ? OK : err_set(reterr, E_SIGN_IN, "this answer has been used already: begin again");
}

/* RFC 9207: who answers says who it is, so that one provider's code never goes to another. */
static enum code check_answer(const struct party *p, const struct about *about, const struct oidc_answer *a, struct err *reterr) {
    if (a->issuer != NULL ? strcmp(a->issuer, p->provider->issuer) != 0 : about->names_itself)
        return err_set(reterr, E_SIGN_IN, "this answer comes from another provider than %s", p->provider->name);
    if (a->error != NULL)
        return err_set(reterr, E_SIGN_IN, strcmp(a->error, "access_denied") == 0 ? "the sign-in was ended at %s" : "%s did not sign you in: begin again", p->provider->name);
    if (a->code == NULL || a->code[0] == 0 || strlen(a->code) > ANSWER_MAX)
        return err_set(reterr, E_SIGN_IN, "%s answered without a code: begin again", p->provider->name);
    return OK;
}

/* RFC 8176: two words of different sorts, or the one that says it. */
static bool several_factors(const json_t *claims) {
    static const char *const sorts[][8] = {
        { "pwd", "pin", "kba" }, { "otp", "hwk", "swk", "sc", "sms", "tel", "pop" }, { "fpt", "face", "iris", "retina", "vbm" },
    };
    static const char *const classes[] = { "https://refeds.org/profile/mfa", "http://schemas.openid.net/pape/policies/2007/06/multi-factor" };
    const json_t *amr = json_object_get(claims, "amr"), *word;
    const char *acr = oidc_text(claims, "acr");
    bool seen[ARRAY_LEN(sorts)] = { false };
    size_t i, count = 0;
    for (size_t c = 0; acr != NULL && c < ARRAY_LEN(classes); c++)
        if (strcmp(acr, classes[c]) == 0)
            return true;
    json_array_foreach(amr, i, word) {
        const char *text = json_string_value(word);
        if (text != NULL && strcmp(text, "mfa") == 0)
            return true;
        for (size_t s = 0; text != NULL && s < ARRAY_LEN(sorts); s++)
            for (size_t k = 0; k < ARRAY_LEN(sorts[s]) && sorts[s][k] != NULL; k++)
                seen[s] = seen[s] || strcmp(sorts[s][k], text) == 0;
    }
    for (size_t s = 0; s < ARRAY_LEN(sorts); s++)
        count += seen[s];
    return count >= 2;
}

/* Some say it as a text. */
static bool is_verified(const json_t *from) {
    const json_t *v = json_object_get(from, "email_verified");
    return json_is_true(v) || (json_is_string(v) && strcmp(json_string_value(v), "true") == 0);
}

static bool copy_text(const char *text, char *ret, size_t room) {
    if (text == NULL || strlen(text) >= room || !text_is_utf8(text, strlen(text)) || strpbrk(text, "\t\r\n") != NULL)
        return false;
    memcpy(ret, text, strlen(text) + 1);
    return true;
}

/* from: the ID token, or what the provider says when asked with the access token. */
static enum code person_fill(const struct party *p, const json_t *claims, const json_t *from, struct oidc_person *ret, struct err *reterr) {
    *ret = (struct oidc_person){ .provider = p->provider, .second = p->provider->second_trusted && several_factors(claims) };
    if (!copy_text(oidc_text(claims, "sub"), ret->subject, sizeof ret->subject))
        return err_set(reterr, E_SIGN_IN, "%s names the person by something that is not read here", p->provider->name);
    if (!is_verified(from) || !copy_text(oidc_text(from, "email"), ret->email, sizeof ret->email) || strchr(ret->email, '@') == NULL)
        return err_set(reterr, E_SIGN_IN, "%s does not vouch for an e-mail address of this person", p->provider->name);
    if (!copy_text(oidc_text(from, "name"), ret->name, sizeof ret->name))
        ret->name[0] = 0;
    return OK;
}

static enum code identify(struct party *p, const struct ask *a, const struct about *about, const struct exchange *x, struct oidc_person *ret, struct err *reterr) {
    json_t *claims = NULL, *access = NULL, *more = NULL;
    struct oidc_person person;
    enum code code = party_exchange(p, a, about, x, &claims, &access, reterr);
    bool enough = json_object_get(claims, "email") != NULL && json_object_get(claims, "email_verified") != NULL;
    if (code == OK && !enough && access != NULL && about->userinfo != NULL)
        code = party_userinfo(p, a, about, json_string_value(access), json_string_value(json_object_get(claims, "sub")), &more, reterr);
    if (code == OK)
        code = person_fill(p, claims, more != NULL ? more : claims, &person, reterr);
    if (code == OK)
        *ret = person;
    json_decref(claims);
    json_decref(access);
    json_decref(more);
    return code;
}

enum code oidc_end(struct oidc *o, const char *id, const struct oidc_answer *a, struct oidc_person *ret, struct err *reterr) {
    PRE(id != NULL && a != NULL && ret != NULL && reterr != NULL);
    AUTO(about_done) struct about about = { .json = NULL };
    AUTO(buf_done) struct buf back = BUF(OIDC_URL_MAX);
    struct party *p = party_find(o, id);
    struct bound b = { .made = 0 };
    char nonce[RANDOM_TEXT], verifier[RANDOM_TEXT];
    if (p == NULL)
        return no_party(reterr);
    struct ask how = ask_of(o);
    enum code code = check_state(o, p, a, how.steady, &b, reterr);
    if (code == OK)
        code = party_about(p, &how, &about, reterr);
    if (code == OK)
        code = check_answer(p, &about, a, reterr);
    if (code == OK) {
        base64url_text(b.nonce, RANDOM_SIZE, nonce);
        base64url_text(b.verifier, RANDOM_SIZE, verifier);
        redirect_uri(o, p, &back);
        const struct exchange x = { .code = a->code, .redirect = buf_str(&back), .verifier = verifier, .nonce = nonce };
        code = back.failed ? err_set(reterr, E_MEMORY, "no memory for a sign-in") : identify(p, &how, &about, &x, ret, reterr);
    }
    if (code == OK)
        memcpy(ret->note, b.note, sizeof ret->note);
    crypto_wipe(&b, sizeof b);
    crypto_wipe(verifier, sizeof verifier);
    return code;
}
