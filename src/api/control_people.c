/* control_people.c — accounts by the command line: whoever owns the data directory does what an administrator does in a browser.
 * The ledger names "operator". A link is in the reply and nowhere else. */
#include <stdio.h>
#include <string.h>

#include "access/session.h"
#include "api/api_int.h"
#include "api/control_int.h"
#include "base/text.h"
#include "store/people.h"
#include "store/tables.h"

#define BY "operator"
#define LINK_MOST 1024u
#define HISTORY 100

static struct people *people_of(const struct control_req *c) { return api_people(c->api); }

/* ---- what these verbs take */

enum code control_who(struct control_req *c, struct uuid *ret, struct err *reterr) {
    const char *who = control_text(c, "who");
    if (who == NULL)
        return err_set(reterr, E_INVALID, "who: an e-mail address, or the id of an account");
    return uuid_parse(who, ret) ? OK : account_find(people_of(c), who, ret, reterr);
}

/* Before anybody has said otherwise: English where the service speaks it, else its first language. */
static enum code lang_arg(struct control_req *c, enum lang *ret, struct err *reterr) {
    const char *code = control_text(c, "lang");
    unsigned speaks = c->service == NULL ? 1u << LANG_EN : charter_speaks(service_charter(c->service));
    *ret = lang_accept(NULL, speaks, LANG_EN);
    if (code != NULL && !lang_parse(code, strlen(code), ret))
        return err_set(reterr, E_INVALID, "lang must be en, pl or hu");
    return OK;
}

static json_t *array_of(struct control_req *c, const char *name) {
    json_t *v = json_object_get(c->in, name);
    return json_is_array(v) ? v : NULL;
}

static json_t *object_of(struct control_req *c, const char *name) {
    json_t *v = json_object_get(c->in, name);
    return json_is_object(v) ? v : NULL;
}

/* The account's link, as it is opened in a browser. */
static enum code say_link(struct control_req *c, const struct uuid *account, char link[TOKEN_TEXT], struct err *reterr) {
    char id[UUID_TEXT];
    AUTO(buf_wipe) struct buf url = BUF(LINK_MOST);
    buf_printf(&url, "%s" LINK_PATH "%s", c->api->config.base_url, link);
    explicit_bzero(link, TOKEN_TEXT);
    if (url.failed)
        return err_set(reterr, E_MEMORY, "no memory for a link; a new one is made by `sejf user reset`");
    control_set(c, "account", json_string(uuid_format(account, id)));
    control_set(c, "link", json_string(buf_str(&url)));
    return OK;
}

static enum code invite(struct control_req *c, const struct member_wish *w, const char *email, const char *name, struct err *reterr) {
    char link[TOKEN_TEXT];
    struct uuid account;
    enum lang lang;
    if (email == NULL)
        return err_set(reterr, E_INVALID, "an invitation needs the e-mail address of the person");
    char before_at[PERSON_NAME];
    if (name == NULL) {                       /* until the person says otherwise, who takes the link */
        snprintf(before_at, sizeof before_at, "%.*s", (int)(strcspn(email, "@") < sizeof before_at ? strcspn(email, "@") : 0), email);
        name = before_at;
    }
    enum code code = lang_arg(c, &lang, reterr);
    if (code == OK)
        code = member_invite(people_of(c), w, email, name, lang, BY, link, &account, reterr);
    return code != OK ? code : say_link(c, &account, link, reterr);
}

enum code control_invite_owner(struct control_req *c, int64_t tenant, struct err *reterr) {
    const struct person *people;
    const char *owner = control_text(c, "owner");
    const struct charter *charter = service_charter(c->service);
    if (owner == NULL)
        return OK;
    charter_people(charter, &people);
    const struct member_wish w = { .tenant = tenant, .role = people[charter_tenant(charter)].name };
    enum code code = invite(c, &w, owner, control_text(c, "owner_name"), reterr);
    return code == OK ? OK : err_prefix(reterr, "tenant %lld was made, but its owner could not be invited", (long long)tenant);
}

/* ---- invitations and links */

enum code do_user_new(struct control_req *c, struct err *reterr) {
    const struct member_wish w = { .tenant = 0, .role = control_text(c, "role") ?: ROLE_ADMINISTRATOR };
    return invite(c, &w, control_text(c, "email"), control_text(c, "name"), reterr);
}

enum code do_user_invite(struct control_req *c, struct err *reterr) {
    const struct member_wish w = { .tenant = c->tenant, .role = control_text(c, "role"), .levels = object_of(c, "levels"), .own = array_of(c, "own") };
    if (w.role == NULL)
        return err_set(reterr, E_INVALID, "an invitation needs a role; `sejf role list %s` shows them", charter_name(service_charter(c->service)));
    return invite(c, &w, control_text(c, "email"), control_text(c, "name"), reterr);
}

