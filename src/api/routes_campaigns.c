/* routes_campaigns.c — campaigns: decode, one use case, encode. Nobody names an address here, either: a campaign goes to the people of records. */
#include <string.h>

#include "access/people.h"
#include "api/call.h"
#include "api/control_int.h"
#include "api/routes.h"
#include "base/text.h"
#include "messages/again.h"
#include "messages/campaign.h"
#include "messages/right.h"

#define PAGE 50
#define PAGE_MOST 200
static const char *const members[] = { "channel", "kind", "scope", "where", "template", "purpose", "at", "name" };

static bool known(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (strcmp(name, members[i]) == 0)
            return true;
    return false;
}

static enum code members_check(json_t *body, struct err *reterr) {
    const char *name;
    json_t *v;
    json_object_foreach(body, name, v) {
        const bool where = strcmp(name, "where") == 0;
        if (!known(name))
            return err_set(reterr, E_FIELDS, "a campaign has channel, kind, scope, where, template, purpose, at and name, and nothing else: it names no address, for it goes to the people of records");
        if (where ? !json_is_object(v) : !json_is_string(v))
            return err_set(reterr, E_FIELDS, where ? "where is an object of conditions, as a search has it" : "`%s` of a campaign is a text", name);
    }
    return OK;
}

static const char *text_of(const json_t *o, const char *name) { return json_string_value(json_object_get(o, name)); }

/* Its texts are those of the body. */
static enum code wish_read(const struct call *c, json_t *body, struct campaign_wish *ret, struct err *reterr) {
    const char *channel = text_of(body, "channel"), *kind = text_of(body, "kind"), *scope = text_of(body, "scope"), *at = text_of(body, "at");
    struct campaign_wish w = { .channel = channel != NULL && strcmp(channel, "sms") == 0 ? CHANNEL_SMS : CHANNEL_EMAIL, .where = json_object_get(body, "where"), .template_name = text_of(body, "template"),
                               .purpose = text_of(body, "purpose"), .name = text_of(body, "name"), .kind = kind == NULL ? -1 : charter_kind(c->charter, kind) };
    enum code code = members_check(body, reterr);
    if (code != OK)
        return code;
    if (channel != NULL && w.channel == CHANNEL_EMAIL && strcmp(channel, "email") != 0)
        return err_field(reterr, E_FIELDS, "/channel", "channel is email or sms");
    if (w.kind < 0)
        return err_field(reterr, E_FIELDS, "/kind", "kind names a kind of record of this service");
    if (scope != NULL && !uuid_parse(scope, &w.scope))
        return err_field(reterr, E_FIELDS, "/scope", "scope is the id of the record to which those belong whose people are meant");
    if (at != NULL && !time_parse(at, &w.at))
        return err_field(reterr, E_FIELDS, "/at", "at is a time such as 2026-11-23T08:00:00Z");
    *ret = w;
    return OK;
}

static json_t *made_answer(void *arg) { return json_pack("{s:I}", "number", (json_int_t)*(const int64_t *)arg); }

/* The same request with the same key is one campaign. */
static enum code make(struct call *c, const struct campaign_wish *w, const json_t *body, const char *key, int64_t *ret, struct err *reterr) {
    bool met = true;
    enum code code = OK;
    for (int tries = 0; code == OK && met && tries < 2; tries++) {      /* twice: somebody may answer the same request meanwhile */
        struct again a;
        json_t *before = NULL;
        code = again_begin(c->service, &c->who, key, body, &a, &before, reterr);
        if (code != OK)
            return code;
        if (before != NULL) {
            *ret = json_integer_value(json_object_get(before, "number"));
            json_decref(before);
            return OK;
        }
        a.answer = made_answer;
        a.arg = ret;
        code = campaign_make(c->service, &c->who, w, again_write, &a, ret, reterr);
        met = code == E_CONFLICT && a.met;
        again_end(&a, code, code == OK);
        code = met && tries == 0 ? OK : code;
    }
    return code;
}

static void ask(struct http_req *req, bool makes) {
    struct call c;
    struct err e;
    struct campaign_wish w;
    json_t *body = NULL, *told = NULL;
    const char *key;
    int64_t number = 0;
    if (!call_begin(req, &c) || !call_key(&c, &key) || !call_json(&c, JSON_ONLY, &body))
        return;
    enum code code = message_right(c.service, &c.who, &(const struct message_deed){ .verb = MESSAGES_SEND }, NULL, &e);
    if (code == OK)
        code = wish_read(&c, body, &w, &e);
    if (code == OK && !call_whole(&c)) {
        json_decref(body);
        return;
    }
    if (code == OK)
        code = makes ? make(&c, &w, body, key, &number, &e) : campaign_preview(c.service, &c.who, &w, &told, &e);
    if (code == OK && makes)
        code = campaign_told(c.service, &c.who, number, &told, &e);
    if (code == OK)
        call_reply_json(&c, makes ? 202 : 200, told);
    else
        call_error(&c, &e, NULL);
    json_decref(told);
    json_decref(body);
}

static void on_make(struct http_req *req) { ask(req, true); }
static void on_preview(struct http_req *req) { ask(req, false); }

/* A call about one that is there. */
static bool number_begin(struct http_req *req, struct call *c, int64_t *ret) {
    struct err e;
    if (!call_begin(req, c))
        return false;
    if (message_right(c->service, &c->who, &(const struct message_deed){ .verb = MESSAGES_READ }, NULL, &e) != OK) {
        call_error(c, &e, NULL);
        return false;
    }
    if (text_int(http_param(req, "number"), 1, INT64_MAX, ret))
        return true;
    call_fail(c, E_NOT_FOUND, "there is no campaign of that number");
    return false;
}

