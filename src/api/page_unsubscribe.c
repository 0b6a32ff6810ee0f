/* page_unsubscribe.c — /u/{service}/{token}: the address of List-Unsubscribe. POST leaves the list, from a mail program by one click (RFC 8058) or by the button of
 * the page; GET and HEAD only show the page, so nobody is taken off by a scanner of links or a look ahead. No cookie and no sign-in: whoever has the
 * letter has the address. */
#include <string.h>

#include "api/page_visit.h"
#include "base/log.h"
#include "messages/unsubscribe.h"
#include "records/service.h"
#include "store/tables.h"

#define LEAVE_DO "do"                        /* "back": the second button; anything else leaves */

struct leave { struct visit visit; struct unsubscribe u; struct tenant_row tenant; const char *action; };

/* False: replied. */
static bool leave_begin(struct http_req *req, struct leave *l) {
    struct err e;
    *l = (struct leave){ .action = "/" };
    if (!visit_begin(req, &l->visit))
        return false;
    const char *token = http_param(req, "token");
    l->visit.path = "/";
    int64_t tenant = 0;
    enum code code = token == NULL || !unsubscribe_tenant(token, &tenant) ? err_set(&e, E_NOT_FOUND, "no such page") : OK;
    if (code == OK)                            /* before a key is asked for: nobody makes the keeper work for tenants that there are not */
        code = tenant_get(service_store(l->visit.service), tenant, &l->tenant, http_arena(req), &e);
    if (code == OK && l->tenant.closed != 0)
        code = err_set(&e, E_NOT_FOUND, "no such page");
    if (code == OK)
        code = unsubscribe_read(l->visit.service, token, &l->u, &e);
    if (code != OK) {
        visit_trouble(&l->visit, &e);
        return false;
    }
    http_note_tenant(req, l->u.tenant);
    l->visit.path = arena_printf(http_arena(req), "/u/%s/%s", l->visit.name, token);
    l->action = arena_printf(http_arena(req), "/u/%s/%s?lang=%s", l->visit.name, token, lang_code(l->visit.lang));
    return visit_whole(&l->visit);
}

static void put_button(struct leave *l, struct buf *ret, const char *what, enum text label, const char *class) {
    buf_text(ret, "<form method=\"post\" action=\"");
    buf_html(ret, l->action == NULL ? "/" : l->action);
    buf_printf(ret, "\">\n<input type=\"hidden\" name=\"" LEAVE_DO "\" value=\"%s\">\n<p class=\"buttons\"><button type=\"submit\"%s>", what, class);
    buf_html(ret, text_in(label, l->visit.lang));
    buf_text(ret, "</button></p>\n</form>\n");
}

static void put_text(struct leave *l, struct buf *ret, enum text text) {
    buf_text(ret, "<p>");
    buf_html(ret, text_in(text, l->visit.lang));
    buf_text(ret, "</p>\n");
}

static void put_list(struct leave *l, struct buf *ret) {
    static const enum text texts[] = { [FROM_SCOPE] = TEXT_LEAVE_LIST_SCOPE, [FROM_ALL] = TEXT_LEAVE_LIST_ALL };
    char list[LIST_TEXT];
    const enum unsubscribe_from from = unsubscribe_list(l->visit.service, &l->u, list);
    const struct words *w = unsubscribe_words(l->visit.service, &l->u);
    if (from == FROM_CONSENT || from == FROM_PURPOSE) {
        const char *name = w != NULL && w->in[l->visit.lang] != NULL ? w->in[l->visit.lang] : l->u.purpose;
        buf_text(ret, "<p>");
        if (from == FROM_CONSENT)
            PUT(ret, l->visit.lang, LEAVE_LIST_PURPOSE, name);
        else
            PUT(ret, l->visit.lang, LEAVE_LIST_NO_CONSENT, name);
        buf_text(ret, "</p>\n");
    } else {
        put_text(l, ret, texts[from]);
    }
    put_text(l, ret, TEXT_LEAVE_DUTIES);
}

