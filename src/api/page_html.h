/* page_html.h — the texts of all pages, and the frame that every page stands in: head, operator, languages, foot.
 * Pure: nothing is looked up. Thread-safe. Everything foreign is escaped here or by say_html. */
#pragma once
#include "base/say.h"

enum text {
#define TEXT(id, en, pl, hu) TEXT_##id,
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
    TEXTS
};
const char *text_in(enum text id, enum lang lang);
/* What a button says that moves a state to that option; NULL: no word of its own. */
const char *move_word(const char *option, enum lang lang);

/* The sentence of a text with its places filled, escaped. */
#define PUT(ret, lang, id, ...) say_html((ret), text_in(TEXT_##id, (lang)), SAY_ARGS(__VA_ARGS__))
#define PUT_TEXT(ret, lang, id) buf_html((ret), text_in(TEXT_##id, (lang)))

struct page {
    enum lang lang;
    unsigned speaks;                  /* languages offered, bits 1 << lang; 0: no switch (what was typed would be lost) */
    const char *title;                /* plain text */
    const char *path;                 /* of this page without its query: for the switch */
    const char *query;                /* "&show=kept", what the switch keeps of the query; NULL */
    const char *service;              /* name, for the link to its promises; NULL: none */
    const char *operator;             /* name in the head; NULL: none */
    bool logo;                        /* /static/logo is there */
    bool framed;                      /* inside another site: no head */
    bool wide;                        /* the page of promises */
    bool index;                       /* the page of all services */
    bool script;                      /* it loads /static/passkey.js, and may: the policy of its reply says so */
};
/* The one script of all pages: passkeys cannot do without. */
#define PAGE_SCRIPT "<script src=\"/static/passkey.js\" defer></script>\n"
void page_begin(struct buf *ret, const struct page *p);
void page_end(struct buf *ret, const struct page *p);

/* An address in a page: e-mail as a link to write to, anything else as it stands. */
void put_contact(struct buf *ret, const char *contact);
/* A paragraph whose only place is the contact. */
void put_with_contact(struct buf *ret, enum text id, enum lang lang, const char *contact);
