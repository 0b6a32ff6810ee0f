/* routes_subjects.c — a person across kinds, and everything held about it as one archive. Addresses and numbers come in the body only. */
#include <string.h>

#include "api/give_pack.h"
#include "api/routes.h"
#include "api/tenant_call.h"
#include "ledger/ledger.h"
#include "records/draft.h"
#include "records/record.h"

#define SHOWN 100u                            /* records of a kind that are told by id */

bool subject_ask_read(struct call *c, json_t *body, bool pack, struct subject_ask *ret) {
    static const char *const members[] = { "email", "phone", "purpose", "language" };
    const char *name, *lang = json_string_value(json_object_get(body, "language"));
    json_t *v;
    bool fine = true;
    json_object_foreach(body, name, v) {
        bool known = false;
        for (size_t i = 0; i < (pack ? ARRAY_LEN(members) : 2); i++)
            known = known || strcmp(name, members[i]) == 0;
        fine = fine && known && json_is_string(v);
    }
    *ret = (struct subject_ask){ .wish = { .email = json_string_value(json_object_get(body, "email")), .phone = json_string_value(json_object_get(body, "phone")) }, .lang = c->lang };
    if (!fine || (ret->wish.email == NULL && ret->wish.phone == NULL))
        call_fail(c, E_INVALID, "a person is asked for by {\"email\": \"…\"}, {\"phone\": \"…\"} or both, in the body%s", pack ? "; beside it purpose and language" : "");
    else if (!give_purpose(json_string_value(json_object_get(body, "purpose")), &ret->purpose))
        call_fail(c, E_INVALID, "purpose is \"access\" or \"portability\"");
    else if (lang != NULL && !lang_parse(lang, strlen(lang), &ret->lang))
        call_fail(c, E_INVALID, "language is en, pl or hu");
    else
        return true;
    return false;
}

/* ---- what is held */

static enum code due_of(struct call *c, const struct kind_info *k, const struct subject_record *r, struct sql *q, struct arena *arena, json_t *list, struct err *reterr) {
    struct record record = { .tenant = c->who.tenant };
    struct arena_mark mark = arena_mark(arena);
    char id[UUID_TEXT], created[40], due[40];
    enum code code = record_find(q, k, &r->id, arena, &record, reterr);
    if (code == OK)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s?}", "id", uuid_format(&r->id, id), "created", time_format(r->created, created, sizeof created), "due",
                                              record.due == USEC_NEVER ? NULL : time_format(record.due, due, sizeof due)));
    arena_rewind(arena, mark);
    return code == E_NOT_FOUND || code == E_GONE || code == E_DAMAGED ? OK : code;
}

static enum code kind_told(struct call *c, int kind, const struct subject_record *list, size_t count, json_t *items, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    const struct kind_info *k = service_kind(c->service, kind);
    json_t *records = json_array();
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a list") : store_view(service_store(c->service), c->who.tenant, &v, reterr);
    for (size_t i = 0; code == OK && i < count && i < SHOWN; i++)
        code = due_of(c, k, &list[i], view_sql(v), arena, records, reterr);
    json_array_append_new(items, json_pack("{s:s, s:s, s:I, s:b, s:o}", "kind", k->kind->name, "label", k->kind->label.in[c->lang], "count", (json_int_t)count, "more", (int)(count > SHOWN), "records", records));
    return code;
}

static enum code list_told(struct call *c, const struct subject_record *list, size_t count, json_t **ret, struct err *reterr) {
    json_t *items = json_array();
    enum code code = OK;
    for (size_t at = 0, end; code == OK && at < count; at = end) {
        for (end = at; end < count && list[end].kind == list[at].kind; end++)
            continue;
        code = kind_told(c, list[at].kind, list + at, end - at, items, reterr);
    }
    *ret = items;
    return code;
}

static enum code search_noted(struct call *c, const struct subject *s, struct err *reterr) {
    char who[CALLER_TEXT];
    json_t *what = json_pack("{s:I, s:I}", "records", (json_int_t)s->count, "others", (json_int_t)s->named_count);
    enum code code = ledger_note(service_store(c->service), c->who.tenant, "subject_searched", caller_text(&c->who, who, sizeof who), what, true, reterr);
    json_decref(what);
    return code;
}

static enum code told(struct call *c, const struct subject_wish *w, json_t **ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new((size_t)1 << 30);      /* 32 bytes a record */
    struct subject s;
    json_t *own = NULL, *others = NULL;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a search for a person") : subject_find(c->service, c->who.tenant, w, arena, &s, reterr);
    if (code == OK)
        code = search_noted(c, &s, reterr);
    if (code == OK)
        code = list_told(c, s.list, s.count, &own, reterr);
    if (code == OK)
        code = list_told(c, s.named, s.named_count, &others, reterr);
    if (code == OK)
        *ret = json_pack("{s:I, s:O, s:O, s:I, s:I}", "count", (json_int_t)s.count, "items", own, "others", others, "doubtful", (json_int_t)s.doubtful, "damaged", (json_int_t)s.damaged);
    json_decref(own);
    json_decref(others);
    return code;
}

static void on_find(struct http_req *req) {
    struct call c;
    struct err e;
    struct subject_ask ask;
    json_t *body = NULL, *found = NULL;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "a search for a person") || !call_json(&c, JSON_ONLY, &body))
        return;
    if (subject_ask_read(&c, body, false, &ask)) {
        if (told(&c, &ask.wish, &found, &e) == OK)
            call_reply_json(&c, 200, found);
        else
            call_error(&c, &e, NULL);
    }
    json_decref(found);
    json_decref(body);
}

/* ---- the archive */

static void on_pack(struct http_req *req) {
    struct call c;
    struct err e;
    struct subject s;
    struct subject_ask ask;
    json_t *body = NULL;
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "an access pack") || !tenant_call_confirmed(&c, "a copy of everything about a person") || !call_json(&c, JSON_ONLY, &body))
        return;
    AUTO(arena_free) struct arena *arena = arena_new((size_t)1 << 30);
    if (subject_ask_read(&c, body, true, &ask) && call_whole(&c)) {
        enum code code = arena == NULL ? err_set(&e, E_MEMORY, "no memory for an access pack") : subject_find(c.service, c.who.tenant, &ask.wish, arena, &s, &e);
        if (code == OK)
            give_pack_reply(req, &(struct give){ .service = c.service, .who = &c.who, .people = api_people(c.api), .tenant = c.who.tenant, .purpose = ask.purpose, .lang = ask.lang, .about = &s });
        else
            call_error(&c, &e, NULL);
    }
    json_decref(body);
}

static const struct route routes[] = {
    { "POST", "/v1/tenants/{tenant}/subjects", ROUTE_STREAM, on_find },
    { "POST", "/v1/tenants/{tenant}/subjects/pack", ROUTE_STREAM, on_pack },
    { "GET", "/v1/tenants/{tenant}/packs", 0, packs_list_route },
    { "POST", "/v1/tenants/{tenant}/packs", ROUTE_STREAM, packs_make },
    { "GET", "/v1/tenants/{tenant}/packs/{number}", 0, packs_read },
    { "DELETE", "/v1/tenants/{tenant}/packs/{number}", 0, packs_drop_route },
    { "GET", "/v1/tenants/{tenant}/packs/{number}/file", ROUTE_STREAM, packs_file },
};
const struct route_table routes_subjects = { routes, ARRAY_LEN(routes) };
