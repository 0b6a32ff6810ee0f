/* prices.h — what a part of a text message costs, by the prefix of its number: a file of lines PREFIX,PRICE,CURRENCY that sejf.yaml names. Money in
 * millionths. Ownership: prices_load gives, prices_free takes back. Immutable, so threads share it. */
#pragma once
#include "charter/load.h"

struct prices;
/* "0.075" of len bytes in millionths: at most 9 digits before the point and 6 behind it. */
MUST_USE bool price_micros(const char *text, size_t len, int64_t *ret);
/* "0.075", without zeros that say nothing, but with two places at least. */
#define PRICE_TEXT 32
const char *price_text(int64_t micros, char ret[PRICE_TEXT]);
/* E_CONFIG when findings say why (file, line, column); else the file cannot be read. */
MUST_USE enum code prices_load(const char *path, struct findings *findings, struct prices **ret, struct err *reterr);
MUST_USE enum code prices_load_text(const char *name, const char *text, size_t len, struct findings *findings, struct prices **ret, struct err *reterr);
struct prices *prices_free(struct prices *p);
DEFINE_AUTO(struct prices, prices_free)
size_t prices_count(const struct prices *p);
/* Of the longest prefix that the number ("+48…") begins with, in that currency (NULL: in whichever stands first for it). False: none. p may be NULL. */
MUST_USE bool price_of(const struct prices *p, const char *e164, const char *currency, int64_t *ret, const char **ret_currency);
