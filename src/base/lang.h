/* lang.h — the languages that sejf speaks, and a text in each of them. */
#pragma once
#include "base/macros.h"

enum lang { LANG_EN, LANG_PL, LANG_HU, LANG_COUNT };
struct words { const char *in[LANG_COUNT]; };               /* en, pl, hu */
#define WORDS(en, pl, hu) { { (en), (pl), (hu) } }

const char *lang_code(enum lang lang);                      /* "en" */
/* "pl", "pl-PL", "PL" -> LANG_PL; false when it is none of ours. */
MUST_USE bool lang_parse(const char *code, size_t len, enum lang *ret);
/* The best of `allowed` (bit 1 << lang) for an Accept-Language header (RFC 9110, 12.5.4; may be
 * NULL); `otherwise` when none fits. */
enum lang lang_accept(const char *header, unsigned allowed, enum lang otherwise);
