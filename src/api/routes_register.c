/* routes_register.c — the registers of a tenant over HTTP: authorised persons, and windows for the operator's staff. Who may is
 * people_may's to say; what these functions refuse is refused to everybody. Tenant 0 has authorisations of the operator's own staff. */
#include <stdio.h>
#include <string.h>

#include "access/authorise.h"
#include "access/register_paper.h"
#include "access/window.h"
#include "api/routes.h"
#include "api/session_call.h"
#include "base/text.h"
#include "store/tables.h"

#define REGISTER_MAX ((size_t)64 << 20)       /* of a register as a file */

struct place { struct registrar r; struct actor by; struct person_of me; struct service *service; };

/* Session, tenant and right; where the register stands, and who acts in it. */
static bool begin(struct http_req *req, enum people_act act, struct scall *c, struct place *p) {
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, c) || !scall_tenant(c, act))
        return false;
    *p = (struct place){ .r = { api_config(c->api)->store, api_config(c->api)->keeper, NULL, c->tenant } };
    if (c->tenant != 0 && !scall_service(c, &p->service))
        return false;
    if (p->service != NULL)
        p->r.charter = service_charter(p->service);
    enum code code = account_read(c->people, &c->session.account, &p->me, &e);
    if (code != OK)
        scall_error(c, &e);
    p->by = (struct actor){ .account = c->session.account, .name = p->me.name };
    return code == OK;
}

/* ---- authorisations ---- */

static void reply_entry(struct scall *c, const struct place *p, int status, int64_t number) {
    struct err e;
    json_t *entry = NULL;
    if (authorise_read(&p->r, number, clock_now(), &entry, &e) == OK)
        scall_reply(c, status, entry);
    else
        scall_error(c, &e);
}

/* ?after=7&limit=100 */
static bool page_of(struct scall *c, int64_t *ret_after, int64_t *ret_limit) {
    const char *after = http_query(c->req, "after"), *limit = http_query(c->req, "limit");
    *ret_after = 0;
    *ret_limit = 1000;
    if ((after == NULL || text_int(after, 0, INT64_MAX, ret_after)) && (limit == NULL || text_int(limit, 1, 1000, ret_limit)))
        return true;
    scall_fail(c, E_INVALID, "after is a number of the register, limit one from 1 to 1000");
    return false;
}

static void on_list(struct http_req *req) {
    struct scall c;
    struct place p;
    struct err e;
    int64_t after, limit;
    json_t *items = NULL;
    if (!begin(req, PEOPLE_LIST, &c, &p) || !page_of(&c, &after, &limit))
        return;
    if (authorise_list(&p.r, after, (size_t)limit, clock_now(), &items, &e) != OK) {
        scall_error(&c, &e);
        return;
    }
    size_t n = json_array_size(items);
    json_t *next = n < (size_t)limit ? json_null() : json_incref(json_object_get(json_array_get(items, n - 1), "number"));
    scall_reply(&c, 200, json_pack("{s:o, s:o}", "items", items, "next", next));
}

/* {training: {needed, until}} */
static bool training_read(struct scall *c, const json_t *body, struct authorise_wish *w) {
    const json_t *t = json_object_get(body, "training"), *needed = json_object_get(t, "needed");
    struct err e;
    if (t == NULL || json_is_null(t))
        return true;
    if (!json_is_object(t) || (needed != NULL && !json_is_boolean(needed))) {
        (void)err_field(&e, E_FIELDS, "/training", "training is {\"needed\": true or false, \"until\": \"2027-11-21\"}");
        scall_error(c, &e);
        return false;
    }
    w->training_needed = json_is_true(needed);
    return scall_text_maybe(c, t, "until", 16, &w->trained);
}

static bool account_of(struct scall *c, const json_t *body, struct uuid *ret, const char **ret_text) {
    struct err e;
    if (!scall_text_maybe(c, body, "account", UUID_TEXT, ret_text))
        return false;
    if (*ret_text == NULL || uuid_parse(*ret_text, ret))
        return true;
    (void)err_field(&e, E_FIELDS, "/account", "the id of an account");
    scall_error(c, &e);
    return false;
}

static bool wish_read(struct scall *c, const json_t *body, struct authorise_wish *w, struct person_of *person) {
    const char *account;
    struct err e;
    if (!account_of(c, body, &w->account, &account) || !scall_text(c, body, "post", AUTHORISE_POST, &w->post) || !scall_text(c, body, "scope", AUTHORISE_SCOPE, &w->scope) ||
        !scall_text_maybe(c, body, "place", AUTHORISE_POST, &w->place) || !scall_text_maybe(c, body, "from", 16, &w->from) || !scall_text(c, body, "until", 16, &w->until) ||
        !scall_text_maybe(c, body, "undertaking", 16, &w->undertaking) || !training_read(c, body, w))
        return false;
    enum code code = account == NULL ? err_field(&e, E_FIELDS, "/account", "account is needed") : account_read(c->people, &w->account, person, &e);
    if (code == E_NOT_FOUND)
        code = err_field(&e, E_FIELDS, "/account", "this account is no member here");
    if (code != OK)
        scall_error(c, &e);
    w->name = person->name;
    w->purposes = json_object_get(body, "purposes");
    return code == OK;
}

