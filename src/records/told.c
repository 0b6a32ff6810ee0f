/* told.c — see told.h. */
#include "records/told.h"

#include <stdio.h>

#include "base/jsontext.h"
#include "base/say.h"
#include "charter/labels.h"

static const struct words yes = WORDS("Yes", "Tak", "Igen"), no = WORDS("No", "Nie", "Nem"), file = WORDS("file, {1} bytes", "plik, {1} B", "fájl, {1} bájt");

static void comma(struct buf *ret, size_t from, enum lang lang) {
    for (size_t i = from; lang != LANG_EN && !ret->failed && i < ret->len; i++)
        if (ret->data[i] == '.')
            ret->data[i] = ',';
}

static void told_time(struct buf *ret, const struct charter *c, const char *text, enum lang lang) {
    usec_t t;
    if (!time_parse(text, &t)) {
        buf_text(ret, text);
        return;
    }
    struct civil at = zone_civil(charter_zone(c), t);
    say_moment(ret, lang, &at);
}

void told_number(struct buf *ret, const json_t *value, enum lang lang) {
    if (json_is_integer(value)) {
        buf_printf(ret, "%lld", (long long)json_integer_value(value));
        return;
    }
    size_t from = ret->len;
    buf_printf(ret, "%.10g", json_number_value(value));
    comma(ret, from, lang);
}

static void told_object(struct buf *ret, const struct field *f, const json_t *value, enum lang lang) {
    const char *amount = json_string_value(json_object_get(value, "amount")), *currency = json_string_value(json_object_get(value, "currency"));
    const json_t *lat = json_object_get(value, "lat"), *size = json_object_get(value, "size");
    if (f->type == T_MONEY && amount != NULL && currency != NULL) {
        size_t from = ret->len;
        buf_printf(ret, "%s %s", amount, currency);
        comma(ret, from, lang);
    } else if (f->type == T_PLACE && lat != NULL) {
        buf_printf(ret, "%.5f, %.5f", json_number_value(lat), json_number_value(json_object_get(value, "lon")));
    } else if (f->type == T_FILE) {
        char room[32];
        snprintf(room, sizeof room, "%lld", (long long)json_integer_value(size));
        say_plain(ret, file.in[lang], SAY_ARGS(room));
    } else {
        json_text_add(ret, value);
    }
}

bool value_told(struct buf *ret, const struct charter *c, const struct field *f, const json_t *value, enum lang lang) {
    struct civil at;
    const char *text = json_string_value(value);
    if (value == NULL || json_is_null(value) || (text != NULL && *text == 0))
        return false;
    if (json_is_boolean(value))
        buf_text(ret, (json_is_true(value) ? &yes : &no)->in[lang]);
    else if (json_is_number(value))
        told_number(ret, value, lang);
    else if (text == NULL)
        told_object(ret, f, value, lang);
    else if (f->type == T_TIME)
        told_time(ret, c, text, lang);
    else if (f->type == T_DATE && date_parse(text, &at))
        say_date(ret, lang, &at);
    else if (f->type == T_ONE_OF)
        buf_text(ret, label_option(f, text, lang));
    else
        buf_text(ret, text);
    return true;
}
