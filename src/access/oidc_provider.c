/* oidc_provider.c — what is asked of a provider, and what is made of its answers. Answers are taken by status 200 and a JSON object with each key once;
 * what a provider says goes no further than that, and into no text for people but its own error word. */
#include <string.h>
#include <strings.h>

#include "access/oidc_int.h"
#include "base/mem.h"
#include "base/text.h"

#define ABOUT_MAX (256u << 10)
#define TOKENS_MAX (64u << 10)
#define ABOUT_LIVES USEC_PER_HOUR
#define KEYS_LIVE USEC_PER_HOUR
#define KEYS_AGAIN (30 * USEC_PER_SEC)       /* an unknown key asks for the set anew, no oftener */
#define WAIT_MS 25000

static void escape(struct buf *b, const char *value) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    for (const unsigned char *p = (const unsigned char *)value; *p != 0; p++)
        if (strchr(plain, *p) != NULL)
            buf_char(b, (char)*p);
        else
            buf_printf(b, "%%%02X", *p);
}

void oidc_pair(struct buf *b, const char *name, const char *value) {
    if (b->len > 0 && b->data[b->len - 1] != '?')
        buf_char(b, '&');
    buf_text(b, name);
    buf_char(b, '=');
    escape(b, value);
}

const char *oidc_text(const json_t *object, const char *name) {
    const json_t *v = json_object_get(object, name);
    return json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v) ? json_string_value(v) : NULL;
}

void about_done(struct about *a) {
    json_decref(a->json);
    *a = (struct about){ .json = NULL };
}

/* ---- asking */

static enum code object_of(const struct fetch_reply *r, const struct party *p, json_t **ret, struct err *reterr) {
    size_t lost = mem_lost();
    json_t *j = json_loadb(buf_str(&r->body), r->body.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(j) && mem_lost() == lost) {
        *ret = j;
        return OK;
    }
    json_decref(j);
    return mem_lost() != lost ? err_set(reterr, E_MEMORY, "no memory for an answer") : err_set(reterr, E_PEER, "%s answered something else than a JSON object", p->provider->name);
}

static enum code ask(const struct party *p, const struct ask *a, const struct fetch_request *q, struct fetch_reply *ret, struct err *reterr) {
    enum code code = a->fetch(a->arg, q, ret, reterr);
    if (code == OK || code == E_MEMORY || code == E_BUSY)
        return code;
    (void)err_prefix(reterr, "%s cannot be asked", p->provider->name);
    reterr->code = E_PEER;                   /* also what the sender refuses: to the visitor it is the same */
    return E_PEER;
}

static enum code get_json(const struct party *p, const struct ask *a, const char *url, const char *bearer, size_t most, json_t **ret, struct err *reterr) {
    AUTO(fetch_reply_done) struct fetch_reply r = FETCH_REPLY;
    AUTO(buf_wipe) struct buf authorization = BUF(TOKENS_MAX);
    buf_printf(&authorization, "Bearer %s", bearer == NULL ? "" : bearer);
    const struct fetch_header headers[] = { { "Accept", "application/json" }, { "Authorization", buf_str(&authorization) } };
    const struct fetch_request q = { .method = "GET", .url = url, .headers = headers, .header_count = bearer == NULL ? 1 : 2, .most = most, .wait_ms = WAIT_MS };
    if (authorization.failed)
        return err_set(reterr, E_MEMORY, "no memory for a request");
    enum code code = ask(p, a, &q, &r, reterr);
    if (code != OK)
        return code;
    if (r.status != 200)
        return err_set(reterr, E_PEER, "%s answered with status %d", p->provider->name, r.status);
    return object_of(&r, p, ret, reterr);
}

/* ---- what it says of itself (OpenID Connect Discovery 1.0) */

static bool is_url(const char *t) {
    return t != NULL && strncmp(t, "https://", 8) == 0 && strlen(t) <= OIDC_URL_MAX && text_is_utf8(t, strlen(t)) && strpbrk(t, " \t\r\n\"'<>\\#") == NULL;
}

