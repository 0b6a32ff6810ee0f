/* routes_sent.c — what became of messages to the people of records: no address, no text. Whoever may send reads it of the records that it sees. */
#include <string.h>

#include "access/people.h"
#include "api/call.h"
#include "api/control_int.h"
#include "api/routes.h"
#include "base/text.h"
#include "messages/outbox.h"
#include "messages/right.h"
#include "records/service.h"

#define PAGE 100u

/* ?record=registration/0193…, ?campaign=7, ?state=waiting */
static enum code filter_read(const struct call *c, struct letter_filter *ret, struct err *reterr) {
    const char *record = http_query(c->req, "record"), *campaign = http_query(c->req, "campaign"), *state = http_query(c->req, "state"), *slash = record == NULL ? NULL : strchr(record, '/');
    struct letter_filter f = { .state = -1 };
    if (state != NULL && (f.state = letter_state_of(state)) < 0)
        return err_set(reterr, E_INVALID, "state: waiting, sending, sent, bounced, unknown or over");
    if (campaign != NULL && !text_int(campaign, 1, INT64_MAX, &f.about))
        return err_set(reterr, E_INVALID, "campaign: its number");
    f.cause = campaign == NULL ? NULL : "campaign";
    if (record != NULL) {
        char kind[128];
        int number = -1;
        if (slash != NULL && (size_t)(slash - record) < sizeof kind) {
            memcpy(kind, record, (size_t)(slash - record));
            kind[slash - record] = 0;
            number = charter_kind(c->charter, kind);
        }
        if (number < 0 || !uuid_parse(slash + 1, &f.record) || uuid_is_null(&f.record))
            return err_set(reterr, E_INVALID, "record: as registration/0193…, by kind and id");
        f.kind = service_kind(c->service, number)->number;
    }
    *ret = f;
    return OK;
}

/* That of all such records, or else of this one: E_NOT_FOUND where it is not the caller's to know of. */
static enum code record_seen(struct call *c, int kind, const struct uuid *id, struct err *reterr) {
    struct message_deed d = { .verb = MESSAGES_READ, .reach = REACH_ALL, .kind = kind };
    enum code code = message_right(c->service, &c->who, &d, NULL, reterr);
    if (code != E_FORBIDDEN)
        return code;
    d.reach = REACH_ONE;
    d.id = *id;
    code = message_right(c->service, &c->who, &d, NULL, reterr);
    return code == E_FORBIDDEN ? err_set(reterr, E_NOT_FOUND, "there is no such record") : code;
}

/* Does the caller know of the record that it went to? One of a kind that the charter has no more is the tenant's own role's. */
static enum code message_seen(struct call *c, const json_t *one, struct err *reterr) {
    const char *kind = json_string_value(json_object_get(one, "kind")), *record = json_string_value(json_object_get(one, "record"));
    const int at = kind == NULL ? -1 : charter_kind(c->charter, kind);
    struct uuid id;
    if (at < 0 || record == NULL || !uuid_parse(record, &id))
        return c->who.person == charter_tenant(c->charter) && policy_whole(c->charter, &c->who) ? OK : err_set(reterr, E_NOT_FOUND, "there is no such message");
    return record_seen(c, at, &id, reterr);
}

static enum code seen_only(struct call *c, json_t *list, struct err *reterr) {
    json_t *items = json_object_get(list, "items");
    for (size_t i = 0; i < json_array_size(items);) {
        const enum code code = message_seen(c, json_array_get(items, i), reterr);
        if (code != OK && code != E_NOT_FOUND)
            return code;
        if (code == OK)
            i++;
        else
            (void)json_array_remove(items, i);
    }
    return OK;
}

static void on_list(struct http_req *req) {
    struct call c;
    struct err e;
    struct uuid before = { { 0 } };
    struct letter_filter f = { .state = -1 };
    json_t *list = NULL;
    int64_t limit = PAGE;
    const char *cursor = http_query(req, "cursor"), *most = http_query(req, "limit");
    if (!call_begin(req, &c))
        return;
    enum code code = message_right(c.service, &c.who, &(const struct message_deed){ .verb = MESSAGES_READ }, NULL, &e);
    if (code == OK && cursor != NULL && !uuid_parse(cursor, &before))
        code = err_set(&e, E_INVALID, "cursor: as \"next\" of an earlier answer gave it");
    if (code == OK && most != NULL && !text_int(most, 1, 1000, &limit))
        code = err_set(&e, E_INVALID, "limit: from 1 to 1000");
    if (code == OK)
        code = filter_read(&c, &f, &e);
    if (code == OK && !uuid_is_null(&f.record))
        code = record_seen(&c, service_kind_by_number(c.service, f.kind)->index, &f.record, &e);
    if (code == OK)
        code = messages_list(c.service, c.who.tenant, &f, &before, (size_t)limit, &list, &e);
    if (code == OK)
        code = seen_only(&c, list, &e);
    if (code == OK)
        call_reply_json(&c, 200, list);
    else
        call_error(&c, &e, NULL);
    json_decref(list);
}

static void on_one(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *one = NULL;
    if (!call_begin(req, &c))
        return;
    enum code code = message_right(c.service, &c.who, &(const struct message_deed){ .verb = MESSAGES_READ }, NULL, &e);
    if (code != OK) {
        call_error(&c, &e, NULL);
        return;
    }
    if (!call_id(&c, "id"))
        return;
    code = message_show(c.service, c.who.tenant, &c.id, &one, &e);
    if (code == OK && (code = message_seen(&c, one, &e)) == E_NOT_FOUND)
        (void)err_set(&e, E_NOT_FOUND, "there is no such message");
    if (code == OK)
        call_reply_json(&c, 200, one);
    else
        call_error(&c, &e, NULL);
    json_decref(one);
}

static const struct route routes[] = {
    { "GET", "/v1/{service}/messages", 0, on_list },
    { "GET", "/v1/{service}/messages/{id}", 0, on_one },
};
const struct route_table routes_sent = { routes, ARRAY_LEN(routes) };

/* ---- by the command line */

enum code do_send_list(struct control_req *c, struct err *reterr) {
    int64_t tenant = control_number(c, "tenant", 0), campaign = control_number(c, "campaign", 0), count = 0;
    const char *state = control_text(c, "state");
    struct letter_filter f = { .cause = campaign > 0 ? "campaign" : NULL, .about = campaign > 0 ? campaign : 0, .state = state == NULL ? -1 : letter_state_of(state) };
    struct uuid before = { { 0 } };
    struct service *s = NULL;
    bool more = true;
    enum code code = tenant > 0 ? people_service(api_people(c->api), tenant, &s, reterr) : err_set(reterr, E_INVALID, "tenant: its number");
    if (code == OK && state != NULL && f.state < 0)
        code = err_set(reterr, E_INVALID, "state: waiting, sending, sent, bounced, unknown or over");
    while (code == OK && more && !c->reader_gone) {
        json_t *list = NULL, *one;
        size_t i;
        code = messages_list(s, tenant, &f, &before, PAGE, &list, reterr);
        json_array_foreach(json_object_get(list, "items"), i, one)
            (void)!control_say(c, one);
        count += (int64_t)json_array_size(json_object_get(list, "items"));
        const char *next = json_string_value(json_object_get(list, "next"));
        more = next != NULL && uuid_parse(next, &before);
        json_decref(list);
    }
    if (code == OK)
        control_set(c, "count", json_integer(count));
    return code;
}
