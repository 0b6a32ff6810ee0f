/* spoken.h — a text that people see: one value, which is said in every language, or a map of values by language.
 *
 *   what: certificate of the host        what: {en: certificate of the host, pl: certyfikat hostingu}
 *
 * Pure: nodes and texts belong to the tree. Inside this folder. */
#pragma once
#include "base/lang.h"
#include "charter/tree.h"

/* What it says in each language; what is missing falls back to English, or to the first that stands there. False:
 * the node is neither a value nor a map of languages with one value at least (*ret is untouched then). */
MUST_USE bool spoken_words(const struct node *n, struct words *ret);
/* In one language; NULL where spoken_words is false, or n is NULL. */
const char *spoken_in(const struct node *n, enum lang lang);
/* In the language of the charter itself: English, or the first. */
const char *spoken_text(const struct node *n);
/* Languages that it says by itself: all of them for a value that has letters of no language (numbers, signs). Bits. */
unsigned spoken_langs(const struct node *n);
