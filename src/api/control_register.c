/* control_register.c — the registers of authorised persons and of support windows by the command line. */
#include <string.h>

#include "access/authorise.h"
#include "access/people.h"
#include "access/register_paper.h"
#include "access/window.h"
#include "api/api_int.h"
#include "api/control_int.h"
#include "base/text.h"
#include "store/tables.h"

#define CSV_MOST (4u << 20)
#define PDF_MOST (4u << 20)
#define LIST_PAGE 500u

static const struct actor operator_self = { .name = NULL };      /* at the machine itself */

/* 0: the register of the operator's own staff. */
static enum code registrar_of(struct control_req *c, struct registrar *ret, struct err *reterr) {
    struct service *s = NULL;
    int64_t tenant = control_number(c, "tenant", 0);
    enum code code = tenant == 0 ? OK : people_service(api_people(c->api), tenant, &s, reterr);
    *ret = (struct registrar){ .store = c->store, .keeper = c->api->config.keeper, .charter = s == NULL ? NULL : service_charter(s), .tenant = tenant };
    return code;
}

static json_t *list_arg(struct control_req *c, const char *name) {
    json_t *v = json_object_get(c->in, name);
    return json_is_array(v) ? v : NULL;
}

static enum code number_arg(struct control_req *c, int64_t *ret, struct err *reterr) {
    *ret = control_number(c, "number", 0);
    return *ret > 0 ? OK : err_set(reterr, E_INVALID, "number: of the register");
}

/* ---- authorisations */

enum code do_authorise_new(struct control_req *c, struct err *reterr) {
    struct registrar r;
    struct person_of p;
    int64_t number;
    struct authorise_wish w = { .post = control_text(c, "post"), .scope = control_text(c, "scope"), .place = control_text(c, "place"), .purposes = list_arg(c, "purposes"),
                                .from = control_text(c, "from"), .until = control_text(c, "until"), .undertaking = control_text(c, "undertaking"), .trained = control_text(c, "trained"),
                                .training_needed = json_is_true(json_object_get(c->in, "training_needed")) };
    enum code code = registrar_of(c, &r, reterr);
    if (code == OK)
        code = control_who(c, &w.account, reterr);
    if (code == OK)
        code = account_read(api_people(c->api), &w.account, &p, reterr);
    if (code != OK)
        return code;
    w.name = p.name;
    code = authorise_make(&r, &w, &operator_self, &number, reterr);
    explicit_bzero(&p, sizeof p);
    if (code == OK)
        control_set(c, "number", json_integer(number));
    return code;
}

enum code do_authorise_list(struct control_req *c, struct err *reterr) {
    struct registrar r;
    int64_t after = 0, count = 0;
    size_t got = LIST_PAGE;
    usec_t now = clock_now();
    enum code code = registrar_of(c, &r, reterr);
    while (code == OK && got == LIST_PAGE && !c->reader_gone) {
        json_t *list = NULL, *one;
        size_t i;
        code = authorise_list(&r, after, LIST_PAGE, now, &list, reterr);
        got = json_array_size(list);
        json_array_foreach(list, i, one) {
            after = json_integer_value(json_object_get(one, "number"));
            (void)!control_say(c, one);
        }
        count += (int64_t)got;
        json_decref(list);
    }
    control_set(c, "count", json_integer(count));
    return code;
}

enum code do_authorise_withdraw(struct control_req *c, struct err *reterr) {
    struct registrar r;
    int64_t number;
    enum code code = registrar_of(c, &r, reterr);
    if (code == OK)
        code = number_arg(c, &number, reterr);
    return code != OK ? code : authorise_withdraw(&r, number, control_text(c, "why"), &operator_self, reterr);
}

static enum code lang_arg(struct control_req *c, const struct registrar *r, enum lang *ret, struct err *reterr) {
    const char *code = control_text(c, "lang");
    *ret = lang_accept(NULL, r->charter == NULL ? 1u << LANG_EN : charter_speaks(r->charter), LANG_EN);
    return code == NULL || lang_parse(code, strlen(code), ret) ? OK : err_set(reterr, E_INVALID, "lang must be en, pl or hu");
}