static void on_one(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number = 0;
    json_t *told = NULL;
    if (!number_begin(req, &c, &number))
        return;
    if (campaign_told(c.service, &c.who, number, &told, &e) == OK)
        call_reply_json(&c, 200, told);
    else
        call_error(&c, &e, NULL);
    json_decref(told);
}

static void turn(struct http_req *req, enum campaign_do what) {
    struct call c;
    struct err e;
    int64_t number = 0;
    json_t *told = NULL;
    if (!number_begin(req, &c, &number))
        return;
    if (campaign_turn(c.service, &c.who, number, what, &told, &e) == OK)
        call_reply_json(&c, 200, told);
    else
        call_error(&c, &e, NULL);
    json_decref(told);
}

static void on_stop(struct http_req *req) { turn(req, CAMPAIGN_STOP); }
static void on_pause(struct http_req *req) { turn(req, CAMPAIGN_PAUSE); }
static void on_resume(struct http_req *req) { turn(req, CAMPAIGN_RESUME); }

static void on_list(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t before = INT64_MAX, limit = PAGE;
    json_t *told = NULL;
    const char *cursor = http_query(req, "cursor"), *most = http_query(req, "limit");
    if (!call_begin(req, &c))
        return;
    if ((cursor != NULL && !text_int(cursor, 1, INT64_MAX, &before)) || (most != NULL && !text_int(most, 1, PAGE_MOST, &limit))) {
        call_fail(&c, E_INVALID, "campaigns are asked for by limit (1 to %d) and cursor", PAGE_MOST);
        return;
    }
    enum code code = message_right(c.service, &c.who, &(const struct message_deed){ .verb = MESSAGES_READ }, NULL, &e);
    if (code == OK)
        code = campaigns_told(c.service, &c.who, before, (size_t)limit, &told, &e);
    if (code == OK)
        call_reply_json(&c, 200, told);
    else
        call_error(&c, &e, NULL);
    json_decref(told);
}

static const struct route routes[] = {
    { "GET", "/v1/{service}/campaigns", 0, on_list },
    { "POST", "/v1/{service}/campaigns", 0, on_make },
    { "POST", "/v1/{service}/campaigns/preview", 0, on_preview },
    { "GET", "/v1/{service}/campaigns/{number}", 0, on_one },
    { "POST", "/v1/{service}/campaigns/{number}/stop", 0, on_stop },
    { "POST", "/v1/{service}/campaigns/{number}/pause", 0, on_pause },
    { "POST", "/v1/{service}/campaigns/{number}/resume", 0, on_resume },
};
const struct route_table routes_campaigns = { routes, ARRAY_LEN(routes) };

/* ---- by the command line */

static struct caller sejf_of(int64_t tenant) { return (struct caller){ .tenant = tenant, .by_sejf = true, .subject_kind = -1, .person = -1 }; }

static enum code service_of(struct control_req *c, int64_t *ret_tenant, struct service **ret, struct err *reterr) {
    *ret_tenant = control_number(c, "tenant", 0);
    return *ret_tenant > 0 ? people_service(api_people(c->api), *ret_tenant, ret, reterr) : err_set(reterr, E_INVALID, "tenant: its number");
}

enum code do_campaign_list(struct control_req *c, struct err *reterr) {
    struct service *s = NULL;
    json_t *list = NULL;
    int64_t tenant = 0, before = control_number(c, "before", INT64_MAX), next = 0;
    enum code code = service_of(c, &tenant, &s, reterr);
    const struct caller sejf = sejf_of(tenant);
    if (code == OK)
        code = campaigns_told(s, &sejf, before, PAGE, &list, reterr);
    if (code != OK)
        return code;
    control_set(c, "count", json_integer(control_say_page(c, list, &next)));
    control_set(c, "before", json_integer(next));
    return OK;
}

enum code do_campaign_show(struct control_req *c, struct err *reterr) {
    struct service *s = NULL;
    json_t *told = NULL;
    int64_t tenant = 0;
    enum code code = service_of(c, &tenant, &s, reterr);
    const struct caller sejf = sejf_of(tenant);
    if (code == OK)
        code = campaign_told(s, &sejf, control_number(c, "number", 0), &told, reterr);
    if (code == OK)
        control_set(c, "campaign", told);
    return code;
}

enum code do_campaign_turn(struct control_req *c, struct err *reterr) {
    static const char *const words[] = { [CAMPAIGN_STOP] = "stop", [CAMPAIGN_PAUSE] = "pause", [CAMPAIGN_RESUME] = "resume" };
    struct service *s = NULL;
    json_t *told = NULL;
    int64_t tenant = 0;
    const char *what = control_text(c, "what");
    size_t at = 0;
    while (at < ARRAY_LEN(words) && (what == NULL || strcmp(words[at], what) != 0))
        at++;
    enum code code = at == ARRAY_LEN(words) ? err_set(reterr, E_INVALID, "what: stop, pause or resume") : service_of(c, &tenant, &s, reterr);
    const struct caller sejf = sejf_of(tenant);
    if (code == OK)
        code = campaign_turn(s, &sejf, control_number(c, "number", 0), (enum campaign_do)at, &told, reterr);
    if (code == OK)
        control_set(c, "campaign", told);
    return code;
}
