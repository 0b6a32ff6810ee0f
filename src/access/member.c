/* member.c — who belongs to which tenant, in which role and over what. Each step is one write of that tenant's chain: the row and its
 * entry in the ledger stand or fall together. */
#include <stdio.h>
#include <string.h>

#include "access/inside.h"
#include "base/jsontext.h"
#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "records/doom.h"

#define LINK_LIFE (7 * USEC_PER_DAY)            /* of an invitation */
#define RESET_LIFE USEC_PER_DAY
#define OWN_MAX 1000u
#define LEVELS_MAX 1000u

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for the members of a tenant"); }

/* ---- services and roles */
static struct service *service_named(struct people *p, const char *name) {
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(charter_name(service_charter(p->services[i])), name) == 0)
            return p->services[i];
    return NULL;
}

enum code people_service(struct people *p, int64_t tenant, struct service **ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    struct tenant_row t;
    if (arena == NULL)
        return no_memory(reterr);
    enum code code = tenant_get(p->store, tenant, &t, arena, reterr);
    if (code != OK)
        return code;
    *ret = service_named(p, t.service);
    return *ret == NULL || t.closed != 0 ? err_set(reterr, E_NOT_FOUND, "there is no such tenant") : OK;
}

static const char *const staff_roles[] = { ROLE_ADMINISTRATOR, ROLE_SUPPORT, ROLE_OFFICER };

/* Who looks after the accounts of a tenant; of the operator's staff the administrator. */
static const char *owner_role(const struct service *s) {
    const struct person *people;
    if (s == NULL)
        return ROLE_ADMINISTRATOR;
    charter_people(s->charter, &people);
    return people[charter_accounts_by(s->charter)].name;
}

static enum code role_check(struct service *s, const char *role, struct err *reterr) {
    if (role == NULL)
        return err_field(reterr, E_FIELDS, "/role", "the role is missing");
    if (s == NULL) {
        for (size_t i = 0; i < ARRAY_LEN(staff_roles); i++)
            if (strcmp(staff_roles[i], role) == 0)
                return OK;
        return err_field(reterr, E_FIELDS, "/role", "the operator's staff is " ROLE_ADMINISTRATOR ", " ROLE_SUPPORT " or " ROLE_OFFICER);
    }
    int person = charter_person(s->charter, role);
    if (person < 0 || charter_operator_staff(s->charter, person) || !charter_signs_in(s->charter, person))
        return err_field(reterr, E_FIELDS, "/role", "%s is nobody of %s who signs in; `sejf role list` shows the roles", role, charter_name(s->charter));
    return OK;
}

/* ---- levels and own records */
/* "event/0193…" */
static bool record_named(const struct service *s, const char *text, int *ret_kind, struct uuid *ret_id) {
    const char *slash = strchr(text, '/');
    char kind[128];
    if (slash == NULL || (size_t)(slash - text) >= sizeof kind || !uuid_parse(slash + 1, ret_id))
        return false;
    memcpy(kind, text, (size_t)(slash - text));
    kind[slash - text] = 0;
    *ret_kind = charter_kind(s->charter, kind);
    return *ret_kind >= 0;
}

static bool level_named(const json_t *v, enum access_level *ret) {
    static const char *const names[] = { "none", "read", "write" };
    for (size_t i = 0; json_is_string(v) && i < ARRAY_LEN(names); i++)
        if (strcmp(json_string_value(v), names[i]) == 0) {
            *ret = (enum access_level)i;
            return true;
        }
    return false;
}

enum code levels_read(struct service *s, const json_t *json, struct arena *arena, struct levels **ret, struct err *reterr) {
    const char *name;
    json_t *v;
    size_t n = json_object_size(json), count = 0;
    if (json == NULL) {
        *ret = NULL;
        return OK;
    }
    if (!json_is_object(json) || n > LEVELS_MAX)
        return err_field(reterr, E_FIELDS, "/levels", "levels are an object of at most %u members: {\"all\": \"none\", \"event/ID\": \"write\"}", LEVELS_MAX);
    struct levels *l = arena_get(arena, sizeof *l);
    struct level_of *list = arena_array(arena, n > 0 ? n : 1, sizeof *list);
    if (l == NULL || list == NULL)
        return no_memory(reterr);
    l->all = LEVEL_WRITE;
    json_object_foreach((json_t *)(uintptr_t)json, name, v) {
        enum access_level level;
        if (!level_named(v, &level))
            return err_field(reterr, E_FIELDS, "/levels", "a level is none, read or write");
        if (strcmp(name, "all") == 0)
            l->all = level;
        else if (s != NULL && record_named(s, name, &list[count].kind, &list[count].id))
            list[count++].level = level;
        else
            return err_field(reterr, E_FIELDS, "/levels", "a level stands for all, or for a record as \"event/ID\" with a kind of the charter");
    }
    l->list = list;
    l->count = count;
    *ret = l;
    return OK;
}

