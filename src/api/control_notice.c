/* control_notice.c — notices before erasure by the command line. */
#include "access/people.h"
#include "api/api_int.h"
#include "api/control_int.h"
#include "retention/notice.h"

static enum code service_of(struct control_req *c, int64_t *ret_tenant, struct service **ret, struct err *reterr) {
    *ret_tenant = control_number(c, "tenant", 0);
    return *ret_tenant < 1 ? err_set(reterr, E_INVALID, "tenant: a number") : people_service(api_people(c->api), *ret_tenant, ret, reterr);
}

enum code do_notice_list(struct control_req *c, struct err *reterr) {
    int64_t tenant, before = INT64_MAX, count = 0;
    struct service *s = NULL;
    enum code code = service_of(c, &tenant, &s, reterr);
    while (code == OK && before > 1 && !c->reader_gone) {
        json_t *page = NULL, *one;
        size_t i;
        code = notices_show(s, tenant, before, 50, &page, reterr);
        before = 0;
        json_array_foreach(json_object_get(page, "items"), i, one) {
            (void)!control_say(c, one);
            before = json_integer_value(json_object_get(one, "number"));
            count++;
        }
        json_decref(page);
    }
    control_set(c, "count", json_integer(count));
    return code;
}

enum code do_notice_again(struct control_req *c, struct err *reterr) {
    int64_t tenant, number = control_number(c, "number", 0);
    struct service *s = NULL;
    json_t *notice = NULL;
    enum code code = service_of(c, &tenant, &s, reterr);
    if (code == OK)
        code = noticer_again(c->api->noticer, s, tenant, number, "sejf", reterr);
    if (code == OK)
        code = notice_show(s, tenant, number, &notice, reterr);
    if (code == OK)
        control_set(c, "notice", notice);
    return code;
}

/* What is due within the span is told of now, whatever the time of day: nothing that was told of is told again. */
enum code do_notice_run(struct control_req *c, struct err *reterr) {
    int64_t tenant, made = 0;
    struct service *s = NULL;
    enum code code = service_of(c, &tenant, &s, reterr);
    if (code == OK)
        code = noticer_tenant(c->api->noticer, s, tenant, clock_now(), &made, reterr);
    if (code == OK)
        control_set(c, "made", json_integer(made));
    return code;
}
