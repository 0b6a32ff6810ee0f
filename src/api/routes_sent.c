/* routes_sent.c — what became of messages to the people of records: no address, no text. Whoever may send reads it. */
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
    if (code == OK)
        code = messages_list(c.service, c.who.tenant, &f, &before, (size_t)limit, &list, &e);
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
    if (message_show(c.service, c.who.tenant, &c.id, &one, &e) == OK)
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
