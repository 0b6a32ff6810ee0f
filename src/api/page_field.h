/* page_field.h — one field of a charter as an input of a form, and what was typed as a value of the API. Pure. */
#pragma once
#include <jansson.h>

#include "api/page_html.h"
#include "charter/charter.h"

/* What was typed: the text of an input by its name (the field's, or "field.part"); NULL or "" when empty. */
typedef const char *(*typed_fn)(void *arg, const char *name);

struct field_view {
    const struct charter *charter;
    const struct kind *kind; int field;
    enum lang lang;
    bool required;
    typed_fn typed; void *typed_arg;
    const char *mistake;              /* plain text, or NULL */
    const json_t *choices;            /* of a reference: [{id, title}] */
    const char *prefix;               /* of ids, so that two forms on a page do not clash: "f" */
};
/* Label, hint, mistake, input; ids "{prefix}{field}", "…-hint", "…-error". */
void field_put(struct buf *ret, const struct field_view *v);
/* The id of the input that a mistake links to. */
void field_label(struct buf *ret, enum lang lang, const struct field *f);       /* plain text */

/* The value for the API, as typed where it has no sensible shape (the API then says what is wrong). NULL: nothing typed. */
json_t *field_value(const struct charter *c, const struct field *f, typed_fn get, void *arg);
/* A stored value as people read it: plain text. False: nothing is stored. */
bool field_read(struct buf *ret, const struct charter *c, const struct field *f, const json_t *value, enum lang lang);
/* A stored value as an input shows it. */
void field_typed(struct buf *ret, const struct charter *c, const struct field *f, const json_t *value, const char *part);
