/* routes_messages.c — messages to the people of records: one, many at once, and what the gates refused. Nobody names an address here: a message names a
 * record, and whoever tries to name a recipient is told so. */
#include <string.h>

#include "api/call.h"
#include "api/control_int.h"
#include "api/routes.h"
#include "access/people.h"
#include "base/mem.h"
#include "base/text.h"
#include "charter/prices.h"
#include "messages/again.h"
#include "messages/right.h"
#include "messages/suppress.h"
#include "records/draft.h"

/* Members of a message; all but template and values are texts. */
static const char *const members[] = { "channel", "kind", "id", "template", "subject", "text", "values", "purpose", "scope", "at", "until" };
static const char *const recipients[] = { "to", "cc", "bcc", "recipient", "recipients", "email", "mail", "address", "addresses", "phone", "number", "numbers", "msisdn", "from", "reply_to", "headers" };

static bool among(const char *name, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

static enum code unknown_member(const char *name, const json_t *v, struct err *reterr) {
    bool addressed = among(name, recipients, ARRAY_LEN(recipients)) || (json_is_string(v) && strchr(json_string_value(v), '@') != NULL);
    return addressed ? err_field(reterr, E_FIELDS, "", "a message names no address: it goes to the person of the record that `kind` and `id` name, as that record holds it; leave every other recipient out")
                     : err_field(reterr, E_FIELDS, "", "a message has channel, kind, id, template, or subject and text, values, purpose, scope, at and until, and nothing else");
}

static enum code members_known(const json_t *o, struct err *reterr) {
    const char *name;
    json_t *v;
    if (!json_is_object(o))
        return err_field(reterr, E_FIELDS, "", "a message is an object such as {\"kind\": \"registration\", \"id\": \"0193…\", \"subject\": \"…\", \"text\": \"…\"}");
    json_t *all = json_incref((json_t *)(uintptr_t)o);
    enum code code = OK;
    json_object_foreach(all, name, v) {
        if (code != OK)
            continue;
        if (!among(name, members, ARRAY_LEN(members)))
            code = unknown_member(name, v, reterr);
        else if (strcmp(name, "values") != 0 && !json_is_string(v) && !json_is_null(v) && !(strcmp(name, "template") == 0 && json_is_integer(v)))
            code = err_field(reterr, E_FIELDS, "", "`%s` of a message is a text", name);
    }
    json_decref(all);
    return code;
}

static const char *text_of(const json_t *o, const char *name) { return json_string_value(json_object_get(o, name)); }

static bool time_of(const json_t *o, const char *name, usec_t *ret) {
    const char *text = text_of(o, name);
    return text == NULL || time_parse(text, ret);
}

/* A wish from what was sent; its texts are those of `o`. */
static enum code wish_read(const struct call *c, const json_t *o, const char *whose, struct message_wish *ret, struct err *reterr) {
    const char *channel = text_of(o, "channel"), *kind = text_of(o, "kind"), *id = text_of(o, "id"), *scope = text_of(o, "scope");
    const json_t *values = json_object_get(o, "values");
    struct message_wish w = { .kind = -1, .template_name = text_of(o, "template"), .template = json_integer_value(json_object_get(o, "template")), .subject = text_of(o, "subject"), .text = text_of(o, "text"),
                              .purpose = text_of(o, "purpose"), .values = json_is_null(values) ? NULL : values, .cause = "api", .whose = whose };
    enum code code = members_known(o, reterr);
    if (code != OK)
        return code;
    w.channel = channel != NULL && strcmp(channel, "sms") == 0 ? CHANNEL_SMS : CHANNEL_EMAIL;
    if (channel == NULL && !charter_messages(c->charter, false).said && charter_messages(c->charter, true).said)
        w.channel = CHANNEL_SMS;
    if (channel != NULL && strcmp(channel, channel_name(w.channel)) != 0)
        return err_field(reterr, E_FIELDS, "/channel", "channel is email or sms");
    w.kind = kind == NULL ? -1 : charter_kind(c->charter, kind);
    if (w.kind < 0)
        return err_field(reterr, E_FIELDS, "/kind", "kind names a kind of record of this service");
    if (id == NULL || !uuid_parse(id, &w.record))
        return err_field(reterr, E_FIELDS, "/id", "id is that of a record, and never an address");
    if (scope != NULL && !uuid_parse(scope, &w.scope))
        return err_field(reterr, E_FIELDS, "/scope", "scope is the id of a record among whose people the message is sent");
    if (!time_of(o, "at", &w.at) || !time_of(o, "until", &w.until))
        return err_field(reterr, E_FIELDS, "/at", "at and until are times such as 2026-11-23T08:00:00Z");
    *ret = w;
    code = message_wish_check(c->service, &w, reterr);
    return code == OK ? message_text_check(c->service, &c->who, &w, reterr) : code;
}

/* May the caller send it? Its purpose is then said: where it names none, the first that the caller may name. *ret_tells: it sees the address, or is the
 * tenant's own role: only then an answer says why a gate stops a message, and how long and dear a text is, for these tell of what stands in the record. */
static enum code wish_right(const struct call *c, struct message_wish *w, bool *ret_tells, struct err *reterr) {
    const struct message_deed deed = { .verb = MESSAGES_SEND, .reach = REACH_ONE, .kind = w->kind, .id = w->record, .purpose = w->purpose };
    struct message_may may;
    enum code code = message_right(c->service, &c->who, &deed, &may, reterr);
    if (code != OK)
        return code;
    const struct kind *k = charter_kind_at(c->charter, w->kind);
    const int address = kind_address_field(k, w->channel == CHANNEL_SMS);
    if (may.purpose >= 0)
        w->purpose = purpose_name(k, may.purpose);
    *ret_tells = c->who.person == charter_tenant(c->charter) || (address >= 0 && (may.sees >> address & 1) != 0);
    return OK;
}

/* ---- answers */

static json_t *queued_json(const struct message_result *r, bool tells) {
    char id[UUID_TEXT], cost[PRICE_TEXT];
    return json_pack("{s:s, s:s, s:o*, s:s*}", "id", uuid_format(&r->id, id), "state", "waiting", "parts", tells && r->parts > 0 ? json_integer(r->parts) : NULL,
                     "cost", tells && r->cost > 0 ? price_text(r->cost, cost) : NULL);
}

/* Which code a gate's refusal has: not at all, not yet, or not while something stands in its way. */
static enum code refused_code(const struct gate_verdict *v) {
    return v->again == 0 ? E_FORBIDDEN : v->gate == GATE_RATE || v->gate == GATE_SPEND ? E_TOO_MANY : E_CONFLICT;
}

static const char *why_of(const struct gate_verdict *v, bool tells) { return tells ? v->why : "who sees the address of the record is told why"; }

static json_t *refused_json(const struct gate_verdict *v, bool tells) {
    char again[32];
    return json_pack("{s:s, s:s, s:s?}", "gate", gate_name(v->gate), "why", why_of(v, tells), "again", v->again == 0 ? NULL : time_format(v->again, again, sizeof again));
}

static void reply_refused(struct call *c, const struct gate_verdict *v, bool tells) {
    AUTO(buf_done) struct buf text = BUF(1 << 16);
    enum code code = refused_code(v);
    char name[48], *p = name;
    for (const char *t = code_name(code) + 2; *t != 0 && p < name + sizeof name - 1; t++)
        *p++ = *t >= 'A' && *t <= 'Z' ? (char)(*t | 0x20) : *t;
    *p = 0;
    json_t *doc = refused_json(v, tells);
    json_object_set_new(doc, "type", json_sprintf("%s/problems/%s", api_config(c->api)->base_url, name));
    json_object_set_new(doc, "title", json_string(code_title(code)));
    json_object_set_new(doc, "status", json_integer(code_status(code)));
    json_object_set_new(doc, "detail", json_sprintf("the gate `%s` stops this message: %s", gate_name(v->gate), why_of(v, tells)));
    json_object_set_new(doc, "code", json_integer(code));
    json_object_set_new(doc, "request", json_string(http_request_id(c->req)));
    char *dumped = doc == NULL ? NULL : json_dumps(doc, JSON_COMPACT);
    json_decref(doc);
    if (dumped != NULL)
        buf_printf(&text, "%s\n", dumped);
    free(dumped);
    if (v->again > 0)
        http_reply_header(c->req, "Retry-After", arena_printf(http_arena(c->req), "%lld", (long long)(v->again - clock_now()) / USEC_PER_SEC + 1));
    if (call_whole(c))
        http_reply_buf(c->req, code_status(code), "application/problem+json", &text);
}

static void gone_err(struct err *e) { (void)err_set(e, E_NOT_FOUND, "there is no such record"); }

static json_t *failed_json(const struct err *e) {
    return json_pack("{s:i, s:s, s:s}", "status", code_status(e->code), "path", e->field, "text", e->text);
}

/* ---- one */

struct sent_one { struct message_result r; bool tells; };
static json_t *one_answer(void *arg) {
    const struct sent_one *o = arg;
    return o->r.queued ? queued_json(&o->r, o->tells) : json_null();
}

static enum code send_one(struct call *c, const json_t *body, const char *key, struct sent_one *one, json_t **ret_before, struct err *reterr) {
    char whose[CALLER_TEXT];
    struct message_wish w;
    struct again a;
    size_t bad = 0;
    enum code code = message_right(c->service, &c->who, &(const struct message_deed){ .verb = MESSAGES_SEND }, NULL, reterr);      /* whoever may not send learns of no template */
    if (code == OK)
        code = wish_read(c, body, caller_text(&c->who, whose, sizeof whose), &w, reterr);
    if (code == OK)
        code = wish_right(c, &w, &one->tells, reterr);
    for (int tries = 0; code == OK && tries < 2; tries++) {      /* twice: somebody may answer the same request meanwhile */
        code = again_begin(c->service, &c->who, key, body, &a, ret_before, reterr);
        if (code != OK || *ret_before != NULL)
            return code;
        a.answer = one_answer;
        a.arg = one;
        code = messages_send(c->service, c->who.tenant, &w, 1, &one->r, again_write, &a, &bad, reterr);
        bool met = code == E_CONFLICT && a.met;
        again_end(&a, code, one->r.queued);
        if (!met)
            break;
        code = OK;
    }
    return code;
}

static void on_send(struct http_req *req) {
    struct call c;
    struct err e;
    struct sent_one one = { .r = { .queued = false } };
    json_t *body = NULL, *before = NULL;
    const char *key;
    if (!call_begin(req, &c) || !call_key(&c, &key) || !call_json(&c, JSON_ONLY, &body))
        return;
    enum code code = send_one(&c, body, key, &one, &before, &e);
    if (code == OK && before == NULL && one.r.gone) {
        gone_err(&e);
        code = e.code;
    }
    if (code != OK) {
        call_error(&c, &e, NULL);
    } else if (before == NULL && !one.r.queued) {
        reply_refused(&c, &one.r.verdict, one.tells);
    } else {
        json_t *out = before != NULL ? json_incref(before) : queued_json(&one.r, one.tells);
        call_reply_json(&c, 202, out);
        json_decref(out);
    }
    json_decref(before);
    json_decref(body);
}

/* ---- many: each is answered by itself */

struct many { struct message_wish *wishes; struct message_result *results; bool *tells; size_t *places; size_t count, asked; json_t *items; };

static json_t *result_json(const struct message_result *r, bool tells) {
    struct err e;
    if (r->gone) {
        gone_err(&e);
        return failed_json(&e);
    }
    json_t *one = r->queued ? queued_json(r, tells) : refused_json(&r->verdict, tells);
    json_object_set_new(one, "status", json_integer(r->queued ? 202 : code_status(refused_code(&r->verdict))));
    return one;
}

/* {items: […]} in the order of the request; what was no wish has its answer already. */
static json_t *many_answer(void *arg) {
    const struct many *m = arg;
    json_t *items = json_array();
    bool fine = items != NULL;
    size_t next = 0;
    for (size_t i = 0; fine && i < m->count; i++) {
        bool asked = next < m->asked && m->places[next] == i;
        fine = asked ? json_array_append_new(items, result_json(&m->results[next], m->tells[next])) == 0 : json_array_append(items, json_array_get(m->items, i)) == 0;
        next += asked;
    }
    json_t *out = fine ? json_pack("{s:O}", "items", items) : NULL;
    json_decref(items);
    return out;
}

static enum code many_read(struct call *c, const json_t *list, const char *whose, struct many *m, struct err *reterr) {
    struct arena *arena = http_arena(c->req);
    m->count = json_array_size(list);
    m->wishes = arena_array(arena, m->count + 1, sizeof *m->wishes);
    m->results = arena_array(arena, m->count + 1, sizeof *m->results);
    m->tells = arena_array(arena, m->count + 1, sizeof *m->tells);
    m->places = arena_array(arena, m->count + 1, sizeof *m->places);
    m->items = json_array();
    if (m->wishes == NULL || m->results == NULL || m->tells == NULL || m->places == NULL || m->items == NULL)
        return err_set(reterr, E_MEMORY, "no memory for messages");
    for (size_t i = 0; i < m->count; i++) {
        struct err e;
        struct message_wish *w = &m->wishes[m->asked];
        enum code code = wish_read(c, json_array_get(list, i), whose, w, &e);
        if (code == OK)
            code = wish_right(c, w, &m->tells[m->asked], &e);
        if (code != OK && code_status(code) >= 500) {
            *reterr = e;
            return code;
        }
        if (json_array_append_new(m->items, code == OK ? json_null() : failed_json(&e)) != 0)
            return err_set(reterr, E_MEMORY, "no memory for messages");
        if (code == OK)
            m->places[m->asked++] = i;
    }
    return OK;
}

static enum code send_many(struct call *c, const json_t *body, const char *key, json_t **ret, struct err *reterr) {
    char whose[CALLER_TEXT];
    struct many m = { .count = 0 };
    struct again a;
    size_t bad = 0;
    enum code code = many_read(c, json_object_get(body, "messages"), caller_text(&c->who, whose, sizeof whose), &m, reterr);
    for (int tries = 0; code == OK && *ret == NULL && tries < 2; tries++) {
        code = again_begin(c->service, &c->who, key, body, &a, ret, reterr);
        if (code != OK || *ret != NULL)
            break;
        a.answer = many_answer;
        a.arg = &m;
        code = messages_send(c->service, c->who.tenant, m.wishes, m.asked, m.results, again_write, &a, &bad, reterr);
        bool met = code == E_CONFLICT && a.met;
        again_end(&a, code, true);
        if (code == OK && (*ret = many_answer(&m)) == NULL)
            code = err_set(reterr, E_MEMORY, "no memory for messages");
        code = met ? OK : code;
    }
    json_decref(m.items);
    return code;
}

static void on_batch(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *body = NULL, *answer = NULL;
    const char *key;
    if (!call_begin(req, &c) || !call_key(&c, &key) || !call_json(&c, JSON_ONLY, &body))
        return;
    const json_t *list = json_object_get(body, "messages");
    enum code code = message_right(c.service, &c.who, &(const struct message_deed){ .verb = MESSAGES_SEND }, NULL, &e);
    if (code == OK && (json_object_size(body) != 1 || !json_is_array(list) || json_array_size(list) < 1 || json_array_size(list) > SEND_MOST))
        code = err_field(&e, E_FIELDS, "/messages", "the body is {\"messages\": […]} with 1 to %u of them", SEND_MOST);
    if (code == OK)
        code = send_many(&c, body, key, &answer, &e);
    if (code == OK)
        call_reply_json(&c, 200, answer);
    else
        call_error(&c, &e, NULL);
    json_decref(answer);
    json_decref(body);
}

/* ---- what the gates refused */

#define DAYS_USUAL 30
#define DAYS_MOST 400
static void on_gates(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t days = DAYS_USUAL;
    json_t *list = NULL;
    const char *text = http_query(req, "days");
    if (!call_begin(req, &c))
        return;
    enum code code = message_right(c.service, &c.who, &(const struct message_deed){ .verb = MESSAGES_READ }, NULL, &e);
    if (code == OK && text != NULL && !text_int(text, 1, DAYS_MOST, &days))
        code = err_set(&e, E_INVALID, "days: from 1 to %d", DAYS_MOST);
    if (code == OK)
        code = gates_told(c.service, c.who.tenant, (int)days, &list, &e);
    if (code == OK)
        call_reply_json(&c, 200, list);
    else
        call_error(&c, &e, NULL);
    json_decref(list);
}

static const struct route routes[] = {
    { "GET", "/v1/{service}/gates", 0, on_gates },
    { "POST", "/v1/{service}/messages", 0, on_send },
    { "POST", "/v1/{service}/messages/batch", 0, on_batch },
};
const struct route_table routes_messages = { routes, ARRAY_LEN(routes) };

/* ---- by the command line */

enum code do_send_gates(struct control_req *c, struct err *reterr) {
    struct service *s = NULL;
    json_t *list = NULL, *items;
    int64_t tenant = control_number(c, "tenant", 0), days = control_number(c, "days", DAYS_USUAL);
    enum code code = tenant > 0 && days >= 1 && days <= DAYS_MOST ? people_service(api_people(c->api), tenant, &s, reterr) : err_set(reterr, E_INVALID, "tenant: its number; days: from 1 to %d", DAYS_MOST);
    if (code == OK)
        code = gates_told(s, tenant, (int)days, &list, reterr);
    if (code != OK)
        return code;
    items = json_incref(json_object_get(list, "items"));
    json_decref(list);
    return control_say_list(c, items);
}
