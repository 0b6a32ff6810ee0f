/* may_send.c — the row tells first; the consent that a record rests on is sealed with it, and asked last. */
#include "records/may_send.h"

#include "records/locks.h"
#include "records/record.h"
#include "store/consent.h"

const char *send_bar_text(enum send_bar bar) {
    static const char *const texts[] = { [SEND_UNCONFIRMED] = "the address has not confirmed the record yet", [SEND_RESTRICTED] = "the processing of the record is restricted (GDPR, article 18)",
                                         [SEND_OBJECTED] = "the person objected to this purpose (GDPR, article 21)", [SEND_LOCKED] = "the person has not consented to this purpose", [SEND_NO_CONSENT] = "the consent that the record rests on is not given" };
    return (size_t)bar < ARRAY_LEN(texts) ? texts[bar] : NULL;
}

/* A purpose that needs a consent, or came after the record was given and waits for one. */
enum code may_send_locked(struct service *s, struct sql *q, const struct locked_ask *a, bool *ret, struct err *reterr) {
    PRE(s != NULL && q != NULL && a != NULL && ret != NULL && reterr != NULL);
    size_t count = 0;
    const struct use_lock *list = locks_of(s->locks, a->tenant, &count);
    bool locked = false;
    enum code code = OK;
    for (size_t i = 0; code == OK && !locked && i < count; i++) {
        usec_t at = 0;
        if (list[i].kind != a->kind || list[i].purpose < 0 || list[i].purpose != a->purpose || a->born >= list[i].born)
            continue;
        if (!rule_on(list[i].consent != NULL ? RULE_consent_fields : RULE_consent_again))
            continue;
        code = lock_open(s, q, service_kind(s, a->kind), &a->id, &list[i], clock_now(), &at, reterr);
        locked = code == OK && at == 0;
    }
    if (code == OK)
        *ret = locked;
    return code;
}

static enum code row_bar(struct sql *q, const struct record *r, int purpose, enum send_bar *ret, struct err *reterr) {
    bool objected = false;
    const char *name = purpose_name(r->info->kind, purpose);
    enum code code = OK;
    *ret = SEND_FINE;
    if (r->marks.unconfirmed && rule_on(RULE_double_opt_in))
        *ret = SEND_UNCONFIRMED;
    else if (r->marks.restricted && rule_on(RULE_right_restriction))
        *ret = SEND_RESTRICTED;
    else if (r->marks.objected && name != NULL && rule_on(RULE_right_objection)) {
        code = objection_stands(q, r->info->number, &r->id, name, &objected, reterr);
        *ret = objected ? SEND_OBJECTED : SEND_FINE;
    }
    return code;
}

/* All that the row and what stands beside it tell. */
static enum code stored_bar(struct service *s, struct sql *q, const struct record *r, int purpose, enum send_bar *ret, struct err *reterr) {
    const struct locked_ask a = { .tenant = r->tenant, .kind = r->info->index, .id = r->id, .born = r->born, .purpose = purpose };
    bool locked = false;
    enum code code = row_bar(q, r, purpose, ret, reterr);
    if (code == OK && *ret == SEND_FINE)
        code = may_send_locked(s, q, &a, &locked, reterr);
    if (code == OK && locked)
        *ret = SEND_LOCKED;
    return code;
}

static enum send_bar agreed_bar(const struct record *r, enum send_bar bar) {
    return bar == SEND_FINE && r->info->agreed != NULL && r->agreed == 0 && rule_on(RULE_consent_withdrawn) ? SEND_NO_CONSENT : bar;
}

enum code may_send_opened(struct service *s, struct sql *q, const struct record *r, int purpose, enum send_bar *ret, struct err *reterr) {
    PRE(s != NULL && q != NULL && r != NULL && r->opened && ret != NULL && reterr != NULL);
    enum send_bar bar = SEND_FINE;
    enum code code = stored_bar(s, q, r, purpose, &bar, reterr);
    if (code == OK)
        *ret = agreed_bar(r, bar);
    return code;
}

enum code may_send(struct service *s, int64_t tenant, int kind, const struct uuid *id, int purpose, enum send_bar *ret, struct err *reterr) {
    PRE(s != NULL && id != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct record r;
    struct view *v = NULL;
    enum send_bar bar = SEND_FINE;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = record_load(view_sql(v), service_kind(s, kind), id, arena, &r, reterr);
    if (code == OK)
        code = stored_bar(s, view_sql(v), &r, purpose, &bar, reterr);
    v = view_end(v);                           /* the keeper is asked without a view open */
    if (code == OK && bar == SEND_FINE && r.info->agreed != NULL)
        code = record_open(s, &r, arena, reterr);
    if (code == OK)
        *ret = agreed_bar(&r, bar);
    return code;
}
