/* routes_agreement.c — the agreement of a tenant with the operator over HTTP. Its people and the operator's staff may look at it; the
 * operator's administrators record and end it, since a tenant that let itself in would be no gate. */
#include "access/agreement.h"
#include "api/routes.h"
#include "api/session_call.h"
#include "base/text.h"

struct place { int64_t tenant; struct service *service; };

static bool nothing_here(struct scall *c) {
    scall_fail(c, E_NOT_FOUND, "there is nothing at this address, or it is not for you");
    return false;
}

/* The operator's right; of looking, or the tenant's. */
static bool may(struct scall *c, int64_t tenant, bool only_looks) {
    struct err e;
    enum code code = only_looks ? people_may(c->people, &c->session, tenant, PEOPLE_LIST, &e) : E_NOT_FOUND;
    if (code == E_NOT_FOUND || code == E_FORBIDDEN)
        code = people_may(c->people, &c->session, 0, only_looks ? PEOPLE_LIST : PEOPLE_TENANTS, &e);
    if (code == E_NOT_FOUND)
        return nothing_here(c);
    if (code != OK)
        scall_error(c, &e);
    return code == OK;
}

static bool begin(struct http_req *req, bool only_looks, struct scall *c, struct place *p) {
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, c) || !scall_number(c, "tenant", &p->tenant) || !may(c, p->tenant, only_looks))
        return false;
    enum code code = people_service(c->people, p->tenant, &p->service, &e);
    if (code == E_NOT_FOUND)
        return nothing_here(c);
    if (code != OK)
        scall_error(c, &e);
    else
        http_note_tenant(req, p->tenant);
    return code == OK && scall_whole(c);
}

static void reply(struct scall *c, const struct place *p, int status) {
    struct err e;
    json_t *told = NULL;
    if (agreement_tell(service_store(p->service), service_charter(p->service), p->tenant, &told, &e) == OK)
        scall_reply(c, status, told);
    else
        scall_error(c, &e);
}

static void on_show(struct http_req *req) {
    struct scall c;
    struct place p;
    if (begin(req, true, &c, &p))
        reply(&c, &p, 200);
}

#define DAY_ROOM 16
static void on_record(struct http_req *req) {
    struct scall c;
    struct place p;
    AUTO(json_wiped) json_t *body = NULL;
    struct agreement_wish w = { .kind = AGREEMENT_PAPER };
    char by[SCALL_BY];
    int64_t number;
    struct err e;
    if (!begin(req, false, &c, &p) || !scall_json(&c, NAMES("signed", "from", "until", "sha256"), &body) || !scall_text(&c, body, "signed", DAY_ROOM, &w.signed_on) ||
        !scall_text_maybe(&c, body, "from", DAY_ROOM, &w.from) || !scall_text_maybe(&c, body, "until", DAY_ROOM, &w.until) ||
        !scall_text_maybe(&c, body, "sha256", 2 * HASH_SIZE + 1, &w.sha256))
        return;
    if (agreement_record(p.service, p.tenant, &w, scall_by(&c, by), &number, &e) == OK)
        reply(&c, &p, 201);
    else
        scall_error(&c, &e);
}

static void on_end(struct http_req *req) {
    struct scall c;
    struct place p;
    char by[SCALL_BY];
    struct err e;
    if (!begin(req, false, &c, &p))
        return;
    if (agreement_stop(p.service, p.tenant, scall_by(&c, by), &e) == OK)
        scall_reply_nothing(&c, 204);
    else
        scall_error(&c, &e);
}

static const struct route routes[] = {
    { "GET", "/v1/tenants/{tenant}/agreement", 0, on_show },
    { "POST", "/v1/tenants/{tenant}/agreement", 0, on_record },
    { "DELETE", "/v1/tenants/{tenant}/agreement", 0, on_end },
};
const struct route_table routes_agreement = { routes, ARRAY_LEN(routes) };
