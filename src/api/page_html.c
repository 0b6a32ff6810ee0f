/* page_html.c — the frame of pages. The file of style and the colours are the only things a page loads. */
#include "api/page_html.h"

#include <string.h>


static const struct words texts[TEXTS] = {
#define TEXT(id, en, pl, hu) [TEXT_##id] = WORDS(en, pl, hu),
#define MOVE(option, en, pl, hu)
#include "api/texts_page.tbl"
#include "api/texts_form.tbl"
#include "api/texts_notice.tbl"
#include "api/texts_link.tbl"
#include "api/texts_consent.tbl"
#include "api/texts_account.tbl"
#include "api/texts_rights.tbl"
#include "api/texts_with.tbl"
#include "api/texts_versions.tbl"
#include "api/texts_due.tbl"
#include "api/texts_leave.tbl"
#undef TEXT
#undef MOVE
};
static const struct { const char *option; struct words words; } moves[] = {
#define TEXT(id, en, pl, hu)
#define MOVE(option, en, pl, hu) { option, WORDS(en, pl, hu) },
#include "api/texts_link.tbl"
#undef TEXT
#undef MOVE
};
static const char *const language_names[LANG_COUNT] = { "English", "Polski", "Magyar" };

const char *text_in(enum text id, enum lang lang) {
    PRE(id < TEXTS && lang < LANG_COUNT);
    return texts[id].in[lang];
}

const char *move_word(const char *option, enum lang lang) {
    for (size_t i = 0; i < ARRAY_LEN(moves); i++)
        if (strcmp(moves[i].option, option) == 0)
            return moves[i].words.in[lang];
    return NULL;
}

static void put_switch(struct buf *ret, const struct page *p) {
    if ((p->speaks & (p->speaks - 1)) == 0)    /* fewer than two */
        return;
    buf_text(ret, "<nav class=\"languages\" aria-label=\"");
    PUT_TEXT(ret, p->lang, LANGUAGE);
    buf_text(ret, "\"><ul>\n");
    for (int l = 0; l < LANG_COUNT; l++) {
        if ((p->speaks & 1u << l) == 0)
            continue;
        const char *code = lang_code((enum lang)l);
        buf_printf(ret, "<li><a lang=\"%s\" hreflang=\"%s\" href=\"", code, code);
        buf_html(ret, p->path);
        buf_printf(ret, "?lang=%s", code);
        buf_html(ret, p->query == NULL ? "" : p->query);
        buf_printf(ret, "\"%s>%s</a></li>\n", (enum lang)l == p->lang ? " aria-current=\"true\"" : "", language_names[l]);
    }
    buf_text(ret, "</ul></nav>\n");
}

void page_begin(struct buf *ret, const struct page *p) {
    buf_printf(ret, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
               "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n<title>", lang_code(p->lang));
    buf_html(ret, p->title);
    buf_text(ret, "</title>\n<link rel=\"stylesheet\" href=\"/static/style.css\">\n<link rel=\"stylesheet\" href=\"/static/theme.css\">\n"
             "<link rel=\"icon\" href=\"/static/icon.svg\" type=\"image/svg+xml\">\n");
    buf_printf(ret, "%s</head>\n", p->script ? PAGE_SCRIPT : "");
    buf_printf(ret, "<body class=\"%s%s\">\n", p->framed ? "framed" : "whole", p->wide ? " wide" : "");
    buf_text(ret, "<a class=\"skip\" href=\"#main\">");
    PUT_TEXT(ret, p->lang, SKIP);
    buf_text(ret, "</a>\n<header class=\"head\">\n");
    if (!p->framed && (p->logo || p->operator != NULL)) {
        buf_text(ret, "<p class=\"operator\">");
        if (p->logo)
            buf_text(ret, "<img src=\"/static/logo\" alt=\"\">");
        if (p->operator != NULL) {
            buf_text(ret, "<span>");
            buf_html(ret, p->operator);
            buf_text(ret, "</span>");
        }
        buf_text(ret, "</p>\n");
    }
    put_switch(ret, p);
    buf_text(ret, "</header>\n<main id=\"main\">\n");
}

void page_end(struct buf *ret, const struct page *p) {
    if (p->service == NULL && (p->index || p->framed)) {       /* nowhere else to go */
        buf_text(ret, "</main>\n</body>\n</html>\n");
        return;
    }
    buf_text(ret, "</main>\n<footer class=\"foot\">\n<ul>\n");
    if (p->service != NULL) {
        buf_text(ret, "<li><a href=\"/s/");
        buf_html(ret, p->service);
        buf_printf(ret, "?lang=%s\"%s>", lang_code(p->lang), p->framed ? " target=\"_blank\" rel=\"noopener\"" : "");
        PUT_TEXT(ret, p->lang, FOOT_PROMISES);
        buf_text(ret, "</a></li>\n");
    }
    if (!p->framed) {
        buf_printf(ret, "<li><a href=\"/?lang=%s\">", lang_code(p->lang));
        PUT_TEXT(ret, p->lang, FOOT_ALL);
        buf_text(ret, "</a></li>\n");
    }
    buf_text(ret, "</ul>\n</footer>\n</body>\n</html>\n");
}

void put_contact(struct buf *ret, const char *contact) {
    bool mail = contact != NULL && strchr(contact, '@') != NULL && strpbrk(contact, " ,<>\"") == NULL;
    if (contact == NULL)
        return;
    if (!mail) {
        buf_html(ret, contact);
        return;
    }
    buf_text(ret, "<a href=\"mailto:");
    buf_html(ret, contact);
    buf_text(ret, "\">");
    buf_html(ret, contact);
    buf_text(ret, "</a>");
}

void put_with_contact(struct buf *ret, enum text id, enum lang lang, const char *contact) {
    const char *pattern = text_in(id, lang), *place = strstr(pattern, "{1}");
    AUTO(buf_done) struct buf before = BUF(1024);
    PRE(place != NULL);
    buf_add(&before, pattern, (size_t)(place - pattern));
    buf_text(ret, "<p>");
    buf_html(ret, buf_str(&before));
    put_contact(ret, contact);
    buf_html(ret, place + 3);
    buf_text(ret, "</p>\n");
}
