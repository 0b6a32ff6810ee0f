/* page_link.c — first what is held, then what can be done. What takes effect at once stands behind a fold, so that one slip
 * of a finger cancels nothing; no script is needed for it. */
#include "api/page_link.h"

#include <stdio.h>
#include <string.h>

#include "charter/labels.h"

static const struct kind *kind_of(const struct link_view *v) { return charter_kind_at(v->notice.charter, v->notice.kind); }
static enum lang lang_of(const struct link_view *v) { return v->notice.lang; }
static const json_t *fields_of(const json_t *record) { return json_object_get(record, "fields"); }

/* ---- what is held */
static void row(struct buf *ret, const char *label, const char *value, const char *otherwise) {
    buf_text(ret, "<div><dt>");
    buf_html(ret, label);
    buf_printf(ret, "</dt><dd%s>", *value == 0 ? " class=\"empty\"" : "");
    buf_html(ret, *value == 0 ? otherwise : value);
    buf_text(ret, "</dd></div>\n");
}

static void row_moment(struct buf *ret, const struct link_view *v, enum text label, const json_t *record, const char *name) {
    const char *text = json_string_value(json_object_get(record, name));
    usec_t at;
    AUTO(buf_done) struct buf said = BUF(256);
    if (text == NULL || !time_parse(text, &at))
        return;
    struct civil c = zone_civil(charter_zone(v->notice.charter), at);
    say_moment(&said, lang_of(v), &c);
    row(ret, text_in(label, lang_of(v)), buf_str(&said), "");
}

/* "on 3 June 2027, by itself: 180 days, counted from: end (event)"; where a rule has no date yet, what it will be counted from. */
static void due_said(struct buf *ret, const struct link_view *v, int kind, const struct keep *keep, const char *due) {
    usec_t at;
    struct notice_view of = v->notice;
    AUTO(buf_done) struct buf date = BUF(256);
    AUTO(buf_done) struct buf span = BUF(512);
    AUTO(buf_done) struct buf anchor = BUF(2048);
    of.kind = kind;
    const bool counted = keep != NULL && notice_span_said(&span, &anchor, &of, keep);
    if (due == NULL || !time_parse(due, &at)) {
        if (counted)
            say_plain(ret, text_in(TEXT_LINK_ERASED_WAIT, lang_of(v)), SAY_ARGS(buf_str(&span), buf_str(&anchor)));
        return;
    }
    struct civil c = zone_civil(charter_zone(v->notice.charter), at);
    say_date(&date, lang_of(v), &c);
    if (counted)
        say_plain(ret, text_in(TEXT_LINK_ERASED_WHY, lang_of(v)), SAY_ARGS(buf_str(&date), buf_str(&span), buf_str(&anchor)));
    else
        say_plain(ret, text_in(TEXT_LINK_ERASED_ON, lang_of(v)), SAY_ARGS(buf_str(&date)));
}

/* Who keeps it: a law until then, or a person beyond. */
static void held_said(struct buf *ret, const struct link_view *v, const struct part *part, const char *held) {
    if (held == NULL || part == NULL)
        return;
    buf_text(ret, ret->len > 0 ? "; " : "");
    if (strcmp(held, "law") == 0 && part->by_law)
        say_plain(ret, text_in(TEXT_LINK_HELD_LAW, lang_of(v)), SAY_ARGS(part->law.in[lang_of(v)]));
    else
        buf_text(ret, text_in(TEXT_LINK_HELD_PERSON, lang_of(v)));
}

static void row_part(struct buf *ret, const struct link_view *v, int kind, const json_t *one) {
    const struct kind *k = charter_kind_at(v->notice.charter, kind);
    const struct part *part = NULL;
    size_t i;
    json_t *name;
    AUTO(buf_done) struct buf names = BUF(8192);
    AUTO(buf_done) struct buf label = BUF(8192);
    AUTO(buf_done) struct buf said = BUF(4096);
    json_array_foreach(json_object_get(one, "fields"), i, name) {
        int field = kind_field(k, json_string_value(name));
        if (field < 0)
            continue;
        part = &k->parts[k->fields[field].part];
        buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", k->fields[field].label.in[lang_of(v)]);
    }
    say_plain(&label, text_in(TEXT_LINK_ERASED_PART, lang_of(v)), SAY_ARGS(buf_str(&names)));
    due_said(&said, v, kind, part == NULL ? NULL : &part->keep, json_string_value(json_object_get(one, "due")));
    held_said(&said, v, part, json_string_value(json_object_get(one, "held")));
    row(ret, buf_str(&label), buf_str(&said), text_in(TEXT_LINK_NO_DATE, lang_of(v)));
}

