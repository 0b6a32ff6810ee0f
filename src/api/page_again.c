/* page_again.c — uses that came after a person gave its data: each with whether the person agreed, and the button that changes that. */
#include <string.h>

#include "api/page_link.h"
#include "charter/labels.h"

static const char *text_of(const json_t *o, const char *name) { return json_string_value(json_object_get(o, name)); }

static void put_what(struct buf *ret, const struct link_view *v, const json_t *use) {
    enum lang lang = v->notice.lang;
    const struct charter *c = v->notice.charter;
    const struct kind *k = charter_kind_at(c, v->notice.kind);
    const char *person = text_of(use, "person"), *field = text_of(use, "field"), *purpose = text_of(json_object_get(use, "purpose"), lang_code(lang));
    AUTO(buf_done) struct buf who = BUF(512);
    AUTO(buf_done) struct buf what = BUF(512);
    if (purpose != NULL) {
        PUT(ret, lang, AGAIN_PURPOSE, purpose);
    } else if (person != NULL && field != NULL) {
        label_say(&who, c, NULL, person, lang);
        label_say(&what, c, k, field, lang);
        PUT(ret, lang, AGAIN_PERSON, buf_str(&what), buf_str(&who));
    } else {
        const char *name = text_of(use, "what");
        PUT(ret, lang, AGAIN_PROCESSOR, name == NULL ? "" : name + strcspn(name, " ") + 1);
    }
}

static void put_state(struct buf *ret, const struct link_view *v, const char *given) {
    AUTO(buf_done) struct buf day = BUF(64);
    usec_t at;
    if (given == NULL || !time_parse(given, &at)) {
        PUT_TEXT(ret, v->notice.lang, AGAIN_NOT);
        return;
    }
    struct civil c = zone_civil(charter_zone(v->notice.charter), at);
    say_date(&day, v->notice.lang, &c);
    PUT(ret, v->notice.lang, AGAIN_SINCE, buf_str(&day));
}

static void put_use(struct buf *ret, const struct link_view *v, const json_t *use) {
    const char *given = text_of(use, "given"), *what = text_of(use, "what");
    buf_text(ret, "<p><strong>");
    put_what(ret, v, use);
    buf_text(ret, "</strong><br><span class=\"note\">");
    put_state(ret, v, given);
    buf_text(ret, "</span></p>\n");
    link_form_begin(ret, v, given == NULL ? "agree" : "disagree");
    buf_text(ret, "<input type=\"hidden\" name=\"" LINK_TO "\" value=\"");
    buf_html(ret, what == NULL ? "" : what);
    buf_text(ret, "\">\n<p class=\"buttons\"><button type=\"submit\">");
    buf_html(ret, text_in(given == NULL ? TEXT_AGAIN_AGREE : TEXT_AGAIN_BACK, v->notice.lang));
    buf_text(ret, "</button></p>\n</form>\n");
}

void again_put(struct buf *ret, const struct link_view *v) {
    const json_t *use;
    size_t i;
    if (json_array_size(v->again) == 0)
        return;
    buf_text(ret, "<section aria-labelledby=\"again\">\n<h2 id=\"again\">");
    PUT_TEXT(ret, v->notice.lang, AGAIN_TITLE);
    buf_text(ret, "</h2>\n<p class=\"note\">");
    PUT_TEXT(ret, v->notice.lang, AGAIN_LEAD);
    buf_text(ret, "</p>\n");
    json_array_foreach(v->again, i, use)
        put_use(ret, v, use);
    buf_text(ret, "</section>\n");
}
