/* control_requests.c — requests of people by the command line: tenant 0 with a service is the operator's own box, from which they are passed on. */
#include <string.h>

#include "access/people.h"
#include "api/api_int.h"
#include "api/control_int.h"
#include "api/desk.h"
#include "base/log.h"
#include "base/text.h"
#include "rights/paper.h"

#define PDF_MOST (4u << 20)

struct at { struct api *api; struct request_desk desk; struct caller who; struct request_by by; struct arena *arena; int64_t number; };

static void at_done(struct at *a) { arena_free(a->arena); }
DEFINE_AUTO_VALUE(struct at, at_done)

static enum code at_begin(struct control_req *c, bool numbered, struct at *ret, struct err *reterr) {
    struct service *s = c->service;
    int64_t tenant = control_number(c, "tenant", 0);
    enum code code = OK;
    *ret = (struct at){ .api = c->api, .arena = arena_new(1u << 20), .number = control_number(c, "number", 0) };
    if (ret->arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a request");
    if (tenant > 0)
        code = people_service(api_people(c->api), tenant, &s, reterr);
    else if (s == NULL && control_text(c, "service") != NULL)
        s = api_service(c->api, control_text(c, "service"));
    if (code == OK && s == NULL)
        return err_set(reterr, E_INVALID, "whose requests: name a tenant, or a service for those that reached the operator");
    if (code == OK && numbered && ret->number < 1)
        return err_set(reterr, E_INVALID, "number: of the request");
    if (code != OK)
        return code;
    ret->desk = desk_of(c->api, s, tenant, ret->arena);
    ret->who = (struct caller){ .tenant = tenant, .person = charter_tenant(service_charter(s)), .by_sejf = true, .subject_kind = -1 };
    ret->by = (struct request_by){ .who = "sejf", .name = control_text(c, "as"), .caller = &ret->who };
    return OK;
}

static enum code told_set(struct control_req *c, const struct at *a, int64_t number, struct err *reterr) {
    json_t *told = NULL;
    enum code code = request_told(&a->desk, number, &told, reterr);
    if (code == OK)
        json_object_update(c->reply, told);
    json_decref(told);
    return code;
}

enum code do_request_list(struct control_req *c, struct err *reterr) {
    AUTO(at_done) struct at a = { 0 };
    enum code code = at_begin(c, false, &a, reterr);
    int64_t before = INT64_MAX, count = 0;
    while (code == OK && before > 0 && !c->reader_gone) {
        json_t *page = NULL;
        code = requests_told(&a.desk, before, json_is_true(json_object_get(c->in, "open")), &page, reterr);
        count += control_say_page(c, page, &before);
    }
    control_set(c, "count", json_integer(count));
    return code;
}

enum code do_request_show(struct control_req *c, struct err *reterr) {
    AUTO(at_done) struct at a = { 0 };
    enum code code = at_begin(c, true, &a, reterr);
    return code == OK ? told_set(c, &a, a.number, reterr) : code;
}

static const char *text_of(const json_t *o, const char *name) { return json_string_value(json_object_get(o, name)); }

enum code do_request_new(struct control_req *c, struct err *reterr) {
    AUTO(at_done) struct at a = { 0 };
    const json_t *b = json_object_get(c->in, "body");
    const char *lang = text_of(b, "language"), *received = text_of(b, "received");
    struct request_wish w = { .kind = -1, .way = REQUEST_ON_PAPER, .name = text_of(b, "name"), .email = text_of(b, "email"), .phone = text_of(b, "phone"), .address = text_of(b, "address"),
                              .text = text_of(b, "text"), .purpose = text_of(b, "purpose"), .consent = text_of(b, "consent") };
    int64_t number = 0;
    enum code code = at_begin(c, false, &a, reterr);
    if (code != OK)
        return code;
    w.lang = lang_accept(NULL, charter_speaks(service_charter(a.desk.service)), LANG_EN);
    if (!request_type_find(text_of(b, "type"), &w.type) || (lang != NULL && !lang_parse(lang, strlen(lang), &w.lang)) || (received != NULL && !desk_received(&a.desk, received, &w.received)))
        return err_set(reterr, E_INVALID, "a request has a type (access, rectification, erasure, restriction, portability, objection, withdrawal, no_automated_decision), and may have a name, email, "
                       "phone, address, text, purpose, consent, language (en, pl, hu) and the day on which it was received");
    code = request_make(&a.desk, &w, &a.by, &number, reterr);
    if (code == OK && w.email != NULL)
        code = request_acknowledge(&a.desk, number, &a.by, reterr);
    return code == OK ? told_set(c, &a, number, reterr) : code;
}

/* ---- steps: the words of the API's addresses */

typedef enum code (*step_fn)(struct at *a, json_t *body, struct err *reterr);

static enum code identity(struct at *a, json_t *b, struct err *reterr) {
    const char *by = text_of(b, "by"), *record = text_of(b, "record");
    struct uuid id;
    int kind = -1;
    if (by != NULL && strcmp(by, "mail") == 0)
        return record == NULL || request_record(&a->desk, record, &kind, &id) ? request_ask_identity(&a->desk, a->number, kind, &id, &a->by, reterr)
                                                                               : err_set(reterr, E_INVALID, "record names a kind and an id: \"registration/0193…\"");
    enum code code = request_identify(&a->desk, a->number, text_of(b, "how"), text_of(b, "email"), text_of(b, "phone"), &a->by, reterr);
    return code == OK ? request_collect(&a->desk, a->number, &a->by, reterr) : code;
}
static enum code collect(struct at *a, json_t *b UNUSED, struct err *reterr) { return request_collect(&a->desk, a->number, &a->by, reterr); }
static enum code decide(struct at *a, json_t *b, struct err *reterr) {
    json_t *mistakes = NULL;
    enum code code = request_decide(&a->desk, a->number, b, &a->by, &mistakes, reterr);
    json_decref(mistakes);
    return code;
}
static enum code extend(struct at *a, json_t *b, struct err *reterr) { return request_extend(&a->desk, a->number, text_of(b, "reasons"), &a->by, reterr); }
static enum code answer(struct at *a, json_t *b, struct err *reterr) { return request_answer(&a->desk, a->number, text_of(b, "text"), &a->by, reterr); }
static enum code refuse(struct at *a, json_t *b, struct err *reterr) { return request_refuse(&a->desk, a->number, text_of(b, "ground"), text_of(b, "reason"), &a->by, reterr); }
static enum code withdraw(struct at *a, json_t *b, struct err *reterr) { return request_withdraw(&a->desk, a->number, text_of(b, "why"), &a->by, reterr); }
static enum code pass(struct at *a, json_t *b, struct err *reterr) {
    int64_t made, to = json_integer_value(json_object_get(b, "tenant"));
    struct err late;
    enum code code = request_pass(&a->desk, a->number, text_of(b, "to"), text_of(b, "how"), to, &a->by, &made, reterr);
    if (code != OK || to <= 0)
        return code;
    const struct request_desk there = desk_of(a->api, a->desk.service, to, a->arena);
    code = request_collect(&there, made, &a->by, &late);       /* who asks may be known already */
    if (code == E_CONFLICT)
        code = request_ask_identity(&there, made, -1, NULL, &a->by, &late);
    if (code != OK && code != E_CONFLICT)      /* no address: whoever answers asks */
        log_error("request_passed", &late);
    return OK;
}
static enum code told(struct at *a, json_t *b, struct err *reterr) {
    return request_told_recipient(&a->desk, a->number, json_integer_value(json_object_get(b, "recipient")), text_of(b, "how"), &a->by, reterr);
}

static enum code again(struct at *a, json_t *b UNUSED, struct err *reterr) { return request_send(&a->desk, a->number, &a->by, reterr); }

static const struct { const char *name; step_fn run; } steps[] = {
    { "send", again },
    { "identity", identity }, { "collect", collect }, { "decide", decide }, { "extend", extend }, { "answer", answer },
    { "refuse", refuse }, { "withdraw", withdraw }, { "pass", pass }, { "told", told },
};

enum code do_request_step(struct control_req *c, struct err *reterr) {
    AUTO(at_done) struct at a = { 0 };
    const char *what = control_text(c, "step");
    enum code code = at_begin(c, true, &a, reterr);
    for (size_t i = 0; code == OK && i < ARRAY_LEN(steps); i++)
        if (what != NULL && strcmp(steps[i].name, what) == 0) {
            code = steps[i].run(&a, json_object_get(c->in, "body"), reterr);
            return code == OK ? told_set(c, &a, a.number, reterr) : code;
        }
    return code != OK ? code : err_set(reterr, E_INVALID, "a step is one of identity, collect, decide, extend, answer, refuse, withdraw, send, pass, told");
}

/* base64url, for the answer is text. */
enum code do_request_letter(struct control_req *c, struct err *reterr) {
    AUTO(at_done) struct at a = { 0 };
    AUTO(buf_wipe) struct buf pdf = BUF(PDF_MOST), text = BUF(2 * PDF_MOST);
    enum paper what = PAPER_NEWEST;
    const char *letter = control_text(c, "letter");
    enum code code = at_begin(c, true, &a, reterr);
    if (code == OK && letter != NULL && !paper_find(letter, &what))
        code = err_set(reterr, E_INVALID, "letters are received, extended, answered, refused and recipient");
    if (code == OK)
        code = paper_request(&a.desk, a.number, what, control_number(c, "recipient", 0), &pdf, reterr);
    if (code != OK)
        return code;
    base64url_encode(pdf.data, pdf.len, &text);
    if (text.failed)
        return err_set(reterr, E_MEMORY, "no memory for a letter");
    control_set(c, "pdf", json_string(buf_str(&text)));
    return OK;
}
