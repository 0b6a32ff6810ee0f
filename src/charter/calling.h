/* calling.h — the country codes of telephone numbers (calling.tbl). Pure; thread-safe. */
#pragma once
#include "base/macros.h"

struct calling { const char *code; const char *country; };   /* digits; ISO 3166, or "": of no country */
/* The code that these digits (behind a '+') begin with; NULL: no country has such a one. No code begins with another. */
const struct calling *calling_of(const char *digits);
size_t calling_all(const struct calling **ret);
