/* control_sms.c — text messages of a tenant by the command line: what they cost, and where it may send beyond the charter's list. */
#include <stdio.h>
#include <string.h>

#include "api/api_int.h"
#include "api/control_int.h"
#include "api/sms_staff.h"
#include "messages/sms_allow.h"

struct whose { struct service *service; int64_t tenant; };
static enum code whose_of(struct control_req *c, struct whose *ret, struct err *reterr) {
    struct whose w = { .tenant = control_number(c, "tenant", 0) };
    enum code code = w.tenant < 1 ? err_set(reterr, E_INVALID, "tenant: a number") : people_service(c->api->people, w.tenant, &w.service, reterr);
    if (code == OK)
        *ret = w;
    return code;
}

/* "by": who approves it, an address or an account; at the machine nobody is signed in. */
static enum code approver_of(struct control_req *c, struct whose *ret_whose, char ret[16 + UUID_TEXT], struct err *reterr) {
    struct uuid account;
    char id[UUID_TEXT];
    json_t *by = json_object_get(c->in, "by");
    if (!json_is_string(by))
        return err_set(reterr, E_INVALID, "by: the address of the account that approves it");
    json_object_set(c->in, "who", by);
    enum code code = whose_of(c, ret_whose, reterr);
    if (code == OK)
        code = control_who(c, &account, reterr);
    if (code == OK)
        code = sms_approver(c->api->people, ret_whose->service, &account, reterr);
    if (code == OK)
        snprintf(ret, 16 + UUID_TEXT, "account %s", uuid_format(&account, id));
    return code;
}

enum code do_sms_allow(struct control_req *c, struct err *reterr) {
    char by[16 + UUID_TEXT];
    json_t *made = NULL;
    struct sms_wish w = { .prefix = control_text(c, "prefix"), .until = control_text(c, "until"), .why = control_text(c, "why"), .by = by };
    struct whose whose;
    enum code code = approver_of(c, &whose, by, reterr);
    if (code == OK)
        code = sms_allow(whose.service, whose.tenant, &w, &made, reterr);
    if (code == OK)
        control_set(c, "exception", made);
    return code;
}

enum code do_sms_end(struct control_req *c, struct err *reterr) {
    char by[16 + UUID_TEXT];
    struct whose whose;
    enum code code = approver_of(c, &whose, by, reterr);
    return code == OK ? sms_disallow(whose.service, whose.tenant, control_number(c, "number", 0), by, reterr) : code;
}

enum code do_sms_show(struct control_req *c, struct err *reterr) {
    json_t *told = NULL;
    struct whose whose;
    enum code code = whose_of(c, &whose, reterr);
    if (code == OK)
        code = sms_told(whose.service, whose.tenant, &told, reterr);
    if (code == OK)
        control_set(c, "sms", told);
    return code;
}
