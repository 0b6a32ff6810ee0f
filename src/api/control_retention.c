/* control_retention.c — holds, what is due, and the closing of a tenant by the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_int.h"
#include "api/control_int.h"
#include "api/remainders.h"
#include "base/mem.h"
#include "charter/load.h"
#include "retention/closing.h"
#include "retention/due.h"
#include "retention/hold.h"
#include "store/tables.h"

/* The service of a tenant; of a closed one, too: what a law keeps of it is shown, and held, at the machine alone, for nobody else is left. */
static enum code service_of(struct control_req *c, int64_t tenant, struct service **ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    struct tenant_row row;
    enum code code = tenant < 1 ? err_set(reterr, E_INVALID, "tenant: a number") : arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a tenant") : tenant_get(c->store, tenant, &row, arena, reterr);
    struct service *s = code == OK ? api_service(c->api, row.service) : NULL;
    if (code == OK && s == NULL)
        return err_set(reterr, E_NOT_FOUND, "there is no such tenant");
    if (code == OK)
        *ret = s;
    return code;
}

/* Of the tenant that the call names: its service, and sejf itself as its caller. */
struct whose { struct service *s; const struct charter *charter; struct caller who; };
static enum code whose_of(struct control_req *c, struct whose *ret, struct err *reterr) {
    int64_t tenant = control_number(c, "tenant", 0);
    struct service *s = NULL;
    enum code code = service_of(c, tenant, &s, reterr);
    if (code == OK)
        *ret = (struct whose){ s, service_charter(s), { .tenant = tenant, .person = charter_tenant(service_charter(s)), .by_sejf = true, .subject_kind = -1 } };
    return code;
}

/* "registration/0193…" */
static enum code record_arg(struct control_req *c, const struct charter *charter, int *ret_kind, struct uuid *ret, struct err *reterr) {
    const char *text = control_text(c, "record");
    size_t n = text == NULL ? 0 : strcspn(text, "/");
    char *kind = text == NULL ? NULL : strndup(text, n);
    *ret_kind = kind == NULL ? -1 : charter_kind(charter, kind);
    free(kind);
    return *ret_kind >= 0 && text[n] == '/' && uuid_parse(text + n + 1, ret) ? OK : err_set(reterr, E_INVALID, "a record is named by its kind and its id: KIND/ID");
}

enum code do_hold_set(struct control_req *c, struct err *reterr) {
    struct whose w;
    json_t *fields = json_object_get(c->in, "fields"), *made = NULL;
    struct hold_wish wish = { .fields = json_is_array(fields) ? fields : NULL, .why = control_text(c, "why"), .name = control_text(c, "name"), .until = control_text(c, "until") };
    enum code code = whose_of(c, &w, reterr);
    if (code == OK && wish.name == NULL)       /* at the machine nobody is signed in */
        code = err_set(reterr, E_INVALID, "name: of the person who keeps the record");
    if (code == OK)
        code = record_arg(c, w.charter, &wish.kind, &wish.id, reterr);
    if (code == OK)
        code = hold_set(w.s, &w.who, &wish, &made, reterr);
    if (code == OK)
        control_set(c, "hold", made);
    return code;
}

enum code do_hold_lift(struct control_req *c, struct err *reterr) {
    struct whose w;
    json_t *now = NULL;
    enum code code = whose_of(c, &w, reterr);
    if (code == OK)
        code = hold_end(w.s, &w.who, control_number(c, "number", 0), &now, reterr);
    if (code == OK)
        control_set(c, "hold", now);
    return code;
}

enum code do_hold_list(struct control_req *c, struct err *reterr) {
    struct whose w;
    int64_t before = INT64_MAX, count = 0;
    int kind = -1;
    struct uuid id = { { 0 } };
    enum code code = whose_of(c, &w, reterr);
    if (code == OK && control_text(c, "record") != NULL)
        code = record_arg(c, w.charter, &kind, &id, reterr);
    while (code == OK && before > 0 && !c->reader_gone) {
        json_t *page = NULL;
        code = holds_told(w.s, &w.who, before, kind, &id, &page, reterr);
        count += control_say_page(c, page, &before);
    }
    control_set(c, "count", json_integer(count));
    return code;
}

/* ---- what is due */

struct asked { struct control_req *c; const struct charter *newer; bool records, stayed; int64_t count, held; };

static enum code due_lines(struct asked *a, struct service *s, int64_t tenant, const json_t *list, const char *as, struct err *reterr) {
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) {
        json_object_set_new(one, "tenant", json_integer(tenant));
        json_object_set_new(one, "service", json_string(charter_name(service_charter(s))));
        json_object_set_new(one, "line", json_string(as));
        if (!control_say(a->c, one))
            return a->c->reader_gone ? OK : err_set(reterr, E_MEMORY, "no memory for what is due");
    }
    return OK;
}

