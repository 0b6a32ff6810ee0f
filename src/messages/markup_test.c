/* markup_test.c — what the small language says, its mistakes word for word, and that no value becomes anything but text. */
#include "messages/markup.c"
#include "messages/markup_put.c"
#include "base/test.h"

static const struct markup_name names[] = { { "name", false }, { "event.title", false }, { "email", false }, { "link", true }, { "unsubscribe", true } };

struct told { char text[400]; int line, column, count; };
static void tell(void *arg, int line, int column, const char *text) {
    struct told *t = arg;
    if (t->count++ > 0)
        return;
    t->line = line;
    t->column = column;
    snprintf(t->text, sizeof t->text, "%s", text);
}

struct values { const char *name, *title, *email, *link; };
static const char *get(void *arg, const char *name) {
    const struct values *v = arg;
    return strcmp(name, "name") == 0 ? v->name : strcmp(name, "email") == 0 ? v->email : strcmp(name, "link") == 0 || strcmp(name, "unsubscribe") == 0 ? v->link : v->title;
}

static struct markup *read_as(const char *source, bool subject, struct told *ret) {
    struct markup *m = NULL;
    struct err e;
    const struct markup_rules rules = { names, ARRAY_LEN(names), subject };
    *ret = (struct told){ .count = 0 };
    enum code code = markup_read(source, &rules, tell, ret, &m, &e);
    CHECK(code == (ret->count > 0 ? E_FIELDS : OK) && (m != NULL) == (code == OK));
    return m;
}

static void put_as(const char *source, enum markup_form form, struct values *v, struct buf *ret) {
    struct told told;
    AUTO(markup_free) struct markup *m = read_as(source, form == MARKUP_LINE, &told);
    if (m == NULL)
        fprintf(stderr, "%s: %s\n", source, told.text);
    CHECK(m != NULL);
    const struct markup_values values = { get, v };
    markup_put(m, form, &values, ret);
    CHECK(!ret->failed);
}

static struct values plain = { "Jan", "Autumn fair", "jan@people.example", "https://seats.example/p/events/abc" };

