/* page_field.c — a table says how each type of field is typed; another what a browser may fill in by a field's name. */
#include "api/page_field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsontext.h"
#include "base/text.h"
#include "charter/labels.h"
#include "records/told.h"

enum shape { SHAPE_LINE, SHAPE_AREA, SHAPE_YESNO, SHAPE_ONE_OF, SHAPE_REFERENCE, SHAPE_MONEY, SHAPE_PLACE, SHAPE_NONE };
static const struct { enum shape shape; const char *type, *more; } inputs[FIELD_TYPES] = {
    [T_TEXT] = { SHAPE_LINE, "text", "" },
    [T_EMAIL] = { SHAPE_LINE, "email", " autocapitalize=\"none\" spellcheck=\"false\"" },
    [T_PHONE] = { SHAPE_LINE, "tel", "" },
    [T_NAME] = { SHAPE_LINE, "text", " spellcheck=\"false\"" },
    [T_ADDRESS] = { SHAPE_AREA, "", "" },
    [T_NUMBER] = { SHAPE_LINE, "text", " inputmode=\"decimal\"" },
    [T_COUNTER] = { SHAPE_LINE, "text", " inputmode=\"numeric\"" },
    [T_MONEY] = { SHAPE_MONEY, "text", " inputmode=\"decimal\"" },
    [T_TIME] = { SHAPE_LINE, "datetime-local", "" },
    [T_DATE] = { SHAPE_LINE, "date", "" },
    [T_YESNO] = { SHAPE_YESNO, "", "" },
    [T_ONE_OF] = { SHAPE_ONE_OF, "", "" },
    [T_REFERENCE] = { SHAPE_REFERENCE, "", "" },
    [T_FILE] = { SHAPE_NONE, "", "" },
    [T_PLACE] = { SHAPE_PLACE, "text", " inputmode=\"decimal\"" },
    [T_JSON] = { SHAPE_AREA, "", "" },
};
/* What the browser may fill in (WCAG 2.2, 1.3.5), and which texts run over several lines. */
static const struct { const char *name, *complete; bool lines; } known[] = {
    { "name", "name", false }, { "first_name", "given-name", false }, { "last_name", "family-name", false },
    { "email", "email", false }, { "phone", "tel", false }, { "address", "street-address", true },
    { "street", "address-line1", false }, { "town", "address-level2", false }, { "city", "address-level2", false },
    { "postcode", "postal-code", false }, { "country", "country-name", false }, { "birthday", "bday", false },
    { "born", "bday", false }, { "company_name", "organization", false },
    { "note", NULL, true }, { "notes", NULL, true }, { "text", NULL, true }, { "message", NULL, true },
    { "what", NULL, true }, { "reason", NULL, true }, { "body", NULL, true },
};
static const char *const complete_by_type[FIELD_TYPES] = {
    [T_EMAIL] = "email", [T_PHONE] = "tel", [T_NAME] = "name", [T_ADDRESS] = "street-address",
};
/* Country of the operator: the code that a bare telephone number gets, and the money that is counted in. */
static const struct { const char *country, *code, *currency; } countries[] = {
    { "AT", "+43", "EUR" }, { "BE", "+32", "EUR" }, { "BG", "+359", "EUR" }, { "CH", "+41", "CHF" }, { "CY", "+357", "EUR" },
    { "CZ", "+420", "CZK" }, { "DE", "+49", "EUR" }, { "DK", "+45", "DKK" }, { "EE", "+372", "EUR" }, { "ES", "+34", "EUR" },
    { "FI", "+358", "EUR" }, { "FR", "+33", "EUR" }, { "GB", "+44", "GBP" }, { "GR", "+30", "EUR" }, { "HR", "+385", "EUR" },
    { "HU", "+36", "HUF" }, { "IE", "+353", "EUR" }, { "IS", "+354", "ISK" }, { "IT", "+39", "EUR" }, { "LI", "+423", "CHF" },
    { "LT", "+370", "EUR" }, { "LU", "+352", "EUR" }, { "LV", "+371", "EUR" }, { "MT", "+356", "EUR" }, { "NL", "+31", "EUR" },
    { "NO", "+47", "NOK" }, { "PL", "+48", "PLN" }, { "PT", "+351", "EUR" }, { "RO", "+40", "RON" }, { "SE", "+46", "SEK" },
    { "SI", "+386", "EUR" }, { "SK", "+421", "EUR" },
};

