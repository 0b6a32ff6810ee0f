/* gate_charter.c — to whom the charter lets messages go: a record that is about the person whom its line names, with an address, among the people
 * of the same scope as the message, and not from an import where the line says so. */
#include "messages/gate.h"
#include "records/record.h"

/* What the record belongs to, that many steps up; *ret_there false: something between is gone. */
static enum code above(struct sql *q, const struct gate_ask *a, int steps, struct uuid *ret, bool *ret_there, struct arena *arena, struct err *reterr) {
    const struct charter *c = service_charter(a->service);
    int kind = a->kind;
    struct uuid id = steps == 0 ? a->record : a->parent;
    enum code code = OK;
    for (int i = 1; code == OK && i < steps; i++) {
        struct record up;
        kind = charter_kind_at(c, kind)->parent;
        code = record_find(q, service_kind(a->service, kind), &id, arena, &up, reterr);
        if (code == OK)
            id = up.parent;
    }
    *ret_there = code == OK && !uuid_is_null(&id);
    *ret = id;
    return code == E_NOT_FOUND || code == E_GONE ? OK : code;
}

enum code gate_scope(const struct gate_ask *a, struct uuid *ret, struct err *reterr) {
    PRE(a != NULL && ret != NULL && reterr != NULL);
    const struct charter *c = service_charter(a->service);
    const struct message_rule r = charter_messages(c, a->channel == CHANNEL_SMS);
    int steps = r.scope < 0 ? -1 : kind_steps(c, a->kind, r.scope);
    struct uuid id = { { 0 } };
    bool there = true;
    enum code code = OK;
    if (steps >= 0 && steps < 2) {
        id = steps == 0 ? a->record : a->parent;
    } else if (steps >= 2) {
        AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
        AUTO(view_end) struct view *v = NULL;
        code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a record") : store_view(service_store(a->service), a->tenant, &v, reterr);
        if (code == OK)
            code = above(view_sql(v), a, steps, &id, &there, arena, reterr);
    }
    if (code == OK)
        *ret = there ? id : (struct uuid){ { 0 } };
    return code;
}

static enum code scope_check(const struct gate_ask *a, const struct message_rule *r, struct gate_verdict *ret, struct err *reterr) {
    const struct charter *c = service_charter(a->service);
    struct uuid among = { { 0 } };
    if (r->scope < 0)
        return uuid_is_null(&a->scope) ? OK : gate_stop(ret, GATE_CHARTER, 0, "the charter has messages go to people of the tenant as a whole: leave scope out");
    const char *scope = charter_kind_at(c, r->scope)->name;
    if (kind_steps(c, a->kind, r->scope) < 0)
        return gate_stop(ret, GATE_CHARTER, 0, "the charter lets messages go to people of the same `%.40s`, and a `%.40s` belongs to none: name a record that does", scope, charter_kind_at(c, a->kind)->name);
    enum code code = gate_scope(a, &among, reterr);
    if (code != OK)
        return code;
    if (uuid_is_null(&among))
        return gate_stop(ret, GATE_CHARTER, 0, "the `%.40s` that the record belonged to is gone, so nobody is written to for it", scope);
    if (!uuid_is_null(&a->scope) && uuid_compare(&a->scope, &among) != 0)
        return gate_stop(ret, GATE_CHARTER, 0, "the charter lets messages go only to people of the same `%.40s`, and this record belongs to another: name one of its own", scope);
    return OK;
}

enum code gate_charter_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    const struct charter *c = service_charter(a->service);
    bool sms = a->channel == CHANNEL_SMS;
    const char *what = sms ? "text messages" : "mail";
    const struct message_rule r = charter_messages(c, sms);
    const struct kind *k = charter_kind_at(c, a->kind);
    const struct person *people;
    (void)charter_people(c, &people);
    if (kind_address_field(k, sms) < 0)
        return gate_stop(ret, GATE_CHARTER, 0, "a `%.40s` has no field of type %s, so there is nothing to write to: name a record that has one", k->name, sms ? "phone" : "email");
    if (rule_on(RULE_mail_audience)) {
        if (!r.said)
            return gate_stop(ret, GATE_CHARTER, 0, "the charter lets no %s go to anybody: messages.%s does not stand there, or says never", what, sms ? "sms" : "email");
        if (k->about != r.person)
            return gate_stop(ret, GATE_CHARTER, 0, "the charter lets %s go only to `%.40s`, and a `%.40s` is about nobody of that name: name a record that is", what, people[r.person].name, k->name);
        enum code code = scope_check(a, &r, ret, reterr);
        if (code != OK || !ret->passes)
            return code;
        if (r.not_imported && a->imported)
            return gate_stop(ret, GATE_CHARTER, 0, "the record came by an import, and the charter never lets %s go to imported ones", what);
    }
    if (a->address == NULL || a->address[0] == 0)
        return gate_stop(ret, GATE_CHARTER, 0, "the record holds no %s: `%.40s` of it is empty", sms ? "number" : "address", k->fields[kind_address_field(k, sms)].name);
    return OK;
}
