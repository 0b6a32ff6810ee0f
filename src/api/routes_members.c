/* routes_members.c — the people of a tenant, and of the operator (tenant 0): who is in, who may what, joiners and leavers. people_may
 * says who may do this; what is not there for the caller answers 404. */
#include <stdio.h>
#include <string.h>

#include "access/tenants.h"
#include "api/routes.h"
#include "api/session_call.h"
#include "base/text.h"
#include "store/tables.h"

#define HISTORY_MOST 1000

/* ---- tenants, for the operator's administrators */
struct tenants { json_t *list; };

static bool tenant_add(const struct tenant_row *r, void *arg) {
    struct tenants *t = arg;
    char made[40];
    json_t *one = r->probe ? NULL : json_pack("{s:I, s:s, s:s, s:s, s:b}", "tenant", (json_int_t)r->id, "service", r->service, "name", r->name,
                                              "made", time_format(r->made, made, sizeof made), "closed", r->closed != 0);
    return r->probe || json_array_append_new(t->list, one) == 0;
}

static bool may_make_tenants(struct scall *c) {
    struct err e;
    enum code code = people_may(c->people, &c->session, 0, PEOPLE_TENANTS, &e);
    if (code == OK)
        return true;
    if (code == E_NOT_FOUND)
        (void)err_set(&e, E_NOT_FOUND, "there is nothing at this address, or it is not for you");
    scall_error(c, &e);
    return false;
}

static void on_tenants(struct http_req *req) {
    struct scall c;
    struct tenants t;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !may_make_tenants(&c))
        return;
    t.list = json_array();
    if (tenants_list(api_config(c.api)->store, NULL, tenant_add, &t, &e) == OK) {
        scall_reply(&c, 200, json_pack("{s:o}", "items", t.list));
        return;
    }
    json_decref(t.list);
    scall_error(&c, &e);
}

static const char *link_address(struct scall *c, char secret[TOKEN_TEXT]) {
    const char *base = api_config(c->api)->base_url;
    char *address = arena_printf(http_arena(c->req), "%s" LINK_PATH "%s", base == NULL ? "" : base, secret);
    crypto_wipe(secret, TOKEN_TEXT);
    return address;
}

/* The owner, where one is named: a tenant without an owner can be given one later. */
static bool owner_invite(struct scall *c, const json_t *owner, int64_t tenant, const struct charter *charter, json_t *ret) {
    const struct person *people;
    const char *email, *name;
    char secret[TOKEN_TEXT], id[UUID_TEXT], by[SCALL_BY];
    struct uuid account;
    struct err e;
    if (owner == NULL || json_is_null(owner))
        return true;
    if (!scall_text(c, owner, "email", PERSON_EMAIL - 1, &email) || !scall_text_maybe(c, owner, "name", PERSON_NAME - 1, &name))
        return false;
    (void)charter_people(charter, &people);
    const struct member_wish w = { .tenant = tenant, .role = people[charter_tenant(charter)].name };
    if (member_invite(c->people, &w, email, name == NULL ? "" : name, c->lang, scall_by(c, by), secret, &account, &e) != OK) {
        scall_error(c, &e);
        return false;
    }
    json_object_set_new(ret, "account", json_string(uuid_format(&account, id)));
    json_object_set_new(ret, "link", json_string(link_address(c, secret)));
    return true;
}

static void on_tenants_make(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    const char *service, *name;
    int64_t tenant;
    char by[SCALL_BY];
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !may_make_tenants(&c) || !scall_json(&c, NAMES("service", "name", "owner"), &body) ||
        !scall_text(&c, body, "service", 64, &service) || !scall_text(&c, body, "name", 200, &name))
        return;
    struct service *s = api_service(c.api, service);
    if (s == NULL) {
        (void)err_field(&e, E_FIELDS, "/service", "no service of that name runs here");
        scall_error(&c, &e);
        return;
    }
    if (tenant_found(service_store(s), service, name, scall_by(&c, by), &tenant, &e) != OK) {
        scall_error(&c, &e);
        return;
    }
    json_t *out = json_pack("{s:I}", "tenant", (json_int_t)tenant);
    if (owner_invite(&c, json_object_get(body, "owner"), tenant, service_charter(s), out))
        scall_reply(&c, 201, out);
    else
        json_decref(out);
}