enum code own_read(struct service *s, const json_t *json, struct arena *arena, struct own_record **ret, size_t *ret_count, struct err *reterr) {
    size_t n = json_array_size(json), i;
    json_t *v;
    *ret = NULL;
    *ret_count = 0;
    if (json == NULL || (json_is_array(json) && n == 0))
        return OK;
    struct own_record *list = arena_array(arena, n > 0 ? n : 1, sizeof *list);
    if (list == NULL)
        return no_memory(reterr);
    if (!json_is_array(json) || n > OWN_MAX || s == NULL)
        return err_field(reterr, E_FIELDS, "/own", "own is a list of at most %u records of the tenant: [\"courier/ID\"]", OWN_MAX);
    json_array_foreach(json, i, v)
        if (!json_is_string(v) || !record_named(s, json_string_value(v), &list[i].kind, &list[i].id))
            return err_field(reterr, E_FIELDS, "/own", "a record of one's own is \"courier/ID\" with a kind of the charter");
    *ret = list;
    *ret_count = n;
    return OK;
}

static enum code wish_check(struct service *s, const struct member_wish *w, struct arena *arena, struct err *reterr) {
    struct levels *levels;
    struct own_record *own = NULL;
    size_t n = 0;
    enum code code = role_check(s, w->role, reterr);
    if (code == OK)
        code = levels_read(s, w->levels, arena, &levels, reterr);
    if (code == OK)
        code = own_read(s, w->own, arena, &own, &n, reterr);
    if (code == OK && s != NULL && charter_public(s->charter, charter_person(s->charter, w->role)) && n == 0)
        return err_field(reterr, E_FIELDS, "/own", "a %s sees only what is its own: name its records", w->role);
    return code;
}

static const char *json_kept(const json_t *json, struct arena *arena) {
    AUTO(buf_done) struct buf b = BUF(256u << 10);
    if (json == NULL)
        return "";
    json_text_add(&b, json);
    return b.failed ? NULL : arena_text_n(arena, b.data, b.len);
}

/* ---- one step in one write */
struct stepping {
    struct member_row row; const struct link_row *link; const char *owner;
    const char *verb, *by;
    enum { STEP_INVITE, STEP_CHANGE_ROLE, STEP_SUSPEND_ON, STEP_SUSPEND_OFF, STEP_REMOVE, STEP_JOIN } step;
};

struct owners { const char *role; struct uuid but; size_t others; };
static bool count_owner(const struct member_row *r, void *arg) {
    struct owners *o = arg;
    if (r->suspended == 0 && strcmp(r->role, o->role) == 0 && uuid_compare(&r->account, &o->but) != 0)
        o->others++;
    return o->others == 0;
}

/* Somebody has to be left who looks after the accounts. */
static enum code not_the_last(struct sql *q, const struct member_row *now, const char *owner, struct err *reterr) {
    struct owners o = { .role = owner, .but = now->account };
    if (now->suspended != 0 || strcmp(now->role, owner) != 0)
        return OK;
    enum code code = members_of_tenant(q, now->tenant, count_owner, &o, reterr);
    return code == OK && o.others == 0 ? err_set(reterr, E_CONFLICT, "this is the last %s: make somebody else one first", owner) : code;
}

static json_t *step_what(const struct stepping *s) {
    char id[UUID_TEXT];
    json_t *levels = s->row.levels != NULL && s->row.levels[0] != 0 ? json_loads(s->row.levels, 0, NULL) : json_null();
    return json_pack("{s:s, s:s, s:o}", "account", uuid_format(&s->row.account, id), "role", s->row.role, "levels", levels);
}

