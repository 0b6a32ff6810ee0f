/* page_proofs.c — the page of one's own account and what is changed there. Each form does one thing and leads back to the page; what asks
 * for a confirmation is done again after it, by the person. */
#include <string.h>

#include "api/api_int.h"
#include "api/page_front.h"
#include "base/text.h"
#include "doc/qr.h"

/* ---- the page */
static const char *member_role(void *arg, const json_t *member) {
    return front_role(arg, json_string_value(json_object_get(member, "service")), json_string_value(json_object_get(member, "role")));
}

/* The tenant's own role, of a service that announces erasures. */
static bool member_due(void *arg, const json_t *member) {
    const struct front *f = arg;
    const char *name = json_string_value(json_object_get(member, "service")), *role = json_string_value(json_object_get(member, "role"));
    struct service *s = name == NULL || *name == 0 || role == NULL ? NULL : api_service(f->visit.api, name);
    const struct kind *kinds;
    bool warns = false;
    for (size_t i = 0, n = s == NULL ? 0 : charter_kinds(service_charter(s), &kinds); i < n; i++)
        warns = warns || kinds[i].warn.person >= 0;
    return warns && charter_person(service_charter(s), role) == charter_tenant(service_charter(s));
}

struct own { json_t *members, *sessions, *passkeys, *tokens; };
static void own_done(struct own *o) {
    json_decref(o->members);
    json_decref(o->sessions);
    json_decref(o->passkeys);
    json_decref(o->tokens);
}
DEFINE_AUTO_VALUE(struct own, own_done)

static enum code own_read(struct front *f, struct own *o, struct err *reterr) {
    enum code code = members_of(f->people, &f->session.account, &o->members, reterr);
    if (code == OK)
        code = sessions_json(f->people, &f->session, &o->sessions, reterr);
    if (code == OK)
        code = passkeys_json(f->people, &f->session, &o->passkeys, reterr);
    return code == OK ? own_tokens(f->people, &f->session, &o->tokens, reterr) : code;
}

/* The invitation that waited for the sign-in, where it is this person's. */
static bool invited(struct front *f, struct link_info *ret) {
    struct err e;
    const char *link = front_link(f);
    return link != NULL && link_look(f->people, link, ret, &e) == OK && !ret->reset && memcmp(&ret->account, &f->session.account, sizeof ret->account) == 0;
}

void front_account(struct front *f, int status, const char *mistake_at, const char *mistake) {
    AUTO(own_done) struct own o = { 0 };
    struct link_info link;
    struct service *s = NULL;
    struct buf body;
    struct page page;
    struct err e;
    if (f->session.step != STEP_WHOLE) {       /* a form of the steps before was refused */
        front_go(f, "/account", NULL);
        return;
    }
    if (own_read(f, &o, &e) != OK) {
        visit_trouble(&f->visit, &e);
        return;
    }
    bool waits = invited(f, &link);
    const struct account_view v = {
        .frame = f->frame, .who = &f->who, .members = o.members, .sessions = o.sessions, .passkeys = o.passkeys, .tokens = o.tokens,
        .providers = f->visit.api->providers, .provider_count = f->visit.api->provider_count, .role = member_role, .role_arg = f, .due = member_due, .due_arg = f,
        .invited = waits ? &link : NULL, .mistake_at = mistake_at, .mistake = mistake,
        .invited_role = !waits ? NULL : front_role(f, link.tenant > 0 && people_service(f->people, link.tenant, &s, &e) == OK ? charter_name(service_charter(s)) : "", link.role),
    };
    front_page(f, TEXT_ACCOUNT_TITLE, mistake != NULL, &body, &page);
    page_own(&body, &v);
    front_send(f, status, &page, &body);
    crypto_wipe(&link, sizeof link);
}

/* In STEP_CHANGE or STEP_ENROL: what was missing is done, the session goes on. */
static void go_on(struct front *f, const char *done) {
    char fresh[SESSION_TEXT];
    struct session next;
    struct err e;
    bool missing = f->session.step == STEP_CHANGE || f->session.step == STEP_ENROL;
    if (missing && session_go_on(f->people, f->secret, fresh, &next, &e) != OK) {
        visit_trouble(&f->visit, &e);
        return;
    }
    if (missing)
        front_stepped(f, fresh, &next);
    front_go(f, "/account", done);
}

