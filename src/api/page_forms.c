/* page_forms.c — the routes of public forms. A form is taken only after its guard; every refusal shows the form again with what
 * was typed, but for one that another site sent. A second sending of the same form gives the same record. */
#include <string.h>

#include "api/page_confirm.h"
#include "api/page_form.h"
#include "api/page_home.h"
#include "base/log.h"
#include "records/agreed.h"

struct sheet { struct visit visit; struct home home; const char *action, *path; };

static const char *typed_in(void *arg, const char *name) { return http_form(arg, name); }

static struct notice_view notice_of(const struct sheet *s) {
    usec_t now = clock_now();
    return (struct notice_view){ .charter = s->visit.charter, .service = s->visit.name, .kind = s->home.kind, .lang = s->visit.lang,
                                 .tenant = s->home.tenant_name, .parent = s->home.parent_record, .created = now, .now = now };
}

/* The path is made anew from what was decoded: only an id or a slug passes home_find, so nothing in it needs escaping but UTF-8. */
static const char *path_of(struct visit *v) {
    struct http_req *req = v->req;
    AUTO(buf_done) struct buf b = BUF(8192);
    static const char hex[] = "0123456789ABCDEF";
    buf_printf(&b, "/f/%s/", v->name);
    const char *const parts[] = { http_param(req, "form"), "/", http_param(req, "scope") };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        for (const unsigned char *p = (const unsigned char *)parts[i]; *p != 0; p++)
            if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-_./", *p) != NULL)
                buf_char(&b, (char)*p);
            else
                buf_printf(&b, "%%%c%c", hex[*p >> 4], hex[*p & 15]);
    char *kept = arena_text(http_arena(req), buf_str(&b));
    return kept == NULL ? "/" : kept;
}

/* What a person reads in place of the form while the tenant has no agreement in force: before anything is typed. */
static void sheet_closed(struct sheet *s) {
    struct buf body;
    struct page page;
    visit_page(&s->visit, text_in(TEXT_FORM_CLOSED_TITLE, s->visit.lang), false, &body, &page);
    buf_text(&body, "<h1>");
    PUT_TEXT(&body, s->visit.lang, FORM_CLOSED_TITLE);
    buf_text(&body, "</h1>\n<p>");
    PUT_TEXT(&body, s->visit.lang, FORM_CLOSED);
    buf_text(&body, "</p>\n");
    put_with_contact(&body, TEXT_FORM_CLOSED_ASK, s->visit.lang, charter_contact(s->visit.charter));
    visit_send(&s->visit, 403, &page, &body);
}

static bool sheet_open(struct sheet *s) {
    struct err e;
    enum code code = agreed_first(s->visit.service, s->home.tenant, charter_kind_at(s->visit.charter, s->home.kind), &e);
    if (code == E_FORBIDDEN)
        sheet_closed(s);
    else if (code != OK)
        visit_trouble(&s->visit, &e);
    return code == OK;
}

static bool sheet_begin(struct http_req *req, struct sheet *s) {
    struct err e;
    *s = (struct sheet){ .home.kind = -1 };
    if (!visit_begin(req, &s->visit))
        return false;
    enum code code = home_find(pages_slugs(s->visit.pages), s->visit.service, http_param(req, "form"), http_param(req, "scope"), http_arena(req), &s->home, &e);
    if (code != OK) {
        visit_trouble(&s->visit, &e);
        return false;
    }
    http_note_tenant(req, s->home.tenant);
    s->path = s->visit.path = path_of(&s->visit);
    s->action = arena_printf(http_arena(req), "%s?lang=%s", s->path, lang_code(s->visit.lang));
    if (s->action == NULL)
        s->action = s->path;
    return sheet_open(s);
}

/* Shows the form; again: after a mistake, with what was typed where keep is true. */
static void sheet_show(struct sheet *s, int status, bool again, bool keep, const json_t *mistakes, enum text trouble) {
    char token[GUARD_TOKEN_TEXT];
    struct buf body;
    struct page page;
    struct err e;
    json_t *choices = NULL;
    if (home_choices(s->visit.service, &s->home, s->visit.lang, &choices, &e) != OK) {
        visit_trouble(&s->visit, &e);
        return;
    }
    guard_token(pages_guard(s->visit.pages), s->path, visit_cookie(&s->visit), again, clock_now(), token);
    struct form_view view = { .notice = notice_of(s), .action = s->action, .token = token, .typed = keep ? typed_in : NULL, .typed_arg = s->visit.req,
                              .trouble = trouble == TEXTS ? NULL : text_in(trouble, s->visit.lang), .conflict = status == 409, .choices = choices };
    json_t *said = form_mistakes(&view, mistakes);
    view.mistakes = said;
    AUTO(buf_done) struct buf title = BUF(1u << 14);
    form_title(&title, &view);
    visit_page(&s->visit, buf_str(&title), again, &body, &page);
    form_put(&body, &view);
    visit_send(&s->visit, status, &page, &body);
    json_decref(said);
    json_decref(choices);
}

