/* page_requests.c — the public form for requests under people's rights, /r/{service}/{tenant} (or /r/{service}: to the operator, who passes them on),
 * and the pages behind the one-time links of their letters. The answer to the form is the same whether the address is known or not. */
#include <string.h>

#include "api/api_int.h"
#include "api/desk.h"
#include "api/give_pack.h"
#include "api/page_form.h"
#include "api/page_right.h"
#include "api/page_visit.h"
#include "base/log.h"
#include "base/rule.h"
#include "base/text.h"
#include "rights/paper.h"
#include "rights/tell.h"
#include "store/tables.h"

#define LETTER_MAX ((size_t)16 << 20)

struct counter { struct visit visit; struct request_desk desk; const char *path, *action; };

static const char *typed_in(void *arg, const char *name) { return http_form(arg, name); }

/* ---- the inputs */

static const char *typed(const struct right_view *v, const char *name) {
    const char *text = v->typed == NULL ? NULL : v->typed(v->typed_arg, name);
    return text == NULL ? "" : text;
}

static void mistake_put(struct buf *ret, const struct right_view *v, const char *name) {
    if (v->wrong == NULL || strcmp(v->wrong, name) != 0)
        return;
    buf_printf(ret, "<p class=\"mistake\" id=\"r%s-error\">", name + 1);
    buf_html(ret, text_in(v->mistake, v->lang));
    buf_text(ret, "</p>\n");
}

static void types_put(struct buf *ret, const struct right_view *v) {
    const char *now = typed(v, RIGHT_TYPE);
    bool wrong = v->wrong != NULL && strcmp(v->wrong, RIGHT_TYPE) == 0;
    buf_printf(ret, "<div class=\"field%s\"><fieldset id=\"rtype\" tabindex=\"-1\"><legend>", wrong ? " wrong" : "");
    PUT_TEXT(ret, v->lang, RIGHT_WHAT);
    buf_text(ret, "</legend>\n");
    mistake_put(ret, v, RIGHT_TYPE);
    for (int i = 0; i < REQUEST_TYPES; i++) {
        const char *name = request_type_name(i);
        buf_printf(ret, "<p class=\"choice\"><input type=\"radio\" id=\"rtype%d\" name=\"" RIGHT_TYPE "\" value=\"%s\" required%s>\n<label for=\"rtype%d\">", i, name, strcmp(now, name) == 0 ? " checked" : "", i);
        buf_html(ret, tell_type(i, v->lang));
        buf_text(ret, "</label></p>\n");
    }
    buf_text(ret, "</fieldset></div>\n");
}

struct input { const char *name, *type, *complete; enum text label, hint; bool required; int most; };

static void input_put(struct buf *ret, const struct right_view *v, const struct input *in) {
    const char *id = in->name + 1;
    bool wrong = v->wrong != NULL && strcmp(v->wrong, in->name) == 0, area = in->type == NULL;
    buf_printf(ret, "<div class=\"field%s\">\n<label for=\"r%s\">", wrong ? " wrong" : "", id);
    buf_html(ret, text_in(in->label, v->lang));
    buf_printf(ret, " <span class=\"need\">(%s)</span></label>\n", text_in(in->required ? TEXT_REQUIRED : TEXT_OPTIONAL, v->lang));
    if (in->hint != TEXTS) {
        buf_printf(ret, "<p class=\"hint\" id=\"r%s-hint\">", id);
        buf_html(ret, text_in(in->hint, v->lang));
        buf_text(ret, "</p>\n");
    }
    mistake_put(ret, v, in->name);
    buf_printf(ret, area ? "<textarea rows=\"5\" id=\"r%s\" name=\"%s\" maxlength=\"%d\"" : "<input id=\"r%s\" name=\"%s\" maxlength=\"%d\"", id, in->name, in->most);
    if (!area)
        buf_printf(ret, " type=\"%s\" autocomplete=\"%s\" value=\"", in->type, in->complete);
    if (!area)
        buf_html(ret, typed(v, in->name));
    buf_printf(ret, "%s%s%s", area ? "" : "\"", in->required ? " required" : "", wrong ? " aria-invalid=\"true\"" : "");
    if (in->hint != TEXTS || wrong)
        buf_printf(ret, " aria-describedby=\"r%s-%s\"", id, wrong ? "error" : "hint");
    buf_text(ret, ">");
    if (area) {
        buf_html(ret, typed(v, in->name));
        buf_text(ret, "</textarea>");
    }
    buf_text(ret, "\n</div>\n");
}

