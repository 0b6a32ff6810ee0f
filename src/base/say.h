/* say.h — dates, spans, counts and sentences as people write them, in the languages of lang.h.
 * Pure and thread-safe; output in struct buf. Words that a number governs follow its plural rule
 * (CLDR: English one/other, Polish one/few/many, Hungarian one form after every number). */
#pragma once
#include "base/buf.h"
#include "base/lang.h"
#include "base/time.h"

void say_date(struct buf *ret, enum lang lang, const struct civil *c);     /* "3 June 2027", "3 czerwca 2027", "2027. június 3." */
void say_until(struct buf *ret, enum lang lang, const struct civil *c);    /* "until 3 June 2027", "do 3 czerwca 2027", "2027. június 3-ig" */
void say_moment(struct buf *ret, enum lang lang, const struct civil *c);   /* date and wall clock: "3 June 2027, 14:05" */
void say_span(struct buf *ret, enum lang lang, const struct span *s);      /* "180 days", "1 rok i 2 miesiące"; nothing for an empty span */

/* A noun and its forms: one, few, many. English uses one and many, Hungarian one. */
struct noun { const char *in[LANG_COUNT][3]; };
#define NOUN(en1, en2, pl1, pl2, pl5, hu) { { { (en1), (en2), (en2) }, { (pl1), (pl2), (pl5) }, { (hu), (hu), (hu) } } }
const char *noun_form(const struct noun *noun, enum lang lang, int64_t n);
void say_count(struct buf *ret, enum lang lang, int64_t n, const struct noun *noun);   /* "2 dni" */

/* Puts a sentence: {1} to {9} stand for the arguments (a list that ends with NULL). Sentence and
 * arguments are escaped for HTML (text and attributes). A place without an argument stays empty. */
void say_html(struct buf *ret, const char *sentence, const char *const *args);
/* The same unescaped: for titles that are escaped later, and JSON. */
void say_plain(struct buf *ret, const char *sentence, const char *const *args);
#define SAY_ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
