/* instance_read.h — what the readers of sejf.yaml share. Inside this folder. */
#pragma once
#include "base/arena.h"
#include "charter/instance.h"
#include "charter/tree.h"

struct reading { struct instance *to; struct arena *arena; struct findings *findings; const struct tree *tree; };

void instance_complain(struct reading *r, const struct node *n, const char *id, const char *what);
MUST_USE bool instance_scalar(struct reading *r, const struct node *n);      /* else it has complained */
bool instance_text(const char *t);                          /* UTF-8 without control characters */
bool instance_host(const char *t);
const char *instance_path(struct reading *r, const struct node *n);       /* NULL: it has complained */

/* "file PATH" or "credential NAME"; else it has complained. */
void instance_secret(struct reading *r, const struct node *n, enum secret_place *ret, const char **ret_at);

/* relay.c: the value of `mail`. */
void relay_read(struct reading *r, const struct node *n);
/* signing.c: the value of `dkim` in it, and whether it fits the rest. */
void signing_read(struct reading *r, struct mail_relay *m, const struct node *n);
void signing_check(struct reading *r, const struct mail_relay *m, const struct node *n);
/* hosts.c: the value of `hosts`. */
void hosts_read(struct reading *r, const struct node *n);
/* providers.c: the value of `sign_in_with`. */
void providers_read(struct reading *r, const struct node *n);
/* "name" or "name:port" of len bytes; the port 443 unless said. */
MUST_USE bool destination_of(struct reading *r, const char *text, size_t len, struct destination *ret);
/* One destination more; two that name the same host for the same use must say the same of it, else it is complained of at n. */
void destination_add(struct reading *r, const struct destination *d, const struct node *n);
/* sms_providers.c: the value of `sms`. */
void sms_read(struct reading *r, const struct node *n);
/* destinations.c: the values of `webhooks` and `askers`. */
void webhooks_read(struct reading *r, const struct node *n);
void askers_read(struct reading *r, const struct node *n);
