/* page_pack.c — "take everything with you": the archive of what a person may see by its private link, of the record of the link and of
 * what hangs on it. Not of all that is known under the same address: anybody can type somebody else's into a form. Whoever wants that asks
 * the organisation, which looks who it is. */
#include "api/damage.h"
#include "api/give_pack.h"
#include "api/page_home.h"
#include "api/page_link.h"

static void pack_give(struct http_req *req, enum pack_purpose purpose) {
    AUTO(arena_free) struct arena *arena = arena_new((size_t)1 << 30);
    struct visit v;
    struct caller who = { 0 };
    struct subject s;
    struct err e;
    if (!visit_begin(req, &v))
        return;
    v.path = "/";                              /* a link is not repeated in a page of trouble */
    enum code code = arena == NULL ? err_set(&e, E_MEMORY, "no memory for an archive")
                                   : access_caller(v.service, http_param(req, "token"), &(struct caller_place){ http_from_loopback(req), http_client(req) }, &who, http_arena(req), &e);
    if (code == OK && (!who.by_link || who.subject_kind < 0))
        code = err_set(&e, E_NOT_FOUND, "this is not a private link");
    if (code == OK) {
        http_note_tenant(req, who.tenant);
        if (!guard_take(pages_guard(v.pages), http_client(req), "p/data", clock_steady())) {
            http_reply_header(req, "Retry-After", "60");
            code = err_set(&e, E_TOO_MANY, "too many downloads from one address");
        }
    }
    if (code == OK)
        code = subject_near(v.service, who.tenant, who.subject_kind, &who.subject, arena, &s, &e);
    if (code != OK) {
        visit_trouble(&v, &e);
        return;
    }
    give_pack_reply(req, &(struct give){ .service = v.service, .who = &who, .tenant = who.tenant, .purpose = purpose, .lang = v.lang, .about = &s });
}

static void on_access(struct http_req *req) { pack_give(req, PACK_ACCESS); }
static void on_portability(struct http_req *req) { pack_give(req, PACK_PORTABILITY); }

static const struct route list[] = {
    { "GET", "/p/{service}/{token}/access.zip", ROUTE_SECRET | ROUTE_STREAM, on_access },
    { "GET", "/p/{service}/{token}/portability.zip", ROUTE_SECRET | ROUTE_STREAM, on_portability },
    { "GET", "/take/{service}/{tenant}/{number}/{secret}", ROUTE_SECRET | ROUTE_STREAM, packs_take },
};
const struct route_table routes_link_packs = { list, ARRAY_LEN(list) };
