/* routes_suppressions.c — whom a tenant sends nothing to: listed without anybody's name, put on and taken off by a record or by an address in a body; and the
 * shares of bounces and complaints, above which sending pauses. */
#include <string.h>

#include "api/call.h"
#include "api/control_int.h"
#include "api/routes.h"
#include "access/people.h"
#include "base/text.h"
#include "messages/right.h"
#include "messages/suppress.h"
#include "records/draft.h"

#define PAGE 100

/* Whoever sends messages, and the tenant's own role, by what messages/right.h asks of them: one who may send somebody nothing takes nobody off the list. */
static enum code may(struct service *s, const struct caller *who, enum message_verb verb, enum message_reach reach, int kind, const struct uuid *id, struct err *reterr) {
    const struct charter *c = service_charter(s);
    const bool owner = who->person == charter_tenant(c) && !charter_sends(c, who->person);       /* it has others send, and answers for the list all the same */
    struct message_deed d = { .verb = owner ? MESSAGES_READ : verb, .reach = reach, .kind = kind };
    if (id != NULL)
        d.id = *id;
    enum code code = message_right(s, who, &d, NULL, reterr);
    if (code == OK && owner && verb == MESSAGES_SEND && who->scope != NULL && (who->scope->verbs >> V_CHANGE & 1) == 0)
        return err_set(reterr, E_FORBIDDEN, "the scope of this token does not let it change anything");
    return code;
}

static bool begin(struct http_req *req, enum message_verb verb, struct call *ret) {
    struct err e;
    if (!call_begin(req, ret))
        return false;
    if (ret->who.tenant > 0 && may(ret->service, &ret->who, verb, REACH_ANY, 0, NULL, &e) == OK)
        return true;
    if (ret->who.tenant > 0)
        call_error(ret, &e, NULL);
    else
        call_fail(ret, E_FORBIDDEN, "the list of those who get nothing is a tenant's");
    return false;
}

/* ---- whom */

struct whom { enum channel channel; uint8_t who[WHO_SIZE]; };

/* Who asks over the API; by the machine nobody does (NULL). */
struct asker { const struct caller *who; enum message_verb verb; };

/* The address as the record holds it now: it is not told, so whoever may write to it may. */
static enum code by_record(struct service *s, int64_t tenant, const struct asker *by, const char *text, enum channel channel, struct whom *ret, struct err *reterr) {
    const struct charter *c = service_charter(s);
    const struct caller sejf = { .tenant = tenant, .person = -1, .by_sejf = true, .subject_kind = -1 };
    AUTO(buf_done) struct buf name = BUF(200);
    struct uuid id;
    json_t *record = NULL;
    size_t n = strcspn(text, "/");
    buf_add(&name, text, n < 200 ? n : 0);
    int kind = charter_kind(c, buf_str(&name)), field = kind < 0 ? -1 : kind_address_field(charter_kind_at(c, kind), channel == CHANNEL_SMS);
    if (kind < 0 || text[n] != '/' || !uuid_parse(text + n + 1, &id))
        return err_field(reterr, E_FIELDS, "/record", "record names a kind and an id: registration/0193…");
    if (field < 0)
        return err_field(reterr, E_FIELDS, "/record", "records of this kind hold no address for that channel");
    enum code code = by == NULL ? OK : may(s, by->who, by->verb, REACH_ONE, kind, &id, reterr);
    if (code == OK)
        code = record_read(s, &(struct record_request){ .who = &sejf, .kind = kind, .id = id, .if_match = -1 }, &record, reterr);
    const char *address = code != OK ? NULL : json_string_value(json_object_get(json_object_get(record, "fields"), charter_kind_at(c, kind)->fields[field].name));
    if (code == OK && address == NULL)
        code = err_set(reterr, E_NOT_FOUND, "this record holds no address for that channel");
    if (code == OK)
        code = who_of(s, tenant, channel, address, ret->who, reterr);
    json_decref(record);
    ret->channel = channel;
    return code;
}