/* One row, or one for each part where they go on days of their own or something is held. */
static void row_due(struct buf *ret, const struct link_view *v, int kind, const json_t *record) {
    const struct kind *k = charter_kind_at(v->notice.charter, kind);
    const json_t *dues = json_object_get(record, "dues");
    size_t i;
    json_t *one;
    AUTO(buf_done) struct buf said = BUF(4096);
    json_array_foreach(dues, i, one)
        row_part(ret, v, kind, one);
    if (json_array_size(dues) > 0)
        return;
    due_said(&said, v, kind, k->part_count > 0 ? &k->parts[0].keep : NULL, json_string_value(json_object_get(record, "due")));
    row(ret, text_in(TEXT_LINK_ERASED, lang_of(v)), buf_str(&said), text_in(TEXT_LINK_NO_DATE, lang_of(v)));
}

/* A field that the record does not show was not granted; one that it shows empty says so. */
static void put_record(struct buf *ret, const struct link_view *v, int kind, const json_t *record) {
    const struct kind *k = charter_kind_at(v->notice.charter, kind);
    const json_t *fields = fields_of(record);
    if (json_is_true(json_object_get(record, "damaged"))) {
        buf_text(ret, "<p>");
        PUT_TEXT(ret, lang_of(v), LINK_DAMAGED);
        buf_text(ret, "</p>\n");
        return;
    }
    const char *number = json_string_value(json_object_get(record, "number"));
    AUTO(buf_done) struct buf label = BUF(512);
    buf_text(ret, "<dl class=\"held\">\n");
    if (number != NULL) {
        AUTO(buf_done) struct buf word = BUF(512);
        label_say(&word, v->notice.charter, k, "number", lang_of(v));
        label_title(&label, buf_str(&word));
        row(ret, buf_str(&label), number, "");
    }
    for (size_t i = 0; i < k->field_count; i++) {
        const json_t *value = json_object_get(fields, k->fields[i].name);
        AUTO(buf_done) struct buf name = BUF(512);
        AUTO(buf_done) struct buf said = BUF(1u << 20);
        if (value == NULL || k->fields[i].type == T_REFERENCE)
            continue;
        field_label(&name, lang_of(v), &k->fields[i]);
        if (!field_read(&said, v->notice.charter, &k->fields[i], value, lang_of(v)))
            buf_cut(&said, 0);
        row(ret, buf_str(&name), buf_str(&said), text_in(TEXT_LINK_EMPTY, lang_of(v)));
    }
    row_moment(ret, v, TEXT_LINK_RECEIVED, record, "created");
    row_due(ret, v, kind, record);
    buf_text(ret, "</dl>\n");
}

static void put_others(struct buf *ret, const struct link_view *v) {
    const char *name;
    json_t *list;
    bool any = false;
    json_object_foreach(v->others, name, list) {
        int kind = charter_kind(v->notice.charter, name);
        for (size_t i = 0; kind >= 0 && i < json_array_size(list); i++) {
            AUTO(buf_done) struct buf label = BUF(512);
            if (!any) {
                buf_text(ret, "<h2>");
                PUT_TEXT(ret, lang_of(v), LINK_ALSO);
                buf_text(ret, "</h2>\n");
            }
            any = true;
            label_title(&label, charter_kind_at(v->notice.charter, kind)->label.in[lang_of(v)]);
            buf_text(ret, "<h3>");
            buf_html(ret, buf_str(&label));
            buf_text(ret, "</h3>\n");
            put_record(ret, v, kind, json_array_get(list, i));
        }
    }
}

/* ---- what can be done */
void link_form_begin(struct buf *ret, const struct link_view *v, const char *what) {
    buf_text(ret, "<form method=\"post\" action=\"");
    buf_html(ret, v->action);
    buf_printf(ret, "\">\n<input type=\"hidden\" name=\"" LINK_DO "\" value=\"%s\">\n<input type=\"hidden\" name=\"" FORM_TOKEN "\" value=\"", what);
    buf_html(ret, v->token);
    buf_printf(ret, "\">\n<input type=\"hidden\" name=\"" LINK_VERSION "\" value=\"%lld\">\n",
               (long long)json_integer_value(json_object_get(v->record, "version")));
}

