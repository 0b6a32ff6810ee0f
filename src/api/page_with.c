/* page_with.c — signing in by a provider of sejf.yaml, and linking one's account with it: a link leads away to the provider, and where the provider sends
 * the browser back, it ends. What a sign-in is for stands in its note:
 *
 *   "in"                        somebody comes in
 *   "link ACCOUNT SESSION"      whoever was signed in there, in that session, links the account
 *
 * Linking begins on a page of ours alone, or another site could have somebody link an identity that is not theirs. */
#include <stdio.h>
#include <string.h>

#include "access/oidc.h"
#include "api/api_int.h"
#include "api/page_front.h"
#include "base/log.h"
#include "base/mem.h"

#define NOTE_IN "in"

struct with { struct visit visit; struct people *people; struct oidc *oidc; const struct provider *provider; };

/* False: there is no such provider, and that was said. */
static bool with_begin(struct http_req *req, struct with *ret) {
    visit_plain(req, "/account", &ret->visit);
    ret->visit.framed = false;
    ret->people = api_people(ret->visit.api);
    ret->oidc = api_config(ret->visit.api)->oidc;
    ret->provider = ret->people == NULL ? NULL : oidc_provider(ret->oidc, http_param(req, "provider"));
    if (ret->provider == NULL)
        visit_missing(&ret->visit);
    return ret->provider != NULL;
}

