/* page_in.c — the routes by which one comes in and goes out: password, second step, confirming, links. A form that was taken answers with
 * a redirect, so that a reload sends nothing again. Why a sign-in was refused is one sentence for all reasons. */
#include <stdio.h>
#include <string.h>

#include "api/api_int.h"
#include "api/page_front.h"
#include "base/log.h"

/* ---- signing in */
static void sign_show(struct front *f, int status) {
    struct buf body;
    struct page page;
    const char *email = f->visit.req != NULL && strcmp(http_method(f->visit.req), "POST") == 0 ? front_form(f, "email") : NULL;
    front_page(f, TEXT_SIGN_TITLE, email != NULL, &body, &page);
    page_sign(&body, &(struct sign_view){ .frame = f->frame, .email = email, .providers = f->visit.api->providers, .provider_count = f->visit.api->provider_count });
    front_send(f, status, &page, &body);
}

static void missing_show(struct front *f) {
    struct buf body;
    struct page page;
    bool change = f->session.step == STEP_CHANGE;
    front_page(f, change ? TEXT_PASSWORD_CHANGE_TITLE : TEXT_ENROL_TITLE, false, &body, &page);
    if (change)
        page_change(&body, &f->frame, f->who.email, NULL);
    else
        page_enrol(&body, &f->frame);
    front_send(f, 200, &page, &body);
}

static void on_account(struct http_req *req) {
    AUTO(front_done) struct front f;
    if (!front_get(req, "/account", &f))
        return;
    if (!f.in)
        sign_show(&f, 200);
    else if (f.session.step == STEP_SECOND)
        front_go(&f, "/account/second", NULL);
    else if (f.session.step == STEP_WHOLE)
        front_account(&f, 200, NULL, NULL);
    else
        missing_show(&f);
}

/* The session that the browser had would live on without a cookie. */
static void leave_old(struct front *f) {
    struct err e;
    if (f->secret != NULL && session_end(f->people, f->secret, &e) != OK && e.code != E_SIGN_IN && e.code != E_NOT_FOUND)
        log_error("session_not_ended", &e);
}

static void on_sign_in(struct http_req *req) {
    AUTO(front_done) struct front f;
    char secret[SESSION_TEXT];
    struct session s;
    struct err e;
    if (!front_post(req, "/account", 0, &f))
        return;
    struct visitor v = session_visitor(req);
    if (!visit_whole(&f.visit))
        return;
    if (session_password(f.people, &v, front_form(&f, "email"), front_form(&f, "password"), secret, &s, &e) == OK) {
        leave_old(&f);
        front_stepped(&f, secret, &s);
        front_go(&f, s.step == STEP_SECOND ? "/account/second" : "/account", NULL);
        return;
    }
    int status = front_trouble(&f, &e, TEXT_SIGN_REFUSED);
    if (status == 0)
        visit_trouble(&f.visit, &e);
    else
        sign_show(&f, status);
}

/* ---- the second step */
static void second_show(struct front *f, int status) {
    struct buf body;
    struct page page;
    front_page(f, TEXT_SECOND_TITLE, false, &body, &page);
    page_second(&body, &(struct second_view){ .frame = f->frame, .totp = f->who.totp, .codes = f->who.codes > 0, .passkeys = f->who.passkeys > 0 });
    front_send(f, status, &page, &body);
}

static void on_second(struct http_req *req) {
    AUTO(front_done) struct front f;
    if (!front_get(req, "/account/second", &f))
        return;
    if (f.in && f.session.step == STEP_SECOND)
        second_show(&f, 200);
    else
        front_go(&f, "/account", NULL);
}

static void on_second_sent(struct http_req *req) {
    AUTO(front_done) struct front f;
    char secret[SESSION_TEXT];
    struct session s;
    struct err e;
    if (!front_post(req, "/account/second", SCALL_SECOND, &f))
        return;
    struct visitor v = session_visitor(req);
    if (!visit_whole(&f.visit))
        return;
    if (session_code(f.people, &v, f.secret, front_form(&f, "code"), secret, &s, &e) == OK) {
        front_stepped(&f, secret, &s);
        front_go(&f, "/account", NULL);
        return;
    }
    int status = front_trouble(&f, &e, TEXT_SECOND_WRONG);
    if (status == 0)
        visit_trouble(&f.visit, &e);
    else
        second_show(&f, status);
}