static void form_get(struct http_req *req) {
    struct sheet s;
    if (sheet_begin(req, &s))
        sheet_show(&s, 200, false, false, NULL, TEXTS);
    home_done(&s.home);
}

/* ---- sending */
static bool makes_link(const struct charter *c, const struct kind *k) {
    const struct grant *list;
    size_t n = charter_sees(c, &list);
    for (size_t i = 0; i < n; i++)
        if (list[i].by_link && list[i].understood && list[i].person == k->about && k->about >= 0)
            return true;
    return false;
}

static void sheet_done(struct sheet *s, const json_t *made) {
    struct buf body;
    struct page page;
    struct err e;
    struct uuid id;
    char token[TOKEN_TEXT];
    json_t *record = NULL;
    const char *link = NULL;
    const struct kind *k = charter_kind_at(s->visit.charter, s->home.kind);
    struct caller who = { .tenant = s->home.tenant, .person = -1, .by_sejf = true, .subject_kind = -1 };
    if (!uuid_parse(json_string_value(json_object_get(made, "id")), &id) ||
        record_read(s->visit.service, &(struct record_request){ .who = &who, .kind = s->home.kind, .id = id, .if_match = -1 }, &record, &e) != OK)
        record = json_deep_copy(made);
    if (makes_link(s->visit.charter, k)) {
        if (access_link_make(s->visit.service, s->home.tenant, s->home.kind, &id, token, &e) == OK)
            link = arena_printf(http_arena(s->visit.req), "/p/%s/%s", s->visit.name, token);
        else
            log_error("link_failed", &e);      /* the record stands; the person is told how to write instead */
    }
    struct done_view view = { .notice = notice_of(s), .record = record, .link = link, .base_url = api_config(s->visit.api)->base_url, .again = s->path };
    view.notice.fields = json_object_get(record, "fields");
    view.notice.sent = true;
    visit_page(&s->visit, text_in(TEXT_DONE_TITLE, s->visit.lang), true, &body, &page);
    done_put(&body, &view);
    visit_send(&s->visit, 200, &page, &body);
    crypto_wipe(token, sizeof token);
    json_decref(record);
}

/* Nothing of it is shown before its address has confirmed it: not even the private link, which goes by letter. */
static void sheet_sent(struct sheet *s) {
    struct buf body;
    struct page page;
    visit_page(&s->visit, text_in(TEXT_ADDRESS_SENT_TITLE, s->visit.lang), true, &body, &page);
    confirm_sent_put(&body, s->visit.lang);
    visit_send(&s->visit, 200, &page, &body);
}

