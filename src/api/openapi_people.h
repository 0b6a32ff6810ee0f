/* openapi_people.h — what /v1/account and /v1/tenants offer, as an OpenAPI 3.1 document, made from openapi_people.tbl. Pure; thread-safe. */
#pragma once
#include <jansson.h>

#include "base/err.h"

json_t *openapi_people(const char *base_url);             /* NULL: no memory */
