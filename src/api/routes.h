/* routes.h — the tables of routes that api_serve registers. */
#pragma once
#include "api/http.h"

extern const struct route_table routes_records;   /* routes_records.c: records, lists, searches */
extern const struct route_table routes_bulk;      /* routes_bulk.c: import, export, files */
extern const struct route_table routes_copies;    /* routes_copies.c: who looked at whom, bulk copies */
extern const struct route_table routes_changes;   /* changes.c: server-sent events */
extern const struct route_table routes_meta;      /* routes_meta.c: OpenAPI, health, metrics, security.txt, problem types */