static void sheet_refused(struct sheet *s, enum code code, const json_t *mistakes, const struct err *e) {
    static const struct { enum code code; int status; enum text text; } known[] = {
        { E_FIELDS, 422, TEXTS }, { E_INVALID, 422, TEXT_FORM_TAKEN }, { E_CONFLICT, 409, TEXT_FORM_TAKEN },
        { E_BUSY, 503, TEXT_FORM_BUSY }, { E_TOO_MANY, 503, TEXT_FORM_BUSY }, { E_PEER, 503, TEXT_FORM_BUSY },
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (known[i].code == code) {
            bool named = json_array_size(mistakes) > 0;
            sheet_show(s, known[i].status, true, true, mistakes, named || known[i].text == TEXTS ? TEXTS : known[i].text);
            return;
        }
    if (code != E_FORBIDDEN || sheet_open(s))  /* the agreement may have ended while the form was read */
        visit_trouble(&s->visit, e);
}

/* The record of what was typed; with its letter where its address is to confirm it. */
static enum code sheet_make(struct sheet *s, const char *token, json_t *fields, json_t *consents, bool *ret_said, json_t **ret_made, json_t **ret_mistakes, struct err *reterr) {
    const struct kind *k = charter_kind_at(s->visit.charter, s->home.kind);
    uint8_t shown[HASH_SIZE];
    bool any = false;
    AUTO(post_ready_done) struct post_ready letter = { .sealed = BUF(1) };
    struct caller who = { .tenant = s->home.tenant, .person = k->about, .by_form = true, .subject_kind = -1 };
    struct record_request r = { .who = &who, .kind = s->home.kind, .input = fields, .consents = consents, .idempotency = token, .if_match = -1, .parent = s->home.parent, .lang = s->visit.lang };
    const struct confirm_ask ask = { .service = s->visit.service, .tenant = s->home.tenant, .tenant_name = s->home.tenant_name, .kind = s->home.kind, .lang = s->visit.lang,
                                     .base_url = api_config(s->visit.api)->base_url, .fields = fields };
    enum code code = consent_shown(s->visit.service, s->home.kind, s->visit.lang, &any, shown, reterr);
    who.notice = code == OK && any ? shown : NULL;
    const bool confirms = k->confirmed && rule_on(RULE_double_opt_in);
    if (code == OK && confirms)
        code = confirm_again(&ask, false, ret_said, reterr);
    if (code != OK || *ret_said)
        return code;
    if (code == OK && k->confirmed) {
        code = confirm_letter(&ask, &r.id, &letter, reterr);
        if (code == E_FIELDS)                  /* what is wrong with the address is said with all else that is */
            code = OK;
        else
            r.letter = &letter;
    }
    if (code == OK)
        code = record_create(s->visit.service, &r, ret_made, ret_mistakes, reterr);
    struct err later;
    if (code == E_CONFLICT && confirms && confirm_again(&ask, true, ret_said, &later) == OK && *ret_said)
        code = OK;
    return code;
}

static void sheet_take(struct sheet *s, const char *token) {
    struct err e;
    json_t *fields = NULL, *consents = NULL, *made = NULL, *mistakes = NULL;
    const struct kind *k = charter_kind_at(s->visit.charter, s->home.kind);
    struct form_view typed = { .notice = notice_of(s), .typed = typed_in, .typed_arg = s->visit.req };
    json_t *unticked = form_unticked(&typed);
    if (!visit_whole(&s->visit)) {
        json_decref(unticked);
        return;
    }
    if (unticked != NULL) {
        sheet_show(s, 422, true, true, unticked, TEXTS);
        json_decref(unticked);
        return;
    }
    form_values(s->visit.charter, k, typed_in, s->visit.req, &fields, &consents);
    if (!visit_whole(&s->visit)) {            /* what was typed and is not there would be missing in the record */
        json_decref(fields);
        json_decref(consents);
        return;
    }
    bool said = false;
    enum code code = sheet_make(s, token, fields, consents, &said, &made, &mistakes, &e);
    if (code == OK && k->confirmed && rule_on(RULE_double_opt_in))
        sheet_sent(s);
    else if (code == OK)
        sheet_done(s, made);
    else
        sheet_refused(s, code, mistakes, &e);
    json_decref(fields);
    json_decref(consents);
    json_decref(made);
    json_decref(mistakes);
}

static void sheet_check(struct sheet *s) {
    static const struct { enum guard_verdict verdict; int status; bool keep; enum text text; } refused[] = {
        { GUARD_OLD, 403, true, TEXT_FORM_OLD }, { GUARD_FOREIGN, 403, false, TEXT_FORM_FOREIGN }, { GUARD_FAST, 422, true, TEXT_FORM_FAST },
    };
    struct http_req *req = s->visit.req;
    const char *token = http_form(req, FORM_TOKEN), *trap = http_form(req, FORM_TRAP);
    enum guard_verdict verdict = guard_check(pages_guard(s->visit.pages), s->path, visit_cookie_sent(&s->visit), token, clock_now());
    if (rule_on(RULE_form_csrf) && (visit_cross_site(&s->visit) || (trap != NULL && *trap != 0)))
        verdict = GUARD_FOREIGN;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (refused[i].verdict == verdict) {
            sheet_show(s, refused[i].status, true, refused[i].keep, NULL, refused[i].text);
            return;
        }
    sheet_take(s, token);
}

static void form_post(struct http_req *req) {
    struct sheet s;
    struct err e;
    if (!sheet_begin(req, &s)) {
        home_done(&s.home);
        return;
    }
    bool read = http_form_read(req, &e) == OK;
    if (!guard_take(pages_guard(s.visit.pages), http_client(req), s.path, clock_steady())) {
        http_reply_header(req, "Retry-After", "60");
        sheet_show(&s, 429, true, read && !visit_cross_site(&s.visit), NULL, TEXT_FORM_MANY);
    } else if (!read) {
        sheet_show(&s, code_status(e.code), true, false, NULL, TEXT_FORM_FOREIGN);
    } else {
        sheet_check(&s);
    }
    home_done(&s.home);
}

static const struct route list[] = {
    { "GET", "/f/{service}/{form}/{scope}", ROUTE_FRAMED, form_get },
    { "POST", "/f/{service}/{form}/{scope}", ROUTE_FRAMED, form_post },
};
const struct route_table routes_forms = { list, ARRAY_LEN(list) };
