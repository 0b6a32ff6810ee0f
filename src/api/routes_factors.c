/* routes_factors.c — what a person proves itself with: password, authenticator app, passkeys, recovery codes; and its own API tokens.
 * Secrets are shown once, when they are made. */
#include <string.h>

#include "api/account_int.h"
#include "api/routes.h"
#include "doc/qr.h"

/* ---- password */
static void on_password(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    const char *password;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE | SCALL_CHANGE, &c) || !scall_json(&c, NAMES("password"), &body) || !scall_text(&c, body, "password", PASSWORD_MOST, &password))
        return;
    struct visitor v = session_visitor(req);
    if (password_change(c.people, &v, &c.session, password, c.lang, &e) != OK)
        scall_error(&c, &e);
    else if (account_goes_on(&c))
        account_said(&c);
}

/* Advice while one types: strength in words, never a refusal. */
static void on_advice(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    const char *password;
    char advice[256];
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE | SCALL_CHANGE, &c) || !scall_json(&c, NAMES("password"), &body) || !scall_text(&c, body, "password", PASSWORD_MOST, &password))
        return;
    if (password_advice(c.people, &c.session, password, c.lang, advice, &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply(&c, 200, json_pack("{s:b, s:s}", "good", advice[0] == 0, "advice", advice));
}

/* ---- authenticator app */
static void on_totp_begin(struct http_req *req) {
    struct scall c;
    json_t *made = NULL;
    struct err e;
    AUTO(buf_wipe) struct buf svg = BUF(256u << 10);
    if (!scall_begin(req, SCALL_WHOLE | SCALL_ENROL, &c))
        return;
    if (totp_begin(c.people, &c.session, &made, &e) != OK || qr_svg(json_string_value(json_object_get(made, "uri")), "QR code", &svg, &e) != OK) {
        json_wiped(made);
        scall_error(&c, &e);
        return;
    }
    json_object_set_new(made, "qr", json_string(buf_str(&svg)));
    scall_reply(&c, 200, made);
}

static void on_totp_confirm(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    const char *text;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE | SCALL_ENROL, &c) || !scall_json(&c, NAMES("code"), &body) || !scall_text(&c, body, "code", CODE_MOST, &text))
        return;
    if (totp_confirm(c.people, &c.session, text, &e) != OK)
        scall_error(&c, &e);
    else if (account_goes_on(&c))
        account_said(&c);
}

static void on_totp_remove(struct http_req *req) {
    struct scall c;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c))
        return;
    if (totp_remove(c.people, &c.session, &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply_nothing(&c, 204);
}

/* ---- passkeys */
static void on_passkeys(struct http_req *req) {
    struct scall c;
    json_t *list = NULL;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE | SCALL_ENROL, &c))
        return;
    if (passkeys_json(c.people, &c.session, &list, &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply(&c, 200, json_pack("{s:o}", "items", list));
}

static void on_passkeys_begin(struct http_req *req) {
    struct scall c;
    json_t *wanted = NULL;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE | SCALL_ENROL, &c))
        return;
    if (passkey_begin(c.people, &c.session, &wanted, &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply(&c, 200, wanted);
}

static void on_passkeys_add(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    const char *name;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE | SCALL_ENROL, &c) || !scall_json(&c, NAMES("name", "clientDataJSON", "authenticatorData"), &body) ||
        !scall_text(&c, body, "name", NAME_MOST, &name))
        return;
    if (passkey_add(c.people, &c.session, body, &e) != OK)
        scall_error(&c, &e);
    else if (account_goes_on(&c))
        account_said(&c);
}

static void on_passkeys_remove(struct http_req *req) {
    struct scall c;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c))
        return;
    if (passkey_remove(c.people, &c.session, http_param(req, "id"), &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply_nothing(&c, 204);
}

/* ---- recovery codes */
static void on_codes(struct http_req *req) {
    struct scall c;
    json_t *codes = NULL;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c))
        return;
    if (codes_make(c.people, &c.session, &codes, &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply(&c, 201, json_pack("{s:o}", "codes", codes));
}

/* ---- identities at providers */
static void on_identity_remove(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    const char *issuer;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !scall_json(&c, NAMES("issuer"), &body) || !scall_text(&c, body, "issuer", 512, &issuer))
        return;
    if (identity_remove(c.people, &c.session, issuer, &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply_nothing(&c, 204);
}

/* ---- tokens of one's own */
static void on_tokens(struct http_req *req) {
    struct scall c;
    json_t *list = NULL;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c))
        return;
    if (own_tokens(c.people, &c.session, &list, &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply(&c, 200, json_pack("{s:o}", "items", list));
}

/* Without a word a token lives for a year; "never" is said. */
static bool token_end(struct scall *c, const char *said, usec_t *ret) {
    struct err e;
    if (said == NULL)
        *ret = clock_now() + 365 * USEC_PER_DAY;
    else if (strcmp(said, "never") == 0)
        *ret = USEC_NEVER;
    else if (!time_parse(said, ret) || *ret <= clock_now()) {
        (void)err_field(&e, E_FIELDS, "/expires", "expires must be an instant to come, such as 2027-01-31T00:00:00Z, or \"never\"");
        scall_error(c, &e);
        return false;
    }
    return true;
}

static void on_tokens_make(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    const char *name, *expires;
    char token[TOKEN_TEXT];
    int64_t number;
    struct own_token wish = { 0 };
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !scall_json(&c, NAMES("tenant", "name", "scope", "expires", "addresses"), &body) ||
        !scall_text(&c, body, "name", NAME_MOST, &name) || !scall_text_maybe(&c, body, "expires", 40, &expires) || !token_end(&c, expires, &wish.expires))
        return;
    wish.tenant = json_integer_value(json_object_get(body, "tenant"));
    wish.name = name;
    wish.scope = json_object_get(body, "scope");
    wish.addresses = json_object_get(body, "addresses");
    if (own_token_make(c.people, &c.session, &wish, token, &number, &e) != OK) {
        scall_error(&c, &e);
        return;
    }
    scall_reply(&c, 201, json_pack("{s:I, s:s}", "number", (json_int_t)number, "token", token));
    crypto_wipe(token, sizeof token);
}

static void on_tokens_revoke(struct http_req *req) {
    struct scall c;
    int64_t number;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !scall_number(&c, "number", &number))
        return;
    if (own_token_revoke(c.people, &c.session, number, &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply_nothing(&c, 204);
}

static const struct route routes[] = {
    { "PUT", "/v1/account/password", 0, on_password },
    { "POST", "/v1/account/password/advice", 0, on_advice },
    { "POST", "/v1/account/totp/begin", 0, on_totp_begin },
    { "POST", "/v1/account/totp/confirm", 0, on_totp_confirm },
    { "DELETE", "/v1/account/totp", 0, on_totp_remove },
    { "GET", "/v1/account/passkeys", 0, on_passkeys },
    { "POST", "/v1/account/passkeys/begin", 0, on_passkeys_begin },
    { "POST", "/v1/account/passkeys", 0, on_passkeys_add },
    { "DELETE", "/v1/account/passkeys/{id}", 0, on_passkeys_remove },
    { "POST", "/v1/account/codes", 0, on_codes },
    { "POST", "/v1/account/identities/remove", 0, on_identity_remove },
    { "GET", "/v1/account/tokens", 0, on_tokens },
    { "POST", "/v1/account/tokens", 0, on_tokens_make },
    { "DELETE", "/v1/account/tokens/{number}", 0, on_tokens_revoke },
};
const struct route_table routes_factors = { routes, ARRAY_LEN(routes) };
