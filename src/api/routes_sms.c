/* routes_sms.c — text messages of a tenant over HTTP: what a text would cost before it is sent, what was spent, and exceptions for further countries,
 * which the operator's staff approves by session. Nothing is sent from here. */
#include <string.h>

#include "api/api_int.h"
#include "api/call.h"
#include "api/routes.h"
#include "api/session_call.h"
#include "api/sms_staff.h"
#include "api/tenant_call.h"
#include "base/text.h"
#include "charter/calling.h"
#include "charter/prices.h"
#include "messages/number.h"
#include "messages/preview.h"
#include "messages/sms_allow.h"
#include "messages/sms_cost.h"

/* ---- what it would cost */

static json_t *cost_json(const struct sms_cost *c) {
    char cost[PRICE_TEXT];
    return json_pack("{s:s, s:i, s:i, s:i, s:s?, s:s?}", "encoding", gsm_encoding_name(c->measure.encoding), "parts", c->measure.parts, "units", c->measure.units, "left", c->measure.left,
                     "cost", c->priced ? price_text(c->cost, cost) : NULL, "currency", c->priced ? c->currency : NULL);
}

/* The same text in letters that cost less, and what it costs then; null where it is the same. */
static enum code plain_add(struct call *c, const char *prefix, const char *text, size_t len, json_t *to, struct err *reterr) {
    AUTO(buf_wipe) struct buf plain = BUF(4 * GSM_TEXT_MAX);
    struct sms_cost cost;
    if (!gsm_plain(text, len, &plain) || !sms_cost_of(c->service, prefix, buf_str(&plain), plain.len, &cost))
        return err_set(reterr, plain.failed ? E_MEMORY : E_INVALID, "the text cannot be written in plain letters");
    bool same = plain.len == len && memcmp(buf_str(&plain), text, len) == 0;
    json_t *o = same ? json_null() : cost_json(&cost);
    if (!same && json_object_set_new(o, "text", json_string(buf_str(&plain))) != 0) {
        json_decref(o);
        o = NULL;
    }
    return json_object_set_new(to, "transliterated", o) == 0 ? OK : err_set(reterr, E_MEMORY, "no memory for an answer");
}

/* "prefix": where to; without it the first code of the charter, or the operator's own country. */
static const char *prefix_of(struct call *c, const json_t *body) {
    const struct sms_rules *r = charter_sms(c->charter);
    const char *said = json_string_value(json_object_get(body, "prefix")), *home = charter_value(c->charter, "operator.country");
    const struct calling *all;
    size_t n = calling_all(&all);
    if (said != NULL)
        return number_prefix_valid(said) ? said : NULL;
    for (size_t i = 0; home != NULL && i < n; i++)
        if (strcmp(all[i].country, home) == 0)
            return arena_printf(http_arena(c->req), "+%s", all[i].code);
    return r->code_count > 0 ? r->codes[0] : "";
}

/* "text", or "template" with whatever its preview takes. */
static bool body_known(struct call *c, const json_t *body) {
    static const char *const of_template[] = { "template", "id", "lang", "values", "version", "prefix" };
    const bool by_template = json_object_get(body, "template") != NULL;
    const char *name;
    json_t *v, *all = json_incref((json_t *)(uintptr_t)body);
    bool fine = json_is_string(json_object_get(body, by_template ? "template" : "text"));
    json_object_foreach(all, name, v) {
        bool known = !by_template && (strcmp(name, "text") == 0 || strcmp(name, "prefix") == 0);
        for (size_t i = 0; by_template && i < ARRAY_LEN(of_template); i++)
            known = known || strcmp(of_template[i], name) == 0;
        fine = fine && known && (json_is_string(v) || (by_template && strcmp(name, "template") != 0 && strcmp(name, "prefix") != 0));
    }
    json_decref(all);
    if (!fine)
        call_fail(c, E_INVALID, "measure takes text, or the name of a template with id, lang, values and version as its preview has them; and prefix (where to, such as +43; without it the operator's own country)");
    return fine;
}

