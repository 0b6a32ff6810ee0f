/* page_form.c — every input has a label, every mistake stands at its field and in the summary, and nothing that was typed
 * is lost or put into an address. */
#include "api/page_form.h"

#include <stdio.h>
#include <string.h>

#include "charter/labels.h"

static const struct kind *kind_of(const struct form_view *v) { return charter_kind_at(v->notice.charter, v->notice.kind); }

/* "/fields/email", "/email" and "email" are mistakes of email; "/consents/diet" is one of the consent diet. */
static bool path_names(const char *path, const char *group, const char *name) {
    if (path == NULL)
        return false;
    path += *path == '/';
    size_t len = strlen(group);
    if (strncmp(path, group, len) == 0 && path[len] == '/')
        path += len + 1;
    else if (strcmp(group, "consents") == 0)
        return false;
    size_t name_len = strlen(name);
    return strncmp(path, name, name_len) == 0 && (path[name_len] == 0 || path[name_len] == '/');
}

static const char *mistake_at(const json_t *mistakes, const char *group, const char *name) {
    for (size_t i = 0; i < json_array_size(mistakes); i++) {
        const json_t *one = json_array_get(mistakes, i);
        const char *text = json_string_value(json_object_get(one, "text"));
        if (text != NULL && path_names(json_string_value(json_object_get(one, "path")), group, name))
            return text;
    }
    return NULL;
}

const char *mistake_of(const json_t *mistakes, const char *name) { return mistake_at(mistakes, "fields", name); }

const char *kind_consent(const struct kind *k) {
    static const char word[] = "consent ";
    return k->because != NULL && strncmp(k->because, word, strlen(word)) == 0 ? k->because + strlen(word) : NULL;
}

/* ---- the summary of mistakes */
/* id NULL: nothing on the page to lead to. */
static void summary_item(struct buf *ret, const char *prefix, const char *id, const char *label, const char *text) {
    buf_text(ret, "<li>");
    if (id != NULL)
        buf_printf(ret, "<a href=\"#%s%s\">", prefix, id);
    buf_html(ret, label);
    buf_text(ret, id != NULL ? "</a>: " : *label != 0 ? ": " : "");
    buf_html(ret, text);
    buf_text(ret, "</li>\n");
}

/* A mistake of consents without a name is one of the consent that the kind rests on. */
static const char *consent_mistake(const struct kind *k, const json_t *mistakes, const char *consent) {
    const char *text = mistake_at(mistakes, "consents", consent);
    return text != NULL || kind_consent(k) == NULL || strcmp(kind_consent(k), consent) != 0 ? text : mistake_at(mistakes, "fields", "consents");
}

static size_t summary_fields(struct buf *ret, const struct notice_view *v, fieldset shown, const json_t *mistakes, const char *prefix) {
    const struct kind *k = charter_kind_at(v->charter, v->kind);
    enum lang lang = v->lang;
    size_t count = 0;
    char id[32];
    for (size_t i = 0; i < k->field_count; i++) {
        const char *text = mistake_of(mistakes, k->fields[i].name);
        AUTO(buf_done) struct buf label = BUF(512);
        if (text == NULL)
            continue;
        field_label(&label, lang, &k->fields[i]);
        snprintf(id, sizeof id, "%zu", i);
        summary_item(ret, prefix, (shown >> i & 1) != 0 ? id : NULL, buf_str(&label), text);
        count++;
    }
    const char *consent = kind_consent(k), *text = consent == NULL ? NULL : consent_mistake(k, mistakes, consent);
    if (text != NULL) {
        AUTO(buf_done) struct buf label = BUF(512);
        AUTO(buf_done) struct buf word = BUF(512);
        label_say(&word, v->charter, k, consent, lang);
        label_title(&label, buf_str(&word));
        summary_item(ret, prefix, "-consent", buf_str(&label), text);
        count++;
    }
    return count;
}

/* What is wrong with the whole and with no field of it; NULL: nothing. */
static const char *whole_mistake(const json_t *mistakes) {
    for (size_t i = 0; i < json_array_size(mistakes); i++) {
        const char *path = json_string_value(json_object_get(json_array_get(mistakes, i), "path"));
        if (path != NULL && path[0] == 0)
            return json_string_value(json_object_get(json_array_get(mistakes, i), "text"));
    }
    return NULL;
}