static int country_at(const struct charter *c) {
    const char *code = charter_value(c, "operator.country");
    for (size_t i = 0; code != NULL && i < ARRAY_LEN(countries); i++)
        if (strcmp(countries[i].country, code) == 0)
            return (int)i;
    return -1;
}

static const char *complete_of(const struct field *f) {
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(known[i].name, f->name) == 0 && known[i].complete != NULL)
            return known[i].complete;
    return complete_by_type[f->type];
}

static enum shape shape_of(const struct field *f) {
    for (size_t i = 0; f->type == T_TEXT && i < ARRAY_LEN(known); i++)
        if (known[i].lines && strcmp(known[i].name, f->name) == 0)
            return SHAPE_AREA;
    return inputs[f->type].shape;
}

void field_label(struct buf *ret, enum lang lang, const struct field *f) { label_title(ret, f->label.in[lang]); }

static const struct field *field_of(const struct field_view *v) { return &v->kind->fields[v->field]; }

static const char *typed(const struct field_view *v, const char *part) {
    char name[160];
    const struct field *f = field_of(v);
    snprintf(name, sizeof name, part == NULL ? "%s" : "%s.%s", f->name, part);
    const char *text = v->typed == NULL ? NULL : v->typed(v->typed_arg, name);
    return text == NULL ? "" : text;
}

/* ---- the words around an input */
static void put_hint(struct buf *ret, const struct field_view *v) {
    const struct field *f = field_of(v);
    int country = country_at(v->charter);
    if (f->type == T_PHONE && country >= 0)
        PUT(ret, v->lang, HINT_PHONE, countries[country].code);
    else if (f->type == T_PHONE)
        PUT_TEXT(ret, v->lang, HINT_PHONE_ANY);
    else if (f->type == T_TIME)
        PUT(ret, v->lang, HINT_TIME, zone_name(charter_zone(v->charter)));
    else if (f->level >= L_SENSITIVE)
        PUT_TEXT(ret, v->lang, HINT_SENSITIVE);
}

static void put_need(struct buf *ret, const struct field_view *v) {
    buf_printf(ret, " <span class=\"need\">(%s)</span>", text_in(v->required ? TEXT_REQUIRED : TEXT_OPTIONAL, v->lang));
}

/* Hint and mistake stand before the input, so that they are heard and seen before it. */
static void put_around(struct buf *ret, const struct field_view *v, bool *ret_hint) {
    AUTO(buf_done) struct buf hint = BUF(1024);
    put_hint(&hint, v);
    *ret_hint = hint.len > 0;
    if (hint.len > 0)
        buf_printf(ret, "<p class=\"hint\" id=\"%s%d-hint\">%s</p>\n", v->prefix, v->field, buf_str(&hint));
    if (v->mistake != NULL) {
        buf_printf(ret, "<p class=\"mistake\" id=\"%s%d-error\">", v->prefix, v->field);
        buf_html(ret, v->mistake);
        buf_text(ret, "</p>\n");
    }
}

static void put_described(struct buf *ret, const struct field_view *v, bool hint) {
    if (hint || v->mistake != NULL)
        buf_printf(ret, " aria-describedby=\"%s%d-%s", v->prefix, v->field, hint ? "hint" : "error");
    if (hint && v->mistake != NULL)
        buf_printf(ret, " %s%d-error", v->prefix, v->field);
    if (hint || v->mistake != NULL)
        buf_char(ret, '"');
    if (v->mistake != NULL)
        buf_text(ret, " aria-invalid=\"true\"");
}

