/* template.h — texts of messages: one source for plain text and HTML, in one or more languages, with values of the record. The source is a small
 * language: paragraphs, "# heading", "- item", **strong**, [words](https://…), and {{field}}, {{parent.field}}, {{link}}. Every value is
 * escaped for where it stands: text, HTML, an attribute, an address of a link, a header. Rendering is pure; thread-safe. */
#pragma once
#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/lang.h"

struct template;
/* {"pl": {"subject": "…", "text": "…"}, …}; E_FIELDS: *ret_mistakes as [{path, text}]: a value that no field gives, a link that is no https or mailto, a subject of two lines.
 * names: what {{…}} may name, ended by NULL. */
MUST_USE enum code template_read(const json_t *source, const char *const *names, struct template **ret, json_t **ret_mistakes, struct err *reterr);
struct template *template_free(struct template *t);
DEFINE_AUTO(struct template, template_free)
/* values: {name: text}, already in the reader's language; a missing one is empty. lang: the nearest that there is. ret_…: appended. sms: ret_text alone, without marks of the language. */
MUST_USE enum code template_render(const struct template *t, enum lang lang, const json_t *values, bool sms, struct buf *ret_subject, struct buf *ret_text, struct buf *ret_html, struct err *reterr);
