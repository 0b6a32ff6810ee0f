/* run.h — the environment's fields, for env.c, canary.c and prove.c alone. */
#pragma once
#include <curl/curl.h>

#include "promises/env.h"

#define CANARIES_MAX 4096u
struct env {
    const struct probe_setup *setup;
    CURL *curl;
    int64_t tenants[2];
    json_t *tokens[2];
    struct canary *canaries[CANARIES_MAX];
    size_t canary_count;
    const struct canary *shared[2][KINDS_MAX];   /* parent of a kind, by side */
    uint64_t serial;                  /* makes numbers and times unlike each other */
    uint64_t seed;                    /* and unlike those of other runs */
    bool lost;                        /* there was no memory for a call */
};
