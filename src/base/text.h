/* text.h — UTF-8 as people write it: validity, folding for search, words, numbers, hex, base64.
 * Pure and thread-safe. Outputs in struct buf; a buf that failed says so itself. */
#pragma once
#include "base/buf.h"

MUST_USE bool text_is_utf8(const char *bytes, size_t len);   /* well-formed, no NUL, no C0 but \t \n \r */
size_t text_points(const char *text);                        /* code points */
/* Trimmed, NFC. False when it is not UTF-8. */
MUST_USE bool text_clean(const char *text, size_t len, struct buf *ret);
/* A password as RFC 8265 has it compared (OpaqueString): NFC, every space is ' ', nothing trimmed or folded. Appends; asks for no
 * memory but that of *ret. False when it is empty, not UTF-8, longer than TEXT_OPAQUE_MAX bytes, or holds a control character or a
 * code point that Unicode 15 does not assign. */
#define TEXT_OPAQUE_MAX 1024u
MUST_USE bool text_opaque(const char *text, size_t len, struct buf *ret);
/* For matching: NFKC, case-folded, diacritics removed (and ł → l, đ → d, ø → o, ß → ss), white space runs → one
 * space. "Żółć" → "zolc". */
MUST_USE bool text_fold(const char *text, size_t len, struct buf *ret);
/* Calls fn for each word of folded text (letters and digits); stops when fn returns false. */
void text_words(const char *folded, bool (*fn)(const char *word, size_t len, void *arg), void *arg);

/* Whole text is a decimal number in [min, max]; leading zeros are fine, signs only '-' . */
MUST_USE bool text_int(const char *text, int64_t min, int64_t max, int64_t *ret);
MUST_USE bool text_int_n(const char *text, size_t len, int64_t min, int64_t max, int64_t *ret);

void hex_encode(const void *bytes, size_t len, struct buf *ret);
MUST_USE bool hex_decode(const char *text, size_t len, void *ret, size_t ret_len);  /* exactly ret_len bytes */
void base64url_encode(const void *bytes, size_t len, struct buf *ret);       /* RFC 4648 section 5, no padding */
#define BASE64URL_ROOM(len) (((len) * 4 + 2) / 3 + 1)
void base64url_text(const void *bytes, size_t len, char *ret);               /* the same where there is room for it and its end */
MUST_USE bool base64url_decode(const char *text, size_t len, void *ret, size_t room, size_t *ret_len);

/* Mask of log and list: first character, ten '*', '@', domain ("j**********@abc.example");
 * without '@': first character and ten '*'. */
void text_mask(const char *value, struct buf *ret);
void text_mask_name(const char *value, struct buf *ret);       /* without the domain */
/* How far two short words differ (Damerau-Levenshtein, capped at 9): for suggestions. */
unsigned text_distance(const char *a, const char *b);
