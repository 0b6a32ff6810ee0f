/* gate_pause.c — while the tenant's sending pauses nothing new is queued, and what is queued waits. */
#include "messages/suppress.h"

#define LOOK_AGAIN (15 * USEC_PER_MINUTE)

enum code gate_pause_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    PRE(a != NULL && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    struct paused p = { .open = false };
    if (!rule_on(RULE_mail_reputation))
        return OK;
    enum code code = store_view(service_store(a->service), a->tenant, &v, reterr);
    if (code == OK)
        code = sending_paused(view_sql(v), a->channel, &p, reterr);
    if (code != OK || !p.open)
        return code;
    return gate_stop(ret, GATE_PAUSED, a->now + LOOK_AGAIN,
                     "more messages came back or were complained about than the charter allows, so sending pauses: look why (`sejf send shares`), then let it go on (`sejf send resume`)");
}