void mistakes_summary(struct buf *ret, enum text heading, const struct notice_view *v, fieldset shown, const json_t *mistakes, const char *trouble, const char *prefix) {
    enum lang lang = v->lang;
    static const struct noun fields = NOUN("field", "fields", "pole", "pola", "pól", "mezőt");
    AUTO(buf_done) struct buf items = BUF(1u << 16);
    AUTO(buf_done) struct buf count = BUF(128);
    size_t n = summary_fields(&items, v, shown, mistakes, prefix);
    if (n == 0 && trouble == NULL && json_array_size(mistakes) == 0)
        return;
    buf_text(ret, "<div class=\"summary-box\" role=\"alert\" tabindex=\"-1\" id=\"mistakes\">\n<h2>");
    buf_html(ret, text_in(heading, lang));
    buf_text(ret, "</h2>\n");
    if (trouble != NULL || n == 0) {
        buf_text(ret, "<p>");
        buf_html(ret, trouble != NULL ? trouble : whole_mistake(mistakes) != NULL ? whole_mistake(mistakes) : text_in(TEXT_FORM_TAKEN, lang));
        buf_text(ret, "</p>\n");
    }
    if (n > 0) {
        say_count(&count, lang, (int64_t)n, &fields);
        buf_text(ret, "<p>");
        PUT(ret, lang, SUMMARY_COUNT, buf_str(&count));
        buf_text(ret, "</p>\n<ul>\n");
        buf_text(ret, buf_str(&items));
        buf_text(ret, "</ul>\n");
    }
    buf_text(ret, "</div>\n");
}

/* ---- consents */
void purposes_said(struct buf *ret, const struct kind *k, const char *consent, enum lang lang) {
    const struct consent_rule *own = kind_consent_rule(k, consent);
    const int only = own == NULL ? -1 : own->purpose;
    const char *before = "";
    for (size_t i = 0; i < k->used_for_count; i++) {
        if (only >= 0 ? (int)i != only : kind_purpose_consent(k, (int)i) != NULL)
            continue;
        buf_printf(ret, "%s%s", before, k->used_for[i].in[lang]);
        before = ", ";
    }
}

void consent_put(struct buf *ret, const struct notice_view *v, const char *consent, bool basis, bool ticked, const char *mistake, const char *prefix) {
    AUTO(buf_done) struct buf purposes = BUF(1u << 14);
    const struct kind *k = charter_kind_at(v->charter, v->kind);
    const struct consent_rule *rule = kind_consent_rule(k, consent);
    purposes_said(&purposes, k, consent, v->lang);
    buf_printf(ret, "<div class=\"consent%s\">\n", mistake != NULL ? " wrong" : "");
    if (mistake != NULL) {
        buf_printf(ret, "<p class=\"mistake\" id=\"%s-consent-error\">", prefix);
        buf_html(ret, mistake);
        buf_text(ret, "</p>\n");
    }
    buf_printf(ret, "<input type=\"checkbox\" id=\"%s-consent\" name=\"" FORM_CONSENT, prefix);
    buf_html(ret, consent);
    buf_printf(ret, "\" value=\"yes\"%s%s aria-describedby=\"%s-consent-hint%s", basis ? " required" : "", ticked ? " checked" : "", prefix, mistake != NULL ? " " : "");
    if (mistake != NULL)
        buf_printf(ret, "%s-consent-error\" aria-invalid=\"true", prefix);
    buf_printf(ret, "\">\n<label for=\"%s-consent\">", prefix);
    if (basis)
        PUT(ret, v->lang, CONSENT_BASIS, buf_str(&purposes));
    else if (rule != NULL && rule->purpose >= 0)
        PUT(ret, v->lang, CONSENT_USE, buf_str(&purposes));
    else if (purposes.len > 0)
        PUT(ret, v->lang, CONSENT_FIELD, buf_str(&purposes));
    else
        PUT_TEXT(ret, v->lang, CONSENT_FIELD_PLAIN);
    buf_printf(ret, "</label>\n<p class=\"hint\" id=\"%s-consent-hint\">", prefix);
    buf_html(ret, text_in(basis ? TEXT_CONSENT_BASIS_HINT : TEXT_CONSENT_HINT, v->lang));
    buf_text(ret, "</p>\n</div>\n");
}