/* id, name, required and the rest; part: of a field in several inputs. */
static void put_attributes(struct buf *ret, const struct field_view *v, const char *part, bool hint) {
    const struct field *f = field_of(v);
    const char *complete = part == NULL ? complete_of(f) : NULL;
    buf_printf(ret, " id=\"%s%d%s%s\" name=\"", v->prefix, v->field, part == NULL ? "" : "-", part == NULL ? "" : part);
    buf_html(ret, f->name);
    buf_printf(ret, "%s%s\"%s", part == NULL ? "" : ".", part == NULL ? "" : part, v->required ? " required" : "");
    if (complete != NULL)
        buf_printf(ret, " autocomplete=\"%s\"", complete);
    put_described(ret, v, hint);
}

static void put_label(struct buf *ret, const struct field_view *v) {
    AUTO(buf_done) struct buf label = BUF(512);
    field_label(&label, v->lang, field_of(v));
    buf_printf(ret, "<label for=\"%s%d\">", v->prefix, v->field);
    buf_html(ret, buf_str(&label));
    put_need(ret, v);
    buf_text(ret, "</label>\n");
}

/* ---- inputs by shape */
static void put_line(struct buf *ret, const struct field_view *v) {
    const struct field *f = field_of(v);
    bool hint;
    put_label(ret, v);
    put_around(ret, v, &hint);
    buf_printf(ret, "<input type=\"%s\"%s", inputs[f->type].type, inputs[f->type].more);
    put_attributes(ret, v, NULL, hint);
    buf_text(ret, " value=\"");
    buf_html(ret, typed(v, NULL));
    buf_text(ret, "\">\n");
}

static void put_area(struct buf *ret, const struct field_view *v) {
    bool hint;
    put_label(ret, v);
    put_around(ret, v, &hint);
    buf_printf(ret, "<textarea rows=\"%d\"", field_of(v)->type == T_ADDRESS ? 3 : 5);
    put_attributes(ret, v, NULL, hint);
    buf_text(ret, ">\n");                      /* the first line break belongs to the tag, so nothing typed is lost */
    buf_html(ret, typed(v, NULL));
    buf_text(ret, "</textarea>\n");
}

static void put_option(struct buf *ret, const struct field_view *v, const char *value, const char *label) {
    buf_text(ret, "<option value=\"");
    buf_html(ret, value);
    buf_printf(ret, "\"%s>", strcmp(typed(v, NULL), value) == 0 ? " selected" : "");
    buf_html(ret, label);
    buf_text(ret, "</option>\n");
}

static void put_select(struct buf *ret, const struct field_view *v) {
    const struct field *f = field_of(v);
    bool hint;
    put_label(ret, v);
    put_around(ret, v, &hint);
    buf_text(ret, "<select");
    put_attributes(ret, v, NULL, hint);
    buf_text(ret, ">\n");
    put_option(ret, v, "", text_in(TEXT_CHOOSE, v->lang));
    for (size_t i = 0; f->type == T_ONE_OF && i < f->option_count; i++) {
        AUTO(buf_done) struct buf label = BUF(512);
        label_title(&label, f->option_labels[i].in[v->lang]);
        put_option(ret, v, f->options[i], buf_str(&label));
    }
    for (size_t i = 0; f->type == T_REFERENCE && i < json_array_size(v->choices); i++) {
        const json_t *one = json_array_get(v->choices, i);
        const char *id = json_string_value(json_object_get(one, "id")), *title = json_string_value(json_object_get(one, "title"));
        if (id != NULL)
            put_option(ret, v, id, title == NULL ? id : title);
    }
    buf_text(ret, "</select>\n");
}

/* A group of inputs has a legend in place of a label. */
static void group_begin(struct buf *ret, const struct field_view *v, bool *ret_hint) {
    AUTO(buf_done) struct buf label = BUF(512);
    field_label(&label, v->lang, field_of(v));
    buf_printf(ret, "<fieldset id=\"%s%d\" tabindex=\"-1\"><legend>", v->prefix, v->field);
    buf_html(ret, buf_str(&label));
    put_need(ret, v);
    buf_text(ret, "</legend>\n");
    put_around(ret, v, ret_hint);
}