/* Is the word in the list? Where there is no list: `otherwise`. */
static bool lists(const json_t *object, const char *name, const char *word, bool otherwise) {
    const json_t *list = json_object_get(object, name), *one;
    size_t i;
    json_array_foreach(list, i, one)
        if (json_is_string(one) && strcmp(json_string_value(one), word) == 0)
            return true;
    return list == NULL && otherwise;
}

static enum code about_fill(struct about *a, const struct provider *p, struct err *reterr) {
    const char *issuer = oidc_text(a->json, "issuer");
    if (issuer == NULL || strcmp(issuer, p->issuer) != 0)
        return err_set(reterr, E_PEER, "%s calls itself another issuer than sejf.yaml does", p->name);
    a->authorization = oidc_text(a->json, "authorization_endpoint");
    a->token = oidc_text(a->json, "token_endpoint");
    a->keys = oidc_text(a->json, "jwks_uri");
    a->userinfo = oidc_text(a->json, "userinfo_endpoint");
    a->names_itself = json_is_true(json_object_get(a->json, "authorization_response_iss_parameter_supported"));
    a->basic = lists(a->json, "token_endpoint_auth_methods_supported", "client_secret_basic", true);
    if (!is_url(a->authorization) || !is_url(a->token) || !is_url(a->keys) || (a->userinfo != NULL && !is_url(a->userinfo)))
        return err_set(reterr, E_PEER, "%s does not say where people sign in, where tokens are had and where its keys are, by https", p->name);
    if (!lists(a->json, "response_types_supported", "code", true) || !lists(a->json, "code_challenge_methods_supported", "S256", true))
        return err_set(reterr, E_PEER, "%s does not offer the authorization code flow with PKCE (S256)", p->name);
    if (!a->basic && !lists(a->json, "token_endpoint_auth_methods_supported", "client_secret_post", false))
        return err_set(reterr, E_PEER, "%s does not take a client secret (client_secret_basic, client_secret_post)", p->name);
    return OK;
}

static void about_copy(const struct about *from, struct about *ret) {
    *ret = *from;
    json_incref(ret->json);
}

enum code party_about(struct party *p, const struct ask *a, struct about *ret, struct err *reterr) {
    AUTO(buf_done) struct buf url = BUF(OIDC_URL_MAX);
    struct about fresh = { .json = NULL };
    size_t len = strlen(p->provider->issuer);
    pthread_mutex_lock(&p->lock);
    bool known = p->about.json != NULL && a->steady - p->asked < ABOUT_LIVES;
    if (known)
        about_copy(&p->about, ret);
    pthread_mutex_unlock(&p->lock);
    if (known)
        return OK;
    buf_add(&url, p->provider->issuer, p->provider->issuer[len - 1] == '/' ? len - 1 : len);
    buf_text(&url, "/.well-known/openid-configuration");
    enum code code = url.failed ? err_set(reterr, E_MEMORY, "no memory for a request") : get_json(p, a, buf_str(&url), NULL, ABOUT_MAX, &fresh.json, reterr);
    if (code == OK)
        code = about_fill(&fresh, p->provider, reterr);
    if (code != OK) {
        about_done(&fresh);
        return code;
    }
    pthread_mutex_lock(&p->lock);
    about_done(&p->about);
    p->about = fresh;
    p->asked = a->steady;
    about_copy(&p->about, ret);
    pthread_mutex_unlock(&p->lock);
    return OK;
}

/* ---- keys */