/* ---- confirming */
/* Where one comes back to: a word of the page, nothing else. */
static const char *back_to(struct front *f) {
    static const char *const places[] = { "who", "password", "passkeys", "totp", "codes", "providers", "sessions", "tokens" };
    const char *asked = http_query(f->visit.req, "to");
    for (size_t i = 0; asked != NULL && i < ARRAY_LEN(places); i++)
        if (strcmp(places[i], asked) == 0)
            return places[i];
    return "proofs";
}

static void confirm_show(struct front *f, int status) {
    struct buf body;
    struct page page;
    front_page(f, TEXT_CONFIRM_TITLE, true, &body, &page);
    page_confirm(&body, &(struct confirm_view){ .frame = f->frame, .to = back_to(f), .email = f->who.email, .password = f->who.password > 0, .passkeys = f->who.passkeys > 0, .totp = f->who.totp });
    front_send(f, status, &page, &body);
}

static void on_confirm(struct http_req *req) {
    AUTO(front_done) struct front f;
    if (!front_get(req, "/account/confirm", &f))
        return;
    if (f.in && f.session.step == STEP_WHOLE)
        confirm_show(&f, 200);
    else
        front_go(&f, "/account", NULL);
}

static void on_confirm_sent(struct http_req *req) {
    AUTO(front_done) struct front f;
    char secret[SESSION_TEXT];
    struct session s;
    struct err e;
    if (!front_post(req, "/account/confirm", SCALL_WHOLE, &f))
        return;
    struct visitor v = session_visitor(req);
    if (!visit_whole(&f.visit))
        return;
    const char *code_typed = http_form(req, "code");
    enum code code = code_typed != NULL ? session_code(f.people, &v, f.secret, code_typed, secret, &s, &e)
                                        : session_confirm(f.people, &v, f.secret, front_form(&f, "password"), secret, &s, &e);
    if (code == OK) {
        front_stepped(&f, secret, &s);
        front_go(&f, "/account", "confirm");
        return;
    }
    int status = front_trouble(&f, &e, code_typed != NULL ? TEXT_SECOND_WRONG : TEXT_CONFIRM_WRONG);
    if (status == 0)
        visit_trouble(&f.visit, &e);
    else
        confirm_show(&f, status);
}

/* ---- going out. Not "cookies": that would sign the person out of whatever else lives under the same registered name. */
static void on_sign_out(struct http_req *req) {
    AUTO(front_done) struct front f;
    if (!front_post(req, "/account/sign-out", SCALL_ANY, &f))
        return;
    leave_old(&f);
    session_cookie_set(req, NULL);
    http_reply_header(req, "Clear-Site-Data", "\"cache\", \"storage\"");
    front_go(&f, "/account", "out");
}

/* ---- links */
static void link_missing(struct front *f) {
    struct buf body;
    struct page page;
    f->visit.path = "/account";                /* a dead link is not repeated in a page */
    front_page(f, TEXT_LINK_GONE_TITLE, true, &body, &page);
    account_head(&body, &f->frame, TEXT_LINK_GONE_TITLE, TEXT_LINK_GONE);
    buf_printf(&body, "<p class=\"buttons\"><a class=\"button quiet\" href=\"/account?lang=%s\">", lang_code(f->frame.lang));
    PUT_TEXT(&body, f->frame.lang, SIGN_BUTTON);
    buf_text(&body, "</a></p>\n");
    front_send(f, 404, &page, &body);
}

/* The link of the path; false: replied. */
static bool link_read(struct front *f, struct link_info *ret) {
    struct err e;
    enum code code = link_look(f->people, http_param(f->visit.req, "secret"), ret, &e);
    if (code == OK) {
        if (!f->in && http_query(f->visit.req, "lang") == NULL)
            f->visit.lang = f->frame.lang = ret->lang;
        return true;
    }
    if (code == E_NOT_FOUND || code == E_GONE || code == E_INVALID || code == E_SIGN_IN)
        link_missing(f);
    else
        visit_trouble(&f->visit, &e);
    return false;
}

static const char *service_of(struct front *f, int64_t tenant) {
    struct service *s = NULL;
    struct err e;
    return tenant > 0 && people_service(f->people, tenant, &s, &e) == OK ? charter_name(service_charter(s)) : "";
}

