/* number.h — telephone numbers as the gate of text messages knows them: the calling code, the country, and what kind of line a number is. What
 * the table of ranges does not know is of no type, and nothing is sent to it. Pure; thread-safe. */
#pragma once
#include "base/macros.h"

enum number_type { NUMBER_UNKNOWN,           /* in no range of the table: of another country, not given out, or too long or short for its range */
                   NUMBER_MOBILE, NUMBER_FIXED, NUMBER_PREMIUM, NUMBER_SHARED /* cost */, NUMBER_FREE, NUMBER_PAGER, NUMBER_PERSONAL, NUMBER_SATELLITE,
                   NUMBER_VOIP, NUMBER_SERVICE /* companies, voice boxes, machines */,
                   NUMBER_TYPES };
const char *number_type_name(enum number_type t);            /* "premium-rate" */
struct number {
    char e164[20];                           /* "+48601234567" */
    char code[5];                            /* "+48" */
    char country[3];                         /* "PL"; of a code that several share the one that the number is of (+44 7797…: JE); "": of none */
    enum number_type type;
    bool own;                                /* of the country that the code stands for: false for Jersey in +44 */
};
/* A number as people write it: international with '+' or "00", or national, as it is dialled in `country` (NULL: none but international ones). False: it is none. */
MUST_USE bool number_read(const char *text, size_t len, const char *country, struct number *ret);
/* Is it in what that prefix stands for? Numbers of the country that the code stands for ("+44", "+447"); those of a country that shares it where the prefix is of that one alone ("+447797"). */
bool number_within(const struct number *n, const char *prefix);
/* A '+' and up to 14 digits that begin with a calling code. */
bool number_prefix_valid(const char *prefix);
/* Does the table know any range that numbers of that prefix are mobile by? Without one nothing could be sent there. */
bool number_prefix_known(const char *prefix);
