/* gate_suppressed.c — nobody who complained, whose address is dead, who left this list or whom the tenant named gets a message. Who left a list and has
 * consented anew since, by its own hand (a form that its address confirmed, its private link, its account), is on that list again. */
#include <string.h>

#include "messages/suppress.h"
#include "records/record.h"
#include "records/service.h"
#include "store/consent.h"

struct bars { const struct gate_ask *a; struct uuid scope, *above; size_t above_count; char purpose[LIST_TEXT]; bool any, missed /* a row that may still be of something above */; enum suppress_reason reason; usec_t left; };
#define ABOVE_MOST 8u

/* A purpose that no kind has any more: its words were changed, and nobody knows what it is called now. */
static bool is_lost(const struct charter *c, const char *list) {
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    char one[LIST_TEXT];
    for (size_t i = 0; i < n; i++)
        for (size_t p = 0; p < kinds[i].used_for_count; p++) {
            list_of_purpose(&kinds[i], (int)p, one);
            if (strcmp(one, list) == 0)
                return false;
        }
    return strncmp(list, "purpose ", 8) == 0;
}

/* A list that was left is the scope of the message, its purpose, or all; and what may be either of these under the charter of today: a purpose of other words, a
 * record above this one that was the scope then. */
static bool concerns(const struct bars *s, const char *list) {
    char one[LIST_TEXT];
    if (list[0] == 0 || strcmp(list, s->purpose) == 0)
        return true;
    list_of_scope(&s->scope, one);
    if (!uuid_is_null(&s->scope) && strcmp(list, one) == 0)
        return true;
    for (size_t i = 0; i < s->above_count; i++) {
        list_of_scope(&s->above[i], one);
        if (strcmp(list, one) == 0)
            return true;
    }
    return is_lost(service_charter(s->a->service), list);
}

/* The record and what it belongs to, as far up as it goes. */
static enum code above_of(const struct gate_ask *a, struct sql *q, struct uuid ret[ABOVE_MOST], size_t *ret_count, struct err *reterr) {
    const struct charter *c = service_charter(a->service);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    size_t n = 0;
    int kind = a->kind;
    struct uuid id = a->parent;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a record") : OK;
    ret[n++] = a->record;
    while (code == OK && !uuid_is_null(&id) && n < ABOVE_MOST && (kind = charter_kind_at(c, kind)->parent) >= 0) {
        struct record up;
        ret[n++] = id;
        code = record_find(q, service_kind(a->service, kind), &id, arena, &up, reterr);
        id = code == OK ? up.parent : (struct uuid){ { 0 } };
    }
    if (code != OK && code != E_NOT_FOUND && code != E_GONE)
        return code;
    *ret_count = n;
    return OK;
}

/* In the order of reasons: complaints first, lists that were left only where nothing else stands. */
static bool take(const struct suppressed_row *r, void *arg) {
    struct bars *s = arg;
    if (!concerns(s, r->list)) {
        s->missed = true;
        return true;
    }
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

enum code suppressed_by(const struct gate_ask *a, enum suppress_reason *ret, struct err *reterr) {
    PRE(a != NULL && ret != NULL && reterr != NULL);
    struct uuid above[ABOVE_MOST];
    struct bars s = { .a = a, .scope = a->scope, .above = above };
    bool again = false;
    AUTO(view_end) struct view *v = NULL;
    enum code code = uuid_is_null(&s.scope) ? gate_scope(a, &s.scope, reterr) : OK;      /* a message that names none goes among the people of its record */
    list_of_purpose(charter_kind_at(service_charter(a->service), a->kind), a->purpose, s.purpose);
    if (code == OK)
        code = store_view(service_store(a->service), a->tenant, &v, reterr);
    if (code == OK)
        code = suppressed_of(view_sql(v), a->channel, a->who, a->now, take, &s, reterr);
    if (code == OK && s.missed) {              /* of few people: what stands above the record is read for them alone */
        code = above_of(a, view_sql(v), above, &s.above_count, reterr);
        if (code == OK)
            code = suppressed_of(view_sql(v), a->channel, a->who, a->now, take, &s, reterr);
    }
    if (code == OK && s.any && s.reason == SUPPRESS_LEFT)
        code = consented(view_sql(v), &s, &again, reterr);
    if (code == OK)
        *ret = s.any && !again ? s.reason : 0;
    return code;
}

enum code gate_suppressed_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    PRE(a != NULL && ret != NULL && reterr != NULL);
    enum suppress_reason reason = 0;
    if (!rule_on(RULE_suppressed) || a->address == NULL)
        return OK;
    enum code code = suppressed_by(a, &reason, reterr);
    return code == OK && reason != 0 ? gate_stop(ret, GATE_SUPPRESSED, 0, "%s", words(reason)) : code;
}