enum code do_authorise_csv(struct control_req *c, struct err *reterr) {
    struct registrar r;
    enum lang lang;
    AUTO(buf_wipe) struct buf text = BUF(CSV_MOST);
    enum code code = registrar_of(c, &r, reterr);
    if (code == OK)
        code = lang_arg(c, &r, &lang, reterr);
    if (code == OK)
        code = authorise_csv(&r, lang, clock_now(), &text, reterr);
    if (code == OK)
        control_set(c, "csv", json_string(buf_str(&text)));
    return code;
}

/* The whole register, or one of its entries as a page to sign; base64url, for the answer is text. */
enum code do_authorise_pdf(struct control_req *c, struct err *reterr) {
    struct registrar r;
    struct tenant_row row = { .name = "" };
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    AUTO(buf_wipe) struct buf pdf = BUF(PDF_MOST), text = BUF(2 * PDF_MOST);
    struct register_paper p = { .r = &r, .now = clock_now() };
    int64_t number = control_number(c, "number", 0);
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a register") : registrar_of(c, &r, reterr);
    if (code == OK)
        code = lang_arg(c, &r, &p.lang, reterr);
    if (code == OK && r.tenant > 0)
        code = tenant_get(c->store, r.tenant, &row, arena, reterr);
    p.tenant_name = row.name;
    if (code == OK)
        code = number > 0 ? paper_authorisation(&p, number, &pdf, reterr) : paper_register(&p, &pdf, reterr);
    if (code != OK)
        return code;
    base64url_encode(pdf.data, pdf.len, &text);
    if (text.failed)
        return err_set(reterr, E_MEMORY, "no memory for a register");
    control_set(c, "pdf", json_string(buf_str(&text)));
    return OK;
}

/* ---- windows */

enum code do_window_open(struct control_req *c, struct err *reterr) {
    struct registrar r;
    struct span span;
    int64_t number;
    const char *length = control_text(c, "for");
    struct window_wish w = { .kinds = list_arg(c, "kinds"), .why = control_text(c, "why") };
    enum code code = registrar_of(c, &r, reterr);
    if (code == OK && control_text(c, "who") != NULL)
        code = control_who(c, &w.account, reterr);
    if (code != OK)
        return code;
    if (r.charter == NULL)
        return err_set(reterr, E_INVALID, "a window is a tenant's to open: name its number");
    if (length != NULL && !span_parse(length, &span))
        return err_set(reterr, E_INVALID, "a window is open for a span such as \"2 hours\"");
    if (length != NULL)
        w.until = zone_add(charter_zone(r.charter), clock_now(), &span, 1);
    code = window_open(&r, &w, &operator_self, &number, reterr);
    if (code == OK)
        control_set(c, "window", json_integer(number));
    return code;
}

enum code do_window_close(struct control_req *c, struct err *reterr) {
    struct registrar r;
    int64_t number;
    enum code code = registrar_of(c, &r, reterr);
    if (code == OK)
        code = number_arg(c, &number, reterr);
    return code != OK ? code : window_close(&r, number, &operator_self, reterr);
}

enum code do_window_list(struct control_req *c, struct err *reterr) {
    struct registrar r;
    json_t *list = NULL;
    enum code code = registrar_of(c, &r, reterr);
    if (code == OK)
        code = window_list(&r, clock_now(), &list, reterr);
    return code != OK ? code : control_say_list(c, list);
}

/* Page by page of the tenant's ledger. */
enum code do_window_reads(struct control_req *c, struct err *reterr) {
    struct registrar r;
    struct service *s = NULL;
    int64_t number = 0, before = INT64_MAX, count = 0;
    enum code code = registrar_of(c, &r, reterr);
    if (code == OK)
        code = people_service(api_people(c->api), r.tenant, &s, reterr);
    if (code == OK)
        code = number_arg(c, &number, reterr);
    while (code == OK && before > 0 && !c->reader_gone) {
        json_t *page = NULL;
        code = window_reads(&r, s, number, before, LIST_PAGE, &page, reterr);
        count += control_say_page(c, page, &before);
    }
    control_set(c, "count", json_integer(count));
    return code;
}
