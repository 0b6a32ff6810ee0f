/* control_bounces.c — for the probe of pauses: messages of a probe tenant counted as sent, bounced and complained of; and a pause that ends. */
#include "messages/suppress.h"
#include "promises/control_int.h"

struct counting { struct service *s; struct heard_counts c; };
static enum code add(struct txn *t, void *arg, struct err *reterr) {
    struct counting *c = arg;
    return shares_add(t, c->s, CHANNEL_EMAIL, 0, &c->c, reterr);
}

/* {tenant, sent, bounced, complained, goes_on} -> {} */
enum code probe_shares(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant;
    struct counting c = { s, { json_integer_value(json_object_get(in, "sent")), json_integer_value(json_object_get(in, "bounced")), json_integer_value(json_object_get(in, "complained")) } };
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code == OK)
        code = json_is_true(json_object_get(in, "goes_on")) ? sending_go_on(s, tenant, CHANNEL_EMAIL, "sejf", reterr) : store_write(service_store(s), tenant, add, &c, reterr);
    if (code == E_NOT_FOUND)
        code = OK;                             /* it did not pause, which the probe sees by itself */
    if (code == OK)
        *ret = json_object();
    return code;
}
