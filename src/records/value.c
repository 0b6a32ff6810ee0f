/* value.c — a row of a table for each field type: how it is read, how it comes back from its sealed form. */
#include "records/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/civil.h"
#include "base/jsontext.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/uuid.h"

struct read { const struct field *f; const struct raw *raw; const struct value_rules *rules; struct arena *arena; struct value *ret; struct say *why; };

static bool wrong(struct read *r, enum says says) {
    *r->why = (struct say){ .says = says };
    return false;
}
static bool wrong_number(struct read *r, enum says says, unsigned limit) {
    *r->why = (struct say){ .says = says };
    snprintf(r->why->arg, sizeof r->why->arg, "%u", limit);
    return false;
}
static bool no_memory(struct read *r) { return wrong(r, SAYS_OK); }

/* text_clean refused: for want of memory, or because it is no text. */
static bool not_clean(struct read *r, const struct buf *b, enum says says) { return b->failed ? no_memory(r) : wrong(r, says); }

struct raw raw_json(json_t *v) {
    if (v == NULL || json_is_null(v))
        return (struct raw){ .type = RAW_NULL };
    if (json_is_string(v))
        return (struct raw){ .type = RAW_TEXT, .text = json_string_value(v), .len = json_string_length(v), .tree = v };
    return (struct raw){ .type = RAW_TREE, .tree = v };
}

struct raw raw_cell(const char *text, size_t len, bool comma) {
    return (struct raw){ .type = len == 0 ? RAW_NULL : RAW_TEXT, .text = text, .len = len, .loose = true, .comma = comma };
}

/* ---- into the one form */
static bool give_text(struct read *r, const char *text, size_t len) {
    AUTO(buf_done) struct buf b = BUF(6 * len + 2);
    canon_text(&b, text, len);
    char *json = b.failed ? NULL : arena_text_n(r->arena, b.data, b.len), *copy = arena_text_n(r->arena, text, len);
    if (json == NULL || copy == NULL)
        return no_memory(r);
    *r->ret = (struct value){ .set = true, .json = json, .len = b.len, .text = copy };
    return true;
}
static bool give_bare(struct read *r, const char *text, int64_t number) {
    char *copy = arena_text(r->arena, text);
    if (copy == NULL)
        return no_memory(r);
    *r->ret = (struct value){ .set = true, .json = copy, .len = strlen(copy), .text = copy, .number = number };
    return true;
}
static bool give_string(struct read *r, const char *text, int64_t number) {      /* of ASCII without escapes */
    char *json = arena_printf(r->arena, "\"%s\"", text), *copy = arena_text(r->arena, text);
    if (json == NULL || copy == NULL)
        return no_memory(r);
    *r->ret = (struct value){ .set = true, .json = json, .len = strlen(json), .text = copy, .number = number };
    return true;
}
static bool give_json(struct read *r, const struct buf *json, const char *text, int64_t number) {
    char *copy = arena_text_n(r->arena, json->data, json->len);
    if (copy == NULL)
        return no_memory(r);
    *r->ret = (struct value){ .set = true, .json = copy, .len = json->len, .text = text == NULL ? copy : text, .number = number };
    return true;
}

/* ---- texts */
struct text_kind { unsigned max; bool lines, letter; };

