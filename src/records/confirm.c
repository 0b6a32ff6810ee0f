/* confirm.c — records of a form whose address has to confirm them: until then they bear a mark, and nobody but sejf uses them. */
#include <string.h>

#include "base/mem.h"
#include "records/held.h"
#include "records/change.h"
#include "store/consent.h"
#include "store/tables.h"

/* Was the consent that the record rests on taken back? Then it waits for its erasure, and for no confirmation. */
struct last_said { const char *consent; bool withdrawn; };
static bool take_said(const struct consent_row *r, void *arg) {
    struct last_said *l = arg;
    if (strcmp(r->name, l->consent) == 0)
        l->withdrawn = r->state == CONSENT_WITHDRAWN;
    return true;
}

enum code record_unconfirmed(struct service *s, int64_t tenant, int kind, const struct uuid *id, bool *ret, struct err *reterr) {
    PRE(s != NULL && id != NULL && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    const struct kind_info *k = service_kind(s, kind);
    struct last_said last = { .consent = k->agreed };
    struct row row;
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = row_get(view_sql(v), k->number, id, &row, reterr);
    if (code == OK && row.unconfirmed && k->agreed != NULL)
        code = consents_of(view_sql(v), k->number, id, take_said, &last, reterr);
    if (code == OK && last.withdrawn)
        return err_set(reterr, E_GONE, "the consent that this record rested on was withdrawn");
    if (code == OK)
        *ret = row.unconfirmed;
    return code;
}

enum code record_confirm(struct service *s, const struct caller *who, int kind, const struct uuid *id, struct err *reterr) {
    PRE(s != NULL && who != NULL && id != NULL && reterr != NULL);
    AUTO(record_text_done) struct record_text text = RECORD_TEXT;
    struct caller sejf = { .tenant = who->tenant, .person = -1, .by_sejf = true, .subject_kind = -1 };
    const struct record_request r = { .who = &sejf, .kind = kind, .id = *id, .if_match = -1 };
    const struct input nothing = { .given = 0 };
    json_t *mistakes = NULL;
    bool waits = false;
    enum code code = record_unconfirmed(s, who->tenant, kind, id, &waits, reterr);
    if (code == OK && waits)
        code = change_run(&(struct change_job){ .s = s, .r = &r, .file_input = &nothing, .confirms = who }, &text, &mistakes, reterr);
    json_decref(mistakes);
    return code;
}

/* ---- those whose time is over */
#define AT_ONCE 256u
struct over { usec_t before; struct { int32_t kind; struct uuid id; } list[AT_ONCE]; size_t count; };
static bool take(int32_t kind, const struct uuid *id, usec_t created, void *arg) {
    struct over *o = arg;
    if (created < o->before) {
        o->list[o->count].kind = kind;
        o->list[o->count++].id = *id;
    }
    return o->count < AT_ONCE;
}

/* What is held of it stays, out of use; that is no reason to try to erase it every minute. */
static enum code is_held(struct service *s, int64_t tenant, const struct kind_info *k, const struct uuid *id, usec_t now, bool *ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(view_end) struct view *v = NULL;
    struct record r;
    uint64_t held = 0;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a record") : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = record_load(view_sql(v), k, id, arena, &r, reterr);
    if (code == OK)
        code = held_parts(view_sql(v), &r, now, HELD_BY_LAW | HELD_BY_PERSON, &held, reterr);
    if (code == OK)
        *ret = held != 0;
    return code;
}

static enum code one_goes(struct service *s, const struct caller *sejf, const struct kind_info *k, const struct uuid *id, usec_t now, int64_t *count, struct err *reterr) {
    json_t *gone = NULL;
    bool held = false;
    enum code code = is_held(s, sejf->tenant, k, id, now, &held, reterr);
    if (code == OK && !held) {
        code = record_erase(s, &(struct record_request){ .who = sejf, .kind = k->index, .id = *id, .if_match = -1, .withdrawn = true }, &gone, reterr);
        *count += code == OK;
    }
    json_decref(gone);
    return code == E_NOT_FOUND || code == E_GONE ? OK : code;
}

/* Of one tenant, as many as one look takes; the next turn takes the others. One that cannot go is told of at the end, and holds up no other. */
static enum code tenant_go(struct service *s, int64_t tenant, usec_t now, int64_t *count, struct err *reterr) {
    struct caller sejf = { .tenant = tenant, .person = -1, .by_sejf = true, .subject_kind = -1 };
    struct over o = { .before = now - CONFIRM_WITHIN };
    struct view *v = NULL;
    struct err one;
    enum code code = store_view(s->store, tenant, &v, reterr), all = code;
    if (code == OK)
        all = rows_marked(view_sql(v), MARK_UNCONFIRMED, take, &o, reterr);
    v = view_end(v);
    for (size_t i = 0; code == OK && i < o.count; i++) {
        const struct kind_info *k = service_kind_by_number(s, o.list[i].kind);
        enum code went = k == NULL ? OK : one_goes(s, &sejf, k, &o.list[i].id, now, count, &one);
        if (went != OK && all == OK) {
            *reterr = one;
            all = went;
        }
        if (went == E_TOO_MANY)                /* the cap of a day: nobody else's goes either */
            break;
    }
    return all;
}

enum code records_unconfirmed_go(struct service *s, usec_t now, int64_t *ret_count, struct err *reterr) {
    PRE(s != NULL && ret_count != NULL && reterr != NULL);
    int64_t *tenants = NULL;
    size_t count = 0;
    struct err one;
    enum code code = tenants_all(s->store, charter_name(s->charter), &tenants, &count, reterr);
    *ret_count = 0;
    for (size_t i = 0; code != E_MEMORY && i < count; i++)
        if (tenant_go(s, tenants[i], now, ret_count, &one) != OK && code == OK) {
            *reterr = one;
            code = one.code;
        }
    mem_free(tenants);
    return code;
}