static enum code keys_ask(struct party *p, const struct ask *a, const char *url, struct err *reterr) {
    AUTO(fetch_reply_done) struct fetch_reply r = FETCH_REPLY;
    struct jwks *keys = NULL;
    const struct fetch_request q = { .method = "GET", .url = url, .most = JWKS_MAX, .wait_ms = WAIT_MS };
    enum code code = ask(p, a, &q, &r, reterr);
    if (code == OK && r.status != 200)
        code = err_set(reterr, E_PEER, "%s gave its keys with status %d", p->provider->name, r.status);
    if (code == OK && (code = jwks_read(buf_str(&r.body), r.body.len, &keys, reterr)) != OK && code != E_MEMORY) {
        (void)err_prefix(reterr, "the keys of %s", p->provider->name);
        reterr->code = code = E_PEER;
    }
    if (code != OK)
        return code;
    pthread_mutex_lock(&p->lock);
    jwks_free(p->keys);
    p->keys = keys;
    p->keyed = a->steady;
    pthread_mutex_unlock(&p->lock);
    return OK;
}

static enum code verify_known(struct party *p, const char *token, const struct jwt_wish *w, json_t **ret, usec_t *ret_keyed, struct err *reterr) {
    pthread_mutex_lock(&p->lock);
    enum code code = p->keys == NULL ? err_set(reterr, E_NOT_FOUND, "no keys") : jwt_verify(p->keys, token, strlen(token), w, ret, reterr);
    *ret_keyed = p->keys == NULL ? 0 : p->keyed;
    pthread_mutex_unlock(&p->lock);
    return code;
}

/* Keys that are an hour old are asked for first; a key that is not known is asked for once more. */
static enum code verify(struct party *p, const struct ask *a, const struct about *about, const char *token, const struct jwt_wish *w, json_t **ret, struct err *reterr) {
    usec_t keyed = 0;
    pthread_mutex_lock(&p->lock);
    bool old = p->keys == NULL || a->steady - p->keyed >= KEYS_LIVE;
    pthread_mutex_unlock(&p->lock);
    enum code code = old ? keys_ask(p, a, about->keys, reterr) : OK;
    if (code == OK)
        code = verify_known(p, token, w, ret, &keyed, reterr);
    if (code == E_NOT_FOUND && a->steady - keyed >= KEYS_AGAIN && (code = keys_ask(p, a, about->keys, reterr)) == OK)
        code = verify_known(p, token, w, ret, &keyed, reterr);
    if (code == E_NOT_FOUND || code == E_INVALID) {
        (void)err_prefix(reterr, "the answer of %s does not hold", p->provider->name);
        reterr->code = E_SIGN_IN;
        return E_SIGN_IN;
    }
    return code;
}

/* ---- tokens */

/* RFC 4648 section 4 from section 5. */
static void base64_add(struct buf *b, const void *bytes, size_t len) {
    size_t from = b->len;
    base64url_encode(bytes, len, b);
    for (size_t i = from; i < b->len; i++)
        b->data[i] = b->data[i] == '-' ? '+' : b->data[i] == '_' ? '/' : b->data[i];
    while ((b->len - from) % 4 != 0 && !b->failed)
        buf_char(b, '=');
}

/* Form-encoded before it is joined (RFC 6749, section 2.3.1). */
static void credentials(const struct party *p, struct buf *ret) {
    AUTO(buf_wipe) struct buf pair = BUF(TOKENS_MAX);
    escape(&pair, p->provider->client_id);
    buf_char(&pair, ':');
    escape(&pair, p->secret);
    buf_text(ret, "Basic ");
    base64_add(ret, buf_str(&pair), pair.len);
    if (pair.failed)
        buf_fail(ret);
}

/* The provider's own word, where it is one: for the operator. */
static enum code refused(const struct party *p, const struct fetch_reply *r, struct err *reterr) {
    json_t *j = json_loadb(buf_str(&r->body), r->body.len, 0, NULL);
    const char *word = oidc_text(j, "error");
    bool plain = word != NULL && strlen(word) <= 40 && strspn(word, "abcdefghijklmnopqrstuvwxyz_") == strlen(word);
    bool ours = plain && strcmp(word, "invalid_grant") != 0;
    (void)err_set(reterr, ours || r->status >= 500 ? E_PEER : E_SIGN_IN, ours && strncmp(word, "invalid_client", 14) == 0
                      ? "%s does not know this service by the client_id and client_secret of sejf.yaml" : "%s did not confirm the sign-in: begin again", p->provider->name);
    (void)err_hide(reterr, "status %d, error %s", r->status, plain ? word : "without a word");
    json_decref(j);
    return reterr->code;
}