static bool has_letter(const char *text) {
    for (; *text != 0; text++)
        if (((unsigned char)*text >= 0x80) || (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z'))
            return true;
    return false;
}

static bool read_any_text(struct read *r, struct text_kind kind) {
    AUTO(buf_done) struct buf b = BUF(r->raw->len * 4 + 16);
    if (r->raw->type != RAW_TEXT)
        return wrong(r, SAYS_text);
    if (r->raw->len > (size_t)kind.max * 4)
        return wrong_number(r, SAYS_long, kind.max);
    if (!text_clean(r->raw->text, r->raw->len, &b))
        return not_clean(r, &b, SAYS_bytes);
    if (b.len == 0)
        return true;                          /* nothing but spaces: not set */
    if (text_points(b.data) > kind.max)
        return wrong_number(r, SAYS_long, kind.max);
    if (!kind.lines && strpbrk(b.data, "\r\n") != NULL)
        return wrong(r, SAYS_lines);
    if (kind.letter && !has_letter(b.data))
        return wrong(r, SAYS_letters);
    return give_text(r, b.data, b.len);
}
static bool read_text(struct read *r) { return read_any_text(r, (struct text_kind){ TEXT_MAX, true, false }); }
static bool read_name(struct read *r) { return read_any_text(r, (struct text_kind){ NAME_MAX_POINTS, false, true }); }
static bool read_address(struct read *r) { return read_any_text(r, (struct text_kind){ ADDRESS_MAX, true, true }); }

/* dot-atom of RFC 5322, with letters beyond ASCII (RFC 6531). */
static bool local_part(const char *p, size_t len) {
    bool dot = true;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c == '.') {
            if (dot)
                return false;
            dot = true;
            continue;
        }
        if (c < 0x80 && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && strchr("!#$%&'*+/=?^_`{|}~-", c) == NULL)
            return false;
        dot = false;
    }
    return len > 0 && !dot;
}

/* Labels of 1 to 63 letters, digits and inner hyphens; two at least; the last is not all digits. */
static bool domain(const char *p, size_t len) {
    size_t labels = 0, at = 0;
    bool digits = false;
    while (at <= len) {
        size_t n = 0;
        digits = true;
        while (at + n < len && p[at + n] != '.') {
            unsigned char c = (unsigned char)p[at + n];
            if (c < 0x80 && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '-')
                return false;
            digits = digits && c >= '0' && c <= '9';
            n++;
        }
        if (n == 0 || n > 63 || p[at] == '-' || p[at + n - 1] == '-')
            return false;
        labels++;
        at += n + 1;
    }
    return labels >= 2 && !digits;
}

