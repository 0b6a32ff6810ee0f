/* routes_hook.c — receipts of the provider of text messages: /hook/sms/{service}/{secret}. Who knows the secret may say of messages that they arrived or did not, and
 * nothing else: what it does not know, and states of which nothing follows, change nothing, and every call that has the form of one is answered the same. Nothing of a call
 * is logged: providers put numbers into it. */
#include <string.h>

#include "api/api_int.h"
#include "api/jobs.h"
#include "api/query.h"
#include "api/routes.h"
#include "charter/instance.h"
#include "messages/settled.h"
#include "messages/sms_way.h"

#define RECEIPTS_MOST 1000u                  /* of one call; what is behind them is not answered as if it had been taken */

struct hook { struct api *api; struct service *service; const struct sms_shape *shape; size_t count; enum code code; struct err e; };

/* The next text before a comma; false: none is left. */
static bool next_of(const char **at, const char **ret, size_t *ret_len) {
    if (*at == NULL)
        return false;
    *ret = *at;
    *ret_len = strcspn(*at, ",");
    *at = (*at)[*ret_len] == ',' ? *at + *ret_len + 1 : NULL;
    return true;
}

static bool word_of(const char *words, const char *word, size_t len) {
    for (const char *at = words; at != NULL && len > 0 && *at != 0;) {
        size_t width = strcspn(at, " ");
        if (width == len && memcmp(at, word, len) == 0)
            return true;
        at += width + (at[width] == ' ');
    }
    return false;
}

/* What a state says. False: nothing that matters, or nothing that is known. */
static bool state_means(const struct sms_shape *s, const char *state, size_t len, enum heard *ret, enum reply_verdict *ret_verdict) {
    const struct { const char *words; enum heard heard; enum reply_verdict verdict; } rows[] = {
        { s->delivered, HEARD_DELIVERED, VERDICT_TAKEN }, { s->bounced, HEARD_BOUNCED, VERDICT_REFUSED }, { s->dead, HEARD_BOUNCED, VERDICT_REJECT }, { s->stopped, HEARD_BOUNCED, VERDICT_MESSAGE },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (word_of(rows[i].words, state, len)) {
            *ret = rows[i].heard;
            *ret_verdict = rows[i].verdict;
            return true;
        }
    return false;
}

static void receipt_take(struct hook *h, const char *id, size_t id_len, const char *state, size_t state_len) {
    struct service *s = NULL;
    struct uuid letter;
    int64_t tenant;
    char said[64];
    enum heard heard;
    enum reply_verdict verdict;
    if (h->code == OK && ++h->count > RECEIPTS_MOST)
        h->code = err_set(&h->e, E_TOO_LARGE, "more than %u receipts in one call", RECEIPTS_MOST);
    if (h->code != OK || !state_means(h->shape, state, state_len, &heard, &verdict) || state_len >= sizeof said || !sms_reference_read(id, id_len, &tenant, &letter))
        return;
    struct err e;
    if (mail_service(h->api, tenant, &s, &e) != OK || s != h->service)
        return;                              /* another's, or nobody's */
    memcpy(said, state, state_len);
    said[state_len] = 0;
    enum code code = message_heard(s, tenant, &letter, &(struct heard_news){ heard, verdict, "", said }, &e);
    if (code != OK && code != E_NOT_FOUND && code != E_GONE) {
        h->code = code;                      /* the provider tells it again */
        h->e = e;
    }
}

static void receipts_take(struct hook *h, const char *ids, const char *states) {
    const char *id, *state;
    size_t id_len, state_len;
    while (ids != NULL && states != NULL && next_of(&ids, &id, &id_len) && next_of(&states, &state, &state_len))
        receipt_take(h, id, id_len, state, state_len);
}

static void json_take(struct hook *h, const json_t *o) {
    const json_t *one;
    size_t i;
    if (json_is_object(o))
        receipts_take(h, json_string_value(json_object_get(o, h->shape->told_id)), json_string_value(json_object_get(o, h->shape->told_state)));
    json_array_foreach(o, i, one)
        if (json_is_object(one))
            json_take(h, one);
}

static enum code body_take(struct hook *h, struct http_req *req, struct err *reterr) {
    json_t *o = NULL;
    const char *media = http_media(req);
    enum code code = OK;
    if (strcmp(media, "application/json") == 0) {
        code = http_json_read(req, "application/json", &o, reterr);
        if (code == OK)
            json_take(h, o);
        json_decref(o);
    } else {
        code = http_form_read(req, reterr);
        if (code == OK)
            receipts_take(h, http_form(req, h->shape->told_id), http_form(req, h->shape->told_state));
    }
    return code;
}

static bool may(const struct api *a, const char *secret) {
    const char *ours = a->config.sms_hook;
    size_t len = ours == NULL ? 0 : strlen(ours);
    return len > 0 && strlen(secret) == len && crypto_equal(secret, ours, len) && a->config.sms_provider != NULL && a->config.sms_provider->shape->told_id != NULL;
}

static void hook_call(struct http_req *req) {
    struct api *a = http_context(req);
    struct err e;
    struct service *s = api_service(a, http_param(req, "service"));
    if (s == NULL || !may(a, http_param(req, "secret"))) {
        (void)err_set(&e, E_NOT_FOUND, "there is nothing at this address");
        http_reply_error(req, &e, NULL);
        return;
    }
    struct hook h = { .api = a, .service = s, .shape = a->config.sms_provider->shape, .code = OK };
    enum code code = strcmp(http_method(req), "POST") == 0 ? body_take(&h, req, &e) : OK;
    if (strcmp(http_method(req), "POST") != 0)
        receipts_take(&h, http_query(req, h.shape->told_id), http_query(req, h.shape->told_state));
    if (code != OK || h.code != OK)
        http_reply_error(req, code != OK ? &e : &h.e, NULL);
    else
        http_reply_text(req, 200, "text/plain; charset=utf-8", h.shape->answer == NULL ? "OK" : h.shape->answer);
}

static const struct route hook_routes[] = {
    { "GET", "/hook/sms/{service}/{secret}", ROUTE_SECRET, hook_call },
    { "POST", "/hook/sms/{service}/{secret}", ROUTE_SECRET, hook_call },
};
const struct route_table routes_hook = { hook_routes, ARRAY_LEN(hook_routes) };