static void form_end(struct buf *ret, const char *label, bool strong) {
    buf_printf(ret, "<p class=\"buttons\"><button type=\"submit\"%s>", strong ? " class=\"danger\"" : "");
    buf_html(ret, label);
    buf_text(ret, "</button></p>\n</form>\n");
}

static void hidden_to(struct buf *ret, const char *to) {
    buf_text(ret, "<input type=\"hidden\" name=\"" LINK_TO "\" value=\"");
    buf_html(ret, to);
    buf_text(ret, "\">\n");
}

/* A fold with the reason inside and the button under it. */
void link_fold(struct buf *ret, const struct link_view *v, const char *what, const char *to, const char *label, enum text why) {
    buf_text(ret, "<details class=\"act\"><summary>");
    buf_html(ret, label);
    buf_text(ret, "</summary>\n<p>");
    buf_html(ret, text_in(why, lang_of(v)));
    buf_text(ret, "</p>\n");
    link_form_begin(ret, v, what);
    if (to != NULL)
        hidden_to(ret, to);
    form_end(ret, label, true);
    buf_text(ret, "</details>\n");
}

static void put_consents(struct buf *ret, const struct link_view *v) {
    json_t *consents = json_object_get(v->record, "consents"), *given;
    const char *name;
    if (json_object_size(consents) == 0)
        return;
    buf_text(ret, "<section aria-labelledby=\"consents\">\n<h2 id=\"consents\">");
    PUT_TEXT(ret, lang_of(v), LINK_CONSENTS);
    buf_text(ret, "</h2>\n");
    json_object_foreach(consents, name, given) {
        AUTO(buf_done) struct buf label = BUF(512);
        AUTO(buf_done) struct buf word = BUF(512);
        label_say(&word, v->notice.charter, kind_of(v), name, lang_of(v));
        label_title(&label, buf_str(&word));
        buf_text(ret, "<p><strong>");
        buf_html(ret, buf_str(&label));
        buf_printf(ret, "</strong>: %s</p>\n", text_in(json_is_true(given) ? TEXT_LINK_GIVEN : TEXT_LINK_NOT_GIVEN, lang_of(v)));
        if (json_is_true(given))
            link_fold(ret, v, "withdraw", name, text_in(TEXT_LINK_WITHDRAW, lang_of(v)),
                 kind_consent(kind_of(v)) != NULL && strcmp(kind_consent(kind_of(v)), name) == 0 ? TEXT_LINK_WITHDRAW_ALL : TEXT_LINK_WITHDRAW_WHY);
    }
    buf_text(ret, "<p><a class=\"button quiet\" download href=\"");
    buf_html(ret, v->path);
    buf_text(ret, "/receipt.json\">");
    PUT_TEXT(ret, lang_of(v), LINK_RECEIPT);
    buf_text(ret, "</a></p>\n</section>\n");
}

/* What the inputs of the change form show, by their names: what was typed before a mistake, else what is stored. */
struct shown { const struct link_view *view; json_t *stored; };

static const char *shown_at(void *arg, const char *name) {
    const struct shown *s = arg;
    return s->view->typed != NULL ? s->view->typed(s->view->typed_arg, name) : json_string_value(json_object_get(s->stored, name));
}

static json_t *stored_inputs(const struct link_view *v) {
    static const char *const parts[] = { NULL, "amount", "currency", "lat", "lon" };
    const struct kind *k = kind_of(v);
    json_t *all = json_object();
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        for (size_t p = 0; p < ARRAY_LEN(parts); p++) {
            AUTO(buf_wipe) struct buf text = BUF(1u << 16);
            AUTO(buf_done) struct buf name = BUF(256);
            field_typed(&text, v->notice.charter, f, json_object_get(fields_of(v->record), f->name), parts[p]);
            buf_printf(&name, "%s%s%s", f->name, parts[p] == NULL ? "" : ".", parts[p] == NULL ? "" : parts[p]);
            if (text.len > 0 && !text.failed)
                json_object_set_new(all, buf_str(&name), json_string(buf_str(&text)));
        }
        if (f->consent != NULL && json_is_true(json_object_get(json_object_get(v->record, "consents"), f->consent))) {
            AUTO(buf_done) struct buf name = BUF(256);
            buf_printf(&name, FORM_CONSENT "%s", f->consent);
            json_object_set_new(all, buf_str(&name), json_string("yes"));
        }
    }
    return all;
}