static void put_radio(struct buf *ret, const struct field_view *v, const char *value, const char *label, bool hint) {
    buf_printf(ret, "<p class=\"choice\"><input type=\"radio\"");
    put_attributes(ret, v, value, hint);
    buf_printf(ret, " value=\"");
    buf_html(ret, value);
    buf_printf(ret, "\"%s> <label for=\"%s%d-", strcmp(typed(v, NULL), value) == 0 ? " checked" : "", v->prefix, v->field);
    buf_html(ret, value);
    buf_text(ret, "\">");
    buf_html(ret, label);
    buf_text(ret, "</label></p>\n");
}

static void put_radios(struct buf *ret, const struct field_view *v) {
    static const char *const answers[] = { "yes", "no" };
    bool hint;
    group_begin(ret, v, &hint);
    for (size_t i = 0; i < ARRAY_LEN(answers); i++)
        put_radio(ret, v, answers[i], text_in(i == 0 ? TEXT_YES : TEXT_NO, v->lang), hint);
    buf_text(ret, "</fieldset>\n");
}

static void put_piece(struct buf *ret, const struct field_view *v, const char *part, enum text label, const char *otherwise, bool hint) {
    const char *value = typed(v, part);
    buf_printf(ret, "<p class=\"piece\"><label for=\"%s%d-%s\">", v->prefix, v->field, part);
    buf_html(ret, text_in(label, v->lang));
    buf_printf(ret, "</label> <input type=\"text\"%s", strcmp(part, "currency") == 0 ? " size=\"4\" maxlength=\"3\"" : " inputmode=\"decimal\"");
    put_attributes(ret, v, part, hint);
    buf_text(ret, " value=\"");
    buf_html(ret, *value == 0 ? otherwise : value);
    buf_text(ret, "\"></p>\n");
}

static void put_money(struct buf *ret, const struct field_view *v) {
    int country = country_at(v->charter);
    bool hint;
    group_begin(ret, v, &hint);
    put_piece(ret, v, "amount", TEXT_AMOUNT, "", hint);
    put_piece(ret, v, "currency", TEXT_CURRENCY, country >= 0 ? countries[country].currency : "EUR", hint);
    buf_text(ret, "</fieldset>\n");
}

static void put_place(struct buf *ret, const struct field_view *v) {
    bool hint;
    group_begin(ret, v, &hint);
    put_piece(ret, v, "lat", TEXT_LATITUDE, "", hint);
    put_piece(ret, v, "lon", TEXT_LONGITUDE, "", hint);
    buf_text(ret, "</fieldset>\n");
}

void field_put(struct buf *ret, const struct field_view *v) {
    static void (*const put[])(struct buf *, const struct field_view *) = {
        [SHAPE_LINE] = put_line, [SHAPE_AREA] = put_area, [SHAPE_YESNO] = put_radios, [SHAPE_ONE_OF] = put_select,
        [SHAPE_REFERENCE] = put_select, [SHAPE_MONEY] = put_money, [SHAPE_PLACE] = put_place, [SHAPE_NONE] = NULL,
    };
    enum shape shape = shape_of(field_of(v));
    if (put[shape] != NULL)
        put[shape](ret, v);
}

/* ---- from what was typed to a value of the API */
/* "1 234,50" and "1234.5" as a number; the text itself where it is none. */
static json_t *number_value(const char *text) {
    AUTO(buf_done) struct buf b = BUF(256);
    bool digits = false, point = false;
    for (const char *p = text; *p != 0; p++) {
        if (*p == ' ' || (unsigned char)*p == 0xc2 || (unsigned char)*p == 0xa0)      /* grouped by spaces, plain or hard */
            continue;
        if (*p >= '0' && *p <= '9')
            digits = true;
        else if ((*p == ',' || *p == '.') && digits && !point)
            point = true;
        else if (*p != '-' || b.len > 0)
            return json_string(text);
        buf_char(&b, *p == ',' ? '.' : *p);
    }
    json_t *n = digits && !b.failed ? json_loads(buf_str(&b), JSON_DECODE_ANY, NULL) : NULL;
    return n == NULL ? json_string(text) : n;
}

