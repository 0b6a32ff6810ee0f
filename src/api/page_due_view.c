/* page_due_view.c — see page_due.h. */
#include "api/page_due.h"

#include <stdio.h>
#include <string.h>

#include "charter/labels.h"

static const struct noun records_noun = NOUN("record", "records", "rekord", "rekordy", "rekordów", "rekord");

static const char *text_of(const json_t *o, const char *name) {
    const char *text = json_string_value(json_object_get(o, name));
    return text == NULL ? "" : text;
}

static void day_said(struct buf *ret, enum lang lang, const char *day) {
    struct civil c;
    if (date_parse(day, &c))
        say_date(ret, lang, &c);
}

static void form_begin(struct buf *ret, const struct due_view *v, const char *what) {
    char action[96];
    snprintf(action, sizeof action, "/account/due/%lld/%s", (long long)v->tenant, what);
    account_form(ret, &v->frame, action);
}

static void hidden(struct buf *ret, const char *name, const char *value) {
    buf_printf(ret, "<input type=\"hidden\" name=\"%s\" value=\"", name);
    buf_html(ret, value);
    buf_text(ret, "\">");
}

/* ---- one notice */

static void put_parent(struct buf *ret, const struct due_view *v, const json_t *parent) {
    int kind = charter_kind(v->charter, text_of(parent, "kind"));
    const char *title = text_of(parent, "title"), *number = text_of(parent, "number");
    AUTO(buf_done) struct buf said = BUF(4096);
    if (kind >= 0)
        label_title(&said, charter_kind_at(v->charter, kind)->label.in[v->frame.lang]);
    if (title[0] != 0)
        buf_printf(&said, ": %s", title);
    if (number[0] != 0)
        buf_printf(&said, " (%s)", number);
    buf_text(ret, "<h3>");
    buf_html(ret, buf_str(&said));
    buf_text(ret, "</h3>\n");
}

static void put_group(struct buf *ret, const struct due_view *v, const json_t *g) {
    AUTO(buf_done) struct buf day = BUF(200), count = BUF(200);
    int kind = charter_kind(v->charter, text_of(g, "kind"));
    const char *label = kind >= 0 ? charter_kind_at(v->charter, kind)->label.in[v->frame.lang] : text_of(g, "kind");
    day_said(&day, v->frame.lang, text_of(g, "due"));
    say_count(&count, v->frame.lang, json_integer_value(json_object_get(g, "records")), &records_noun);
    buf_text(ret, "<li>");
    if (json_is_true(json_object_get(g, "more")))
        PUT(ret, v->frame.lang, DUE_MORE, label, buf_str(&count));
    else
        PUT(ret, v->frame.lang, DUE_ROW, buf_str(&day), label, buf_str(&count));
    buf_text(ret, "</li>\n");
}

static void put_groups(struct buf *ret, const struct due_view *v, const json_t *groups) {
    const char *before = "";
    bool open = false;
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *g = json_array_get(groups, i), *parent = json_object_get(g, "parent");
        if (json_is_object(parent) && strcmp(before, text_of(parent, "id")) != 0) {
            buf_text(ret, open ? "</ul>\n" : "");
            put_parent(ret, v, parent);
            before = text_of(parent, "id");
            open = false;
        }
        if (!open)
            buf_text(ret, "<ul>\n");
        open = true;
        put_group(ret, v, g);
    }
    buf_text(ret, open ? "</ul>\n" : "");
}

static enum text state_text(const char *state) {
    static const struct { const char *name; enum text text; } rows[] = {
        { "waiting", TEXT_DUE_WAITING }, { "tried", TEXT_DUE_TRIED }, { "delivered", TEXT_DUE_DELIVERED }, { "bounced", TEXT_DUE_BOUNCED },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].name, state) == 0)
            return rows[i].text;
    return TEXT_DUE_TRIED;
}