static enum code due_each_record(struct asked *a, struct service *s, int64_t tenant, usec_t until, struct err *reterr) {
    char cursor[128] = "";
    enum code code;
    do {
        json_t *page = NULL;
        code = due_records(s, tenant, until, cursor[0] == 0 ? NULL : cursor, DUE_PAGE, &page, reterr);
        const char *next = json_string_value(json_object_get(page, "next"));
        snprintf(cursor, sizeof cursor, "%s", next == NULL ? "" : next);
        a->count += (int64_t)json_array_size(json_object_get(page, "items"));
        if (code == OK)
            code = due_lines(a, s, tenant, json_object_get(page, "items"), "record", reterr);
        json_decref(page);
    } while (code == OK && cursor[0] != 0 && !a->c->reader_gone);
    return code;
}

/* What stays of those that went: of each kind that is counted. */
static enum code due_stayed(struct asked *a, struct service *s, int64_t tenant, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < s->kinds; i++) {
        struct uuid after = { { 0 } };
        for (bool more = true; code == OK && more && !a->c->reader_gone;) {
            json_t *page = NULL, *one;
            size_t n;
            code = remainders_told(s, tenant, service_kind(s, (int)i), NULL, &after, &page, reterr);
            json_array_foreach(json_object_get(page, "items"), n, one)
                json_object_set_new(one, "kind", json_string(service_kind(s, (int)i)->kind->name));
            a->count += (int64_t)json_array_size(json_object_get(page, "items"));
            if (code == OK)
                code = due_lines(a, s, tenant, json_object_get(page, "items"), "stayed", reterr);
            const char *next = json_string_value(json_object_get(page, "next"));
            more = next != NULL && uuid_parse(next, &after);
            json_decref(page);
        }
    }
    return code;
}

static enum code due_of(struct asked *a, int64_t tenant, struct err *reterr) {
    struct service *s = NULL;
    json_t *got = NULL;
    struct due_wish w = { .newer = a->newer };
    enum code code = service_of(a->c, tenant, &s, reterr);
    if (code == OK)
        code = due_until(service_charter(s), control_text(a->c, "until"), clock_now(), &w.until, reterr);
    if (code == OK && a->stayed)
        return due_stayed(a, s, tenant, reterr);
    if (code == OK && a->records)
        return due_each_record(a, s, tenant, w.until, reterr);
    if (code == OK)
        code = due_simulate(s, tenant, &w, &got, reterr);
    if (code == OK)
        code = due_lines(a, s, tenant, json_object_get(got, "items"), "due", reterr);
    if (code == OK)
        code = due_lines(a, s, tenant, json_object_get(got, "changes"), "change", reterr);
    a->count += json_integer_value(json_object_get(got, "records"));
    a->held += json_integer_value(json_object_get(got, "held"));
    json_decref(got);
    return code;
}

/* One tenant, those of a service, or all. */
static enum code due_all(struct asked *a, struct err *reterr) {
    int64_t tenant = control_number(a->c, "tenant", 0), *list = NULL;
    size_t n = 0;
    if (tenant > 0)
        return due_of(a, tenant, reterr);
    enum code code = tenants_all(a->c->store, a->newer != NULL ? charter_name(a->newer) : control_text(a->c, "service"), &list, &n, reterr);
    for (size_t i = 0; code == OK && i < n && !a->c->reader_gone; i++) {
        AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
        struct tenant_row row;
        code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a tenant") : tenant_get(a->c->store, list[i], &row, arena, reterr);
        if (code == OK && !row.probe)
            code = due_of(a, list[i], reterr);
    }
    mem_free(list);
    return code;
}

enum code do_due(struct control_req *c, struct err *reterr) {
    const char *text = control_text(c, "text"), *file = control_text(c, "file");
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *newer = NULL;
    struct asked a = { .c = c, .records = json_is_true(json_object_get(c->in, "records")), .stayed = json_is_true(json_object_get(c->in, "stayed")) };
    enum code code = f == NULL ? err_set(reterr, E_MEMORY, "no memory for a charter") : OK;
    if (code == OK && text != NULL)
        code = charter_load_text(file == NULL ? "charter" : file, text, strlen(text), f, &newer, reterr);
    a.newer = newer;
    if (code == OK)
        code = due_all(&a, reterr);
    control_set(c, "records", json_integer(a.count));
    control_set(c, "held", json_integer(a.held));
    return code;
}

/* ---- the closing of an account */

enum code do_tenant_close(struct control_req *c, struct err *reterr) {
    const struct caller who = { .tenant = c->tenant, .person = charter_tenant(service_charter(c->service)), .by_sejf = true, .subject_kind = -1 };
    const struct closing_wish w = { .on = control_text(c, "on"), .now = json_is_true(json_object_get(c->in, "now")) };
    json_t *now = NULL;
    enum code code = json_is_true(json_object_get(c->in, "show"))   ? closing_told(c->service, &who, &now, reterr)
                     : json_is_true(json_object_get(c->in, "back")) ? closing_back(c->service, &who, &now, reterr)
                                                                    : closing_ask(c->service, &who, &w, &now, reterr);
    if (code == OK)
        control_set(c, "closing", now);
    return code;
}
