/* markup_put.c — rendering; see markup.h. A value goes through value_clean first, whichever form is made: then it holds no control character but
 * line ends, and those never begin a line of the text with something else than two spaces. */
#include <stdio.h>
#include <string.h>

#include "messages/markup_int.h"
#include "wire/mailbox.h"

#define TARGET_MAX 4000u
#define VALUE_MAX 100000u

struct putting {
    const struct markup *m;
    enum markup_form form;
    const struct markup_values *values;
    struct buf *ret;
    int open;                                /* enum mark_kind of the open block; -1 */
    bool list, button;                       /* in HTML: a list is open; this paragraph is one link */
};

/* ---- values */

/* Decodes one character; 0 for bytes that are none, of which one is used up. */
static uint32_t point(const unsigned char **p) {
    const unsigned char *s = *p;
    int more = *s < 0x80 ? 0 : (*s & 0xe0) == 0xc0 ? 1 : (*s & 0xf0) == 0xe0 ? 2 : (*s & 0xf8) == 0xf0 ? 3 : -1;
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    uint32_t c = more <= 0 ? *s : *s & (0x3fu >> more);
    *p = s + 1;
    if (more < 0)
        return 0;
    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    *p = s + 1 + more;
    return c;
}

/* Turns the direction of writing or hides what follows: none of a value's business. */
static bool steers(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x061c || c == 0xfeff
           || (c >= 0xe0000 && c <= 0xe007f) || c == 0xfffe || c == 0xffff;
}

/* Trimmed; runs of line ends are one '\n', other white space as it is. */
static void value_clean(const char *value, struct buf *ret) {
    bool line = false, space = false;
    for (const unsigned char *p = (const unsigned char *)value; *p != 0;) {
        const unsigned char *from = p;
        uint32_t c = point(&p);
        if (c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029 || c == 0x0b || c == 0x0c) {
            line = true;
        } else if (c == ' ' || c == '\t') {
            space = true;
        } else if (c != 0 && !steers(c)) {
            if (ret->len > 0 && (line || space))
                buf_char(ret, line ? '\n' : ' ');
            line = space = false;
            buf_add(ret, from, (size_t)(p - from));
        }
    }
}

static void value_of(const struct putting *p, const struct mark *k, struct buf *ret) {
    const char *value = p->values->get(p->values->arg, mark_text(p->m, k));
    if (value != NULL)
        value_clean(value, ret);
    if (ret->failed)
        buf_fail(p->ret);
}

/* ---- words */

static void html_put(struct buf *ret, const char *text) {
    for (; *text != 0; text++)
        if (*text == '\n')
            buf_text(ret, "<br>");
        else
            buf_html(ret, (char[]){ *text, 0 });
}

static void words_put(const struct putting *p, const char *text) {
    for (; *text != 0 && p->form != MARKUP_HTML; text++)
        if (*text == '\n')
            buf_text(p->ret, p->form == MARKUP_TEXT ? "\n  " : " ");
        else
            buf_char(p->ret, *text);
    if (p->form == MARKUP_HTML)
        html_put(p->ret, text);
}

/* ---- addresses of links */

static void percent_put(struct buf *ret, const char *text, bool mailbox) {
    static const char hex[] = "0123456789ABCDEF";
    for (const unsigned char *s = (const unsigned char *)text; *s != 0; s++) {
        bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || strchr("-._~", *s) != NULL || (mailbox && *s == '@');
        if (plain)
            buf_char(ret, (char)*s);
        else
            buf_add(ret, (const char[]){ '%', hex[*s >> 4], hex[*s & 15] }, 3);
    }
}

/* An address of a page that a value is as a whole: https and nothing that could end it. */
static bool is_page(const char *text) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%";
    return strncmp(text, "https://", 8) == 0 && text[8] != 0 && text[strspn(text, plain)] == 0;
}

/* From behind MARK_LINK to MARK_LINK_WORDS, which is *ret_next. False: what the values make is no address. */
static bool target_make(const struct putting *p, size_t from, struct buf *ret, size_t *ret_next) {
    bool fine = true;
    size_t i = from;
    for (; p->m->marks[i].kind != MARK_LINK_WORDS; i++) {
        const struct mark *k = &p->m->marks[i];
        AUTO(buf_done) struct buf value = BUF(VALUE_MAX);
        bool utf8, whole = i > from && strcmp(buf_str(ret), "mailto:") == 0;
        if (k->kind == MARK_WORDS) {
            buf_text(ret, mark_text(p->m, k));
            continue;
        }
        value_of(p, k, &value);
        if (k->address) {
            fine = fine && is_page(buf_str(&value));
            buf_text(ret, buf_str(&value));
        } else {
            fine = fine && (!whole || (mailbox_valid(buf_str(&value), &utf8) && !utf8));
            percent_put(ret, buf_str(&value), whole);
        }
    }
    *ret_next = i;
    return fine && !ret->failed;
}

static void anchor_begin(const struct putting *p, const char *target) {
    buf_text(p->ret, "<a href=\"");
    buf_html(p->ret, target);
    buf_text(p->ret, p->button ? "\" class=\"button\" style=\"display:inline-block;padding:12px 20px;border-radius:4px;font-weight:600;text-decoration:none\">" : "\" style=\"text-decoration:underline\">");
}