static enum code step_row(struct txn *t, struct stepping *s, const struct member_row *now, bool there, struct err *reterr) {
    switch (s->step) {
    case STEP_INVITE:
        if (there && now->suspended != SUSPENDED_INVITED)
            return err_set(reterr, E_CONFLICT, "this person is a member already");
        s->row.suspended = SUSPENDED_INVITED;
        break;
    case STEP_CHANGE_ROLE:
        s->row.since = now->since;
        s->row.suspended = now->suspended;
        break;
    case STEP_JOIN:
        if (now->suspended != SUSPENDED_INVITED)
            return err_set(reterr, E_CONFLICT, "this person is a member already");
        s->row = *now;
        s->row.since = 0;
        s->row.suspended = 0;
        break;
    default:
        if (now->suspended == SUSPENDED_INVITED || (now->suspended > 0) == (s->step == STEP_SUSPEND_ON))
            return err_set(reterr, E_CONFLICT, now->suspended == SUSPENDED_INVITED ? "this person has not come in yet; remove the invitation instead"
                                               : now->suspended > 0 ? "this person is suspended already" : "this person is not suspended");
        s->row = *now;
        s->row.suspended = s->step == STEP_SUSPEND_ON ? txn_now(t) : 0;
    }
    return member_put(t, &s->row, reterr);
}

static enum code step_write(struct txn *t, void *arg, struct err *reterr) {
    struct stepping *s = arg;
    struct member_row now = { 0 };
    struct err e;
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    if (arena == NULL)
        return no_memory(reterr);
    enum code code = member_get(txn_sql(t), s->row.tenant, &s->row.account, &now, arena, &e);
    bool there = code == OK;
    if (code != OK && (code != E_NOT_FOUND || s->step != STEP_INVITE)) {
        *reterr = e;
        return code;
    }
    bool stays = s->step == STEP_INVITE || s->step == STEP_JOIN || s->step == STEP_SUSPEND_OFF || (s->step == STEP_CHANGE_ROLE && strcmp(s->row.role, s->owner) == 0);
    code = there && !stays ? not_the_last(txn_sql(t), &now, s->owner, reterr) : OK;
    if (code == OK && s->step == STEP_REMOVE) {
        s->row = now;
        code = member_drop(t, now.tenant, &now.account, reterr);
        if (code == OK)
            code = tokens_end(t, &now.account, now.tenant, reterr);
    } else if (code == OK) {
        code = step_row(t, s, &now, there, reterr);
    }
    if (code == OK && (s->step == STEP_JOIN || s->step == STEP_REMOVE))        /* a link for a new password was made by who looked after the person then */
        code = one_times_drop(t, &s->row.account, LINK_RESET, reterr);
    if (code == OK && s->link != NULL)
        code = s->step == STEP_JOIN ? one_time_take(t, s->link->hash, reterr) : one_time_put(t, s->link, reterr);
    if (code != OK)
        return code;
    json_t *what = step_what(s);
    code = ledger_append(t, s->verb, s->by, what, reterr);
    json_decref(what);
    return code;
}

static enum code step(struct people *p, struct stepping *s, struct err *reterr) {
    enum code code = store_write(p->store, s->row.tenant, step_write, s, reterr);
    access_forget();
    return code;
}

/* ---- the steps */
static enum code tenant_service(struct people *p, int64_t tenant, struct service **ret, struct err *reterr) {
    *ret = NULL;
    return tenant == 0 ? OK : people_service(p, tenant, ret, reterr);
}

void one_time_link(struct people *p, enum link_purpose purpose, const struct uuid *account, int64_t tenant, char ret[TOKEN_TEXT], struct link_row *ret_row) {
    usec_t now = clock_now(), life = purpose == LINK_RESET ? RESET_LIFE : LINK_LIFE;
    *ret_row = (struct link_row){ .purpose = purpose, .account = *account, .tenant = tenant, .made = now, .until = now + life, .ran_until = store_ran(p->store) + life };
    secret_make(LINK_PREFIX, ret, TOKEN_TEXT, ret_row->hash);
}