/* ---- who one is */
static void on_profile(struct http_req *req) {
    AUTO(front_done) struct front f;
    enum lang lang = LANG_COUNT;
    struct err e;
    if (!front_post(req, "/account", SCALL_WHOLE, &f))
        return;
    const char *said = front_form(&f, "language"), *name = front_form(&f, "name");
    if (!lang_parse(said, strlen(said), &lang))
        lang = LANG_COUNT;
    enum code code = *name == 0 ? err_field(&e, E_FIELDS, "/name", "%s", text_in(TEXT_ACCOUNT_EMPTY, f.visit.lang)) : account_change(f.people, &f.session.account, name, lang, &e);
    if (code == OK) {
        f.visit.lang = lang == LANG_COUNT ? f.visit.lang : lang;
        front_go(&f, "/account", "saved");
    } else if (code == E_FIELDS || code == E_INVALID) {
        front_account(&f, 422, "name", e.text);
    } else {
        front_failed(&f, &e, "who");
    }
}

/* ---- password */
static void password_refused(struct front *f, const char *mistake) {
    struct buf body;
    struct page page;
    if (f->session.step == STEP_WHOLE) {
        front_account(f, 422, "password", mistake);
        return;
    }
    front_page(f, TEXT_PASSWORD_CHANGE_TITLE, true, &body, &page);
    page_change(&body, &f->frame, f->who.email, mistake);
    front_send(f, 422, &page, &body);
}

static void on_password(struct http_req *req) {
    AUTO(front_done) struct front f;
    struct err e;
    if (!front_post(req, "/account", SCALL_WHOLE | SCALL_CHANGE, &f))
        return;
    struct visitor v = session_visitor(req);
    enum code code = password_change(f.people, &v, &f.session, front_form(&f, "password"), f.visit.lang, &e);
    if (code == OK)
        go_on(&f, "password");
    else if (code == E_FIELDS || code == E_INVALID)
        password_refused(&f, e.text);
    else
        front_failed(&f, &e, "password");
}

/* ---- authenticator app */
static void totp_show(struct front *f, int status, const char *secret, const char *svg) {
    struct buf body;
    struct page page;
    front_page(f, TEXT_TOTP_TITLE, true, &body, &page);
    page_totp(&body, &f->frame, secret, svg);
    front_send(f, status, &page, &body);
}

static void on_totp_begin(struct http_req *req) {
    AUTO(front_done) struct front f;
    AUTO(json_wiped) json_t *made = NULL;
    AUTO(buf_wipe) struct buf svg = BUF(256u << 10);
    struct err e;
    if (!front_post(req, "/account", SCALL_WHOLE | SCALL_ENROL, &f))
        return;
    enum code code = totp_begin(f.people, &f.session, &made, &e);
    if (code == OK)
        code = qr_svg(json_string_value(json_object_get(made, "uri")), text_in(TEXT_TOTP_PICTURE, f.visit.lang), &svg, &e);
    if (code == OK)
        totp_show(&f, 200, json_string_value(json_object_get(made, "secret")), buf_str(&svg));
    else
        front_failed(&f, &e, "totp");
}

static void on_totp(struct http_req *req) {
    AUTO(front_done) struct front f;
    struct err e;
    if (!front_post(req, "/account", SCALL_WHOLE | SCALL_ENROL, &f))
        return;
    enum code code = totp_confirm(f.people, &f.session, front_form(&f, "code"), &e);
    if (code == OK) {
        go_on(&f, "totp");
    } else if (code == E_SIGN_IN || code == E_FIELDS || code == E_INVALID || code == E_FORBIDDEN) {
        f.frame.trouble = TEXT_TOTP_AGAIN;
        totp_show(&f, 422, NULL, NULL);
    } else {
        front_failed(&f, &e, "totp");
    }
}

static void on_totp_remove(struct http_req *req) {
    AUTO(front_done) struct front f;
    struct err e;
    if (!front_post(req, "/account", SCALL_WHOLE, &f))
        return;
    if (totp_remove(f.people, &f.session, &e) == OK)
        front_go(&f, "/account", "removed");
    else
        front_failed(&f, &e, "totp");
}

/* ---- passkeys and recovery codes */
static void on_passkey_remove(struct http_req *req) {
    AUTO(front_done) struct front f;
    struct err e;
    if (!front_post(req, "/account", SCALL_WHOLE, &f))
        return;
    if (passkey_remove(f.people, &f.session, front_form(&f, "id"), &e) == OK || e.code == E_NOT_FOUND)
        front_go(&f, "/account", "removed");
    else
        front_failed(&f, &e, "passkeys");
}

static void on_codes(struct http_req *req) {
    AUTO(front_done) struct front f;
    json_t *codes = NULL;
    struct buf body;
    struct page page;
    struct err e;
    if (!front_post(req, "/account", SCALL_WHOLE, &f))
        return;
    if (codes_make(f.people, &f.session, &codes, &e) != OK) {
        front_failed(&f, &e, "codes");
        return;
    }
    front_page(&f, TEXT_CODES_TITLE, true, &body, &page);
    page_codes(&body, &f.frame, codes);
    front_send(&f, 200, &page, &body);
    json_decref(codes);
}