void right_put(struct buf *ret, const struct right_view *v) {
    static const struct input who[] = {
        { RIGHT_NAME, "text", "name", TEXT_RIGHT_NAME, TEXTS, false, 100 }, { RIGHT_EMAIL, "email", "email", TEXT_RIGHT_EMAIL, TEXT_RIGHT_EMAIL_HINT, true, 254 } };
    static const struct input words = { RIGHT_TEXT, NULL, NULL, TEXT_RIGHT_TEXT, TEXT_RIGHT_TEXT_HINT, false, 2000 };
    types_put(ret, v);
    for (size_t i = 0; !v->known && i < ARRAY_LEN(who); i++)
        input_put(ret, v, &who[i]);
    input_put(ret, v, &words);
}

/* ---- one visit */

/* A tenant of the service that is open; without one in the path: the operator. */
static bool counter_begin(struct http_req *req, struct counter *c) {
    struct tenant_row row = { .id = 0 };
    struct err e;
    int64_t tenant = 0;
    *c = (struct counter){ .path = NULL };
    const char *number = http_param(req, "tenant");
    if (!visit_begin(req, &c->visit))
        return false;
    bool link = http_param(req, "token")[0] != 0;        /* those of the operator name tenant 0 */
    enum code code = number[0] == 0 || text_int(number, link ? 0 : 1, INT64_MAX, &tenant) ? OK : err_set(&e, E_NOT_FOUND, "no such tenant");
    if (code == OK && tenant > 0)
        code = tenant_get(api_config(c->visit.api)->store, tenant, &row, http_arena(req), &e);
    if (code == OK && tenant > 0 && (row.closed != 0 || strcmp(row.service, c->visit.name) != 0))
        code = err_set(&e, E_NOT_FOUND, "no such tenant");
    if (code != OK) {
        visit_trouble(&c->visit, &e);
        return false;
    }
    c->desk = desk_of(c->visit.api, c->visit.service, tenant, http_arena(req));
    c->path = tenant == 0 ? arena_printf(http_arena(req), "/r/%s", c->visit.name) : arena_printf(http_arena(req), "/r/%s/%lld", c->visit.name, (long long)tenant);
    c->visit.path = c->path == NULL ? "/" : c->path;
    c->action = arena_printf(http_arena(req), "%s?lang=%s", c->visit.path, lang_code(c->visit.lang));
    http_note_tenant(req, tenant);
    return visit_whole(&c->visit);
}

static void head_put(struct buf *ret, enum lang lang, enum text title) {
    buf_text(ret, "<h1>");
    buf_html(ret, text_in(title, lang));
    buf_text(ret, "</h1>\n");
}

static void notes_put(struct counter *c, struct buf *ret) {
    const struct charter *charter = c->visit.charter;
    const struct authority *a = authority_of(charter);
    enum lang lang = c->visit.lang;
    buf_text(ret, "<p>");
    if (c->desk.tenant == 0)
        PUT(ret, lang, RIGHT_GOES_OPERATOR, charter_operator(charter));
    else
        PUT(ret, lang, RIGHT_GOES_TENANT, c->desk.tenant_name == NULL ? "" : c->desk.tenant_name, charter_operator(charter));
    buf_text(ret, "</p>\n<p>");
    PUT_TEXT(ret, lang, RIGHT_KEPT);
    buf_text(ret, " ");
    PUT(ret, lang, RIGHT_COMPLAIN, a != NULL ? a->name : charter_authority(charter));
    buf_text(ret, "</p>\n");
}

