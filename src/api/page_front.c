/* page_front.c — before somebody is signed in a form is bound to the browser by the guard's cookie, after it to the session by its csrf
 * token; either way a form of another site is not taken. */
#include "api/page_front.h"

#include <stdio.h>
#include <string.h>

#include "api/api_int.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#define LINK_COOKIE "__Host-sejf-link"
#define GUARD_ABOUT "account"

void front_done(struct front *f) { crypto_wipe(&f->who, sizeof f->who); }

/* ---- how it begins */
static enum code session_look(struct front *f, struct err *reterr) {
    const char *cookie = session_cookie(f->visit.req);
    if (cookie == NULL)
        return OK;
    enum code code = session_find(f->people, cookie, &f->session, reterr);
    if (code == OK)
        code = account_read(f->people, &f->session.account, &f->who, reterr);
    f->in = code == OK;
    f->secret = f->in ? cookie : NULL;
    return code == E_SIGN_IN || code == E_NOT_FOUND ? OK : code;
}

static const struct zone *zone_of(const struct api *a) { return a->config.zone != NULL ? a->config.zone : charter_zone(a->config.charters[0]); }

static const char *token_fresh(struct front *f) {
    char token[GUARD_TOKEN_TEXT];
    guard_token(pages_guard(f->visit.pages), GUARD_ABOUT, visit_cookie(&f->visit), true, clock_now(), token);
    char *kept = arena_text(http_arena(f->visit.req), token);
    return kept == NULL ? "" : kept;
}

/* Words that a redirect says what was done by. */
static const struct { const char *word; enum text text; } dones[] = {
    { "out", TEXT_SIGN_ENDED }, { "over", TEXT_SIGN_OVER }, { "confirm", TEXT_CONFIRM_DONE }, { "saved", TEXT_ACCOUNT_SAVED }, { "password", TEXT_PASSWORD_DONE },
    { "passkey", TEXT_PASSKEYS_ADDED }, { "totp", TEXT_TOTP_DONE }, { "removed", TEXT_ACCOUNT_REMOVED }, { "ended", TEXT_SESSIONS_ENDED }, { "joined", TEXT_ACCOUNT_JOINED },
};

static enum text done_text(const char *word) {
    for (size_t i = 0; word != NULL && i < ARRAY_LEN(dones); i++)
        if (strcmp(dones[i].word, word) == 0)
            return dones[i].text;
    return TEXTS;
}

static bool begin(struct http_req *req, const char *path, struct front *f) {
    struct err e;
    *f = (struct front){ 0 };
    visit_plain(req, path, &f->visit);
    f->visit.framed = false;                   /* no page of accounts stands in a frame: their policy forbids it */
    f->people = api_people(f->visit.api);
    if (session_look(f, &e) != OK) {
        visit_trouble(&f->visit, &e);
        return false;
    }
    if (f->in && http_query(req, "lang") == NULL && f->session.step != STEP_SECOND)
        f->visit.lang = f->who.lang;
    f->frame = (struct account_frame){ .lang = f->visit.lang, .token = f->in ? f->session.csrf : "", .csrf = f->in ? f->session.csrf : "", .zone = zone_of(f->visit.api),
                                       .done = TEXTS, .trouble = TEXTS };
    return visit_whole(&f->visit);
}

bool front_get(struct http_req *req, const char *path, struct front *ret) {
    if (!begin(req, path, ret))
        return false;
    const char *done = http_query(req, "done");
    ret->frame.done = done_text(done);
    ret->frame.trouble = done != NULL && strcmp(done, "old") == 0 ? TEXT_SIGN_OLD : TEXTS;
    if (!ret->in)
        ret->frame.token = token_fresh(ret);
    return true;
}

/* ---- a form */
static void refuse(struct front *f, enum text text) {
    struct buf body;
    struct page page;
    f->frame.trouble = text;
    front_page(f, TEXT_TROUBLE_TITLE, true, &body, &page);
    account_head(&body, &f->frame, TEXT_TROUBLE_TITLE, TEXTS);
    buf_printf(&body, "<p><a href=\"/account?lang=%s\">", lang_code(f->frame.lang));
    PUT_TEXT(&body, f->frame.lang, CONFIRM_BACK);
    buf_text(&body, "</a></p>\n");
    front_send(f, 403, &page, &body);
}

static bool token_fine(struct front *f, const char *token) {
    if (f->in)
        return token != NULL && session_csrf_fine(&f->session, token);
    return guard_check(pages_guard(f->visit.pages), GUARD_ABOUT, visit_cookie_sent(&f->visit), token, clock_now()) == GUARD_FINE;
}

bool front_post(struct http_req *req, const char *path, unsigned steps, struct front *ret) {
    struct err e;
    if (!begin(req, path, ret))
        return false;
    if (origin_foreign(req, false)) {
        refuse(ret, TEXT_SIGN_FOREIGN);
        return false;
    }
    if (http_form_read(req, &e) != OK) {
        refuse(ret, TEXT_SIGN_FAILED);
        return false;
    }
    if (steps != 0 && !ret->in) {
        front_go(ret, "/account", "over");
        return false;
    }
    bool fine = token_fine(ret, http_form(req, ACCOUNT_TOKEN));
    if (!fine && ret->in)
        refuse(ret, TEXT_SIGN_OLD);
    else if (!fine)
        front_go(ret, ret->visit.path, "old");     /* nobody is signed in: the form again, with a token that is fresh */
    if (!fine)
        return false;
    if (steps != 0 && (steps & 1u << ret->session.step) == 0) {
        front_go(ret, "/account", NULL);
        return false;
    }
    if (!ret->in)
        ret->frame.token = token_fresh(ret);
    return visit_whole(&ret->visit);
}

