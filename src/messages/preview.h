/* preview.h — a look at a text before it goes. Thread-safe; blocks. */
#pragma once
#include "messages/mail_page.h"
#include "messages/templates.h"

/* body: {id?, kind?, lang?, values?, version?}. With a record of the tenant: its values as far as the caller sees them, and no further than its person would;
 * without one invented values. No link in it leads anywhere. *ret: {lang, subject, text, html}, or of a text message {lang, text, encoding, parts, units}. */
MUST_USE enum code template_preview(struct service *s, const struct caller *who, const char *name, json_t *body, const struct mail_brand *brand, json_t **ret, struct err *reterr);
