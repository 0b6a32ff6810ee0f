/* routes_certificate.c — certificates of erasure: listed, and as they were signed. */
#include "api/routes.h"
#include "api/tenant_call.h"
#include "base/text.h"
#include "retention/certificate_page.h"
#include "store/tables.h"

#define PAGE 100
#define PDF_MOST ((size_t)12 << 20)

static void on_list(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t before = INT64_MAX;
    json_t *list = NULL;
    const char *cursor = http_query(req, "cursor");
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "the list of certificates"))
        return;
    if (cursor != NULL && !text_int(cursor, 1, INT64_MAX, &before)) {
        call_fail(&c, E_INVALID, "cursor is what next of the page before says");
        return;
    }
    if (certificates_told(api_config(c.api)->store, c.who.tenant, before, PAGE, &list, &e) == OK)
        call_reply_json(&c, 200, list);
    else
        call_error(&c, &e, NULL);
    json_decref(list);
}

/* The bytes as they were signed: whoever keeps them as a file can verify them. */
static void on_one(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number;
    AUTO(buf_done) struct buf text = BUF(CERTIFICATE_MOST);
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "a certificate"))
        return;
    if (!text_int(http_param(req, "number"), 1, INT64_MAX, &number))
        call_fail(&c, E_NOT_FOUND, "there is no certificate of that number");
    else if (certificate_text(api_config(c.api)->store, c.who.tenant, number, &text, &e) == OK)
        http_reply_buf(req, 200, "application/json", &text);
    else
        call_error(&c, &e, NULL);
}

/* For people: in their language. It is made of the signed text whenever it is asked for. */
static void on_page(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number;
    struct tenant_row row = { .name = NULL };
    AUTO(buf_done) struct buf text = BUF(CERTIFICATE_MOST), pdf = BUF(PDF_MOST);
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "a certificate"))
        return;
    struct store *store = api_config(c.api)->store;
    enum code code = text_int(http_param(req, "number"), 1, INT64_MAX, &number) ? OK : err_set(&e, E_NOT_FOUND, "there is no certificate of that number");
    if (code == OK)
        code = certificate_text(store, c.who.tenant, number, &text, &e);
    if (code == OK)
        code = tenant_get(store, c.who.tenant, &row, http_arena(req), &e);
    if (code == OK)
        code = certificate_page(text.data, text.len, &(struct certificate_look){ .charter = c.charter, .tenant_name = row.name, .lang = c.lang }, &pdf, &e);
    if (code != OK) {
        call_error(&c, &e, NULL);
    } else if (call_whole(&c)) {
        http_reply_header(req, "Content-Language", lang_code(c.lang));
        http_reply_buf(req, 200, "application/pdf", &pdf);
    }
}

static const struct route routes[] = {
    { "GET", "/v1/tenants/{tenant}/certificates", 0, on_list },
    { "GET", "/v1/tenants/{tenant}/certificates/{number}", 0, on_one },
    { "GET", "/v1/tenants/{tenant}/certificates/{number}/page.pdf", 0, on_page },
};
const struct route_table routes_certificate = { routes, ARRAY_LEN(routes) };
