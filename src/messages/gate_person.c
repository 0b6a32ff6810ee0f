/* gate_person.c — what the person said: consents and objections, an address that has not confirmed, a restriction. Whoever decides it is
 * records/may_send.h; here it becomes the reason of a gate. */
#include "messages/gate.h"
#include "records/may_send.h"
#include "records/record.h"

static enum code bar_of(const struct gate_ask *a, enum send_bar *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    if (a->opened == NULL)
        return may_send(a->service, a->tenant, a->kind, &a->record, a->purpose, ret, reterr);
    enum code code = store_view(service_store(a->service), a->tenant, &v, reterr);
    return code == OK ? may_send_opened(a->service, view_sql(v), a->opened, a->purpose, ret, reterr) : code;
}

static enum code check(struct gate_ask *a, enum gate gate, struct gate_verdict *ret, struct err *reterr) {
    enum send_bar bar = SEND_FINE;
    enum code code = bar_of(a, &bar, reterr);
    if (code != OK || bar == SEND_FINE || (bar == SEND_RESTRICTED) != (gate == GATE_RESTRICTED))
        return code;
    return gate_stop(ret, gate, 0, "%s", send_bar_text(bar));
}

enum code gate_consent_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    const struct kind *k = charter_kind_at(service_charter(a->service), a->kind);
    if (a->purpose < 0 && k->used_for_count > 0)             /* it was queued under an older charter */
        return gate_stop(ret, GATE_CONSENT, 0, "the charter no longer says that a `%.40s` is used for the purpose of this message", k->name);
    return check(a, GATE_CONSENT, ret, reterr);
}
enum code gate_restricted_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) { return check(a, GATE_RESTRICTED, ret, reterr); }