static bool typed_here(const struct field *f) { return f->type != T_FILE && f->type != T_JSON; }

static void put_change(struct buf *ret, const struct link_view *v) {
    const struct kind *k = kind_of(v);
    fieldset needs = kind_needs(k);
    bool any = false;
    struct shown shown = { v, stored_inputs(v) };
    for (size_t i = 0; i < k->field_count; i++) {
        const char *mistake = mistake_of(v->mistakes, k->fields[i].name);
        char prefix[32];
        if ((v->changes >> i & 1) == 0 || !typed_here(&k->fields[i]) || field_has_moves(k, (int)i))
            continue;
        if (!any) {
            buf_text(ret, "<section aria-labelledby=\"change\">\n<h2 id=\"change\">");
            PUT_TEXT(ret, lang_of(v), LINK_CHANGE);
            buf_text(ret, "</h2>\n");
            link_form_begin(ret, v, "change");
        }
        any = true;
        buf_printf(ret, "<div class=\"field%s\">\n", mistake != NULL ? " wrong" : "");
        field_put(ret, &(struct field_view){ .charter = v->notice.charter, .kind = k, .field = (int)i, .lang = lang_of(v), .required = (needs >> i & 1) != 0,
                                             .typed = shown_at, .typed_arg = &shown, .mistake = mistake,
                                             .choices = json_object_get(v->choices, k->fields[i].name), .prefix = "f" });
        if (k->fields[i].consent != NULL) {
            AUTO(buf_done) struct buf name = BUF(256);
            buf_printf(&name, FORM_CONSENT "%s", k->fields[i].consent);
            snprintf(prefix, sizeof prefix, "f%zu", i);
            const char *tick = shown_at(&shown, buf_str(&name));
            consent_put(ret, &v->notice, k->fields[i].consent, false, tick != NULL && *tick != 0, NULL, prefix);
        }
        buf_text(ret, "</div>\n");
    }
    json_decref(shown.stored);
    if (any) {
        form_end(ret, text_in(TEXT_LINK_SAVE, lang_of(v)), false);
        buf_text(ret, "</section>\n");
    }
}

void link_moves(const struct link_view *v, move_fn fn, void *arg) {
    static const struct standing own = { .owns = true, .writes = true };
    const struct kind *k = kind_of(v);
    for (size_t i = 0; i < k->move_count; i++) {
        const struct move *m = &k->moves[i];
        const struct field *f = &k->fields[m->field];
        const char *state = json_string_value(json_object_get(fields_of(v->record), f->name)), *reason = NULL;
        if (state != NULL && field_option(f, state) == m->from &&
            policy_move(v->notice.charter, v->who, v->notice.kind, m->field, m->from, m->to, &own, &reason))
            fn(arg, m->field, f->options[m->to]);
    }
}

struct moves_put { struct buf *ret; const struct link_view *view; bool any; };

static void put_move(void *arg, int field, const char *option) {
    struct moves_put *p = arg;
    const struct link_view *v = p->view;
    const char *word = move_word(option, lang_of(v));
    AUTO(buf_done) struct buf label = BUF(512);
    AUTO(buf_done) struct buf state = BUF(512);
    if (!p->any) {
        buf_text(p->ret, "<section aria-labelledby=\"moves\">\n<h2 id=\"moves\">");
        PUT_TEXT(p->ret, lang_of(v), LINK_MOVES);
        buf_text(p->ret, "</h2>\n");
    }
    p->any = true;
    buf_text(&state, label_option(&kind_of(v)->fields[field], option, lang_of(v)));
    if (word != NULL)
        buf_text(&label, word);
    else
        say_plain(&label, text_in(TEXT_LINK_MOVE_TO, lang_of(v)), SAY_ARGS(buf_str(&state)));
    link_fold(p->ret, v, "move", option, buf_str(&label), TEXT_LINK_SURE);
}

static void put_download(struct buf *ret, const struct link_view *v, const char *file, enum text text) {
    buf_text(ret, "<a class=\"button quiet\" download href=\"");
    buf_html(ret, v->path);
    buf_printf(ret, "/%s?lang=%s\">", file, lang_code(lang_of(v)));
    buf_html(ret, text_in(text, lang_of(v)));
    buf_text(ret, "</a>\n");
}

