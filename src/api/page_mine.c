/* page_mine.c — on a private link: what its person has asked for, how it stands, and one form for all that the law lets it ask for. */
#include <stdio.h>
#include <string.h>

#include "api/desk.h"
#include "api/page_link.h"
#include "api/page_right.h"
#include "api/page_visit.h"
#include "base/log.h"
#include "rights/tell.h"

static void day_put(const struct link_view *v, const json_t *one, const char *name, usec_t before, struct buf *ret) {
    const char *text = json_string_value(json_object_get(one, name));
    usec_t t;
    if (text == NULL || !time_parse(text, &t))
        return;
    struct civil c = zone_civil(charter_zone(v->notice.charter), t - before);
    say_date(ret, v->notice.lang, &c);
}

static void line_put(struct buf *ret, const struct link_view *v, const json_t *one) {
    AUTO(buf_done) struct buf received = BUF(64), day = BUF(64), state = BUF(128);
    char number[24];
    enum request_type type = REQUEST_ACCESS;
    bool ended = json_is_string(json_object_get(one, "ended"));
    (void)!request_type_find(json_string_value(json_object_get(one, "type")), &type);
    snprintf(number, sizeof number, "%lld", (long long)json_integer_value(json_object_get(one, "number")));
    day_put(v, one, "received", 0, &received);
    day_put(v, one, ended ? "ended" : "due", ended ? 0 : 1, &day);
    say_plain(&state, text_in(ended ? TEXT_RIGHT_STATE_ENDED : TEXT_RIGHT_STATE_OPEN, v->notice.lang), SAY_ARGS(buf_str(&day)));
    buf_text(ret, "<li>");
    PUT(ret, v->notice.lang, RIGHT_MINE_LINE, number, tell_type((int)type, v->notice.lang), buf_str(&state), buf_str(&received));
    buf_text(ret, "</li>\n");
}

void requests_put(struct buf *ret, const struct link_view *v) {
    enum lang lang = v->notice.lang;
    const struct right_view form = { .lang = lang, .known = true, .typed = v->typed, .typed_arg = v->typed_arg };
    size_t i;
    json_t *one;
    buf_text(ret, "<section aria-labelledby=\"requests\">\n<h2 id=\"requests\">");
    buf_html(ret, text_in(json_array_size(v->requests) > 0 ? TEXT_RIGHT_MINE : TEXT_RIGHT_TITLE, lang));
    buf_text(ret, "</h2>\n");
    if (json_array_size(v->requests) > 0)
        buf_text(ret, "<ul>\n");
    json_array_foreach((json_t *)(uintptr_t)v->requests, i, one)
        line_put(ret, v, one);
    if (json_array_size(v->requests) > 0)
        buf_text(ret, "</ul>\n");
    buf_text(ret, "<details class=\"act\"><summary>");
    PUT_TEXT(ret, lang, RIGHT_ASK);
    buf_text(ret, "</summary>\n<p>");
    PUT_TEXT(ret, lang, RIGHT_ASK_WHY);
    buf_text(ret, "</p>\n<form method=\"post\" action=\"");
    buf_html(ret, v->action);
    buf_text(ret, "\">\n<input type=\"hidden\" name=\"" LINK_DO "\" value=\"request\">\n<input type=\"hidden\" name=\"" FORM_TOKEN "\" value=\"");
    buf_html(ret, v->token);
    buf_text(ret, "\">\n");
    right_put(ret, &form);
    buf_text(ret, "<p class=\"buttons\"><button type=\"submit\">");
    PUT_TEXT(ret, lang, RIGHT_SEND);
    buf_text(ret, "</button></p>\n</form>\n</details>\n</section>\n");
}

enum code requests_mine(struct visit *v, const struct caller *who, json_t **ret, struct err *reterr) {
    const struct request_desk desk = desk_of(v->api, v->service, who->tenant, http_arena(v->req));
    return requests_of(&desk, who->subject_kind, &who->subject, ret, reterr);
}

/* Whoever has the link is known, so what is held is looked up at once. */
bool request_take(struct visit *v, const struct caller *who, enum text *ret_trouble) {
    static const struct request_by link = { .who = "link" };
    struct err e;
    int64_t number = 0;
    const struct request_desk desk = desk_of(v->api, v->service, who->tenant, http_arena(v->req));
    struct request_wish w = { .way = REQUEST_BY_LINK, .lang = v->lang, .kind = who->subject_kind, .id = who->subject, .text = http_form(v->req, RIGHT_TEXT) };
    if (!request_type_find(http_form(v->req, RIGHT_TYPE), &w.type)) {
        *ret_trouble = TEXT_RIGHT_MISTAKE_TYPE;
        return false;
    }
    if (!visit_whole(v))
        return false;
    enum code code = request_make(&desk, &w, &link, &number, &e);
    if (code == E_FIELDS)
        *ret_trouble = TEXT_RIGHT_MISTAKE_LONG;
    else if (code != OK)
        visit_trouble(v, &e);
    if (code != OK)
        return false;
    code = request_acknowledge(&desk, number, &link, &e);
    if (code == OK)
        code = request_collect(&desk, number, &link, &e);
    if (code != OK)
        log_error("request_collect", &e);      /* the request stands; it is looked up again by whoever answers */
    return true;
}