static void counter_show(struct counter *c, int status, bool again, bool keep, const char *wrong, enum text mistake, enum text trouble) {
    char token[GUARD_TOKEN_TEXT];
    struct buf body;
    struct page page;
    enum lang lang = c->visit.lang;
    const struct right_view v = { .lang = lang, .typed = keep ? typed_in : NULL, .typed_arg = c->visit.req, .wrong = wrong, .mistake = mistake };
    guard_token(pages_guard(c->visit.pages), c->visit.path, visit_cookie(&c->visit), again, clock_now(), token);
    visit_page(&c->visit, text_in(TEXT_RIGHT_TITLE, lang), again, &body, &page);
    head_put(&body, lang, TEXT_RIGHT_TITLE);
    if (trouble != TEXTS || wrong != NULL) {
        buf_text(&body, "<div class=\"summary-box\" role=\"alert\" tabindex=\"-1\" id=\"mistakes\">\n<h2>");
        PUT_TEXT(&body, lang, SUMMARY_TITLE);
        buf_text(&body, "</h2>\n<p>");
        if (wrong != NULL)
            buf_printf(&body, "<a href=\"#r%s\">", wrong + 1);
        buf_html(&body, text_in(wrong != NULL ? mistake : trouble, lang));
        buf_text(&body, wrong != NULL ? "</a></p>\n</div>\n" : "</p>\n</div>\n");
    }
    buf_text(&body, "<p class=\"lead\">");
    PUT_TEXT(&body, lang, RIGHT_LEAD);
    buf_text(&body, "</p>\n");
    notes_put(c, &body);
    buf_text(&body, "<form method=\"post\" action=\"");
    buf_html(&body, c->action);
    buf_text(&body, "\">\n<input type=\"hidden\" name=\"" FORM_TOKEN "\" value=\"");
    buf_html(&body, token);
    buf_text(&body, "\">\n");
    right_put(&body, &v);
    buf_text(&body, "<div class=\"trap\" aria-hidden=\"true\"><label for=\"f-url\">");
    PUT_TEXT(&body, lang, TRAP);
    buf_text(&body, "</label> <input type=\"text\" id=\"f-url\" name=\"" FORM_TRAP "\" tabindex=\"-1\" autocomplete=\"off\"></div>\n<p class=\"buttons\"><button type=\"submit\">");
    PUT_TEXT(&body, lang, RIGHT_SEND);
    buf_text(&body, "</button></p>\n</form>\n");
    visit_send(&c->visit, status, &page, &body);
}

static void on_form(struct http_req *req) {
    struct counter c;
    if (counter_begin(req, &c))
        counter_show(&c, 200, false, false, NULL, TEXTS, TEXTS);
}

/* ---- sending */

static void message(struct counter *c, int status, enum text title, const char *text) {
    struct buf body;
    struct page page;
    visit_page(&c->visit, text_in(title, c->visit.lang), true, &body, &page);
    head_put(&body, c->visit.lang, title);
    buf_text(&body, "<p class=\"lead\">");
    buf_html(&body, text);
    buf_text(&body, "</p>\n");
    visit_send(&c->visit, status, &page, &body);
}

static void counter_take(struct counter *c) {
    static const struct { const char *field, *name; enum text text; } wrong[] = {
        { "/email", RIGHT_EMAIL, TEXT_RIGHT_MISTAKE_EMAIL }, { "/name", RIGHT_NAME, TEXT_RIGHT_MISTAKE_LONG }, { "/text", RIGHT_TEXT, TEXT_RIGHT_MISTAKE_LONG } };
    static const struct request_by form = { .who = "form" };
    struct http_req *req = c->visit.req;
    struct err e;
    int64_t number = 0;
    struct request_wish w = { .way = REQUEST_BY_FORM, .lang = c->visit.lang, .kind = -1, .name = http_form(req, RIGHT_NAME), .email = http_form(req, RIGHT_EMAIL), .text = http_form(req, RIGHT_TEXT) };
    if (!request_type_find(http_form(req, RIGHT_TYPE), &w.type)) {
        counter_show(c, 422, true, true, RIGHT_TYPE, TEXT_RIGHT_MISTAKE_TYPE, TEXTS);
        return;
    }
    if (!visit_whole(&c->visit))
        return;
    enum code code = request_make(&c->desk, &w, &form, &number, &e);
    for (size_t i = 0; code == E_FIELDS && i < ARRAY_LEN(wrong); i++)
        if (strcmp(e.field, wrong[i].field) == 0) {
            counter_show(c, 422, true, true, wrong[i].name, wrong[i].text, TEXTS);
            return;
        }
    if (code != OK) {
        visit_trouble(&c->visit, &e);
        return;
    }
    if (guard_mailbox(pages_guard(c->visit.pages), w.email, clock_steady()))       /* else it stands, and whoever answers may ask */
        code = request_ask_identity(&c->desk, number, -1, NULL, &form, &e);
    if (code != OK)
        log_error("request_identity", &e);     /* the request stands; who asks can be asked again */
    message(c, 200, TEXT_RIGHT_SENT_TITLE, text_in(TEXT_RIGHT_SENT, c->visit.lang));
}