static bool ticked(const struct form_view *v, const char *consent) {
    char name[160];
    snprintf(name, sizeof name, FORM_CONSENT "%s", consent);
    const char *text = v->typed == NULL ? NULL : v->typed(v->typed_arg, name);
    return text != NULL && *text != 0;
}

static bool asked_before(const struct kind *k, fieldset asks, size_t at) {
    for (size_t i = 0; i < at; i++)
        if ((asks >> i & 1) != 0 && k->fields[i].consent != NULL && strcmp(k->fields[i].consent, k->fields[at].consent) == 0)
            return true;
    return false;
}

/* ---- the page */
void form_title(struct buf *ret, const struct form_view *v) {
    const struct kind *k = kind_of(v);
    const json_t *fields = json_object_get(v->notice.parent, "fields");
    const struct kind *p = k->parent < 0 ? NULL : charter_kind_at(v->notice.charter, k->parent);
    int at = p == NULL ? -1 : kind_field(p, "title");
    const char *title = at >= 0 && p->fields[at].level == L_PLAIN ? json_string_value(json_object_get(fields, "title")) : NULL;
    label_title(ret, k->form_label.in[v->notice.lang]);
    if (title != NULL) {
        buf_text(ret, ": ");
        buf_text(ret, title);
    }
}

/* What is told about the parent: what a notice on a door would say, and nothing that only its owner needs. */
static void put_parent(struct buf *ret, const struct form_view *v) {
    static const char *const told[] = { "place", "town", "street", "starts", "ends", "date", "day", "time" };
    if (v->notice.parent == NULL || kind_of(v)->parent < 0)
        return;
    const struct kind *p = charter_kind_at(v->notice.charter, kind_of(v)->parent);
    const json_t *fields = json_object_get(v->notice.parent, "fields");
    AUTO(buf_done) struct buf items = BUF(1u << 16);
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        int at = kind_field(p, told[i]);
        AUTO(buf_done) struct buf label = BUF(512);
        AUTO(buf_done) struct buf said = BUF(1u << 14);
        if (at < 0 || p->fields[at].level != L_PLAIN || !field_read(&said, v->notice.charter, &p->fields[at], json_object_get(fields, told[i]), v->notice.lang))
            continue;
        field_label(&label, v->notice.lang, &p->fields[at]);
        buf_text(&items, "<div><dt>");
        buf_html(&items, buf_str(&label));
        buf_text(&items, "</dt><dd>");
        buf_html(&items, buf_str(&said));
        buf_text(&items, "</dd></div>\n");
    }
    if (items.len > 0) {
        buf_text(ret, "<dl class=\"about\">\n");
        buf_text(ret, buf_str(&items));
        buf_text(ret, "</dl>\n");
    }
}

static const char *mistake_said(const struct form_view *v, size_t at) {
    const struct kind *k = kind_of(v);
    return mistake_of(v->mistakes, k->fields[at].name);
}

static void put_fields(struct buf *ret, const struct form_view *v) {
    const struct kind *k = kind_of(v);
    fieldset asks = kind_asks(k), needs = kind_needs(k);
    char prefix[32];
    for (size_t i = 0; i < k->field_count; i++) {
        if ((asks >> i & 1) == 0)
            continue;
        const char *mistake = mistake_said(v, i);
        buf_printf(ret, "<div class=\"field%s\">\n", mistake != NULL ? " wrong" : "");
        field_put(ret, &(struct field_view){ .charter = v->notice.charter, .kind = k, .field = (int)i, .lang = v->notice.lang, .required = (needs >> i & 1) != 0,
                                             .typed = v->typed, .typed_arg = v->typed_arg, .mistake = mistake,
                                             .choices = json_object_get(v->choices, k->fields[i].name), .prefix = "f" });
        snprintf(prefix, sizeof prefix, "f%zu", i);
        if (k->fields[i].consent != NULL && !asked_before(k, asks, i))
            consent_put(ret, &v->notice, k->fields[i].consent, false, ticked(v, k->fields[i].consent),
                        mistake_at(v->mistakes, "consents", k->fields[i].consent), prefix);
        buf_text(ret, "</div>\n");
    }
    for (size_t i = 0; i < k->consent_count; i++)
        if (k->consents[i].purpose >= 0) {
            snprintf(prefix, sizeof prefix, "u%zu", i);
            consent_put(ret, &v->notice, k->consents[i].name, false, ticked(v, k->consents[i].name), mistake_at(v->mistakes, "consents", k->consents[i].name), prefix);
        }
    const char *basis = kind_consent(k);
    if (basis != NULL)
        consent_put(ret, &v->notice, basis, true, ticked(v, basis), consent_mistake(k, v->mistakes, basis), "f");
}

