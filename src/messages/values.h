/* values.h — what a text may say of a record and of what it belongs to, and those values as its reader reads them. A text takes the fields that the
 * charter lets the person itself see of its own record by its private link, and of the parent (the event) what is not personal and whoever writes the text
 * sees: the name and the time of an event are told to those who come, though no line of who_sees gives the event to them. Thread-safe. */
#pragma once
#include "messages/template.h"
#include "records/record.h"

#define VALUES_MOST 32u                        /* further values of a text, beside the record's */
/* Names, ended by one without a name; in the arena. who: who writes the text; NULL: it was written. more: further ones as JSON [text], or NULL. E_FIELDS:
 * one of those is a field, or no name. */
MUST_USE enum code value_names(const struct service *s, const struct caller *who, int kind, const json_t *more, struct arena *arena, const struct template_name **ret, struct err *reterr);
/* What the person sees of such records at all. */
fieldset value_fields(const struct service *s, int kind);
bool value_name_fine(const char *name);        /* small letters, digits and _, up to 40 */
/* Of what is sent along ({name: text}, or NULL) what is neither a field nor an address of a page: nothing sent along passes for what the record says. *ret: the caller's. */
MUST_USE enum code values_further(const struct service *s, int kind, const json_t *sent, json_t **ret, struct err *reterr);

/* Into `values`: those fields of a record as the API shows it ({name: value}); prefix: "" or "event.". */
MUST_USE enum code values_add(const struct service *s, int kind, const char *prefix, json_t *fields, fieldset which, enum lang lang, json_t *values, struct err *reterr);
/* Those of an opened record that its person sees now. */
MUST_USE enum code values_of(struct service *s, struct record *r, struct arena *arena, enum lang lang, json_t *values, struct err *reterr);
/* Invented ones, for a look without a record. */
MUST_USE enum code values_invented(const struct service *s, int kind, enum lang lang, json_t *values, struct err *reterr);
/* The language that the record itself says ("lang", "language"), else the first of the charter. */
enum lang values_lang(const struct service *s, const struct record *r);
