/* routes_account.c — one's own account over JSON: signing in by steps, confirming, signing out, one's sessions, and the links by which
 * people come in. Each step gives the cookie a new secret, so that what was set before is worth nothing after it. */
#include <string.h>

#include "api/account_int.h"
#include "api/routes.h"
#include "base/log.h"
#include "base/time.h"

const char *step_word(enum session_step step) {
    static const char *const words[] = { [STEP_WHOLE] = "whole", [STEP_SECOND] = "second", [STEP_CHANGE] = "change_password", [STEP_ENROL] = "enrol" };
    return words[step];
}

json_t *factors_json(unsigned factors) {
    static const struct { unsigned bit; const char *name; } all[] = {
        { FACTOR_PASSWORD, "password" }, { FACTOR_TOTP, "totp" }, { FACTOR_CODE, "recovery code" }, { FACTOR_PASSKEY, "passkey" },
        { FACTOR_PROVIDER, "provider" }, { FACTOR_PROVIDER_SECOND, "provider with a second step" },
    };
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if ((factors & all[i].bit) != 0)
            json_array_append_new(list, json_string(all[i].name));
    return list;
}

/* Before the second step nothing of the person is told but which second steps there are. */
enum code account_json(struct scall *c, json_t **ret, struct err *reterr) {
    const struct session *s = &c->session;
    struct person_of who;
    char id[UUID_TEXT];
    json_t *members = NULL;
    enum code code = account_read(c->people, &s->account, &who, reterr);
    if (code == OK && s->step != STEP_SECOND)
        code = members_of(c->people, &s->account, &members, reterr);
    if (code != OK)
        return code;
    json_t *out = json_pack("{s:s, s:s, s:b, s:o, s:{s:b, s:i, s:i}}", "step", step_word(s->step), "csrf", s->csrf, "elevated", s->elevated, "factors", factors_json(s->factors),
                            "second", "totp", who.totp, "passkeys", (int)who.passkeys, "codes", (int)who.codes);
    if (s->step != STEP_SECOND) {
        json_object_set_new(out, "account", json_string(uuid_format(&who.id, id)));
        json_object_set_new(out, "name", json_string(who.name));
        json_object_set_new(out, "email", json_string(who.email));
        json_object_set_new(out, "language", json_string(lang_code(who.lang)));
        json_object_set_new(out, "memberships", members);
    }
    crypto_wipe(&who, sizeof who);
    if (out == NULL)
        return err_set(reterr, E_MEMORY, "no memory for what is said of an account");
    *ret = out;
    return OK;
}

void account_said(struct scall *c) {
    struct err e;
    json_t *out = NULL;
    if (account_json(c, &out, &e) != OK)
        scall_error(c, &e);
    else
        scall_reply(c, 200, out);
}

void account_stepped(struct scall *c, char secret[SESSION_TEXT], const struct session *s) {
    session_cookie_set(c->req, secret);
    crypto_wipe(secret, SESSION_TEXT);
    c->session = *s;
    account_said(c);
}

bool account_goes_on(struct scall *c) {
    char fresh[SESSION_TEXT];
    struct err e;
    struct session next;
    if (c->session.step != STEP_ENROL && c->session.step != STEP_CHANGE)
        return true;
    if (session_go_on(c->people, c->secret, fresh, &next, &e) != OK) {
        scall_error(c, &e);
        return false;
    }
    session_cookie_set(c->req, fresh);
    crypto_wipe(fresh, sizeof fresh);
    c->session = next;
    return true;
}

/* ---- coming in */
/* A session that the browser had would live on without a cookie. Where it cannot be ended it ends by rest. */
static void leave_old(struct scall *c) {
    const char *before = session_cookie(c->req);
    struct err e;
    if (before != NULL && session_end(c->people, before, &e) != OK && e.code != E_SIGN_IN && e.code != E_NOT_FOUND)
        log_error("session_not_ended", &e);
}

static void on_sign_in(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    const char *email, *password;
    char secret[SESSION_TEXT];
    struct session s;
    struct err e;
    if (!scall_open(req, &c) || !scall_json(&c, NAMES("email", "password"), &body) || !scall_text(&c, body, "email", PERSON_EMAIL - 1, &email) ||
        !scall_text(&c, body, "password", PASSWORD_MOST, &password))
        return;
    struct visitor v = session_visitor(req);
    if (!scall_whole(&c))
        return;
    if (session_password(c.people, &v, email, password, secret, &s, &e) != OK) {
        scall_error(&c, &e);
        return;
    }
    leave_old(&c);
    account_stepped(&c, secret, &s);
}

