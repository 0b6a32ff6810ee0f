/* ask_test.c — personal texts of commands; no installation is opened. */
#include "prog/ask.c"
#include "base/test.h"

enum code place_open(const char *data UNUSED, const char *config UNUSED, struct place **ret UNUSED, struct err *reterr) { return err_set(reterr, E_NOT_FOUND, "no installation"); }
struct place *place_close(struct place *p UNUSED) { return NULL; }
enum code session_open(struct place *p UNUSED, struct session **ret UNUSED, struct err *reterr) { return err_set(reterr, E_NOT_FOUND, "no installation"); }
struct session *session_close(struct session *s UNUSED) { return NULL; }
enum code session_call(struct session *s UNUSED, json_t *in, const struct source *file UNUSED, line_fn each UNUSED, void *arg UNUSED, json_t **ret UNUSED, struct err *reterr) {
    json_decref(in);
    return err_set(reterr, E_NOT_FOUND, "no installation");
}

/* Standard input says this, and nothing more. */
static void input(const char *text) {
    int p[2];
    CHECK(pipe(p) == 0 && write(p[1], text, strlen(text)) == (ssize_t)strlen(text));
    close(p[1]);
    CHECK(dup2(p[0], STDIN_FILENO) == STDIN_FILENO);
    close(p[0]);
}

TEST(a_personal_word_is_taken_and_wiped) {
    struct err e;
    char word[] = "anna@people.example";
    static const char none[sizeof word];
    AUTO(buf_wipe) struct buf b = BUF(1);
    CHECK_OK(ask_personal(word, "E-mail address", &b, &e), &e);
    CHECK_TEXT(buf_str(&b), "anna@people.example");
    CHECK(memcmp(word, none, sizeof word) == 0);
}

TEST(lines_of_standard_input_are_taken_one_by_one) {
    struct err e;
    AUTO(buf_wipe) struct buf a = BUF(1), b = BUF(1), c = BUF(1), d = BUF(1);
    input("anna@people.example\r\nAnna Żak\n\nlast");
    CHECK_OK(ask_personal("-", "E-mail address", &a, &e), &e);
    CHECK_TEXT(buf_str(&a), "anna@people.example");
    CHECK_OK(ask_personal(NULL, "Name", &b, &e), &e);
    CHECK_TEXT(buf_str(&b), "Anna Żak");
    CHECK_CODE(ask_personal(NULL, "Name", &c, &e), E_USAGE, &e);
    CHECK_TEXT(e.text, "Name: standard input has no line for it");
    CHECK_OK(ask_personal(NULL, "Name", &d, &e), &e);
    CHECK_TEXT(buf_str(&d), "last");
}

TEST(a_line_without_end_is_refused) {
    struct err e;
    AUTO(buf_wipe) struct buf a = BUF(1);
    char text[3 * LINE_MOST];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    input(text);
    CHECK_CODE(ask_personal(NULL, "Name", &a, &e), E_USAGE, &e);
    CHECK_TEXT(e.text, "Name: a line of standard input is too long");
}

TEST(a_request_has_what_was_given) {
    json_t *o = ask_request("user_show", NULL, -1);
    CHECK(json_object_size(o) == 1);
    ask_put(o, "who", NULL);
    CHECK(json_object_size(o) == 1);
    ask_put(o, "who", "x");
    CHECK_TEXT(ask_text(o, "who"), "x");
    CHECK_TEXT(ask_text(o, "other"), "");
    json_decref(o);
    o = ask_request("tenant_close", "events", 7);
    CHECK(json_object_size(o) == 3 && json_integer_value(json_object_get(o, "tenant")) == 7);
    json_decref(o);
}