/* ---- members */
static void on_members(struct http_req *req) {
    struct scall c;
    json_t *list = NULL;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !scall_tenant(&c, PEOPLE_LIST))
        return;
    if (members_list(c.people, c.tenant, &list, &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply(&c, 200, json_pack("{s:o}", "items", list));
}

static bool language_of(struct scall *c, const char *said, enum lang *ret) {
    struct err e;
    *ret = c->lang;
    if (said == NULL || lang_parse(said, strlen(said), ret))
        return true;
    (void)err_field(&e, E_FIELDS, "/language", "language must be one of en, pl, hu");
    scall_error(c, &e);
    return false;
}

static void on_invite(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    const char *role, *email, *name, *said;
    char secret[TOKEN_TEXT], id[UUID_TEXT], by[SCALL_BY];
    enum lang lang;
    struct uuid account;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !scall_tenant(&c, PEOPLE_INVITE) || !scall_json(&c, NAMES("role", "email", "name", "language", "levels", "own"), &body) ||
        !scall_text(&c, body, "role", 64, &role) || !scall_text(&c, body, "email", PERSON_EMAIL - 1, &email) || !scall_text_maybe(&c, body, "name", PERSON_NAME - 1, &name) ||
        !scall_text_maybe(&c, body, "language", 8, &said) || !language_of(&c, said, &lang))
        return;
    const struct member_wish w = { .tenant = c.tenant, .role = role, .levels = json_object_get(body, "levels"), .own = json_object_get(body, "own") };
    if (member_invite(c.people, &w, email, name == NULL ? "" : name, lang, scall_by(&c, by), secret, &account, &e) != OK) {
        scall_error(&c, &e);
        return;
    }
    scall_reply(&c, 201, json_pack("{s:s, s:s}", "account", uuid_format(&account, id), "link", link_address(&c, secret)));
}

/* The member of that tenant as members_list says it; NULL: replied. */
static json_t *member_find(struct scall *c, const struct uuid *account) {
    json_t *list = NULL, *one, *found = NULL;
    char id[UUID_TEXT];
    size_t i;
    struct err e;
    if (members_list(c->people, c->tenant, &list, &e) != OK) {
        scall_error(c, &e);
        return NULL;
    }
    uuid_format(account, id);
    json_array_foreach(list, i, one) {
        const char *text = json_string_value(json_object_get(one, "account"));
        if (text != NULL && strcmp(text, id) == 0)
            found = json_incref(one);
    }
    json_decref(list);
    if (found == NULL)
        scall_fail(c, E_NOT_FOUND, "there is nobody of that id here");
    return found;
}

/* What the patch does not name stays; null takes levels and own records back to none said. */
static json_t *patched(const json_t *patch, const json_t *member, const char *name) {
    json_t *said = json_object_get(patch, name), *value = said != NULL ? said : json_object_get(member, name);
    return json_is_null(value) ? NULL : value;
}

static void on_member_change(struct http_req *req) {
    struct scall c;
    AUTO(json_wiped) json_t *body = NULL;
    AUTO(json_wiped) json_t *member = NULL;
    const char *role;
    char by[SCALL_BY];
    struct uuid account;
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !scall_tenant(&c, PEOPLE_CHANGE) || !scall_id(&c, "account", &account) ||
        !scall_json(&c, NAMES("role", "levels", "own"), &body) || !scall_text_maybe(&c, body, "role", 64, &role) || (member = member_find(&c, &account)) == NULL)
        return;
    const struct member_wish w = { .tenant = c.tenant, .role = role != NULL ? role : json_string_value(json_object_get(member, "role")),
                                   .levels = patched(body, member, "levels"), .own = patched(body, member, "own") };
    if (w.role == NULL || member_change(c.people, &account, &w, scall_by(&c, by), &e) != OK) {
        if (w.role == NULL)
            (void)err_set(&e, E_MEMORY, "no memory for a member");
        scall_error(&c, &e);
        return;
    }
    json_t *now = member_find(&c, &account);
    if (now != NULL)
        scall_reply(&c, 200, now);
}