/* back: the second button was pressed. */
static void leave_show(struct leave *l, enum unsubscribed is, bool back) {
    struct buf body;
    struct page page;
    char list[LIST_TEXT];
    const bool returned = back && is == UNSUBSCRIBED_NOT;
    const enum text title = is != UNSUBSCRIBED_NOT ? TEXT_LEAVE_DONE_TITLE : returned ? TEXT_LEAVE_BACK_TITLE : TEXT_LEAVE_TITLE;
    visit_page(&l->visit, text_in(title, l->visit.lang), false, &body, &page);
    buf_printf(&body, "<div%s>\n<h1>", is != UNSUBSCRIBED_NOT || back ? " role=\"status\"" : "");
    buf_html(&body, text_in(title, l->visit.lang));
    buf_text(&body, "</h1>\n<p class=\"lead\">");
    if (is == UNSUBSCRIBED_OTHER)
        PUT(&body, l->visit.lang, LEAVE_OTHER, l->tenant.name);
    else if (is == UNSUBSCRIBED_LEFT)
        PUT_TEXT(&body, l->visit.lang, LEAVE_DONE);
    else if (returned)
        PUT_TEXT(&body, l->visit.lang, LEAVE_BACK_DONE);
    else
        PUT(&body, l->visit.lang, LEAVE_LEAD, l->tenant.name);
    buf_text(&body, "</p>\n</div>\n");
    if (!returned && is != UNSUBSCRIBED_OTHER)
        put_list(l, &body);
    else if (returned && unsubscribe_list(l->visit.service, &l->u, list) == FROM_CONSENT)
        put_text(l, &body, TEXT_LEAVE_BACK_CONSENT);
    if (is == UNSUBSCRIBED_LEFT) {
        put_text(l, &body, TEXT_LEAVE_BACK);
        put_button(l, &body, "back", TEXT_LEAVE_BACK_BUTTON, " class=\"quiet\"");
    } else if (is == UNSUBSCRIBED_NOT && !back) {
        put_button(l, &body, "leave", TEXT_LEAVE_BUTTON, "");
    }
    http_reply_header(l->visit.req, "X-Robots-Tag", "noindex");
    visit_send(&l->visit, 200, &page, &body);
}

static void leave_get(struct http_req *req) {
    struct leave l;
    struct err e;
    enum unsubscribed is = UNSUBSCRIBED_NOT;
    if (!leave_begin(req, &l))
        return;
    if (unsubscribe_done(l.visit.service, &l.u, &is, &e) == OK)
        leave_show(&l, is, false);
    else
        visit_trouble(&l.visit, &e);
}

static void leave_post(struct http_req *req) {
    struct leave l;
    struct err e;
    enum unsubscribed is = UNSUBSCRIBED_NOT;
    if (!leave_begin(req, &l))
        return;
    const char *what = http_form_read(req, &e) == OK ? http_form(req, LEAVE_DO) : NULL;       /* a body of another sort (RFC 8058 allows one) is a click too */
    const bool back = what != NULL && strcmp(what, "back") == 0;
    if (!visit_whole(&l.visit))
        return;
    enum code code = back ? unsubscribe_undo(l.visit.service, &l.u, "link", &e) : unsubscribe_do(l.visit.service, &l.u, "link", &e);
    if (code == OK)
        code = unsubscribe_done(l.visit.service, &l.u, &is, &e);
    if (code == OK)
        leave_show(&l, back ? is : UNSUBSCRIBED_LEFT, back);
    else
        visit_trouble(&l.visit, &e);
}

static const struct route unsubscribe_routes[] = {
    { "GET", "/u/{service}/{token}", ROUTE_SECRET, leave_get },
    { "POST", "/u/{service}/{token}", ROUTE_SECRET, leave_post },
};
const struct route_table routes_unsubscribe = { unsubscribe_routes, ARRAY_LEN(unsubscribe_routes) };