static void counter_check(struct counter *c) {
    static const struct { enum guard_verdict verdict; int status; bool keep; enum text text; } refused[] = {
        { GUARD_OLD, 403, true, TEXT_FORM_OLD }, { GUARD_FOREIGN, 403, false, TEXT_FORM_FOREIGN }, { GUARD_FAST, 422, true, TEXT_FORM_FAST },
    };
    struct http_req *req = c->visit.req;
    const char *token = http_form(req, FORM_TOKEN), *trap = http_form(req, FORM_TRAP);
    enum guard_verdict verdict = guard_check(pages_guard(c->visit.pages), c->visit.path, visit_cookie_sent(&c->visit), token, clock_now());
    if (rule_on(RULE_form_csrf) && (visit_cross_site(&c->visit) || (trap != NULL && *trap != 0)))
        verdict = GUARD_FOREIGN;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (refused[i].verdict == verdict) {
            counter_show(c, refused[i].status, true, refused[i].keep, NULL, TEXTS, refused[i].text);
            return;
        }
    counter_take(c);
}

static void on_send(struct http_req *req) {
    struct counter c;
    struct err e;
    if (!counter_begin(req, &c))
        return;
    bool read = http_form_read(req, &e) == OK;
    if (!guard_take(pages_guard(c.visit.pages), http_client(req), "r", clock_steady())) {
        http_reply_header(req, "Retry-After", "60");
        counter_show(&c, 429, true, read && !visit_cross_site(&c.visit), NULL, TEXTS, TEXT_FORM_MANY);
    } else if (!read) {
        counter_show(&c, code_status(e.code), true, false, NULL, TEXTS, TEXT_FORM_FOREIGN);
    } else {
        counter_check(&c);
    }
}

/* ---- behind a one-time link: guessing is slowed by address */

/* Used, over, guessed: nobody is told which. */
static void link_over(struct counter *c) {
    struct buf body;
    struct page page;
    enum lang lang = c->visit.lang;
    visit_page(&c->visit, text_in(TEXT_RIGHT_OVER_TITLE, lang), false, &body, &page);
    page.path = "";                            /* the switch of languages keeps the address without repeating it */
    head_put(&body, lang, TEXT_RIGHT_OVER_TITLE);
    put_with_contact(&body, TEXT_RIGHT_OVER, lang, charter_contact(c->visit.charter));
    buf_text(&body, "<p><a href=\"");
    buf_html(&body, c->action);
    buf_text(&body, "\">");
    PUT_TEXT(&body, lang, RIGHT_TITLE);
    buf_text(&body, "</a></p>\n");
    visit_send(&c->visit, 404, &page, &body);
}

static void link_failed(struct counter *c, const struct err *e) {
    if (e->code == E_NOT_FOUND)
        link_over(c);
    else
        visit_trouble(&c->visit, e);
}

static bool link_begin(struct http_req *req, struct counter *c, json_t **ret) {
    struct err e;
    enum lang lang;
    if (!counter_begin(req, c))
        return false;
    c->visit.path = "/";                       /* the link is not repeated in a page but in its form */
    enum code code = guard_take(pages_guard(c->visit.pages), http_client(req), "r/link", clock_steady()) ? OK : err_set(&e, E_TOO_MANY, "too many links from one address");
    if (code == OK)
        code = request_link_look(&c->desk, http_param(req, "token"), ret, &e);
    if (code == OK) {
        const char *said = json_string_value(json_object_get(*ret, "lang"));
        if (http_query(req, "lang") == NULL && said != NULL && lang_parse(said, strlen(said), &lang))
            c->visit.lang = lang;
        return true;
    }
    if (code == E_TOO_MANY)
        http_reply_header(req, "Retry-After", "60");
    link_failed(c, &e);
    return false;
}