enum code do_user_reset(struct control_req *c, struct err *reterr) {
    char link[TOKEN_TEXT];
    struct uuid account;
    enum code code = control_who(c, &account, reterr);
    if (code == OK)
        code = account_reset(people_of(c), &account, BY, link, reterr);
    return code != OK ? code : say_link(c, &account, link, reterr);
}

/* ---- looking */

/* Each as a line of its own, and their number in the last. */
enum code control_say_list(struct control_req *c, json_t *list) {
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
        if (!control_say(c, one))
            break;
    control_set(c, "count", json_integer((json_int_t)json_array_size(list)));
    json_decref(list);
    return OK;
}

int64_t control_say_page(struct control_req *c, json_t *page, int64_t *ret_before) {
    const json_t *items = json_object_get(page, "items");
    for (size_t i = 0; i < json_array_size(items); i++)
        (void)!control_say(c, json_array_get(items, i));
    int64_t count = (int64_t)json_array_size(items);
    *ret_before = json_integer_value(json_object_get(page, "next"));
    json_decref(page);
    return count;
}

/* 0: the operator's staff. */
static enum code tenant_arg(struct control_req *c, int64_t *ret, struct err *reterr) {
    struct service *s;
    *ret = control_number(c, "tenant", 0);
    return *ret == 0 ? OK : people_service(people_of(c), *ret, &s, reterr);
}

enum code do_user_list(struct control_req *c, struct err *reterr) {
    int64_t tenant;
    json_t *list = NULL;
    enum code code = tenant_arg(c, &tenant, reterr);
    if (code == OK)
        code = members_list(people_of(c), tenant, &list, reterr);
    return code != OK ? code : control_say_list(c, list);
}

enum code do_user_history(struct control_req *c, struct err *reterr) {
    int64_t tenant, limit = control_number(c, "limit", HISTORY);
    json_t *list = NULL;
    enum code code = tenant_arg(c, &tenant, reterr);
    if (code == OK && (limit < 1 || limit > 100000))
        return err_set(reterr, E_INVALID, "limit must be from 1 to 100000");
    if (code == OK)
        code = members_history(people_of(c), tenant, (size_t)limit, &list, reterr);
    return code != OK ? code : control_say_list(c, list);
}

/* How many of each role, and of each state but the usual one. */
static void count_members(struct control_req *c, json_t *members) {
    json_t *roles = json_object(), *one;
    json_int_t invited = 0, suspended = 0;
    size_t i;
    json_array_foreach(members, i, one) {
        const char *role = json_string_value(json_object_get(one, "role")), *state = json_string_value(json_object_get(one, "state"));
        if (role == NULL || state == NULL)
            continue;
        json_object_set_new(roles, role, json_integer(json_integer_value(json_object_get(roles, role)) + 1));
        invited += strcmp(state, "invited") == 0;
        suspended += strcmp(state, "suspended") == 0;
    }
    control_set(c, "people", roles);
    control_set(c, "invited", json_integer(invited));
    control_set(c, "suspended", json_integer(suspended));
}

enum code do_tenant_show(struct control_req *c, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    struct tenant_row row;
    json_t *members = NULL;
    int64_t tenant = control_number(c, "tenant", 0);
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory to look up a tenant") : tenant_get(c->store, tenant, &row, arena, reterr);
    if (code == E_NOT_FOUND || (code == OK && row.probe))
        return err_set(reterr, E_NOT_FOUND, "there is no tenant of that number; sejf tenant list shows them");
    if (code == OK && row.closed == 0)
        code = members_list(people_of(c), tenant, &members, reterr);
    if (code == OK)
        code = control_agreement_tell(c, tenant, row.service, reterr);
    if (code != OK) {
        json_decref(members);
        return code;
    }
    control_set(c, "tenant", json_integer((json_int_t)tenant));
    control_set(c, "service", json_string(row.service));
    control_set(c, "name", json_string(row.name));
    control_set(c, "made", control_time(row.made));
    control_set(c, "closed", control_time(row.closed));
    count_members(c, members);
    json_decref(members);
    return OK;
}

static const char *const states[] = { [ACCOUNT_INVITED] = "invited", [ACCOUNT_ACTIVE] = "active", [ACCOUNT_SUSPENDED] = "suspended" };

