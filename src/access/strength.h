/* strength.h — may this be a password? Long enough, none of the 100,000 most used, and not to be guessed from words, names, dates
 * and keys in a row (zxcvbn), nor from what is known of the person. Pure. Thread-safe. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/lang.h"

#define STRENGTH_LEAST 12u                   /* characters; a charter may ask for more */
#define STRENGTH_SCORE 3u                    /* of 0 to 4 */

enum strength_reason { STRENGTH_FINE, STRENGTH_FORM, STRENGTH_SHORT, STRENGTH_LONG, STRENGTH_COMMON, STRENGTH_OWN, STRENGTH_WORDS, STRENGTH_REPEATS,
                       STRENGTH_SEQUENCE, STRENGTH_KEYS, STRENGTH_DATES, STRENGTH_GUESSABLE, STRENGTH_REASONS };
struct strength_ask {
    const char *text; size_t len;
    unsigned least;                          /* characters; below STRENGTH_LEAST: that */
    const char *const *own;                  /* names, e-mail address, service; ends with NULL; or NULL */
};
struct strength { enum strength_reason reason; unsigned score, least; };
/* E_MEMORY alone; OK: it was looked at, and *ret says what was found. */
MUST_USE enum code strength_check(const struct strength_ask *ask, struct strength *ret, struct err *reterr);
/* One sentence for who typed it; nothing for STRENGTH_FINE. */
void strength_say(const struct strength *s, enum lang lang, struct buf *ret);
const char *strength_name(enum strength_reason reason);        /* "short", "common", …: for the API */