static void put_trap(struct buf *ret, const struct form_view *v) {
    buf_text(ret, "<div class=\"trap\" aria-hidden=\"true\"><label for=\"f-url\">");
    PUT_TEXT(ret, v->notice.lang, TRAP);
    buf_text(ret, "</label> <input type=\"text\" id=\"f-url\" name=\"" FORM_TRAP "\" tabindex=\"-1\" autocomplete=\"off\"></div>\n");
}

void form_put(struct buf *ret, const struct form_view *v) {
    const struct kind *k = kind_of(v);
    AUTO(buf_done) struct buf title = BUF(1u << 14);
    form_title(&title, v);
    buf_text(ret, "<h1>");
    buf_html(ret, buf_str(&title));
    buf_text(ret, "</h1>\n");
    if (v->notice.tenant != NULL && *v->notice.tenant != 0) {
        buf_text(ret, "<p class=\"lead\">");
        PUT(ret, v->notice.lang, FORM_BY, v->notice.tenant);
        buf_text(ret, "</p>\n");
    }
    mistakes_summary(ret, TEXT_SUMMARY_TITLE, &v->notice, kind_asks(k), v->mistakes, v->trouble, "f");
    put_parent(ret, v);
    buf_text(ret, "<form method=\"post\" action=\"");
    buf_html(ret, v->action);
    buf_text(ret, "\">\n<p class=\"note\">");
    PUT_TEXT(ret, v->notice.lang, FORM_FIELDS);
    buf_text(ret, "</p>\n");
    put_fields(ret, v);
    put_trap(ret, v);
    buf_text(ret, "<input type=\"hidden\" name=\"" FORM_TOKEN "\" value=\"");
    buf_html(ret, v->token);
    buf_text(ret, "\">\n");
    notice_brief(ret, &v->notice);
    buf_text(ret, "<p class=\"buttons\"><button type=\"submit\">");
    PUT_TEXT(ret, v->notice.lang, SUBMIT);
    buf_text(ret, "</button></p>\n</form>\n");
    notice_put(ret, &v->notice);
}

void form_values(const struct charter *c, const struct kind *k, typed_fn typed, void *arg, json_t **ret_fields, json_t **ret_consents) {
    json_t *fields = json_object(), *consents = json_object();
    fieldset asks = kind_asks(k);
    char name[160];
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        json_t *value = (asks >> i & 1) != 0 ? field_value(c, f, typed, arg) : NULL;
        if (value != NULL)
            json_object_set_new(fields, f->name, value);
        if ((asks >> i & 1) == 0 || f->consent == NULL)
            continue;
        snprintf(name, sizeof name, FORM_CONSENT "%s", f->consent);
        const char *tick = typed(arg, name);
        if (tick != NULL && *tick != 0)
            json_object_set_new(consents, f->consent, json_true());
    }
    for (size_t i = 0; i < k->consent_count; i++) {
        snprintf(name, sizeof name, FORM_CONSENT "%s", k->consents[i].name);
        const char *tick = k->consents[i].purpose < 0 ? NULL : typed(arg, name);
        if (tick != NULL && *tick != 0)
            json_object_set_new(consents, k->consents[i].name, json_true());
    }
    const char *basis = kind_consent(k);
    if (basis != NULL) {
        snprintf(name, sizeof name, FORM_CONSENT "%s", basis);
        const char *tick = typed(arg, name);
        if (tick != NULL && *tick != 0)
            json_object_set_new(consents, basis, json_true());
    }
    *ret_fields = fields;
    *ret_consents = consents;
}

/* ---- mistakes as people read them */
static const char *typed_at(const struct form_view *v, const struct field *f) {
    static const char *const parts[] = { NULL, "amount", "lat" };
    char name[160];
    for (size_t i = 0; v->typed != NULL && i < ARRAY_LEN(parts); i++) {
        snprintf(name, sizeof name, parts[i] == NULL ? "%s" : "%s.%s", f->name, parts[i]);
        const char *text = v->typed(v->typed_arg, name);
        if (text != NULL && text[strspn(text, " \t\r\n")] != 0)
            return text;
    }
    return NULL;
}