static void put_state(struct buf *ret, const struct due_view *v, const json_t *notice) {
    const json_t *letters = json_object_get(notice, "letters");
    bool bad = strcmp(text_of(notice, "state"), "bounced") == 0;
    buf_text(ret, bad ? "<div class=\"summary-box\"><p>" : "<p class=\"note\">");
    buf_html(ret, text_in(state_text(text_of(notice, "state")), v->frame.lang));
    buf_text(ret, "</p>\n");
    for (size_t i = 0; i < json_array_size(letters); i++) {
        const json_t *l = json_array_get(letters, i);
        if (strcmp(text_of(l, "state"), "bounced") != 0 || text_of(l, "said")[0] == 0)
            continue;
        AUTO(buf_done) struct buf said = BUF(2000);
        long long status = (long long)json_integer_value(json_object_get(l, "status"));
        if (status > 0)
            buf_printf(&said, "%lld ", status);
        buf_text(&said, text_of(l, "said"));
        buf_text(ret, "<p>");
        PUT(ret, v->frame.lang, DUE_SAID, buf_str(&said));
        buf_text(ret, "</p>\n");
    }
    buf_text(ret, bad ? "</div>\n" : "");
}

static void put_erase(struct buf *ret, const struct due_view *v, const char *number) {
    char id[64];
    snprintf(id, sizeof id, "sure-%s", number);
    buf_text(ret, "<details class=\"act\"><summary>");
    PUT_TEXT(ret, v->frame.lang, DUE_ERASE);
    buf_text(ret, "</summary>\n<p class=\"note\">");
    PUT_TEXT(ret, v->frame.lang, DUE_ERASE_WHY);
    buf_text(ret, "</p>\n");
    form_begin(ret, v, "erase");
    hidden(ret, "notice", number);
    buf_printf(ret, "<p class=\"choice\"><input type=\"checkbox\" id=\"%s\" name=\"sure\" value=\"yes\"><label for=\"%s\">", id, id);
    PUT_TEXT(ret, v->frame.lang, DUE_SURE);
    buf_text(ret, "</label></p>\n");
    account_button(ret, v->frame.lang, TEXT_DUE_ERASE, "danger");
    buf_text(ret, "</form></details>\n");
}

static void put_hold(struct buf *ret, const struct due_view *v, const char *number) {
    char why[64], until[64];
    snprintf(why, sizeof why, "why-%s", number);
    snprintf(until, sizeof until, "until-%s", number);
    buf_text(ret, "<details class=\"act\"><summary>");
    PUT_TEXT(ret, v->frame.lang, DUE_HOLD);
    buf_text(ret, "</summary>\n<p class=\"note\">");
    PUT_TEXT(ret, v->frame.lang, DUE_HOLD_WHY);
    buf_text(ret, "</p>\n");
    form_begin(ret, v, "hold");
    hidden(ret, "notice", number);
    account_input(ret, v->frame.lang, &(struct account_input){ .id = why, .name = "why", .type = "text", .complete = "off", .label = TEXT_DUE_HOLD_GROUND, .hint = TEXTS, .most = 500 });
    account_input(ret, v->frame.lang, &(struct account_input){ .id = until, .name = "until", .type = "date", .complete = "off", .label = TEXT_DUE_HOLD_UNTIL, .hint = TEXT_DUE_HOLD_OPEN,
                                                               .optional = true, .most = 10 });
    account_button(ret, v->frame.lang, TEXT_DUE_HOLD, "small");
    buf_text(ret, "</form></details>\n");
}

static void put_notice(struct buf *ret, const struct due_view *v, const json_t *notice) {
    AUTO(buf_done) struct buf day = BUF(200);
    char number[24];
    bool settled = strcmp(text_of(notice, "state"), "delivered") == 0;
    snprintf(number, sizeof number, "%lld", (long long)json_integer_value(json_object_get(notice, "number")));
    day_said(&day, v->frame.lang, text_of(notice, "day"));
    buf_printf(ret, "<section aria-labelledby=\"n%s\"><h2 id=\"n%s\">", number, number);
    PUT(ret, v->frame.lang, DUE_NOTICE, number, buf_str(&day));
    buf_text(ret, "</h2>\n");
    put_groups(ret, v, json_object_get(notice, "groups"));
    put_state(ret, v, notice);
    if (!settled) {
        form_begin(ret, v, "again");
        hidden(ret, "notice", number);
        account_button(ret, v->frame.lang, TEXT_DUE_AGAIN, "small");
        buf_text(ret, "</form>\n");
    }
    put_hold(ret, v, number);
    put_erase(ret, v, number);
    buf_text(ret, "</section>\n");
}