enum code member_invite(struct people *p, const struct member_wish *w, const char *email, const char *name, enum lang lang, const char *by,
                        char ret_link[TOKEN_TEXT], struct uuid *ret_account, struct err *reterr) {
    PRE(p != NULL && w != NULL && by != NULL && ret_link != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    char address[PERSON_EMAIL], clean[PERSON_NAME], link[TOKEN_TEXT];
    struct service *s;
    struct link_row row;
    struct err e;
    if (arena == NULL)
        return no_memory(reterr);
    enum code code = tenant_service(p, w->tenant, &s, reterr);
    if (code == OK)
        code = wish_check(s, w, arena, reterr);
    if (code == OK)
        code = address_read(email, address, reterr);
    if (code == OK)
        code = name_read(name, clean, reterr);
    if (code != OK)
        return code;
    struct stepping st = { .row = { .tenant = w->tenant, .role = w->role, .levels = json_kept(w->levels, arena), .own = json_kept(w->own, arena) }, .link = &row,
                           .owner = owner_role(s), .verb = "member_invited", .by = by, .step = STEP_INVITE };
    if (st.row.levels == NULL || st.row.own == NULL)
        return no_memory(reterr);
    code = account_find(p, address, &st.row.account, &e);
    if (code == E_NOT_FOUND)
        code = account_make(p, address, clean, lang, by, &st.row.account, &e);
    if (code != OK) {
        *reterr = e;
        return code;
    }
    one_time_link(p, LINK_INVITE, &st.row.account, w->tenant, link, &row);
    code = step(p, &st, reterr);
    if (code == OK) {
        memcpy(ret_link, link, sizeof link);
        if (ret_account != NULL)
            *ret_account = st.row.account;
    } else {
        (void)!account_end_if_alone(p, &st.row.account, by, &e);
    }
    crypto_wipe(link, sizeof link);
    return code;
}

enum code member_change(struct people *p, const struct uuid *account, const struct member_wish *w, const char *by, struct err *reterr) {
    PRE(p != NULL && account != NULL && w != NULL && by != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    struct service *s;
    if (arena == NULL)
        return no_memory(reterr);
    enum code code = tenant_service(p, w->tenant, &s, reterr);
    if (code == OK)
        code = wish_check(s, w, arena, reterr);
    if (code != OK)
        return code;
    struct stepping st = { .row = { .account = *account, .tenant = w->tenant, .role = w->role, .levels = json_kept(w->levels, arena), .own = json_kept(w->own, arena) },
                           .owner = owner_role(s), .verb = "member_changed", .by = by, .step = STEP_CHANGE_ROLE };
    return st.row.levels == NULL || st.row.own == NULL ? no_memory(reterr) : step(p, &st, reterr);
}

static enum code step_of(struct people *p, int64_t tenant, const struct uuid *account, int what, const char *verb, const char *by, const struct link_row *link, struct err *reterr) {
    struct service *s;
    enum code code = tenant_service(p, tenant, &s, reterr);
    if (code != OK)
        return code;
    struct stepping st = { .row = { .account = *account, .tenant = tenant }, .owner = owner_role(s), .link = link, .verb = verb, .by = by };
    st.step = what;
    return step(p, &st, reterr);
}

enum code member_suspend(struct people *p, int64_t tenant, const struct uuid *account, bool on, const char *by, struct err *reterr) {
    PRE(p != NULL && account != NULL && by != NULL && reterr != NULL);
    return step_of(p, tenant, account, on ? STEP_SUSPEND_ON : STEP_SUSPEND_OFF, on ? "member_suspended" : "member_resumed", by, NULL, reterr);
}

enum code member_join(struct people *p, const struct link_row *link, const char *by, struct err *reterr) {
    return step_of(p, link->tenant, &link->account, STEP_JOIN, "member_joined", by, link, reterr);
}

enum code member_remove(struct people *p, int64_t tenant, const struct uuid *account, const char *by, struct err *reterr) {
    PRE(p != NULL && account != NULL && by != NULL && reterr != NULL);
    enum code code = step_of(p, tenant, account, STEP_REMOVE, "member_removed", by, NULL, reterr);
    return code == OK ? account_end_if_alone(p, account, by, reterr) : code;
}

/* ---- leaving for good */
struct ending { struct people *p; struct uuid id; const char *by; bool only_alone; key_id keys[2]; size_t count; bool kept; };
static bool any_member(const struct member_row *r UNUSED, void *arg) {
    *(bool *)arg = true;
    return false;
}

static enum code end_write(struct txn *t, void *arg, struct err *reterr) {
    struct ending *e = arg;
    struct account_row row;
    char id[UUID_TEXT];
    bool any = false;
    AUTO(arena_free) struct arena *arena = arena_new(2 << 20);
    if (arena == NULL)
        return no_memory(reterr);
    enum code code = account_get(txn_sql(t), &e->id, &row, arena, reterr);
    if (code == OK && e->only_alone)
        code = members_of_account(txn_sql(t), &e->id, any_member, &any, reterr);
    e->kept = any;
    if (code != OK || any)
        return code;
    e->keys[0] = row.profile_key;
    e->keys[1] = row.secret_key;
    for (size_t i = 0; code == OK && i < ARRAY_LEN(e->keys); i++)
        code = doomed_put(t, e->keys[i], reterr);
    for (int rule = ACCOUNT_CLAIM_RULE; code == OK && rule <= IDENTITY_CLAIM_RULE; rule++)
        code = claim_drop(t, ACCOUNT_CLAIM_KIND, rule, &e->id, reterr);
    if (code == OK)
        code = account_drop(t, &e->id, reterr);
    if (code != OK)
        return code;
    json_t *what = json_pack("{s:s}", "account", uuid_format(&e->id, id));
    code = ledger_append(t, "account_erased", e->by, what, reterr);
    json_decref(what);
    return code;
}

static enum code end(struct people *p, struct ending *e, struct err *reterr) {
    enum code code = store_write(p->store, 0, end_write, e, reterr);
    access_forget();
    if (code == OK && !e->kept)
        return doom_now(p->services[0], 0, e->keys, ARRAY_LEN(e->keys), reterr);
    return code;
}

enum code account_end_if_alone(struct people *p, const struct uuid *account, const char *by, struct err *reterr) {
    struct ending e = { .p = p, .id = *account, .by = by, .only_alone = true };
    return end(p, &e, reterr);
}

struct tenants_of { int64_t list[256]; size_t count; };
static bool take_tenant(const struct member_row *r, void *arg) {
    struct tenants_of *l = arg;
    l->list[l->count++] = r->tenant;
    return l->count < ARRAY_LEN(l->list);
}

/* Is there somebody else in each of the tenants, wherever the person looks after one? */
static enum code others_everywhere(struct people *p, struct sql *q, const struct uuid *id, const struct tenants_of *l, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(4 << 20);
    if (arena == NULL)
        return no_memory(reterr);
    for (size_t i = 0; i < l->count; i++) {
        struct service *s;
        struct member_row now;
        struct err e;
        enum code code = tenant_service(p, l->list[i], &s, &e);
        if (code == E_NOT_FOUND)               /* closed: nobody has to look after it */
            continue;
        if (code == OK)
            code = member_get(q, l->list[i], id, &now, arena, &e);
        if (code == OK)
            code = not_the_last(q, &now, owner_role(s), &e);
        if (code != OK) {
            *reterr = e;
            return code;
        }
    }
    return OK;
}

/* Each tenant's chain says that the person has left; where it is the last who looks after a tenant, nothing else has happened yet. */
enum code account_erase(struct people *p, const struct uuid *id, const char *by, struct err *reterr) {
    PRE(p != NULL && id != NULL && by != NULL && reterr != NULL);
    struct tenants_of l = { .count = 0 };
    struct err e;
    {
        AUTO(view_end) struct view *v = NULL;
        enum code code = store_view(p->store, 0, &v, reterr);
        if (code == OK)
            code = members_of_account(view_sql(v), id, take_tenant, &l, reterr);
        if (code == OK && l.count == ARRAY_LEN(l.list))
            code = err_set(reterr, E_TOO_LARGE, "the account is a member of %zu tenants or more: remove it from some of them first", ARRAY_LEN(l.list));
        if (code == OK)
            code = others_everywhere(p, view_sql(v), id, &l, reterr);
        if (code != OK)
            return code;
    }
    for (size_t i = 0; i < l.count; i++) {
        enum code code = step_of(p, l.list[i], id, STEP_REMOVE, "member_removed", by, NULL, &e);
        if (code != OK && code != E_NOT_FOUND) {           /* a tenant that is closed meanwhile has nobody to be told */
            *reterr = e;
            return code;
        }
    }
    struct ending en = { .p = p, .id = *id, .by = by };
    return end(p, &en, reterr);
}
