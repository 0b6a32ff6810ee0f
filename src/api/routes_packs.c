/* routes_packs.c — archives about a person that lie on the server for seven days: for the tenant, and once for whoever has the link. */
#include <stdio.h>
#include <string.h>

#include "api/give_pack.h"
#include "api/page_visit.h"
#include "api/routes.h"
#include "api/tenant_call.h"
#include "base/text.h"
#include "rights/pack_keep.h"
#include "store/tables.h"

#define SUBJECT_ROOM ((size_t)1 << 30)        /* 32 bytes a record */

static enum code keep_write(void *arg, const struct sink *out, pack_holds_fn holds, void *holds_arg, struct packed *ret, struct err *reterr) {
    struct give g = *(const struct give *)arg;
    g.holds = holds;
    g.holds_arg = holds_arg;
    return give_pack(&g, out, ret, reterr);
}

static enum code kept(struct call *c, const struct give *g, json_t **ret, struct err *reterr) {
    const struct pack_keep k = { .purpose = pack_purpose_name(g->purpose), .who = &c->who, .write = keep_write, .arg = (void *)(uintptr_t)g };
    char secret[PACK_SECRET];
    int64_t number = 0;
    enum code code = pack_keep(c->service, c->who.tenant, &k, &number, secret, reterr);
    if (code == OK)
        code = pack_told(c->service, c->who.tenant, number, ret, reterr);
    if (code == OK) {
        char *link = arena_printf(http_arena(c->req), "%s/take/%s/%lld/%lld/%s", api_config(c->api)->base_url, charter_name(c->charter), (long long)c->who.tenant, (long long)number, secret);
        json_object_set_new(*ret, "link", json_string(link == NULL ? "" : link));
        code = link == NULL ? err_set(reterr, E_MEMORY, "no memory for a reply") : OK;
    }
    crypto_wipe(secret, sizeof secret);
    return code;
}

void packs_make(struct http_req *req) {
    struct call c;
    struct err e;
    struct subject s;
    struct subject_ask ask;
    json_t *body = NULL, *made = NULL;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "an access pack") || !tenant_call_confirmed(&c, "a copy of everything about a person") || !call_json(&c, JSON_ONLY, &body))
        return;
    AUTO(arena_free) struct arena *arena = arena_new(SUBJECT_ROOM);
    if (subject_ask_read(&c, body, true, &ask) && call_whole(&c)) {
        const struct give g = { .service = c.service, .who = &c.who, .people = api_people(c.api), .tenant = c.who.tenant, .purpose = ask.purpose, .lang = ask.lang, .about = &s };
        enum code code = arena == NULL ? err_set(&e, E_MEMORY, "no memory for an access pack") : subject_find(c.service, c.who.tenant, &ask.wish, arena, &s, &e);
        if (code == OK)
            code = kept(&c, &g, &made, &e);
        if (code == OK)
            call_reply_json(&c, 201, made);
        else
            call_error(&c, &e, NULL);
    }
    json_decref(made);
    json_decref(body);
}

static bool number_read(struct call *c, const char *text, const char *what, int64_t *ret) {
    if (text != NULL && text_int(text, 1, INT64_MAX, ret))
        return true;
    call_fail(c, E_NOT_FOUND, "there is no %s of that number", what);
    return false;
}

void packs_list_route(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t before = INT64_MAX;
    json_t *list = NULL;
    const char *cursor = http_query(req, "cursor");
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "the list of archives") || (cursor != NULL && !number_read(&c, cursor, "archive", &before)))
        return;
    if (packs_told(c.service, c.who.tenant, before, &list, &e) == OK)
        call_reply_json(&c, 200, list);
    else
        call_error(&c, &e, NULL);
    json_decref(list);
}

void packs_read(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number;
    json_t *told = NULL;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "an archive") || !number_read(&c, http_param(req, "number"), "archive", &number))
        return;
    if (pack_told(c.service, c.who.tenant, number, &told, &e) == OK)
        call_reply_json(&c, 200, told);
    else
        call_error(&c, &e, NULL);
    json_decref(told);
}

void packs_drop_route(struct http_req *req) {
    struct call c;
    struct err e;
    int64_t number;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "an archive") || !number_read(&c, http_param(req, "number"), "archive", &number))
        return;
    if (pack_drop(c.service, c.who.tenant, number, &c.who, &e) == OK)
        call_reply_nothing(&c, 204);
    else
        call_error(&c, &e, NULL);
}

/* ---- its bytes */

static bool reply_begin(void *arg, int64_t size, const char *purpose) {
    struct http_req *req = arg;
    http_reply_header(req, "Content-Disposition", strcmp(purpose, "portability") == 0 ? "attachment; filename=\"portability.zip\"" : "attachment; filename=\"access.zip\"");
    http_reply_header(req, "X-Robots-Tag", "noindex");
    http_reply_begin(req, 200, PACK_TYPE, size);
    return true;
}
static bool reply_write(void *arg, const void *bytes, size_t len) { return http_reply_write(arg, bytes, len); }

void packs_file(struct http_req *req) {
    struct call c;
    struct err e;
    struct pack_fetch f = { .begin = reply_begin };
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "an archive") || !tenant_call_confirmed(&c, "a copy of everything about a person") || !number_read(&c, http_param(req, "number"), "archive", &f.number))
        return;
    f.tenant = c.who.tenant;
    f.who = &c.who;
    enum code code = pack_fetch(c.service, &f, &(struct sink){ reply_write, req }, &e);
    if (code != OK && !http_replied(req))
        call_error(&c, &e, NULL);
    else if (code != OK)
        http_reply_abort(req);
}

/* Whoever has the link, once; a guess, one that was used and one that is over answer alike. */
void packs_take(struct http_req *req) {
    struct err e;
    struct pack_fetch f = { .secret = http_param(req, "secret"), .begin = reply_begin };
    struct api *a = http_context(req);
    struct service *s = api_service(a, http_param(req, "service"));
    struct tenant_row row = { 0 };
    enum code code = OK;
    if (!guard_take(pages_guard(api_pages(a)), http_client(req), "take", clock_steady())) {
        http_reply_header(req, "Retry-After", "60");
        code = err_set(&e, E_TOO_MANY, "too many downloads from one address");
    } else if (s == NULL || !text_int(http_param(req, "tenant"), 1, INT64_MAX, &f.tenant) || !text_int(http_param(req, "number"), 1, INT64_MAX, &f.number) ||
               tenant_get(service_store(s), f.tenant, &row, http_arena(req), &e) != OK || strcmp(row.service, charter_name(service_charter(s))) != 0 || row.closed != 0) {
        code = err_set(&e, E_NOT_FOUND, "there is nothing at this address: the link was used, is over, or never was");
    }
    if (code == OK) {
        http_note_tenant(req, f.tenant);
        code = pack_fetch(s, &f, &(struct sink){ reply_write, req }, &e);
    }
    if (code != OK && !http_replied(req))
        http_reply_error(req, &e, NULL);
    else if (code != OK)
        http_reply_abort(req);
}
