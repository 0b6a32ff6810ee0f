/* nginx.h — the configuration of nginx, and what it needs beside it. Pure but for nginx_write. */
#pragma once
#include "prog/place.h"

#define TICKET_KEYS 3                        /* the first one encrypts, the others still decrypt */
#define TICKET_KEY_SIZE 80

/* supervised: the whole file for the nginx that sejf runs; else a snippet for the http block of somebody's own. */
void nginx_config(struct place *p, bool supervised, struct buf *b);
/* Writes nginx/nginx.conf and the directories of its prefix. */
MUST_USE enum code nginx_write(struct place *p, struct err *reterr);
/* Numeric addresses to listen on; *ret lives as long as the place. */
size_t listen_addresses(const struct instance *i, const char *const **ret);