/* One of record, email and phone; channel, where the record has both. A bare address is for the tenant's own role: it may be anybody's. */
static enum code whom_read(struct service *s, int64_t tenant, const struct asker *by, const json_t *o, struct whom *ret, struct err *reterr) {
    const char *record = json_string_value(json_object_get(o, "record")), *email = json_string_value(json_object_get(o, "email")), *phone = json_string_value(json_object_get(o, "phone"));
    const char *channel = json_string_value(json_object_get(o, "channel"));
    char number[20];
    enum channel wanted = phone != NULL ? CHANNEL_SMS : CHANNEL_EMAIL;
    if ((record != NULL) + (email != NULL) + (phone != NULL) != 1)
        return err_field(reterr, E_FIELDS, "", "whom: one of record (\"registration/0193…\"), email and phone");
    if (channel != NULL && (!channel_find(channel, &wanted) || (email != NULL && wanted != CHANNEL_EMAIL) || (phone != NULL && wanted != CHANNEL_SMS)))
        return err_field(reterr, E_FIELDS, "/channel", "channel is email or sms, as the address is");
    if (record != NULL)
        return by_record(s, tenant, by, record, wanted, ret, reterr);
    if (by != NULL && by->who->person != charter_tenant(service_charter(s)))
        return err_set(reterr, E_FORBIDDEN, "an address is looked for by the tenant's own role; name the record that it stands in");
    if (phone != NULL && !phone_read(phone, strlen(phone), NULL, number))
        return err_field(reterr, E_FIELDS, "/phone", "a number with its country is wanted: +48221234567");
    if (email != NULL && strchr(email, '@') == NULL)
        return err_field(reterr, E_FIELDS, "/email", "an address is wanted");
    ret->channel = wanted;
    return who_of(s, tenant, wanted, phone != NULL ? number : email, ret->who, reterr);
}

static enum code reason_read(const json_t *o, enum suppress_reason *ret, struct err *reterr) {
    const char *text = json_string_value(json_object_get(o, "reason"));
    for (int i = SUPPRESS_COMPLAINT; text != NULL && i <= SUPPRESS_HAND; i++)
        if (strcmp(text, suppress_reason_name((enum suppress_reason)i)) == 0) {
            *ret = (enum suppress_reason)i;
            return OK;
        }
    return text == NULL ? OK : err_field(reterr, E_FIELDS, "/reason", "reason is complaint, dead address, unsubscribed or by hand");
}

static const char *const members[] = { "record", "email", "phone", "channel", "reason", "until", "why", "scope" };
static enum code members_known(const json_t *o, struct err *reterr) {
    size_t known = 0;
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        known += json_object_get(o, members[i]) != NULL;
    return known == json_object_size(o) ? OK : err_field(reterr, E_FIELDS, "", "a suppression is {record, email or phone; channel, reason, scope, until, why}, and nothing else");
}

/* Seven digits or more, whatever stands between them. */
static bool holds_number(const char *text) {
    size_t digits = 0;
    for (; *text != 0 && digits < 7; text++)
        digits = *text >= '0' && *text <= '9' ? digits + 1 : strchr(" -./()", *text) != NULL ? digits : 0;
    return digits >= 7;
}

/* list: of LIST_TEXT. */
static enum code wish_read(struct service *s, int64_t tenant, const struct asker *by, const json_t *o, char *list, struct suppress_wish *ret, struct err *reterr) {
    const char *scope = json_string_value(json_object_get(o, "scope")), *until = json_string_value(json_object_get(o, "until")), *why = json_string_value(json_object_get(o, "why"));
    struct whom whom = { .channel = CHANNEL_EMAIL };
    struct uuid id;
    struct suppress_wish w = { .tenant = tenant, .list = "", .why = why };
    enum code code = members_known(o, reterr);
    if (code == OK)
        code = reason_read(o, &w.reason, reterr);
    if (code == OK && why != NULL && (strlen(why) > 200 || strchr(why, '@') != NULL || holds_number(why)))
        code = err_field(reterr, E_FIELDS, "/why", "why has at most 200 bytes and names no address and no number of a telephone: it stands in the ledger");
    if (code == OK && scope != NULL && !uuid_parse(scope, &id))
        code = err_field(reterr, E_FIELDS, "/scope", "scope is the id of a record about whose matter nothing is sent");
    if (code == OK && until != NULL && (!time_parse(until, &w.until) || w.until <= clock_now()))
        code = err_field(reterr, E_FIELDS, "/until", "until is a time to come, such as 2027-11-23T08:00:00Z");
    if (code == OK)
        code = whom_read(s, tenant, by, o, &whom, reterr);
    if (code != OK)
        return code;
    if (scope != NULL) {
        list_of_scope(&id, list);
        w.list = list;
    }
    w.channel = whom.channel;
    memcpy(w.who, whom.who, sizeof w.who);
    *ret = w;
    return OK;
}

