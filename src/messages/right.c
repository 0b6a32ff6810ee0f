/* right.c — see right.h. That a record is restricted or waits for its address is for the gates to tell: here it is one that the caller may know of. */
#include "messages/right.h"

#include "records/use.h"

static enum code role_check(const struct service *s, const struct caller *who, enum message_verb verb, struct err *reterr) {
    const bool inside = !who->staff && !who->by_form && !who->by_link;
    if (inside && (charter_sends(s->charter, who->person) || (verb == MESSAGES_READ && who->person == charter_tenant(s->charter))))
        return OK;
    return err_set(reterr, E_FORBIDDEN, "messages are sent by the tenant's own role, or by the people whom messages.sent_by of the charter names");
}

/* Of a token that is for nothing in particular, what it may at all. */
static enum code verbs_check(const struct caller *who, enum message_verb verb, struct err *reterr) {
    const enum verb needs = verb == MESSAGES_READ ? V_READ : V_CHANGE;
    if (who->scope == NULL || (who->scope->verbs >> needs & 1) != 0)
        return OK;
    return err_set(reterr, E_FORBIDDEN, "the scope of this token does not let it %s anything, so it %s no messages either", verb_name(needs), verb == MESSAGES_READ ? "reads" : "sends");
}

static enum code kind_check(struct service *s, const struct caller *who, int kind, enum message_verb verb, struct message_may *ret, struct err *reterr) {
    const struct verdict may = policy_kind(s->charter, who, kind, V_READ);
    if (!may.any)
        return use_refused(s, who, kind, &may, reterr);
    ret->sees = may.fields;
    if (verb == MESSAGES_READ)
        return OK;
    if (!policy_scope(s->charter, who, kind, V_CHANGE))
        return err_set(reterr, E_FORBIDDEN, "the scope of this token lets it read such records and not write, so it sends nothing either");
    if (policy_level_most(s->charter, who, kind) < LEVEL_WRITE)
        return err_set(reterr, E_FORBIDDEN, "the account's level of access is to read, and whoever sends writes");
    return OK;
}

/* What the message is for. A purpose that the kind does not have is a mistake of the wish, and told with it. */
static enum code purpose_find(const struct service *s, const struct caller *who, const struct message_deed *d, int *ret, struct err *reterr) {
    const struct kind *k = charter_kind_at(s->charter, d->kind);
    struct caller as = *who;
    if (k->used_for_count == 0 || (d->purpose != NULL && kind_purpose(k, d->purpose) < 0))
        return OK;
    if (d->purpose != NULL)
        as.purpose = d->purpose;
    enum code code = policy_purpose(s->charter, &as, d->kind, ret, reterr);
    if (code == E_FORBIDDEN && d->purpose != NULL)
        return err_set(reterr, E_FORBIDDEN, "the scope of this token leaves out the purpose of this message: name one that it has");
    if (code == OK && *ret < 0)                /* who is not bound to purposes (sejf itself) */
        *ret = as.purpose == NULL ? 0 : kind_purpose(k, as.purpose);
    return code;
}

enum code message_right_record(struct service *s, struct sql *q, const struct caller *who, enum message_verb verb, struct record *r, struct arena *arena, fieldset *ret, struct err *reterr) {
    PRE(s != NULL && q != NULL && who != NULL && r != NULL && arena != NULL && ret != NULL && reterr != NULL);
    struct fact_source src = { .s = s, .q = q, .who = who, .record = r, .arena = arena, .now = clock_now() };
    const struct facts f = facts_of(&src, src.now);
    struct verdict sees;
    struct standing at = { .writes = false };
    if (who->by_sejf) {
        *ret = kind_all(r->info->kind);
        return OK;
    }
    enum code code = policy_sees(who, &f, &sees, reterr);
    if (code == OK && !sees.any && sees.barred == NULL)
        return err_set(reterr, E_NOT_FOUND, "there is no such record");
    if (code == OK && verb == MESSAGES_SEND)
        code = policy_stands(who, &f, &at, reterr);
    if (code == OK && verb == MESSAGES_SEND && !at.writes)
        return err_set(reterr, E_FORBIDDEN, "the account's level of access here is to read, and whoever sends writes");
    if (code == OK)
        *ret = sees.fields;
    return code;
}

