/* gate_log.c — the sending account by which a message goes, where the charter logs deliveries by one: that which the record, or what it belongs to, refers to;
 * else the oldest of the tenant that sends, or where none does that may again. One that has states sends in the state that it begins with: by a paused or
 * closed one nothing goes. */
#include "messages/log.h"

#include <pthread.h>
#include <string.h>

#include "records/record.h"

#define LOOK_AGAIN (15 * USEC_PER_MINUTE)
#define LOOKS 100                            /* accounts that do not send, before one that does */

struct found { struct uuid id; bool any, sends, back /* a move leads it back to sending */; };
struct finding { struct service *s; int64_t tenant; const struct kind_info *of /* sending accounts */; struct arena *arena; struct found found; };

/* Its parts are opened where one of `needs` lies in the sealed part: the keeper is asked without a view open. */
static enum code loaded(const struct finding *a, int kind, const struct uuid *id, fieldset needs, struct record *ret, struct err *reterr) {
    struct view *v = NULL;
    enum code code = store_view(a->s->store, a->tenant, &v, reterr);
    if (code == OK)
        code = record_find(view_sql(v), service_kind(a->s, kind), id, a->arena, ret, reterr);
    const bool closed = code == OK && ((needs & ~ret->info->kind->outside) != 0 || ret->moved);
    if (closed)
        code = record_load_parts(view_sql(v), a->arena, ret, reterr);
    v = view_end(v);
    return code == OK && closed ? record_open(a->s, ret, a->arena, reterr) : code;
}

static int reference_to(const struct kind *k, int kind) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].type == T_REFERENCE && k->fields[i].refers == kind)
            return (int)i;
    return -1;
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

static fieldset state_fields(const struct kind *k) {
    fieldset set = 0;
    for (int i = 0; (size_t)i < k->field_count; i++)
        set |= field_has_moves(k, i) ? (fieldset)1 << i : 0;
    return set;
}

/* ---- states that were read last: all mail of a campaign asks for the same account, and its state lies in the sealed part */

#define SLOTS 64u
struct state_slot { int64_t tenant, version; uint8_t charter[HASH_SIZE]; struct found found; };
static struct { pthread_mutex_t lock; struct state_slot slots[SLOTS]; } states = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool slot_is(const struct state_slot *k, const struct finding *a, const struct uuid *id, int64_t version) {
    return k->found.any && k->tenant == a->tenant && k->version == version && uuid_compare(&k->found.id, id) == 0 && memcmp(k->charter, charter_hash(a->s->charter), HASH_SIZE) == 0;
}

static enum code state_of(const struct finding *a, const struct uuid *id, struct found *ret, struct err *reterr) {
    struct record r;
    struct state_slot *k = &states.slots[id->bytes[sizeof id->bytes - 1] % SLOTS];
    enum code code = loaded(a, a->of->index, id, 0, &r, reterr);
    if (code != OK)
        return code;
    pthread_mutex_lock(&states.lock);
    const bool known = slot_is(k, a, id, r.version);
    struct found found = k->found;
    pthread_mutex_unlock(&states.lock);
    if (!known) {
        code = loaded(a, a->of->index, id, state_fields(a->of->kind), &r, reterr);
        if (code != OK)
            return code;
        found = (struct found){ *id, true, log_account_sends(&r), may_return(&r) };
        struct state_slot now = { a->tenant, r.version, { 0 }, found };
        memcpy(now.charter, charter_hash(a->s->charter), HASH_SIZE);
        pthread_mutex_lock(&states.lock);
        *k = now;
        pthread_mutex_unlock(&states.lock);
    }
    *ret = found;
    return OK;
}

/* That a record names one, where its kind has such a field. */
static enum code named_by(struct finding *a, int kind, const struct uuid *id, struct err *reterr) {
    const int f = kind < 0 ? -1 : reference_to(charter_kind_at(a->s->charter, kind), a->of->index);
    struct record r;
    struct uuid named;
    if (a->found.any || f < 0 || uuid_is_null(id))
        return OK;
    enum code code = loaded(a, kind, id, (fieldset)1 << f, &r, reterr);
    if (code == OK && r.values[f].set && uuid_parse(r.values[f].text, &named))
        code = state_of(a, &named, &a->found, reterr);
    return code == E_NOT_FOUND || code == E_GONE ? OK : code;
}

