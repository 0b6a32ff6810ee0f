/* log.c — see log.h. What was sent is not known here: neither subject nor text come this far. */
#include "messages/log.h"

#include <stdio.h>

#include "records/beside.h"
#include "records/record.h"

/* ---- the sending account */

struct account { struct service *s; int64_t tenant; const struct kind_info *of /* sending accounts */; struct arena *arena; struct view *v; struct uuid id; bool found; };

static enum code loaded(struct account *a, int kind, const struct uuid *id, struct record *ret, struct err *reterr) {
    enum code code = store_view(a->s->store, a->tenant, &a->v, reterr);
    if (code == OK)
        code = record_load(view_sql(a->v), service_kind(a->s, kind), id, a->arena, ret, reterr);
    a->v = view_end(a->v);                     /* the keeper is asked without a view open */
    return code == OK ? record_open(a->s, ret, a->arena, reterr) : code;
}

static int reference_to(const struct kind *k, int kind) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].type == T_REFERENCE && k->fields[i].refers == kind)
            return (int)i;
    return -1;
}

/* That a record names one, where its kind has such a field. */
static enum code named_by(struct account *a, int kind, const struct uuid *id, struct err *reterr) {
    const int f = kind < 0 ? -1 : reference_to(charter_kind_at(a->s->charter, kind), a->of->index);
    struct record r;
    if (a->found || f < 0 || uuid_is_null(id))
        return OK;
    enum code code = loaded(a, kind, id, &r, reterr);
    if (code == OK)
        a->found = r.values[f].set && uuid_parse(r.values[f].text, &a->id);
    return code == E_NOT_FOUND || code == E_GONE ? OK : code;
}

static bool first_row(const struct row *row, void *arg) {
    struct account *a = arg;
    a->id = row->id;
    a->found = true;
    return false;
}

static enum code oldest(struct account *a, struct err *reterr) {
    const struct row_range range = { .kind = a->of->number };
    if (a->found)
        return OK;
    enum code code = store_view(a->s->store, a->tenant, &a->v, reterr);
    if (code == OK)
        code = rows_list(view_sql(a->v), &range, first_row, a, reterr);
    a->v = view_end(a->v);
    return code;
}

static enum code account_find(struct account *a, int kind, const struct uuid *record, const struct uuid *parent, struct uuid *ret, struct err *reterr) {
    const int above = charter_kind_at(a->s->charter, kind)->parent;
    enum code code = named_by(a, kind, record, reterr);
    if (code == OK)
        code = named_by(a, above, parent, reterr);
    if (code == OK)
        code = oldest(a, reterr);
    if (code == OK && !a->found)
        return err_set(reterr, E_NOT_FOUND, "there is no `%.60s` by which it could go", a->of->kind->name);
    if (code == OK)
        *ret = a->id;
    return code;
}

enum code log_account(struct service *s, int64_t tenant, int kind, const struct uuid *record, const struct uuid *parent, struct uuid *ret, struct err *reterr) {
    PRE(s != NULL && record != NULL && parent != NULL && ret != NULL && reterr != NULL);
    const int of = charter_kind_at(s->charter, charter_log(s->charter).kind)->parent;
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct account a = { .s = s, .tenant = tenant, .arena = arena };
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a sending account");
    *ret = (struct uuid){ { 0 } };
    if (of < 0)
        return OK;                             /* deliveries are the tenant's itself */
    a.of = service_kind(s, of);
    return account_find(&a, kind, record, parent, ret, reterr);
}

static bool logs(const struct service *s, enum channel channel) {
    return channel == CHANNEL_EMAIL && charter_log(s->charter).kind >= 0 && rule_on(RULE_deliveries_logged);
}

enum code gate_log_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    struct uuid id;
    struct err why;
    if (!logs(a->service, a->channel) || a->stage != STAGE_QUEUE)
        return OK;
    enum code code = log_account(a->service, a->tenant, a->kind, &a->record, &a->parent, &id, &why);
    if (code == E_NOT_FOUND)
        return gate_stop(ret, GATE_CHARTER, 0, "the charter logs each message by its sending account, and there is none: make one first");
    if (code != OK)
        *reterr = why;
    return code;
}

/* ---- what is written */

static json_t *pool_of(struct account *a, const struct log_rule *r, const struct uuid *account) {
    const struct kind *k = charter_kind_at(a->s->charter, r->kind);
    struct record up;
    struct err e;
    if (r->pool < 0 || loaded(a, k->parent, account, &up, &e) != OK)
        return NULL;
    const int f = kind_field(charter_kind_at(a->s->charter, k->parent), k->fields[r->pool].name);
    const char *option = f >= 0 && up.values[f].set ? up.values[f].text : NULL;
    return option != NULL && field_option(&k->fields[r->pool], option) >= 0 ? json_string(option) : k->fields[r->pool].optional ? NULL : json_string(k->fields[r->pool].options[0]);
}

static enum code fields_make(struct account *a, const struct settled *s, const struct uuid *account, json_t **ret, struct err *reterr) {
    const struct log_rule r = charter_log(a->s->charter);
    const struct kind *k = charter_kind_at(a->s->charter, r.kind);
    char at[32];
    json_t *o = json_pack("{s:s, s:s}", k->fields[r.to].name, s->out->to, k->fields[r.at].name, time_format(clock_now(), at, sizeof at));
    bool fine = o != NULL;
    if (fine && r.code >= 0)
        fine = json_object_set_new(o, k->fields[r.code].name, json_integer(s->row->status)) == 0;
    if (fine && r.encrypted >= 0)
        fine = json_object_set_new(o, k->fields[r.encrypted].name, json_boolean(s->tls != NULL && s->tls[0] != 0)) == 0;
    json_t *pool = pool_of(a, &r, account);
    if (fine && pool != NULL)
        fine = json_object_set(o, k->fields[r.pool].name, pool) == 0;
    json_decref(pool);
    if (fine) {
        *ret = o;
        return OK;
    }
    json_decref(o);
    return err_set(reterr, E_MEMORY, "no memory for a delivery");
}

/* Done, and it had left: what a gate stopped, and what nobody took in time, was no delivery. */
static bool is_delivery(const struct settled *s) {
    const enum letter_state state = s->row->state;
    return s->final && s->out != NULL && s->out->to[0] != 0 && (state == LETTER_SENT || state == LETTER_BOUNCED || state == LETTER_UNKNOWN) && logs(s->service, s->row->channel);
}

enum code log_prepare(const struct settled *s, void **ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    if (!is_delivery(s))
        return OK;
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct account a = { .s = s->service, .tenant = s->tenant, .arena = arena };
    struct uuid account = { { 0 } };
    struct beside *made = NULL;
    json_t *fields = NULL;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a delivery");
    enum code code = log_account(s->service, s->tenant, s->out->ask.kind, &s->row->record, &s->out->ask.parent, &account, reterr);
    if (code == OK)
        code = fields_make(&a, s, &account, &fields, reterr);
    if (code == OK)
        code = beside_new(s->service, s->tenant, charter_log(s->service->charter).kind, &account, fields, &made, reterr);
    json_decref(fields);
    if (code == OK)
        *ret = made;
    return code == E_NOT_FOUND ? OK : code;    /* its account has gone, and what belonged to it too */
}

enum code log_write(struct txn *t, const struct settled *s UNUSED, void *prepared, struct err *reterr) {
    bool put = false;
    return prepared == NULL ? OK : beside_put(t, prepared, &put, reterr);
}

void log_done(void *prepared) { (void)beside_free(prepared); }