static void on_make(struct http_req *req) {
    struct scall c;
    struct place p;
    struct err e;
    struct person_of person;
    struct authorise_wish w = { .name = NULL };
    int64_t number;
    json_t *body = NULL;
    if (!begin(req, PEOPLE_AUTHORISE, &c, &p) ||
        !scall_json(&c, NAMES("account", "post", "scope", "purposes", "place", "from", "until", "undertaking", "training"), &body))
        return;
    if (wish_read(&c, body, &w, &person)) {
        if (authorise_make(&p.r, &w, &p.by, &number, &e) == OK)
            reply_entry(&c, &p, 201, number);
        else
            scall_error(&c, &e);
    }
    json_wiped(body);
}

static void on_withdraw(struct http_req *req) {
    struct scall c;
    struct place p;
    struct err e;
    const char *why;
    int64_t number;
    json_t *body = NULL;
    if (!begin(req, PEOPLE_AUTHORISE, &c, &p) || !scall_number(&c, "number", &number) || !scall_json(&c, NAMES("why"), &body))
        return;
    if (scall_text_maybe(&c, body, "why", AUTHORISE_WHY, &why)) {
        if (authorise_withdraw(&p.r, number, why, &p.by, &e) == OK)
            reply_entry(&c, &p, 200, number);
        else
            scall_error(&c, &e);
    }
    json_wiped(body);
}

static void on_train(struct http_req *req) {
    struct scall c;
    struct place p;
    struct err e;
    struct authorise_training t;
    int64_t number;
    json_t *body = NULL;
    if (!begin(req, PEOPLE_AUTHORISE, &c, &p) || !scall_number(&c, "number", &number) || !scall_json(&c, NAMES("until", "undertaking"), &body))
        return;
    if (scall_text_maybe(&c, body, "until", 16, &t.trained) && scall_text_maybe(&c, body, "undertaking", 16, &t.undertaking)) {
        if (authorise_train(&p.r, number, &t, &p.by, &e) == OK)
            reply_entry(&c, &p, 200, number);
        else
            scall_error(&c, &e);
    }
    json_wiped(body);
}

/* ---- as files ---- */

static void reply_file(struct scall *c, enum code code, const char *type, const char *name, struct buf *file, const struct err *e) {
    if (code != OK) {
        scall_error(c, e);
        return;
    }
    http_reply_header(c->req, "Content-Disposition", arena_printf(http_arena(c->req), "attachment; filename=\"%s\"", name) ?: "attachment");
    http_reply_header(c->req, "Cache-Control", "no-store");
    if (scall_whole(c))
        http_reply_buf(c->req, 200, type, file);
}

static void on_csv(struct http_req *req) {
    struct scall c;
    struct place p;
    struct err e;
    AUTO(buf_wipe) struct buf file = BUF(REGISTER_MAX);
    if (!begin(req, PEOPLE_LIST, &c, &p))
        return;
    enum code code = authorise_csv(&p.r, c.lang, clock_now(), &file, &e);
    reply_file(&c, code, "text/csv; charset=utf-8", "authorisations.csv", &file, &e);
}

static enum code paper_of(struct scall *c, const struct place *p, struct register_paper *ret, struct err *reterr) {
    struct tenant_row row = { .name = "" };
    enum code code = c->tenant == 0 ? OK : tenant_get(p->r.store, c->tenant, &row, http_arena(c->req), reterr);
    *ret = (struct register_paper){ .r = &p->r, .lang = c->lang, .now = clock_now(), .tenant_name = row.name };
    return code;
}

static void on_pdf(struct http_req *req) {
    struct scall c;
    struct place p;
    struct err e;
    struct register_paper paper;
    AUTO(buf_wipe) struct buf file = BUF(REGISTER_MAX);
    if (!begin(req, PEOPLE_LIST, &c, &p))
        return;
    enum code code = paper_of(&c, &p, &paper, &e);
    if (code == OK)
        code = paper_register(&paper, &file, &e);
    reply_file(&c, code, "application/pdf", "authorisations.pdf", &file, &e);
}

/* "7": the entry; "7.pdf": as a page to sign. */
static void on_one(struct http_req *req) {
    struct scall c;
    struct place p;
    struct err e;
    struct register_paper paper;
    int64_t number = 0;
    AUTO(buf_wipe) struct buf file = BUF(REGISTER_MAX);
    const char *text = http_param(req, "number");
    size_t digits = strspn(text, "0123456789");
    bool pdf = strcmp(text + digits, ".pdf") == 0;
    if (!begin(req, PEOPLE_LIST, &c, &p))
        return;
    if ((!pdf && text[digits] != 0) || !text_int_n(text, digits, 1, INT64_MAX, &number)) {
        scall_fail(&c, E_NOT_FOUND, "there is nothing at this address, or it is not for you");
        return;
    }
    if (!pdf) {
        reply_entry(&c, &p, 200, number);
        return;
    }
    char name[64];
    enum code code = paper_of(&c, &p, &paper, &e);
    if (code == OK)
        code = paper_authorisation(&paper, number, &file, &e);
    snprintf(name, sizeof name, "authorisation-%lld.pdf", (long long)number);
    reply_file(&c, code, "application/pdf", name, &file, &e);
}