/* ---- the API */

static void on_list(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *list = NULL;
    usec_t before = USEC_NEVER;
    int64_t limit = PAGE;
    if (!begin(req, MESSAGES_READ, &c))
        return;
    const char *cursor = http_query(req, "cursor"), *most = http_query(req, "limit");
    if (cursor != NULL && !time_parse(cursor, &before))
        call_fail(&c, E_INVALID, "cursor: as \"next\" of an earlier answer gave it");
    else if (most != NULL && !text_int(most, 1, 1000, &limit))
        call_fail(&c, E_INVALID, "limit: from 1 to 1000");
    else if (suppressions_told(c.service, c.who.tenant, before, (size_t)limit, &list, &e) == OK)
        call_reply_json(&c, 200, list);
    else
        call_error(&c, &e, NULL);
    json_decref(list);
}

static void on_find(struct http_req *req) {
    struct call c;
    struct err e;
    struct whom whom = { .channel = CHANNEL_EMAIL };
    json_t *body = NULL, *list = NULL;
    if (!begin(req, MESSAGES_READ, &c) || !call_json(&c, JSON_ONLY, &body))
        return;
    enum code code = members_known(body, &e);
    if (code == OK)
        code = whom_read(c.service, c.who.tenant, &(struct asker){ &c.who, MESSAGES_READ }, body, &whom, &e);
    if (code == OK)
        code = suppressions_of(c.service, c.who.tenant, whom.channel, whom.who, &list, &e);
    if (code == OK)
        call_reply_json(&c, 200, list);
    else
        call_error(&c, &e, NULL);
    json_decref(list);
    json_decref(body);
}

static void on_put(struct http_req *req) {
    struct call c;
    struct err e;
    struct suppress_wish w;
    char list[LIST_TEXT], by[CALLER_TEXT];
    bool fresh = false;
    json_t *body = NULL;
    if (!begin(req, MESSAGES_SEND, &c) || !call_json(&c, JSON_ONLY, &body))
        return;
    enum code code = wish_read(c.service, c.who.tenant, &(struct asker){ &c.who, MESSAGES_SEND }, body, list, &w, &e);
    if (code == OK) {
        w.reason = w.reason == 0 ? SUPPRESS_HAND : w.reason;
        w.by = caller_text(&c.who, by, sizeof by);
        code = call_whole(&c) ? suppress(c.service, &w, &fresh, &e) : E_MEMORY;
        if (code == E_MEMORY && !call_whole(&c)) {
            json_decref(body);
            return;
        }
    }
    json_t *made = json_pack("{s:b, s:s, s:s}", "new", (int)fresh, "channel", channel_name(code == OK ? w.channel : CHANNEL_EMAIL), "reason", suppress_reason_name(code == OK ? w.reason : SUPPRESS_HAND));
    if (code == OK)
        call_reply_json(&c, fresh ? 201 : 200, made);
    else
        call_error(&c, &e, NULL);
    json_decref(made);
    json_decref(body);
}

static void lift(struct call *c, const json_t *o) {
    struct err e;
    struct suppress_wish w;
    char list[LIST_TEXT], by[CALLER_TEXT];
    int64_t count = 0;
    enum code code = wish_read(c->service, c->who.tenant, &(struct asker){ &c->who, MESSAGES_SEND }, o, list, &w, &e);
    if (code == OK) {
        w.by = caller_text(&c->who, by, sizeof by);
        w.list = w.list[0] == 0 ? NULL : w.list;
        code = suppress_lift(c->service, &w, uuid_is_null(&c->who.account) ? LIFTED_BY_PROGRAM : LIFTED_BY_NAMED, &count, &e);
    }
    json_t *r = json_pack("{s:I}", "lifted", (json_int_t)count);
    if (code == OK)
        call_reply_json(c, 200, r);
    else
        call_error(c, &e, NULL);
    json_decref(r);
}