/* ---- what can be done before */

static void kind_button(struct buf *ret, const struct due_view *v, const struct kind *k) {
    AUTO(buf_done) struct buf label = BUF(1000);
    buf_text(&label, k->label.in[v->frame.lang]);
    buf_text(ret, "<p class=\"buttons\"><button type=\"submit\" class=\"small\" name=\"kind\" value=\"");
    buf_html(ret, k->name);
    buf_text(ret, "\">");
    if (v->limited)
        PUT(ret, v->frame.lang, DUE_EXPORT_ASK_BUTTON, buf_str(&label));
    else
        PUT(ret, v->frame.lang, DUE_EXPORT_BUTTON, buf_str(&label));
    buf_text(ret, "</button></p>\n");
}

static void put_export(struct buf *ret, const struct due_view *v) {
    const struct kind *kinds;
    size_t n = charter_kinds(v->charter, &kinds);
    buf_text(ret, "<section aria-labelledby=\"export\"><h2 id=\"export\">");
    PUT_TEXT(ret, v->frame.lang, DUE_EXPORT);
    buf_text(ret, "</h2>\n<p class=\"note\">");
    buf_html(ret, text_in(v->limited ? TEXT_DUE_EXPORT_ASK : TEXT_DUE_EXPORT_WHY, v->frame.lang));
    buf_text(ret, "</p>\n");
    form_begin(ret, v, "export");
    if (v->limited)
        account_input(ret, v->frame.lang, &(struct account_input){ .id = "why", .name = "why", .type = "text", .complete = "off", .label = TEXT_DUE_EXPORT_REASON, .hint = TEXTS, .most = 500 });
    for (size_t i = 0; i < n; i++)
        if (kinds[i].warn.person >= 0)
            kind_button(ret, v, &kinds[i]);
    buf_text(ret, "</form></section>\n");
}

/* ---- what is held, and certificates */

static void kind_said(struct buf *ret, const struct due_view *v, const char *name) {
    int kind = charter_kind(v->charter, name);
    label_title(ret, kind >= 0 ? charter_kind_at(v->charter, kind)->label.in[v->frame.lang] : name);
}

static void time_said(struct buf *ret, const struct due_view *v, const char *time, usec_t before) {
    usec_t t;
    if (!time_parse(time, &t))
        return;
    struct civil c = zone_civil(charter_zone(v->charter), t - before);
    say_date(ret, v->frame.lang, &c);
}

static void put_held(struct buf *ret, const struct due_view *v, const json_t *hold) {
    AUTO(buf_done) struct buf kind = BUF(500), day = BUF(200);
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)json_integer_value(json_object_get(hold, "number")));
    kind_said(&kind, v, text_of(hold, "kind"));
    time_said(&day, v, text_of(hold, "until"), 1);         /* its last instant */
    buf_text(ret, "<li>");
    if (day.len > 0)
        PUT(ret, v->frame.lang, DUE_HELD_UNTIL, buf_str(&kind), buf_str(&day), text_of(hold, "why"));
    else
        PUT(ret, v->frame.lang, DUE_HELD_OPEN, buf_str(&kind), text_of(hold, "why"));
    form_begin(ret, v, "lift");
    hidden(ret, "hold", number);
    account_button(ret, v->frame.lang, TEXT_DUE_LIFT, "small");
    buf_text(ret, "</form></li>\n");
}