static void put_export(struct buf *ret, const struct link_view *v) {
    buf_text(ret, "<section aria-labelledby=\"export\">\n<h2 id=\"export\">");
    PUT_TEXT(ret, lang_of(v), LINK_EXPORT);
    buf_text(ret, "</h2>\n<p class=\"buttons\">");
    put_download(ret, v, "data.json", TEXT_LINK_EXPORT_JSON);
    put_download(ret, v, "access.zip", TEXT_LINK_EXPORT_PACK);
    put_download(ret, v, "portability.zip", TEXT_LINK_EXPORT_MOVE);
    buf_text(ret, "</p>\n<p class=\"note\">");
    PUT_TEXT(ret, lang_of(v), LINK_EXPORT_NOTE);
    buf_text(ret, "</p>\n</section>\n");
}

static void put_erase(struct buf *ret, const struct link_view *v) {
    buf_text(ret, "<section aria-labelledby=\"erase\">\n<h2 id=\"erase\">");
    PUT_TEXT(ret, lang_of(v), LINK_ERASE);
    buf_text(ret, "</h2>\n");
    if (v->erases) {
        link_fold(ret, v, "erase", NULL, text_in(TEXT_LINK_ERASE_NOW, lang_of(v)), TEXT_LINK_ERASE_WHY);
    } else {
        put_with_contact(ret, TEXT_LINK_ERASE_ASK, lang_of(v), charter_contact(v->notice.charter));
    }
    buf_text(ret, "</section>\n");
}

void link_put(struct buf *ret, const struct link_view *v) {
    struct moves_put moves = { ret, v, false };
    AUTO(buf_done) struct buf title = BUF(512);
    buf_text(ret, "<h1>");
    PUT_TEXT(ret, lang_of(v), LINK_TITLE);
    buf_text(ret, "</h1>\n");
    if (v->done != NULL) {
        buf_text(ret, "<p class=\"done\" role=\"status\">");
        buf_html(ret, v->done);
        buf_text(ret, "</p>\n");
    }
    mistakes_summary(ret, TEXT_LINK_NOT_DONE, &v->notice, v->changes, v->mistakes, v->trouble, "f");
    buf_text(ret, "<p class=\"lead\">");
    PUT_TEXT(ret, lang_of(v), LINK_LEAD);
    buf_text(ret, "</p>\n<section aria-labelledby=\"record\">\n<h2 id=\"record\">");
    label_title(&title, kind_of(v)->label.in[lang_of(v)]);
    buf_html(ret, buf_str(&title));
    if (v->notice.tenant != NULL) {
        buf_text(ret, " <span class=\"by\">");
        PUT(ret, lang_of(v), FORM_BY, v->notice.tenant);
        buf_text(ret, "</span>");
    }
    buf_text(ret, "</h2>\n");
    put_record(ret, v, v->notice.kind, v->record);
    buf_text(ret, "</section>\n");
    put_others(ret, v);
    looks_put(ret, v);
    link_moves(v, put_move, &moves);
    buf_text(ret, moves.any ? "</section>\n" : "");
    put_change(ret, v);
    put_consents(ret, v);
    uses_put(ret, v);
    again_put(ret, v);
    put_export(ret, v);
    put_erase(ret, v);
    requests_put(ret, v);
    notice_put(ret, &v->notice);
}

void link_patch(const struct link_view *v, json_t **ret_patch, json_t **ret_consents) {
    const struct kind *k = kind_of(v);
    json_t *patch = json_object(), *consents = json_object();
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        if ((v->changes >> i & 1) == 0 || !typed_here(f) || field_has_moves(k, (int)i))
            continue;
        json_t *value = field_value(v->notice.charter, f, v->typed, v->typed_arg), *old = json_object_get(fields_of(v->record), f->name);
        if (value == NULL && old != NULL && !json_is_null(old))
            json_object_set_new(patch, f->name, json_null());
        else if (value != NULL && (old == NULL || !json_equal(value, old)))
            json_object_set(patch, f->name, value);
        json_decref(value);
        if (f->consent == NULL)
            continue;
        AUTO(buf_done) struct buf name = BUF(256);
        buf_printf(&name, FORM_CONSENT "%s", f->consent);
        const char *tick = v->typed(v->typed_arg, buf_str(&name));
        bool now = tick != NULL && *tick != 0, before = json_is_true(json_object_get(json_object_get(v->record, "consents"), f->consent));
        if (now != before)
            json_object_set_new(consents, f->consent, json_boolean(now));
    }
    *ret_patch = patch;
    *ret_consents = consents;
}