enum code do_user_show(struct control_req *c, struct err *reterr) {
    struct uuid account;
    struct person_of p;
    char id[UUID_TEXT];
    json_t *members = NULL, *sessions = NULL;
    enum code code = control_who(c, &account, reterr);
    if (code == OK)
        code = account_read(people_of(c), &account, &p, reterr);
    if (code == OK)
        code = members_of(people_of(c), &account, &members, reterr);
    if (code == OK)
        code = sessions_json(people_of(c), &(struct session){ .account = account }, &sessions, reterr);
    if (code != OK) {
        json_decref(members);
        return code;
    }
    control_set(c, "account", json_string(uuid_format(&account, id)));
    control_set(c, "name", json_string(p.name));
    control_set(c, "email", json_string(p.email));
    control_set(c, "lang", json_string(lang_code(p.lang)));
    control_set(c, "state", json_string(p.state >= 0 && (size_t)p.state < ARRAY_LEN(states) ? states[p.state] : ""));
    control_set(c, "made", control_time(p.made));
    control_set(c, "used", control_time(p.used));
    control_set(c, "password", control_time(p.password));
    control_set(c, "totp", json_boolean(p.totp));
    control_set(c, "passkeys", json_integer(p.passkeys));
    control_set(c, "codes", json_integer(p.codes));
    control_set(c, "members", members);
    control_set(c, "sessions", json_integer((json_int_t)json_array_size(sessions)));
    json_decref(sessions);
    explicit_bzero(&p, sizeof p);
    return OK;
}

enum code do_user_sessions(struct control_req *c, struct err *reterr) {
    struct uuid account;
    int64_t one = control_number(c, "session", 0);
    json_t *list = NULL;
    enum code code = control_who(c, &account, reterr);
    if (code == OK)
        code = sessions_json(people_of(c), &(struct session){ .account = account }, &list, reterr);
    if (code == OK && json_is_true(json_object_get(c->in, "end")))
        code = one > 0 ? session_revoke(people_of(c), &account, one, reterr) : session_revoke_all(people_of(c), &account, 0, reterr);
    if (code != OK) {
        json_decref(list);
        return code;
    }
    return control_say_list(c, list);
}

/* ---- changing */

enum code do_user_suspend(struct control_req *c, struct err *reterr) {
    struct uuid account;
    bool on = !json_is_false(json_object_get(c->in, "on"));
    int64_t tenant = control_number(c, "tenant", -1);
    enum code code = control_who(c, &account, reterr);
    if (code != OK)
        return code;
    return tenant < 0 ? account_suspend(people_of(c), &account, on, BY, reterr) : member_suspend(people_of(c), tenant, &account, on, BY, reterr);
}

enum code do_user_remove(struct control_req *c, struct err *reterr) {
    struct uuid account;
    int64_t tenant = control_number(c, "tenant", -1);
    enum code code = control_who(c, &account, reterr);
    if (code != OK)
        return code;
    return tenant < 0 ? account_erase(people_of(c), &account, BY, reterr) : member_remove(people_of(c), tenant, &account, BY, reterr);
}

/* The membership as it stands, so that what is not given stays. Borrowed from the list. */
static json_t *membership(json_t *list, int64_t tenant) {
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
        if (json_integer_value(json_object_get(one, "tenant")) == tenant)
            return one;
    return NULL;
}

static json_t *given_or(json_t *given, json_t *stands, bool (*fits)(json_t *)) {
    return given != NULL ? given : stands != NULL && fits(stands) ? stands : NULL;
}
static bool is_levels(json_t *v) { return json_is_object(v) && json_object_size(v) > 0; }
static bool is_own(json_t *v) { return json_is_array(v) && json_array_size(v) > 0; }

enum code do_role_give(struct control_req *c, struct err *reterr) {
    struct uuid account;
    json_t *list = NULL;
    enum code code = control_who(c, &account, reterr);
    if (code == OK)
        code = members_of(people_of(c), &account, &list, reterr);
    json_t *now = code == OK ? membership(list, c->tenant) : NULL;
    if (code == OK && now == NULL)
        code = err_set(reterr, E_NOT_FOUND, "that account is no member of tenant %lld; `sejf user invite` makes it one", (long long)c->tenant);
    if (code == OK) {
        const struct member_wish w = { .tenant = c->tenant, .role = control_text(c, "role") ?: json_string_value(json_object_get(now, "role")),
                                       .levels = given_or(object_of(c, "levels"), json_object_get(now, "levels"), is_levels),
                                       .own = given_or(array_of(c, "own"), json_object_get(now, "own"), is_own) };
        code = member_change(people_of(c), &account, &w, BY, reterr);
    }
    json_decref(list);
    return code;
}