static void put_holds(struct buf *ret, const struct due_view *v) {
    const json_t *items = json_object_get(v->holds, "items");
    size_t shown = 0;
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *hold = json_array_get(items, i);
        if (strcmp(text_of(hold, "state"), "holds") != 0)
            continue;
        if (shown++ == 0) {
            buf_text(ret, "<section aria-labelledby=\"held\"><h2 id=\"held\">");
            PUT_TEXT(ret, v->frame.lang, DUE_HELD);
            buf_text(ret, "</h2>\n<ul class=\"held\">\n");
        }
        put_held(ret, v, hold);
    }
    if (shown == 0)
        return;
    buf_text(ret, "</ul>\n");
    if (!json_is_null(json_object_get(v->holds, "next"))) {
        buf_text(ret, "<p class=\"note\">");
        PUT_TEXT(ret, v->frame.lang, DUE_HELD_MORE);
        buf_text(ret, "</p>\n");
    }
    buf_text(ret, "</section>\n");
}

static void put_certificate(struct buf *ret, const struct due_view *v, const json_t *one) {
    static const struct { const char *file; enum text text; } files[] = { { "/page.pdf", TEXT_DUE_CERTIFICATE_PAGE }, { "", TEXT_DUE_CERTIFICATE_FILE } };
    AUTO(buf_done) struct buf day = BUF(200);
    long long n = (long long)json_integer_value(json_object_get(one, "number"));
    char number[24];
    snprintf(number, sizeof number, "%lld", n);
    time_said(&day, v, text_of(one, "made"), 0);
    buf_text(ret, "<li>");
    PUT(ret, v->frame.lang, DUE_CERTIFICATE, number, buf_str(&day));
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        buf_printf(ret, "%s<a download=\"certificate-%lld.%s\" href=\"/v1/tenants/%lld/certificates/%lld%s?lang=%s\">", i == 0 ? ": " : " · ", n, i == 0 ? "pdf" : "json", (long long)v->tenant, n,
                   files[i].file, lang_code(v->frame.lang));
        buf_html(ret, text_in(files[i].text, v->frame.lang));
        buf_text(ret, "</a>");
    }
    buf_text(ret, "</li>\n");
}

static void put_certificates(struct buf *ret, const struct due_view *v) {
    size_t count = json_array_size(v->certificates);
    if (count == 0)
        return;
    buf_text(ret, "<section aria-labelledby=\"certificates\"><h2 id=\"certificates\">");
    PUT_TEXT(ret, v->frame.lang, DUE_CERTIFICATES);
    buf_text(ret, "</h2>\n<p class=\"note\">");
    PUT_TEXT(ret, v->frame.lang, DUE_CERTIFICATES_WHY);
    buf_text(ret, "</p>\n<ul>\n");
    for (size_t i = 0; i < count; i++)
        put_certificate(ret, v, json_array_get(v->certificates, i));
    buf_text(ret, "</ul></section>\n");
}

void page_due(struct buf *ret, const struct due_view *v) {
    size_t shown = 0;
    buf_text(ret, "<h1>");
    PUT_TEXT(ret, v->frame.lang, DUE_TITLE);
    buf_text(ret, "</h1>\n");
    account_saying(ret, &v->frame);
    if (v->said != NULL) {
        buf_text(ret, "<p class=\"done\" role=\"status\">");
        buf_html(ret, v->said);
        buf_text(ret, "</p>\n");
    }
    buf_text(ret, "<p class=\"lead\">");
    PUT(ret, v->frame.lang, DUE_LEAD, v->tenant_name);
    buf_text(ret, "</p>\n");
    for (size_t i = 0; i < json_array_size(v->notices); i++) {
        const json_t *notice = json_array_get(v->notices, i);
        if (strcmp(text_of(notice, "state"), "over") == 0)
            continue;
        put_notice(ret, v, notice);
        shown++;
    }
    if (shown == 0) {
        buf_text(ret, "<p>");
        PUT_TEXT(ret, v->frame.lang, DUE_NONE);
        buf_text(ret, "</p>\n");
    }
    put_export(ret, v);
    put_holds(ret, v);
    put_certificates(ret, v);
    buf_printf(ret, "<p><a href=\"/account?lang=%s\">", lang_code(v->frame.lang));
    PUT_TEXT(ret, v->frame.lang, DUE_BACK);
    buf_text(ret, "</a></p>\n");
}
