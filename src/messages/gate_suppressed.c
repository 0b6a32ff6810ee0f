/* gate_suppressed.c — nobody who complained, whose address is dead, who left this list or whom the tenant named gets a message. Who left a list and has
 * consented anew since, by its own hand (a form that its address confirmed, its private link, its account), is on that list again. */
#include <string.h>

#include "messages/suppress.h"
#include "records/service.h"
#include "store/consent.h"

struct bars { const struct gate_ask *a; bool scoped; char scope[LIST_TEXT], purpose[LIST_TEXT]; bool any; enum suppress_reason reason; usec_t left; };

static bool concerns(const struct bars *s, const char *list) {
    return list[0] == 0 || (s->scoped && strcmp(list, s->scope) == 0) || strcmp(list, s->purpose) == 0;
}

/* In the order of reasons: complaints first, lists that were left only where nothing else stands. */
static bool take(const struct suppressed_row *r, void *arg) {
    struct bars *s = arg;
    if (!concerns(s, r->list))
        return true;
    if (!s->any || s->reason == SUPPRESS_LEFT)
        s->reason = r->reason;
    s->any = true;
    if (r->reason == SUPPRESS_LEFT && r->since > s->left)
        s->left = r->since;
    return true;
}

struct again { const char *name; bool confirmed; usec_t since; bool given; };
static bool take_consent(const struct consent_row *r, void *arg) {
    struct again *a = arg;
    const bool own = strcmp(r->way, "link") == 0 || strcmp(r->way, "account") == 0 || (strcmp(r->way, "form") == 0 && a->confirmed);
    if (strcmp(r->name, a->name) == 0)
        a->given = r->state == CONSENT_GIVEN && own && r->at > a->since;
    return true;
}

/* Did the person consent to that, itself, after it had left? A form that nobody confirmed could be anybody's. */
static enum code consented(struct sql *q, const struct bars *s, bool *ret, struct err *reterr) {
    const struct gate_ask *a = s->a;
    const struct kind_info *info = service_kind(a->service, a->kind);
    const struct consent_rule *rule = kind_purpose_consent(info->kind, a->purpose);
    struct again again = { .name = rule != NULL ? rule->name : info->agreed, .confirmed = info->kind->confirmed, .since = s->left };
    if (again.name == NULL)
        return OK;
    enum code code = consents_of(q, info->number, &a->record, take_consent, &again, reterr);
    if (code == OK)
        *ret = again.given;
    return code;
}

static const char *words(enum suppress_reason reason) {
    switch (reason) {
    case SUPPRESS_COMPLAINT: return "the person complained about a message: only a person of yours may lift that, and only for a reason of its own";
    case SUPPRESS_DEAD: return "the address does not exist any more, as its own machine said: correct it in the record";
    case SUPPRESS_LEFT: return "the person has left this list: it comes back by consenting anew, itself";
    case SUPPRESS_HAND: return "the address is on the tenant's own list of those who get nothing: take it off there";
    }
    return "the address is suppressed";
}

enum code gate_suppressed_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    PRE(a != NULL && ret != NULL && reterr != NULL);
    struct bars s = { .a = a };
    bool again = false;
    AUTO(view_end) struct view *v = NULL;
    if (!rule_on(RULE_suppressed) || a->address == NULL)
        return OK;
    struct uuid scope = a->scope;
    enum code code = uuid_is_null(&scope) ? gate_scope(a, &scope, reterr) : OK;       /* a message that names none goes among the people of its record */
    if (code != OK)
        return code;
    s.scoped = !uuid_is_null(&scope);
    list_of_scope(&scope, s.scope);
    list_of_purpose(charter_kind_at(service_charter(a->service), a->kind), a->purpose, s.purpose);
    code = store_view(service_store(a->service), a->tenant, &v, reterr);
    if (code == OK)
        code = suppressed_of(view_sql(v), a->channel, a->who, a->now, take, &s, reterr);
    if (code == OK && s.any && s.reason == SUPPRESS_LEFT)
        code = consented(view_sql(v), &s, &again, reterr);
    return code == OK && s.any && !again ? gate_stop(ret, GATE_SUPPRESSED, 0, "%s", words(s.reason)) : code;
}
