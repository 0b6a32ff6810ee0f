/* routes_requests.c — what people ask for under their rights, over HTTP: /v1/tenants/{tenant}/requests, for the tenant's own role, by session or
 * token. The person who acts is the account of the session; a token that is nobody's names one in the body. */
#include <string.h>

#include "access/people.h"
#include "api/desk.h"
#include "api/give_pack.h"
#include "api/routes.h"
#include "api/tenant_call.h"
#include "base/text.h"
#include "rights/paper.h"

#define LETTER_MAX ((size_t)16 << 20)

struct act { struct call c; struct request_desk desk; struct request_by by; char who[CALLER_TEXT]; struct person_of me; int64_t number; json_t *body; };

static void act_done(struct act *a) {
    crypto_wipe(&a->me, sizeof a->me);
    json_decref(a->body);
}
DEFINE_AUTO_VALUE(struct act, act_done)

/* Who acts, for the register: its name, or the one that the body says where the token is nobody's. */
static bool who_acts(struct act *a) {
    struct err e;
    a->by = (struct request_by){ .who = caller_text(&a->c.who, a->who, sizeof a->who), .caller = &a->c.who };
    if (uuid_is_null(&a->c.who.account) || api_people(a->c.api) == NULL) {
        a->by.name = json_string_value(json_object_get(a->body, "name"));
        return true;
    }
    enum code code = account_read(api_people(a->c.api), &a->c.who.account, &a->me, &e);
    if (code != OK)
        call_error(&a->c, &e, NULL);
    a->by.name = a->me.name;
    return code == OK;
}

static bool begin(struct http_req *req, struct act *a) {
    *a = (struct act){ .number = 0 };
    if (!tenant_call(req, &a->c) || !tenant_call_owner(&a->c, "the register of requests"))
        return false;
    a->desk = desk_of(a->c.api, a->c.service, a->c.who.tenant, http_arena(req));
    const char *number = http_param(req, "number");
    if (number[0] == 0 || text_int(number, 1, INT64_MAX, &a->number))
        return call_whole(&a->c);
    call_fail(&a->c, E_NOT_FOUND, "there is no request of that number");
    return false;
}

/* A body of these members and no others; {} may be left out. */
static bool begin_body(struct http_req *req, const char *members, struct act *a) {
    const char *name;
    json_t *value;
    if (!begin(req, a) || !call_json(&a->c, JSON_ONLY, &a->body))
        return false;
    json_object_foreach(a->body, name, value) {
        const char *at = strstr(members, name);
        size_t n = strlen(name);
        bool known = false;
        for (; at != NULL && !known; at = strstr(at + 1, name))
            known = (at == members || at[-1] == ' ') && (at[n] == ' ' || at[n] == 0);
        if (!known) {
            call_fail(&a->c, E_INVALID, "the members of this call are: %s", members);
            return false;
        }
    }
    return who_acts(a) && call_whole(&a->c);
}

static const char *text_of(const struct act *a, const char *name) { return json_string_value(json_object_get(a->body, name)); }

static void reply_one(struct act *a, int status, enum code code, const struct err *e, const json_t *mistakes) {
    struct err late;
    json_t *told = NULL;
    if (code != OK) {
        call_error(&a->c, e, mistakes);
        return;
    }
    if (request_told(&a->desk, a->number, &told, &late) == OK)
        call_reply_json(&a->c, status, told);
    else
        call_error(&a->c, &late, NULL);
    json_decref(told);
}

static void on_list(struct http_req *req) {
    AUTO(act_done) struct act a;
    struct err e;
    int64_t before = INT64_MAX;
    json_t *list = NULL;
    const char *cursor = http_query(req, "cursor"), *open = http_query(req, "open");
    if (!begin(req, &a))
        return;
    if ((cursor != NULL && !text_int(cursor, 1, INT64_MAX, &before)) || (open != NULL && strcmp(open, "true") != 0)) {
        call_fail(&a.c, E_INVALID, "requests are listed by cursor (a number) and open=true");
        return;
    }
    if (requests_told(&a.desk, before, open != NULL, &list, &e) == OK)
        call_reply_json(&a.c, 200, list);
    else
        call_error(&a.c, &e, NULL);
    json_decref(list);
}

static void on_grounds(struct http_req *req) {
    AUTO(act_done) struct act a;
    if (!begin(req, &a))
        return;
    json_t *list = json_pack("{s:o}", "items", request_grounds(a.c.lang));
    call_reply_json(&a.c, 200, list);
    json_decref(list);
}

static void on_one(struct http_req *req) {
    AUTO(act_done) struct act a;
    struct err e = { .code = OK };
    if (begin(req, &a))
        reply_one(&a, 200, OK, &e, NULL);
}

/* "kind/id", or nothing: kind -1. */
static bool record_of(struct act *a, int *ret_kind, struct uuid *ret_id) {
    const char *text = text_of(a, "record");
    *ret_kind = -1;
    if (text == NULL || request_record(&a->desk, text, ret_kind, ret_id))
        return true;
    call_fail(&a->c, E_INVALID, "record names a kind and an id: \"registration/0193…\"");
    return false;
}