static void suspend(struct http_req *req, bool on) {
    struct scall c;
    struct uuid account;
    char by[SCALL_BY];
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !scall_tenant(&c, PEOPLE_SUSPEND) || !scall_id(&c, "account", &account))
        return;
    if (member_suspend(c.people, c.tenant, &account, on, scall_by(&c, by), &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply_nothing(&c, 204);
}

static void on_suspend(struct http_req *req) { suspend(req, true); }
static void on_resume(struct http_req *req) { suspend(req, false); }

static void on_member_remove(struct http_req *req) {
    struct scall c;
    struct uuid account;
    char by[SCALL_BY];
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !scall_tenant(&c, PEOPLE_REMOVE) || !scall_id(&c, "account", &account))
        return;
    if (member_remove(c.people, c.tenant, &account, scall_by(&c, by), &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply_nothing(&c, 204);
}

/* Whoever gets the link can be that person: nobody may have it for somebody who works elsewhere, too, or who was only invited here (of
 * them it would be an account that is somebody else's). */
static bool only_here(struct scall *c, const struct uuid *account) {
    json_t *list = NULL;
    struct err e;
    if (members_of(c->people, account, &list, &e) != OK) {
        scall_error(c, &e);
        return false;
    }
    bool only = json_array_size(list) == 1 && !json_is_true(json_object_get(json_array_get(list, 0), "invited"));
    json_decref(list);
    if (only)
        return true;
    scall_fail(c, E_FORBIDDEN, "this person is also a member elsewhere, or has not come in yet: invite again, or let the operator reset the password at the machine (sejf user reset)");
    return false;
}

static void on_reset(struct http_req *req) {
    struct scall c;
    struct uuid account;
    char secret[TOKEN_TEXT], by[SCALL_BY];
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !scall_tenant(&c, PEOPLE_RESET) || !scall_id(&c, "account", &account))
        return;
    json_t *member = member_find(&c, &account);
    json_decref(member);
    if (member == NULL || !only_here(&c, &account))
        return;
    if (account_reset(c.people, &account, scall_by(&c, by), secret, &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply(&c, 201, json_pack("{s:s}", "link", link_address(&c, secret)));
}

static void on_history(struct http_req *req) {
    struct scall c;
    json_t *list = NULL;
    int64_t limit = 100;
    const char *said = http_query(req, "limit");
    struct err e;
    if (!scall_begin(req, SCALL_WHOLE, &c) || !scall_tenant(&c, PEOPLE_LIST))
        return;
    if (said != NULL && !text_int(said, 1, HISTORY_MOST, &limit)) {
        scall_fail(&c, E_INVALID, "limit must be a number from 1 to %d", HISTORY_MOST);
        return;
    }
    if (members_history(c.people, c.tenant, (size_t)limit, &list, &e) != OK)
        scall_error(&c, &e);
    else
        scall_reply(&c, 200, json_pack("{s:o}", "items", list));
}

static const struct route routes[] = {
    { "GET", "/v1/tenants", 0, on_tenants },
    { "POST", "/v1/tenants", 0, on_tenants_make },
    { "GET", "/v1/tenants/{tenant}/members", 0, on_members },
    { "POST", "/v1/tenants/{tenant}/members", 0, on_invite },
    { "GET", "/v1/tenants/{tenant}/members/history", 0, on_history },
    { "PATCH", "/v1/tenants/{tenant}/members/{account}", 0, on_member_change },
    { "DELETE", "/v1/tenants/{tenant}/members/{account}", 0, on_member_remove },
    { "POST", "/v1/tenants/{tenant}/members/{account}/suspend", 0, on_suspend },
    { "POST", "/v1/tenants/{tenant}/members/{account}/resume", 0, on_resume },
    { "POST", "/v1/tenants/{tenant}/members/{account}/reset", 0, on_reset },
};
const struct route_table routes_members = { routes, ARRAY_LEN(routes) };
