/* page_looks.c — who looked at a record, as its person is told: by day, with role, organisation and purpose. */
#include "api/page_link.h"

#include <stdio.h>
#include <string.h>

#include "base/say.h"

static const char *text_at(const json_t *line, const char *name) { return json_string_value(json_object_get(line, name)); }

/* The role as the charter calls it, and whose role it is. */
static void who_say(struct buf *ret, const struct link_view *v, const json_t *line) {
    const struct person *people;
    const enum lang lang = v->notice.lang;
    size_t n = charter_people(v->notice.charter, &people);
    const char *role = text_at(line, "role");
    int at = role == NULL ? -1 : charter_person(v->notice.charter, role);
    if (json_is_true(json_object_get(line, "link"))) {
        buf_text(ret, text_in(TEXT_LINK_LOOKS_LINK, lang));
        return;
    }
    bool known = at >= 0 && (size_t)at < n, ours = known && charter_operator_staff(v->notice.charter, at);
    const char *word = known ? people[at].label.in[lang] : role == NULL ? "" : role;
    say_plain(ret, text_in(TEXT_LINK_LOOKS_WHO, lang), SAY_ARGS(word, ours || v->notice.tenant == NULL ? charter_operator(v->notice.charter) : v->notice.tenant));
}

/* As it stands in the charter by now, in the language of the page; else as it was written down. */
static const char *purpose_say(const struct link_view *v, const char *purpose) {
    const struct kind *k = charter_kind_at(v->notice.charter, v->notice.kind);
    int at = kind_purpose(k, purpose);
    return at >= 0 && k->used_for[at].in[v->notice.lang] != NULL ? k->used_for[at].in[v->notice.lang] : purpose;
}

static void line_put(struct buf *ret, const struct link_view *v, const json_t *line) {
    const enum lang lang = v->notice.lang;
    const char *day = text_at(line, "day"), *purpose = text_at(line, "purpose");
    long long times = json_integer_value(json_object_get(line, "times"));
    struct civil c;
    char count[24];
    AUTO(buf_done) struct buf date = BUF(256), who = BUF(2048), with = BUF(4096), all = BUF(8192);
    if (day != NULL && date_parse(day, &c))
        say_date(&date, lang, &c);
    who_say(&who, v, line);
    if (purpose != NULL)
        say_plain(&with, text_in(TEXT_LINK_LOOKS_FOR, lang), SAY_ARGS(buf_str(&who), purpose_say(v, purpose)));
    snprintf(count, sizeof count, "%lld", times);
    if (times > 1)
        say_plain(&all, text_in(TEXT_LINK_LOOKS_TIMES, lang), SAY_ARGS(buf_str(purpose != NULL ? &with : &who), count));
    buf_text(ret, "<div><dt>");
    buf_html(ret, buf_str(&date));
    buf_text(ret, "</dt><dd>");
    buf_html(ret, buf_str(times > 1 ? &all : purpose != NULL ? &with : &who));
    buf_text(ret, "</dd></div>\n");
}

void looks_put(struct buf *ret, const struct link_view *v) {
    size_t i;
    const json_t *line;
    buf_text(ret, "<section aria-labelledby=\"looks\">\n<h2 id=\"looks\">");
    PUT_TEXT(ret, v->notice.lang, LINK_LOOKS);
    buf_text(ret, "</h2>\n<p>");
    if (json_array_size(v->looks) == 0)
        PUT_TEXT(ret, v->notice.lang, LINK_LOOKS_NONE);
    else
        PUT_TEXT(ret, v->notice.lang, LINK_LOOKS_LEAD);
    buf_text(ret, "</p>\n");
    if (json_array_size(v->looks) > 0) {
        buf_text(ret, "<dl class=\"held\">\n");
        json_array_foreach(v->looks, i, line)
            line_put(ret, v, line);
        buf_text(ret, "</dl>\n");
    }
    if (v->looks_more)
        put_with_contact(ret, TEXT_LINK_LOOKS_MORE, v->notice.lang, charter_contact(v->notice.charter));
    buf_text(ret, "</section>\n");
}