/* ---- windows ---- */

static void on_windows(struct http_req *req) {
    struct scall c;
    struct place p;
    struct err e;
    json_t *items = NULL;
    if (!begin(req, PEOPLE_LIST, &c, &p))
        return;
    if (window_list(&p.r, clock_now(), &items, &e) == OK)
        scall_reply(&c, 200, json_pack("{s:o}", "items", items));
    else
        scall_error(&c, &e);
}

static bool window_read(struct scall *c, const json_t *body, struct window_wish *w) {
    const char *account, *until;
    struct err e;
    if (!account_of(c, body, &w->account, &account) || !scall_text_maybe(c, body, "until", 40, &until) || !scall_text(c, body, "why", WINDOW_WHY, &w->why))
        return false;
    const json_t *kinds = json_object_get(body, "kinds");
    w->kinds = json_is_null(kinds) ? NULL : kinds;
    if (until == NULL || time_parse(until, &w->until))
        return true;
    (void)err_field(&e, E_FIELDS, "/until", "this is no time, such as 2026-11-22T15:00:00Z");
    scall_error(c, &e);
    return false;
}

static void on_window_open(struct http_req *req) {
    struct scall c;
    struct place p;
    struct err e;
    struct window_wish w = { .until = 0 };
    int64_t number;
    json_t *body = NULL;
    if (!begin(req, PEOPLE_WINDOW, &c, &p) || !scall_json(&c, NAMES("account", "kinds", "until", "why"), &body))
        return;
    if (window_read(&c, body, &w)) {
        if (window_open(&p.r, &w, &p.by, &number, &e) == OK)
            scall_reply(&c, 201, json_pack("{s:I}", "number", (json_int_t)number));
        else
            scall_error(&c, &e);
    }
    json_wiped(body);
}

static void on_window_close(struct http_req *req) {
    struct scall c;
    struct place p;
    struct err e;
    int64_t number;
    if (!begin(req, PEOPLE_WINDOW, &c, &p) || !scall_number(&c, "number", &number))
        return;
    if (window_close(&p.r, number, &p.by, &e) == OK)
        scall_reply_nothing(&c, 204);
    else
        scall_error(&c, &e);
}

/* ?before=812&limit=50 */
static void on_window_reads(struct http_req *req) {
    struct scall c;
    struct place p;
    struct err e;
    int64_t number, before = INT64_MAX, limit = 100;
    json_t *reads = NULL;
    const char *from = http_query(req, "before"), *most = http_query(req, "limit");
    if (!begin(req, PEOPLE_LIST, &c, &p) || !scall_number(&c, "number", &number))
        return;
    if ((from != NULL && !text_int(from, 1, INT64_MAX, &before)) || (most != NULL && !text_int(most, 1, 1000, &limit)))
        scall_fail(&c, E_INVALID, "before is the `next` of the page before, limit a number from 1 to 1000");
    else if (p.service == NULL)
        scall_fail(&c, E_NOT_FOUND, "there is nothing at this address, or it is not for you");
    else if (window_reads(&p.r, p.service, number, before, (size_t)limit, &reads, &e) == OK)
        scall_reply(&c, 200, reads);
    else
        scall_error(&c, &e);
}

static const struct route routes[] = {
    { "GET", "/v1/tenants/{tenant}/authorisations", 0, on_list },
    { "POST", "/v1/tenants/{tenant}/authorisations", 0, on_make },
    { "GET", "/v1/tenants/{tenant}/authorisations.csv", 0, on_csv },
    { "GET", "/v1/tenants/{tenant}/authorisations.pdf", 0, on_pdf },
    { "GET", "/v1/tenants/{tenant}/authorisations/{number}", 0, on_one },
    { "POST", "/v1/tenants/{tenant}/authorisations/{number}/withdraw", 0, on_withdraw },
    { "POST", "/v1/tenants/{tenant}/authorisations/{number}/training", 0, on_train },
    { "GET", "/v1/tenants/{tenant}/windows", 0, on_windows },
    { "POST", "/v1/tenants/{tenant}/windows", 0, on_window_open },
    { "POST", "/v1/tenants/{tenant}/windows/{number}/close", 0, on_window_close },
    { "GET", "/v1/tenants/{tenant}/windows/{number}/reads", 0, on_window_reads },
};
const struct route_table routes_register = { routes, ARRAY_LEN(routes) };