const char *front_form(struct front *f, const char *name) {
    const char *typed = http_form(f->visit.req, name);
    return typed == NULL ? "" : typed;
}

/* ---- how it ends */
void front_page(struct front *f, enum text title, bool typed, struct buf *ret, struct page *ret_page) {
    visit_page(&f->visit, text_in(title, f->visit.lang), typed, ret, ret_page);
    ret_page->script = true;
}

void front_send(struct front *f, int status, const struct page *page, struct buf *body) { visit_send(&f->visit, status, page, body); }

void front_go(struct front *f, const char *where, const char *done) {
    char *to = arena_printf(http_arena(f->visit.req), "%s%slang=%s%s%s", where, strchr(where, '?') == NULL ? "?" : "&", lang_code(f->visit.lang), done == NULL ? "" : "&done=",
                            done == NULL ? "" : done);
    if (visit_whole(&f->visit))
        http_reply_redirect(f->visit.req, 303, to);
}

int front_trouble(struct front *f, const struct err *e, enum text wrong) {
    AUTO(buf_done) struct buf wait = BUF(128);
    AUTO(buf_done) struct buf said = BUF(1024);
    int64_t seconds = 0;
    if (e->code == E_SIGN_IN || e->code == E_FORBIDDEN || e->code == E_INVALID || e->code == E_FIELDS) {
        f->frame.trouble = wrong;
        return 422;
    }
    if (e->code == E_BUSY) {
        f->frame.trouble = TEXT_SIGN_BUSY;
        return 503;
    }
    if (e->code != E_TOO_MANY)
        return 0;
    retry_header(f->visit.req, e);
    if (!text_int(e->field, 1, 86400, &seconds)) {
        f->frame.trouble = TEXT_SIGN_BUSY;
        return 429;
    }
    account_wait(&wait, f->visit.lang, seconds);
    say_plain(&said, text_in(TEXT_SIGN_MANY, f->visit.lang), SAY_ARGS(buf_str(&wait)));
    f->frame.trouble_said = arena_text(http_arena(f->visit.req), buf_str(&said));
    return 429;
}

void front_failed(struct front *f, const struct err *e, const char *to) {
    char where[64];
    if (e->code == E_CONFIRM) {
        snprintf(where, sizeof where, "/account/confirm?to=%s", to);
        front_go(f, where, NULL);
    } else if (e->code == E_SIGN_IN) {
        front_go(f, "/account", "over");
    } else if (e->code == E_TOO_MANY || e->code == E_CONFLICT || e->code == E_FIELDS || e->code == E_INVALID) {
        int status = front_trouble(f, e, TEXT_SIGN_FAILED);
        if (f->frame.trouble == TEXTS && f->frame.trouble_said == NULL)
            f->frame.trouble = TEXT_SIGN_FAILED;
        front_account(f, status == 0 ? 409 : status, NULL, NULL);
    } else {
        visit_trouble(&f->visit, e);
    }
}

void front_stepped(struct front *f, char secret[SESSION_TEXT], const struct session *s) {
    session_cookie_set(f->visit.req, secret);
    crypto_wipe(secret, SESSION_TEXT);
    f->session = *s;
}

const char *front_role(struct front *f, const char *service, const char *role) {
    struct service *s = service == NULL || *service == 0 ? NULL : api_service(f->visit.api, service);
    const struct charter *c = s != NULL ? service_charter(s) : f->visit.api->config.charters[0];
    const struct person *people;
    char name[64];
    snprintf(name, sizeof name, "%s", role == NULL ? "" : role);
    int at = charter_person(c, name);
    for (char *p = name; at < 0 && *p != 0; p++)           /* "security officer" */
        *p = *p == ' ' ? '_' : *p;
    at = at >= 0 ? at : charter_person(c, name);
    (void)charter_people(c, &people);
    const char *label = at < 0 ? NULL : people[at].label.in[f->visit.lang];
    return label != NULL && *label != 0 ? label : role == NULL ? "" : role;
}

/* ---- the link of somebody who has to sign in first: for half an hour, and of no use without the session of its person */
const char *front_link(struct front *f) {
    const char *kept = http_cookie(f->visit.req, LINK_COOKIE);
    return kept != NULL && *kept != 0 && strlen(kept) < TOKEN_TEXT ? kept : NULL;
}

void front_link_keep(struct front *f, const char *secret) {
    char line[192];
    snprintf(line, sizeof line, LINK_COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=%d", secret == NULL ? "" : secret, secret == NULL ? 0 : 1800);
    http_reply_header(f->visit.req, "Set-Cookie", line);
    crypto_wipe(line, sizeof line);
}
