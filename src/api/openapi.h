/* openapi.h — the OpenAPI 3.1 document of one service, made from its charter: every kind, its fields with their
 * types, and every call. Pure. The reference is new; NULL: no memory. */
#pragma once
#include <jansson.h>

#include "charter/charter.h"

json_t *openapi_make(const struct charter *c, const char *base_url);