/* ---- sessions */
static void on_session_end(struct http_req *req) {
    AUTO(front_done) struct front f;
    int64_t number;
    struct err e;
    if (!front_post(req, "/account", SCALL_WHOLE, &f))
        return;
    const char *which = front_form(&f, "number");
    enum code code = strcmp(which, "others") == 0           ? session_revoke_all(f.people, &f.session.account, f.session.number, &e)
                     : !text_int(which, 1, INT64_MAX, &number) ? err_set(&e, E_NOT_FOUND, "there is no such session")
                                                            : session_revoke(f.people, &f.session.account, number, &e);
    if (code == OK || code == E_NOT_FOUND)     /* gone is gone */
        front_go(&f, "/account", "ended");
    else
        front_failed(&f, &e, "sessions");
}

/* ---- tokens */
static json_t *addresses_typed(const char *text) {
    json_t *list = NULL;
    for (const char *p = text + strspn(text, ", \t"); *p != 0; p += strspn(p, ", \t")) {
        size_t n = strcspn(p, ", \t");
        list = list == NULL ? json_array() : list;
        json_array_append_new(list, json_stringn(p, n));
        p += n;
    }
    return list;
}

static void token_refused(struct front *f, const struct err *e) {
    if (e->code == E_FIELDS || e->code == E_INVALID)
        front_account(f, 422, strstr(e->field, "addresses") != NULL ? "addresses" : "label", e->text);
    else
        front_failed(f, e, "tokens");
}

static void on_token_make(struct http_req *req) {
    AUTO(front_done) struct front f;
    char token[TOKEN_TEXT];
    int64_t number, tenant = 0, days = 365;
    struct buf body;
    struct page page;
    struct err e;
    if (!front_post(req, "/account", SCALL_WHOLE, &f))
        return;
    const char *until = front_form(&f, "until"), *name = front_form(&f, "label");
    bool fine = text_int(front_form(&f, "tenant"), 1, INT64_MAX, &tenant) && (strcmp(until, "never") == 0 || text_int(until, 1, 3650, &days));
    json_t *addresses = addresses_typed(front_form(&f, "addresses")), *scope = strcmp(front_form(&f, "may"), "all") == 0 ? NULL : json_pack("{s:[s]}", "verbs", "read");
    const struct own_token w = { .tenant = tenant, .name = name, .scope = scope, .addresses = addresses,
                                 .expires = strcmp(until, "never") == 0 ? USEC_NEVER : clock_now() + days * USEC_PER_DAY };
    enum code code = !fine || *name == 0 ? err_field(&e, E_FIELDS, "/label", "%s", text_in(TEXT_ACCOUNT_EMPTY, f.visit.lang)) : OK;
    if (code == OK && visit_whole(&f.visit))
        code = own_token_make(f.people, &f.session, &w, token, &number, &e);
    json_decref(addresses);
    json_decref(scope);
    if (http_replied(req))
        return;
    if (code != OK) {
        token_refused(&f, &e);
        return;
    }
    front_page(&f, TEXT_TOKENS_MADE_TITLE, true, &body, &page);
    page_token(&body, &f.frame, token);
    front_send(&f, 200, &page, &body);
    crypto_wipe(token, sizeof token);
}

static void on_token_revoke(struct http_req *req) {
    AUTO(front_done) struct front f;
    int64_t number;
    struct err e;
    if (!front_post(req, "/account", SCALL_WHOLE, &f))
        return;
    enum code code = !text_int(front_form(&f, "number"), 1, INT64_MAX, &number) ? err_set(&e, E_NOT_FOUND, "there is no such token") : own_token_revoke(f.people, &f.session, number, &e);
    if (code == OK || code == E_NOT_FOUND)
        front_go(&f, "/account", "removed");
    else
        front_failed(&f, &e, "tokens");
}

static const struct route list[] = {
    { "POST", "/account/profile", 0, on_profile },
    { "POST", "/account/password", 0, on_password },
    { "POST", "/account/totp/begin", 0, on_totp_begin },
    { "POST", "/account/totp", 0, on_totp },
    { "POST", "/account/totp/remove", 0, on_totp_remove },
    { "POST", "/account/passkeys/remove", 0, on_passkey_remove },
    { "POST", "/account/codes", 0, on_codes },
    { "POST", "/account/sessions", 0, on_session_end },
    { "POST", "/account/tokens", 0, on_token_make },
    { "POST", "/account/tokens/revoke", 0, on_token_revoke },
};
const struct route_table routes_proofs = { list, ARRAY_LEN(list) };