static void put_marks(struct putting *p, size_t from, size_t to);

/* At MARK_LINK; *i: its MARK_LINK_END afterwards. A link without an address is its words. */
static void link_put(struct putting *p, size_t *i) {
    AUTO(buf_done) struct buf target = BUF(TARGET_MAX);
    size_t words = 0, end;
    bool fine = target_make(p, *i + 1, &target, &words);
    for (end = words; p->m->marks[end].kind != MARK_LINK_END; end++)
        ;
    if (fine && p->form == MARKUP_HTML)
        anchor_begin(p, buf_str(&target));
    put_marks(p, words + 1, end);
    if (fine && p->form == MARKUP_HTML)
        buf_text(p->ret, "</a>");
    else if (fine) {
        const char *shown = strncmp(buf_str(&target), "mailto:", 7) == 0 ? buf_str(&target) + 7 : buf_str(&target);
        buf_printf(p->ret, p->form == MARKUP_SMS ? " %s" : " <%s>", shown);
    }
    *i = end;
}

/* A value on its own: an address of a page is a link in HTML. */
static void value_put(const struct putting *p, const struct mark *k) {
    AUTO(buf_done) struct buf value = BUF(VALUE_MAX);
    value_of(p, k, &value);
    bool page = k->address && is_page(buf_str(&value));
    if (k->address && !page)
        return;
    if (page && p->form == MARKUP_HTML)
        anchor_begin(p, buf_str(&value));
    words_put(p, buf_str(&value));
    if (page && p->form == MARKUP_HTML)
        buf_text(p->ret, "</a>");
}

/* ---- blocks */

static const struct { const char *begin, *end; } blocks[] = {
    [MARK_HEADING] = { "<h1 style=\"margin:0 0 12px;font-size:22px;line-height:1.3;font-weight:650\">", "</h1>\n" },
    [MARK_PARAGRAPH] = { "<p style=\"margin:0 0 16px\">", "</p>\n" },
    [MARK_ITEM] = { "<li style=\"margin:0 0 6px\">", "</li>\n" },
};

static void block_end(struct putting *p) {
    if (p->open >= 0 && p->form == MARKUP_HTML)
        buf_text(p->ret, blocks[p->open].end);
    p->button = false;
}

static void list_end(struct putting *p) {
    if (p->list)
        buf_text(p->ret, "</ul>\n");
    p->list = false;
}

/* Is the block that begins here one link and nothing else? The way off a list is no button: that is for what the letter is about. */
static bool is_one_link(const struct markup *m, size_t i) {
    if (m->marks[i].kind != MARK_PARAGRAPH || i + 1 >= m->count || m->marks[i + 1].kind != MARK_LINK)
        return false;
    if (m->marks[i + 2].kind == MARK_VALUE && strcmp(mark_text(m, &m->marks[i + 2]), "unsubscribe") == 0)
        return false;
    for (i += 2; m->marks[i].kind != MARK_LINK_END; i++)
        ;
    return i + 1 == m->count || m->marks[i + 1].kind <= MARK_ITEM;
}

static void block_put(struct putting *p, size_t i) {
    enum mark_kind kind = p->m->marks[i].kind;
    block_end(p);
    if (kind != MARK_ITEM)
        list_end(p);
    p->button = is_one_link(p->m, i);
    if (p->form == MARKUP_HTML) {
        if (kind == MARK_ITEM && !p->list) {
            buf_text(p->ret, "<ul style=\"margin:0 0 16px;padding:0 0 0 22px\">\n");
            p->list = true;
        }
        buf_text(p->ret, blocks[kind].begin);
    } else {
        if (p->open >= 0)
            buf_text(p->ret, p->form == MARKUP_LINE ? " " : p->form == MARKUP_SMS || (kind == MARK_ITEM && p->open == MARK_ITEM) ? "\n" : "\n\n");
        if (kind == MARK_ITEM)
            buf_text(p->ret, "- ");
    }
    p->open = (int)kind;
}

static void put_marks(struct putting *p, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        const struct mark *k = &p->m->marks[i];
        bool html = p->form == MARKUP_HTML;
        if (k->kind <= MARK_ITEM)
            block_put(p, i);
        else if (k->kind == MARK_BREAK)
            buf_text(p->ret, html ? "<br>\n" : p->form == MARKUP_LINE ? " " : p->form == MARKUP_TEXT && p->open == MARK_ITEM ? "\n  " : "\n");
        else if (k->kind == MARK_WORDS)
            words_put(p, mark_text(p->m, k));
        else if (k->kind == MARK_VALUE)
            value_put(p, k);
        else if (k->kind == MARK_LINK)
            link_put(p, &i);
        else if (html)
            buf_text(p->ret, k->kind == MARK_STRONG ? "<strong>" : "</strong>");
    }
}

void markup_put(const struct markup *m, enum markup_form form, const struct markup_values *values, struct buf *ret) {
    PRE(m != NULL && values != NULL && ret != NULL);
    struct putting p = { .m = m, .form = form, .values = values, .ret = ret, .open = -1 };
    put_marks(&p, 0, m->count);
    block_end(&p);
    list_end(&p);
    if (form == MARKUP_TEXT)
        buf_char(ret, '\n');
}
