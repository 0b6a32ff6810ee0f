/* compose.h — the text of a message, made anew at each try, and the mail around it. Thread-safe; compose_texts blocks, compose_mail does not. */
#pragma once
#include "messages/dkim.h"
#include "messages/mail_page.h"
#include "messages/outgoing.h"
#include "messages/templates.h"
#include "records/record.h"

/* Fills lang, subject, text, html (blocks; compose_mail puts the page around them) and link of *ret. rec: opened. Of a text message text alone.
 * E_GONE: its template or what was sealed with it is not there any more, so the message ends. */
MUST_USE enum code compose_texts(struct service *s, int64_t tenant, const struct letter_row *r, struct record *rec, struct outgoing *ret, struct err *reterr);
/* The same of a text, and values that came with it (or NULL). channel: which of its forms. Links are made where the text has them. */
struct compose_ask { struct service *service; int64_t tenant; const struct text_ready *text; enum channel channel; enum lang lang; struct record *record; struct arena *arena; const json_t *values;
                     const char *leave; /* the page by which the person leaves the list; NULL: none */
                     usec_t reminds; /* the instant of a reminder; 0: it is none */ bool to_measure; /* how long it will be: no link is made */
                     struct link_ready *later; /* what is to be stored when the text goes, so that the private link in it opens something; NULL: it is stored now */ };
MUST_USE enum code compose_record(const struct compose_ask *a, struct buf *ret_subject, struct buf *ret_text, struct buf *ret_html, struct err *reterr);

/* How mail of this instance looks and is signed. */
struct compose_way { const char *from, *from_name; struct mail_brand brand; const struct dkim *dkim; /* NULL: not signed */ };
/* A letter as mime_put makes it, signed; dkim NULL: not. Appended. */
struct mime_letter;
MUST_USE enum code mail_signed(const struct dkim *d, const struct mime_letter *l, struct buf *ret, struct err *reterr);
/* A whole message after RFC 5322, signed. E_INVALID: an address that cannot stand in a header. */
MUST_USE enum code compose_mail(const struct compose_way *w, const struct letter_row *r, const struct outgoing *o, struct buf *ret_message, struct err *reterr);
