/* tenant_call.c — whose tenant it is, is told to nobody but its people. */
#include "api/tenant_call.h"

#include <string.h>

#include "api/session_call.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/tables.h"

static bool nothing_here(struct call *c) {
    call_fail(c, E_NOT_FOUND, "there is nothing at this address, or it is not for this token");
    return false;
}

/* NULL: there is no such tenant, or it is closed; a token for it cannot be told from a wrong one. */
static enum code service_of(struct call *c, int64_t tenant, struct err *reterr) {
    struct tenant_row row = { .id = 0 };
    enum code code = tenant_get(api_config(c->api)->store, tenant, &row, http_arena(c->req), reterr);
    if (code == OK && row.closed == 0)
        c->service = api_service(c->api, row.service);
    return code == E_NOT_FOUND ? OK : code;
}

/* A tenant that is not there answers like another's. */
static enum code who_calls(struct call *c, int64_t tenant, struct err *reterr) {
    if (c->service != NULL) {
        c->charter = service_charter(c->service);
        return call_caller(c, tenant, reterr);
    }
    bool named = http_header(c->req, "Authorization") != NULL || session_cookie(c->req) != NULL;
    return err_set(reterr, named ? E_NOT_FOUND : E_SIGN_IN, named ? "there is nothing at this address, or it is not for this token" : "a valid token is needed: Authorization: Bearer sejf_…");
}

bool tenant_call(struct http_req *req, struct call *ret) {
    struct err e;
    struct call c = { .req = req, .api = http_context(req), .kind = -1, .lost = mem_lost(), .lang = http_lang(req, (1u << LANG_COUNT) - 1, LANG_EN) };
    int64_t tenant;
    if (!text_int(http_param(req, "tenant"), 1, INT64_MAX, &tenant))
        return nothing_here(&c);
    enum code code = service_of(&c, tenant, &e);
    if (code == OK)
        code = who_calls(&c, tenant, &e);
    if (code != OK) {
        call_error(&c, &e, NULL);
        return false;
    }
    if (!call_whole(&c))
        return false;
    c.lang = http_lang(req, charter_speaks(c.charter), LANG_EN);
    if (c.who.tenant != tenant || c.who.by_link)
        return nothing_here(&c);
    http_note_tenant(req, tenant);
    *ret = c;
    return true;
}

bool tenant_call_record(struct call *c, const char *text, int *ret_kind, struct uuid *ret) {
    size_t n = text == NULL ? 0 : strcspn(text, "/");
    char *kind = text == NULL ? NULL : arena_text_n(http_arena(c->req), text, n);
    *ret_kind = kind == NULL ? -1 : charter_kind(c->charter, kind);
    if (*ret_kind >= 0 && text[n] == '/' && uuid_parse(text + n + 1, ret))
        return true;
    call_fail(c, E_INVALID, "record names a kind and an id: registration/0193…");
    return false;
}

bool tenant_call_owner(struct call *c, const char *what) {
    const struct person *people;
    size_t n = charter_people(c->charter, &people);
    int own = charter_tenant(c->charter);
    if (c->who.person == own && !c->who.staff) {
        if (policy_whole(c->charter, &c->who))
            return true;
        call_fail(c, E_FORBIDDEN, "%s is for an account from which levels hide nothing", what);       /* it names records of all of the tenant */
        return false;
    }
    call_fail(c, E_FORBIDDEN, "%s is for the %s of this tenant", what, own >= 0 && (size_t)own < n ? people[own].name : "owner");
    return false;
}

bool tenant_call_confirmed(struct call *c, const char *what) {
    if (!c->who.by_session || c->elevated)
        return true;
    call_fail(c, E_CONFIRM, "sign in again before %s: POST /v1/account/confirm with the password, or a second step", what);
    return false;
}
