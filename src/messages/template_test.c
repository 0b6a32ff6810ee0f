/* template_test.c */
#include "messages/template.c"
#include "base/test.h"
#include "base/text.h"

static const struct template_name names[] = { { .name = "name" }, { .name = "diet", .not_in_subject = true }, { .name = "link", .address = true }, { .name = NULL } };

static struct template *made(const char *text, json_t **ret_mistakes) {
    struct template *t = NULL;
    struct err e;
    json_t *source = json_loads(text, JSON_DECODE_ANY, NULL);
    CHECK(source != NULL);
    enum code code = template_read(source, names, &t, ret_mistakes, &e);
    CHECK(code == (t != NULL ? OK : E_FIELDS));
    json_decref(source);
    return t;
}

static const char three[] = "{\"pl\": {\"subject\": \"Cze\xc5\x9b\xc4\x87 {{name}}\", \"text\": \"Pa {{name}}\"}, \"en\": {\"subject\": \"Hello {{name}}\", \"text\": \"Bye {{name}}, [page]({{link}})\"}}";

TEST(the_nearest_language_is_taken) {
    json_t *mistakes = NULL, *values = json_pack("{s:s, s:s}", "name", "Ola", "link", "https://seats.example/p");
    AUTO(template_free) struct template *t = made(three, &mistakes);
    static const struct { enum lang asked, got; const char *subject, *text; } rows[] = {
        { LANG_PL, LANG_PL, "Cze\xc5\x9b\xc4\x87 Ola", "Pa Ola\n" }, { LANG_EN, LANG_EN, "Hello Ola", "Bye Ola, page <https://seats.example/p>\n" }, { LANG_HU, LANG_EN, "Hello Ola", "Bye Ola, page <https://seats.example/p>\n" },
    };
    CHECK(t != NULL && template_uses(t, "link") && !template_uses(t, "diet") && template_has_subject(t));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf s = BUF(1000), x = BUF(1000), h = BUF(10000);
        struct err e;
        CHECK(template_lang(t, rows[i].asked) == rows[i].got);
        CHECK_OK(template_render(t, rows[i].asked, values, false, &s, &x, &h, &e), &e);
        CHECK_TEXT(buf_str(&s), rows[i].subject);
        CHECK_TEXT(buf_str(&x), rows[i].text);
    }
    AUTO(buf_done) struct buf sms = BUF(1000);
    struct err e;
    CHECK_OK(template_render(t, LANG_EN, values, true, NULL, &sms, NULL, &e), &e);
    CHECK_TEXT(buf_str(&sms), "Bye Ola, page https://seats.example/p");
    json_decref(values);
    json_t *none = NULL;
    AUTO(template_free) struct template *pl = made("{\"hu\": {\"text\": \"a\"}, \"pl\": {\"text\": \"b\"}}", &none);
    CHECK(pl != NULL && template_lang(pl, LANG_EN) == LANG_PL && !template_has_subject(pl));
}

TEST(mistakes_name_their_place) {
    static const struct { const char *source, *path, *text; } rows[] = {
        { "[]", "", "a template is texts by language: {\"pl\": {\"subject\": \"…\", \"text\": \"…\"}, \"en\": {…}}" },
        { "{}", "", "a template is texts by language: {\"pl\": {\"subject\": \"…\", \"text\": \"…\"}, \"en\": {…}}" },
        { "{\"de\": {\"text\": \"a\"}}", "/de", "a language is one of en, pl, hu" },
        { "{\"PL\": {\"text\": \"a\"}}", "/PL", "a language is one of en, pl, hu" },
        { "{\"pl\": \"a\"}", "/pl", "a language has a text, and a subject where it is mail: {\"subject\": \"…\", \"text\": \"…\"}" },
        { "{\"pl\": {\"text\": 7}}", "/pl/text", "this is a text" },
        { "{\"pl\": {\"text\": \"a\", \"html\": \"b\"}}", "/pl/html", "a language has subject and text, and nothing else" },
        { "{\"pl\": {\"text\": \"a\\n{{nam}}\"}}", "/pl/text", "line 2, column 1: there is no value \"nam\"; is {{name}} meant?" },
        { "{\"pl\": {\"subject\": \"{{diet}}\", \"text\": \"{{diet}}\"}}", "/pl/subject", "line 1, column 1: there is no value \"diet\"; name a field that the person itself sees, as {{name}} or {{parent.field}}" },
        { "{\"pl\": {\"subject\": \"{{link}}\", \"text\": \"a\"}}", "/pl/subject", "line 1, column 1: there is no value \"link\"; name a field that the person itself sees, as {{name}} or {{parent.field}}" },
        { "{\"pl\": {\"subject\": \"a\", \"text\": \"a\"}, \"en\": {\"text\": \"b\"}}", "/en/subject", "other languages have a subject, and this one none" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *mistakes = NULL;
        CHECK(made(rows[i].source, &mistakes) == NULL && json_array_size(mistakes) == 1);
        CHECK_TEXT(json_string_value(json_object_get(json_array_get(mistakes, 0), "path")), rows[i].path);
        CHECK_TEXT(json_string_value(json_object_get(json_array_get(mistakes, 0), "text")), rows[i].text);
        json_decref(mistakes);
    }
}

TEST(what_is_too_long_is_said) {
    json_t *mistakes = NULL;
    AUTO(buf_done) struct buf long_one = BUF(100000);
    buf_text(&long_one, "{\"en\": {\"text\": \"");
    for (size_t i = 0; i <= TEMPLATE_TEXT_MAX; i++)
        buf_char(&long_one, 'a');
    buf_text(&long_one, "\"}}");
    CHECK(made(long_one.data, &mistakes) == NULL);
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(mistakes, 0), "text")), "this has at most 32768 bytes, and none of them is zero");
    json_decref(mistakes);
    /* a subject that grows by its values is cut between characters; a text that outgrows its buffer is an error */
    AUTO(template_free) struct template *t = made(three, &mistakes);
    char name[600];
    for (size_t i = 0; i + 2 < sizeof name; i += 2)
        memcpy(name + i, "\xc5\xbc", 3);
    json_t *values = json_pack("{s:s}", "name", name);
    AUTO(buf_done) struct buf s = BUF(1000), x = BUF(10000), h = BUF(10000), small = BUF(10);
    struct err e;
    CHECK_OK(template_render(t, LANG_EN, values, false, &s, &x, &h, &e), &e);
    CHECK(s.len == TEMPLATE_SUBJECT_MAX && text_is_utf8(s.data, s.len));
    CHECK_CODE(template_render(t, LANG_EN, values, true, NULL, &small, NULL, &e), E_TOO_LARGE, &e);
    json_decref(values);
}