static bool is_choice(const struct field *f) { return f->type == T_ONE_OF || f->type == T_REFERENCE || f->type == T_YESNO; }

/* The API's predicate ("must be a number") as a sentence. */
static json_t *sentence(const char *text, enum lang lang) {
    AUTO(buf_done) struct buf b = BUF(1u << 14);
    if (lang == LANG_EN) {
        buf_text(&b, "This ");
        buf_text(&b, text);
    } else {
        label_title(&b, text);
    }
    if (b.len > 0 && strchr(".!?", b.data[b.len - 1]) == NULL)
        buf_char(&b, '.');
    return json_string(buf_str(&b));
}

/* What a limit says of that field; TEXTS: none speaks of it. */
static enum text taken_text(const struct kind *k, size_t field) {
    for (size_t i = 0; i < k->limit_count; i++) {
        const struct limit *l = &k->limits[i];
        if (l->type == LIMIT_UNIQUE && (l->unique >> field & 1) != 0)
            return TEXT_TAKEN_ONCE;
        if (l->type == LIMIT_NO_OVERLAP && ((l->overlap >> field & 1) != 0 || l->from_field == (int)field || l->to_field == (int)field))
            return TEXT_TAKEN_TIME;
        if (l->type == LIMIT_CAPACITY && l->state_field == (int)field)
            return TEXT_TAKEN_FULL;
    }
    return TEXTS;
}

/* Does a span of that kind end here, before it began? */
static bool ends_early(const struct form_view *v, size_t field) {
    const struct kind *k = kind_of(v);
    for (size_t i = 0; i < k->limit_count; i++) {
        const struct limit *l = &k->limits[i];
        if (l->type != LIMIT_NO_OVERLAP || l->to_field != (int)field || l->from_field < 0)
            continue;
        const char *from = typed_at(v, &k->fields[l->from_field]), *to = typed_at(v, &k->fields[field]);
        return from != NULL && to != NULL && strlen(from) == strlen(to) && strcmp(to, from) <= 0;     /* both "2027-05-04T10:00" */
    }
    return false;
}

static json_t *reworded(const struct form_view *v, const char *path, const char *text) {
    const struct kind *k = kind_of(v);
    enum lang lang = v->notice.lang;
    const char *basis = kind_consent(k);
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        bool here = path_names(path, "fields", f->name), consent = f->consent != NULL && path_names(path, "consents", f->consent);
        if (here && !v->conflict && typed_at(v, f) == NULL)
            return json_string(text_in(is_choice(f) ? TEXT_MISSING_CHOICE : TEXT_MISSING, lang));
        if ((here || consent) && f->consent != NULL && !ticked(v, f->consent))
            return json_string(text_in(TEXT_MISSING_CONSENT, lang));
        if (here && !v->conflict && ends_early(v, i))
            return json_string(text_in(TEXT_BAD_ORDER, lang));
        if (here && v->conflict && taken_text(k, i) != TEXTS)
            return json_string(text_in(taken_text(k, i), lang));
    }
    if (basis != NULL && !ticked(v, basis) && (path_names(path, "consents", basis) || path_names(path, "fields", "consents")))
        return json_string(text_in(TEXT_MISSING_BASIS, lang));
    return sentence(text, lang);
}

json_t *form_unticked(const struct form_view *v) {
    const struct kind *k = kind_of(v);
    fieldset needed = kind_asks(k) & kind_needs(k);
    if (kind_consent(k) == NULL || ticked(v, kind_consent(k)))
        return NULL;
    json_t *list = json_pack("[{s:s, s:s}]", "path", "/consents", "text", "");
    for (size_t i = 0; i < k->field_count; i++)
        if ((needed >> i & 1) != 0 && typed_at(v, &k->fields[i]) == NULL)
            json_array_append_new(list, json_pack("{s:s, s:s}", "path", k->fields[i].name, "text", ""));
    return list;
}

json_t *form_mistakes(const struct form_view *v, const json_t *mistakes) {
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(mistakes); i++) {
        const json_t *one = json_array_get(mistakes, i);
        const char *path = json_string_value(json_object_get(one, "path")), *text = json_string_value(json_object_get(one, "text"));
        if (path != NULL && text != NULL)
            json_array_append_new(list, json_pack("{s:s, s:o}", "path", path, "text", reworded(v, path, text)));
    }
    return list;
}

