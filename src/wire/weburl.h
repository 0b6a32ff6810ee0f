/* weburl.h — an address of another program: https://host[:port]/path?query, checked by a strict reading, since what decides where something may
 * be sent must not read it otherwise than who sends it. Pure. */
#pragma once
#include <stdbool.h>

#include "base/macros.h"

#define WEBURL_MAX 1000u
struct weburl { char host[254]; /* lower case */ int port; };
/* No user, no fragment, no address in brackets, nothing but printable ASCII without quotes. */
MUST_USE bool weburl_read(const char *text, struct weburl *ret);
