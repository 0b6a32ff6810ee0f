/* lines_test.c — pieces of any size give the same lines; an answer without its end is an error. */
#include "prog/lines.c"
#include "base/test.h"

struct seen { struct buf text; size_t count; };
static void see(const char *line, size_t len, void *arg) {
    struct seen *s = arg;
    buf_add(&s->text, line, len);
    buf_char(&s->text, '|');
    s->count++;
}

TEST(every_cut_gives_the_same_lines) {
    static const char answer[] = "{\"a\":1}\n\n{\"b\":2}\n{\"ok\":true,\"n\":7}\n";
    struct err e;
    for (size_t step = 1; step < sizeof answer; step++) {
        struct seen s = { .text = BUF(256) };
        AUTO(lines_done) struct lines l = LINES(see, &s);
        for (size_t at = 0; at < sizeof answer - 1; at += step)
            CHECK(lines_take(&l, answer + at, sizeof answer - 1 - at < step ? sizeof answer - 1 - at : step));
        json_t *last = NULL;
        CHECK_OK(lines_end(&l, &last, &e), &e);
        CHECK_INT(json_integer_value(json_object_get(last, "n")), 7);
        CHECK_TEXT(buf_str(&s.text), "{\"a\":1}||{\"b\":2}|");
        json_decref(last);
        buf_done(&s.text);
    }
}

TEST(errors_come_through_and_cut_answers_are_errors) {
    static const struct { const char *text; enum code want; } row[] = {
        { "{\"ok\":false,\"code\":13,\"text\":\"no such tenant\"}\n", E_NOT_FOUND }, { "{\"ok\":false,\"code\":0}\n", E_INTERNAL },
        { "{\"ok\":true}", E_PEER }, { "", E_PEER }, { "{\"line\":1}\n", E_PEER }, { "nonsense\n", E_PEER },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(lines_done) struct lines l = LINES(NULL, NULL);
        struct err e;
        json_t *last = NULL;
        CHECK(lines_take(&l, row[i].text, strlen(row[i].text)));
        CHECK_CODE(lines_end(&l, &last, &e), row[i].want, &e);
        CHECK(last == NULL);
    }
}