static void on_new(struct http_req *req) {
    AUTO(act_done) struct act a;
    struct err e;
    struct request_wish w = { .kind = -1, .way = REQUEST_BY_API };
    if (!begin_body(req, "type name email phone address text purpose consent received language way", &a))
        return;
    const char *received = text_of(&a, "received"), *lang = text_of(&a, "language"), *way = text_of(&a, "way");
    w.lang = a.c.lang;
    w.name = text_of(&a, "name");
    w.email = text_of(&a, "email");
    w.phone = text_of(&a, "phone");
    w.address = text_of(&a, "address");
    w.text = text_of(&a, "text");
    w.purpose = text_of(&a, "purpose");
    w.consent = text_of(&a, "consent");
    w.way = way != NULL && strcmp(way, "paper") == 0 ? REQUEST_ON_PAPER : REQUEST_BY_API;
    if (!request_type_find(text_of(&a, "type"), &w.type) || (lang != NULL && !lang_parse(lang, strlen(lang), &w.lang)) || (received != NULL && !desk_received(&a.desk, received, &w.received)) ||
        (way != NULL && w.way == REQUEST_BY_API && strcmp(way, "api") != 0)) {
        call_fail(&a.c, E_INVALID, "a request has a type (access, rectification, erasure, restriction, portability, objection, withdrawal, no_automated_decision), who asks (name, email, phone, "
                  "address), text, language (en, pl, hu), way (api, paper) and received (the day on which it came, such as 2026-11-22)");
        return;
    }
    enum code code = request_make(&a.desk, &w, &a.by, &a.number, &e);
    if (code == OK && w.email != NULL)
        code = request_acknowledge(&a.desk, a.number, &a.by, &e);
    reply_one(&a, 201, code, &e, NULL);
}

static void on_identity(struct http_req *req) {
    AUTO(act_done) struct act a;
    struct err e;
    struct uuid id;
    int kind;
    if (!begin_body(req, "by how email phone record name", &a) || !record_of(&a, &kind, &id))
        return;
    const char *by = text_of(&a, "by");
    if (by == NULL || (strcmp(by, "mail") != 0 && strcmp(by, "person") != 0)) {
        call_fail(&a.c, E_INVALID, "who asks is proved by \"mail\" (a one-time link to the address that was given, or that a record holds) or by a \"person\" who says how");
        return;
    }
    enum code code = strcmp(by, "mail") == 0 ? request_ask_identity(&a.desk, a.number, kind, &id, &a.by, &e)
                                             : request_identify(&a.desk, a.number, text_of(&a, "how"), text_of(&a, "email"), text_of(&a, "phone"), &a.by, &e);
    if (code == OK && strcmp(by, "person") == 0)
        code = request_collect(&a.desk, a.number, &a.by, &e);
    reply_one(&a, 200, code, &e, NULL);
}

static void on_collect(struct http_req *req) {
    AUTO(act_done) struct act a;
    struct err e;
    if (begin_body(req, "name", &a)) {
        enum code code = request_collect(&a.desk, a.number, &a.by, &e);
        reply_one(&a, 200, code, &e, NULL);
    }
}

static void on_decide(struct http_req *req) {
    AUTO(act_done) struct act a;
    struct err e;
    json_t *mistakes = NULL;
    if (!begin_body(req, "note changes records purpose consent name", &a) || !tenant_call_confirmed(&a.c, "a request is decided"))
        return;
    enum code code = request_decide(&a.desk, a.number, a.body, &a.by, &mistakes, &e);
    reply_one(&a, 200, code, &e, mistakes);
    json_decref(mistakes);
}

static void on_extend(struct http_req *req) {
    AUTO(act_done) struct act a;
    struct err e;
    if (begin_body(req, "reasons name", &a)) {
        enum code code = request_extend(&a.desk, a.number, text_of(&a, "reasons"), &a.by, &e);
        reply_one(&a, 200, code, &e, NULL);
    }
}

static void on_answer(struct http_req *req) {
    AUTO(act_done) struct act a;
    struct err e;
    if (begin_body(req, "text name", &a)) {
        enum code code = request_answer(&a.desk, a.number, text_of(&a, "text"), &a.by, &e);
        reply_one(&a, 200, code, &e, NULL);
    }
}

static void on_refuse(struct http_req *req) {
    AUTO(act_done) struct act a;
    struct err e;
    if (begin_body(req, "ground reason name", &a)) {
        enum code code = request_refuse(&a.desk, a.number, text_of(&a, "ground"), text_of(&a, "reason"), &a.by, &e);
        reply_one(&a, 200, code, &e, NULL);
    }
}

static void on_withdraw(struct http_req *req) {
    AUTO(act_done) struct act a;
    struct err e;
    if (begin_body(req, "why name", &a)) {
        enum code code = request_withdraw(&a.desk, a.number, text_of(&a, "why"), &a.by, &e);
        reply_one(&a, 200, code, &e, NULL);
    }
}