static void on_lift(struct http_req *req) {
    struct call c;
    json_t *body = NULL;
    if (!begin(req, MESSAGES_SEND, &c) || !call_json(&c, JSON_ONLY, &body))
        return;
    if (call_whole(&c))
        lift(&c, body);
    json_decref(body);
}

static void on_delete(struct http_req *req) {
    struct call c;
    if (!begin(req, MESSAGES_SEND, &c))
        return;
    const char *record = http_query(req, "record"), *channel = http_query(req, "channel"), *reason = http_query(req, "reason");       /* a ground is told in a body: lift */
    json_t *o = record == NULL ? NULL : json_pack("{s:s, s:s*, s:s*}", "record", record, "channel", channel, "reason", reason);
    if (record == NULL)
        call_fail(&c, E_INVALID, "by record: ?record=registration/0193… (&channel=, &reason=); by address: POST /v1/%s/suppressions/lift", charter_name(c.charter));
    else if (call_whole(&c))
        lift(&c, o);
    json_decref(o);
}

/* ---- shares and pauses */

static void on_shares(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *told = NULL;
    if (!begin(req, MESSAGES_READ, &c))
        return;
    if (shares_told(c.service, c.who.tenant, &told, &e) == OK)
        call_reply_json(&c, 200, told);
    else
        call_error(&c, &e, NULL);
    json_decref(told);
}

static void on_resume(struct http_req *req) {
    struct call c;
    struct err e;
    enum channel channel = CHANNEL_EMAIL;
    char by[CALLER_TEXT];
    json_t *body = NULL;
    if (!begin(req, MESSAGES_SEND, &c) || !call_json(&c, JSON_ONLY, &body))
        return;
    if (json_object_size(body) != 1 || !channel_find(json_string_value(json_object_get(body, "channel")), &channel))
        call_fail(&c, E_INVALID, "{\"channel\": \"email\"} or {\"channel\": \"sms\"} goes on");
    else if (uuid_is_null(&c.who.account))
        call_fail(&c, E_FORBIDDEN, "a person whom the ledger can name lets it go on, not a program: sign in, or use a token of your own account");
    else if (sending_go_on(c.service, c.who.tenant, channel, caller_text(&c.who, by, sizeof by), &e) == OK)
        call_reply_nothing(&c, 204);
    else
        call_error(&c, &e, NULL);
    json_decref(body);
}

static const struct route routes[] = {
    { "GET", "/v1/{service}/suppressions", 0, on_list },
    { "POST", "/v1/{service}/suppressions", 0, on_put },
    { "DELETE", "/v1/{service}/suppressions", 0, on_delete },
    { "POST", "/v1/{service}/suppressions/find", 0, on_find },
    { "POST", "/v1/{service}/suppressions/lift", 0, on_lift },
    { "GET", "/v1/{service}/sending", 0, on_shares },
    { "POST", "/v1/{service}/sending/resume", 0, on_resume },
};
const struct route_table routes_suppressions = { routes, ARRAY_LEN(routes) };

/* ---- by the command line: whoever does it is an account ("who") */

static enum code named(struct control_req *c, char ret[CALLER_TEXT], struct err *reterr) {
    struct uuid account;
    char id[UUID_TEXT];
    enum code code = control_who(c, &account, reterr);
    if (code == OK)
        snprintf(ret, CALLER_TEXT, "account %s", uuid_format(&account, id));
    return code;
}

static enum code service_of(struct control_req *c, int64_t *ret_tenant, struct service **ret, struct err *reterr) {
    *ret_tenant = control_number(c, "tenant", 0);
    return *ret_tenant > 0 ? people_service(api_people(c->api), *ret_tenant, ret, reterr) : err_set(reterr, E_INVALID, "tenant: its number");
}