static void on_second(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    const char *text;
    char secret[SESSION_TEXT];
    struct session s;
    struct err e;
    if (!scall_begin(req, SCALL_SECOND, &c) || !scall_json(&c, NAMES("code"), &body) || !scall_text(&c, body, "code", CODE_MOST, &text))
        return;
    struct visitor v = session_visitor(req);
    if (!scall_whole(&c))
        return;
    if (session_code(c.people, &v, c.secret, text, secret, &s, &e) != OK)
        scall_error(&c, &e);
    else
        account_stepped(&c, secret, &s);
}

/* The password, or a code of the authenticator app: whichever is sent. A passkey confirms at its own address. */
static void on_confirm(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    const char *password, *text;
    char secret[SESSION_TEXT];
    struct session s;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !scall_json(&c, NAMES("password", "code"), &body) ||
        !scall_text_maybe(&c, body, "password", PASSWORD_MOST, &password) || !scall_text_maybe(&c, body, "code", CODE_MOST, &text))
        return;
    if ((password == NULL) == (text == NULL)) {
        scall_fail(&c, E_INVALID, "send either the password or a code of the authenticator app");
        return;
    }
    struct visitor v = session_visitor(req);
    if (!scall_whole(&c))
        return;
    enum code code = password != NULL ? session_confirm(c.people, &v, c.secret, password, secret, &s, &e) : session_code(c.people, &v, c.secret, text, secret, &s, &e);
    if (code != OK)
        scall_error(&c, &e);
    else
        account_stepped(&c, secret, &s);
}

static bool passkey_step(struct scall *c) {
    if (c->secret == NULL || c->session.step == STEP_WHOLE || c->session.step == STEP_SECOND)
        return true;
    scall_fail(c, E_SIGN_IN, "a passkey answers for the second step, or confirms; here something else is missing: GET /v1/account says what");
    return false;
}

static void on_passkey_begin(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    json_t *wanted = NULL;
    struct err e;
    if (!scall_maybe(req, &c) || !passkey_step(&c) || !scall_json(&c, (const char *const[]){ NULL }, &body))
        return;
    if (session_passkey_begin(c.people, c.secret, &wanted, &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply(&c, 200, wanted);
}

static void on_passkey(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    char secret[SESSION_TEXT];
    struct session s;
    struct err e;
    if (!scall_maybe(req, &c) || !passkey_step(&c) || !scall_json(&c, NAMES("id", "clientDataJSON", "authenticatorData", "signature", "userHandle"), &body))
        return;
    struct visitor v = session_visitor(req);
    if (!scall_whole(&c))
        return;
    if (session_passkey(c.people, &v, c.secret, body, secret, &s, &e) != OK)
        scall_error(&c, &e);
    else
        account_stepped(&c, secret, &s);
}

/* Not "cookies": that would sign the person out of whatever else lives under the same registered name. */
static void on_sign_out(struct http_req *req) {
    struct scall c;
    struct err e;
    if (!scall_begin(req, SCALL_ANY, &c))
        return;
    if (session_end(c.people, c.secret, &e) != OK && e.code != E_SIGN_IN && e.code != E_NOT_FOUND) {
        scall_error(&c, &e);
        return;
    }
    session_cookie_set(req, NULL);
    http_reply_header(req, "Clear-Site-Data", "\"cache\", \"storage\"");
    scall_reply_nothing(&c, 204);
}

/* ---- who I am */
static void on_account(struct http_req *req) {
    struct scall c;
    if (scall_begin(req, SCALL_ANY, &c))
        account_said(&c);
}

static void on_account_change(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    const char *name, *said;
    enum lang lang = LANG_COUNT;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !scall_json(&c, NAMES("name", "language"), &body) || !scall_text_maybe(&c, body, "name", NAME_MOST, &name) ||
        !scall_text_maybe(&c, body, "language", 8, &said))
        return;
    if (said != NULL && !lang_parse(said, strlen(said), &lang)) {
        (void)err_field(&e, E_FIELDS, "/language", "language must be one of en, pl, hu");
        scall_error(&c, &e);
        return;
    }
    if (account_change(c.people, &c.session.account, name, lang, &e) != OK)
        scall_error(&c, &e);
    else
        account_said(&c);
}

/* ---- sessions */
static void on_sessions(struct http_req *req) {
    struct scall c;
    json_t *list = NULL;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c))
        return;
    if (sessions_json(c.people, &c.session, &list, &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply(&c, 200, json_pack("{s:o}", "items", list));
}

static void on_session_end(struct http_req *req) {
    struct scall c;
    int64_t number;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !scall_number(&c, "number", &number))
        return;
    if (session_revoke(c.people, &c.session.account, number, &e) != OK) {
        scall_error(&c, &e);
        return;
    }
    if (number == c.session.number)
        session_cookie_set(req, NULL);
    scall_reply_nothing(&c, 204);
}