#define EMAIL_MAX 254u                        /* RFC 5321, 4.5.3.1.3: a path of 256 octets with its brackets */
static bool read_email(struct read *r) {
    AUTO(buf_done) struct buf b = BUF(4096);
    if (r->raw->type != RAW_TEXT)
        return wrong(r, SAYS_text);
    if (r->raw->len > 4 * EMAIL_MAX)
        return wrong_number(r, SAYS_long, EMAIL_MAX);
    if (!text_clean(r->raw->text, r->raw->len, &b))
        return not_clean(r, &b, SAYS_bytes);
    if (b.len == 0)
        return true;
    char *at = memrchr(b.data, '@', b.len);
    if (at == NULL)
        return wrong(r, SAYS_email);
    size_t local = (size_t)(at - b.data);
    if (local > 64)
        return wrong(r, SAYS_email_local);
    if (b.len > EMAIL_MAX)
        return wrong_number(r, SAYS_long, EMAIL_MAX);
    if (!local_part(b.data, local) || !domain(at + 1, b.len - local - 1))
        return wrong(r, SAYS_email);
    for (char *p = at + 1; *p != 0; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    return give_text(r, b.data, b.len);
}

static bool read_phone(struct read *r) {
    AUTO(buf_done) struct buf b = BUF(1024);
    char e164[20];
    if (r->raw->type != RAW_TEXT)
        return wrong(r, SAYS_text);
    if (r->raw->len > 64)
        return wrong(r, SAYS_phone);
    if (!text_clean(r->raw->text, r->raw->len, &b))
        return not_clean(r, &b, SAYS_phone);
    if (b.len == 0)
        return true;
    if (!phone_read(b.data, b.len, r->rules->country, e164))
        return wrong(r, SAYS_phone);
    return give_string(r, e164, 0);
}

/* ---- numbers */
#define REAL_DIGITS 15                        /* what a JSON number carries exactly through a double */
/* A JSON number as decimal text. A real carries 15 digits exactly; one that says more is refused. */
static bool tree_digits(struct read *r, char ret[40]) {
    if (json_is_integer(r->raw->tree)) {
        snprintf(ret, 40, "%lld", (long long)json_integer_value(r->raw->tree));
        return true;
    }
    if (!json_is_real(r->raw->tree))
        return wrong(r, SAYS_number);
    double v = json_real_value(r->raw->tree);
    if (!(fabs(v) < 1e13))
        return wrong(r, SAYS_number_digits);
    int whole = snprintf(ret, 40, "%.0f", floor(fabs(v)));
    snprintf(ret, 40, "%.*f", REAL_DIGITS - whole < 0 ? 0 : REAL_DIGITS - whole, v);
    if (fabs(strtod(ret, NULL) - v) > 0)
        return wrong(r, SAYS_number_exact);
    return true;
}

static bool read_number(struct read *r) {
    char digits[40];
    struct decimal d;
    const char *text = r->raw->text;
    size_t len = r->raw->len;
    if (r->raw->type == RAW_TREE) {
        if (!tree_digits(r, digits))
            return false;
        text = digits;
        len = strlen(digits);
    }
    if (len == 0)
        return true;
    if (text[0] != '-' && text[0] != '+' && (text[0] < '0' || text[0] > '9'))
        return wrong(r, SAYS_number);
    if (!decimal_read(text, len, r->raw->comma, &d))
        return wrong(r, SAYS_number_digits);
    return give_bare(r, d.text, d.micro);
}

static bool read_counter(struct read *r) {
    char text[40];
    int64_t n;
    if (r->raw->type == RAW_TREE && json_is_integer(r->raw->tree))
        n = json_integer_value(r->raw->tree);
    else if (r->raw->type != RAW_TEXT || !text_int_n(r->raw->text, r->raw->len, 0, INT64_MAX, &n))
        return wrong(r, SAYS_counter);
    if (n < 0 || n > INT64_C(1000000000000000))
        return wrong(r, SAYS_counter);
    snprintf(text, sizeof text, "%lld", (long long)n);
    return give_bare(r, text, n);
}

/* An amount beyond what sorts as a number sorts last. */
static bool decimal_of_amount(const char *text, size_t len, int64_t *ret) {
    struct decimal d;
    *ret = decimal_read(text, len, false, &d) ? d.micro : text[0] == '-' ? INT64_MIN : INT64_MAX;
    return len > 0;
}

static bool money_of(struct read *r, const char *amount, size_t amount_len, const char *currency, size_t currency_len) {
    char value[40], code[4];
    int64_t number;
    AUTO(buf_done) struct buf b = BUF(256);
    int places = currency_len == 3 ? currency_places(currency) : -1;
    if (places < 0)
        return wrong(r, SAYS_currency);
    if (!amount_read(amount, amount_len, r->raw->comma, places, value))
        return wrong_number(r, SAYS_money_digits, (unsigned)places);
    memcpy(code, currency, 3);
    code[3] = 0;
    buf_printf(&b, "{\"amount\":\"%s\",\"currency\":\"%s\"}", value, code);
    char *text = arena_printf(r->arena, "%s %s", value, code);
    if (text == NULL || b.failed)
        return no_memory(r);
    return decimal_of_amount(value, strlen(value), &number) && give_json(r, &b, text, number);
}

static bool read_money(struct read *r) {
    json_t *tree = r->raw->tree, *amount, *currency;
    char whole[32];
    if (r->raw->type == RAW_TEXT) {           /* "12.50 EUR": as a cell of a table has it */
        const char *space = r->raw->len < 64 ? memrchr(r->raw->text, ' ', r->raw->len) : NULL;
        if (space == NULL)
            return wrong(r, SAYS_money);
        return money_of(r, r->raw->text, (size_t)(space - r->raw->text), space + 1, (size_t)(r->raw->text + r->raw->len - space - 1));
    }
    amount = json_object_get(tree, "amount");
    currency = json_object_get(tree, "currency");
    if (!json_is_object(tree) || json_object_size(tree) != 2 || amount == NULL || !json_is_string(currency))
        return wrong(r, SAYS_money);
    if (json_is_real(amount))
        return wrong(r, SAYS_money_real);
    if (json_is_integer(amount)) {
        snprintf(whole, sizeof whole, "%lld", (long long)json_integer_value(amount));
        return money_of(r, whole, strlen(whole), json_string_value(currency), json_string_length(currency));
    }
    if (!json_is_string(amount))
        return wrong(r, SAYS_money);
    return money_of(r, json_string_value(amount), json_string_length(amount), json_string_value(currency), json_string_length(currency));
}

/* ---- time */
static bool read_time(struct read *r) {
    char text[32];
    usec_t t;
    if (r->raw->type != RAW_TEXT || r->raw->len > 40 || !time_parse(r->raw->text, &t))
        return wrong(r, SAYS_time);
    return give_string(r, time_format(t, text, sizeof text), t);
}

static bool read_date(struct read *r) {
    char text[16];
    struct civil c;
    if (r->raw->type != RAW_TEXT || !date_parse(r->raw->text, &c))
        return wrong(r, SAYS_date);
    return give_string(r, date_format(&c, text, sizeof text), civil_days(c.year, c.month, c.day));
}

/* ---- choices */
static bool read_yesno(struct read *r) {
    static const struct { const char *word; bool yes; } words[] = {
        { "true", true }, { "false", false }, { "yes", true }, { "no", false }, { "1", true }, { "0", false }, { "tak", true }, { "nie", false },
        { "igen", true }, { "nem", false } };
    if (r->raw->type == RAW_TREE && json_is_boolean(r->raw->tree))
        return give_bare(r, json_is_true(r->raw->tree) ? "true" : "false", json_is_true(r->raw->tree));
    for (size_t i = 0; r->raw->type == RAW_TEXT && r->raw->loose && i < ARRAY_LEN(words); i++)
        if (strlen(words[i].word) == r->raw->len && strncasecmp(words[i].word, r->raw->text, r->raw->len) == 0)
            return give_bare(r, words[i].yes ? "true" : "false", words[i].yes);
    return wrong(r, SAYS_yesno);
}

static bool read_option(struct read *r) {
    const struct field *f = r->f;
    for (size_t i = 0; r->raw->type == RAW_TEXT && i < f->option_count; i++)
        if (strlen(f->options[i]) == r->raw->len && memcmp(f->options[i], r->raw->text, r->raw->len) == 0)
            return give_string(r, f->options[i], (int64_t)i);
    wrong(r, SAYS_option);
    for (size_t i = 0, n = 0; i < f->option_count && n < sizeof r->why->arg - 1; i++)
        n += (size_t)snprintf(r->why->arg + n, sizeof r->why->arg - n, "%s%s", i == 0 ? "" : ", ", f->options[i]);
    return false;
}

static bool read_reference(struct read *r) {
    struct uuid id;
    char text[UUID_TEXT];
    if (r->raw->type != RAW_TEXT || r->raw->len != UUID_TEXT - 1 || !uuid_parse(r->raw->text, &id))
        return wrong(r, SAYS_reference);
    return give_string(r, uuid_format(&id, text), 0);
}

static bool read_file(struct read *r) { return wrong(r, SAYS_file); }

/* ---- shapes */
static bool degrees(json_t *v, struct decimal *ret) {
    char text[40];
    if (!json_is_number(v) || !(fabs(json_number_value(v)) < 1e6))
        return false;
    snprintf(text, sizeof text, "%.6f", json_number_value(v));      /* a tenth of a metre */
    return decimal_read(text, strlen(text), false, ret);
}

static bool read_place(struct read *r) {
    AUTO(buf_done) struct buf b = BUF(256);
    struct decimal lat, lon;
    json_t *tree = r->raw->tree;
    if (r->raw->type == RAW_TEXT) {           /* "52.23 21.01": as a cell of a table has it */
        const char *space = memchr(r->raw->text, ' ', r->raw->len);
        if (!r->raw->loose || space == NULL || !decimal_read(r->raw->text, (size_t)(space - r->raw->text), r->raw->comma, &lat) ||
            !decimal_read(space + 1, r->raw->len - (size_t)(space - r->raw->text) - 1, r->raw->comma, &lon))
            return wrong(r, SAYS_place);
    } else if (json_object_size(tree) != 2 || !degrees(json_object_get(tree, "lat"), &lat) || !degrees(json_object_get(tree, "lon"), &lon))
        return wrong(r, SAYS_place);
    if (lat.micro < -90000000 || lat.micro > 90000000 || lon.micro < -180000000 || lon.micro > 180000000)
        return wrong(r, SAYS_place_range);
    buf_printf(&b, "{\"lat\":%s,\"lon\":%s}", lat.text, lon.text);
    char *text = arena_printf(r->arena, "%s %s", lat.text, lon.text);
    return text == NULL || b.failed ? no_memory(r) : give_json(r, &b, text, 0);
}

static int dump(const char *bytes, size_t len, void *arg) {
    buf_add(arg, bytes, len);
    return ((struct buf *)arg)->failed ? -1 : 0;
}

static bool deeper(const json_t *v, unsigned most) {
    const char *name;
    json_t *inner;
    size_t i;
    if (!json_is_object(v) && !json_is_array(v))
        return false;
    if (most == 0)
        return true;
    json_object_foreach((json_t *)(uintptr_t)v, name, inner)
        if (deeper(inner, most - 1))
            return true;
    json_array_foreach(v, i, inner)
        if (deeper(inner, most - 1))
            return true;
    return false;
}

static bool read_json(struct read *r) {
    AUTO(buf_done) struct buf b = BUF(JSON_VALUE_MAX);
    json_t *tree = r->raw->tree, *parsed = NULL;
    if (r->raw->loose) {
        tree = parsed = json_loadb(r->raw->text, r->raw->len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
        if (tree == NULL)
            return wrong(r, SAYS_object);
        if (json_is_null(tree)) {              /* as in a body: nothing */
            json_decref(parsed);
            return true;
        }
    }
    if (deeper(tree, JSON_VALUE_DEPTH)) {
        json_decref(parsed);
        return wrong_number(r, SAYS_json_deep, JSON_VALUE_DEPTH);
    }
    size_t size = json_dumpb(tree, NULL, 0, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    int failed = size > JSON_VALUE_MAX ? 0 : json_dump_callback(tree, dump, &b, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    json_decref(parsed);
    if (size > JSON_VALUE_MAX)
        return wrong_number(r, SAYS_json_large, JSON_VALUE_MAX);
    return failed != 0 ? no_memory(r) : give_json(r, &b, NULL, 0);
}

static bool (*const readers[FIELD_TYPES])(struct read *) = {
    [T_TEXT] = read_text, [T_EMAIL] = read_email, [T_PHONE] = read_phone, [T_NAME] = read_name, [T_ADDRESS] = read_address,
    [T_NUMBER] = read_number, [T_MONEY] = read_money, [T_TIME] = read_time, [T_DATE] = read_date, [T_YESNO] = read_yesno,
    [T_ONE_OF] = read_option, [T_REFERENCE] = read_reference, [T_FILE] = read_file, [T_PLACE] = read_place, [T_JSON] = read_json,
    [T_COUNTER] = read_counter,
};

bool value_read(const struct field *f, const struct raw *raw, const struct value_rules *rules, struct arena *arena,
                struct value *ret, struct say *why) {
    PRE(f != NULL && raw != NULL && rules != NULL && arena != NULL && ret != NULL && why != NULL);
    struct value v = { 0 };
    struct read r = { f, raw, rules, arena, &v, why };
    if (raw->type != RAW_NULL && (raw->type != RAW_TEXT || raw->len > 0 || f->type == T_JSON) && !readers[f->type](&r))
        return false;
    *ret = v;
    return true;
}

static bool is_text(enum field_type t) { return t != T_NUMBER && t != T_COUNTER && t != T_YESNO && t != T_MONEY && t != T_PLACE && t != T_JSON && t != T_FILE; }

/* What a stored value sorts and reads by. */
static bool derive(const struct field *f, struct arena *arena, struct value *v) {
    struct civil c;
    struct decimal d;
    struct slice one, two;
    switch (f->type) {
    case T_TIME: return time_parse(v->text, &v->number);
    case T_DATE:
        if (!date_parse(v->text, &c))
            return false;
        v->number = civil_days(c.year, c.month, c.day);
        return true;
    case T_NUMBER:
        if (!decimal_read(v->text, strlen(v->text), false, &d))
            return false;
        v->number = d.micro;
        return true;
    case T_COUNTER: return text_int(v->text, 0, INT64_MAX, &v->number);
    case T_ONE_OF: v->number = field_option(f, v->text); return true;
    case T_YESNO: v->number = v->text[0] == 't'; return true;
    case T_MONEY:
        if (!canon_get(v->json, v->len, "amount", &one) || !canon_get(v->json, v->len, "currency", &two))
            return false;
        if (one.len < 3 || two.len != 5 || !decimal_of_amount(one.at + 1, one.len - 2, &v->number))
            return false;
        v->text = arena_printf(arena, "%.*s %.*s", (int)one.len - 2, one.at + 1, (int)two.len - 2, two.at + 1);
        return v->text != NULL;
    case T_PLACE:
        if (!canon_get(v->json, v->len, "lat", &one) || !canon_get(v->json, v->len, "lon", &two))
            return false;
        v->text = arena_printf(arena, "%.*s %.*s", (int)one.len, one.at, (int)two.len, two.at);
        return v->text != NULL;
    default: return true;
    }
}

bool value_open(const struct field *f, struct slice json, struct arena *arena, struct value *ret) {
    struct value v = { .set = true, .json = json.at, .len = json.len };
    v.text = is_text(f->type) ? canon_string(arena, json) : arena_text_n(arena, json.at, json.len);
    if (v.text == NULL || !derive(f, arena, &v))
        return false;
    *ret = v;
    return true;
}

static size_t digits_of(const char *text) {
    size_t n = 0;
    for (; *text != 0; text++)
        n += *text >= '0' && *text <= '9';
    return n;
}

json_t *value_json(const struct field *f, const struct value *v) {
    if (!v->set)
        return json_null();
    if (is_text(f->type) || (f->type == T_NUMBER && digits_of(v->text) > REAL_DIGITS))
        return json_string_nocheck(v->text);
    return json_loadb(v->json, v->len, JSON_DECODE_ANY, NULL);
}

/* What a reply says is mostly what is stored. But it has short names for control characters, and writes reals as the library does:
 * with an exponent from five zeros on, and in a json field with the 15 digits that a double carries. */
static bool shows_as_stored(const struct field *f, const struct value *v) {
    switch (f->type) {
    case T_COUNTER: case T_YESNO: case T_MONEY: return true;
    case T_NUMBER: return digits_of(v->text) <= REAL_DIGITS && strstr(v->text, "0.0000") == NULL;
    case T_PLACE: return strstr(v->text, "0.0000") == NULL;
    case T_JSON: return strpbrk(v->text, "\\.eE") == NULL;
    default: return memchr(v->json, '\\', v->len) == NULL;
    }
}

void value_show(const struct field *f, const struct value *v, struct buf *ret) {
    if (v->set && shows_as_stored(f, v)) {
        buf_add(ret, v->json, v->len);
        return;
    }
    size_t lost = mem_lost();
    json_t *tree = value_json(f, v);
    if (mem_lost() != lost)                   /* the library's reader passes over it */
        buf_fail(ret);
    else
        json_text_add(ret, tree);             /* NULL fails the buf */
    json_decref(tree);
}

bool value_same(const struct value *a, const struct value *b) {
    return a->set == b->set && (!a->set || (a->len == b->len && memcmp(a->json, b->json, a->len) == 0));
}