static void link_show(struct front *f, int status, const struct link_info *info, const char *name_mistake, const char *password_mistake) {
    struct buf body;
    struct page page;
    bool typed = strcmp(http_method(f->visit.req), "POST") == 0;
    const struct link_page v = { .frame = f->frame, .link = info, .role = front_role(f, service_of(f, info->tenant), info->role), .path = f->visit.path,
                                 .name = typed ? front_form(f, "name") : NULL, .name_mistake = name_mistake, .password_mistake = password_mistake };
    front_page(f, info->reset ? TEXT_LINK_RESET_TITLE : TEXT_LINK_INVITE_TITLE, typed, &body, &page);
    if (info->reset || !info->has_password) {
        page_link_accept(&body, &v);
    } else {
        bool ready = f->in && f->session.step == STEP_WHOLE && memcmp(&f->session.account, &info->account, sizeof info->account) == 0;
        front_link_keep(f, http_param(f->visit.req, "secret"));
        page_link_join(&body, &v, ready ? JOIN_READY : f->in && f->session.step == STEP_WHOLE ? JOIN_OTHER : JOIN_SIGN_IN);
    }
    front_send(f, status, &page, &body);
}

static const char *link_path(struct http_req *req) {
    char *path = arena_printf(http_arena(req), LINK_PATH "%s", http_param(req, "secret"));
    return path == NULL ? "/account" : path;
}

static void on_link(struct http_req *req) {
    AUTO(front_done) struct front f;
    struct link_info info;
    if (!front_get(req, link_path(req), &f) || !link_read(&f, &info))
        return;
    link_show(&f, 200, &info, NULL, NULL);
    crypto_wipe(&info, sizeof info);
}

static void link_refused(struct front *f, const struct link_info *info, const struct err *e) {
    if (e->code == E_FIELDS || e->code == E_INVALID) {
        bool name = strcmp(e->field, "/name") == 0;
        link_show(f, 422, info, name ? e->text : NULL, name ? NULL : e->text);
        return;
    }
    int status = front_trouble(f, e, TEXT_SIGN_FAILED);
    if (e->code == E_NOT_FOUND || e->code == E_GONE)
        link_missing(f);
    else if (status == 0)
        visit_trouble(&f->visit, e);
    else
        link_show(f, status, info, NULL, NULL);
}

static void on_link_sent(struct http_req *req) {
    AUTO(front_done) struct front f;
    struct link_info info;
    char secret[SESSION_TEXT];
    struct session s;
    struct err e;
    if (!front_post(req, link_path(req), 0, &f) || !link_read(&f, &info))
        return;
    struct visitor v = session_visitor(req);
    if (!visit_whole(&f.visit))
        return;
    const char *name = info.reset ? NULL : front_form(&f, "name");
    if (link_accept(f.people, &v, http_param(req, "secret"), name, front_form(&f, "password"), f.visit.lang, secret, &s, &e) == OK) {
        leave_old(&f);
        front_stepped(&f, secret, &s);
        front_go(&f, s.step == STEP_SECOND ? "/account/second" : "/account", NULL);
    } else {
        link_refused(&f, &info, &e);
    }
    crypto_wipe(&info, sizeof info);
}

static void on_join(struct http_req *req) {
    AUTO(front_done) struct front f;
    struct err e;
    if (!front_post(req, "/account/join", SCALL_WHOLE, &f))
        return;
    const char *link = front_link(&f);
    enum code code = link == NULL ? err_set(&e, E_NOT_FOUND, "there is no invitation that waits") : link_join(f.people, &f.session, link, &e);
    if (code == OK || code == E_NOT_FOUND || code == E_GONE)
        front_link_keep(&f, NULL);
    if (code == OK)
        front_go(&f, "/account", "joined");
    else if (code == E_NOT_FOUND || code == E_GONE)
        link_missing(&f);
    else
        front_failed(&f, &e, "who");
}

static const struct route list[] = {
    { "GET", "/account", 0, on_account },
    { "POST", "/account", 0, on_sign_in },
    { "GET", "/account/second", 0, on_second },
    { "POST", "/account/second", 0, on_second_sent },
    { "GET", "/account/confirm", 0, on_confirm },
    { "POST", "/account/confirm", 0, on_confirm_sent },
    { "POST", "/account/sign-out", 0, on_sign_out },
    { "GET", LINK_PATH "{secret}", ROUTE_SECRET, on_link },
    { "POST", LINK_PATH "{secret}", ROUTE_SECRET, on_link_sent },
    { "POST", "/account/join", 0, on_join },
};
const struct route_table routes_in = { list, ARRAY_LEN(list) };