static const char *day_of(const struct counter *c, const json_t *told, const char *name, usec_t before) {
    AUTO(buf_done) struct buf b = BUF(64);
    usec_t t;
    const char *text = json_string_value(json_object_get(told, name));
    if (text == NULL || !time_parse(text, &t))
        return "";
    struct civil day = zone_civil(charter_zone(c->visit.charter), t - before);
    say_date(&b, c->visit.lang, &day);
    return arena_text(http_arena(c->visit.req), buf_str(&b)) ?: "";
}

static const char *number_of(const struct counter *c, const json_t *told) {
    return arena_printf(http_arena(c->visit.req), "%lld", (long long)json_integer_value(json_object_get(told, "number"))) ?: "";
}

static const char *type_of(const struct counter *c, const json_t *told) {
    enum request_type type;
    return request_type_find(json_string_value(json_object_get(told, "type")), &type) ? tell_type(type, c->visit.lang) : "";
}

static bool is_for(const json_t *told, const char *what) { return strcmp(json_string_value(json_object_get(told, "for")) ?: "", what) == 0; }

static void on_link(struct http_req *req) {
    struct counter c;
    json_t *told = NULL;
    char token[GUARD_TOKEN_TEXT];
    struct buf body;
    struct page page;
    if (!link_begin(req, &c, &told))
        return;
    const bool identity = is_for(told, "identity"), archive = is_for(told, "archive");
    enum lang lang = c.visit.lang;
    guard_token(pages_guard(c.visit.pages), "r/link", visit_cookie(&c.visit), true, clock_now(), token);
    visit_page(&c.visit, text_in(identity ? TEXT_RIGHT_CONFIRM_TITLE : TEXT_RIGHT_READ_TITLE, lang), false, &body, &page);
    page.path = "";                            /* the switch of languages keeps the address without repeating it */
    head_put(&body, lang, identity ? TEXT_RIGHT_CONFIRM_TITLE : TEXT_RIGHT_READ_TITLE);
    buf_text(&body, "<p class=\"lead\">");
    if (identity)
        PUT(&body, lang, RIGHT_CONFIRM, number_of(&c, told), day_of(&c, told, "received", 0), type_of(&c, told));
    else if (archive)
        PUT(&body, lang, RIGHT_FETCH, number_of(&c, told), type_of(&c, told));
    else
        PUT(&body, lang, RIGHT_READ, number_of(&c, told), type_of(&c, told));
    buf_text(&body, "</p>\n<form method=\"post\">\n<input type=\"hidden\" name=\"" FORM_TOKEN "\" value=\"");
    buf_html(&body, token);
    buf_text(&body, "\">\n<p class=\"buttons\"><button type=\"submit\">");
    buf_html(&body, text_in(identity ? TEXT_RIGHT_CONFIRM_BUTTON : archive ? TEXT_RIGHT_FETCH_BUTTON : TEXT_RIGHT_READ_BUTTON, lang));
    buf_text(&body, "</button></p>\n</form>\n");
    visit_send(&c.visit, 200, &page, &body);
    json_decref(told);
}

static void letter_send(struct counter *c, const json_t *told) {
    AUTO(buf_wipe) struct buf pdf = BUF(LETTER_MAX);
    struct err e;
    if (paper_request(&c->desk, json_integer_value(json_object_get(told, "number")), PAPER_NEWEST, 0, &pdf, &e) != OK) {
        visit_trouble(&c->visit, &e);
        return;
    }
    http_reply_header(c->visit.req, "Content-Disposition", "attachment; filename=\"letter.pdf\"");
    http_reply_header(c->visit.req, "X-Robots-Tag", "noindex");
    http_reply_buf(c->visit.req, 200, "application/pdf", &pdf);
}