struct row_seen { struct uuid id; bool any; };
static bool first_row(const struct row *row, void *arg) {
    *(struct row_seen *)arg = (struct row_seen){ row->id, true };
    return false;
}

/* The oldest that sends; where none does, the oldest of those that may again, for by that one it goes later. */
static enum code oldest(struct finding *a, struct err *reterr) {
    struct row_range range = { .kind = a->of->number };
    struct found first = { .any = false }, one = { .any = false };
    enum code code = OK;
    for (int i = 0; code == OK && !a->found.any && i < LOOKS; i++) {
        struct row_seen seen = { .any = false };
        struct view *v = NULL;
        code = store_view(a->s->store, a->tenant, &v, reterr);
        if (code == OK)
            code = rows_list(view_sql(v), &range, first_row, &seen, reterr);
        v = view_end(v);
        if (code != OK || !seen.any)
            break;
        range.after = seen.id;
        code = state_of(a, &seen.id, &one, reterr);
        if (code == OK && one.sends)
            a->found = one;
        if (code == OK && (!first.any || (!first.back && one.back)))
            first = one;
        code = code == E_NOT_FOUND || code == E_GONE ? OK : code;
    }
    if (code == OK && !a->found.any)
        a->found = first;
    return code;
}

/* Deliveries that belong to the tenant itself (a->of NULL) go by none. */
static enum code find(struct finding *a, int kind, const struct uuid *record, const struct uuid *parent, struct err *reterr) {
    const int of = charter_kind_at(a->s->charter, charter_log(a->s->charter).kind)->parent;
    if (of < 0)
        return OK;
    a->of = service_kind(a->s, of);
    enum code code = named_by(a, kind, record, reterr);
    if (code == OK)
        code = named_by(a, charter_kind_at(a->s->charter, kind)->parent, parent, reterr);
    if (code == OK && !a->found.any)
        code = oldest(a, reterr);
    return code == OK && !a->found.any ? err_set(reterr, E_NOT_FOUND, "there is no `%.60s` by which it could go", a->of->kind->name) : code;
}

enum code log_account(struct service *s, int64_t tenant, int kind, const struct uuid *record, const struct uuid *parent, struct arena *arena, struct record **ret, struct err *reterr) {
    PRE(s != NULL && record != NULL && parent != NULL && arena != NULL && ret != NULL && reterr != NULL);
    struct finding a = { .s = s, .tenant = tenant, .arena = arena };
    struct record *r = arena_get(arena, sizeof *r);
    *ret = NULL;
    if (r == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a sending account");
    enum code code = find(&a, kind, record, parent, reterr);
    if (code != OK || a.of == NULL)
        return code;
    code = loaded(&a, a.of->index, &a.found.id, kind_all(a.of->kind), r, reterr);
    if (code == OK)
        *ret = r;
    return code;
}

bool log_wanted(const struct service *s, enum channel channel) {
    return channel == CHANNEL_EMAIL && charter_log(s->charter).kind >= 0 && rule_on(RULE_deliveries_logged);
}

enum code gate_log_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    PRE(a != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = NULL;
    struct err why;
    if (!log_wanted(a->service, a->channel))
        return OK;
    arena = arena_new(REQUEST_MAX);
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a sending account");
    struct finding f = { .s = a->service, .tenant = a->tenant, .arena = arena };
    enum code code = find(&f, a->kind, &a->record, &a->parent, &why);
    if (code == E_NOT_FOUND)
        return gate_stop(ret, GATE_CHARTER, 0, "the charter logs each message by its sending account, and there is none: make one first");
    if (code != OK)
        *reterr = why;
    if (code != OK || f.of == NULL || f.found.sends)
        return code;
    if (f.found.back)
        return gate_stop(ret, GATE_PAUSED, a->now + LOOK_AGAIN, "the `%.40s` by which it would go does not send now: let it go on", f.of->kind->name);
    return gate_stop(ret, GATE_CHARTER, 0, "the `%.40s` by which it would go sends no more: refer to another", f.of->kind->name);
}