static enum code one_check(struct service *s, const struct caller *who, int kind, const struct uuid *id, enum message_verb verb, struct message_may *ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(view_end) struct view *v = NULL;
    struct record r;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    enum code code = store_view(s->store, who->tenant, &v, reterr);
    if (code == OK)
        code = record_load(view_sql(v), service_kind(s, kind), id, arena, &r, reterr);
    if (code == E_NOT_FOUND || code == E_GONE)
        return read_absent(s, who, kind, code, reterr);
    return code == OK ? message_right_record(s, view_sql(v), who, verb, &r, arena, &ret->sees, reterr) : code;
}

/* Of what the records belong to: it must be there for who sees such at all. To who sees none, each record by itself says what it is. */
static enum code under_check(struct service *s, const struct caller *who, const struct message_deed *d, struct err *reterr) {
    const struct kind *k = charter_kind_at(s->charter, d->kind);
    struct message_may above;
    if (k->parent < 0)
        return err_set(reterr, E_INVALID, "a `%.40s` belongs to nothing but the tenant: leave scope out", k->name);
    if (!who->by_sejf && !policy_kind(s->charter, who, k->parent, V_READ).any)
        return OK;
    enum code code = one_check(s, who, k->parent, &d->id, d->verb, &above, reterr);
    return code == E_NOT_FOUND || code == E_GONE ? err_set(reterr, E_NOT_FOUND, "there is no such `%.60s`, whose people are meant (scope)", charter_kind_at(s->charter, k->parent)->name) : code;
}

static enum code all_check(struct service *s, const struct caller *who, const struct message_deed *d, struct err *reterr) {
    const bool reads = d->verb == MESSAGES_READ;
    if (reads && !use_owner(s, who))
        return err_set(reterr, E_FORBIDDEN, "what is sent to many is read by the tenant's own role, and by whoever asked for it");
    if (!uuid_is_null(&d->id))
        return under_check(s, who, d, reterr);
    if (!policy_level_whole(s->charter, who, d->kind, reads ? LEVEL_READ : LEVEL_WRITE))
        return err_set(reterr, E_FORBIDDEN, "the account's level does not reach all of the tenant's records: name the one whose people are meant (scope)");
    return OK;
}

enum code message_right(struct service *s, const struct caller *who, const struct message_deed *d, struct message_may *ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && d != NULL && reterr != NULL && (d->reach == REACH_ANY || charter_kind_at(s->charter, d->kind) != NULL));
    struct message_may may = { .purpose = -1, .sees = d->reach == REACH_ANY ? 0 : kind_all(charter_kind_at(s->charter, d->kind)) };
    struct caller as = *who;
    enum code code = who->by_sejf ? OK : role_check(s, who, d->verb, reterr);
    if (code == OK && !who->by_sejf)
        code = verbs_check(who, d->verb, reterr);
    if (code == OK && !who->by_sejf && d->reach != REACH_ANY)
        code = kind_check(s, who, d->kind, d->verb, &may, reterr);
    if (code == OK && d->reach != REACH_ANY && d->verb == MESSAGES_SEND)
        code = purpose_find(s, who, d, &may.purpose, reterr);
    if (may.purpose >= 0 && !who->by_sejf)     /* whose use for that was objected to is barred, and not unknown */
        as.purpose = purpose_name(charter_kind_at(s->charter, d->kind), may.purpose);
    if (code == OK && d->reach == REACH_ONE)
        code = one_check(s, &as, d->kind, &d->id, d->verb, &may, reterr);
    else if (code == OK && d->reach == REACH_ALL)
        code = all_check(s, &as, d, reterr);
    if (code == OK && ret != NULL)
        *ret = may;
    return code;
}