static void on_pass(struct http_req *req) {
    AUTO(act_done) struct act a;
    struct err e;
    int64_t made;
    if (begin_body(req, "to how name", &a)) {
        enum code code = request_pass(&a.desk, a.number, text_of(&a, "to"), text_of(&a, "how"), 0, &a.by, &made, &e);
        reply_one(&a, 200, code, &e, NULL);
    }
}

static void on_recipient(struct http_req *req) {
    AUTO(act_done) struct act a;
    struct err e;
    int64_t task = 0;
    if (!begin_body(req, "how name", &a))
        return;
    enum code code = text_int(http_param(req, "recipient"), 1, 1000, &task) ? request_told_recipient(&a.desk, a.number, task, text_of(&a, "how"), &a.by, &e)
                                                                          : err_set(&e, E_NOT_FOUND, "there is no recipient of that number");
    reply_one(&a, 200, code, &e, NULL);
}

/* The newest letter; ?letter=extended, ?letter=recipient&recipient=2 another one. */
static void on_letter(struct http_req *req) {
    AUTO(act_done) struct act a;
    AUTO(buf_wipe) struct buf pdf = BUF(LETTER_MAX);
    struct err e;
    enum paper what = PAPER_NEWEST;
    int64_t recipient = 0;
    const char *letter = http_query(req, "letter"), *to = http_query(req, "recipient");
    if (!begin(req, &a))
        return;
    if ((letter != NULL && !paper_find(letter, &what)) || (to != NULL && !text_int(to, 1, 1000, &recipient)))
        call_fail(&a.c, E_INVALID, "letters are received, extended, answered, refused, and recipient with recipient=number");
    else if (paper_request(&a.desk, a.number, what, recipient, &pdf, &e) != OK)
        call_error(&a.c, &e, NULL);
    else if (call_whole(&a.c))
        http_reply_buf(req, 200, "application/pdf", &pdf);
}

static void on_again(struct http_req *req) {
    AUTO(act_done) struct act a;
    struct err e;
    if (begin_body(req, "name", &a)) {
        enum code code = request_send(&a.desk, a.number, &a.by, &e);
        reply_one(&a, 200, code, &e, NULL);
    }
}

/* Everything that is held about whoever has asked, as subjects/pack gives it. */
static void on_archive(struct http_req *req) {
    AUTO(act_done) struct act a;
    AUTO(arena_free) struct arena *arena = arena_new((size_t)1 << 30);
    struct subject s;
    struct err e;
    int type = REQUEST_ACCESS;
    enum lang lang = LANG_EN;
    if (!begin(req, &a) || !tenant_call_confirmed(&a.c, "a copy of everything about a person"))
        return;
    enum code code = arena == NULL ? err_set(&e, E_MEMORY, "no memory for an archive") : request_about(&a.desk, a.number, arena, &s, &type, &lang, &e);
    if (code == OK && type != REQUEST_ACCESS && type != REQUEST_PORTABILITY)
        code = err_set(&e, E_CONFLICT, "an archive belongs to a request for access or for data to take away");
    if (code != OK)
        call_error(&a.c, &e, NULL);
    else
        give_pack_reply(req, &(struct give){ .service = a.c.service, .who = &a.c.who, .tenant = a.c.who.tenant, .purpose = type == REQUEST_ACCESS ? PACK_ACCESS : PACK_PORTABILITY,
                                             .lang = lang, .about = &s });
}

#define REQUESTS "/v1/tenants/{tenant}/requests"
static const struct route routes[] = {
    { "GET", REQUESTS, 0, on_list },
    { "POST", REQUESTS, 0, on_new },
    { "GET", REQUESTS "/grounds", 0, on_grounds },
    { "GET", REQUESTS "/{number}", 0, on_one },
    { "GET", REQUESTS "/{number}/letter.pdf", 0, on_letter },
    { "GET", REQUESTS "/{number}/pack.zip", ROUTE_STREAM, on_archive },
    { "POST", REQUESTS "/{number}/send", 0, on_again },
    { "POST", REQUESTS "/{number}/identity", 0, on_identity },
    { "POST", REQUESTS "/{number}/collect", 0, on_collect },
    { "POST", REQUESTS "/{number}/decide", 0, on_decide },
    { "POST", REQUESTS "/{number}/extend", 0, on_extend },
    { "POST", REQUESTS "/{number}/answer", 0, on_answer },
    { "POST", REQUESTS "/{number}/refuse", 0, on_refuse },
    { "POST", REQUESTS "/{number}/withdraw", 0, on_withdraw },
    { "POST", REQUESTS "/{number}/pass", 0, on_pass },
    { "POST", REQUESTS "/{number}/recipients/{recipient}", 0, on_recipient },
};
const struct route_table routes_requests = { routes, ARRAY_LEN(routes) };
