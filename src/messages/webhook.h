/* webhook.h — who is told of changes: the definition that a tenant makes (address, kinds, purpose) and its secrets, sealed as an entry of a register.
 * What is told, and how, is the business of telling.h. Thread-safe; blocks. Never logs. */
#pragma once
#include <jansson.h>

#include "base/arena.h"
#include "charter/instance.h"
#include "records/records.h"
#include "store/webhook.h"
#include "wire/weburl.h"

#define WEBHOOKS_MOST 16u                    /* of a tenant */
#define WEBHOOK_SECRETS 2u                   /* the present one, and the one before for a while */
#define WEBHOOK_BOTH (24 * USEC_PER_HOUR)    /* so long both sign */
#define WEBHOOK_SEED 32u

/* Where sejf.yaml lets webhooks go. */
struct webhook_places { const struct destination *list; size_t count; bool anywhere /* any public host on port 443 */; };
MUST_USE bool webhook_place(const struct webhook_places *p, const struct weburl *to, int64_t tenant);

/* A definition as it is read; texts are the JSON's. */
struct webhook_wish { const char *url, *label, *purpose; struct weburl to; fieldset kinds[KINDS_MAX / 64]; size_t kind_count; int64_t after /* -1: from now on */; int state /* enum webhook_state; -1: not said */; };
/* {url, kinds, purpose?, label?, after?}; part: of one that is there, where everything may be left out, and state may be said. E_FIELDS with all
 * mistakes. Pure. */
MUST_USE enum code webhook_read(const struct charter *c, const json_t *in, bool part, struct webhook_wish *ret, json_t **ret_mistakes, struct err *reterr);
bool webhook_wants(const fieldset *kinds, int kind);

struct webhook_maker { struct service *service; const struct caller *who; const struct webhook_places *places /* of what is made or changed alone */; };
/* *ret: as told, and its secret, this once. */
MUST_USE enum code webhook_make(const struct webhook_maker *m, const json_t *in, json_t **ret, json_t **ret_mistakes, struct err *reterr);
MUST_USE enum code webhook_change(const struct webhook_maker *m, int64_t number, const json_t *in, json_t **ret, json_t **ret_mistakes, struct err *reterr);
/* A new secret, told this once; the one before signs beside it for WEBHOOK_BOTH. */
MUST_USE enum code webhook_secret(const struct webhook_maker *m, int64_t number, json_t **ret, struct err *reterr);
MUST_USE enum code webhook_remove(const struct webhook_maker *m, int64_t number, struct err *reterr);
/* A token whose scope does not read all kinds of a webhook for its purpose does not know of it (E_NOT_FOUND); one whose scope does not change them does
 * nothing with it, by no call (E_FORBIDDEN); nor does an account whose level only reads any record of them. */
MUST_USE enum code webhook_within(const struct webhook_maker *m, int64_t number, bool writes, struct err *reterr);
MUST_USE enum code webhook_told(struct service *s, int64_t tenant, int64_t number, json_t **ret, struct err *reterr);
/* {items}: those within the scope of who; NULL: all. */
MUST_USE enum code webhooks_told(struct service *s, int64_t tenant, const struct caller *who, json_t **ret, struct err *reterr);

/* ---- for whoever tells. Texts live in the arena. */
struct hook {
    struct webhook_row row;
    struct weburl to; const char *url, *label, *purpose;
    fieldset kinds[KINDS_MAX / 64];
    const char *secrets[WEBHOOK_SECRETS]; size_t secret_count;       /* those that sign now */
    uint8_t seed[WEBHOOK_SEED];              /* names of deliveries are made with it */
};
void hook_done(struct hook *h);              /* wipes */
DEFINE_AUTO_VALUE(struct hook, hook_done)
MUST_USE enum code hook_open(struct service *s, int64_t tenant, int64_t number, struct hook *ret, struct arena *arena, struct err *reterr);
