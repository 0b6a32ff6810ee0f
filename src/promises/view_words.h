/* view_words.h — what declared names and common phrases of charters are called on pages, in three languages: a table
 * of known words, and a fallback that shows the name with spaces for underscores. Pure and thread-safe. */
#pragma once
#include "base/say.h"

/* The known word, in lower case; NULL when the table has none. */
const char *word_find(const char *name, enum lang lang);
/* The word, or the name itself with '_' as spaces. Appended unescaped. */
void word_say(struct buf *ret, enum lang lang, const char *name);
/* The same with a capital first letter: a label or a heading. */
void word_label(struct buf *ret, enum lang lang, const char *name);
/* A whole phrase of a charter ("running the event"); as written when the table does not know it. */
const char *phrase_say(enum lang lang, const char *phrase);
/* Is the phrase shown in that language, or as written (so that a page marks it as English)? */
bool phrase_known(enum lang lang, const char *phrase);
