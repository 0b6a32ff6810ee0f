/* control_certificate.c — the clock and certificates of erasure by the command line. */
#include <string.h>

#include "api/api_int.h"
#include "api/control_int.h"
#include "base/text.h"
#include "retention/certificate_page.h"
#include "retention/clock.h"
#include "store/tables.h"

/* ---- the clock */

static json_t *time_or_null(usec_t t) { return t == 0 ? json_null() : control_time(t); }

enum code do_clock_show(struct control_req *c, struct err *reterr) {
    struct clock_state s;
    enum code code = clock_read_state(c->store, &s, reterr);
    if (code != OK)
        return code;
    control_set(c, "held", json_boolean(s.held));
    control_set(c, "since", time_or_null(s.since));
    control_set(c, "from", time_or_null(s.from));
    control_set(c, "to", time_or_null(s.to));
    return OK;
}

enum code do_clock_confirm(struct control_req *c, struct err *reterr) {
    bool was = false;
    enum code code = clock_confirm(c->store, "operator", &was, reterr);
    if (code == OK)
        control_set(c, "was", json_boolean(was));
    return code;
}

/* ---- certificates */

#define LIST_PAGE 100u
#define PAGE_MOST ((size_t)12 << 20)

enum code do_certificate_list(struct control_req *c, struct err *reterr) {
    int64_t before = INT64_MAX, tenant = control_number(c, "tenant", 0), count = 0;
    enum code code = tenant > 0 ? OK : err_set(reterr, E_INVALID, "tenant: a number");
    while (code == OK && before > 0 && !c->reader_gone) {
        json_t *page = NULL;
        code = certificates_told(c->store, tenant, before, LIST_PAGE, &page, reterr);
        count += control_say_page(c, page, &before);
    }
    if (code == OK)
        control_set(c, "count", json_integer(count));
    return code;
}

enum code do_certificate_show(struct control_req *c, struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(CERTIFICATE_MOST);
    int64_t tenant = control_number(c, "tenant", 0), number = control_number(c, "number", 0);
    if (tenant <= 0 || number <= 0)
        return err_set(reterr, E_INVALID, "tenant and number: of the certificate");
    enum code code = certificate_text(c->store, tenant, number, &text, reterr);
    if (code == OK)
        control_set(c, "text", json_stringn(text.data, text.len));
    return code;
}

enum code do_certificate_page(struct control_req *c, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    AUTO(buf_done) struct buf text = BUF(CERTIFICATE_MOST), pdf = BUF(PAGE_MOST), sent = BUF(2 * PAGE_MOST);
    struct tenant_row row = { .name = NULL };
    int64_t tenant = control_number(c, "tenant", 0), number = control_number(c, "number", 0);
    const char *lang = control_text(c, "lang");
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a certificate");
    if (tenant <= 0 || number <= 0)
        return err_set(reterr, E_INVALID, "tenant and number: of the certificate");
    enum code code = tenant_get(c->store, tenant, &row, arena, reterr);
    struct service *s = code == OK ? api_service(c->api, row.service) : NULL;
    if (code == OK && s == NULL)
        return err_set(reterr, E_NOT_FOUND, "no charter is served for the service %s", row.service);
    if (code != OK)
        return code;
    struct certificate_look look = { .charter = service_charter(s), .tenant_name = row.name };
    look.lang = lang_accept(NULL, charter_speaks(look.charter), LANG_EN);
    if (lang != NULL && !lang_parse(lang, strlen(lang), &look.lang))
        return err_set(reterr, E_INVALID, "lang is en, pl or hu");
    code = certificate_text(c->store, tenant, number, &text, reterr);
    if (code == OK)
        code = certificate_page(text.data, text.len, &look, &pdf, reterr);
    if (code != OK)
        return code;
    base64url_encode(pdf.data, pdf.len, &sent);
    if (sent.failed)
        return err_set(reterr, E_MEMORY, "no memory for a certificate");
    control_set(c, "pdf", json_string(buf_str(&sent)));
    return OK;
}

enum code do_keeper_public(struct control_req *c, struct err *reterr) {
    AUTO(buf_done) struct buf hex = BUF(80);
    uint8_t public[PUBLIC_SIZE];
    enum code code = keeper_public(c->api->config.keeper, public, reterr);
    hex_encode(public, sizeof public, &hex);
    if (code == OK)
        control_set(c, "public", json_string(buf_str(&hex)));
    return code;
}