static void with_cookie(struct with *w, const char *value) {
    AUTO(buf_wipe) struct buf line = BUF(4096);
    buf_printf(&line, OIDC_COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=%d", value, value[0] == 0 ? 0 : OIDC_COOKIE_SECONDS);
    if (!line.failed)
        http_reply_header(w->visit.req, "Set-Cookie", buf_str(&line));
}

/* What is said is a sentence for people; why stands in the log, without a word of the person. */
static void with_page(struct with *w, int status, enum text sentence) {
    struct visit *v = &w->visit;
    struct buf body;
    struct page page;
    visit_page(v, text_in(TEXT_WITH_TITLE, v->lang), true, &body, &page);
    buf_text(&body, "<h1>");
    PUT_TEXT(&body, v->lang, WITH_TITLE);
    buf_text(&body, "</h1>\n<p class=\"lead\">");
    say_html(&body, text_in(sentence, v->lang), SAY_ARGS(w->provider->name));
    buf_printf(&body, "</p>\n<p class=\"buttons\"><a class=\"button\" href=\"/account?lang=%s\">", lang_code(v->lang));
    PUT_TEXT(&body, v->lang, WITH_BACK);
    buf_text(&body, "</a></p>\n");
    http_reply_header(v->req, "Cache-Control", "no-store");
    visit_send(v, status, &page, &body);
    buf_done(&body);
}

static void with_go(struct with *w, const char *where) {
    http_reply_header(w->visit.req, "Cache-Control", "no-store");
    http_reply_redirect(w->visit.req, 303, where);
}

static void with_failed(struct with *w, const struct err *e) {
    bool away = e->code == E_PEER || e->code == E_BUSY;
    log_event(away ? LOG_WARN : LOG_INFO, away ? "provider_failed" : "provider_refused", LOG_TEXT("provider", w->provider->id), LOG_TEXT("text", e->text),
              LOG_TEXT("hidden", e->hidden));
    if (away)
        with_page(w, 503, TEXT_WITH_AWAY);
    else if (e->code == E_SIGN_IN)
        with_page(w, 403, TEXT_WITH_AGAIN);
    else
        visit_trouble(&w->visit, e);
}

/* ---- the way there */

/* A session that may link; false: the person was led to where the next step is. */
static bool may_link(struct with *w, struct session *ret) {
    const char *site = http_header(w->visit.req, "Sec-Fetch-Site"), *secret = session_cookie(w->visit.req);
    struct err e;
    if (site == NULL || strcmp(site, "same-origin") != 0) {
        with_page(w, 403, TEXT_WITH_FOREIGN);
        return false;
    }
    enum code code = secret == NULL ? E_SIGN_IN : session_find(w->people, secret, ret, &e);
    if (code != OK && code != E_SIGN_IN) {
        visit_trouble(&w->visit, &e);
        return false;
    }
    if (code != OK || ret->step != STEP_WHOLE)
        with_go(w, "/account");
    else if (!ret->elevated)
        with_go(w, "/account/confirm?to=providers");
    return code == OK && ret->step == STEP_WHOLE && ret->elevated;
}

static void link_note(const struct session *s, char ret[OIDC_NOTE_MAX + 1]) {
    char id[UUID_TEXT];
    snprintf(ret, OIDC_NOTE_MAX + 1, "link %s %lld", uuid_format(&s->account, id), (long long)s->number);
}

static void on_begin(struct http_req *req) {
    AUTO(buf_wipe) struct buf url = BUF(8192);
    AUTO(buf_wipe) struct buf cookie = BUF(2048);
    char note[OIDC_NOTE_MAX + 1] = NOTE_IN;
    struct session s;
    struct with w;
    struct err e;
    if (!with_begin(req, &w))
        return;
    bool links = http_query(req, "link") != NULL;
    if (links && !may_link(&w, &s))
        return;
    if (links)
        link_note(&s, note);
    if (oidc_begin(w.oidc, w.provider->id, note, &url, &cookie, &e) != OK) {
        with_failed(&w, &e);
        return;
    }
    with_cookie(&w, buf_str(&cookie));
    with_go(&w, buf_str(&url));
}

/* ---- the way back */

static void come_in(struct with *w, const struct oidc_person *p) {
    char secret[SESSION_TEXT];
    const char *before = session_cookie(w->visit.req);
    struct uuid account;
    struct session s;
    struct err e, ignored;
    enum code code = identity_find(w->people, p->provider->issuer, p->subject, &account, &e);
    if (code == E_NOT_FOUND) {
        with_page(w, 403, TEXT_WITH_UNKNOWN);
        return;
    }
    struct visitor v = session_visitor(w->visit.req);
    if (code == OK)
        code = session_person(w->people, &v, &account, FACTOR_PROVIDER | (p->second ? FACTOR_PROVIDER_SECOND : 0), secret, &s, &e);
    if (code != OK) {
        with_failed(w, &e);
        return;
    }
    if (before != NULL)                        /* it is not worth less, but two are one too many in the list */
        (void)!session_end(w->people, before, &ignored);
    session_cookie_set(w->visit.req, secret);
    crypto_wipe(secret, sizeof secret);
    with_go(w, "/account");
}

static void link_up(struct with *w, const struct oidc_person *p) {
    const char *secret = session_cookie(w->visit.req);
    char note[OIDC_NOTE_MAX + 1];
    struct session s;
    struct err e;
    enum code code = secret == NULL ? err_set(&e, E_SIGN_IN, "nobody is signed in") : session_find(w->people, secret, &s, &e);
    if (code == OK) {
        link_note(&s, note);
        code = strcmp(note, p->note) == 0 ? identity_add(w->people, &s, p->provider->issuer, p->subject, &e) : err_set(&e, E_SIGN_IN, "the session is another than the one that began");
    }
    if (code == OK)
        with_go(w, "/account?done=saved");
    else if (code == E_CONFLICT)
        with_page(w, 409, TEXT_WITH_TAKEN);
    else if (code == E_CONFIRM)
        with_go(w, "/account/confirm?to=providers");
    else
        with_failed(w, &e);
}

static void on_answer(struct http_req *req) {
    struct oidc_person p;
    struct with w;
    struct err e;
    if (!with_begin(req, &w))
        return;
    const struct oidc_answer a = { .code = http_query(req, "code"), .state = http_query(req, "state"), .issuer = http_query(req, "iss"), .error = http_query(req, "error"),
                                   .cookie = http_cookie(req, OIDC_COOKIE) };
    if (!visit_whole(&w.visit))
        return;
    enum code code = oidc_end(w.oidc, w.provider->id, &a, &p, &e);
    with_cookie(&w, "");
    if (code != OK)
        with_failed(&w, &e);
    else if (strcmp(p.note, NOTE_IN) == 0)
        come_in(&w, &p);
    else
        link_up(&w, &p);
    crypto_wipe(&p, sizeof p);
}

/* ---- parting */

static void on_part(struct http_req *req) {
    AUTO(front_done) struct front f;
    struct err e;
    if (!front_post(req, "/account", SCALL_WHOLE, &f))
        return;
    enum code code = identity_remove(f.people, &f.session, front_form(&f, "issuer"), &e);
    if (code == OK || code == E_NOT_FOUND)     /* it is not linked, which was wished */
        front_go(&f, "/account", "removed");
    else
        front_failed(&f, &e, "providers");
}

/* ---- the buttons */

bool providers_show(struct api *a) {
    const struct provider *list;
    size_t count = oidc_providers(a->config.oidc, &list);
    struct provider_button *buttons = count == 0 ? NULL : arena_array(a->arena, count, sizeof *buttons);
    for (size_t i = 0; buttons != NULL && i < count; i++)
        buttons[i] = (struct provider_button){ .name = list[i].name, .path = arena_printf(a->arena, OIDC_PATH "%s", list[i].id), .issuer = list[i].issuer };
    a->providers = buttons;
    a->provider_count = buttons == NULL ? 0 : count;
    return !arena_overflowed(a->arena);
}

/* The address of the answer holds a code: it is in no referrer. */
static const struct route list[] = {
    { "GET", OIDC_PATH "{provider}", 0, on_begin },
    { "GET", OIDC_PATH "{provider}/answer", ROUTE_SECRET, on_answer },
    { "POST", "/account/part", 0, on_part },
};
const struct route_table routes_with = { list, ARRAY_LEN(list) };
