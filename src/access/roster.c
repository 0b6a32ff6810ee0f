/* roster.c — members as they are shown: of a tenant, of a person, over time. */
#include <stdlib.h>
#include <string.h>

#include "access/inside.h"
#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for the members of a tenant"); }

/* ---- what is read within a view, and opened after it */
struct rows { struct arena *arena; struct member_row *list; size_t count, room; bool failed; };
static bool take_row(const struct member_row *r, void *arg) {
    struct rows *l = arg;
    if (l->count == l->room) {
        size_t room = l->room == 0 ? 32 : l->room * 2;
        struct member_row *list = arena_array(l->arena, room, sizeof *list);
        if (list != NULL && l->count > 0)
            memcpy(list, l->list, l->count * sizeof *list);
        l->failed = list == NULL;
        if (l->failed)
            return false;
        l->list = list;
        l->room = room;
    }
    struct member_row row = *r;
    row.role = arena_text(l->arena, r->role);
    row.levels = arena_text(l->arena, r->levels);
    row.own = arena_text(l->arena, r->own);
    l->failed = row.role == NULL || row.levels == NULL || row.own == NULL;
    if (!l->failed)
        l->list[l->count++] = row;
    return !l->failed;
}

enum code memberships_read(struct people *p, struct sql *q, const struct uuid *account, struct arena *arena, struct memberships *ret, struct err *reterr) {
    struct rows rows = { .arena = arena };
    enum code code = members_of_account(q, account, take_row, &rows, reterr);
    if (code == OK && rows.failed)
        code = no_memory(reterr);
    if (code != OK)
        return code;
    struct membership *list = arena_array(arena, rows.count > 0 ? rows.count : 1, sizeof *list);
    if (list == NULL)
        return no_memory(reterr);
    size_t n = 0;
    for (size_t i = 0; i < rows.count; i++) {
        struct membership m = { .row = rows.list[i], .person = -1 };
        struct tenant_row t;
        if (m.row.suspended != 0)
            continue;
        if (m.row.tenant != 0) {
            code = tenant_look(q, m.row.tenant, &t, arena, reterr);
            if (code == E_NOT_FOUND)
                continue;
            if (code != OK)
                return code;
            for (size_t s = 0; s < p->count && m.service == NULL; s++)
                if (strcmp(charter_name(service_charter(p->services[s])), t.service) == 0)
                    m.service = p->services[s];
            if (m.service == NULL || t.closed != 0)
                continue;
            m.person = charter_person(service_charter(m.service), m.row.role);
        }
        list[n++] = m;
    }
    *ret = (struct memberships){ list, n };
    return OK;
}

/* ---- shown */
static json_t *stored_json(const char *text) { return text == NULL || text[0] == 0 ? json_null() : json_loads(text, 0, NULL); }
static json_t *time_or_null(usec_t t) {
    char text[40];
    return t <= 0 ? json_null() : json_string(time_format(t, text, sizeof text));
}

static json_t *member_json(const struct member_row *r, const struct person_of *who) {
    char id[UUID_TEXT];
    bool invited = r->suspended == SUSPENDED_INVITED;      /* of an account that stood before, the tenant knows the address alone */
    const char *state = who->state == ACCOUNT_SUSPENDED || r->suspended > 0 ? "suspended" : invited ? "invited" : "active";
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:b, s:i}", "account", uuid_format(&r->account, id), "name", invited && who->password != 0 ? "" : who->name, "email", who->email, "role", r->role,
                     "levels", stored_json(r->levels), "own", stored_json(r->own), "state", state, "since", invited ? json_null() : time_or_null(r->since),
                     "used", invited ? json_null() : time_or_null(who->used), "second", !invited && (who->totp || who->passkeys > 0),
                     "passkeys", invited ? 0 : (int)who->passkeys);
}

static int by_name(const void *a, const void *b) {
    return strcmp(json_string_value(json_object_get(*(json_t *const *)a, "name")) ?: "", json_string_value(json_object_get(*(json_t *const *)b, "name")) ?: "");
}

static enum code list_open(struct people *p, const struct rows *rows, json_t **list, struct err *reterr) {
    for (size_t i = 0; i < rows->count; i++) {
        struct person_of who;
        struct err e;
        enum code code = account_read(p, &rows->list[i].account, &who, &e);
        if (code == E_NOT_FOUND) {             /* it left meanwhile */
            list[i] = NULL;
            continue;
        }
        if (code != OK) {
            *reterr = e;
            return code;
        }
        list[i] = member_json(&rows->list[i], &who);
        crypto_wipe(&who, sizeof who);
        if (list[i] == NULL)
            return no_memory(reterr);
    }
    return OK;
}

