/* labels.h — what declared names are called where people read them: the labels of the charter (`labels`), else a word
 * that charters commonly use (common.tbl), else the name itself with spaces for underscores. Words stand in lower case, as
 * inside a sentence. Kinds, fields, options and people carry their labels in the model; these are for other names, and for
 * places that have a name only. Pure and thread-safe. */
#pragma once
#include "base/buf.h"
#include "charter/charter.h"

/* Of a kind (the kind itself, its field, option, form, consent), or with NULL of the whole charter. A label or a common
 * word; NULL: neither. */
const char *label_find(const struct charter *c, const struct kind *k, const char *name, enum lang lang);
/* The same, or the name with spaces. Appended unescaped. */
void label_say(struct buf *ret, const struct charter *c, const struct kind *k, const char *name, enum lang lang);
/* An option of a field; the value itself when it is none. */
const char *label_option(const struct field *f, const char *value, enum lang lang);
/* "events.ends", a field of a kind: its label and the kind's, as "end (event)". False, with nothing added: there is none. */
bool label_path(struct buf *ret, const struct charter *c, const char *path, enum lang lang);
/* What a field is called as an instant that one counts from ("end" of `ends`); NULL: no common word. */
const char *label_since(const char *name, enum lang lang);
/* A country by its code ("PL", "EU"); the code itself where it is none of those that services name. */
const char *label_country(const char *code, enum lang lang);
/* With a capital first letter: a heading, the beginning of a sentence. */
void label_title(struct buf *ret, const char *label);
