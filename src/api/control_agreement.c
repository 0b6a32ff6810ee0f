/* control_agreement.c — the agreement of a tenant: recording and ending it, and who has none. */
#include <string.h>

#include "access/agreement.h"
#include "api/api_int.h"
#include "api/control_int.h"

#define BY "operator"

/* How it was signed, as whoever sits at the machine may say it. */
static bool kind_known(const char *kind) { return strcmp(kind, AGREEMENT_PAPER) == 0 || strcmp(kind, AGREEMENT_DEMO) == 0; }

static enum code wish_read(struct control_req *c, const char *on, struct agreement_wish *ret, struct err *reterr) {
    const char *kind = control_text(c, "kind");
    *ret = (struct agreement_wish){ .signed_on = on, .from = control_text(c, "from"), .until = control_text(c, "until"), .kind = kind == NULL ? AGREEMENT_PAPER : kind,
                                    .sha256 = control_text(c, "sha256") };
    if (!kind_known(ret->kind))
        return err_field(reterr, E_FIELDS, "/kind", "an agreement is signed on paper");
    return agreement_check(service_charter(c->service), ret, reterr);
}

static const struct charter *charter_named(struct control_req *c, const char *service) {
    struct service *s = api_service(c->api, service);
    return s == NULL ? NULL : service_charter(s);
}

enum code control_agreement_tell(struct control_req *c, int64_t tenant, const char *service, struct err *reterr) {
    json_t *told = NULL;
    enum code code = agreement_tell(c->store, charter_named(c, service), tenant, &told, reterr);
    if (code == OK)
        control_set(c, "agreement", told);
    return code;
}

enum code control_agreement_read(struct control_req *c, struct agreement_wish *ret, bool *ret_given, struct err *reterr) {
    const char *on = control_text(c, "agreement");
    *ret_given = on != NULL;
    return on == NULL ? OK : wish_read(c, on, ret, reterr);
}

enum code control_agreement_record(struct control_req *c, int64_t tenant, const struct agreement_wish *w, struct err *reterr) {
    int64_t number = 0;
    enum code code = agreement_record(c->service, tenant, w, BY, &number, reterr);
    if (code == OK)
        control_set(c, "number", json_integer((json_int_t)number));
    return code;
}

enum code do_tenant_agreement(struct control_req *c, struct err *reterr) {
    struct agreement_wish w;
    enum code code = OK;
    if (json_is_true(json_object_get(c->in, "end"))) {
        code = agreement_stop(c->service, c->tenant, BY, reterr);
    } else {
        code = wish_read(c, control_text(c, "signed"), &w, reterr);
        if (code == OK)
            code = control_agreement_record(c, c->tenant, &w, reterr);
    }
    return code == OK ? control_agreement_tell(c, c->tenant, charter_name(service_charter(c->service)), reterr) : code;
}

/* A line of a list: the state of its agreement, and until when. */
enum code control_agreement_add(struct control_req *c, json_t *line, struct err *reterr) {
    json_t *told = NULL, *one;
    size_t i;
    const struct charter *charter = charter_named(c, json_string_value(json_object_get(line, "service")));
    enum code code = agreement_tell(c->store, charter, json_integer_value(json_object_get(line, "tenant")), &told, reterr);
    if (code != OK)
        return code;
    json_object_set(line, "agreement", json_object_get(told, "state"));
    json_array_foreach(json_object_get(told, "items"), i, one)
        if (strcmp(json_string_value(json_object_get(one, "state")), json_string_value(json_object_get(told, "state"))) == 0)
            json_object_set(line, "agreement_until", json_object_get(one, "until"));
    json_decref(told);
    return OK;
}

enum code do_agreement_check(struct control_req *c, struct err *reterr) {
    enum code code = OK;
    int64_t asked = 0, count = 0;
    for (size_t i = 0; code == OK && i < c->api->service_count; i++) {
        json_t *list = NULL, *one;
        size_t n;
        struct service *s = c->api->services[i];
        asked += charter_agreement_first(service_charter(s));
        code = agreements_lacking(s, &list, reterr);
        json_array_foreach(list, n, one) {
            json_object_set_new(one, "service", json_string(charter_name(service_charter(s))));
            (void)!control_say(c, one);
            count++;
        }
        json_decref(list);
    }
    control_set(c, "asked", json_integer((json_int_t)asked));
    control_set(c, "count", json_integer((json_int_t)count));
    return code;
}
