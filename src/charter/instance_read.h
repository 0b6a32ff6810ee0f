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
const char *instance_line(struct reading *r, const struct node *n, size_t most);      /* a text without control characters; NULL: it has complained */

/* "file PATH" or "credential NAME"; else it has complained. */
void instance_secret(struct reading *r, const struct node *n, enum secret_place *ret, const char **ret_at);

/* instance_map.c: a map whose keys are rows of a table. A row's read() fills `to`, which is what the map is about; `at` says where in it, or what else the row means. */
enum map_is { MAP_MAY, MAP_MUST, MAP_MARKED /* what by, fits() knows */ };
struct map_key { const char *name; enum map_is is; void (*read)(struct reading *r, void *to, const struct node *n, size_t at); size_t at; };
struct map_form {
    const char *whose;                       /* "mail": what is said to have no such key, or to need one */
    const char *wanted;                      /* "a map of relay, tls, …": said where there is no map */
    const char *advice;                      /* behind "mail needs user"; NULL: nothing */
    const struct map_key *keys;
    size_t count;
    bool (*fits)(struct reading *r, const void *to, const struct map_key *k, const struct node *n);      /* NULL: every key may stand here; false: it is not read, and fits() has complained */
};
bool map_read(struct reading *r, const struct map_form *form, void *to, const struct node *n);      /* false: it is no map */
/* Readers for rows: of a text of at most 200 characters, of a path, of yes or no. */
void map_line(struct reading *r, void *to, const struct node *n, size_t at);
void map_path(struct reading *r, void *to, const struct node *n, size_t at);
void map_yes_no(struct reading *r, void *to, const struct node *n, size_t at);

/* relay.c: the value of `mail`. */
void relay_read(struct reading *r, const struct node *n);
/* signing.c: the value of `dkim` in it, and whether it fits the rest. */
void signing_read(struct reading *r, void *mail_relay, const struct node *n, size_t at);
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
