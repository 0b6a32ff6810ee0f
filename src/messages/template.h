/* template.h — texts of messages: one source for plain text and HTML, in one or more languages, with values of the record. The source is a small
 * language (markup.h). Every value is escaped for where it stands: text, HTML, an address of a link, a header. Rendering is pure; thread-safe. */
#pragma once
#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/lang.h"

#define TEMPLATE_TEXT_MAX 32768u             /* bytes of a text in one language */
#define TEMPLATE_SUBJECT_MAX 250u            /* of a subject, as written and as it goes out */

/* What {{…}} may name. */
struct template_name { const char *name; bool address /* its value is the address of a page: "link" */, not_in_subject; };

struct template;
/* {"pl": {"subject": "…", "text": "…"}, …}; a text of text messages has no subject. E_FIELDS: *ret_mistakes as [{path, text}], with line and column:
 * a value that no name gives, a link that is no https or mailto, a subject of two lines. names: ended by one without a name; copied. */
MUST_USE enum code template_read(json_t *source, const struct template_name *names, struct template **ret, json_t **ret_mistakes, struct err *reterr);
struct template *template_free(struct template *t);
DEFINE_AUTO(struct template, template_free)
/* Is that name used in any language? */
bool template_uses(const struct template *t, const char *name);
bool template_has_subject(const struct template *t);         /* in every language */
/* The language that is rendered for this one: itself, else English, else any that there is. */
enum lang template_lang(const struct template *t, enum lang lang);
/* values: {name: text}, already in the reader's language; a missing one is empty. ret_…: appended; the HTML is blocks for mail_page (mail_page.h).
 * sms: ret_text alone, and of a link its words and its address. The buffers may be the caller's of any maximum: E_TOO_LARGE when one is too small. */
MUST_USE enum code template_render(const struct template *t, enum lang lang, json_t *values, bool sms, struct buf *ret_subject, struct buf *ret_text, struct buf *ret_html, struct err *reterr);
