/* right.c — see right.h. That a record is restricted or waits for its address is for the gates to tell: here it is one that the caller may know of. */
#include "messages/right.h"

#include "records/use.h"

enum code message_right_any(struct service *s, const struct caller *who, struct err *reterr) {
    PRE(s != NULL && who != NULL && reterr != NULL);
    if (who->by_sejf)
        return OK;
    if (who->staff || who->by_form || who->by_link || !charter_sends(s->charter, who->person))
        return err_set(reterr, E_FORBIDDEN, "messages are sent by the tenant's own role, or by the people whom messages.sent_by of the charter names");
    return OK;
}

enum code message_right_kind(struct service *s, const struct caller *who, int kind, struct err *reterr) {
    enum code code = message_right_any(s, who, reterr);
    struct verdict may = policy_kind(s->charter, who, kind, V_READ);
    if (code != OK || who->by_sejf)
        return code;
    if (!may.any)
        return use_refused(s, who, kind, &may, reterr);
    if (!policy_scope(s->charter, who, kind, V_CHANGE))
        return err_set(reterr, E_FORBIDDEN, "the scope of this token lets it read such records and not write, so it sends nothing either");
    return OK;
}

static enum code level_check(struct service *s, const struct caller *who, struct fact_source *src, struct err *reterr) {
    struct facts f = facts_of(src, src->now);
    struct verdict sees;
    struct standing at = { .writes = false };
    enum code code = policy_sees(who, &f, &sees, reterr);
    if (code == OK && !sees.any && sees.barred == NULL)
        return err_set(reterr, E_NOT_FOUND, "there is no such record");
    if (code == OK)
        code = policy_stands(who, &f, &at, reterr);
    if (code == OK && !at.writes)
        return err_set(reterr, E_FORBIDDEN, "the account's level of access here is to read, and whoever sends writes");
    return code;
}

enum code message_right(struct service *s, const struct caller *who, int kind, const struct uuid *id, struct err *reterr) {
    PRE(id != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(view_end) struct view *v = NULL;
    struct record r;
    enum code code = message_right_kind(s, who, kind, reterr);
    if (code != OK)
        return code;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    code = store_view(s->store, who->tenant, &v, reterr);
    if (code == OK)
        code = record_load(view_sql(v), service_kind(s, kind), id, arena, &r, reterr);
    if (code == E_NOT_FOUND || code == E_GONE)
        return read_absent(s, who, kind, code, reterr);
    if (code != OK || who->by_sejf)
        return code;
    struct fact_source src = { .s = s, .q = view_sql(v), .who = who, .record = &r, .arena = arena, .now = clock_now() };
    return level_check(s, who, &src, reterr);
}
