/* templates.h — the texts of a tenant's messages: put by name, kept by version, looked at before they go. What one says is sealed; a version is never
 * changed, so a letter says what it named. Thread-safe; blocks. */
#pragma once
#include "messages/template.h"
#include "records/records.h"

/* A text ready to be rendered, of a kind; shared, and given back by text_ready_free. */
struct text_ready { struct template *template; int kind; struct text_slot *slot; };
void text_ready_free(struct text_ready *r);
DEFINE_AUTO_VALUE(struct text_ready, text_ready_free)
/* A version by its number, ended or not. E_GONE: it is not there, or names what the charter has no more. */
MUST_USE enum code text_open(struct service *s, int64_t tenant, int64_t number, struct text_ready *ret, struct err *reterr);
/* One that only this message has, in whatever language its reader has; subject NULL: a text message. values: its further ones ({name: text}), or NULL.
 * E_FIELDS: *ret_mistakes as of template_read, the paths "/subject" and "/text". */
MUST_USE enum code text_own(struct service *s, int kind, const char *subject, const char *text, json_t *values, struct text_ready *ret, json_t **ret_mistakes, struct err *reterr);

/* In use under that name: its number, and the kind whose people it is written to. E_NOT_FOUND. */
MUST_USE enum code template_find(struct service *s, int64_t tenant, const char *name, int64_t *ret_number, int *ret_kind, bool *ret_sms, struct err *reterr);
/* The one kind whose people the charter lets be written to; -1: none, or several. */
int template_kind(const struct service *s);

/* body: {"pl": {subject, text}, …, kind?, values?: [names of further values]}. *ret: {name, version, kind, values, languages, made, whose}. E_FIELDS: *ret_mistakes. */
MUST_USE enum code template_put(struct service *s, const struct caller *who, const char *name, json_t *body, json_t **ret, json_t **ret_mistakes, struct err *reterr);
/* {items: [the same], next: name or null}. */
MUST_USE enum code templates_told(struct service *s, int64_t tenant, const char *after, json_t **ret, struct err *reterr);
/* The same with its texts; version 0: the one in use. */
MUST_USE enum code template_told(struct service *s, int64_t tenant, const char *name, int64_t version, json_t **ret, struct err *reterr);
/* No new message has it any more; those that name it still go. */
MUST_USE enum code template_over(struct service *s, const struct caller *who, const char *name, struct err *reterr);