static enum code tokens_ask(const struct party *p, const struct ask *a, const struct about *about, const struct exchange *x, json_t **ret, struct err *reterr) {
    AUTO(fetch_reply_done) struct fetch_reply r = FETCH_REPLY;
    AUTO(buf_wipe) struct buf body = BUF(TOKENS_MAX);
    AUTO(buf_wipe) struct buf basic = BUF(TOKENS_MAX);
    oidc_pair(&body, "grant_type", "authorization_code");
    oidc_pair(&body, "code", x->code);
    oidc_pair(&body, "redirect_uri", x->redirect);
    oidc_pair(&body, "code_verifier", x->verifier);
    if (!about->basic) {
        oidc_pair(&body, "client_id", p->provider->client_id);
        oidc_pair(&body, "client_secret", p->secret);
    } else {
        credentials(p, &basic);
    }
    if (body.failed || basic.failed)
        return err_set(reterr, E_MEMORY, "no memory for a request");
    const struct fetch_header headers[] = { { "Accept", "application/json" }, { "Content-Type", "application/x-www-form-urlencoded" }, { "Authorization", buf_str(&basic) } };
    const struct fetch_request q = { .method = "POST", .url = about->token, .headers = headers, .header_count = about->basic ? 3 : 2, .body = body.data, .body_len = body.len,
                                     .most = TOKENS_MAX, .wait_ms = WAIT_MS };
    enum code code = ask(p, a, &q, &r, reterr);
    if (code != OK)
        return code;
    return r.status == 200 ? object_of(&r, p, ret, reterr) : refused(p, &r, reterr);
}

enum code party_exchange(struct party *p, const struct ask *a, const struct about *about, const struct exchange *x, json_t **ret_claims, json_t **ret_access, struct err *reterr) {
    json_t *tokens = NULL, *claims = NULL;
    enum code code = tokens_ask(p, a, about, x, &tokens, reterr);
    if (code != OK)
        return code;
    const char *id = oidc_text(tokens, "id_token"), *access = oidc_text(tokens, "access_token"), *type = oidc_text(tokens, "token_type");
    const struct jwt_wish w = { .issuer = p->provider->issuer, .audience = p->provider->client_id, .nonce = x->nonce, .access_token = access, .now = a->now };
    if (id == NULL || (access != NULL && (type == NULL || strcasecmp(type, "Bearer") != 0)))
        code = err_set(reterr, E_PEER, "%s gave no ID token, or an access token of a kind that is not read here", p->provider->name);
    if (code == OK)
        code = verify(p, a, about, id, &w, &claims, reterr);
    if (code == OK) {
        *ret_claims = claims;
        *ret_access = access == NULL ? NULL : json_incref(json_object_get(tokens, "access_token"));
    }
    json_decref(tokens);
    return code;
}

enum code party_userinfo(struct party *p, const struct ask *a, const struct about *about, const char *access_token, const char *subject, json_t **ret, struct err *reterr) {
    json_t *j = NULL;
    if (strpbrk(access_token, "\r\n") != NULL)
        return err_set(reterr, E_PEER, "%s gave an access token that cannot be sent", p->provider->name);
    enum code code = get_json(p, a, about->userinfo, access_token, TOKENS_MAX, &j, reterr);
    if (code != OK)
        return code;
    const char *sub = oidc_text(j, "sub");
    if (sub == NULL || strcmp(sub, subject) != 0) {
        json_decref(j);
        return err_set(reterr, E_SIGN_IN, "%s speaks of another person than signed in", p->provider->name);
    }
    *ret = j;
    return OK;
}