/* "2026-12-01T10:00" on the charter's clock as an instant. */
static json_t *time_value(const struct charter *c, const char *text) {
    char room[40];
    struct civil at;
    int64_t hour, minute;
    snprintf(room, sizeof room, "%.10s", text);
    bool fine = strlen(text) >= 16 && text[10] == 'T' && text[13] == ':' && date_parse(room, &at) &&
                text_int_n(text + 11, 2, 0, 23, &hour) && text_int_n(text + 14, 2, 0, 59, &minute);
    if (!fine)
        return json_string(text);
    at.hour = (int)hour;
    at.minute = (int)minute;
    return json_string(time_format(zone_instant(charter_zone(c), &at), room, sizeof room));
}

static const char *typed_part(const struct field *f, typed_fn get, void *arg, const char *part) {
    char name[160];
    snprintf(name, sizeof name, part == NULL ? "%s" : "%s.%s", f->name, part);
    const char *text = get(arg, name);
    return text == NULL ? "" : text;
}

static json_t *amount_value(const char *text) {
    AUTO(buf_done) struct buf b = BUF(256);
    for (const char *p = text; *p != 0; p++)
        if (*p != ' ')
            buf_char(&b, *p == ',' ? '.' : *p);
    return json_string(buf_str(&b));
}

json_t *field_value(const struct charter *c, const struct field *f, typed_fn get, void *arg) {
    const char *text = typed_part(f, get, arg, NULL);
    const char *amount = typed_part(f, get, arg, "amount"), *lat = typed_part(f, get, arg, "lat"), *lon = typed_part(f, get, arg, "lon");
    if (f->type == T_MONEY)
        return *amount == 0 ? NULL : json_pack("{s:o, s:s}", "amount", amount_value(amount), "currency", typed_part(f, get, arg, "currency"));
    if (f->type == T_PLACE)
        return *lat == 0 && *lon == 0 ? NULL : json_pack("{s:o, s:o}", "lat", number_value(lat), "lon", number_value(lon));
    text += strspn(text, " \t\r\n");
    if (*text == 0)
        return NULL;
    switch (f->type) {
    case T_NUMBER: case T_COUNTER: return number_value(text);
    case T_TIME: return time_value(c, text);
    case T_YESNO: return strcmp(text, "yes") == 0 ? json_true() : strcmp(text, "no") == 0 ? json_false() : json_string(text);
    case T_JSON: {
        json_t *v = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        return v == NULL ? json_string(text) : v;
    }
    default: return json_string(text);
    }
}

/* ---- from a value of the API to what people read, and to what an input shows */
bool field_read(struct buf *ret, const struct charter *c, const struct field *f, const json_t *value, enum lang lang) { return value_told(ret, c, f, value, lang); }

void field_typed(struct buf *ret, const struct charter *c, const struct field *f, const json_t *value, const char *part) {
    const char *text = json_string_value(value);
    usec_t t;
    if (json_is_object(value) && part != NULL) {
        const json_t *piece = json_object_get(value, part);
        if (json_is_string(piece))
            buf_text(ret, json_string_value(piece));
        else if (json_is_number(piece))
            told_number(ret, piece, LANG_EN);
    } else if (part != NULL) {
        return;
    } else if (f->type == T_TIME && text != NULL && time_parse(text, &t)) {
        struct civil at = zone_civil(charter_zone(c), t);
        buf_printf(ret, "%04d-%02d-%02dT%02d:%02d", at.year, at.month, at.day, at.hour, at.minute);
    } else if (json_is_boolean(value)) {
        buf_text(ret, json_is_true(value) ? "yes" : "no");
    } else if (json_is_number(value)) {
        told_number(ret, value, LANG_EN);
    } else if (text != NULL) {
        buf_text(ret, text);
    } else if (json_is_object(value) && f->type == T_JSON) {
        char *dump = json_dumps(value, JSON_INDENT(1));
        if (dump == NULL)
            buf_fail(ret);
        else
            buf_text(ret, dump);
        free(dump);
    }
}
