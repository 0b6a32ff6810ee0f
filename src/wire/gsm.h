/* gsm.h — texts of text messages as phones get them: seven bits a letter (the default alphabet of 3GPP TS 23.038 with its extension table) or,
 * where a letter is in neither, UTF-16; how many parts a text takes, where each ends, and what it would be without the letters that make it dear.
 * A part never ends inside an escaped letter or a surrogate pair. Pure; thread-safe. */
#pragma once
#include "base/buf.h"

#define GSM_TEXT_MAX 65536u                  /* bytes of UTF-8; a longer text is none */
enum gsm_encoding { GSM_SEVEN, GSM_SIXTEEN };
struct gsm_measure {
    enum gsm_encoding encoding;
    int parts;                               /* 1 for a text without letters */
    int units;                               /* septets, or 16-bit units, of the text alone */
    int left;                                /* units that still go into the last part */
};
const char *gsm_encoding_name(enum gsm_encoding e);          /* "gsm-7", "ucs-2" */
/* False: not well-formed UTF-8, a control character that is no tab or end of line, or longer than GSM_TEXT_MAX. */
MUST_USE bool gsm_measure(const char *text, size_t len, struct gsm_measure *ret);
/* Bytes of the text that go into its next part, of a text that is measured so; 0: nothing is left. */
size_t gsm_part(const char *text, size_t len, const struct gsm_measure *m);
/* As it travels: a byte for each septet, or UTF-16 with the high byte first. The text is one that gsm_measure took. */
void gsm_encode(const char *text, size_t len, enum gsm_encoding encoding, struct buf *ret);
/* The same text in letters of the default alphabet as far as that goes: ą → a, ő → o, typographic quotes and dashes → plain ones; é, ö, ü and the
 * others that the alphabet has stay, as does what has no such form (Cyrillic, pictures). False as gsm_measure. */
MUST_USE bool gsm_plain(const char *text, size_t len, struct buf *ret);