static void on_sessions_end(struct http_req *req) {
    struct scall c;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c))
        return;
    if (session_revoke_all(c.people, &c.session.account, c.session.number, &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply_nothing(&c, 204);
}

/* ---- links: their secret comes in the body, since addresses are kept by many on the way */
static json_t *link_json(const struct link_info *l) {
    char until[40];
    return json_pack("{s:s, s:b, s:s, s:s, s:s, s:s, s:I, s:s, s:s}", "purpose", l->reset ? "reset" : "invitation", "has_password", l->has_password, "name", l->name, "email", l->email,
                     "role", l->role, "tenant_name", l->tenant_name, "tenant", (json_int_t)l->tenant, "language", lang_code(l->lang), "until", time_format(l->until, until, sizeof until));
}

static void on_link(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    const char *link;
    struct link_info info;
    struct err e;
    if (!scall_open(req, &c) || !scall_json(&c, NAMES("link"), &body) || !scall_text(&c, body, "link", TOKEN_TEXT - 1, &link))
        return;
    if (link_look(c.people, link, &info, &e) != OK) {
        scall_error(&c, &e);
        return;
    }
    scall_reply(&c, 200, link_json(&info));
    crypto_wipe(&info, sizeof info);
}

static void on_link_accept(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    const char *link, *name, *password;
    char secret[SESSION_TEXT];
    struct session s;
    struct err e;
    if (!scall_open(req, &c) || !scall_json(&c, NAMES("link", "name", "password"), &body) || !scall_text(&c, body, "link", TOKEN_TEXT - 1, &link) ||
        !scall_text_maybe(&c, body, "name", NAME_MOST, &name) || !scall_text(&c, body, "password", PASSWORD_MOST, &password))
        return;
    struct visitor v = session_visitor(req);
    if (!scall_whole(&c))
        return;
    if (link_accept(c.people, &v, link, name, password, c.lang, secret, &s, &e) != OK) {
        scall_error(&c, &e);
        return;
    }
    leave_old(&c);
    account_stepped(&c, secret, &s);
}

static void on_link_join(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    const char *link;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !scall_json(&c, NAMES("link"), &body) || !scall_text(&c, body, "link", TOKEN_TEXT - 1, &link))
        return;
    if (link_join(c.people, &c.session, link, &e) != OK)
        scall_error(&c, &e);
    else
        account_said(&c);
}

static const struct route routes[] = {
    { "POST", "/v1/account/sign-in", 0, on_sign_in },
    { "POST", "/v1/account/second", 0, on_second },
    { "POST", "/v1/account/confirm", 0, on_confirm },
    { "POST", "/v1/account/passkey/begin", 0, on_passkey_begin },
    { "POST", "/v1/account/passkey", 0, on_passkey },
    { "POST", "/v1/account/sign-out", 0, on_sign_out },
    { "GET", "/v1/account", 0, on_account },
    { "PATCH", "/v1/account", 0, on_account_change },
    { "GET", "/v1/account/sessions", 0, on_sessions },
    { "DELETE", "/v1/account/sessions", 0, on_sessions_end },
    { "DELETE", "/v1/account/sessions/{number}", 0, on_session_end },
    { "POST", "/v1/account/link", 0, on_link },
    { "POST", "/v1/account/link/accept", 0, on_link_accept },
    { "POST", "/v1/account/link/join", 0, on_link_join },
};
const struct route_table routes_account = { routes, ARRAY_LEN(routes) };
