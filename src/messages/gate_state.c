/* gate_state.c — nothing goes to somebody whose record is in a state that the charter's line names ("not when unsubscribed or blocked"), whoever moved it
 * there: the person by its link, the tenant, or a letter's own button. */
#include "messages/gate.h"
#include "records/record.h"

static enum code state_check(const struct message_rule *rule, const struct record *r, struct gate_verdict *ret) {
    const struct kind *k = r->info->kind;
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].type == T_ONE_OF && r->values[i].set && message_excepts(rule, r->values[i].text))
            return gate_stop(ret, GATE_CHARTER, 0, "the record is `%.40s`, and the charter lets nothing go to people of such ones", r->values[i].text);
    return OK;
}

enum code gate_state_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    PRE(a != NULL && ret != NULL && reterr != NULL);
    const struct message_rule rule = charter_messages(service_charter(a->service), a->channel == CHANNEL_SMS);
    if (rule.except_count == 0 || !rule_on(RULE_mail_audience))
        return OK;
    if (a->opened != NULL)
        return state_check(&rule, a->opened, ret);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(view_end) struct view *v = NULL;
    struct record r;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a record") : store_view(service_store(a->service), a->tenant, &v, reterr);
    if (code == OK)                            /* states lie outside the sealed part, so nothing is opened */
        code = record_find(view_sql(v), service_kind(a->service, a->kind), &a->record, arena, &r, reterr);
    return code == OK ? state_check(&rule, &r, ret) : code;
}