/* What was asked for, with the letter: all of it is found before the link is used up, and a cut download must not look whole. */
static void archive_send(struct counter *c, const json_t *told) {
    AUTO(arena_free) struct arena *arena = arena_new((size_t)1 << 30);      /* 32 bytes a record */
    AUTO(buf_wipe) struct buf letter = BUF(LETTER_MAX);
    const int64_t number = json_integer_value(json_object_get(told, "number"));
    const struct caller sejf = { .tenant = c->desk.tenant, .person = charter_tenant(c->visit.charter), .by_sejf = true, .subject_kind = -1 };
    struct subject s;
    struct err e;
    json_t *taken = NULL;
    int type = REQUEST_ACCESS;
    enum lang lang = c->visit.lang;
    enum code code = arena == NULL ? err_set(&e, E_MEMORY, "no memory for an archive") : request_about(&c->desk, number, arena, &s, &type, &lang, &e);
    if (code == OK)
        code = paper_request(&c->desk, number, PAPER_NEWEST, 0, &letter, &e);
    if (code == OK)
        code = request_link_take(&c->desk, http_param(c->visit.req, "token"), &taken, &e);
    json_decref(taken);
    if (code != OK)
        link_failed(c, &e);
    else
        give_pack_reply(c->visit.req, &(struct give){ .service = c->visit.service, .who = &sejf, .people = api_people(c->visit.api), .tenant = c->desk.tenant, .lang = lang, .about = &s,
                                                      .purpose = type == REQUEST_PORTABILITY ? PACK_PORTABILITY : PACK_ACCESS, .letter = &letter });
}

/* The button: once. What is held is looked up at once, so that whoever answers finds it there. */
static void link_used(struct counter *c, bool identity) {
    static const struct request_by sejf = { .who = "sejf" };
    struct err e;
    json_t *taken = NULL;
    if (request_link_take(&c->desk, http_param(c->visit.req, "token"), &taken, &e) != OK) {
        link_failed(c, &e);                    /* another was faster */
        return;
    }
    if (!identity) {
        letter_send(c, taken);
    } else {
        AUTO(buf_done) struct buf b = BUF(1024);
        if (request_collect(&c->desk, json_integer_value(json_object_get(taken, "number")), &sejf, &e) != OK)
            log_error("request_collect", &e);  /* it is looked up again by whoever answers */
        say_plain(&b, text_in(TEXT_RIGHT_CONFIRMED, c->visit.lang), SAY_ARGS(number_of(c, taken), day_of(c, taken, "due", 1)));
        message(c, 200, TEXT_RIGHT_CONFIRMED_TITLE, buf_str(&b));
    }
    json_decref(taken);
}

static void on_link_taken(struct http_req *req) {
    struct counter c;
    struct err e;
    json_t *told = NULL;
    if (!link_begin(req, &c, &told))
        return;
    const bool identity = is_for(told, "identity"), archive = is_for(told, "archive"), read = http_form_read(req, &e) == OK;
    if (rule_on(RULE_form_csrf) && (!read || visit_cross_site(&c.visit) ||
                                    guard_check(pages_guard(c.visit.pages), "r/link", visit_cookie_sent(&c.visit), http_form(req, FORM_TOKEN), clock_now()) != GUARD_FINE)) {
        message(&c, 403, TEXT_RIGHT_TITLE, text_in(TEXT_FORM_FOREIGN, c.visit.lang));
    } else if (archive) {
        archive_send(&c, told);
    } else {
        link_used(&c, identity);
    }
    json_decref(told);
}

static const struct route list[] = {
    { "GET", "/r/{service}", 0, on_form },
    { "POST", "/r/{service}", 0, on_send },
    { "GET", "/r/{service}/{tenant}", 0, on_form },
    { "POST", "/r/{service}/{tenant}", 0, on_send },
    { "GET", "/r/{service}/{tenant}/{token}", ROUTE_SECRET, on_link },
    { "POST", "/r/{service}/{tenant}/{token}", ROUTE_SECRET | ROUTE_STREAM, on_link_taken },
};
const struct route_table routes_rights = { list, ARRAY_LEN(list) };
