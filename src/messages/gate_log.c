/* gate_log.c — the sending account by which a message goes, where the charter logs deliveries by one: that which the record, or what it belongs to, refers to;
 * else the oldest of the tenant that sends. One that has states sends in the state that it begins with: by a paused or closed one nothing goes. */
#include "messages/log.h"

#include <string.h>

#include "records/record.h"

#define LOOK_AGAIN (15 * USEC_PER_MINUTE)
#define LOOKS 100                            /* accounts that do not send, before one that does */

struct finding { struct service *s; int64_t tenant; const struct kind_info *of /* sending accounts */; struct arena *arena; struct record *found; };

static enum code loaded(const struct finding *a, int kind, const struct uuid *id, struct record **ret, struct err *reterr) {
    struct view *v = NULL;
    struct record *r = arena_get(a->arena, sizeof *r);
    enum code code = r == NULL ? err_set(reterr, E_MEMORY, "no memory for a sending account") : store_view(a->s->store, a->tenant, &v, reterr);
    if (code == OK)
        code = record_load(view_sql(v), service_kind(a->s, kind), id, a->arena, r, reterr);
    v = view_end(v);                           /* the keeper is asked without a view open */
    if (code == OK)
        code = record_open(a->s, r, a->arena, reterr);
    if (code == OK)
        *ret = r;
    return code;
}

static int reference_to(const struct kind *k, int kind) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].type == T_REFERENCE && k->fields[i].refers == kind)
            return (int)i;
    return -1;
}

/* That a record names one, where its kind has such a field. */
static enum code named_by(struct finding *a, int kind, const struct uuid *id, struct err *reterr) {
    const int f = kind < 0 ? -1 : reference_to(charter_kind_at(a->s->charter, kind), a->of->index);
    struct record *r = NULL;
    struct uuid named;
    if (a->found != NULL || f < 0 || uuid_is_null(id))
        return OK;
    enum code code = loaded(a, kind, id, &r, reterr);
    if (code == OK && r->values[f].set && uuid_parse(r->values[f].text, &named))
        code = loaded(a, a->of->index, &named, &a->found, reterr);
    return code == E_NOT_FOUND || code == E_GONE ? OK : code;
}

/* The option in which such records begin; NULL: they have no states. */
static const char *state_first(const struct kind *k, int field) { return field_has_moves(k, field) ? k->fields[field].options[kind_start(k, field) < 0 ? 0 : kind_start(k, field)] : NULL; }

bool log_account_sends(const struct record *account) {
    PRE(account != NULL);
    const struct kind *k = account->info->kind;
    for (int i = 0; (size_t)i < k->field_count; i++) {
        const char *first = state_first(k, i);
        if (first != NULL && account->values[i].set && strcmp(account->values[i].text, first) != 0)
            return false;
    }
    return true;
}

/* Does a move lead it back to sending? */
static bool may_return(const struct record *account) {
    const struct kind *k = account->info->kind;
    for (size_t i = 0; i < k->move_count; i++) {
        const int f = k->moves[i].field;
        const char *first = state_first(k, f);
        if (first != NULL && account->values[f].set && strcmp(k->fields[f].options[k->moves[i].to], first) == 0 && strcmp(k->fields[f].options[k->moves[i].from], account->values[f].text) == 0)
            return true;
    }
    return false;
}

struct row_seen { struct uuid id; bool any; };
static bool first_row(const struct row *row, void *arg) {
    *(struct row_seen *)arg = (struct row_seen){ row->id, true };
    return false;
}

/* The oldest that sends; where none does, the oldest. */
static enum code oldest(struct finding *a, struct err *reterr) {
    struct row_range range = { .kind = a->of->number };
    struct record *first = NULL, *one = NULL;
    enum code code = OK;
    for (int i = 0; code == OK && a->found == NULL && i < LOOKS; i++) {
        struct row_seen seen = { .any = false };
        struct view *v = NULL;
        code = store_view(a->s->store, a->tenant, &v, reterr);
        if (code == OK)
            code = rows_list(view_sql(v), &range, first_row, &seen, reterr);
        v = view_end(v);
        if (code != OK || !seen.any)
            break;
        range.after = seen.id;
        code = loaded(a, a->of->index, &seen.id, &one, reterr);
        if (code == OK && log_account_sends(one))
            a->found = one;
        first = code == OK && first == NULL ? one : first;
        code = code == E_NOT_FOUND || code == E_GONE ? OK : code;
    }
    if (code == OK && a->found == NULL)
        a->found = first;
    return code;
}

enum code log_account(struct service *s, int64_t tenant, int kind, const struct uuid *record, const struct uuid *parent, struct arena *arena, struct record **ret, struct err *reterr) {
    PRE(s != NULL && record != NULL && parent != NULL && arena != NULL && ret != NULL && reterr != NULL);
    const int of = charter_kind_at(s->charter, charter_log(s->charter).kind)->parent;
    struct finding a = { .s = s, .tenant = tenant, .arena = arena };
    *ret = NULL;
    if (of < 0)
        return OK;                             /* deliveries are the tenant's itself */
    a.of = service_kind(s, of);
    enum code code = named_by(&a, kind, record, reterr);
    if (code == OK)
        code = named_by(&a, charter_kind_at(s->charter, kind)->parent, parent, reterr);
    if (code == OK && a.found == NULL)
        code = oldest(&a, reterr);
    if (code == OK && a.found == NULL)
        return err_set(reterr, E_NOT_FOUND, "there is no `%.60s` by which it could go", a.of->kind->name);
    if (code == OK)
        *ret = a.found;
    return code;
}

bool log_wanted(const struct service *s, enum channel channel) {
    return channel == CHANNEL_EMAIL && charter_log(s->charter).kind >= 0 && rule_on(RULE_deliveries_logged);
}

enum code gate_log_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    PRE(a != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = NULL;
    struct record *account = NULL;
    struct err why;
    if (!log_wanted(a->service, a->channel))
        return OK;
    arena = arena_new(REQUEST_MAX);
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a sending account");
    enum code code = log_account(a->service, a->tenant, a->kind, &a->record, &a->parent, arena, &account, &why);
    if (code == E_NOT_FOUND)
        return gate_stop(ret, GATE_CHARTER, 0, "the charter logs each message by its sending account, and there is none: make one first");
    if (code != OK)
        *reterr = why;
    if (code != OK || account == NULL || log_account_sends(account))
        return code;
    const char *name = account->info->kind->name;
    if (may_return(account))
        return gate_stop(ret, GATE_PAUSED, a->now + LOOK_AGAIN, "the `%.40s` by which it would go does not send now: let it go on", name);
    return gate_stop(ret, GATE_CHARTER, 0, "the `%.40s` by which it would go sends no more: refer to another", name);
}