/* ---- thanks */
bool state_said(struct buf *ret, const struct kind *k, const json_t *fields, enum lang lang) {
    for (size_t i = 0; i < k->field_count; i++) {
        const char *state = field_has_moves(k, (int)i) ? json_string_value(json_object_get(fields, k->fields[i].name)) : NULL;
        if (state == NULL)
            continue;
        buf_text(ret, label_option(&k->fields[i], state, lang));
        return true;
    }
    return false;
}

bool record_waits(const struct kind *k, const json_t *fields) {
    for (size_t i = 0; i < k->limit_count; i++) {
        const struct limit *l = &k->limits[i];
        if (l->type != LIMIT_CAPACITY || l->else_option < 0)
            continue;
        const struct field *f = &k->fields[l->state_field];
        const char *state = json_string_value(json_object_get(fields, f->name));
        if (state != NULL && strcmp(state, f->options[l->else_option]) == 0)
            return true;
    }
    return false;
}

static void fact(struct buf *ret, enum lang lang, enum text name, const char *value) {
    if (value == NULL || *value == 0)
        return;
    buf_text(ret, "<div><dt>");
    buf_html(ret, text_in(name, lang));
    buf_text(ret, "</dt><dd>");
    buf_html(ret, value);
    buf_text(ret, "</dd></div>\n");
}

static void put_link(struct buf *ret, const struct done_view *v) {
    enum lang lang = v->notice.lang;
    if (v->link == NULL)
        return;
    buf_text(ret, "<section class=\"secret\" aria-labelledby=\"link\">\n<h2 id=\"link\">");
    PUT_TEXT(ret, lang, DONE_LINK);
    buf_text(ret, "</h2>\n<p>");
    PUT_TEXT(ret, lang, DONE_LINK_WHY);
    buf_text(ret, "</p>\n<p class=\"address\"><code>");
    buf_html(ret, v->base_url == NULL ? "" : v->base_url);
    buf_html(ret, v->link);
    buf_text(ret, "</code></p>\n<p class=\"buttons\"><a class=\"button\" rel=\"noreferrer\" target=\"_top\" href=\"");
    buf_html(ret, v->link);
    buf_printf(ret, "?lang=%s\">", lang_code(lang));
    PUT_TEXT(ret, lang, DONE_OPEN);
    buf_text(ret, "</a></p>\n</section>\n");
}

void done_put(struct buf *ret, const struct done_view *v) {
    enum lang lang = v->notice.lang;
    const struct kind *k = charter_kind_at(v->notice.charter, v->notice.kind);
    const json_t *fields = json_object_get(v->record, "fields");
    const char *due = json_string_value(json_object_get(v->record, "due"));
    AUTO(buf_done) struct buf state = BUF(512);
    AUTO(buf_done) struct buf until = BUF(512);
    usec_t at;
    buf_text(ret, "<div role=\"status\">\n<h1>");
    PUT_TEXT(ret, lang, DONE_TITLE);
    buf_text(ret, "</h1>\n");
    if (record_waits(k, fields)) {
        buf_text(ret, "<p class=\"lead\">");
        PUT_TEXT(ret, lang, DONE_WAITING);
        buf_text(ret, "</p>\n");
    }
    if (due != NULL && time_parse(due, &at)) {
        struct civil c = zone_civil(charter_zone(v->notice.charter), at);
        say_until(&until, lang, &c);
    }
    state_said(&state, k, fields, lang);
    buf_text(ret, "<dl class=\"facts\">\n");
    fact(ret, lang, TEXT_DONE_NUMBER, json_string_value(json_object_get(v->record, "number")));
    fact(ret, lang, TEXT_DONE_STATE, buf_str(&state));
    fact(ret, lang, TEXT_DONE_UNTIL, buf_str(&until));
    buf_text(ret, "</dl>\n</div>\n");
    put_link(ret, v);
    buf_text(ret, "<p><a href=\"");
    buf_html(ret, v->again);
    buf_printf(ret, "?lang=%s\">", lang_code(lang));
    PUT_TEXT(ret, lang, DONE_AGAIN);
    buf_text(ret, "</a></p>\n");
}