/* The text itself, or what its template makes of the record; in *ret_made, which the caller frees. */
static enum code text_take(struct call *c, json_t *body, json_t **ret_made, const json_t **ret, struct err *reterr) {
    const char *name = json_string_value(json_object_get(body, "template"));
    const struct mail_brand brand = api_brand(c->api, c->charter);
    if (name == NULL) {
        *ret = json_object_get(body, "text");
        return OK;
    }
    json_t *asked = json_copy(body);
    if (asked == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an answer");
    json_object_del(asked, "template");
    json_object_del(asked, "prefix");
    enum code code = template_preview(c->service, &c->who, name, asked, &brand, ret_made, reterr);
    json_decref(asked);
    if (code == OK && json_object_get(*ret_made, "subject") != NULL)
        return err_field(reterr, E_FIELDS, "/template", "this template has a subject, so it is one of mail");
    *ret = json_object_get(*ret_made, "text");
    return code;
}

static enum code measured(struct call *c, const json_t *given, bool by_template, const char *prefix, json_t **ret, struct err *reterr) {
    const char *text = json_string_value(given);
    size_t len = json_string_length(given);
    struct sms_cost cost;
    if (text == NULL || !sms_cost_of(c->service, prefix, text, len, &cost))
        return err_set(reterr, E_INVALID, "a text is UTF-8 without control characters but tabs and ends of lines, of at most %u bytes", GSM_TEXT_MAX);
    json_t *reply = cost_json(&cost);
    bool fine = reply != NULL && json_object_set_new(reply, "prefix", json_string(prefix)) == 0 && (!by_template || json_object_set_new(reply, "text", json_string(text)) == 0);
    enum code code = fine ? plain_add(c, prefix, text, len, reply, reterr) : err_set(reterr, E_MEMORY, "no memory for an answer");
    if (code == OK)
        *ret = reply;
    else
        json_decref(reply);
    return code;
}

static void on_measure(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *body = NULL, *made = NULL, *reply = NULL;
    const json_t *text = NULL;
    if (!call_begin(req, &c) || !call_json(&c, JSON_ONLY, &body))
        return;
    const char *prefix = prefix_of(&c, body);
    if (!c.who.by_sejf && !charter_sends(c.charter, c.who.person))
        call_fail(&c, E_FORBIDDEN, "what text messages cost is asked by whoever sends them: the charter names who (messages.sent_by)");
    else if (!body_known(&c, body) || !call_whole(&c))
        ;                                      /* replied */
    else if (prefix == NULL)
        call_fail(&c, E_INVALID, "prefix is a '+' and digits that begin with the code of a country, such as +43");
    else if (text_take(&c, body, &made, &text, &e) != OK || measured(&c, text, made != NULL, prefix, &reply, &e) != OK)
        call_error(&c, &e, NULL);
    else
        call_reply_json(&c, 200, reply);
    json_decref(reply);
    json_decref(made);
    json_decref(body);
}

/* ---- what was spent */

static void on_show(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *told = NULL;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "what text messages cost"))
        return;
    if (sms_told(c.service, c.who.tenant, &told, &e) == OK)
        call_reply_json(&c, 200, told);
    else
        call_error(&c, &e, NULL);
    json_decref(told);
}

/* ---- exceptions, by the operator's staff */

struct place { int64_t tenant; struct service *service; };

static bool begin(struct http_req *req, struct scall *c, struct place *p) {
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, c) || !scall_number(c, "tenant", &p->tenant))
        return false;
    enum code code = people_staff(c->people, &c->session, &e);
    if (code == OK)
        code = people_service(c->people, p->tenant, &p->service, &e);
    if (code == E_NOT_FOUND)
        (void)err_set(&e, E_NOT_FOUND, "there is nothing at this address, or it is not for you");
    if (code == OK)
        code = sms_approver(c->people, p->service, &c->session.account, &e);
    if (code != OK)
        scall_error(c, &e);
    else
        http_note_tenant(req, p->tenant);
    return code == OK && scall_whole(c);
}

#define PREFIX_ROOM 17
#define DAY_ROOM 16
#define WHY_ROOM 501
static void on_allow(struct http_req *req) {
    struct scall c;
    struct place p;
    AUTO(json_wiped) json_t *body = NULL;
    struct err e;
    char by[SCALL_BY];
    struct sms_wish w = { .by = by };
    json_t *made = NULL;
    if (!begin(req, &c, &p) || !scall_json(&c, NAMES("prefix", "until", "why"), &body) || !scall_text(&c, body, "prefix", PREFIX_ROOM, &w.prefix) ||
        !scall_text(&c, body, "until", DAY_ROOM, &w.until) || !scall_text(&c, body, "why", WHY_ROOM, &w.why))
        return;
    (void)scall_by(&c, by);
    if (sms_allow(p.service, p.tenant, &w, &made, &e) == OK)
        scall_reply(&c, 201, made);
    else
        scall_error(&c, &e);
}

static void on_end(struct http_req *req) {
    struct scall c;
    struct place p;
    struct err e;
    char by[SCALL_BY];
    int64_t number;
    if (!begin(req, &c, &p) || !scall_number(&c, "number", &number))
        return;
    if (sms_disallow(p.service, p.tenant, number, scall_by(&c, by), &e) == OK)
        scall_reply_nothing(&c, 204);
    else
        scall_error(&c, &e);
}

static const struct route routes[] = {
    { "POST", "/v1/{service}/sms/measure", 0, on_measure },
    { "GET", "/v1/tenants/{tenant}/sms", 0, on_show },
    { "POST", "/v1/tenants/{tenant}/sms/exceptions", 0, on_allow },
    { "DELETE", "/v1/tenants/{tenant}/sms/exceptions/{number}", 0, on_end },
};
const struct route_table routes_sms = { routes, ARRAY_LEN(routes) };
