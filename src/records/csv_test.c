#include "records/csv.c"
#include "base/test.h"

struct text_source { const char *at; size_t left, step; bool cut; };
static ssize_t read_text(void *arg, void *ret, size_t room) {
    struct text_source *t = arg;
    size_t n = t->left < t->step ? t->left : t->step;
    if (n > room)
        n = room;
    if (n == 0)
        return t->cut ? -1 : 0;
    memcpy(ret, t->at, n);
    t->at += n;
    t->left -= n;
    return (ssize_t)n;
}

/* Rows as text: cells between |, rows between /, an error by its name. */
static void shown(const char *text, size_t len, size_t step, struct buf *ret) {
    struct text_source t = { text, len, step, false };
    struct source in = { read_text, &t };
    AUTO(csv_free) struct csv *c = csv_new(&in);
    const struct cell *cells;
    size_t count;
    uint64_t line = 0;
    struct err e;
    buf_cut(ret, 0);
    for (;;) {
        enum code code = csv_row(c, &cells, &count, &line, &e);
        if (code != OK) {
            buf_text(ret, code_name(code));
            return;
        }
        if (count == 0)
            return;
        buf_printf(ret, "%llu:", (unsigned long long)line);
        for (size_t i = 0; i < count; i++) {
            CHECK(cells[i].text[cells[i].len] == 0);
            buf_printf(ret, "%s%s", i == 0 ? "" : "|", cells[i].text);
        }
        buf_char(ret, '/');
    }
}

TEST(rows_as_people_write_them) {
    static const struct { const char *in, *want; } row[] = {
        { "a,b\n1,2\n", "1:a|b/2:1|2/" },
        { "a,b\r\n1,2", "1:a|b/2:1|2/" },
        { "\xef\xbb\xbf" "a;b\n1;2,5\n", "1:a|b/2:1|2,5/" },
        { "a\tb\n1\t\n", "1:a|b/2:1|/" },
        { "a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", "1:a|b/2:x,y|say \"hi\"/" },
        { "a,b\n\"two\nlines\",2\n3,4\n", "1:a|b/2:two\nlines|2/4:3|4/" },
        { "a,b\n\n\n1,2\n", "1:a|b/4:1|2/" },
        { "\n\r\na;b\n1;2\n", "3:a|b/4:1|2/" },
        { "a,b\nx\"y,2\n", "1:a|b/2:x\"y|2/" },
        { "a,b\n,\n", "1:a|b/2:|/" },
        { "\"a;b\",c\n", "1:a;b|c/" },
        { "a,b\n\"never closed", "1:a|b/E_INVALID" },
        { "", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        for (size_t step = 1; step < 20; step += 6) {
            AUTO(buf_done) struct buf b = BUF(4096);
            shown(row[i].in, strlen(row[i].in), step, &b);
            CHECK_TEXT(buf_str(&b), row[i].want);
        }
    AUTO(buf_done) struct buf b = BUF(4096);
    shown("a,b\n1\0,2\n", 9, 100, &b);
    CHECK_TEXT(buf_str(&b), "1:a|b/E_INVALID");
}

TEST(a_row_too_long_is_passed_over) {
    size_t len = CSV_ROW_MAX + 5000;
    char *text = mem_new(len + 20);
    memset(text, 'x', len);
    memcpy(text, "a,b\n", 4);
    memcpy(text + len, "\n1,2\n", 6);
    struct text_source t = { text, len + 5, 70000, false };
    struct source in = { read_text, &t };
    AUTO(csv_free) struct csv *c = csv_new(&in);
    const struct cell *cells;
    size_t count;
    uint64_t line;
    struct err e;
    CHECK_OK(csv_row(c, &cells, &count, &line, &e), &e);
    CHECK_CODE(csv_row(c, &cells, &count, &line, &e), E_TOO_LARGE, &e);
    CHECK_INT(line, 2);
    CHECK_OK(csv_row(c, &cells, &count, &line, &e), &e);
    CHECK(line == 3 && count == 2 && strcmp(cells[1].text, "2") == 0);
    mem_free(text);
}

TEST(lines_of_any_text) {
    struct text_source t = { "{\"a\":1}\r\n\n{\"b\":2}", 17, 3, false };
    struct source in = { read_text, &t };
    AUTO(csv_free) struct csv *c = csv_new(&in);
    const char *text;
    size_t len;
    uint64_t line;
    struct err e;
    CHECK_OK(csv_line(c, &text, &len, &line, &e), &e);
    CHECK(line == 1 && len == 7 && memcmp(text, "{\"a\":1}", 7) == 0);
    CHECK_OK(csv_line(c, &text, &len, &line, &e), &e);
    CHECK(line == 3 && len == 7 && memcmp(text, "{\"b\":2}", 7) == 0);
    CHECK_OK(csv_line(c, &text, &len, &line, &e), &e);
    CHECK(text == NULL);
}

TEST(cells_come_back_and_are_no_formulas) {
    static const struct { const char *in, *out; } row[] = {
        { "plain", "plain" }, { "a,b", "\"a,b\"" }, { "say \"hi\"", "\"say \"\"hi\"\"\"" }, { "two\nlines", "\"two\nlines\"" }, { "", "" },
        { "=1+1", "'=1+1" }, { "@x", "'@x" }, { "-x,y", "\"'-x,y\"" }, { " x", "\" x\"" }, { "a;b", "\"a;b\"" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf b = BUF(1000), whole = BUF(1000);
        csv_put(&b, row[i].in, strlen(row[i].in), true);
        CHECK_TEXT(buf_str(&b), row[i].out);
        buf_printf(&whole, "h,k\n%s,2\n", buf_str(&b));
        struct text_source t = { whole.data, whole.len, 50, false };
        struct source in = { read_text, &t };
        AUTO(csv_free) struct csv *c = csv_new(&in);
        const struct cell *cells;
        size_t count;
        uint64_t line;
        struct err e;
        CHECK_OK(csv_row(c, &cells, &count, &line, &e), &e);
        CHECK_OK(csv_row(c, &cells, &count, &line, &e), &e);
        struct cell one = cells[0];
        csv_unguard(&one);
        CHECK_TEXT(one.text, row[i].in);
    }
}