TEST(one_source_makes_text_and_html) {
    static const struct { enum markup_form form; const char *source, *want; } rows[] = {
        { MARKUP_TEXT, "# Hello {{name}}\nYou have a **seat**.\nCome early.\n\n- one\n- two\n  more\n\nBye", "Hello Jan\n\nYou have a seat.\nCome early.\n\n- one\n- two\n  more\n\nBye\n" },
        { MARKUP_SMS, "# Hello {{name}}\nSeat: [your page]({{link}})\n\nBye", "Hello Jan\nSeat: your page https://seats.example/p/events/abc\nBye" },
        { MARKUP_TEXT, "[Write](mailto:door@seats.example) or [look](https://seats.example/a?b={{name}}&c=1).", "Write <door@seats.example> or look <https://seats.example/a?b=Jan&c=1>.\n" },
        { MARKUP_TEXT, "[Write](mailto:{{email}})", "Write <jan@people.example>\n" },
        { MARKUP_TEXT, "{{ link }}", "https://seats.example/p/events/abc\n" },
        { MARKUP_TEXT, "\\*\\*a\\*\\* \\[b] \\{\\{c}\\} \\# \\\\ \\x", "**a** [b] {{c}} # \\ \\x\n" },
        { MARKUP_TEXT, "\\# no heading\n\\- no item", "# no heading\n- no item\n" },
        { MARKUP_LINE, "{{event.title}}: **your** [seat] # 1", "Autumn fair: **your** [seat] # 1" },
        { MARKUP_HTML, "a **b** <c> & \"d\"", "<p style=\"margin:0 0 16px\">a <strong>b</strong> &lt;c&gt; &amp; &quot;d&quot;</p>\n" },
        { MARKUP_HTML, "a\r\nb\r\n\r\nc", "<p style=\"margin:0 0 16px\">a<br>\nb</p>\n<p style=\"margin:0 0 16px\">c</p>\n" },
        { MARKUP_HTML, "See [it](https://seats.example/?a=1&b=2) now", "<p style=\"margin:0 0 16px\">See <a href=\"https://seats.example/?a=1&amp;b=2\" style=\"text-decoration:underline\">it</a> now</p>\n" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf b = BUF(10000);
        put_as(rows[i].source, rows[i].form, &plain, &b);
        CHECK_TEXT(buf_str(&b), rows[i].want);
    }
    AUTO(buf_done) struct buf list = BUF(10000);
    put_as("- a\n- b\nc\n\n[Open]({{link}})", MARKUP_HTML, &plain, &list);
    CHECK(strstr(list.data, "<ul") != NULL && strstr(list.data, "</ul>\n<p") != NULL && strstr(list.data, "class=\"button\"") != NULL);
    AUTO(buf_done) struct buf leave = BUF(10000);
    put_as("[No more of this]({{unsubscribe}})", MARKUP_HTML, &plain, &leave);
    CHECK(strstr(leave.data, "<a href=\"https://seats.example/p/events/abc\"") != NULL && strstr(leave.data, "button") == NULL);
}

TEST(says_where_a_mistake_is_and_how_to_mend_it) {
    static const struct { const char *source; bool subject; int line, column; const char *want; } rows[] = {
        { "Hello {{nmae}}", false, 1, 7, "there is no value \"nmae\"; is {{name}} meant?" },
        { "żółć {{pesel}}", false, 1, 6, "there is no value \"pesel\"; name a field that the person itself sees, as {{name}} or {{parent.field}}" },
        { "a\n\n  {{name", false, 3, 3, "{{ is not closed in its line; write }} behind the name, or \\{ for a brace" },
        { "{{Name}}", false, 1, 1, "a value is named by small letters, digits, _ and a dot: {{name}}, {{parent.field}}" },
        { "a }} b", false, 1, 3, "}} closes nothing; write {{ before the name, or \\} for a brace" },
        { "**a", false, 1, 1, "** is not closed in its line; write ** behind the words, or \\* for a star" },
        { "****", false, 1, 1, "there are no words between ** and **" },
        { "**a [b](https://x.example) c**", false, 1, 5, "a link stands in another mark; close that one before it" },
        { "[a **b** c](https://x.example)", false, 1, 4, "** stands in another mark; close that one before it" },
        { "Hi ![a](https://x.example/p.gif)", false, 1, 5, "an image would be loaded from elsewhere and tell who reads when, so a mail has none; put a space between ! and [ where words are meant" },
        { "[a]", false, 1, 1, "this is no whole link: write [words](https://…) in one line, or \\[ for a bracket" },
        { "[a](https://x.example", false, 1, 1, "this is no whole link: write [words](https://…) in one line, or \\[ for a bracket" },
        { "[](https://x.example)", false, 1, 1, "this link has no words between [ and ]" },
        { "[a](http://x.example)", false, 1, 5, "a link leads to https:// and a host, to mailto: and an address, or to one value alone, as in [words]({{link}})" },
        { "[a](javascript:x)", false, 1, 5, "a link leads to https:// and a host, to mailto: and an address, or to one value alone, as in [words]({{link}})" },
        { "[a](https://x{{name}}.example/)", false, 1, 5, "a link leads to https:// and a host, to mailto: and an address, or to one value alone, as in [words]({{link}})" },
        { "[a](https://x.example@y.example/)", false, 1, 5, "a link leads to https:// and a host, to mailto: and an address, or to one value alone, as in [words]({{link}})" },
        { "[a]({{name}})", false, 1, 5, "a link leads to https:// or mailto: before its values" },
        { "[a]({{link}}x)", false, 1, 5, "this value is a whole address: nothing stands beside it in a link" },
        { "[a](https://x.example/{{link}})", false, 1, 23, "this value is a whole address: write it alone, as in [words]({{link}})" },
        { "[a](https://x.example/ \"b\")", false, 1, 23, "this cannot stand in the address of a link; write it percent-encoded" },
        { "[{{link}}](https://x.example/)", false, 1, 2, "this value is a link itself; write words in its place" },
        { "#a", false, 1, 1, "a heading is \"# \" and words; there is one rank of headings, and \\# is a mere #" },
        { "## a", false, 1, 1, "a heading is \"# \" and words; there is one rank of headings, and \\# is a mere #" },
        { "a\nb", true, 2, 1, "a subject is one line" },
        { "a\rb", true, 2, 1, "a subject is one line" },
        { "a\x01", false, 1, 1, "this is not UTF-8, or holds control characters" },
        { "a\rb", false, 1, 1, "this is not UTF-8, or holds control characters" },
        { "\xff", false, 1, 1, "this is not UTF-8, or holds control characters" },
        { " \n ", false, 1, 1, "there is nothing to read here" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct told t;
        CHECK(read_as(rows[i].source, rows[i].subject, &t) == NULL);
        CHECK_TEXT(t.text, rows[i].want);
        CHECK_INT(t.line, rows[i].line);
        CHECK_INT(t.column, rows[i].column);
    }
}

TEST(a_text_has_bounds) {
    AUTO(buf_done) struct buf b = BUF(200000);
    struct told t;
    for (int i = 0; i < 12000; i++)
        buf_text(&b, "{{name}} ");
    CHECK(read_as(b.data, false, &t) == NULL);
    CHECK_TEXT(t.text, "this text has too many marks");
}

/* ---- no value is anything but text */

static const char *const hostile[] = {
    "\"><script>alert(1)</script>", "' onmouseover='x", "a\r\nBcc: x@y.example", "a\n\n.\n\nb", "{{link}}", "**b**", "[a](https://evil.example)", "# h", "- i", "</p></a>", "<!--", "&lt;", "%22%3e",
    "\xe2\x80\xaex", "\xff\xfe<", "\xc0\xbc", "\xe2\x80\xa8x", "javascript:alert(1)", "https://evil.example/\"><b>", "data:text/html,x", "\x1b[2J", "\x7f\x01", "\\", "\\[", "&#106;avascript:", "a b\tc", "", " ", "://", "?a=b#c", "../..", "ż", "x@y.example\nCc: z",
};

/* The tags of it, without what stands in href, one behind another; a line break is a value's right. */
static void tags(const char *html, struct buf *ret) {
    for (const char *p = html; *p != 0; p++) {
        if (*p == '>' || *p == '"')
            CHECK(false);                    /* outside a tag, so it was not escaped */
        if (*p != '<')
            continue;
        size_t n = strcspn(p, ">");
        const char *href = strstr(p, "href=\"");
        CHECK(p[n] == '>');
        if (href != NULL && href < p + n) {
            const char *to = href + 6 + strcspn(href + 6, "\"");
            CHECK(strncmp(href + 6, "https://seats.example/", 22) == 0 || strncmp(href + 6, "mailto:", 7) == 0);
            for (const char *c = href + 6; c < to; c++)
                CHECK((unsigned char)*c > 0x20 && (unsigned char)*c < 0x7f && strchr("<>'\\^`{|}", *c) == NULL);
            buf_add(ret, p, (size_t)(href - p));
            buf_add(ret, to, (size_t)(p + n - to));
        } else if (n != 3 || strncmp(p, "<br", 3) != 0) {
            buf_add(ret, p, n + 1);
        }
        p += n;
    }
}

static const char everything[] = "# H {{name}}\nA {{name}} **{{name}}** [{{name}}](https://seats.example/x?y={{name}}#{{name}}) [w](mailto:door@seats.example?subject={{name}})\n- {{name}}\n- {{link}}\n\n[go]({{link}})";

TEST(no_value_becomes_markup) {
    AUTO(buf_done) struct buf fine = BUF(20000), want = BUF(20000);
    put_as(everything, MARKUP_HTML, &plain, &fine);
    tags(fine.data, &want);
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        struct values v = { hostile[i], hostile[i], hostile[i], plain.link };
        AUTO(buf_done) struct buf html = BUF(40000), got = BUF(40000), line = BUF(4000), text = BUF(40000);
        put_as(everything, MARKUP_HTML, &v, &html);
        tags(html.data, &got);
        CHECK_TEXT(got.data, want.data);
        put_as("S {{name}}", MARKUP_LINE, &v, &line);
        CHECK(strpbrk(line.data, "\r\n") == NULL);
        put_as("x{{name}}\nx{{name}}", MARKUP_TEXT, &v, &text);
        CHECK(strchr(text.data, '\r') == NULL && strstr(text.data, "\n.\n") == NULL && strstr(text.data, "\nBcc") == NULL && strstr(text.data, "\n\n") == NULL);
        for (const char *p = text.data; *p != 0; p++)
            CHECK(*p == '\n' || *p == '\t' || (unsigned char)*p >= 0x20);
        CHECK(text_is_utf8(text.data, text.len) && text_is_utf8(html.data, html.len) && text_is_utf8(line.data, line.len));
    }
}

TEST(an_address_that_is_none_makes_no_link) {
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        struct values v = { "a", "b", hostile[i], hostile[i] };
        AUTO(buf_done) struct buf html = BUF(4000), text = BUF(4000), mail = BUF(4000);
        put_as("a {{link}} [words]({{link}})", MARKUP_HTML, &v, &html);
        CHECK_TEXT(html.data, "<p style=\"margin:0 0 16px\">a  words</p>\n");
        put_as("[words]({{link}})", MARKUP_TEXT, &v, &text);
        CHECK_TEXT(text.data, "words\n");
        put_as("[words](mailto:{{email}})", MARKUP_HTML, &v, &mail);
        CHECK(strstr(mail.data, "<a ") == NULL);
    }
}

TEST(uses_of_values_are_known) {
    struct told t;
    AUTO(markup_free) struct markup *m = read_as("a [b](https://x.example/{{name}}) \\{{link}}", false, &t);
    CHECK(m == NULL);                        /* the braces behind close nothing */
    m = read_as("a [b](https://x.example/{{name}}) \\{\\{link\\}}", false, &t);
    CHECK(m != NULL && markup_uses(m, "name") && !markup_uses(m, "link") && !markup_uses(m, "nam"));
}