enum code members_list(struct people *p, int64_t tenant, json_t **ret, struct err *reterr) {
    PRE(p != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(64 << 20);
    struct rows rows = { .arena = arena };
    if (arena == NULL)
        return no_memory(reterr);
    {
        AUTO(view_end) struct view *v = NULL;
        enum code code = store_view(p->store, 0, &v, reterr);
        if (code == OK)
            code = members_of_tenant(view_sql(v), tenant, take_row, &rows, reterr);
        if (code != OK || rows.failed)
            return code != OK ? code : no_memory(reterr);
    }
    json_t **list = arena_array(arena, rows.count + 1, sizeof *list), *all = json_array();
    enum code code = list == NULL || all == NULL ? no_memory(reterr) : list_open(p, &rows, list, reterr);
    size_t n = 0;
    for (size_t i = 0; list != NULL && i < rows.count; i++)
        if (list[i] != NULL)
            list[n++] = list[i];
    if (code == OK)
        qsort(list, n, sizeof *list, by_name);
    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(all, list[i]) != 0 && code == OK)
            code = no_memory(reterr);
    if (code == OK)
        *ret = all;
    else
        json_decref(all);
    return code;
}

enum code members_of(struct people *p, const struct uuid *account, json_t **ret, struct err *reterr) {
    PRE(p != NULL && account != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(4 << 20);
    AUTO(view_end) struct view *v = NULL;
    struct rows rows = { .arena = arena };
    if (arena == NULL)
        return no_memory(reterr);
    enum code code = store_view(p->store, 0, &v, reterr);
    if (code == OK)
        code = members_of_account(view_sql(v), account, take_row, &rows, reterr);
    if (code == OK && rows.failed)
        code = no_memory(reterr);
    json_t *all = json_array();
    for (size_t i = 0; code == OK && i < rows.count; i++) {
        const struct member_row *r = &rows.list[i];
        struct tenant_row t = { .service = "", .name = "" };
        if (r->tenant != 0)
            code = tenant_look(view_sql(v), r->tenant, &t, arena, reterr);
        if (code == OK && json_array_append_new(all, json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:b, s:b, s:o}", "tenant", (json_int_t)r->tenant, "tenant_name", t.name, "service", t.service,
                "role", r->role, "levels", stored_json(r->levels), "own", stored_json(r->own), "suspended", r->suspended > 0, "invited", r->suspended == SUSPENDED_INVITED,
                "since", time_or_null(r->since))) != 0)
            code = no_memory(reterr);
    }
    if (code == OK && all != NULL)
        *ret = all;
    else
        json_decref(all);
    return code == OK && all == NULL ? no_memory(reterr) : code;
}

/* ---- joiners and leavers */
struct history { json_t *list; size_t limit; bool failed; };
static bool take_entry(const struct ledger_row *r, void *arg) {
    struct history *h = arg;
    if (strstr(r->entry, "\"do\":\"member_") == NULL)
        return true;
    json_t *e = json_loads(r->entry, 0, NULL), *what = json_object_get(e, "what");
    json_t *line = json_pack("{s:O*, s:O*, s:O*, s:O*, s:O*}", "at", json_object_get(e, "at"), "do", json_object_get(e, "do"), "by", json_object_get(e, "who"),
                             "account", json_object_get(what, "account"), "role", json_object_get(what, "role"));
    json_decref(e);
    h->failed = line == NULL || json_array_insert_new(h->list, 0, line) != 0;
    if (json_array_size(h->list) > h->limit)
        (void)json_array_remove(h->list, h->limit);
    return !h->failed;
}

enum code members_history(struct people *p, int64_t tenant, size_t limit, json_t **ret, struct err *reterr) {
    PRE(p != NULL && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    struct history h = { .list = json_array(), .limit = limit };
    enum code code = h.list == NULL ? no_memory(reterr) : store_view(p->store, tenant, &v, reterr);
    if (code == OK)
        code = ledger_list(view_sql(v), 0, take_entry, &h, reterr);
    if (code == OK && h.failed)
        code = no_memory(reterr);
    if (code == OK)
        *ret = h.list;
    else
        json_decref(h.list);
    return code;
}
