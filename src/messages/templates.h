/* templates.h — the texts of a tenant's messages: put by name, kept by version, looked at before they go. What one says is sealed; a version is never
 * changed, so a letter says what it named. Thread-safe; blocks. */
#pragma once
#include "messages/template.h"
#include "records/records.h"

/* A text ready to be rendered, of a kind; shared, and given back by text_ready_free. */
struct text_ready { struct template *template; int kind; struct text_slot *slot; };
void text_ready_free(struct text_ready *r);
DEFINE_AUTO_VALUE(struct text_ready, text_ready_free)
/* A version by its number, ended or not; number < 0: the shipped text of reminders of the kind whose stable number is -number, in all languages. E_GONE: it is not there, or names what the charter has no more. */
MUST_USE enum code text_open(struct service *s, int64_t tenant, int64_t number, struct text_ready *ret, struct err *reterr);
/* Has the text that further value? Of one that a message has for itself: all that came with it. */
bool text_takes(const struct text_ready *r, const char *value);
/* One that only this message has, in whatever language its reader has; subject NULL: a text message. values: its further ones ({name: text}), or NULL. who: who
 * writes it; NULL: it was written.
 * E_FIELDS: *ret_mistakes as of template_read, the paths "/subject" and "/text". */
MUST_USE enum code text_own(struct service *s, const struct caller *who, int kind, const char *subject, const char *text, const json_t *values, struct text_ready *ret, json_t **ret_mistakes, struct err *reterr);

/* In use under that name: its number, and the kind whose people it is written to. E_NOT_FOUND. */
MUST_USE enum code template_find(struct service *s, int64_t tenant, const char *name, int64_t *ret_number, int *ret_kind, bool *ret_sms, struct err *reterr);
/* Is the text of that number, or a newer one, in use under its name? E_GONE: it was taken out. */
MUST_USE enum code template_stands(struct service *s, int64_t tenant, int64_t number, struct err *reterr);
/* The one kind whose people the charter lets be written to; -1: none, or several. */
int template_kind(const struct service *s);

/* Who puts one, or takes one out, may write to the people of all such records (right.h); who reads one reads such records.
 * body: {"pl": {subject, text}, …, kind?, values?: [names of further values]}. *ret: {name, version, number, kind, values, languages, made, whose}. E_FIELDS: *ret_mistakes. */
MUST_USE enum code template_put(struct service *s, const struct caller *who, const char *name, json_t *body, json_t **ret, json_t **ret_mistakes, struct err *reterr);
/* {items: [the same], next: name or null}, of kinds that the caller reads. */
MUST_USE enum code templates_told(struct service *s, const struct caller *who, const char *after, json_t **ret, struct err *reterr);
/* The same with its texts; version 0: the one in use. */
MUST_USE enum code template_told(struct service *s, const struct caller *who, const char *name, int64_t version, json_t **ret, struct err *reterr);
/* No new message has it any more, by name or by number; those that name it still go. */
MUST_USE enum code template_over(struct service *s, const struct caller *who, const char *name, struct err *reterr);