enum code do_suppress_list(struct control_req *c, struct err *reterr) {
    struct service *s = NULL;
    int64_t tenant = 0, count = 0;
    usec_t before = USEC_NEVER;
    bool more = true;
    enum code code = service_of(c, &tenant, &s, reterr);
    while (code == OK && more && !c->reader_gone) {
        json_t *list = NULL, *one;
        size_t i;
        code = suppressions_told(s, tenant, before, PAGE, &list, reterr);
        json_array_foreach(json_object_get(list, "items"), i, one)
            (void)!control_say(c, one);
        count += (int64_t)json_array_size(json_object_get(list, "items"));
        const char *next = json_string_value(json_object_get(list, "next"));
        more = next != NULL && time_parse(next, &before);
        json_decref(list);
    }
    control_set(c, "count", json_integer(count));
    return code;
}

static enum code wish_of(struct control_req *c, struct service *s, int64_t tenant, char *list, struct suppress_wish *ret, struct err *reterr) {
    json_t *o = json_object();
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (control_text(c, members[i]) != NULL)
            json_object_set(o, members[i], json_object_get(c->in, members[i]));
    enum code code = o == NULL ? err_set(reterr, E_MEMORY, "no memory for a suppression") : wish_read(s, tenant, NULL, o, list, ret, reterr);
    ret->why = code == OK ? control_text(c, "why") : NULL;       /* not the copy that goes now */
    json_decref(o);
    return code;
}

enum code do_suppress_put(struct control_req *c, struct err *reterr) {
    struct service *s = NULL;
    struct suppress_wish w = { 0 };
    char list[LIST_TEXT], by[CALLER_TEXT];
    int64_t tenant = 0;
    bool fresh = false;
    enum code code = service_of(c, &tenant, &s, reterr);
    if (code == OK)
        code = named(c, by, reterr);
    if (code == OK)
        code = wish_of(c, s, tenant, list, &w, reterr);
    if (code == OK) {
        w.reason = w.reason == 0 ? SUPPRESS_HAND : w.reason;
        w.by = by;
        code = suppress(s, &w, &fresh, reterr);
    }
    control_set(c, "new", json_boolean(fresh));
    return code;
}

enum code do_suppress_lift(struct control_req *c, struct err *reterr) {
    struct service *s = NULL;
    struct suppress_wish w = { 0 };
    char list[LIST_TEXT], by[CALLER_TEXT];
    int64_t tenant = 0, count = 0;
    enum code code = service_of(c, &tenant, &s, reterr);
    if (code == OK)
        code = named(c, by, reterr);
    if (code == OK)
        code = wish_of(c, s, tenant, list, &w, reterr);
    if (code == OK) {
        w.list = w.list[0] == 0 ? NULL : w.list;
        w.by = by;
        code = suppress_lift(s, &w, LIFTED_BY_NAMED, &count, reterr);
    }
    control_set(c, "lifted", json_integer(count));
    return code;
}

enum code do_send_shares(struct control_req *c, struct err *reterr) {
    struct service *s = NULL;
    int64_t tenant = 0;
    json_t *told = NULL;
    enum code code = service_of(c, &tenant, &s, reterr);
    if (code == OK)
        code = shares_told(s, tenant, &told, reterr);
    if (code == OK) {
        control_set(c, "channels", json_incref(json_object_get(told, "channels")));
        control_set(c, "pauses", json_incref(json_object_get(told, "pauses")));
    }
    json_decref(told);
    return code;
}

enum code do_send_resume(struct control_req *c, struct err *reterr) {
    struct service *s = NULL;
    enum channel channel = CHANNEL_EMAIL;
    char by[CALLER_TEXT];
    int64_t tenant = 0;
    enum code code = service_of(c, &tenant, &s, reterr);
    if (code == OK && control_text(c, "channel") != NULL && !channel_find(control_text(c, "channel"), &channel))
        code = err_set(reterr, E_INVALID, "channel: email or sms");
    if (code == OK)
        code = named(c, by, reterr);
    return code == OK ? sending_go_on(s, tenant, channel, by, reterr) : code;
}
